"""What `rbm` and `conditional-rbm` share: the network, its batches, levels of ratings, and predictions."""

from __future__ import annotations

import dataclasses
from abc import ABC
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse, special

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import PredictsRatings
from longtail.algorithms.trainer import Batch, Chunk, Network, Settings, Table, Tensor, Trained, keras
from longtail.algorithms.trainer.histories import HistoryFeed
from longtail.algorithms.trainer.validation import hold_out_rows, rmse
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["BoltzmannFeed", "BoltzmannMachine", "BoltzmannNetwork", "Prediction", "levels_of"]

Prediction = Literal["mean-field", "exact"]

UNKNOWN = -1
"""The level of an item that is known to be rated, though not how."""
PRIOR = 5.0
"""Ratings shared out like those of all items, that are added to those of an item where its biases begin."""
PAIRS = 4096


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
        return energy, self.by_person(batch, ops.sum(ops.square(W), axis=1))

    def fantasy(self, batch: Batch) -> Tensor:
        """(k,) the level of each entry after `gibbs` rounds: hidden units given ratings, then ratings given those."""
        ops, still = keras.ops, keras.ops.stop_gradient
        W, b = still(ops.take(self.W, batch["unit"], axis=0)), still(ops.take(self.b, batch["unit"], axis=0))
        given = still(self.given(batch))

        def round_of(at: Tensor, level: Tensor) -> Tensor:
            chosen = ops.take_along_axis(W, level[:, None, None], axis=1)[:, 0]
            on = ops.take(batch["hidden draw"], at, axis=0) < ops.sigmoid(given + self.by_person(batch, chosen))
            of_entry = ops.take(ops.pad(ops.cast(on, W.dtype), ((0, 1), (0, 0))), batch["row"], axis=0)
            chances = ops.softmax(b + ops.einsum("ekf,ef->ek", W, of_entry), axis=1)
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
        chances = ops.softmax(ops.reshape(logits, (-1, self.n_items, levels)), axis=2)
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


@dataclass(kw_only=True)
class BoltzmannMachine(Trained, PredictsRatings, ABC):
    """A restricted Boltzmann machine of ratings (Salakhutdinov, Mnih and Hinton 2007).

    Lists are by expected rating. Anyone is answered by their history alone.

    Attributes:
        factors: hidden units.
        gibbs_steps: rounds of Gibbs sampling between the ratings and what is learned against, in the first epoch.
        last_gibbs_steps: the same in the last; in between their number grows evenly. Where it is the smaller of the
            two, it never grows.
        momentum: share of the last step that is taken again.
        regularization: weight of the squared weights of a unit, for each time it is on.
        most_levels: ratings of more different values are put into so many groups of about equal size.
        prediction: of someone with history V, "exact" takes p(v_i = k | V), "mean-field" the same given the
            probabilities of the hidden units: a little less accurate, and much faster for a whole catalogue.
        epochs: see `Trained`; likewise the hyperparameters that follow.
        levels_: (levels,) float32, the ratings told apart, ascending; of a group its mean.
        edges_: (levels - 1,) float32, what lies between them.
        weights_: by name, float32; see `BoltzmannNetwork`.
    """

    fold_in: ClassVar[FoldIn] = "exact"
    conditional: ClassVar[bool] = False

    factors: int = hyper(100, at_least=1, search=(20, 300), log=True)
    epochs: int = hyper(40, at_least=1, search=(10, 100), log=True)
    batch_size: int = hyper(64, at_least=1)
    learning_rate: float = hyper(0.005, at_least=0.0, search=(0.001, 0.03), log=True)
    regularization: float = hyper(0.01, at_least=0.0, search=(1e-4, 0.1), log=True)
    momentum: float = hyper(0.9, at_least=0.0, at_most=0.99)
    gibbs_steps: int = hyper(1, at_least=1, at_most=100)
    last_gibbs_steps: int = hyper(1, at_least=1, at_most=100)
    most_levels: int = hyper(20, at_least=2, at_most=100)
    prediction: Prediction = "mean-field"

    def _settings(self) -> Settings:
        return dataclasses.replace(super()._settings(), momentum=self.momentum)

    def _network(self) -> Network:
        network = BoltzmannNetwork(
            n_items=len(self.item_ids_), ratings=tuple(self.levels_.tolist()), factors=self.factors,
            regularization=self.regularization, prediction=self.prediction, conditional=self.conditional,
            precision=self.precision, seed=self.seed,
        )  # fmt: skip
        if hasattr(self, "_start"):
            network.b.assign(self._start)
        return network

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self.levels_, self.edges_ = levels_of(train.values, self.most_levels)
        self.known_: BoolArray = train.item_counts > 0
        out = np.zeros(len(train), dtype=np.bool_)
        if self.patience:
            out = hold_out_rows(len(train), seed=self.seed)
        left = train.take(~out).by_user if self.patience else self.histories_
        rows, rounds = self._entries(left), np.linspace(self.gibbs_steps, self._last_steps, self.epochs)
        feed = BoltzmannFeed(
            rows[rows.indptr[1:] > rows.indptr[:-1]], self.batch_size, len(self.levels_), self.factors,
            tuple(map(round, rounds.tolist())),
        )  # fmt: skip

        def score() -> float:
            weights = self._trained_network().values()
            inputs = self._inputs(left, weights)
            found = self._rated(inputs, train.users[out], train.items[out], weights)
            return -rmse(found, train.values[out])

        self._start = self._first_biases(left)
        try:
            self._train(feed, score if self.patience else None)
        finally:
            del self._start

    @property
    def _last_steps(self) -> int:
        return max(self.gibbs_steps, self.last_gibbs_steps)

    def _first_biases(self, rows: sparse.csr_array) -> FloatArray:
        """(n_items * levels,) logarithms of how often an item got each rating, drawn towards those of all items."""
        units = self._units(rows)
        counts = np.bincount(units.indices, minlength=units.shape[1]).reshape(-1, len(self.levels_))
        shares = (counts.sum(axis=0) + 1.0) / (counts.sum() + len(self.levels_))
        biases: FloatArray = np.log((counts + PRIOR * shares) / (counts.sum(axis=1, keepdims=True) + PRIOR))
        return biases.ravel().astype(np.float32)

    def _entries(self, rows: sparse.csr_array) -> sparse.csr_array:
        """(n_users, n_items) CSR: the level of each rating, `UNKNOWN` where there is no more than that there is one."""
        return sparse.csr_array((self._level(rows.data).astype(np.float32), rows.indices, rows.indptr), rows.shape)

    def _level(self, ratings: FloatArray) -> IntArray:
        """The place of the nearest level."""
        return np.searchsorted(self.edges_, ratings).astype(np.int32)

    def _units(self, histories: sparse.csr_array) -> sparse.csr_array:
        """(n, n_items * levels) CSR of ones: the visible units that are on."""
        units = histories.indices.astype(np.int64) * len(self.levels_) + self._level(histories.data)
        shape = histories.shape[0], histories.shape[1] * len(self.levels_)
        return sparse.csr_array((np.ones(len(units), dtype=np.float32), units, histories.indptr), shape=shape)

    # -- predictions -------------------------------------------------------------------------------------------------

    def _inputs(self, histories: sparse.csr_array, weights: Mapping[str, AnyArray] | None = None) -> FloatArray:
        """(n, factors) what the hidden units get from histories, with the learned weights or others."""
        known = self.weights_ if weights is None else weights
        inputs: FloatArray = self._units(histories) @ known["W"] + known["c"]
        return inputs

    def _inputs_of(self, users: IntArray) -> FloatArray:
        """(n, factors) what the hidden units get from training users."""
        return self._inputs(self.histories_[users])

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        return self._expected(self._inputs(histories), -np.inf)

    def _score_users(self, users: IntArray) -> FloatArray:
        return self._expected(self._inputs_of(users), -np.inf)

    def _rate_histories(self, histories: sparse.csr_array) -> FloatArray:
        return self._expected(self._inputs(histories), self.mean_)

    def _rate_users(self, users: IntArray) -> FloatArray:
        return self._expected(self._inputs_of(users), self.mean_)

    def _expected(self, inputs: FloatArray, otherwise: float) -> FloatArray:
        """(n, n_items) expected ratings, and something else for items without training rows."""
        ratings = self._answers({"inputs": inputs})
        return np.where(self.known_, ratings, np.float32(otherwise))

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        people, place = np.unique(users, return_inverse=True)
        impossible = ~self.known_[items]
        ratings = self._rated(self._inputs_of(people), place, items, self.weights_)
        ratings[impossible] = self.mean_
        return ratings, impossible

    def _rated(
        self, inputs: FloatArray, rows: IntArray, items: IntArray, weights: Mapping[str, AnyArray]
    ) -> FloatArray:
        """(n,) expected ratings of items by the people in these rows of `inputs`."""
        W, b = (weights[name].reshape(len(self.item_ids_), len(self.levels_), -1) for name in ("W", "b"))
        ratings = np.empty(len(items), dtype=np.float32)
        for lo in range(0, len(items), PAIRS):
            pairs = slice(lo, lo + PAIRS)
            logits = _logits(inputs[rows[pairs]], W[items[pairs]], self.prediction) + b[items[pairs], :, 0]
            chances = np.exp(logits - logits.max(axis=1, keepdims=True))
            ratings[pairs] = (chances * self.levels_).sum(axis=1) / chances.sum(axis=1)
        return ratings


def _logits(inputs: FloatArray, W: FloatArray, prediction: Prediction) -> FloatArray:
    """(n, levels) what hidden units say of a rating each: inputs (n, factors), W (n, levels, factors)."""
    found: FloatArray
    if prediction == "exact":
        found = (np.logaddexp(0, inputs[:, None] + W) - np.logaddexp(0, inputs)[:, None]).sum(axis=2)
    else:
        found = np.einsum("nkf,nf->nk", W, special.expit(inputs))
    return found


def levels_of(ratings: FloatArray, most: int) -> tuple[FloatArray, FloatArray]:
    """The values among some ratings, ascending, and the middles between them; if they are too many, of groups.

    Examples:
        >>> levels_of(np.array([3.0, 5.0, 4.5, 3.0], dtype=np.float32), most=10)
        (array([3. , 4.5, 5. ], dtype=float32), array([3.75, 4.75], dtype=float32))
        >>> [part.tolist() for part in levels_of(np.arange(9, dtype=np.float32), most=3)]
        [[1.0, 4.0, 7.0], [2.5, 5.5]]
    """
    values, counts = np.unique(ratings, return_counts=True)
    group = np.arange(len(values))
    if len(values) > most:
        group = np.unique(
            ((np.cumsum(counts) - 0.5 * counts) * (most / counts.sum())).astype(int), return_inverse=True
        )[1]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    means = np.add.reduceat(values * counts, first) / np.add.reduceat(counts, first)
    return means.astype(np.float32), ((values[first[1:]] + values[first[1:] - 1]) / 2).astype(np.float32)
