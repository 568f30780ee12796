"""The largest of some values, without sorting them."""

from __future__ import annotations

from longtail.kernels.jit import kernel
from longtail.types import AnyArray, FloatArray, IntArray, LongArray

__all__ = ["keep_largest", "kth_largest"]


@kernel
def kth_largest(values: AnyArray, k: int) -> float:
    """The value that stands at place k, from 1, in descending order (quickselect; Hoare 1961)."""
    order, low, high = values.copy(), 0, len(values) - 1
    while low < high:
        pivot, left, right = order[(low + high) // 2], low, high
        while left <= right:
            while order[left] > pivot:
                left += 1
            while order[right] < pivot:
                right -= 1
            if left <= right:
                order[left], order[right] = order[right], order[left]
                left += 1
                right -= 1
        if k - 1 <= right:
            high = right
        elif k - 1 >= left:
            low = left
        else:
            break
    kth: float = order[k - 1]
    return kth


@kernel
def keep_largest(reached: LongArray, values: FloatArray, found: IntArray, strength: FloatArray, width: int) -> int:
    """Copy the `width` largest values, in order of index; of equals at the edge, those that stand first."""
    edge, ties = values[0] if len(values) else 0.0, width
    if len(values) > width:
        edge = kth_largest(values, width)
        for at in range(len(values)):
            ties -= values[at] > edge
    kept = 0
    for at in range(len(values)):
        tied = values[at] == edge
        if len(values) <= width or values[at] > edge or (tied and ties > 0):
            found[kept], strength[kept] = reached[at], values[at]
            kept += 1
            ties -= tied
    return kept
