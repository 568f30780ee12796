"""Histories cut into windows and packed into rows of equal length: the batches of networks that read sequences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.trainer import Chunk, steps_of
from longtail.kernels.packing import packed
from longtail.types import AnyArray, IntArray, LongArray

__all__ = ["Rows", "latest"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Every event of every history in one place of one row, and the order of the rows drawn anew each epoch.

    A history is cut, from its end, into windows of at most `size` events, which do not overlap; so only the first one
    of a long history is shorter. Short windows share a row: a row of `size` places is filled with as many as fit, and
    what is computed for nothing is little, however short most histories are. Windows of one row do not see one another.

    Attributes:
        source: (n_rows, size) int64, which entry of the histories stands at each place; 0 where none does.
        window: (n_rows, size) int16, the number of the window within the row, from 1; 0 for a place without an entry.
        position: (n_rows, size) int16, where the entry stands in its window, counted so that the last one of every
            window is at `size - 1`.
        batch_size: rows in a batch.
    """

    source: LongArray
    window: AnyArray
    position: AnyArray
    batch_size: int

    @classmethod
    def of(cls, histories: sparse.csr_array, size: int, batch_size: int, *, leave: int = 0) -> Rows:
        """The rows of histories in order; the last `leave` events of each are not laid out.

        Examples:
            >>> histories = sparse.csr_array((np.ones(8), [5, 6, 7, 8, 9, 1, 2, 3], [0, 5, 6, 8]), shape=(3, 10))
            >>> rows = Rows.of(histories, size=3, batch_size=2)
            >>> histories.indices[rows.source].tolist(), rows.window.tolist()
            ([[7, 8, 9], [5, 6, 5], [2, 3, 1]], [[1, 1, 1], [1, 1, 0], [1, 1, 2]])
            >>> rows.position.tolist()
            [[0, 1, 2], [1, 2, 0], [1, 2, 2]]
        """
        lengths = np.maximum(np.diff(histories.indptr) - leave, 0)
        parts = -(-lengths // size)
        person = np.repeat(np.arange(len(parts)), parts)
        turn = np.arange(len(person)) - np.repeat(np.cumsum(parts) - parts, parts)  # 0 for the last window of a person
        ends = histories.indptr[:-1][person] + lengths[person] - turn * size
        sizes = np.minimum(lengths[person] - turn * size, size).astype(np.int32)
        rows, starts = packed(sizes, size)
        n_rows = int(rows.max()) + 1 if len(rows) else 0
        before = np.repeat(np.cumsum(sizes) - sizes, sizes)
        within = np.arange(int(sizes.sum())) - before
        places = np.repeat(rows.astype(np.int64) * size + starts, sizes) + within
        source = np.zeros(n_rows * size, dtype=np.int64)
        window, position = np.zeros((2, n_rows * size), dtype=np.int16)
        source[places] = np.repeat(ends - sizes, sizes) + within
        window[places] = np.repeat(_numbers(rows, starts), sizes)
        position[places] = np.repeat(size - sizes, sizes) + within
        shape = n_rows, size
        few = max(1, min(batch_size, n_rows))
        return cls(source.reshape(shape), window.reshape(shape), position.reshape(shape), few)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.source) // self.batch_size)

    def epoch(self, rng: np.random.Generator, place_bytes: int) -> Iterator[tuple[LongArray, Chunk]]:
        """The batches of one epoch: sources, and a chunk of "window" and "position" (steps, batch, size).

        The last batch is filled up with rows of no window.

        Args:
            rng: draws the order.
            place_bytes: what a caller puts into a chunk for each place, to keep chunks small.
        """
        n, size, steps = len(self.source), self.batch_size, self.steps
        if not n:
            return
        order = np.resize(rng.permutation(n), steps * size).reshape(steps, size)
        there = (np.arange(steps * size) < n).reshape(steps, size, 1)
        together = steps_of(steps, size * self.source.shape[1] * (8 + place_bytes))
        for lo in range(0, steps, together):
            rows = order[lo : lo + together]
            window = np.where(there[lo : lo + together], self.window[rows], 0).astype(np.int32)
            position = self.position[rows].astype(np.int32)
            yield self.source[rows], {"window": window, "position": position}


def _numbers(rows: IntArray, starts: IntArray) -> AnyArray:
    """The number of each window within its row, from 1, in order of where they begin."""
    order = np.lexsort((starts, rows))
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    counted = np.arange(len(rows)) - np.repeat(first, np.diff(first, append=len(rows)))
    numbers = np.empty(len(rows), dtype=np.int16)
    numbers[order] = counted + 1
    return numbers


def latest(histories: sparse.csr_array, size: int) -> Chunk:
    """The last events of each history at the end of a row: "item" and "window" (n, width) int32, window 0 for none.

    The width is the least power of two from 8 on, and at most `size`, that holds all, so that few widths are compiled.

    Examples:
        >>> histories = sparse.csr_array((np.ones(4), [3, 1, 2, 0], [0, 3, 3, 4]), shape=(3, 5))
        >>> asked = latest(histories, size=2)
        >>> asked["item"].tolist(), asked["window"].tolist()
        ([[1, 2], [0, 0], [0, 0]], [[1, 1], [0, 0], [0, 1]])
    """
    ends, counts = histories.indptr[1:], np.diff(histories.indptr)
    width = min(size, 1 << max(7, int(counts.max(initial=1)) - 1).bit_length())
    back = np.arange(width, 0, -1)
    there = back <= counts[:, None]
    item = np.zeros(there.shape, dtype=np.int32)
    item[there] = histories.indices[(ends[:, None] - back)[there]]
    return {"item": item, "window": there.astype(np.int32)}
