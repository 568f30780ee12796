"""The network of a restricted Boltzmann machine of ratings, and its batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.trainer import Batch, Chunk, Network, Table, Tensor, keras
from longtail.algorithms.trainer.histories import HistoryFeed

__all__ = ["UNKNOWN", "BoltzmannFeed", "BoltzmannNetwork", "Prediction"]

Prediction = Literal["mean-field", "exact"]

UNKNOWN = -1
"""The level of an item that is known to be rated, though not how."""


@dataclass(eq=False, kw_only=True)
class BoltzmannNetwork(Network):
    """Softmax visible units, one for each item, and binary hidden units.

    With v_ik = 1 where item i has the k-th rating, and r_i = 1 where it was rated (used where `conditional`),

        E(v, h) = - sum_ik b_ik v_ik - sum_j h_j (c_j + sum_ik v_ik W_ikj + sum_i r_i D_ij)

    Attributes:
        n_items: items.
        ratings: the rating that each level stands for, ascending.
        factors: hidden units.
        regularization: see `BoltzmannMachine`, likewise `prediction`.
        conditional: whether there is D.
        W: (n_items * levels, factors).
        b: (n_items * levels,).
        c: (factors,).
        D: (n_items, factors).
    """

    n_items: int
    ratings: tuple[float, ...]
    factors: int
    regularization: float = 0.0
    prediction: Prediction = "mean-field"
    conditional: bool = False

    def build(self) -> None:
        """Small weights, so that a hidden unit is on about half the time."""
        units = self.n_items * len(self.ratings)
        self.W = self.weight((units, self.factors), self.normal(0.01))
        self.b, self.c = self.weight((units,)), self.weight((self.factors,))
        if self.conditional:
            self.D = self.weight((self.n_items, self.factors))

    def tables(self) -> tuple[Table, ...]:
        """A step reads the rows of the items that somebody in it has rated."""
        units = Table(("W", "b"), ("unit",))
        return (units, Table(("D",), ("item",))) if self.conditional else (units,)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """(batch,) F(v) - F(v'), v' the end of a Gibbs chain that starts at v and counts as a constant.

        With the free energy F(v) = - log sum_h exp(-E(v, h)) the gradient is that of contrastive divergence,
        <v h> - <v' h>, in which a hidden unit counts with its probability (Hinton 2002).
        """
        ops = keras.ops
        known = ops.maximum(batch["level"], 0)
        unit = ops.take_along_axis(batch["unit"], known[:, None], axis=1)[:, 0]
        fantasy = ops.take_along_axis(batch["unit"], self.fantasy(batch)[:, None], axis=1)[:, 0]
        data, model = self.energy(batch, unit), self.energy(batch, fantasy)
        return data[0] - model[0] + 0.25 * self.regularization * (data[1] + model[1])

    def energy(self, batch: Batch, unit: Tensor) -> tuple[Tensor, Tensor]:
        """(batch,) the free energy of people whose entries (k,) have these units on; and the squared weights read."""
        ops = keras.ops
        W, b = ops.take(self.W, unit, axis=0), ops.take(self.b, unit, axis=0)
        inputs = self.given(batch) + self.by_person(batch, W)
        energy = -self.by_person(batch, b) - ops.sum(ops.softplus(inputs), axis=1)
        squares = self.by_person(batch, ops.sum(ops.square(W), axis=1))
        if self.conditional:
            D, size = ops.take(self.D, batch["item"], axis=0), batch["weight"].shape[0]
            squares = (
                squares + ops.segment_sum(ops.sum(ops.square(D), axis=1), batch["row"], num_segments=size + 1)[:size]
            )
        return energy, squares

    def fantasy(self, batch: Batch) -> Tensor:
        """(k,) the level of each entry after `gibbs` rounds: hidden units given ratings, then ratings given those."""
        ops, still = keras.ops, keras.ops.stop_gradient
        W, b = still(ops.take(self.W, batch["unit"], axis=0)), still(ops.take(self.b, batch["unit"], axis=0))
        given = still(self.given(batch))

        def round_of(at: Tensor, level: Tensor) -> Tensor:
            chosen = ops.take_along_axis(W, level[:, None, None], axis=1)[:, 0]
            on = ops.take(batch["hidden draw"], at, axis=0) < ops.sigmoid(given + self.by_person(batch, chosen))
            of_entry = ops.take(ops.pad(ops.cast(on, W.dtype), ((0, 1), (0, 0))), batch["row"], axis=0)
            chances = _chances(b + ops.einsum("ekf,ef->ek", W, of_entry))
            below = ops.cumsum(chances, axis=1)[:, :-1]
            return ops.sum(ops.cast(ops.take(batch["rating draw"], at, axis=0)[:, None] >= below, "int32"), axis=1)

        return still(ops.fori_loop(0, batch["gibbs"], round_of, ops.maximum(batch["level"], 0)))

    def given(self, batch: Batch) -> Tensor:
        """(batch, factors) or (factors,): what hidden units get whatever the ratings are."""
        if not self.conditional:
            return self.c
        ops, size = keras.ops, batch["weight"].shape[0]
        rated = ops.take(self.D, batch["item"], axis=0)
        return self.c + ops.segment_sum(rated, batch["row"], num_segments=size + 1)[:size]

    @staticmethod
    def by_person(batch: Batch, values: Tensor) -> Tensor:
        """(batch, ...) sums over the entries of each person whose rating is known."""
        ops, size = keras.ops, batch["weight"].shape[0]
        row = ops.where(batch["level"] >= 0, batch["row"], size)
        return ops.segment_sum(values, row, num_segments=size + 1)[:size]

    def answer(self, batch: Batch) -> Tensor:
        """(n, n_items) expected ratings, given the inputs of the hidden units (n, factors)."""
        ops, levels = keras.ops, len(self.ratings)
        inputs = batch["inputs"]
        if self.prediction == "exact":
            logits = self.b + ops.sum(ops.softplus(inputs[:, None] + self.W) - ops.softplus(inputs)[:, None], axis=2)
        else:
            logits = self.b + ops.matmul(ops.sigmoid(inputs), ops.transpose(self.W))
        chances = _chances(ops.reshape(logits, (-1, self.n_items, levels)))
        return ops.sum(chances * ops.convert_to_tensor(np.array(self.ratings, dtype=np.float32)), axis=2)


@dataclass(eq=False)
class BoltzmannFeed:
    """Batches of people for `BoltzmannNetwork`, with the random numbers of their Gibbs chains.

    A chunk has what `HistoryFeed` gives, but for the value, and "level" (steps, k), the place of the rating among the
    `levels`, or -1; "unit" (steps, k, levels), the visible units of each entry; "gibbs" (steps,), how many rounds;
    "hidden draw" (steps, rounds, batch, factors) and "rating draw" (steps, rounds, k), uniform in [0, 1).

    Attributes:
        histories: (n, n_items) CSR of levels.
        batch_size: people in a batch.
        levels: number of levels.
        factors: hidden units.
        rounds: of each epoch, how many rounds of Gibbs sampling.
        done: epochs asked for so far.
    """

    histories: sparse.csr_array
    batch_size: int
    levels: int
    factors: int
    rounds: tuple[int, ...]
    done: int = 0

    def __post_init__(self) -> None:
        self.people = HistoryFeed(self.histories, min(self.batch_size, self.histories.shape[0]), even=True)

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.people.steps

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of the next epoch."""
        rounds = self.rounds[min(self.done, len(self.rounds) - 1)]
        self.done += 1
        for chunk in self.people.epoch(rng):
            (steps, size), level = chunk["weight"].shape, chunk.pop("value").astype(np.int32)
            most = max(self.rounds)
            yield chunk | {
                "level": level,
                "unit": chunk["item"][..., None] * np.int32(self.levels) + np.arange(self.levels, dtype=np.int32),
                "gibbs": np.full(steps, rounds, dtype=np.int32),
                "hidden draw": rng.random((steps, most, size, self.factors), dtype=np.float32),
                "rating draw": rng.random((steps, most, level.shape[1]), dtype=np.float32),
            }


def _chances(logits: Tensor) -> Tensor:
    """The softmax over the last axis, also of a single level."""
    ops = keras.ops
    parts = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    return parts / ops.sum(parts, axis=-1, keepdims=True)
