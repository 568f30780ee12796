"""The network that ranks by watch time: a shared bottom, and two heads on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from longtail.algorithms.trainer import Batch, Network, Table, Tensor, keras

__all__ = ["TwoHeads"]


@dataclass(eq=False, kw_only=True)
class TwoHeads(Network):
    """Of a history, as the weighted mean of vectors, and an item: the logits of watch time and of watching at all.

    The bottom reads the vector of the history, that of the item, and their product, entry by entry.

    Attributes:
        n_items: rows of the tables.
        factors: length of the vectors.
        hidden: units of each ReLU layer of the bottom.
        negatives: items drawn beside each row; 0 for none.
        second_weight: weight of the loss of the second head.
        regularization: weight of the squared vectors of each row.
        dropout_rate: share of the units of the bottom left out in training.
    """

    n_items: int
    factors: int
    hidden: tuple[int, ...]
    negatives: int
    second_weight: float
    regularization: float
    dropout_rate: float

    def build(self) -> None:
        """Both tables, the layers, and a column of the last one for each head."""
        small = self.normal(float(self.factors) ** -0.5)
        self.met, self.items = (self.weight((self.n_items, self.factors), small) for _ in range(2))
        sizes = [3 * self.factors, *self.hidden, 2]
        self.kernels = [self.weight(shape, self.glorot()) for shape in pairwise(sizes)]
        self.shifts = [self.weight((size,)) for size in sizes[1:]]
        self.dropped = self.dropout(self.dropout_rate)

    def tables(self) -> tuple[Table, ...]:
        """Both."""
        drawn = ("drawn",) if self.negatives else ()
        return Table(("items",), ("item", *drawn)), Table(("met",), ("history",))

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """Log loss of both heads: of the first, what was watched weighs its "amount", and all else 1 (section 4.2).

        "offset" is added to all logits of a row, and what was drawn weighs its "share".
        """
        ops = keras.ops
        history, weights = ops.take(self.met, batch["history"], axis=0), batch["history_weight"]
        total = ops.sum(weights, axis=1, keepdims=True)
        bag = ops.sum(history * weights[:, :, None], axis=1) / ops.maximum(total, 1e-9)
        own = ops.take(self.items, batch["item"], axis=0)[:, None, :]
        items = own
        if self.negatives:
            items = ops.concatenate([own, ops.take(self.items, batch["drawn"], axis=0)], axis=1)
        logits = self.logits(bag, items, training) + batch["offset"][:, None, None]
        watched, amount = batch["amount"] > 0, batch["amount"]
        right, wrong = ops.softplus(-logits[:, 0]), ops.softplus(logits[:, 0])
        first = ops.where(watched, amount * right[:, 0], wrong[:, 0])
        second = ops.where(watched, right[:, 1], wrong[:, 1])
        others = batch["share"][:, None] * ops.sum(ops.softplus(logits[:, 1:]), axis=1)
        squares = ops.sum(ops.square(bag), axis=1) + ops.sum(ops.square(own), axis=(1, 2))
        lost = first + others[:, 0] + self.second_weight * (second + others[:, 1])
        return lost + 0.5 * self.regularization * squares

    def logits(self, bag: Tensor, items: Tensor, training: bool = False) -> Tensor:
        """(n, k, 2) of histories (n, factors) and items (n or 1, k, factors)."""
        ops, d = keras.ops, self.factors
        kernel = self.kernels[0]
        made = ops.matmul(bag, kernel[:d])[:, None, :] + ops.matmul(items, kernel[d : 2 * d])
        made = made + ops.matmul(bag[:, None, :] * items, kernel[2 * d :]) + self.shifts[0]
        for layer, shift in zip(self.kernels[1:], self.shifts[1:], strict=True):
            made = ops.matmul(self.dropped(ops.relu(made), training=training), layer) + shift
        return made

    def answer(self, batch: Batch) -> Tensor:
        """(n, n_items, 2) logits of histories "bag" (n, factors)."""
        return self.logits(batch["bag"], self.items[None, :, :])
