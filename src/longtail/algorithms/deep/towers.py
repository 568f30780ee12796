"""The network of two towers: one makes a vector of a history, the other one of an item."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from longtail.algorithms.trainer import Batch, Network, Table, Tensor, keras

__all__ = ["Towers"]


@dataclass(eq=False, kw_only=True)
class Towers(Network):
    """Two towers whose vectors meet in an inner product, and a sampled softmax over items.

    The tower of people reads the weighted mean of the vectors of a history, and the terms of the person; that of items
    reads the item's own vector, and its terms. Layers of ReLU units, if there are any, and a last linear one follow.

    Attributes:
        n_items: rows of the tables of items.
        n_terms: terms of items; 0 for none.
        n_user_terms: terms of people; 0 for none.
        factors: length of all vectors.
        hidden: units of the layers of either tower.
        normalized: whether the vectors of both towers are made 1 long.
        temperature: what inner products are divided by.
        in_batch: whether the items of the other rows of a batch are candidates.
        dropout_rate: share of the items whose own vector is left out in training, so that terms learn to do alone.
        regularization: weight of the squared vectors of each row.
    """

    n_items: int
    n_terms: int
    n_user_terms: int
    factors: int
    hidden: tuple[int, ...]
    normalized: bool
    temperature: float
    in_batch: bool
    dropout_rate: float
    regularization: float

    def build(self) -> None:
        """Tables of items (as what was met, as what may come, biases) and of terms, and the layers."""
        small, width = self.normal(float(self.factors) ** -0.5), self.factors
        self.met, self.items = self.weight((self.n_items, width), small), self.weight((self.n_items, width), small)
        self.biases = self.weight((self.n_items, 1))
        self.nobody = self.weight((width,), self.normal(0.01))
        if self.n_terms:
            self.terms = self.weight((self.n_terms, width), small)
            self.dropped = self.dropout(self.dropout_rate)
        if self.n_user_terms:
            self.user_terms = self.weight((self.n_user_terms, width), small)
        self.user_tower, self.item_tower = self._tower(), self._tower()

    def _tower(self) -> list[object]:
        if not self.hidden:
            return []
        sizes = [self.factors, *self.hidden]
        hidden = [self.dense(before, after, "relu") for before, after in pairwise(sizes)]
        return [*hidden, self.dense(sizes[-1], self.factors)]

    def tables(self) -> tuple[Table, ...]:
        """All but the layers."""
        items = Table(("items", "biases"), ("item", "drawn"))
        met = Table(("met",), ("history",))
        terms = [Table(("terms",), ("term", "drawn_term"))] if self.n_terms else []
        people = [Table(("user_terms",), ("user_term",))] if self.n_user_terms else []
        return (items, met, *terms, *people)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """Minus the logarithm of the chance of each row's item among the candidates."""
        ops = keras.ops
        history = ops.take(self.met, batch["history"], axis=0)
        weights = batch["history_weight"]
        total = ops.sum(weights, axis=1, keepdims=True)
        bag = ops.sum(history * weights[:, :, None], axis=1) / ops.maximum(total, 1e-9)
        people = self.person(bag, batch)
        own, bias = self.item(batch, "", training)
        drawn, drawn_bias = self.item(batch, "drawn_", training)
        of_drawn = self.inner(people, drawn) + (drawn_bias - batch["drawn_log_q"])[None, :]
        right = ops.sum(people * own, axis=1) / self.temperature + bias - batch["log_q"]
        if self.in_batch:
            real = ops.where(batch["weight"] > 0, 0.0, -1e9)
            others = self.inner(people, own) + (bias - batch["log_q"] + real)[None, :]
            candidates = ops.concatenate([others, of_drawn], axis=1)
        else:
            candidates = ops.concatenate([right[:, None], of_drawn], axis=1)
        lost = ops.logsumexp(candidates, axis=1) - right
        squares = ops.sum(ops.square(bag), axis=1) + ops.sum(ops.square(own), axis=1)
        return lost + 0.5 * self.regularization * squares

    def inner(self, people: Tensor, items: Tensor) -> Tensor:
        """(n_people, n_items) inner products of vectors, divided by the temperature."""
        return keras.ops.matmul(people, keras.ops.transpose(items)) / self.temperature

    def person(self, bag: Tensor, batch: Batch) -> Tensor:
        """(n, factors) of mean vectors (n, factors) and the terms of the people."""
        vectors = bag + self.nobody
        if self.n_user_terms:
            vectors = vectors + self._summed(self.user_terms, batch["user_term"], batch["user_term_weight"])
        return self._finished(vectors, self.user_tower)

    def item(self, batch: Batch, kind: str, training: bool) -> tuple[Tensor, Tensor]:
        """(n, factors) and (n,): vectors and biases of the items of a batch, of the given kind."""
        ops = keras.ops
        ids = batch["drawn" if kind else "item"]
        vectors, biases = ops.take(self.items, ids, axis=0), ops.take(self.biases, ids, axis=0)
        if self.n_terms:
            kept = self.dropped(ops.ones_like(biases), training=training)
            known = kept if "known" not in batch else batch["known"][:, None]
            vectors = vectors * known + self._summed(self.terms, batch[f"{kind}term"], batch[f"{kind}term_weight"])
        return self._finished(vectors, self.item_tower), biases[:, 0]

    def answer(self, batch: Batch) -> Tensor:
        """Vectors of people (n, factors) for mean vectors "bag"; else vectors and biases (n, factors + 1) of items."""
        if "bag" in batch:
            return self.person(batch["bag"], batch)
        vectors, biases = self.item(batch, "", training=False)
        return keras.ops.concatenate([vectors, biases[:, None]], axis=1)

    def _summed(self, table: Tensor, terms: Tensor, weights: Tensor) -> Tensor:
        return keras.ops.sum(keras.ops.take(table, terms, axis=0) * weights[:, :, None], axis=1)

    def _finished(self, vectors: Tensor, tower: list[object]) -> Tensor:
        ops = keras.ops
        for layer in tower:
            vectors = layer(vectors)  # type: ignore[operator]
        vectors = ops.cast(vectors, "float32")
        if self.normalized:
            vectors = vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=1, keepdims=True) + 1e-9)
        return vectors
