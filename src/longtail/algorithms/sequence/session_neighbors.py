"""What the methods of session neighbors share: which past sessions are like this one, and what was met in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.powers import LearnsOnline
from longtail.algorithms.sequential import Sequential, nothing_found
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.sessions import Decay, Past, session_scores
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["SessionNeighbors"]


@dataclass(kw_only=True)
class SessionNeighbors(Sequential, LearnsOnline, ABC):
    """Scores items by the past sessions that are most like the one under way.

    Of the past sessions with an item in common, the latest `sample_size` are compared, and the `neighbors` most similar
    of them (of equals, the later) each add to the scores of their items. What the methods differ in is how similar two
    sessions are, and how much a neighbor adds; see `kernels.sessions` for the formula they fill in. Without any
    neighbor, everyone gets what is popular. What is learned online is the last event of that person, and the past
    sessions stay as they were fitted.

    Attributes:
        preference: see `Sequential`.
        neighbors: past sessions that add to a score.
        sample_size: past sessions compared.
        sessions_: (n_sessions, n_items) CSR, the past sessions, the latest first, each item once; an entry is 1 + where
            the item last stood in the session.
        ages_: (n_sessions,) float64, days from the end of each to that of the latest; zeros without times.
        counts_: (n_items,) float64, events of each item.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    neighbors: int = hyper(100, at_least=1, search=(50, 1000), log=True)
    sample_size: int = hyper(1000, at_least=1, search=(500, 10_000), log=True)

    @abstractmethod
    def _event_weights(self, steps: AnyArray, lengths: AnyArray) -> RealArray:
        """(n_events,) what an event of the session under way weighs, `steps` before the last, in one of that length."""

    @abstractmethod
    def _session_factor(self, sizes: AnyArray) -> RealArray:
        """(n_sessions,) what a similarity is multiplied by, from how many distinct items a past session has."""

    def _aging(self) -> RealArray:
        """(n_sessions,) what is taken off the logarithm of a similarity, ascending."""
        return np.zeros(len(self.ages_))

    def _decay(self) -> Decay:
        """What a neighbor adds, besides its similarity."""
        return Decay(np.ones(1), np.ones(1), np.ones(len(self.item_ids_)))

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        days = _ends(train) / 86_400
        order = np.lexsort((np.arange(train.n_users), days))[::-1]
        order = order[np.diff(weights.indptr)[order] > 0]
        self.ages_ = days[order[0]] - days[order]
        self.counts_ = np.bincount(weights.indices, minlength=train.n_items).astype(np.float64)
        self.sessions_ = _distinct(weights[order])

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        lengths = np.diff(weights.indptr)
        steps = np.repeat(weights.indptr[1:], lengths) - 1 - np.arange(weights.nnz)
        events = self._event_weights(steps, np.repeat(lengths, lengths)).astype(np.float64)
        asked = weights.indptr.astype(np.int64), weights.indices.astype(np.int32), events
        return session_scores(*asked, self._past(), self._decay(), self.sample_size, self.neighbors)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        """Nothing: the histories hold it already."""

    def _without_answer(self, histories: sparse.csr_array, scores: Scores) -> BoolArray:
        return nothing_found(scores)

    def _past(self) -> Past:
        known = self.sessions_
        factor = self._session_factor(np.diff(known.indptr)).astype(np.float64)
        of_item = known.tocsc()
        starts = np.repeat(of_item.indptr[:-1], np.diff(of_item.indptr))
        looked_at = np.arange(of_item.nnz) - starts < self.sample_size
        counts = np.minimum(np.diff(of_item.indptr), self.sample_size)
        return Past(
            known.indptr.astype(np.int64),
            known.indices.astype(np.int32),
            known.data.astype(np.int32) - 1,
            factor,
            self._aging(),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            of_item.indices[looked_at].astype(np.int32),
        )


def _ends(train: Interactions) -> RealArray:
    """(n_users,) when each one's last event was, in seconds; zeros without times."""
    ends = np.zeros(train.n_users)
    if train.times is not None:
        ends[:] = train.times.min()
        np.maximum.at(ends, train.users, train.times)
    return ends


def _distinct(sequences: sparse.csr_array) -> sparse.csr_array:
    """Each row's items once, sorted, an entry being 1 + the position where the item last stood.

    Examples:
        >>> rows = sparse.csr_array(([1.0, 1.0, 1.0], [1, 0, 1], [0, 3]), shape=(1, 3))
        >>> _distinct(rows).toarray().tolist()
        [[2.0, 3.0, 0.0]]
    """
    of, items = row_numbers(sequences), sequences.indices
    _, first = np.unique((of * sequences.shape[1] + items)[::-1], return_index=True)
    last = len(items) - 1 - first
    positions = (last - sequences.indptr[of[last]] + 1).astype(np.float32)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(of[last], minlength=sequences.shape[0]))])
    return sparse.csr_array((positions, items[last], indptr.astype(sequences.indptr.dtype)), shape=sequences.shape)
