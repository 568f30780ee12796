"""CDAE: a denoising autoencoder of what a person has met, with a node of each person's own beside the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.deep.autoencoder import AutoencoderRanker, noisy_history, squares
from longtail.algorithms.preferences import Preference
from longtail.algorithms.trainer import Batch, Chunk, Network, Table, Tensor, keras
from longtail.algorithms.trainer.histories import HistoryFeed, laid_out
from longtail.algorithms.trainer.optimizers import Schedule
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["CDAE"]

Activation = Literal["sigmoid", "tanh", "linear"]
Loss = Literal["logistic", "square"]

RIDGE = 1.0
"""Weight of the squared map from histories to nodes, in people."""


@dataclass(eq=False, kw_only=True)
class CollaborativeNetwork(Network):
    """History and a vector of the person -> code -> scores of the items.

    Attributes:
        n_people: rows of the table of nodes.
        n_items: width of both ends.
        factors: units of the code.
        activation: of the code.
        kind: the loss of a cell.
        negatives: empty cells that count, for each that is not.
        noise: share of a history that is dropped in training.
        regularization: weight of half the squared weights.
    """

    n_people: int
    n_items: int
    factors: int
    activation: Activation
    kind: Loss
    negatives: float
    noise: float
    regularization: float

    def build(self) -> None:
        """A layer in without activation, to which the node is added, and a layer out."""
        self.noisy = self.dropout(self.noise)
        self.encode = self.dense(self.n_items, self.factors)
        self.nodes = self.weight((self.n_people, self.factors), self.glorot())
        self.decode = self.dense(self.factors, self.n_items)

    def tables(self) -> tuple[Table, ...]:
        """A step reads the nodes of its people."""
        return (Table(weights=("nodes",), indices=("person",)),)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """(batch,): the losses of the cells of each person, summed, and half the square of their node."""
        ops = keras.ops
        node = ops.take(self.nodes, batch["person"], axis=0)
        scores = self.scores(self.encode(noisy_history(batch, self.n_items, self.noisy, training, scaled=False)), node)
        met = laid_out(batch, batch["value"], self.n_items)
        return ops.sum(self.cells(met, scores), axis=1) + self.weight_of(node)

    def penalty(self, batch: Batch) -> Tensor:
        """Half the squared weights of both layers."""
        return 0.5 * self.regularization * squares([self.encode, self.decode])

    def answer(self, batch: Batch) -> Tensor:
        """(n, n_items): scores for "history" (n, n_items) and "node" (n, factors)."""
        return self.scores(self.encode(batch["history"]), batch["node"])

    def scores(self, inside: Tensor, node: Tensor) -> Tensor:
        """(n, n_items), given what the input and the node (n, factors) add up to within the code."""
        return self.decode(keras.activations.get(self.activation)(inside + node))

    def weight_of(self, node: Tensor) -> Tensor:
        """(n,): what is lost by the size of a node."""
        return 0.5 * self.regularization * keras.ops.sum(keras.ops.square(node), axis=1)

    def empty_weight(self, met: Tensor) -> Tensor:
        """(n, 1): how much an empty cell counts: the chance that it is among the drawn, `negatives` for each met."""
        ops = keras.ops
        number = ops.sum(ops.cast(met > 0, "float32"), axis=1, keepdims=True)
        return ops.minimum(self.negatives * number / ops.maximum(self.n_items - number, 1.0), 1.0)

    def cells(self, met: Tensor, scores: Tensor) -> Tensor:
        """(n, n_items): what each cell loses; `met` is how much a cell counts that is not empty."""
        ops, empty = keras.ops, self.empty_weight(met)
        if self.kind == "logistic":
            return ops.where(met > 0, met * ops.softplus(-scores), empty * ops.softplus(scores))
        return 0.5 * ops.where(met > 0, met * ops.square(1.0 - scores), empty * ops.square(scores))


@dataclass(kw_only=True)
class CDAE(AutoencoderRanker):
    """Collaborative denoising autoencoder (Wu, DuBois, Zheng and Ester 2016).

    A denoising autoencoder of the items a person has met, with one input more that is theirs alone, a node with the
    weights v_u (equations 9 and 10):

        z = h(W' noise(x) + v_u + b),   s = W z + c

    Noise drops each entry with probability `dropout` and divides the others by 1 - dropout. The loss of a person is

        sum over met items of x_i l(1, s_i) + p sum over the others of l(0, s_i) + regularization / 2 |v_u|^2

    with l logistic, log(1 + exp(-s)) and log(1 + exp(s)), or half the squared error; averaged over people, plus
    regularization / 2 (|W|^2 + |W'|^2). The paper draws `negatives` empty cells for each that is met, anew in every
    epoch. Since all scores are computed here anyway, each empty cell counts by the chance p that it is drawn: the mean
    of that loss, without its noise. The paper trains with AdaGrad (`optimizer="adagrad"`).

    A training user is answered with their node. Someone new gets the node to be expected of their history: the value at
    W' x + b of the affine map that fits the nodes of the training users best (a ridge regression on those of theirs).
    A node solved for by the loss itself would learn the history by heart, and ranked worse.

    Attributes:
        preference: see `Ranker`.
        factors: units of the code.
        activation: h.
        loss: l, of a cell.
        negatives: empty cells that count, for each met.
        dropout: share of the entries dropped in training.
        regularization: weight of the squared weights.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        map_: (factors + 1, factors) float32, from [W' x + b, 1] to a node.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = CDAE(factors=8, activation="sigmoid", dropout=0.5, epochs=100, learning_rate=0.02).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "solved"

    preference: Preference = "binary"
    factors: int = hyper(100, at_least=1, search=(50, 300), log=True)
    activation: Activation = "tanh"
    loss: Loss = "logistic"
    negatives: float = hyper(1.5, at_least=0.0, search=(1.0, 50.0), log=True)
    dropout: float = hyper(0.65, at_least=0.0, at_most=0.9, search=(0.3, 0.9))
    regularization: float = hyper(4e-5, at_least=0.0, search=(1e-5, 1e-3), log=True)
    epochs: int = hyper(50, at_least=1, search=(20, 200), log=True)
    learning_rate: float = hyper(0.007, at_least=0.0, search=(1e-4, 1e-2), log=True)
    schedule: Schedule = hyper("cosine", shared=True)

    def _network(self) -> Network:
        return CollaborativeNetwork(
            n_people=len(self.user_ids_), n_items=len(self.item_ids_), factors=self.factors,
            activation=self.activation, kind=self.loss, negatives=self.negatives, noise=self.dropout,
            regularization=self.regularization, precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _feed(self, weights: sparse.csr_array) -> HistoryFeed:
        users = np.flatnonzero(np.diff(weights.indptr) > 0).astype(np.int32)

        def more(rng: np.random.Generator, chunk: Chunk) -> dict[str, AnyArray]:
            return {"person": users[chunk["person"]]}

        return HistoryFeed(weights[users], self.batch_size, more)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        super()._fit_preferences(weights, train, catalog)
        users = np.diff(weights.indptr) > 0
        codes, nodes = self._inside(weights[users]), self.weights_["nodes"][users]
        squares = codes.T @ codes + RIDGE * np.eye(codes.shape[1])
        self.map_ = np.linalg.solve(squares, codes.T @ nodes).astype(np.float32)

    def _inside(self, weights: sparse.csr_array) -> FloatArray:
        """(n, factors + 1): W' x + b, and 1."""
        learned = self._trained_network().values()
        inside = weights @ learned["encode/kernel"] + learned["encode/bias"]
        return np.concatenate([inside, np.ones((len(inside), 1))], axis=1, dtype=np.float32)

    def _score_preferences(self, weights: sparse.csr_array) -> Scores:
        return self._answers({"history": weights.toarray(), "node": self._inside(weights) @ self.map_})

    def _score_people(self, people: IntArray, weights: sparse.csr_array) -> Scores:
        nodes = self._trained_network().values()["nodes"]
        return self._answers({"history": weights.toarray(), "node": nodes[people]})

    def _score_users(self, users: IntArray) -> Scores:
        histories = self.histories_[users]
        scores = self._score_people(users, self._preferences(histories))
        return self._ranked(scores, np.diff(histories.indptr) == 0)
