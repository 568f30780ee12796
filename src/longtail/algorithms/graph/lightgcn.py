"""LightGCN: vectors of users and items, averaged over their neighborhood in the graph of who met what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.graph.sums import sum_tree, tree_shapes
from longtail.algorithms.powers import SimilarItems
from longtail.algorithms.preferences import Preference
from longtail.algorithms.ranker import Ranker
from longtail.algorithms.trainer import Batch, Chunk, Network, RowFeed, Sampler, Tensor, Trained, keras
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["LightGCN"]

WIDTH = 8
"""Neighbors summed at a time: as many gathers, which compile to one pass (a sum over an axis does not)."""
RIDGE = 1e-3
"""Of the fit of e_u(0), as a part of the mean square."""


@dataclass(eq=False, kw_only=True)
class PropagationNetwork(Network):
    """A vector for each node, and its mean over the layers of propagation.

    With the graph A of n nodes, users first, and their degrees d,

        E(l+1) = D^-1/2 A D^-1/2 E(l),    E = (E(0) + ... + E(L)) / (L + 1)

    The graph is the same in every step, so it is not part of the batches: `set_graph` hands it over once.

    Attributes:
        nodes: n.
        n_users: how many of them are users.
        factors: length of a vector.
        layers: L.
        regularization: see `LightGCN`.
        shapes: of the arrays of `sum_tree`.
        E: (n, factors), E(0).
        scale: (n,), 1 / sqrt(d), 0 for a node without neighbors.
    """

    nodes: int
    n_users: int
    factors: int
    layers: int
    regularization: float
    shapes: tuple[tuple[int, int], ...]

    def build(self) -> None:
        """Vectors alone."""
        self.E = self.weight((self.nodes, self.factors), self.normal(0.1))
        self.scale = self.constant((self.nodes,))
        self.tree = [self.constant(shape, "int32") for shape in self.shapes]

    def set_graph(self, degrees: AnyArray, levels: list[IntArray]) -> None:
        """Hand over the graph: the number of neighbors of each node (n,), and the levels of its sums."""
        self.scale.assign(_scaled(degrees))
        for variable, level in zip(self.tree, levels, strict=True):
            variable.assign(level)

    def neighbors(self, x: Tensor) -> Tensor:
        """D^-1/2 A D^-1/2 x."""
        ops = keras.ops
        scale = ops.expand_dims(ops.convert_to_tensor(self.scale), 1)
        x = x * scale
        for level in self.tree:
            padded, at = ops.pad(x, ((0, 1), (0, 0))), ops.convert_to_tensor(level)
            x = sum(ops.take(padded, at[:, column], axis=0) for column in range(level.shape[1]))
        return x * scale

    def mean_of_layers(self, x: Tensor) -> Tensor:
        """(1 + P + ... + P^L) x / (L + 1), with P as in `neighbors`."""

        def further(_: Tensor, so_far: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            layer = self.neighbors(so_far[0])
            return layer, so_far[1] + layer

        return keras.ops.fori_loop(0, self.layers, further, (x, x))[1] / (self.layers + 1.0)

    def vectors(self) -> Tensor:
        """(n, factors) E. The matrix it takes E(0) times is symmetric, so gradients go through the same sums."""

        @keras.ops.custom_gradient  # type: ignore[untyped-decorator]
        def averaged(x: Tensor) -> tuple[Tensor, Any]:
            def back(*given: Tensor, upstream: Tensor = None) -> Tensor:
                return self.mean_of_layers(given[0] if upstream is None else upstream)

            return self.mean_of_layers(x), back

        return averaged(keras.ops.convert_to_tensor(self.E))

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """(batch,) - log sigmoid(e_u . e_i - e_u . e_j), and the squares of E(0) of the three."""
        ops = keras.ops
        nodes = [batch["user"], self.n_users + batch["item"], self.n_users + batch["negative"]]
        vectors = self.vectors()
        user, item, negative = (ops.take(vectors, node, axis=0) for node in nodes)
        squares = sum(ops.sum(ops.square(ops.take(self.E, node, axis=0)), axis=1) for node in nodes)
        return ops.softplus(ops.sum(user * (negative - item), axis=1)) + 0.5 * self.regularization * squares

    def answer(self, batch: Batch) -> Tensor:
        """(n, factors) vectors of nodes (n,)."""
        return keras.ops.take(self.mean_of_layers(keras.ops.convert_to_tensor(self.E)), batch["node"], axis=0)


@dataclass(kw_only=True)
class LightGCN(Trained, Ranker, SimilarItems):
    """Light graph convolution (He, Deng, Wang, Li, Zhang and Wang 2020, equations 3 to 15).

    In the graph with a line between every person and every item they met, with N the neighbors of each,

        e_u(l+1) = sum over i in N_u of e_i(l) / sqrt(|N_u| |N_i|),   likewise e_i(l+1);   e = mean over l of e(l)

    and the score is e_u . e_i. Only the e(0) are learned, by BPR: for a person, an item they met and one they did not,

        - ln sigmoid(e_u . e_i - e_u . e_j) + regularization / 2 (|e_u(0)|^2 + |e_i(0)|^2 + |e_j(0)|^2)

    A step goes through the whole graph, `layers` times forth and back, whatever the size of the batch: large batches
    cost little more. Someone new is propagated to from their items, as a training user is; what they lack is an e_u(0)
    of their own, for which the linear function of the other layers stands that fits those of the training users best
    by least squares.

    Attributes:
        preference: see `Ranker`; a preference above 0 is a line, whatever it is.
        factors: length of a vector.
        layers: steps of propagation.
        regularization: weight of the squares of what a step reads.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        user_vectors_: (n_users, factors) float32, e_u; zero without training rows.
        item_vectors_: (n_items, factors) float32, e_i; zero without training rows.
        item_counts_: (n_items,) int32, |N_i|.
        spread_: (n_items, factors) float32, what an item hands to a person in all layers, without what the person has
            to say: (e_i(0) + ... + e_i(layers - 1)) / sqrt(|N_i|).
        first_: (factors + 1, factors) float32, what makes an e_u(0) of the sum of the layers that follow, and a 1.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = LightGCN(factors=8, epochs=30, batch_size=32, learning_rate=0.02).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "solved"

    preference: Preference = "binary"
    factors: int = hyper(128, at_least=1, search=(32, 256), log=True)
    layers: int = hyper(3, at_least=1, at_most=10, search=(1, 4))
    regularization: float = hyper(2e-3, at_least=0.0, search=(1e-4, 1e-2), log=True)
    epochs: int = hyper(40, at_least=1, search=(20, 100), log=True)
    batch_size: int = hyper(4096, at_least=1)
    learning_rate: float = hyper(0.02, at_least=0.0, search=(3e-3, 0.05), log=True)

    def _network(self) -> Network:
        rows = self._lines if hasattr(self, "_lines") else _lines(self._preferences(self.histories_))
        whole = sparse.block_array([[None, rows], [rows.T, None]], format="csr")
        levels = sum_tree(whole.indptr, whole.indices, whole.shape[0], WIDTH)
        network = PropagationNetwork(
            nodes=whole.shape[0], n_users=rows.shape[0], factors=self.factors, layers=self.layers,
            regularization=self.regularization, shapes=tree_shapes(levels), precision=self.precision, seed=self.seed,
        )  # fmt: skip
        network.set_graph(np.diff(whole.indptr), levels)
        return network

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        left, held = hold_out(weights, seed=self.seed) if self.patience else (weights, None)
        rows = self._lines = _lines(left)
        users = np.repeat(np.arange(rows.shape[0], dtype=np.int32), np.diff(rows.indptr))
        self.item_counts_ = np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.int32)
        sampler = Sampler(self.item_counts_ > 0, exponent=1.0)

        def negatives(rng: np.random.Generator, chunk: Chunk) -> dict[str, AnyArray]:
            return {"negative": sampler.draw_unseen(rng, chunk["user"], 1, rows)[..., 0]}

        def score() -> float:
            assert held is not None
            user, item = self._vectors(rows.shape[0])
            return held.ndcg(lambda people, _: user[people] @ item.T)

        try:
            self._train(
                RowFeed({"user": users, "item": rows.indices}, self.batch_size, negatives),
                score if self.patience else None,
            )
            user, item = self._vectors(rows.shape[0])
            self.user_vectors_, self.item_vectors_ = user.copy(), item.copy()
            self.user_vectors_[np.diff(rows.indptr) == 0] = 0.0
            self.item_vectors_[self.item_counts_ == 0] = 0.0
            self._prepare_fold_in(rows)
        finally:
            del self._lines

    def _vectors(self, n_users: int) -> tuple[FloatArray, FloatArray]:
        """Vectors of users and items with the weights of the moment."""
        nodes = n_users + len(self.item_ids_)
        vectors = self._answers({"node": np.arange(nodes, dtype=np.int32)})
        return vectors[:n_users], vectors[n_users:]

    # -- people it has not seen --------------------------------------------------------------------------------------

    def _prepare_fold_in(self, rows: sparse.csr_array) -> None:
        n_users = rows.shape[0]
        first, of_items = self.weights_["E"][:n_users], self.weights_["E"][n_users:]
        to_users, to_items = (_scaled(counts) for counts in (np.diff(rows.indptr), self.item_counts_))
        layer, total, people = of_items, of_items, first
        for _ in range(self.layers - 1):
            people, layer = (
                to_users[:, None] * (rows @ (to_items[:, None] * layer)),
                to_items[:, None] * (rows.T @ (to_users[:, None] * people)),
            )
            total = total + layer
        self.spread_ = (to_items[:, None] * total).astype(np.float32)
        present = np.diff(rows.indptr) > 0
        later = _with_one(self._later(rows)[present]).astype(np.float64)
        square = later.T @ later
        square.flat[:: len(square) + 1] += RIDGE * max(np.trace(square) / len(square), 1e-12)
        self.first_ = np.linalg.solve(square, later.T @ first[present]).astype(np.float32)

    def _later(self, rows: sparse.csr_array) -> FloatArray:
        """(n, factors) the sum of the layers from 1 on, of people known only by their lines (n, n_items)."""
        found: FloatArray = _scaled(np.diff(rows.indptr))[:, None] * (rows @ self.spread_)
        return found

    def _score_preferences(self, weights: sparse.csr_array) -> LowRank:
        later = self._later(_lines(weights))
        vectors = (_with_one(later) @ self.first_ + later) / np.float32(self.layers + 1)
        return LowRank(vectors, self.item_vectors_, np.zeros(len(self.item_vectors_), dtype=np.float32))

    # -- people and items it has -------------------------------------------------------------------------------------

    def _score_users(self, users: IntArray) -> Scores:
        nothing = np.zeros(len(self.item_vectors_), dtype=np.float32)
        cold = self.histories_.indptr[users] == self.histories_.indptr[users + 1]
        return self._ranked(LowRank(self.user_vectors_[users], self.item_vectors_, nothing), cold)

    def _item_similarities(self, items: IntArray) -> LowRank:
        """Cosine of item vectors; NaN in the row of an item without training rows."""
        known, lengths = self._listable(), np.linalg.norm(self.item_vectors_, axis=1)[:, None]
        unit = np.divide(self.item_vectors_, lengths, out=np.zeros_like(self.item_vectors_), where=lengths > 0)
        left = np.where(known[items, None], unit[items], np.float32(np.nan))
        return LowRank(left, unit, np.where(known, np.float32(0.0), np.float32(-np.inf)))


def _lines(weights: sparse.csr_array) -> sparse.csr_array:
    """Ones where there is a preference above 0."""
    parts = (weights.data > 0).astype(np.float32), weights.indices.copy(), weights.indptr.copy()
    lines = sparse.csr_array(parts, weights.shape)
    lines.eliminate_zeros()
    return lines


def _scaled(counts: AnyArray) -> FloatArray:
    """1 / sqrt of how many, 0 where there are none."""
    found: FloatArray = np.where(counts > 0, 1.0 / np.sqrt(np.maximum(counts, 1)), 0.0).astype(np.float32)
    return found


def _with_one(rows: FloatArray) -> FloatArray:
    """Rows with a 1 at their end."""
    return np.concatenate([rows, np.ones((len(rows), 1), dtype=rows.dtype)], axis=1)
