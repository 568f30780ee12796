"""Scores to lists, in blocks of people: what to leave out, the floor on the predicted rating, the n best."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy import sparse

from longtail.kernels.topk import LowRank, top_k
from longtail.types import BoolArray, FloatArray, IntArray

__all__ = ["BLOCK_BYTES", "Scores", "best_items", "dense"]

Scores: TypeAlias = "FloatArray | LowRank"
Block: TypeAlias = Callable[[int, int], Scores]

BLOCK_BYTES = 32 * 2**20


def best_items(
    scores: Block,
    n: int,
    *,
    seen: sparse.csr_array,
    blocked: BoolArray,
    only: sparse.csr_array | None = None,
    floor: float = -np.inf,
    ratings: Block | None = None,
) -> tuple[IntArray, FloatArray]:
    """The n best items of each person, a block of people at a time.

    Args:
        scores: gives the scores of the people lo..hi.
        n: places in a list.
        seen: (n_people, any) rows of the items to leave out, sorted within a row.
        blocked: (n_items,) True for items to leave out of every list.
        only: (n_people, n_items) rows of the only items each person may be listed; None for no such limit.
        floor: leave out items whose predicted rating is below it.
        ratings: gives the predicted ratings of the people lo..hi, where these are not the scores themselves.

    Returns:
        items (n_people, n) int32, -1 where fewer qualify, and scores (n_people, n) float32, -inf there.
    """
    n_people, n_items = seen.shape[0], len(blocked)
    items = np.full((n_people, min(n, n_items)), -1, dtype=np.int32)
    best = np.full(items.shape, -np.inf, dtype=np.float32)
    lo, width = 0, n_items
    while lo < n_people:
        hi = min(lo + max(1, BLOCK_BYTES // (4 * width)), n_people)
        part = scores(lo, hi)
        width = part.left.shape[1] if isinstance(part, LowRank) else n_items
        if floor > -np.inf and ratings is not None:
            part = np.where(dense(ratings(lo, hi)) >= floor, dense(part), np.float32(-np.inf))
            width = n_items
        if only is not None:
            part, width = _at(dense(part), only[lo:hi]), n_items
        pointer = seen.indptr[lo : hi + 1]
        items[lo:hi], best[lo:hi] = top_k(
            part,
            items.shape[1],
            seen_indptr=pointer - pointer[0],
            seen_indices=seen.indices[pointer[0] : pointer[-1]],
            blocked=blocked,
            floor=floor if ratings is None else -np.inf,
        )
        lo = hi
    return items, best


def _at(scores: FloatArray, places: sparse.csr_array) -> FloatArray:
    """The scores at the places stored, and -inf everywhere else."""
    rows, kept = np.repeat(np.arange(len(scores)), np.diff(places.indptr)), np.full_like(scores, -np.inf)
    kept[rows, places.indices] = scores[rows, places.indices]
    return kept


def dense(scores: Scores) -> FloatArray:
    """(n_rows, n_items) float32: scores as one array."""
    return scores.dense() if isinstance(scores, LowRank) else scores
