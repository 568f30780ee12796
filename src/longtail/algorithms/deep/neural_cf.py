"""The network of neural collaborative filtering, and how it finds the vectors of somebody new."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from longtail.algorithms.trainer import Batch, Network, Table, Tensor, keras

__all__ = ["NeuralCF", "Parts"]

Parts = Literal["both", "gmf", "mlp"]


@dataclass(eq=False, kw_only=True)
class NeuralCF(Network):
    """The score of a pair: a weighted inner product of two vectors, and layers over two others side by side.

    The first layer is written as a sum of what it makes of the person and of the item, which is the same and lets
    either be computed once for many pairs.

    Attributes:
        n_users: rows of the tables of people.
        n_items: rows of the tables of items.
        factors: length of the vectors whose product is taken.
        hidden: width of both other vectors together, then units of each ReLU layer.
        parts: which of the two there are.
        negatives: items drawn beside each one met.
        regularization: weight of the squared vectors of each pair.
        fold_in_steps: steps of Adam by which somebody new gets vectors.
        fold_in_rate: the size of these.
    """

    n_users: int
    n_items: int
    factors: int
    hidden: tuple[int, ...]
    parts: Parts
    negatives: int
    regularization: float
    fold_in_steps: int
    fold_in_rate: float

    def build(self) -> None:
        """Tables, small at first as in the paper, layers, and the weights that join both parts."""
        small, half = self.normal(0.01), self.hidden[0] // 2
        self.bias = self.weight((1,))
        if self.parts != "mlp":
            self.user_gmf = self.weight((self.n_users, self.factors), small)
            self.item_gmf = self.weight((self.n_items, self.factors), small)
            self.head_gmf = self.weight((self.factors,), lambda shape: self.glorot()((*shape, 1))[:, 0])
        if self.parts != "gmf":
            self.user_mlp = self.weight((self.n_users, half), small)
            self.item_mlp = self.weight((self.n_items, half), small)
            sizes = [2 * half, *self.hidden[1:]]
            self.kernels = [self.weight(shape, self.glorot()) for shape in pairwise(sizes)]
            self.shifts = [self.weight((size,)) for size in sizes[1:]]
            self.head_mlp = self.weight((sizes[-1],), lambda shape: self.glorot()((*shape, 1))[:, 0])

    def tables(self) -> tuple[Table, ...]:
        """Those of people and of items."""
        names = [] if self.parts == "mlp" else ["gmf"]
        names += [] if self.parts == "gmf" else ["mlp"]
        people = Table(tuple(f"user_{name}" for name in names), ("user",))
        return people, Table(tuple(f"item_{name}" for name in names), ("item", "drawn"))

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """Log loss of the item of each row (n,), which was met, and of those drawn (n, negatives), which were not."""
        ops = keras.ops
        squares: Tensor = 0.0
        people, items = {}, {}
        for name in ("gmf", "mlp"):
            if hasattr(self, f"user_{name}"):
                table = getattr(self, f"item_{name}")
                own = ops.take(table, batch["item"], axis=0)[:, None, :]
                people[name] = ops.take(getattr(self, f"user_{name}"), batch["user"], axis=0)
                items[name] = ops.concatenate([own, ops.take(table, batch["drawn"], axis=0)], axis=1)
                squares = squares + ops.sum(ops.square(people[name]), axis=1) + ops.sum(ops.square(own), axis=(1, 2))
        scores, _ = self._scores(people, self._of_items(items))
        lost = ops.softplus(-scores[:, 0]) + ops.sum(ops.softplus(scores[:, 1:]), axis=1)
        return lost + 0.5 * self.regularization * squares

    def answer(self, batch: Batch) -> Tensor:
        """Scores (n, n_items) of people by their vectors "gmf" and "mlp"; or vectors of somebody with a "history"."""
        if "history" in batch:
            return self._solved(batch)
        everything = {name: getattr(self, f"item_{name}")[None, :, :] for name in ("gmf", "mlp") if name in batch}
        return self._scores(batch, self._of_items(everything))[0]

    def _of_items(self, vectors: Batch) -> dict[str, Tensor]:
        """Of items (..., k, width): their part of the product, and of the first layer."""
        ops, made = keras.ops, {}
        if "gmf" in vectors:
            made["gmf"] = vectors["gmf"] * self.head_gmf
        if "mlp" in vectors:
            first = ops.matmul(vectors["mlp"], self.kernels[0][self.hidden[0] // 2 :])
            made["mlp"] = first + self.shifts[0]
        return made

    def _scores(self, people: Batch, items: Batch) -> tuple[Tensor, list[Tensor]]:
        """Scores (n, k) of vectors of people (n, width) and of items (n or 1, k, width), and what each layer makes."""
        ops, made = keras.ops, []
        scores: Tensor = self.bias
        if "gmf" in items:
            scores = scores + ops.sum(people["gmf"][:, None, :] * items["gmf"], axis=2)
        if "mlp" in items:
            own = ops.matmul(people["mlp"], self.kernels[0][: self.hidden[0] // 2])
            made.append(ops.relu(own[:, None, :] + items["mlp"]))
            for kernel, shift in zip(self.kernels[1:], self.shifts[1:], strict=True):
                made.append(ops.relu(ops.matmul(made[-1], kernel) + shift))
            scores = scores + ops.matmul(made[-1], self.head_mlp)
        return scores, made

    # -- somebody new ------------------------------------------------------------------------------------------------

    def _solved(self, batch: Batch) -> Tensor:
        """(n, widths) vectors "gmf" and "mlp", side by side, that lower the loss of somebody's row, all else fixed.

        The batch has "history" (n, k) item numbers with "history_weight", and "drawn" (n, m) with "drawn_weight", all
        as they weigh in the loss; a step of Adam (Kingma and Ba 2015) starts at "start" (n, widths), the mean of all
        people.
        """
        ops = keras.ops
        ids = ops.concatenate([batch["history"], batch["drawn"]], axis=1)
        weights = ops.concatenate([batch["history_weight"], batch["drawn_weight"]], axis=1)
        met = ops.concatenate([ops.ones_like(batch["history_weight"]), ops.zeros_like(batch["drawn_weight"])], axis=1)
        names = [name for name in ("gmf", "mlp") if hasattr(self, f"item_{name}")]
        items = self._of_items({name: ops.take(getattr(self, f"item_{name}"), ids, axis=0) for name in names})
        decay = self.regularization * ops.sum(batch["history_weight"], axis=1, keepdims=True)

        def step(at: Tensor, state: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
            vectors, mean, square = state
            slope = self.slope(vectors, items, weights, met) + decay * vectors
            mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * ops.square(slope)
            number = ops.cast(at, "float32") + 1.0
            length = ops.sqrt(square / (1.0 - 0.999**number)) + 1e-8
            return vectors - self.fold_in_rate * mean / (1.0 - 0.9**number) / length, mean, square

        start = batch["start"]
        return ops.fori_loop(0, self.fold_in_steps, step, (start, ops.zeros_like(start), ops.zeros_like(start)))[0]

    def slope(self, vectors: Tensor, items: Batch, weights: Tensor, met: Tensor) -> Tensor:
        """(n, widths) gradient, by the vectors of people, of their weighted log loss over items (n, k)."""
        ops, cut = keras.ops, self.factors if self.parts != "mlp" else 0
        people = {"gmf": vectors[:, :cut], "mlp": vectors[:, cut:]}
        scores, made = self._scores(people, items)
        wrong = weights * (ops.sigmoid(scores) - met)
        parts = []
        if "gmf" in items:
            parts.append(ops.sum(wrong[:, :, None] * items["gmf"], axis=1))
        if "mlp" in items:
            back = wrong[:, :, None] * self.head_mlp
            for at in range(len(made) - 1, -1, -1):
                back = ops.where(made[at] > 0, back, 0.0)
                back = ops.matmul(back, ops.transpose(self.kernels[at])) if at else back
            first = self.kernels[0][: self.hidden[0] // 2]
            parts.append(ops.matmul(ops.sum(back, axis=1), ops.transpose(first)))
        return ops.concatenate(parts, axis=1)
