"""NeuMF: a matrix factorization and a perceptron side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.deep.neural_cf import NeuralCF, Parts
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.preferences import Preference
from longtail.algorithms.ranker import Ranker
from longtail.algorithms.trainer import Chunk, Feed, Network, RowFeed, Sampler, Trained, keras, train
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["NeuMF", "joined"]

UNSEEN = 1024
"""Items that somebody new is compared with as not met, at most; for all of them the same."""
CELLS = 2**22
"""Numbers that one layer makes at a time."""


@dataclass(kw_only=True)
class NeuMF(Trained, Ranker):
    """Neural matrix factorization (He and others 2017, "Neural collaborative filtering", sections 3.2 to 3.4).

    With p_u, q_i the vectors of a generalized matrix factorization (GMF), and P_u, Q_i those of a perceptron (MLP),

        s_ui = h . (p_u * q_i) + g . relu(W_n ... relu(W_1 [P_u, Q_i] + b_1) ... + b_n) + b
        loss = - sum over pairs met (ln sigmoid(s_ui) + sum over drawn items j of ln (1 - sigmoid(s_uj))) + penalty

    where for each pair `negatives` items that u has not met are drawn anew in every epoch, all alike. The penalty is
    regularization / 2 (|p_u|^2 + |q_i|^2 + |P_u|^2 + |Q_i|^2) for each pair met. With `pretraining` both parts are
    first trained alone and then joined, h and g halved (equation 13 with alpha = 1/2).

    Somebody new gets vectors as those of a person in training were found: by steps of Adam on the same loss of their
    row, everything else fixed, from the mean of all people. These steps are computed with negatives drawn once for
    all, so that everyone is answered alike at any time.

    Attributes:
        preference: see `Ranker`; the weight of a pair and of what is drawn for it.
        factors: length of p and q.
        hidden: width of P and Q together, an even number, and the units of each ReLU layer.
        parts: both of them, or one alone: "gmf" or "mlp".
        negatives: items drawn for each pair.
        regularization: weight of the penalty.
        pretraining: whether to train the parts alone first, for as many epochs each.
        fold_in_steps: steps for somebody new.
        fold_in_rate: size of these.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        unseen_: (k,) int32, the items that somebody new is compared with.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = NeuMF(factors=8, hidden=(16, 8), epochs=15, batch_size=64, learning_rate=0.02).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "solved"

    preference: Preference = "binary"
    factors: int = hyper(32, at_least=1, search=(8, 128), log=True)
    hidden: tuple[int, ...] = hyper((64, 32, 16), at_least=2)
    parts: Parts = "both"
    negatives: int = hyper(4, at_least=1, search=(2, 10), log=True)
    regularization: float = hyper(0.01, at_least=0.0, search=(1e-4, 1e-1), log=True)
    pretraining: bool = False
    fold_in_steps: int = hyper(100, at_least=1)
    fold_in_rate: float = hyper(0.05, at_least=0.0)
    batch_size: int = hyper(1024, at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.hidden) < 2 or self.hidden[0] % 2:
            raise ConfigError("NeuMF: hidden must be an even width and the units of at least one layer, as in (64, 32)")

    def _network(self) -> Network:
        return self._network_of(self.parts)

    def _network_of(self, parts: Parts) -> NeuralCF:
        return NeuralCF(
            n_users=len(self.user_ids_), n_items=len(self.item_ids_), factors=self.factors, hidden=self.hidden,
            parts=parts, negatives=self.negatives, regularization=self.regularization,
            fold_in_steps=self.fold_in_steps, fold_in_rate=self.fold_in_rate, precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        met = np.flatnonzero(self.popularity_ > 0).astype(np.int32)
        some = generator(self.seed, "unseen").permutation(len(met))[:UNSEEN]
        self.unseen_ = np.sort(met[some])
        if not self.patience:
            return self._learn_from(self._feed(weights), None)
        left, held = hold_out(weights, seed=self.seed)
        return self._learn_from(
            self._feed(left), lambda: held.ndcg(lambda people, _: self._scored(self._vectors_of(people)))
        )

    def _learn_from(self, feed: Feed, score: Any) -> None:
        start = None
        if self.pretraining and self.parts == "both":
            alone = self._network_of("gmf"), self._network_of("mlp")
            for network in alone:
                train(network, feed, self._settings())
            start = joined(*(network.values() for network in alone))
        self._train(feed, score, start)

    def _feed(self, weights: sparse.csr_array) -> Feed:
        """Every pair that met, with its negatives."""
        wanted = np.flatnonzero(weights.data > 0)
        wanted = wanted if len(wanted) else np.arange(weights.nnz)
        columns: dict[str, AnyArray] = {
            "user": row_numbers(weights)[wanted].astype(np.int32),
            "item": weights.indices[wanted].astype(np.int32),
            "preferred": weights.data[wanted] if (weights.data > 0).any() else np.ones(len(wanted), np.float32),
        }
        sampler = Sampler(self.popularity_ > 0, 1.0)

        def more(rng: np.random.Generator, chunk: Chunk) -> Chunk:
            drawn = sampler.draw_unseen(rng, chunk["user"], self.negatives, weights)
            return {"drawn": drawn, "weight": chunk["weight"] * chunk.pop("preferred")}

        size = min(self.batch_size, len(wanted))
        return RowFeed(columns, size, more, more_bytes=4 * size * self.negatives)

    def _tables(self) -> list[AnyArray]:
        """The vectors of people, of both parts or of the one there is."""
        network = self._trained_network()
        names = [f"user_{part}" for part in ("gmf", "mlp") if hasattr(network, f"user_{part}")]
        if hasattr(self, "weights_"):
            return [self.weights_[name] for name in names]
        return [np.asarray(keras.ops.convert_to_numpy(getattr(network, name).value)) for name in names]

    def _vectors_of(self, users: IntArray) -> FloatArray:
        return np.concatenate([table[users] for table in self._tables()], axis=1)

    def _score_users(self, users: IntArray) -> FloatArray:
        cold = self.histories_.indptr[users] == self.histories_.indptr[users + 1]
        scores = self._ranked(self._scored(self._vectors_of(users)), cold)
        assert isinstance(scores, np.ndarray)
        return scores

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        return self._scored(self._solved(weights))

    def _scored(self, vectors: FloatArray) -> FloatArray:
        """(n, n_items) of vectors (n, widths), a few people at a time."""
        n_items, cut = len(self.item_ids_), self.factors if self.parts != "mlp" else 0
        scores = np.empty((len(vectors), n_items), dtype=np.float32)
        together = max(1, CELLS // (n_items * max(self.hidden[1:])))
        for lo in range(0, len(vectors), together):
            some = vectors[lo : lo + together]
            batch = {"gmf": some[:, :cut]} if self.parts != "mlp" else {}
            batch |= {"mlp": some[:, cut:]} if self.parts != "gmf" else {}
            scores[lo : lo + together] = self._answers(batch)
        return scores

    def _solved(self, weights: sparse.csr_array) -> FloatArray:
        """Vectors (n, widths) of people by their preferences."""
        tables = self._tables()
        met = np.diff(self.histories_.indptr) > 0
        start = np.concatenate([table[met].mean(axis=0) for table in tables])
        vectors = np.tile(start, (weights.shape[0], 1)).astype(np.float32)
        counts = np.diff(weights.indptr)
        order = np.argsort(counts, kind="stable")
        lo = 0
        while lo < len(order):
            k = 1 << (int(counts[order[min(lo + 63, len(order) - 1)]]) - 1).bit_length()
            rows = max(1, min(64, CELLS // ((k + len(self.unseen_)) * max(self.hidden))))
            people = order[lo : lo + rows]
            vectors[people] = self._answers(self._as_batch(weights[people], k, vectors[people]))
            lo += rows
        return vectors

    def _as_batch(self, rows: sparse.csr_array, k: int, start: FloatArray) -> dict[str, AnyArray]:
        """Histories of at most k items, and the items that stand for those not met, with their weights in the loss."""
        n, counts = rows.shape[0], np.diff(rows.indptr)
        history, amounts = np.zeros((n, k), dtype=np.int32), np.zeros((n, k), dtype=np.float32)
        row, place = row_numbers(rows), np.arange(rows.nnz) - np.repeat(rows.indptr[:-1], counts)
        history[row, place], amounts[row, place] = rows.indices, rows.data.clip(0.0)
        unseen = np.ones((n, len(self.item_ids_)), dtype=np.bool_)
        unseen[row, rows.indices] = False
        unseen = unseen[:, self.unseen_]
        share = self.negatives * amounts.sum(axis=1) / np.maximum(unseen.sum(axis=1), 1)
        return {
            "history": history,
            "history_weight": amounts,
            "drawn": np.tile(self.unseen_, (n, 1)),
            "drawn_weight": (unseen * share[:, None]).astype(np.float32),
            "start": start,
        }


def joined(gmf: Mapping[str, AnyArray], mlp: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """The weights of both parts as those of one network, whose scores are the means of theirs."""
    both = {**gmf, **mlp, "bias": gmf["bias"] + mlp["bias"]}
    return both | {name: both[name] / 2 for name in ("bias", "head_gmf", "head_mlp")}
