"""Windows of sequences, packed into rows of equal length, and entries drawn from each window."""

from __future__ import annotations

import numba
import numpy as np

from longtail.types import FloatArray, IntArray

__all__ = ["draw_masked", "packed"]


def packed(lengths: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """The row of each window and where in it the window begins, so that few rows of `size` places hold them all.

    Best-fit decreasing: the longest first, each into the row with the least room that suffices; at most 11/9 of the
    fewest possible rows and one (Johnson and others 1974). Of equally long windows, the first comes first.

    Args:
        lengths: (n,) from 1 to `size`.
        size: places in a row.

    Examples:
        >>> rows, starts = packed(np.array([2, 5, 3, 1], dtype=np.int32), size=5)
        >>> rows.tolist(), starts.tolist()
        ([1, 0, 1, 2], [3, 0, 0, 0])
    """
    order = np.argsort(-lengths, kind="stable").astype(np.int32)
    return _best_fit(order, lengths.astype(np.int32), size)


@numba.njit(cache=True, nogil=True)
def _best_fit(order: IntArray, lengths: IntArray, size: int) -> tuple[IntArray, IntArray]:
    n = len(order)
    rows, starts = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    top = np.full(size + 1, -1, dtype=np.int32)  # for each amount of room the row that got it last, ...
    below = np.empty(n, dtype=np.int32)  # ... and for each row the one before it with as much
    n_rows = 0
    for window in order:
        length = lengths[window]
        room = length
        while room <= size and top[room] < 0:
            room += 1
        if room > size:
            row, room = n_rows, size
            n_rows += 1
        else:
            row = top[room]
            top[room] = below[row]
        rows[window], starts[window] = row, size - room
        below[row] = top[room - length]
        top[room - length] = row
    return rows, starts


@numba.njit(cache=True, nogil=True)
def draw_masked(
    segments: IntArray, share: float, last: float, uniform: FloatArray, other: FloatArray, masked: IntArray
) -> IntArray:
    """Which places of packed windows are hidden, one row of `masked` for each batch.

    Of a window of l places round(share * l) and at least one are drawn, all as likely (selection sampling, Knuth, *The
    Art of Computer Programming 2*, algorithm 3.4.2S); or, with probability `last`, its last place alone.

    Args:
        segments: (steps, rows, size) the number of the window at each place, the same for neighbors of one window; 0
            for none.
        share: of the places.
        last: see above.
        uniform: (steps, rows, size) numbers in [0, 1).
        other: (steps, rows, size) numbers in [0, 1); the one at the first place of a window decides on `last`.
        masked: (steps, capacity) gets the places drawn, counted over rows * size, in order.

    Returns:
        (steps,) how many were drawn for each batch; what is beyond them is left as it was.
    """
    steps, rows, size = segments.shape
    counts = np.zeros(steps, dtype=np.int32)
    for step in range(steps):
        found = 0
        for row in range(rows):
            at = 0
            while at < size:
                segment, end = segments[step, row, at], at + 1
                while end < size and segments[step, row, end] == segment:
                    end += 1
                if segment and other[step, row, at] < last:
                    masked[step, found] = row * size + end - 1
                    found += 1
                elif segment:
                    wanted = max(1, int(np.rint(share * (end - at))))
                    for place in range(at, end):
                        if uniform[step, row, place] * (end - place) < wanted:
                            masked[step, found] = row * size + place
                            found += 1
                            wanted -= 1
                at = end
        counts[step] = found
    return counts
