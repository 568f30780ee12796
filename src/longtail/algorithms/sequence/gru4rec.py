"""GRU4Rec: a recurrent network that reads a session event by event."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.powers import LearnsOnline, SimilarItems
from longtail.algorithms.sequence.gru_network import Embedding, GRUNetwork, Loss
from longtail.algorithms.sequence.lane_feed import LaneFeed, by_first_event
from longtail.algorithms.sequential import Sequential
from longtail.algorithms.trainer import Network, Settings, Trained
from longtail.algorithms.trainer.optimizers import Optimizer
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["GRU4Rec"]

EVENTS_AT_ONCE = 2**17
"""Events that are laid out together when many histories are read."""


@dataclass(kw_only=True)
class GRU4Rec(Trained, Sequential, SimilarItems, LearnsOnline):
    """Gated recurrent units over sessions, walked side by side (Hidasi, Karatzoglou, Baltrunas and Tikk 2016).

    The state after an event scores every item as the next one; see `GRUNetwork` for the equations of a layer. In a step
    each of `batch_size` lanes reads one event of its session. The items that the lanes turn to next, and `negatives`
    more that are drawn for all lanes together, are the candidates of the step: for every lane one of them is the
    target, the others are negatives (Hidasi and Karatzoglou 2018). With o the scores and s the softmax of those of the
    negatives,

        cross-entropy = - log softmax(o - log_q log q)_target
        bpr-max = - log sum_j s_j sigmoid(o_target - o_j) + regularization sum_j s_j o_j^2

    where q is frequency for a candidate that is some lane's target, frequency ** popularity_exponent for one drawn.
    Gradients go through one step; the state is carried as a number. Sessions are taken in order of their first event.

    The defaults are those published by the authors for clicks in shops, and details are those of their code, as many
    re-implementations were found to lose accuracy in them (Hidasi and Czapp 2023): states are reset where a session
    begins, dropout works on what is carried, and rows of items change only in steps that read them.

    Attributes:
        preference: see `Sequential`.
        factors: width of every layer, and of the vectors of items.
        layers: recurrent layers, each reading the states of the one before.
        loss: see above.
        embedding: where the first layer reads items: the vectors that score ("shared"; one table learns twice as much),
            vectors of their own ("separate"), or weights of its gates for each item ("none").
        negatives: items drawn in a step.
        popularity_exponent: 0 draws all items alike, 1 as often as they are met.
        log_q: how much of log q is taken from a score; for cross-entropy.
        elu: scores below zero become elu (exp(score) - 1); for BPR-max; 0 leaves them.
        regularization: weight of the squared scores; for BPR-max.
        dropout: share of the entries of a state dropped in training.
        embedding_dropout: the same of the vectors read.
        momentum: part of the step before that is added to a step.
        patience: see `Trained`; the score is the MRR of the last events of a tenth of the histories, held out.
        max_length: events of a history that are read, the latest; 0 for all.
        batch_size: lanes.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> rows = [(s, (s + k) % 8, k) for s in range(40) for k in range(4)]
        >>> sessions, items, times = zip(*rows, strict=True)
        >>> log = lt.Interactions.from_frame({"session": sessions, "item": items, "timestamp": times})
        >>> model = GRU4Rec(factors=16, negatives=8, dropout=0.0, epochs=20).fit(log)
        >>> model.recommend_for([[2, 3], [5]], n=1).items.tolist()
        [[4], [6]]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    factors: int = hyper(100, at_least=1, search=(50, 500), log=True)
    layers: int = hyper(1, at_least=1)
    loss: Loss = "cross-entropy"
    embedding: Embedding = "shared"
    negatives: int = hyper(2048, at_least=0)
    popularity_exponent: float = hyper(0.5, at_least=0.0, at_most=1.0, search=(0.0, 1.0))
    log_q: float = hyper(1.0, at_least=0.0, at_most=1.0)
    elu: float = hyper(1.0, at_least=0.0)
    regularization: float = hyper(1.0, at_least=0.0, search=(0.0, 2.0))
    dropout: float = hyper(0.4, at_least=0.0, at_most=0.95, search=(0.0, 0.8))
    embedding_dropout: float = hyper(0.0, at_least=0.0, at_most=0.95, search=(0.0, 0.8))
    epochs: int = hyper(10, at_least=1, search=(5, 30), log=True)
    batch_size: int = hyper(32, at_least=1)
    learning_rate: float = hyper(0.2, at_least=0.0, search=(0.02, 0.4), log=True)
    optimizer: Optimizer = hyper("adagrad", shared=True)
    momentum: float = hyper(0.2, at_least=0.0, at_most=0.99, search=(0.0, 0.8))
    max_length: int = hyper(0, at_least=0)

    def _network(self) -> Network:
        return GRUNetwork(
            n_items=len(self.item_ids_), pool=self.pool_, lanes=self.batch_size, factors=self.factors,
            layers=self.layers, embedding=self.embedding, objective=self.loss, elu=self.elu,
            regularization=self.regularization, dropout_rate=self.dropout, embedding_dropout=self.embedding_dropout,
            precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _settings(self) -> Settings:
        return dataclasses.replace(super()._settings(), momentum=self.momentum)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        if not self.patience:
            return self._learn_lanes(weights, train)
        left, held = hold_out(weights, which="last", seed=self.seed)

        def score() -> float:
            learned = self._trained_network().values()
            right = learned["vectors"], learned["offsets"][:, 0]
            return held.mrr(lambda people, rows: LowRank(self._states(rows), *right), exclude_seen=False)

        return self._learn_lanes(left, train, score)

    def _learn_lanes(
        self, sequences: sparse.csr_array, train: Interactions, score: Callable[[], float] | None = None
    ) -> None:
        feed = LaneFeed(
            sequences,
            by_first_event(train),
            self.batch_size,
            self.negatives,
            self.popularity_exponent,
            self.log_q if self.loss == "cross-entropy" else 0.0,
            shared=self.embedding == "shared",
        )
        self.pool_ = feed.pool
        self._train(feed, score)

    def _score_preferences(self, weights: sparse.csr_array) -> LowRank:
        return LowRank(self._states(weights), self.weights_["vectors"], self.weights_["offsets"][:, 0])

    def _item_similarities(self, items: IntArray) -> Scores:
        vectors = self.weights_["vectors"]
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        offset = np.where(self._listable(), np.float32(0), np.float32(-np.inf))
        return LowRank(unit[items], unit, offset)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        """Nothing: the histories hold it already."""

    def _states(self, histories: sparse.csr_array) -> FloatArray:
        """(n, factors) states after histories, 0 after none; histories of about the same length are read together."""
        states = np.zeros((histories.shape[0], self.factors), dtype=np.float32)
        lengths = np.diff(histories.indptr)
        lengths = np.minimum(lengths, self.max_length) if self.max_length else lengths
        shapes = _rounded(lengths)
        for longest in np.unique(shapes[lengths > 0]).tolist():
            rows = np.flatnonzero((shapes == longest) & (lengths > 0))
            together = max(1, EVENTS_AT_ONCE // longest)
            for lo in range(0, len(rows), together):
                part = rows[lo : lo + together]
                states[part] = self._read(histories, part, lengths[part], longest)
        return states

    def _read(self, histories: sparse.csr_array, rows: AnyArray, lengths: AnyArray, longest: int) -> AnyArray:
        full = int(_rounded(np.array([len(rows)]))[0])
        laid, asked = np.zeros((full, longest), dtype=np.int32), np.zeros(full, dtype=np.int32)
        asked[: len(rows)] = lengths
        taken = np.arange(longest) < asked[:, None]
        first = np.zeros(full, dtype=np.int64)
        first[: len(rows)] = histories.indptr[rows + 1] - lengths
        laid[taken] = histories.indices[(first[:, None] + np.arange(longest))[taken]]
        return self._answers({"history": laid, "length": asked})[: len(rows)]


def _rounded(sizes: AnyArray) -> AnyArray:
    """Sizes as the next power of four, so that few programs are compiled.

    Examples:
        >>> _rounded(np.array([0, 1, 3, 16, 17])).tolist()
        [1, 1, 4, 16, 64]
    """
    exponents = np.ceil(np.log2(np.maximum(sizes, 1)) / 2).astype(np.int64)
    found: AnyArray = 4**exponents
    return found
