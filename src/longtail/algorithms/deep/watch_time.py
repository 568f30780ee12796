"""Ranking by expected watch time, with a second head for watching at all: the second of two stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse, special

from longtail.algorithms.base import FoldIn
from longtail.algorithms.deep.two_heads import TwoHeads
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.preferences import Preference
from longtail.algorithms.ranker import Ranker
from longtail.algorithms.trainer import Chunk, Feed, Network, RowFeed, Sampler, Trained
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.kernels.bags import bags
from longtail.params import hyper
from longtail.types import AnyArray, FloatArray

__all__ = ["WatchTime"]

CELLS = 2**22
"""Numbers that one layer makes at a time."""
HIGHEST = 30.0
"""No logit counts as more."""


@dataclass(kw_only=True)
class WatchTime(Trained, Ranker):
    """Weighted logistic regression by a network (Covington, Adams and Sargin 2016, section 4), with a second head.

    The value of a row is how long something was watched (or read, played, rated: any amount), 0 where it was shown and
    not watched. Of the logits s and c that the network makes of a history and an item,

        loss = - sum over watched of (T ln sigmoid(s) + ln sigmoid(c))
               - sum over not watched of (ln sigmoid(-s) + ln sigmoid(-c))

    exp(s) learns the odds: the sum of T over those who watched, divided by the number of those who did not. With the
    chance P = sigmoid(c) of watching at all, the expected watch time is therefore

        E[T] = exp(s) (1 - P)

    by which items are ranked. (The paper has the first head alone and takes exp(s) for E[T], which is nearly the same
    where P is small.) Both heads share the layers below them: what tells who watches helps to tell for how long.

    Beside each item watched, `negatives` items not watched are drawn. One drawn then stands for m_u = (items - watched)
    / (negatives * watched) of them. With m the mean of m_u over the rows, a drawn one weighs m_u / m, and ln m is added
    to both logits in training; so exp(s) are the odds among all pairs of a user and an item. With `negatives` 0 nothing
    is drawn, and rows of value 0 are learned from instead.

    Anyone is answered by their history alone. As the second of two stages it ranks what another model proposes: see
    `recommend(candidates=)`, and the hybrid `cascade`.

    Attributes:
        preference: what T is: the "value", or 1 for all ("binary") or those "liked".
        factors: length of the vectors of histories and of items.
        hidden: units of each ReLU layer.
        negatives: items drawn for each one watched; 0 to learn from rows of value 0.
        second_weight: weight of the second head in the loss.
        history: items of a history that a step reads, drawn at random where there are more.
        dropout: share of the units left out in training.
        regularization: weight of the squared vectors of each row.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        unit_: the mean of T where something was watched; the network learns in this unit.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 60.0 if i < 10 else 5.0) for u in range(40) for i in range(20) if (u + 3 * i) % 4]
        >>> users, items, seconds = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": seconds}, feedback="implicit")
        >>> model = WatchTime(factors=4, hidden=(8,), epochs=30, batch_size=64, learning_rate=0.02).fit(data)
        >>> bool(model.expected([0], [1])[0] > model.expected([0], [15])[0])
        True
    """

    fold_in: ClassVar[FoldIn] = "exact"

    preference: Preference = "value"
    factors: int = hyper(32, at_least=1, search=(8, 128), log=True)
    hidden: tuple[int, ...] = hyper((64, 32), at_least=1)
    negatives: int = hyper(4, at_least=0)
    second_weight: float = hyper(1.0, at_least=0.0)
    history: int = hyper(50, at_least=1)
    dropout: float = hyper(0.0, at_least=0.0, at_most=0.9, search=(0.0, 0.5))
    regularization: float = hyper(0.01, at_least=0.0, search=(1e-4, 1e-1), log=True)
    batch_size: int = hyper(1024, at_least=1)

    def _network(self) -> Network:
        return TwoHeads(
            n_items=len(self.item_ids_), factors=self.factors, hidden=self.hidden, negatives=self.negatives,
            second_weight=self.second_weight, regularization=self.regularization, dropout_rate=self.dropout,
            precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        watched = weights.data[weights.data > 0]
        if not self.negatives and len(watched) == weights.nnz:
            raise DataError("WatchTime: negatives=0 learns from rows of value 0, and there are none; let it draw some")
        self.unit_ = float(watched.mean(dtype=np.float64)) if len(watched) else 1.0
        if not self.patience:
            return self._train(self._feed(weights))
        left, held = hold_out(weights, seed=self.seed)
        return self._train(self._feed(left), lambda: held.ndcg(lambda _, rows: self._score_preferences(rows)))

    def _feed(self, weights: sparse.csr_array) -> Feed:
        """Rows of what was watched with items drawn beside it, or all rows."""
        amounts = (weights.data.clip(0.0) / self.unit_).astype(np.float32)
        shares, k = self._shares(weights), self.negatives
        wanted = np.flatnonzero(amounts > 0) if k else np.arange(weights.nnz)
        wanted = wanted if len(wanted) else np.arange(weights.nnz)
        person = row_numbers(weights)[wanted].astype(np.int32)
        watched = np.bincount(person, minlength=weights.shape[0])
        listed = int((self.popularity_ > 0).sum())
        stands_for = np.maximum(listed - watched, 0) / np.maximum(k * watched, 1) if k else np.ones(len(watched))
        mean = float(stands_for[person].mean()) or 1.0
        columns: dict[str, AnyArray] = {
            "person": person,
            "item": weights.indices[wanted].astype(np.int32),
            "place": wanted,
            "amount": amounts[wanted],
            "offset": np.full(len(wanted), np.log(mean), dtype=np.float32),
            "share": (stands_for / mean)[person].astype(np.float32),
        }
        sampler = Sampler(self.popularity_ > 0, 1.0)
        size = min(self.batch_size, len(wanted))
        met = sparse.csr_array((amounts, weights.indices.copy(), weights.indptr.copy()), shape=weights.shape)
        met.eliminate_zeros()

        def more(rng: np.random.Generator, chunk: Chunk) -> Chunk:
            steps, people = chunk["item"].shape[0], chunk.pop("person")
            uniform = rng.random((people.size, self.history), dtype=np.float32)
            rows = weights.indptr, weights.indices, shares
            history, share = bags(people.ravel(), chunk.pop("place").ravel(), uniform, *rows)
            made = {
                "history": history.reshape(steps, size, -1),
                "history_weight": share.reshape(steps, size, -1),
            }
            return made | ({"drawn": sampler.draw_unseen(rng, people, k, met)} if k else {})

        return RowFeed(columns, size, more, more_bytes=(12 * self.history + 4 * k) * size)

    def _shares(self, weights: sparse.csr_array) -> FloatArray:
        """What each entry of a history weighs in its mean: ln(1 + T / unit)."""
        return np.log1p(weights.data.clip(0.0) / self.unit_).astype(np.float32)

    def _logits(self, weights: sparse.csr_array) -> tuple[FloatArray, FloatArray]:
        """(n, n_items) of both heads, a few people at a time."""
        n, n_items = weights.shape
        rows = sparse.csr_array((self._shares(weights), weights.indices, weights.indptr), shape=weights.shape)
        met = self.weights_["met"] if hasattr(self, "weights_") else self._trained_network().values()["met"]
        bag = ((rows @ met) / np.maximum(rows.sum(axis=1), 1e-9)[:, None]).astype(np.float32)
        made = np.empty((n, n_items, 2), dtype=np.float32)
        together = max(1, CELLS // (n_items * max((self.factors, *self.hidden))))
        for lo in range(0, n, together):
            made[lo : lo + together] = self._answers({"bag": bag[lo : lo + together]})
        return made[:, :, 0], made[:, :, 1]

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        """Expected watch time, in the unit of the data."""
        first, second = self._logits(weights)
        unit = self.unit_ * (self.highest_ if self.preference == "value" else 1.0)
        scores: FloatArray = np.exp(np.minimum(first, HIGHEST) - np.logaddexp(0.0, second)) * np.float32(unit)
        return scores

    def expected(self, users: Sequence[Any] | AnyArray, items: Sequence[Any] | AnyArray) -> FloatArray:
        """Expected watch time (n,) float32 of pairs of external ids, in the unit of the data.

        In training the item of a pair is no part of the history; so this is of items that the user has not met.

        Raises:
            UnknownIdError: for a user or item the model has not seen.
            DataError: if the two are not equally long.
        """
        return self._of_pairs(users, items, self._score_preferences)

    def chance(self, users: Sequence[Any] | AnyArray, items: Sequence[Any] | AnyArray) -> FloatArray:
        """The chance (n,) float32 that a user watches an item at all, for pairs of external ids.

        Raises:
            UnknownIdError: for a user or item the model has not seen.
            DataError: if the two are not equally long.
        """
        return self._of_pairs(users, items, lambda rows: special.expit(self._logits(rows)[1]))

    def _of_pairs(self, users: Any, items: Any, answer: Any) -> FloatArray:
        self._require_fitted()
        people, columns = self.user_ids_.index(users), self.item_ids_.index(items)
        if people.shape != columns.shape:
            raise DataError(f"users and items must be equally long, not {len(people)} and {len(columns)}")
        distinct, place = np.unique(people, return_inverse=True)
        found = np.empty(len(people), dtype=np.float32)
        block = max(1, CELLS // len(self.item_ids_))
        for lo in range(0, len(distinct), block):
            rows = self._preferences(self.histories_[distinct[lo : lo + block]])
            here = (place >= lo) & (place < lo + block)
            found[here] = answer(rows)[place[here] - lo, columns[here]]
        return found
