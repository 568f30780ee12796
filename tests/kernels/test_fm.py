"""Kernels of factorization machines: each against a twin in plain NumPy on the flat design, given the same numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels.fm import fm_descend, fm_sweep
from longtail.types import RealArray

WIDTHS = (4, 5, 3)
FEATURES = (6, 7, 3)
N, K = 40, 3


class World:
    """Three blocks of few rows, so that every row of a block stands in many training rows."""

    def __init__(self, rng: np.random.Generator) -> None:
        blocks = [
            sparse.random_array((rows, columns), density=0.6, format="csr", rng=rng, dtype=np.float64)
            for rows, columns in zip(WIDTHS, FEATURES, strict=True)
        ]
        self.X = sparse.csr_array(sparse.block_diag(blocks, format="csr"), dtype=np.float32)
        self.block_rows = np.cumsum([0, *WIDTHS]).astype(np.int64)
        self.block_features = np.cumsum([0, *FEATURES]).astype(np.int64)
        self.rows = np.stack(
            [rng.integers(width, size=N) + first for width, first in zip(WIDTHS, self.block_rows[:-1], strict=True)]
        ).astype(np.int32)
        self.flat = sum(self.X.toarray()[rows].astype(np.float64) for rows in self.rows)
        self.ratings = rng.normal(3.0, 1.0, size=N).astype(np.float32)
        self.group = np.repeat(np.arange(3, dtype=np.int32), FEATURES)
        self.bias, self.weights = 2.5, rng.normal(size=sum(FEATURES))
        self.factors = rng.normal(0.0, 0.5, size=(K, sum(FEATURES)))
        self.means, self.precisions = rng.normal(size=(K + 1, 3)), rng.gamma(2.0, size=(K + 1, 3))
        self.noise, self.bias_noise = rng.normal(size=(K + 1, sum(FEATURES))), 0.7


@pytest.fixture
def world(rng: np.random.Generator) -> World:
    return World(rng)


def predicted(flat: RealArray, bias: float, weights: RealArray, factors: RealArray) -> RealArray:
    """Rendle (2010), equation 1, pair by pair."""
    found = bias + flat @ weights
    for j in range(flat.shape[1]):
        for k in range(j + 1, flat.shape[1]):
            found = found + factors[:, j] @ factors[:, k] * flat[:, j] * flat[:, k]
    return found


def swept(world: World, precision: float) -> tuple[float, RealArray, RealArray]:
    """One sweep on the flat design: every parameter from its own conditional, predictions made anew for each."""
    bias, weights, factors = world.bias, world.weights.copy(), world.factors.copy()
    flat, ratings = world.flat, world.ratings.astype(np.float64)

    def errors() -> RealArray:
        return ratings - predicted(flat, bias, weights, factors)

    def drawn(old: float, h: RealArray, mean: float, scale: float, noise: float) -> float:
        total = precision * (h @ h) + scale
        return float((precision * (h @ (errors() + old * h)) + scale * mean) / total + noise / np.sqrt(total))

    bias += float(errors().mean() + world.bias_noise / np.sqrt(precision * N))
    for j, g in enumerate(world.group):
        prior = world.means[0, g], world.precisions[0, g]
        weights[j] = drawn(weights[j], flat[:, j], *prior, world.noise[0, j])
    for f in range(K):
        for j, g in enumerate(world.group):
            h = flat[:, j] * (flat @ factors[f] - factors[f, j] * flat[:, j])
            prior = world.means[f + 1, g], world.precisions[f + 1, g]
            factors[f, j] = drawn(factors[f, j], h, *prior, world.noise[f + 1, j])
    return bias, weights, factors


def sweep(world: World, precision: float, group: np.ndarray | None = None) -> tuple[float, RealArray]:
    """The kernel, on copies that replace the world's; returns the bias and what is left of the ratings."""
    columns = world.X.tocsc()
    sums = np.ascontiguousarray((world.X @ world.factors.T).T).astype(np.float64)
    errors = world.ratings - predicted(world.flat, world.bias, world.weights, world.factors)
    errors = errors.astype(np.float32)
    bias = fm_sweep(
        world.rows,
        errors,
        columns.indptr.astype(np.int64),
        columns.indices.astype(np.int32),
        columns.data,
        world.block_rows,
        world.block_features,
        world.group if group is None else group,
        world.bias,
        world.weights,
        world.factors,
        sums,
        precision,
        world.means,
        world.precisions,
        world.bias_noise,
        world.noise,
    )
    assert sums == pytest.approx((world.X @ world.factors.T).T, abs=1e-5)
    return bias, errors


@pytest.mark.parametrize("precision", [0.5, 4.0])
def test_a_sweep_over_blocks_is_one_over_the_flat_design(world: World, precision: float) -> None:
    bias, weights, factors = swept(world, precision)
    found, errors = sweep(world, precision)
    assert found == pytest.approx(bias, abs=1e-5)
    assert world.weights == pytest.approx(weights, abs=1e-4)
    assert world.factors == pytest.approx(factors, abs=1e-4)
    assert errors == pytest.approx(world.ratings - predicted(world.flat, bias, weights, factors), abs=1e-4)


def test_a_feature_without_a_group_stays_as_it_is(world: World) -> None:
    before = world.weights.copy(), world.factors.copy()
    group = np.where(np.arange(len(world.group)) == 8, -1, world.group).astype(np.int32)
    sweep(world, 1.0, group)
    assert world.weights[8] == before[0][8]
    assert world.factors[:, 8].tolist() == before[1][:, 8].tolist()
    assert (np.delete(world.weights, 8) != np.delete(before[0], 8)).all()


def test_a_feature_that_nothing_is_known_of_stays_without_a_prior(world: World) -> None:
    others = np.arange(len(world.group)) != 2
    world.X, world.flat = sparse.csr_array(world.X.multiply(others)), world.flat * others
    world.precisions[:] = 0.0
    before = world.weights[2]
    sweep(world, 1.0)
    assert world.weights[2] == before
    assert np.isfinite(world.weights).all()
    assert np.isfinite(world.factors).all()


def test_least_squares_never_grow(world: World) -> None:
    world.noise[:], world.bias_noise, world.means[:], world.precisions[:] = 0.0, 0.0, 0.0, 0.3
    losses = []
    for _ in range(12):
        world.bias, errors = sweep(world, 1.0)
        penalty = 0.3 * (np.square(world.weights).sum() + np.square(world.factors).sum())
        losses.append(float(np.square(errors, dtype=np.float64).sum() + penalty))
    assert all(after <= before + 1e-4 for before, after in pairwise(losses))
    assert losses[-1] < 0.9 * losses[0]


def test_a_step_of_descent_follows_the_gradient_of_the_loss(world: World) -> None:
    rate, decay, size = 1e-3, 0.2, 1e-5
    at = np.concatenate([[world.bias], world.weights, world.factors.ravel()])
    present = world.flat[7] != 0
    penalized = np.concatenate([[False], present, np.tile(present, K)])

    def loss(parameters: RealArray) -> float:
        n = len(world.weights)
        factors = parameters[n + 1 :].reshape(K, n)
        error = world.ratings[7] - predicted(world.flat[[7]], parameters[0], parameters[1 : n + 1], factors)[0]
        return float(error**2 + decay * np.square(parameters[penalized]).sum()) / 2.0

    steps = size * np.eye(len(at))
    gradient = np.array([(loss(at + step) - loss(at - step)) / (2 * size) for step in steps])
    weights = world.weights.astype(np.float32)
    factors = np.ascontiguousarray(world.factors.T, dtype=np.float32)
    matrix = world.X.indptr.astype(np.int64), world.X.indices.astype(np.int32), world.X.data
    order = np.array([7], dtype=np.int64)
    bias = fm_descend(order, world.rows, world.ratings, *matrix, world.bias, weights, factors, rate, decay)
    moved = np.concatenate([[bias], weights, factors.T.ravel()]) - at
    assert moved == pytest.approx(-rate * gradient, abs=1e-6)
    assert np.abs(rate * gradient).max() > 1e-4
