"""What early stopping needs: something held out of the training data, and how well it is answered.

With `patience`, a recommender keeps a part of its training data to itself inside `_fit`, trains on the rest, and has
the held-out part scored after every epoch. Three ways, by what it learns:

- A ranker holds out one event of some people, who stay in training with what is left of their rows:

      if not self.patience:
          return self._train(feed_of(weights))
      left, held = hold_out(weights, seed=self.seed)
      return self._train(feed_of(left), lambda: held.ndcg(lambda people, rows: self._score_preferences(rows)))

- One that reads order does the same with `which="last"`, and with `exclude_seen=False` where things come again.
- One that learns from single rows holds out some of these:

      out = hold_out_rows(len(values), seed=self.seed)
      self._train(feed_of(~out), lambda: -rmse(self._rate(out), values[out]))

Without `patience` nothing is held out, and all data are learned from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import sparse

from longtail.algorithms.lists import Scores, best_items
from longtail.errors import DataError
from longtail.rng import generator
from longtail.types import AnyArray, BoolArray, IntArray

__all__ = ["Answer", "HeldOut", "auc", "hold_out", "hold_out_rows", "rmse"]

Answer: TypeAlias = Callable[[IntArray, sparse.csr_array], Scores]
"""Scores (m, n_items) of people, given by the numbers of their rows and by what is left of these rows."""

SHARE = 0.1
MOST = 10_000
"""More people than this tell little more, and every epoch waits for them."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """One event of each of some people, and what is left of their histories.

    Attributes:
        people: (m,) the numbers of their rows.
        items: (m,) the item held out of each.
        histories: (m, n_items) CSR, the rows without it, in the order they had.
        blocked: (n_items,) what nobody has met in what is left: no list holds it.
    """

    people: IntArray
    items: IntArray
    histories: sparse.csr_array
    blocked: BoolArray

    def ndcg(self, answer: Answer, n: int = 10, *, exclude_seen: bool = True) -> float:
        """The mean of 1 / log2(1 + place) of the item held out in each list of n; 0 where it is not there."""
        found = self._found(answer, n, exclude_seen)
        return float(np.sum(found / np.log2(np.arange(2, found.shape[1] + 2))) / len(found))

    def hit_rate(self, answer: Answer, n: int = 10, *, exclude_seen: bool = True) -> float:
        """The share of the lists of n that hold the item held out."""
        return float(self._found(answer, n, exclude_seen).any(axis=1).mean())

    def mrr(self, answer: Answer, n: int = 20, *, exclude_seen: bool = True) -> float:
        """The mean of 1 / place of the item held out in each list of n; 0 where it is not there."""
        found = self._found(answer, n, exclude_seen)
        return float(np.sum(found / np.arange(1, found.shape[1] + 1)) / len(found))

    def _found(self, answer: Answer, n: int, exclude_seen: bool) -> BoolArray:
        """(m, n) whether a place of the list holds the item held out."""
        rows = self.histories
        seen = rows.sorted_indices() if exclude_seen else rows[:, :0]
        items, _ = best_items(
            lambda lo, hi: answer(self.people[lo:hi], rows[lo:hi]), n, seen=seen, blocked=self.blocked
        )
        found: BoolArray = items == self.items[:, None]
        return found


def hold_out(
    histories: sparse.csr_array,
    *,
    which: Literal["random", "last"] = "random",
    share: float = SHARE,
    most: int = MOST,
    seed: int = 0,
) -> tuple[sparse.csr_array, HeldOut]:
    """Take one event from the rows of some people who have two or more.

    Args:
        histories: (n, n_items) CSR, in order or sorted.
        which: any of the row's events, or the last that stands there.
        share: of those people, the part that something is taken from; one at least.
        most: not from more people than this.
        seed: who, and which.

    Returns:
        The rows without what was taken, (n, n_items), for training; and what was taken.

    Raises:
        DataError: if nobody has two events.

    Examples:
        >>> rows = sparse.csr_array(np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]], dtype=np.float32))
        >>> left, held = hold_out(rows, which="last")
        >>> left.toarray().tolist(), held.people.tolist(), held.items.tolist()
        ([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]], [0], [2])
        >>> held.hit_rate(lambda people, rows: np.array([[0.0, 0.0, 1.0]], dtype=np.float32), n=1)
        0.0
    """
    rng, counts = generator(seed, "held out"), np.diff(histories.indptr)
    able = np.flatnonzero(counts >= 2)
    if not len(able):
        raise DataError("nothing can be held out to stop early by: nobody has two events; set patience to 0")
    size = min(most, max(1, round(share * len(able))))
    people = np.sort(rng.choice(able, size, replace=False)).astype(np.int32)
    places = histories.indptr[people + 1] - 1
    if which == "random":
        places = histories.indptr[people] + np.floor(rng.random(size) * counts[people]).astype(np.int64)
    kept = np.ones(histories.nnz, dtype=np.bool_)
    kept[places] = False
    taken = np.zeros(len(counts), dtype=histories.indptr.dtype)
    taken[people] = 1
    indptr = histories.indptr - np.concatenate([[0], np.cumsum(taken)]).astype(histories.indptr.dtype)
    parts = histories.data[kept], histories.indices[kept], indptr
    left = sparse.csr_array(parts, shape=histories.shape)
    blocked = np.bincount(left.indices, minlength=histories.shape[1]) == 0
    return left, HeldOut(people, histories.indices[places].astype(np.int32), left[people], blocked)


def hold_out_rows(n: int, *, share: float = SHARE, seed: int = 0) -> BoolArray:
    """(n,) which of n rows are held out: a share of them at random, one at least, but never all.

    Raises:
        DataError: if there are not two rows.

    Examples:
        >>> int(hold_out_rows(50, share=0.1).sum())
        5
    """
    if n < 2:
        raise DataError("nothing can be held out to stop early by: there are not two rows; set patience to 0")
    out: BoolArray = np.zeros(n, dtype=np.bool_)
    size = min(n - 1, max(1, round(share * n)))
    out[generator(seed, "held out").choice(n, size, replace=False)] = True
    return out


def rmse(predicted: AnyArray, actual: AnyArray) -> float:
    """The root of the mean squared difference; its negative is a score.

    Examples:
        >>> round(rmse(np.array([1.0, 5.0]), np.array([1.0, 3.0])), 3)
        1.414
    """
    return float(np.sqrt(np.mean(np.square(np.subtract(predicted, actual, dtype=np.float64)))))


def auc(scores: AnyArray, positive: AnyArray) -> float:
    """The chance that a positive row has a higher score than one that is not; ties count half.

    Not a number where all rows are alike.

    Examples:
        >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True]))
        0.875
    """
    chosen = np.asarray(positive, dtype=np.bool_)
    _, place, counts = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    n, m = int(chosen.sum()), int((~chosen).sum())
    return float((ranks[chosen].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")
