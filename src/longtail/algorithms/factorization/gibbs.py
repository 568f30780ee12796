"""The conjugate draws a Gibbs sampler of factor models needs beside the vectors: their prior, and the noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.types import AnyArray, RealArray

__all__ = ["Prior", "draw_noise_precision", "draw_prior"]

BETA = 2.0
"""How many vectors the belief that their mean is zero is worth (as in the paper)."""
NOISE_SHAPE, NOISE_RATE = 1.0, 1.0
"""Of the gamma prior of the noise precision: as much as two ratings have to say, of a variance of one."""


@dataclass(frozen=True)
class Prior:
    """A normal prior of vectors.

    Attributes:
        precision: (rank, rank) L.
        mean: (rank,) m.
    """

    precision: RealArray
    mean: RealArray

    @property
    def pull(self) -> RealArray:
        """(rank,) L m."""
        product: RealArray = self.precision @ self.mean
        return product


def draw_prior(random: np.random.Generator, vectors: AnyArray) -> Prior:
    """Mean and precision of a normal distribution, given vectors (n, rank) drawn from it.

    The normal-Wishart posterior (Salakhutdinov and Mnih 2008, equation 14) with m_0 = 0, beta_0 = 2, W_0 = I and
    nu_0 = rank: L ~ Wishart(W, nu_0 + n), m ~ N(n x / (beta_0 + n), ((beta_0 + n) L)^-1) with x the mean vector and

        W^-1 = I + sum (x_k - x)(x_k - x)' + beta_0 n / (beta_0 + n) x x'
    """
    x = vectors.astype(np.float64)
    n, rank = x.shape
    center = x.mean(axis=0)
    apart = x - center
    inverse = np.eye(rank) + apart.T @ apart + BETA * n / (BETA + n) * np.outer(center, center)
    precision = _draw_wishart(random, inverse, rank + n)
    root = np.linalg.cholesky((BETA + n) * precision)
    spread = np.linalg.solve(root.T, random.standard_normal(rank))
    return Prior(precision, n / (BETA + n) * center + spread)


def _draw_wishart(random: np.random.Generator, inverse: RealArray, freedom: int) -> RealArray:
    """A draw of the Wishart distribution with that scale, given inverted (Bartlett 1933).

    With inverse = C C' the scale is C'^-1 C^-1, and the draw is B B' with B = C'^-1 T, where the lower triangle T has
    standard normal numbers below its diagonal and roots of chi-squared numbers on it.
    """
    rank = len(inverse)
    T = np.tril(random.standard_normal((rank, rank)), -1)
    T[np.diag_indices(rank)] = np.sqrt(random.chisquare(freedom - np.arange(rank)))
    B = np.linalg.solve(np.linalg.cholesky(inverse).T, T)
    draw: RealArray = B @ B.T
    return draw


def draw_noise_precision(random: np.random.Generator, residuals: AnyArray) -> float:
    """The precision of normal noise, given n draws of it: Gamma(1 + n / 2, rate 1 + sum of squares / 2)."""
    squares = float(np.square(residuals, dtype=np.float64).sum())
    return float(random.gamma(NOISE_SHAPE + len(residuals) / 2, 1.0 / (NOISE_RATE + squares / 2)))
