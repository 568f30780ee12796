"""Two towers: people and items as vectors, made of histories and of what the catalog says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.deep.towers import Towers
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.powers import SimilarItems
from longtail.algorithms.preferences import Preference
from longtail.algorithms.ranker import Ranker
from longtail.algorithms.trainer import Chunk, Feed, Network, RowFeed, Sampler, Trained
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.terms import names_of, padded, read_terms
from longtail.errors import ConfigError, DataError
from longtail.kernels.bags import bags
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["TwoTower"]

BLOCK = 2**16
"""Items whose vectors are made at a time."""
TERMS = 32
"""Terms read of an item or person, at most."""


@dataclass(kw_only=True)
class TwoTower(Trained, Ranker, SimilarItems):
    """Two towers trained by a sampled softmax (Yi and others 2019; candidate generation of Covington and others 2016).

    A person is the mean of the vectors of what they have met, an item the sum of its own vector and those of its terms,
    the words and labels of the catalog; each may pass through `hidden`. With u and v what the towers make of both,

        s(x, i) = u(x) . v(i) / temperature + b_i
        loss of a pair (x, i) = - log (exp(s(x, i) - log q_i) / sum over candidates j of exp(s(x, j) - log q_j))

    where x is the history without i. Candidates are the items of all pairs of the batch (`in_batch`), which come by
    popularity, and `negatives` more, drawn for all of them; q_j is how often j is expected among them. To subtract it
    makes the sampled softmax agree with the one over all items; without it, popular items are pushed down, for they
    are met more often as somebody else's (`log_q=0`).

    Anyone is answered by their history alone. An item that nobody has met is listed if the catalog says something of
    it that is among `features` (see `longtail.data.terms`). What is known of people (`user_features`) counts for users
    of the training data; somebody new is one of whom it is not known.

    Attributes:
        preference: see `Ranker`; it weighs both what is learned from a pair and the vectors of a history.
        factors: length of the vectors.
        hidden: units of the ReLU layers of each tower, followed by a linear one; with none, the vectors are the sums.
        features: columns of the catalog's items, joined by +; none by default. Of an item the 32 weightiest terms are
            read, of a long embedding or text that is a part.
        user_features: columns of the catalog's users, likewise.
        normalized: make the vectors of both towers 1 long, so that u . v is a cosine.
        temperature: what inner products are divided by.
        in_batch: whether the other items of a batch are candidates.
        negatives: candidates drawn for each batch besides.
        popularity_exponent: they are drawn with probability proportional to count ** popularity_exponent.
        log_q: how much of log q is taken from a score.
        history: items of a history that a step reads, drawn at random where there are more.
        dropout: share of the items whose own vector is left out in a step, where there are features, so that the
            features learn to do without.
        regularization: weight of the squared vectors of a pair.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        item_vectors_: (n_items, factors) float32, v.
        item_bias_: (n_items,) float32, b; of items that nobody has met, the mean of the others.
        described_: (n_items,) whether the catalog says something of an item.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = TwoTower(factors=8, epochs=30, batch_size=64, learning_rate=0.02).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    preference: Preference = "binary"
    factors: int = hyper(64, at_least=1, search=(16, 256), log=True)
    hidden: tuple[int, ...] = hyper((), at_least=1)
    features: str = ""
    user_features: str = ""
    normalized: bool = False
    temperature: float = hyper(1.0, at_least=1e-3, search=(0.03, 1.0), log=True)
    in_batch: bool = True
    negatives: int = hyper(256, at_least=0, search=(32, 2048), log=True)
    popularity_exponent: float = hyper(0.0, at_least=0.0, at_most=1.0, search=(0.0, 1.0))
    log_q: float = hyper(1.0, at_least=0.0, at_most=1.0)
    history: int = hyper(50, at_least=1)
    dropout: float = hyper(0.2, at_least=0.0, at_most=0.9, search=(0.0, 0.8))
    regularization: float = hyper(0.1, at_least=0.0, search=(1e-2, 1.0), log=True)
    epochs: int = hyper(40, at_least=1, search=(10, 100), log=True)
    batch_size: int = hyper(1024, at_least=2)
    learning_rate: float = hyper(5e-3, at_least=0.0, search=(1e-3, 2e-2), log=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        names_of(self.features), names_of(self.user_features)
        if not self.in_batch and not self.negatives:
            raise ConfigError("TwoTower: with in_batch=False, negatives must be at least 1")

    def _network(self) -> Network:
        return Towers(
            n_items=len(self.item_ids_), n_terms=self.n_terms_, n_user_terms=self.n_user_terms_, factors=self.factors,
            hidden=self.hidden, normalized=self.normalized, temperature=self.temperature, in_batch=self.in_batch,
            dropout_rate=self.dropout, regularization=self.regularization, precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        table, _ = read_terms(_rows(catalog, "items", train.item_ids, self.features), names_of(self.features))
        people, _ = read_terms(
            _rows(catalog, "users", train.user_ids, self.user_features), names_of(self.user_features)
        )
        self.n_terms_, self.n_user_terms_ = table.shape[1], people.shape[1]
        self.described_ = np.diff(table.indptr) > 0
        terms = padded(table, width=TERMS)
        self.user_term_, self.user_term_weight_ = padded(people, width=TERMS)
        if not self.patience:
            self._train(self._feed(weights, *terms))
            return self._make_items(*terms)
        left, held = hold_out(weights, seed=self.seed)

        def answer(people: IntArray, rows: sparse.csr_array) -> LowRank:
            self._make_items(*terms)
            return self._scored(rows, self.user_term_[people], self.user_term_weight_[people])

        self._train(self._feed(left, *terms), lambda: held.ndcg(answer))
        return self._make_items(*terms)

    def _feed(self, weights: sparse.csr_array, terms: IntArray, term_weights: FloatArray) -> Feed:
        """Every pair of someone and what they have met, with the rest of their history and the candidates."""
        wanted = np.flatnonzero(weights.data > 0)
        wanted = wanted if len(wanted) else np.arange(weights.nnz)
        rows = weights.data.clip(0.0)
        people, items = row_numbers(weights)[wanted].astype(np.int32), weights.indices[wanted].astype(np.int32)
        counts = np.bincount(items, minlength=weights.shape[1])
        sampler = Sampler(counts if self.popularity_exponent else counts > 0, self.popularity_exponent or 1.0)
        size, k = min(self.batch_size, len(wanted)), self.negatives or 1
        shares = size * self.in_batch * counts / counts.sum() + self.negatives * np.exp(sampler.log_q)
        log_q = self.log_q * np.log(np.maximum(shares, 1e-30)).astype(np.float32)
        preferred = rows[wanted] if rows[wanted].sum() > 0 else np.ones(len(wanted), np.float32)

        def more(rng: np.random.Generator, chunk: Chunk) -> Chunk:
            steps = chunk["item"].shape[0]
            place, item, person = chunk.pop("place"), chunk["item"], chunk.pop("person")
            uniform = rng.random((place.size, self.history), dtype=np.float32)
            met, met_weights = bags(person.ravel(), place.ravel(), uniform, weights.indptr, weights.indices, rows)
            drawn = sampler.draw(rng, (steps, k))
            made = {
                "history": met.reshape(steps, size, -1),
                "history_weight": met_weights.reshape(steps, size, -1),
                "log_q": log_q[item],
                "drawn": drawn,
                "drawn_log_q": log_q[drawn] if self.negatives else np.full((steps, k), 1e9, np.float32),
                "weight": chunk["weight"] * chunk.pop("preferred"),
            }
            if self.n_terms_:
                made |= {"term": terms[item], "term_weight": term_weights[item]}
                made |= {"drawn_term": terms[drawn], "drawn_term_weight": term_weights[drawn]}
            if self.n_user_terms_:
                made |= {"user_term": self.user_term_[person], "user_term_weight": self.user_term_weight_[person]}
            return made

        columns: dict[str, AnyArray] = {"person": people, "item": items, "place": wanted, "preferred": preferred}
        step = 12 * size * self.history + 8 * (size + k) * terms.shape[1] * bool(self.n_terms_)
        return RowFeed(columns, size, more, more_bytes=step)

    def _make_items(self, terms: IntArray, term_weights: FloatArray) -> None:
        """The vectors and biases of all items."""
        n, met = len(self.item_ids_), self.popularity_ > 0
        parts = []
        for lo in range(0, n, BLOCK):
            some = slice(lo, min(lo + BLOCK, n))
            batch = {"item": np.arange(n, dtype=np.int32)[some], "known": met[some].astype(np.float32)}
            parts.append(self._answers(batch | {"term": terms[some], "term_weight": term_weights[some]}))
        made = np.concatenate(parts)
        self.item_vectors_ = np.ascontiguousarray(made[:, :-1])
        self.item_bias_ = np.where(met, made[:, -1], made[met, -1].mean()).astype(np.float32)

    def _listable(self) -> BoolArray:
        listable: BoolArray = (self.popularity_ > 0) | self.described_
        return listable

    def _score_users(self, users: IntArray) -> LowRank:
        histories = self.histories_[users]
        scores = self._scored(self._preferences(histories), self.user_term_[users], self.user_term_weight_[users])
        ranked = self._ranked(scores, np.diff(histories.indptr) == 0)
        assert isinstance(ranked, LowRank)
        return ranked

    def _score_preferences(self, weights: sparse.csr_array) -> LowRank:
        nothing = np.zeros((weights.shape[0], self.user_term_.shape[1]))
        return self._scored(weights, nothing.astype(np.int32), nothing.astype(np.float32))

    def _scored(self, weights: sparse.csr_array, terms: AnyArray, term_weights: AnyArray) -> LowRank:
        """Scores of people by the items of their histories that were trained, and by their own terms."""
        data = weights.data.clip(0.0) * (self.popularity_[weights.indices] > 0)
        rows = sparse.csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
        total = np.maximum(rows.sum(axis=1), 1e-9)[:, None]
        met = self.weights_["met"] if hasattr(self, "weights_") else self._trained_network().values()["met"]
        bag = ((rows @ met) / total).astype(np.float32)
        vectors = self._answers({"bag": bag, "user_term": terms, "user_term_weight": term_weights})
        return LowRank((vectors / self.temperature).astype(np.float32), self.item_vectors_, self.item_bias_)

    def _item_similarities(self, items: IntArray) -> LowRank:
        """Cosine of item vectors; NaN in the row of an item of which nothing is known."""
        known = self._listable()
        lengths = np.sqrt(np.einsum("if,if->i", self.item_vectors_, self.item_vectors_))[:, None]
        unit: FloatArray = self.item_vectors_ / np.maximum(lengths, np.float32(1e-9))
        left = np.where(known[items, None], unit[items], np.float32(np.nan))
        return LowRank(left, unit, np.where(known, np.float32(0.0), np.float32(-np.inf)))


def _rows(catalog: Catalog | None, side: str, ids: Ids, wanted: str) -> pl.DataFrame:
    """What the catalog says of items or users, a row for each id; nothing where nothing is asked for."""
    if not wanted:
        return pl.DataFrame({"item": np.arange(len(ids))})
    table = getattr(catalog, side, None)
    if table is None:
        raise DataError(f"TwoTower learns from features of {side}, and these data have no catalog of {side}")
    return Catalog(table if side == "items" else table.rename({"user": "item"})).rows(ids)
