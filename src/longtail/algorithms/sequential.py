"""What algorithms share that read the order in which things happened."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.lists import dense
from longtail.algorithms.ranker import Ranker
from longtail.types import AnyArray, BoolArray

__all__ = ["Sequential", "last_events", "nothing_found"]


@dataclass(kw_only=True)
class Sequential(Ranker, ABC):
    """A ranker whose histories stand in order of time, with an item as often as it was met.

    It learns from the rows of each user in order of time (of rows at the same time, or without times, in the order they
    were loaded), and is asked with histories in order: the order of a list or mapping given to `recommend_for` is its
    sequence, and `Interactions` are read in order of time. In a log of visits each session is a user; load it with
    `duplicates="keep"`, or a second click on an item is merged into the last. Lists leave out what was met, as
    everywhere; where people come back to it, ask with `exclude="none"`.

    Attributes:
        preference: whether all events count ("binary") or, of ratings, those "liked" at least as much as the person's
            mean, and the others are no part of the sequence.
    """

    reads_order: ClassVar[bool] = True

    preference: Literal["binary", "liked"] = "binary"

    def _score_histories(self, histories: sparse.csr_array) -> Scores:
        scores = self._score_preferences(self._preferences(histories))
        return self._ranked(scores, self._without_answer(histories, scores))

    def _without_answer(self, histories: sparse.csr_array, scores: Scores) -> BoolArray:
        """(n,) who gets what is popular: people without a history."""
        empty: BoolArray = np.diff(histories.indptr) == 0
        return empty


def nothing_found(scores: Scores) -> BoolArray:
    """(n,) rows without a score above zero.

    Examples:
        >>> nothing_found(np.array([[0.0, 0.0], [0.0, 0.5]], dtype=np.float32)).tolist()
        [True, False]
    """
    found: BoolArray = np.any(dense(scores) > 0, axis=1)
    return np.logical_not(found)


def last_events(histories: sparse.csr_array) -> tuple[AnyArray, AnyArray]:
    """Rows that hold an event, and the index of the last item of each.

    Examples:
        >>> rows = sparse.csr_array(([1.0, 1.0, 1.0], [2, 0, 1], [0, 2, 2, 3]), shape=(3, 4))
        >>> [part.tolist() for part in last_events(rows)]
        [[0, 2], [0, 1]]
    """
    some = np.flatnonzero(np.diff(histories.indptr))
    return some, histories.indices[histories.indptr[some + 1] - 1]
