"""How the parameters of a factorization machine are learned: Gibbs sampling, alternating least squares, or descent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.factorization.fm_features import Block
from longtail.kernels.fm import fm_descend, fm_sweep
from longtail.rng import generator
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["Design", "Parameters", "alternate", "descend", "sample"]


class Design:
    """Training rows as rows of blocks (see `kernels.fm`).

    Attributes:
        X: (n_rows, n_features) float32 CSR: the rows of all blocks, stacked; no feature stands in two blocks.
        squared: X with each value squared.
        rows: (n_blocks, n) int32: the row of X that each block gives to each training row.
        block_rows: (n_blocks + 1,) where the rows of each block begin.
        block_features: (n_blocks + 1,) where its features begin.
        group: (n_features,) int32 group each feature is of.
        n_groups: how many groups there are.
        counts: (n_features,) training rows with the feature.
    """

    def __init__(self, blocks: list[Block], rows: list[IntArray]) -> None:
        parts = [block.matrix for block in blocks]
        self.X = sparse.csr_array(sparse.block_diag(parts, format="csr", dtype=np.float32))
        self.squared = self.X.power(2)
        self.block_rows: LongArray = np.cumsum([0, *(part.shape[0] for part in parts)]).astype(np.int64)
        self.block_features: LongArray = np.cumsum([0, *(part.shape[1] for part in parts)]).astype(np.int64)
        self.rows: IntArray = np.stack([row + first for row, first in zip(rows, self.block_rows[:-1], strict=True)])
        self.rows = self.rows.astype(np.int32)
        widths = [group.shape[1] for block in blocks for group in block.groups.values()]
        self.n_groups = len(widths)
        self.group: IntArray = np.repeat(np.arange(len(widths), dtype=np.int32), widths)
        held = self.X.astype(np.bool_).T @ np.bincount(self.rows.ravel(), minlength=self.X.shape[0])
        self.counts: LongArray = held.astype(np.int64)


@dataclass
class Parameters:
    """Of a factorization machine y = w_0 + sum w_j x_j + sum over pairs <v_j, v_k> x_j x_k, and of their priors.

    Attributes:
        bias: w_0.
        weights: (n_features,) w.
        factors: (factors, n_features) v, a factor a row.
        precision: of the noise.
        prior_means: (factors + 1, n_groups), the weights' first.
        prior_precisions: (factors + 1, n_groups), likewise.
    """

    bias: float
    weights: RealArray
    factors: RealArray
    precision: float
    prior_means: RealArray
    prior_precisions: RealArray

    def predict(self, design: Design) -> RealArray:
        """(n,): y of every training row; two blocks add the inner product of their sums (Rendle 2010, lemma 3.1)."""
        found, before = np.full(design.rows.shape[1], self.bias), np.zeros(())
        for b, rows in enumerate(design.rows):
            sums, within = self.of_block(design, b)
            own = sums[rows - design.block_rows[b]]
            found += within[rows - design.block_rows[b]] + np.sum(own * before, axis=1)
            before = before + own
        return found

    def of_features(self, design: Design, columns: slice) -> RealArray:
        """(n, factors + 1): w and v of some features; of a feature of no training row, what to expect."""
        learned = np.vstack([self.weights[columns], self.factors[:, columns]])
        expected = self.prior_means[:, design.group[columns]]
        found: RealArray = np.where(design.counts[columns] > 0, learned, expected).T.copy()
        return found

    def of_block(self, design: Design, b: int, without: slice = slice(0)) -> tuple[RealArray, RealArray]:
        """What the rows of a block add, leaving out some of the block's features.

        Returns:
            sums (n, factors): p = x v; and within (n,): x w + sum over factors of (p^2 - x^2 v^2) / 2, the rest of y
            but for the inner products of p with the sums of the other blocks.
        """
        place = slice(design.block_rows[b], design.block_rows[b + 1])
        columns = slice(design.block_features[b], design.block_features[b + 1])
        features = self.of_features(design, columns)
        features[without] = 0.0
        weights, factors = features[:, 0], features[:, 1:]
        rows, squared = design.X[place, columns], design.squared[place, columns]
        sums = rows @ factors
        return sums, rows @ weights + 0.5 * (np.square(sums).sum(axis=1) - (squared @ factors**2).sum(axis=1))


def initial(design: Design, ratings: FloatArray, factors: int, init_std: float, seed: int) -> Parameters:
    """The mean rating, no weights, and normal random factors."""
    drawn = generator(seed, "factors").standard_normal((factors, len(design.group))) * init_std
    shape = factors + 1, design.n_groups
    level = float(ratings.mean(dtype=np.float64))
    weights = np.zeros(len(design.group))
    return Parameters(level, weights, drawn * (design.counts > 0), 1.0, np.zeros(shape), np.ones(shape))


def alternate(design: Design, ratings: FloatArray, start: Parameters, epochs: int, regularization: float) -> Parameters:
    """Least squares, a parameter at a time (Rendle, Gantner, Freudenthaler and Schmidt-Thieme 2011).

    Minimizes the sum over ratings of e^2 + regularization (w_j^2 + |v_j|^2 of the features j of the rating).
    """
    prior = np.arange(len(design.group), dtype=np.int32)  # each feature has one of its own: its share of the penalty
    shape = len(start.factors) + 1, len(prior)
    start.prior_means = np.zeros(shape)
    start.prior_precisions = np.broadcast_to(regularization * design.counts, shape).copy()
    sweep, no_noise = _Sweep(design, ratings, start, prior), np.zeros((shape[0], len(prior)))
    for _ in range(epochs):
        sweep(0.0, no_noise)
    return start


def sample(
    design: Design, ratings: FloatArray, start: Parameters, epochs: int, prior_rate: float, seed: int
) -> Iterator[Parameters]:
    """Gibbs draws, a sweep each: all priors, the noise, then every parameter (Rendle 2012).

    The same object is yielded each time, with new values.
    """
    draws, sweep = generator(seed, "gibbs"), _Sweep(design, ratings, start, design.group)
    noise = np.empty((len(start.factors) + 1, len(design.group)))
    for _ in range(epochs):
        _draw_priors(design, start, prior_rate, draws)
        squared = np.square(sweep.errors, dtype=np.float64).sum()
        start.precision = draws.gamma((1.0 + len(ratings)) / 2.0, 2.0 / (1.0 + squared))
        sweep(draws.standard_normal(), draws.standard_normal(out=noise))
        yield start


class _Sweep:
    """A visit of all parameters; keeps the errors and the sums of v_j x_j up to date from one to the next.

    Attributes:
        errors: (n,) float32, rating minus prediction.
    """

    def __init__(self, design: Design, ratings: FloatArray, state: Parameters, prior: IntArray) -> None:
        self.state, self.rows = state, design.rows
        self.errors: FloatArray = (ratings - state.predict(design)).astype(np.float32)
        self._sums = np.ascontiguousarray((design.X @ state.factors.T).T)
        columns = design.X.tocsc()
        self._matrix = columns.indptr.astype(np.int64), columns.indices.astype(np.int32), columns.data
        self._layout = design.block_rows, design.block_features, np.where(design.counts > 0, prior, np.int32(-1))

    def __call__(self, bias_noise: float, noise: RealArray) -> None:
        state = self.state
        state.bias = fm_sweep(
            self.rows,
            self.errors,
            *self._matrix,
            *self._layout,
            bias=state.bias,
            weights=state.weights,
            factors=state.factors,
            sums=self._sums,
            precision=state.precision,
            prior_means=state.prior_means,
            prior_precisions=state.prior_precisions,
            bias_noise=bias_noise,
            noise=noise,
        )


def _draw_priors(design: Design, state: Parameters, rate: float, draws: np.random.Generator) -> None:
    """Mean and precision of every group and factor given its parameters, from a normal-gamma prior."""
    values = np.vstack([state.weights, state.factors])
    for group in range(design.n_groups):
        own = values[:, (design.group == group) & (design.counts > 0)]
        n, mean = own.shape[1], state.prior_means[:, group]
        spread = np.square(own - mean[:, None]).sum(axis=1) + np.square(mean)
        precision = draws.gamma((n + 2.0) / 2.0, 2.0 / (spread + rate))
        state.prior_precisions[:, group] = precision
        state.prior_means[:, group] = draws.normal(own.sum(axis=1) / (n + 1.0), 1.0 / np.sqrt((n + 1.0) * precision))


def descend(
    design: Design,
    ratings: FloatArray,
    start: Parameters,
    epochs: int,
    learning_rate: float,
    regularization: float,
    seed: int,
) -> Parameters:
    """Stochastic gradient descent, a rating at a time in random order (Rendle 2010, section III.C)."""
    order, draws = np.arange(len(ratings)), generator(seed, "order")
    weights = start.weights.astype(np.float32)
    factors = np.ascontiguousarray(start.factors.T, dtype=np.float32)
    matrix = design.X.indptr.astype(np.int64), design.X.indices.astype(np.int32), design.X.data
    for _ in range(epochs):
        draws.shuffle(order)
        learned = start.bias, weights, factors
        start.bias = fm_descend(order, design.rows, ratings, *matrix, *learned, learning_rate, regularization)
    start.weights, start.factors = weights.astype(np.float64), factors.T.astype(np.float64)
    return start
