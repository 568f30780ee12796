"""What shilling profiles have in common: measures of a profile, each (n_users,), from the ratings alone."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, svds

from longtail.data.interactions import Interactions
from longtail.rng import generator
from longtail.types import AnyArray, RealArray

__all__ = ["component_weight", "degree_of_similarity", "rating_deviation"]

_COMPONENTS = 3
_NEIGHBORS = 25
_COMMON = 3  # items two users must share to be compared
_OTHERS = 2_000  # users everyone is compared with, where there are more
_BLOCK = 512


def rating_deviation(data: Interactions) -> RealArray:
    """RDMA: rating deviation from mean agreement (Chirita, Nejdl and Zamfir 2005).

    RDMA_u = 1/N_u sum_i |r_ui - mean_i| / NR_i, where NR_i is the number of ratings of item i: far from the mean of
    items that few have rated. The values of users without rows are 0.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 2, 3], "item": [7, 7, 7], "rating": [5.0, 3.0, 4.0]})
        >>> rating_deviation(data).round(3).tolist()
        [0.333, 0.333, 0.0]
    """
    raters = np.maximum(1, data.item_counts)
    means = np.bincount(data.items, data.values, minlength=data.n_items) / raters
    away = np.abs(data.values - means[data.items]) / raters[data.items]
    return np.bincount(data.users, away, minlength=data.n_users) / np.maximum(1, data.user_counts)


def component_weight(data: Interactions) -> RealArray:
    """How much a profile takes part in what all have in common: PCA VarSelect (Mehta and Nejdl 2009).

    Profiles (0 where nothing is rated) are standardised, and weight_u is the sum of the squared coefficients of user u
    in the first three principal components of the users. Fake profiles are made of means and chance, so they take part
    least.
    """
    counts = sparse.csr_array(
        (data.values.astype(np.float64), (data.users, data.items)), shape=(data.n_users, data.n_items)
    )
    present = np.flatnonzero(data.user_counts)
    rows = counts[present]
    n, m = rows.shape
    weights = np.zeros(data.n_users)
    if min(n, m) <= _COMPONENTS:
        return weights
    means = rows.sum(axis=1) / m
    spread = np.sqrt(np.maximum(rows.multiply(rows).sum(axis=1) / m - means**2, 1e-12))

    def down(items: AnyArray) -> AnyArray:
        projected: AnyArray = (rows @ items - np.multiply.outer(means, items.sum(axis=0))) / spread[:, None]
        return projected

    def up(users: AnyArray) -> AnyArray:
        scaled = users / spread[:, None]
        projected: AnyArray = rows.T @ scaled - (means[:, None] * scaled).sum(axis=0)
        return projected

    profiles = LinearOperator(
        (n, m),
        matvec=lambda x: down(x.reshape(-1, 1)).ravel(),
        rmatvec=lambda y: up(y.reshape(-1, 1)).ravel(),
        matmat=down,
        rmatmat=up,
        dtype=np.float64,
    )
    start = generator(0, "component weight").standard_normal(min(n, m))
    left = svds(profiles, k=_COMPONENTS, v0=start, return_singular_vectors="u")[0]
    weights[present] = (left**2).sum(axis=1)
    return weights


def degree_of_similarity(data: Interactions) -> RealArray:
    """DegSim: the mean correlation of a user with the 25 most similar others (Chirita, Nejdl and Zamfir 2005).

    Pearson correlations over the items two users share, at least three, with each user's own mean. Beyond 2,000 users
    everyone is compared with 2,000 drawn at random.
    """
    means = np.bincount(data.users, data.values, minlength=data.n_users) / np.maximum(1, data.user_counts)
    centred = data.values - means[data.users]
    shape, at = (data.n_users, data.n_items), (data.users, data.items)
    deviations, met, squares = (
        sparse.csr_array((column, at), shape=shape) for column in (centred, np.ones(len(data)), centred**2)
    )
    others = np.flatnonzero(data.user_counts)
    if len(others) > _OTHERS:
        others = np.sort(generator(0, "degree of similarity").choice(others, _OTHERS, replace=False))
    found = np.zeros(data.n_users)
    for lo in range(0, data.n_users, _BLOCK):
        part = slice(lo, lo + _BLOCK)
        products = (deviations[part] @ deviations[others].T).toarray()
        common = (met[part] @ met[others].T).toarray()
        norms = (squares[part] @ met[others].T).toarray() * (met[part] @ squares[others].T).toarray()
        usable = (common >= _COMMON) & (norms > 0)
        similarity = np.where(usable, products / np.sqrt(np.where(norms > 0, norms, 1)), -1.0)
        similarity[np.arange(lo, lo + len(similarity))[:, None] == others] = -1.0
        nearest = np.sort(similarity, axis=1)[:, ::-1][:, :_NEIGHBORS]
        found[part] = np.where(nearest > -1, nearest, 0.0).sum(axis=1) / np.maximum(1, (nearest > -1).sum(axis=1))
    return found
