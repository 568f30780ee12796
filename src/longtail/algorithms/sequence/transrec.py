"""TransRec: people are translations from one item to the next."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from longtail.algorithms.base import Scores
from longtail.algorithms.powers import SimilarItems
from longtail.algorithms.sequence.personal_chain import PersonalChain, lost
from longtail.algorithms.sequential import last_events
from longtail.algorithms.trainer import Batch, Network, Table, Tensor, keras
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import AnyArray, FloatArray, IntArray, LongArray

__all__ = ["TransRec", "TranslationNetwork"]

Distance = Literal["l2", "l1"]


@dataclass(eq=False, kw_only=True)
class TranslationNetwork(Network):
    """Vectors and biases of items, a step for all, and one for each person."""

    n_items: int
    n_people: int
    factors: int
    distance: Distance
    radius: float
    regularization: float
    user_regularization: float

    def build(self) -> None:
        """Items and the common step begin with length 1, people and biases at 0 (section 3.3 of the paper)."""
        self.items = self.weight((self.n_items, self.factors), self._unit)
        self.items.constraint = functools.partial(_within, radius=self.radius)
        self.bias = self.weight((self.n_items,))
        self.step = self.weight((1, self.factors), self._unit)
        if self.n_people:
            self.people = self.weight((self.n_people, self.factors))

    def _unit(self, shape: tuple[int, ...]) -> FloatArray:
        drawn = self.normal(1.0)(shape)
        found: FloatArray = (drawn * min(1.0, self.radius) / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(
            np.float32
        )
        return found

    def tables(self) -> tuple[Table, ...]:
        """An event reads two items and its negatives, and a person."""
        items = Table(("items", "bias"), ("previous", "next", "negative"))
        return (items, Table(("people",), ("person",))) if self.n_people else (items,)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """The loss of each event, with the weight of all that it reads."""
        ops = keras.ops
        previous, following, negative = (
            ops.take(self.items, batch[name], axis=0) for name in ("previous", "next", "negative")
        )
        bias, other_bias = (ops.take(self.bias, batch[name], axis=0) for name in ("next", "negative"))
        reached = previous + self.step
        weight = _squares(previous) + _squares(following) + ops.square(bias)
        weight = weight + ops.mean(_squares(negative) + ops.square(other_bias), axis=1)
        penalty = 0.5 * self.regularization * weight
        if self.n_people:
            own = ops.take(self.people, batch["person"], axis=0)
            reached = reached + own
            penalty = penalty + 0.5 * self.user_regularization * _squares(own)
        own_score = bias - self._apart(reached, following)
        return lost(own_score, other_bias - self._apart(reached[:, None, :], negative)) + penalty

    def answer(self, batch: Batch) -> Tensor:
        """The vectors of items."""
        return keras.ops.take(self.items, batch["item"], axis=0)

    def _apart(self, one: Tensor, other: Tensor) -> Tensor:
        ops = keras.ops
        return _squares(one - other) if self.distance == "l2" else ops.sum(ops.abs(one - other), axis=-1)


@dataclass(kw_only=True)
class TransRec(PersonalChain, SimilarItems):
    """The next item lies where a person's step leads from the last one (He, Kang and McAuley 2017).

    Items are points g_i of a ball, and a person u goes from the last item i to

        x = g_i + t + t_u,    score of j = b_j - d(x, g_j)

    with d the squared Euclidean distance, or the city-block one, t the step that all have in common and t_u what is
    the person's own. Points that leave the ball are put back on its surface after every step of the training. Up to a
    constant of the person, the squared distance is an inner product, and so answered as fast as one.

    Someone new has the t_u of least loss over their own history; with "l1" it is 0, the answer of the paper to people
    without a past. "More like item i" is what lies next to it.

    Attributes:
        preference: see `Sequential`.
        factors: see `PersonalChain`; likewise the hyperparameters that follow.
        distance: "l2", squared, or "l1".
        radius: of the ball; the paper's is 1. The larger, the surer a prediction can be.
        n_people_: how many people have a step of their own.

    Examples:
        >>> import longtail as lt
        >>> rows = [(user, (3 * user + step) % 12) for user in range(40) for step in range(5)]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = TransRec(factors=8, epochs=100, learning_rate=0.05, batch_size=32).fit(data)
        >>> model.recommend_for([[4, 5], [9, 10]], n=1).of(0)
        [6]
    """

    distance: Distance = "l2"
    radius: float = hyper(1.0, at_least=1e-3, search=(0.5, 8.0), log=True)

    def _network(self) -> Network:
        return TranslationNetwork(
            n_items=len(self.item_ids_), n_people=self.n_people_, factors=self.factors, distance=self.distance,
            radius=self.radius, regularization=self.regularization, user_regularization=self.user_regularization,
            precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _before(self, sequences: sparse.csr_array, places: LongArray) -> Mapping[str, AnyArray]:
        return {"previous": sequences.indices[places].astype(np.int32)}

    def _asked(self, sequences: sparse.csr_array, places: LongArray) -> FloatArray:
        points, step = self.weights_["items"], self.weights_["step"]
        return np.asarray(2.0 * (points[sequences.indices[places]] + step), dtype=np.float32)

    def _right(self) -> tuple[FloatArray, FloatArray]:
        points, bias = self.weights_["items"], self.weights_["bias"]
        return points, (bias - np.einsum("if,if->i", points, points)).astype(np.float32)

    def _scale(self) -> float:
        return 2.0

    def _solved(self, weights: sparse.csr_array) -> FloatArray:
        if self.distance == "l1":
            return np.zeros((weights.shape[0], self.factors), dtype=np.float32)
        return super()._solved(weights)

    def _answered(self, sequences: sparse.csr_array, people: FloatArray | None) -> Scores:
        points, bias = self.weights_["items"], self.weights_["bias"]
        some, last = last_events(sequences)
        reached: FloatArray = np.zeros((sequences.shape[0], self.factors), dtype=np.float32)
        reached[some] = points[last] + self.weights_["step"]
        if people is not None:
            reached = reached + people
        if self.distance == "l1":
            return (bias - cdist(reached, points, "cityblock")).astype(np.float32)
        right, offset = self._right()
        lengths = np.einsum("uf,uf->u", reached, reached)[:, None]
        left = np.concatenate([2.0 * reached, -lengths], axis=1, dtype=np.float32)
        return LowRank(left, np.concatenate([right, np.ones_like(bias)[:, None]], axis=1), offset)

    def _item_similarities(self, items: IntArray) -> FloatArray:
        points = self.weights_["items"]
        far = cdist(points[items], points, "cityblock" if self.distance == "l1" else "sqeuclidean")
        near: FloatArray = (-far).astype(np.float32)
        known = self.popularity_ > 0
        near[:, ~known] = -np.inf
        near[~known[items]] = -np.inf
        return near


def _squares(vectors: Tensor) -> Tensor:
    return keras.ops.sum(keras.ops.square(vectors), axis=-1)


def _within(vectors: Tensor, radius: float) -> Tensor:
    """Rows that are longer than the radius, cut to it."""
    ops = keras.ops
    lengths = ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True))
    return vectors * ops.minimum(1.0, radius / ops.maximum(lengths, 1e-12))
