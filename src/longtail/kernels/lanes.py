"""Sessions side by side: which event each lane stands at in every step, and the items that a step scores."""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import strict_kernel
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray

__all__ = ["lane_schedule", "pooled"]


def lane_schedule(indptr: AnyArray, order: AnyArray, lanes: int) -> tuple[LongArray, BoolArray]:
    """Walk sessions in lanes: each walks one from its first event to the one before the last, then takes the next.

    Args:
        indptr: (n_sessions + 1,) where the events of each session begin and end.
        order: sessions in the order in which they are taken; one of less than two events is passed over.
        lanes: sessions walked at a time.

    Returns:
        (steps, lanes) int64, the event at which each lane stands, whose target is the event after it; -1 for a lane
        that found no session left. And (steps, lanes) whether a session begins there.

    Examples:
        >>> events, begins = lane_schedule(np.array([0, 3, 5, 7]), np.arange(3), lanes=2)
        >>> events.tolist(), begins.tolist()
        ([[0, 3], [1, 5]], [[True, True], [False, True]])
    """
    lengths = np.maximum(np.diff(indptr) - 1, 0)[order]
    most = int(lengths.sum()) // lanes + int(lengths.max(initial=0)) + 1
    events, begins = np.full((most, lanes), -1, dtype=np.int64), np.zeros((most, lanes), dtype=np.bool_)
    steps = _walk(np.asarray(indptr, dtype=np.int64), np.asarray(order, dtype=np.int64), events, begins)
    return events[:steps], begins[:steps]


@strict_kernel
def _walk(indptr: LongArray, order: LongArray, events: LongArray, begins: BoolArray) -> int:
    """Fill both; returns the number of steps."""
    lanes, taken = events.shape[1], 0
    place, last = np.zeros(lanes, dtype=np.int64), np.zeros(lanes, dtype=np.int64)
    for step in range(len(events)):
        walking = 0
        for lane in range(lanes):
            if place[lane] >= last[lane]:
                while taken < len(order) and indptr[order[taken] + 1] - indptr[order[taken]] < 2:
                    taken += 1
                if taken == len(order):
                    continue
                place[lane], last[lane] = indptr[order[taken]], indptr[order[taken] + 1] - 1
                begins[step, lane] = True
                taken += 1
            events[step, lane] = place[lane]
            place[lane] += 1
            walking += 1
        if not walking:
            return step
    return len(events)


def pooled(
    read: AnyArray, targets: AnyArray, drawn: AnyArray, as_target: FloatArray, as_drawn: FloatArray, size: int
) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """The distinct items of each step, and how much each weighs: the sum over the times it stands among the candidates.

    Args:
        read: (steps, m) items to have in the pool that are no candidates; -1 for none.
        targets: (steps, lanes) candidates; -1 for none.
        drawn: (steps, k) further candidates; those for which the pool has no room are left out.
        as_target: (n_items,) what an item weighs each time it stands in `targets`.
        as_drawn: (n_items,) the same in `drawn`.
        size: items in a pool, at least m + lanes.

    Returns:
        items (steps, size) int32, filled up with the first; weights (steps, size) float32; and the places in the pool
        of `read` and of `targets`, int32, 0 for none.

    Examples:
        >>> ones = np.ones(9, dtype=np.float32)
        >>> pools = pooled(np.array([[3]]), np.array([[7]]), np.array([[7, 5]]), ones, ones, size=4)
        >>> [part.tolist() for part in pools]
        [[[3, 7, 5, 3]], [[0.0, 2.0, 1.0, 0.0]], [[0]], [[1]]]
    """
    steps = len(targets)
    items, weights = np.zeros((steps, size), dtype=np.int32), np.zeros((steps, size), dtype=np.float32)
    places, own = np.zeros(read.shape, dtype=np.int32), np.zeros(targets.shape, dtype=np.int32)
    asked = np.ascontiguousarray(read, dtype=np.int32), np.ascontiguousarray(targets, dtype=np.int32)
    _pool(*asked, np.ascontiguousarray(drawn, dtype=np.int32), as_target, as_drawn, items, weights, places, own)
    return items, weights, places, own


@strict_kernel
def _pool(
    read: IntArray,
    targets: IntArray,
    drawn: IntArray,
    as_target: FloatArray,
    as_drawn: FloatArray,
    items: IntArray,
    weights: FloatArray,
    places: IntArray,
    own: IntArray,
) -> None:
    """Fill the last four."""
    stamp, where = np.full(len(as_target), -1, dtype=np.int64), np.zeros(len(as_target), dtype=np.int32)
    for step in range(len(targets)):
        found = 0
        for kind in range(3):
            given = read[step] if kind == 0 else targets[step] if kind == 1 else drawn[step]
            for at in range(len(given)):
                item = given[at]
                if item < 0:
                    continue
                if stamp[item] != step:
                    if found == items.shape[1]:
                        continue
                    stamp[item], where[item], items[step, found] = step, found, item
                    found += 1
                if kind == 0:
                    places[step, at] = where[item]
                elif kind == 1:
                    own[step, at] = where[item]
                    weights[step, where[item]] += as_target[item]
                else:
                    weights[step, where[item]] += as_drawn[item]
        for at in range(found, items.shape[1]):
            items[step, at] = items[step, 0]
