"""What `rbm` and `conditional-rbm` share: levels of ratings, training, and predictions."""

from __future__ import annotations

import dataclasses
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse, special

from longtail.algorithms.base import FoldIn
from longtail.algorithms.deep.boltzmann_network import BoltzmannFeed, BoltzmannNetwork, Prediction
from longtail.algorithms.powers import PredictsRatings
from longtail.algorithms.trainer import Network, Settings, Trained
from longtail.algorithms.trainer.optimizers import Schedule
from longtail.algorithms.trainer.validation import hold_out_rows, rmse
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["BoltzmannMachine", "levels_of"]

PRIOR = 5.0
"""Ratings shared out like those of all items, that are added to those of an item where its biases begin."""
PAIRS = 4096
CELLS = 2**24
"""Numbers that "exact" makes at a time: one for each person, item, level and hidden unit."""


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
        regularization: weight of the squared weights of a unit, for each time it is on (of D, for each rated item).
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
    epochs: int = hyper(80, at_least=1, search=(20, 150), log=True)
    batch_size: int = hyper(64, at_least=1)
    learning_rate: float = hyper(0.002, at_least=0.0, search=(0.0005, 0.01), log=True)
    regularization: float = hyper(0.1, at_least=0.0, search=(0.01, 1.0), log=True)
    schedule: Schedule = "cosine"
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
            inputs = self._inputs_of(np.arange(train.n_users, dtype=np.int32), left, weights)
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

    def _inputs_of(
        self, users: IntArray, rows: sparse.csr_array | None = None, weights: Mapping[str, AnyArray] | None = None
    ) -> FloatArray:
        """(n, factors) what the hidden units get from training users, of whom `rows` is known instead of all."""
        return self._inputs(self.histories_[users] if rows is None else rows, weights)

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
        ratings = np.empty((len(inputs), len(self.known_)), dtype=np.float32)
        together = 1 << max(0, (CELLS // self.weights_["W"].size).bit_length() - 1)
        together = together if self.prediction == "exact" else max(1, len(inputs))
        for lo in range(0, len(inputs), together):
            ratings[lo : lo + together] = self._answers({"inputs": inputs[lo : lo + together]})
        return np.where(self.known_, ratings, np.float32(otherwise))

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        people, place = np.unique(users, return_inverse=True)
        impossible = ~self.known_[items]
        ratings = self._rated(self._inputs_of(people), place, items, self.weights_)
        ratings[impossible] = self.mean_
        return ratings, impossible

    def _rated(
        self, inputs: FloatArray, rows: AnyArray, items: IntArray, weights: Mapping[str, AnyArray]
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
