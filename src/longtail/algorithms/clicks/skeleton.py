"""What the networks over fields share: a vector for every feature, one for every field of a row, then a logit."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from longtail.algorithms.trainer import Batch, Network, Table, Tensor, keras

__all__ = ["FieldNetwork", "Tower", "pairwise"]

START = 0.01
KEPT = 0.9
LEAST_VARIANCE = 1e-5


@dataclass(eq=False, kw_only=True)
class FieldNetwork(Network):
    """Features -> a vector for each field, and what the features add by themselves -> a logit.

    A batch holds rows of one or more candidates: "features" (n, candidates, slots), row numbers of the tables;
    "amounts" of the same shape, what each counts, 0 for an empty slot; and "label" (n, candidates). With `history` it
    also holds "history" and "shares" (n, any), the features and amounts of one more field, which the candidates have in
    common; when answering, instead its vector "bag" (n, factors) and what it adds by itself, "bag_alone" (n, 1).

    Attributes:
        slots: how many places each field has in a row.
        n_features: rows of the tables.
        factors: length of a vector.
        history: whether there is the field that the candidates share.
        regularization: of the rows of the tables that a step reads: all, unless they are far more than it has places.
    """

    has_weights: ClassVar[bool] = True
    has_vectors: ClassVar[bool] = True

    slots: tuple[int, ...]
    n_features: int
    factors: int
    history: bool
    regularization: float

    def build(self) -> None:
        """Tables of vectors and of weights, then what the kind of network adds."""
        self.bias = self.weight((1,))
        if self.has_weights:
            self.weights = self.weight((self.n_features, 1))
        if self.has_vectors:
            self.vectors = self.weight((self.n_features, self.factors), self.normal(START))
        self.build_parts()

    def build_parts(self) -> None:
        """Make the layers above the fields."""

    @abstractmethod
    def logit(self, fields: Tensor, alone: Tensor, training: bool) -> Tensor:
        """(n,) from the vectors of the fields (n, n_fields, factors), and what the features add by themselves (n,)."""

    @property
    def n_fields(self) -> int:
        """Fields of a row, the history included."""
        return len(self.slots) + self.history

    def tables(self) -> tuple[Table, ...]:
        """The features of a step are few among all."""
        names = tuple(name for name, held in self._tables().items() if held is not None)
        return (Table(weights=names, indices=("features", "history") if self.history else ("features",)),)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """Minus the log-likelihood of the labels, the mean over the candidates of a row."""
        ops = keras.ops
        logits = self.logits(batch, training)
        return ops.mean(ops.softplus(logits) - batch["label"] * logits, axis=1)

    def penalty(self, batch: Batch) -> Tensor:
        """Half the squared entries of the tables."""
        squares = (keras.ops.sum(keras.ops.square(held)) for held in self._tables().values() if held is not None)
        return 0.5 * self.regularization * sum(squares)

    def answer(self, batch: Batch) -> Tensor:
        """Logits (n,) of rows of one candidate."""
        return self.logits(batch, training=False)[:, 0]

    def logits(self, batch: Batch, training: bool) -> Tensor:
        """(n, candidates)."""
        ops = keras.ops
        fields = ops.reshape(self.read(batch), (-1, self.n_fields, self.factors)) if self.has_vectors else None
        alone = ops.reshape(self.read_alone(batch), (-1,)) if self.has_weights else 0.0
        return ops.reshape(self.logit(fields, self.bias + alone, training), (-1, batch["features"].shape[1]))

    def read(self, batch: Batch) -> Tensor:
        """(n, candidates, n_fields, factors): of each field the sum of its features' vectors times their amounts."""
        ops = keras.ops
        each = ops.take(self.vectors, batch["features"], axis=0) * batch["amounts"][..., None]
        fields, lo = [], 0
        for width in self.slots:
            part = each[:, :, lo : lo + width]
            fields.append(part if width == 1 else ops.sum(part, axis=2, keepdims=True))
            lo += width
        if self.history:
            bag = batch["bag"] if "bag" in batch else self._bag(self.vectors, batch)
            fields.append(bag[:, None, None, :] * ops.ones_like(each[:, :, :1]))
        return ops.concatenate(fields, axis=2)

    def read_alone(self, batch: Batch) -> Tensor:
        """(n, candidates): the sum of the features' weights times their amounts."""
        ops = keras.ops
        alone = ops.sum(ops.take(self.weights, batch["features"], axis=0)[..., 0] * batch["amounts"], axis=2)
        if not self.history:
            return alone
        return alone + (batch["bag_alone"] if "bag_alone" in batch else self._bag(self.weights, batch))

    def _bag(self, table: Tensor, batch: Batch) -> Tensor:
        """(n, width): the rows of the history times their shares, summed."""
        return keras.ops.sum(keras.ops.take(table, batch["history"], axis=0) * batch["shares"][..., None], axis=1)

    def _tables(self) -> dict[str, Any]:
        return {name: getattr(self, name, None) for name in ("weights", "vectors")}


@dataclass(eq=False, kw_only=True)
class Tower(FieldNetwork):
    """A network over fields with layers on top: each a product, batch normalization, ReLU, dropout.

    Attributes:
        hidden: units of each layer.
        dropout_rate: share of the units dropped in training.
        batch_norm: whether the units are normalized, in training by mean and variance of the batch, when answering by
            their moving averages (Ioffe and Szegedy 2015), which are kept with the weights.
    """

    hidden: tuple[int, ...]
    dropout_rate: float
    batch_norm: bool

    def build_tower(self, inputs: int) -> None:
        """Make the layers, over inputs of this width."""
        self.layers: list[dict[str, Any]] = []
        for units in self.hidden:
            layer = {"dense": self.dense(inputs, units), "dropout": self.dropout(self.dropout_rate)}
            if self.batch_norm:
                layer["norm"] = keras.layers.BatchNormalization(momentum=KEPT, epsilon=LEAST_VARIANCE)
                layer["norm"].build((None, units))
            self.layers.append(layer)
            inputs = units

    def through_tower(self, inputs: Tensor, training: bool) -> Tensor:
        """(n, last of `hidden`) of inputs (n, width)."""
        values = inputs
        for layer in self.layers:
            values = layer["dense"](values)
            if self.batch_norm:
                values = layer["norm"](values, training=training)
            values = layer["dropout"](keras.ops.relu(values), training=training)
        return values

    def side_by_side(self, fields: Tensor) -> Tensor:
        """(n, n_fields * factors): the vectors of the fields, one behind the other."""
        return keras.ops.reshape(fields, (-1, self.n_fields * self.factors))

    @property
    def top(self) -> int:
        """Width of what comes out of the tower."""
        return self.hidden[-1] if self.hidden else self.n_fields * self.factors


def pairwise(fields: Tensor) -> Tensor:
    """(n,): the sum over pairs of fields of the product of their vectors (n, n_fields, factors), in linear time.

    sum over i < j of <e_i, e_j> = 1/2 (|sum of e_i|^2 - sum of |e_i|^2) (Rendle 2010, lemma 3.1).
    """
    ops = keras.ops
    together = ops.sum(ops.square(ops.sum(fields, axis=1)), axis=1)
    return 0.5 * (together - ops.sum(ops.square(fields), axis=(1, 2)))
