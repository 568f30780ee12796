"""The parameters of one person, solved for with all others held fixed, in every draw of a factorization machine."""

from __future__ import annotations

import numpy as np

from longtail.types import AnyArray, RealArray

__all__ = ["influences", "solve_person"]

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

    (the conditional of a Gibbs step, of all these parameters at once; a ridge regression if a = 1 and m = 0).

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
    Z = _lines(others, known)
    errors = residuals - np.einsum("snf,sf->sn", others, known)
    prior = np.maximum(prior_precisions, LEAST_RIDGE)
    target = precision[:, None] * np.einsum("snf,sn->sf", Z, errors) + prior * prior_means
    solved = np.linalg.solve(_normal_matrix(Z, precision, prior), target[:, :, None])[:, :, 0]
    return solved[:, 1:] + known, solved[:, 0] + np.einsum("sf,sf->s", solved[:, 1:], known)


def influences(
    others: RealArray, known: RealArray, precision: AnyArray, prior_precisions: AnyArray, item: RealArray
) -> RealArray:
    """(draws, n): how much a prediction moves with each of the ratings that the solution above is made of.

    Args:
        others: as for `solve_person`, and the three that follow.
        known: likewise.
        precision: likewise.
        prior_precisions: likewise.
        item: (draws, factors) sum of v_j x_j over the features of the item the prediction is of.
    """
    Z, prior = _lines(others, known), np.maximum(prior_precisions, LEAST_RIDGE)
    asked = _lines(item[:, None, :], known)[:, 0]
    solved = np.linalg.solve(_normal_matrix(Z, precision, prior), asked[:, :, None])[:, :, 0]
    moved: RealArray = precision[:, None] * np.einsum("snf,sf->sn", Z, solved)
    return moved


def _lines(others: RealArray, known: RealArray) -> RealArray:
    """(draws, n, factors + 1): Z."""
    Z = np.ones((*others.shape[:2], others.shape[2] + 1))
    Z[:, :, 1:] = others + known[:, None, :]
    return Z


def _normal_matrix(Z: RealArray, precision: AnyArray, prior: AnyArray) -> RealArray:
    """(draws, factors + 1, factors + 1): a Z'Z + diag(l)."""
    matrix: RealArray = precision[:, None, None] * (Z.transpose(0, 2, 1) @ Z)
    diagonal = np.arange(Z.shape[2])
    matrix[:, diagonal, diagonal] += prior
    return matrix
