"""The parameters of one person, solved for with all others held fixed, in every draw of a factorization machine."""

from __future__ import annotations

import numpy as np

from longtail.types import AnyArray, RealArray

__all__ = ["solve_person"]

LEAST_RIDGE = 1e-6


def solve_person(
    residuals: RealArray,
    others: RealArray,
    known: RealArray,
    precision: AnyArray,
    prior_means: AnyArray,
    prior_precisions: AnyArray,
) -> tuple[RealArray, RealArray]:
    """Where a person's own weight w and factors v are to be expected, given their ratings.

    The prediction is linear in them: with t = `known`, the sum of v_j x_j over what else is known of the person, and
    o_n = `others`, the same sum over the rest of the n-th rating, y_n = g_n + w + v . (o_n + t). So with
    Z = rows [1, o_n + t] and the priors N(m, 1 / l), the posterior is normal with the mean that solves

        (a Z'Z + diag(l)) [w, v] = a Z'e + diag(l) m

    (the conditional of Rendle 2012, equation 18, of all these parameters at once; a ridge regression if a = 1, m = 0).

    Args:
        residuals: (draws, n) rating minus everything but what depends on the person.
        others: (draws, n, factors).
        known: (draws, factors).
        precision: (draws,) a.
        prior_means: (draws, factors + 1) m, of the weight first.
        prior_precisions: (draws, factors + 1) l.

    Returns:
        The person's sums v + t (draws, factors), and what they add to every prediction, w + v . t (draws,).
    """
    n_draws, n, factors = others.shape
    Z = np.ones((n_draws, n, factors + 1))
    Z[:, :, 1:] = others + known[:, None, :]
    errors = residuals - np.einsum("snf,sf->sn", others, known)
    scaled = precision[:, None, None] * Z.transpose(0, 2, 1)
    prior = np.maximum(prior_precisions, LEAST_RIDGE)
    matrix = scaled @ Z
    matrix[:, np.arange(factors + 1), np.arange(factors + 1)] += prior
    target = (scaled @ errors[:, :, None])[:, :, 0] + prior * prior_means
    solved = np.linalg.solve(matrix, target[:, :, None])[:, :, 0]
    return solved[:, 1:] + known, solved[:, 0] + np.einsum("sf,sf->s", solved[:, 1:], known)
