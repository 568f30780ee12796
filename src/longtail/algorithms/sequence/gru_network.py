"""The network of GRU4Rec: recurrent layers over lanes of sessions, and two losses over the items of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from longtail.algorithms.trainer import Batch, Network, Table, Tensor, keras

__all__ = ["Embedding", "GRUNetwork", "Loss"]

Embedding = Literal["shared", "separate", "none"]
Loss = Literal["cross-entropy", "bpr-max"]

NEVER = -1e30
"""The score of what is no candidate."""
LEAST = 1e-24
"""Added to a probability before its logarithm, as the authors do: a loss is 55 at most, and a target that is all but
impossible does not move the weights. Steps of Adagrad are large at first, and some scores run away."""


@dataclass(eq=False, kw_only=True)
class GRUNetwork(Network):
    """Item -> vector -> GRU layers -> scores of items.

    A layer of state h reads x, * being the product by entries (the gates of Cho and others 2014):

        r = sigmoid(x W_r + b_r + h U_r + c_r),   z = sigmoid(x W_z + b_z + h U_z + c_z)
        g = tanh(x W_n + b_n + r * (h U_n + c_n)),   h' = (1 - z) * g + z * h

    The reset gate comes after the product with U, as in cuDNN and in the code of the authors for PyTorch and
    TensorFlow; in the paper and in their first code it comes before, tanh(x W + (r * h) U). Which of the two weights
    is called z makes no difference. Dropout works on h', and what it leaves is carried to the next step as well.

    Attributes:
        n_items: items.
        pool: items scored in a step; `n_items` for all.
        lanes: sessions side by side.
        factors: width of every layer, and of the vectors of items.
        layers: number of layers.
        embedding: where the first layer reads vectors: those that score ("shared"), others ("separate"), or ("none")
            one of its own for each gate, as if the input were a unit vector of the catalogue's length.
        objective: the loss.
        elu: scores below zero become elu (exp(score) - 1) before BPR-max; 0 leaves them.
        regularization: weight of the squared scores of negatives in BPR-max.
        dropout: share of the entries of each h' dropped.
        embedding_dropout: share of the entries of each x dropped.
    """

    n_items: int
    pool: int
    lanes: int
    factors: int
    layers: int
    embedding: Embedding
    objective: Loss
    elu: float
    regularization: float
    dropout_rate: float
    embedding_dropout: float

    def build(self) -> None:
        """Tables of items, weights of the layers, the states of the lanes."""
        n, width = self.n_items, self.factors
        gates = self.uniform((6.0 / (2 * width)) ** 0.5)
        self.vectors = self.weight((n, width), self.glorot())
        self.offsets = self.weight((n, 1))
        if self.embedding == "separate":
            self.inputs = self.weight((n, width), self.glorot())
        elif self.embedding == "none":
            self.inputs = self.weight((n, 3 * width), self.uniform((6.0 / (n + width)) ** 0.5))
        reading = range(1 if self.embedding == "none" else 0, self.layers)
        self.reads = {str(layer): self.weight((width, 3 * width), gates) for layer in reading}
        self.carries = [self.weight((width, 3 * width), gates) for _ in range(self.layers)]
        self.read_biases = [self.weight((3 * width,)) for _ in range(self.layers)]
        self.carry_biases = [self.weight((3 * width,)) for _ in range(self.layers)]
        self.states = [self.memory((self.lanes, width)) for _ in range(self.layers)]
        self.drops = [self.dropout(self.dropout_rate) for _ in range(self.layers)]
        self.drop_input = self.dropout(self.embedding_dropout)

    def tables(self) -> tuple[Table, ...]:
        """The rows of items, where a step scores some of them only."""
        scored = () if self.pool == self.n_items else (Table(("vectors", "offsets"), ("pool",)),)
        return scored if self.embedding == "shared" else (*scored, Table(("inputs",), ("input",)))

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """(lanes,) the loss of each lane, 0 for one without a session; the states go on."""
        ops = keras.ops
        vectors, offsets = self.vectors, self.offsets
        if self.pool != self.n_items:
            vectors, offsets = (ops.take(table, batch["pool"], axis=0) for table in (vectors, offsets))
        read = ops.take(vectors if self.embedding == "shared" else self.inputs, batch["input"], axis=0)
        if self.embedding != "none":
            read = self.drop_input(read, training=training)
        for layer, state in enumerate(self.states):
            before = ops.stop_gradient(ops.convert_to_tensor(state)) * batch["carried"][:, None]
            after = self.drops[layer](self.step(layer, read, before), training=training)
            state.assign(ops.stop_gradient(after))
            read = after
        scores = self._product(read, ops.transpose(vectors)) + ops.transpose(offsets)
        lost = self.cross_entropy if self.objective == "cross-entropy" else self.bpr_max
        return lost(scores, batch) * batch["live"]

    def step(self, layer: int, read: Tensor, before: Tensor) -> Tensor:
        """The state (n, factors) after reading x (n, factors); of "none", layer 0 reads what its gates are given."""
        ops, width = keras.ops, self.factors
        given = (self._product(read, self.reads[str(layer)]) if str(layer) in self.reads else read) + self.read_biases[
            layer
        ]
        held = self._product(before, self.carries[layer]) + self.carry_biases[layer]
        gates = ops.sigmoid(given[:, : 2 * width] + held[:, : 2 * width])
        reset, update = gates[:, :width], gates[:, width:]
        new = ops.tanh(given[:, 2 * width :] + reset * held[:, 2 * width :])
        return new + update * (before - new)

    def cross_entropy(self, scores: Tensor, batch: Batch) -> Tensor:
        """(lanes,) minus the logarithm of the softmax of the target, every score less how likely its item was.

        A candidate that stands in a pool w times counts w times; see `LaneFeed` for what w is.
        """
        ops = keras.ops
        weights = batch["count"][None, :]
        highest, parts = _exponentials(scores, weights)
        own = ops.sum(ops.where(self._is_target(batch), scores, 0.0), axis=1)
        surprise = ops.log(ops.sum(parts, axis=1)) + highest[:, 0] - own + batch["likely"]
        return -ops.log(ops.exp(-surprise) + LEAST)

    def bpr_max(self, scores: Tensor, batch: Batch) -> Tensor:
        """(lanes,) - log sum_j s_j sigmoid(score of the target - r_j) + regularization sum_j s_j r_j^2.

        s is the softmax of the scores r of the negatives j: every candidate but the lane's own target.
        """
        ops = keras.ops
        if self.elu:
            scores = ops.where(scores > 0, scores, self.elu * (ops.exp(ops.minimum(scores, 0.0)) - 1.0))
        target = self._is_target(batch)
        _, parts = _exponentials(scores, batch["count"][None, :] - ops.cast(target, scores.dtype))
        shares = parts / ops.maximum(ops.sum(parts, axis=1, keepdims=True), 1e-30)
        own = ops.sum(ops.where(target, scores, 0.0), axis=1, keepdims=True)
        better = ops.sum(shares * ops.sigmoid(own - scores), axis=1)
        return self.regularization * ops.sum(shares * ops.square(scores), axis=1) - ops.log(better + LEAST)

    def answer(self, batch: Batch) -> Tensor:
        """(n, factors) states after the first "length" (n,) of the items "history" (n, longest)."""
        ops = keras.ops
        history = ops.transpose(batch["history"])
        rows = ops.take(self.vectors if self.embedding == "shared" else self.inputs, history, axis=0)
        states = [ops.zeros((history.shape[1], self.factors)) for _ in range(self.layers)]

        def read(event: Any, states: Any) -> Any:
            x, reached = ops.take(rows, event, axis=0), []
            goes_on = ops.cast(event < batch["length"], "float32")[:, None]
            for layer, state in enumerate(states):
                x = self.step(layer, x, state)
                reached.append(state + goes_on * (x - state))
            return reached

        return ops.fori_loop(0, history.shape[0], read, states)[-1]

    def _is_target(self, batch: Batch) -> Tensor:
        ops = keras.ops
        return ops.arange(self.pool, dtype="int32")[None, :] == ops.cast(batch["target"], "int32")[:, None]

    def _product(self, left: Tensor, right: Tensor) -> Tensor:
        ops = keras.ops
        if self.precision == "mixed":
            left, right = ops.cast(left, "bfloat16"), ops.cast(right, "bfloat16")
        return ops.cast(ops.matmul(left, right), "float32")


def _exponentials(scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The highest score of each row (n, 1) that weighs anything, and weights * exp(scores - highest)."""
    ops = keras.ops
    scores = ops.where(weights > 0, scores, NEVER)
    highest = ops.stop_gradient(ops.max(scores, axis=1, keepdims=True))
    return highest, weights * ops.exp(scores - highest)
