"""What models share that know a person and what the person did last: learning from steps, answers for anyone."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.powers import LearnsOnline
from longtail.algorithms.sequential import Sequential
from longtail.algorithms.trainer import Chunk, RowFeed, Sampler, Tensor, Trained, keras
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.newcomers import newcomers
from longtail.kernels.parallel import run_rows
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray, IntArray, LongArray

__all__ = ["Against", "PersonalChain", "lost", "recent", "steps_of_people"]

Against = Literal["unmet", "others"]

POOL = 200
"""Items that a newcomer's next ones are held against."""
SOLVING = 40
"""Steps towards a newcomer's vector."""
EVENTS_AT_ONCE = 2**16
"""Events of newcomers whose past is laid out together."""


@dataclass(kw_only=True)
class PersonalChain(Trained, Sequential, LearnsOnline, ABC):
    """Learns from every event that follows another one of the same person, beside items drawn that were not met.

    With s_j the score of the item that came next and s_k those of the drawn ones, an event loses

        ln(1 + sum over k of exp(s_k - s_j))

    With one negative that is S-BPR, -ln sigmoid(s_j - s_k) (Rendle, Freudenthaler and Schmidt-Thieme 2010, section
    5); with more, a softmax over them and the right one. People of the training data keep the vector they were trained
    with. Somebody else gets the one that minimizes the loss of their own history, the items held fixed (see
    `kernels.newcomers`), or 0 where nothing followed anything. What is learned online is the last event of that person.

    Attributes:
        preference: see `Sequential`.
        factors: length of the vectors.
        personal: whether people have vectors; of sessions that nobody returns to, better not.
        negatives: items drawn for each event.
        against: what may be drawn: items the person never met ("unmet"), which leaves open what people come back to, or
            all "others" but the one that came next.
        exponent: they are drawn by popularity to this power; 0 draws all alike.
        regularization: weight of the squared vectors of items that an event reads, and of biases.
        user_regularization: weight of the squared vector of the person.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        pool_: (k,) int32, items drawn for newcomers to be held against.
    """

    fold_in: ClassVar[FoldIn] = "solved"

    factors: int = hyper(64, at_least=1, search=(16, 256), log=True)
    personal: bool = True
    negatives: int = hyper(1, at_least=1, search=(1, 64), log=True)
    against: Against = "unmet"
    exponent: float = hyper(0.0, at_least=0.0, at_most=1.0, search=(0.0, 1.0))
    regularization: float = hyper(1e-4, at_least=0.0, search=(1e-6, 1e-2), log=True)
    user_regularization: float = hyper(1e-2, at_least=0.0, search=(1e-4, 1.0), log=True)
    learning_rate: float = hyper(5e-3, at_least=0.0, search=(1e-3, 3e-2), log=True)

    @abstractmethod
    def _before(self, sequences: sparse.csr_array, places: LongArray) -> Mapping[str, AnyArray]:
        """What the network reads of the past of the events at `places` of the stored entries, these included."""

    @abstractmethod
    def _asked(self, sequences: sparse.csr_array, places: LongArray) -> FloatArray:
        """(n, rank) what `_right` is multiplied by after the events at `places`, for a person whose vector is 0."""

    @abstractmethod
    def _right(self) -> tuple[FloatArray, FloatArray]:
        """(n_items, rank) and (n_items,): scores are an inner product and an offset; `factors` columns are personal."""

    @abstractmethod
    def _answered(self, sequences: sparse.csr_array, people: FloatArray | None) -> Scores:
        """Scores for histories, the last event of each being what they are asked after; vectors None for 0."""

    @abstractmethod
    def _scale(self) -> float:
        """What a person's vector is multiplied by before it meets `_right`."""

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        self.n_people_ = train.n_users if self.personal else 0
        if not self.patience:
            return self._learn_steps(weights)
        left, held = hold_out(weights, which="last", seed=self.seed)

        def answer(people: IntArray, rows: sparse.csr_array) -> Scores:
            return self._answered(rows, self.weights_["people"][people] if self.personal else None)

        def score() -> float:
            self.weights_ = self._trained_network().values()
            found = held.ndcg(answer, exclude_seen=self.against == "unmet")
            del self.weights_
            return found

        return self._learn_steps(left, score)

    def _learn_steps(self, weights: sparse.csr_array, score: Callable[[], float] | None = None) -> None:
        """Train on what followed what in rows in order."""
        people, places = steps_of_people(weights)
        apart = sparse.eye_array(weights.shape[1], format="csr", dtype=np.float32)
        if self.against == "unmet":
            apart = weights.copy()
            apart.sum_duplicates()
        counts = np.bincount(weights.indices, minlength=weights.shape[1])
        sampler = Sampler(np.maximum(counts, 0), self.exponent) if self.exponent else Sampler(counts > 0, 1.0)
        pool = sampler.draw(generator(self.seed, "pool"), (POOL,))
        self.pool_ = pool if self.exponent else np.unique(pool)  # by popularity: what is drawn twice counts twice

        def drawn(rng: np.random.Generator, chunk: Chunk) -> Chunk:
            owner = chunk["person" if self.against == "unmet" else "next"]
            return {"negative": sampler.draw_unseen(rng, owner, self.negatives, apart)}

        columns = {"person": people.astype(np.int32), "next": weights.indices[places].astype(np.int32)}
        columns |= dict(self._before(weights, places - 1))
        self._train(RowFeed(columns, self.batch_size, drawn, 4 * self.batch_size * self.negatives), score)

    def _score_users(self, users: IntArray) -> Scores:
        rows = self._preferences(self.histories_[users])
        people = self.weights_["people"][users] if self.personal else None
        scores = self._answered(rows, people)
        return self._ranked(scores, self._without_answer(rows, scores))

    def _score_preferences(self, weights: sparse.csr_array) -> Scores:
        return self._answered(weights, self._solved(weights) if self.personal else None)

    def _solved(self, weights: sparse.csr_array) -> FloatArray:
        """(n, factors) the vectors of people known only by their histories."""
        vectors = np.zeros((weights.shape[0], self.factors), dtype=np.float32)
        full = np.arange(EVENTS_AT_ONCE, weights.nnz, EVENTS_AT_ONCE)
        cuts = np.unique([0, *np.searchsorted(weights.indptr, full), len(vectors)])
        table = self._right()
        for lo, hi in itertools.pairwise(cuts.tolist()):
            self._solve(weights[lo:hi], table, vectors[lo:hi])
        return vectors

    def _solve(self, weights: sparse.csr_array, table: tuple[FloatArray, FloatArray], vectors: FloatArray) -> None:
        """The vectors of a block of people, written to `vectors`; `table` as `_right` gives it."""
        people, places = steps_of_people(weights)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(people, minlength=weights.shape[0]))]).astype(np.int64)
        following, left = weights.indices[places].astype(np.int32), self._asked(weights, places - 1)
        (right, offset), unmet, k = table, self.against == "unmet", float(self.negatives)
        decay = self.user_regularization / self._scale() ** 2

        def solve(lo: int, hi: int) -> None:
            newcomers(lo, hi, indptr, following, left, right, offset, self.pool_, unmet, k, decay, SOLVING, vectors)

        run_rows(solve, len(vectors))
        vectors /= np.float32(self._scale())

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        """Nothing: the histories hold it already."""


def steps_of_people(sequences: sparse.csr_array) -> tuple[LongArray, LongArray]:
    """The row and the place, among the stored entries, of every event that follows another one of its row.

    Examples:
        >>> rows = sparse.csr_array(([1.0, 1.0, 1.0], [2, 0, 1], [0, 2, 3]), shape=(2, 3))
        >>> [part.tolist() for part in steps_of_people(rows)]
        [[0], [1]]
    """
    of = row_numbers(sequences)
    places = np.flatnonzero(of[1:] == of[:-1]) + 1
    return of[places], places


def recent(sequences: sparse.csr_array, places: LongArray, n: int) -> tuple[IntArray, FloatArray]:
    """The items of the last n events up to each of `places`, (m, n), and the share of each; a row may have fewer.

    Examples:
        >>> rows = sparse.csr_array(([1.0, 1.0, 1.0], [2, 0, 1], [0, 2, 3]), shape=(2, 3))
        >>> [part.tolist() for part in recent(rows, np.array([1, 2]), 2)]
        [[[0, 2], [1, 1]], [[0.5, 0.5], [1.0, 0.0]]]
    """
    back = places[:, None] - np.arange(n)
    inside = back >= sequences.indptr[np.searchsorted(sequences.indptr, places, side="right") - 1][:, None]
    items = sequences.indices[np.where(inside, back, places[:, None])].astype(np.int32)
    return items, (inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def lost(own: Tensor, others: Tensor) -> Tensor:
    """(n,) ln(1 + sum over k of exp(others_k - own)) of scores (n,) and (n, k)."""
    ops = keras.ops
    return ops.softplus(ops.logsumexp(others - own[:, None], axis=1))
