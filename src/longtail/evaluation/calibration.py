"""Calibration: do a user's recommendations hold the genres the user likes, in the same shares?"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from scipy import sparse

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError
from longtail.evaluation.value import MetricValue
from longtail.types import RealArray

__all__ = ["Weights", "calibration", "genre_shares"]

Weights = Literal["rating", "equal"]


def calibration(
    lists: TopN, train: Interactions, *, alpha: float = 0.01, weights: Weights = "rating", discounted: bool = False
) -> MetricValue:
    """How far the genres of a list are from those the user likes, as a KL divergence; lower is better, 0 is calibrated.

    Cal = mean over users of KL(p, q~) = sum over genres g of p(g|u) ln(p(g|u) / q~(g|u)), with
    p(g|u) = sum over the user's items i of `train` of w_ui p(g|i) / sum of w_ui,
    q(g|u) = sum over i in L(u) of v_i p(g|i) / sum of v_i, q~ = (1 - alpha) q + alpha p, and p(g|i) = 1 / (genres of
    i). Items without a genre are left out of both. A user with no genre on either side is undefined. The unit is nats;
    divide by ln 2 for the bits of implementations that take log2. It is at most ln(1 / alpha).
    Source: Steck 2018, "Calibrated recommendations".

    Args:
        lists: the lists.
        train: what each user likes, with a catalog of genres.
        alpha: how much of p is mixed into q, so that a genre missing from the list is not infinitely bad.
        weights: w_ui is the "rating" (0 for one below 0; the strength of implicit feedback), or "equal" for all.
        discounted: v_i is 1 / log2(1 + rank), not 1.

    Raises:
        DataError: if the data have no catalog with genres.
        ConfigError: if `alpha` is not above 0 and below 1, or `weights` is neither.
        UnknownIdError: if the lists hold an item that `train` has no id for.

    Examples:
        Ann gave a drama 3 of her 4 stars and a comedy 1, and is listed one of each: 0.75 ln(0.75 / 0.5025) + 0.25
        ln(0.25 / 0.4975), as 0.99 x 0.5 + 0.01 x 0.75 is 0.5025.

        >>> import polars as pl
        >>> from longtail.data.catalog import Catalog
        >>> genres = [["Drama"], ["Comedy"], ["Drama"], ["Comedy"]]
        >>> train = Interactions.from_frame(
        ...     {"user": ["ann", "ann", "bob", "bob"], "item": [1, 2, 3, 4], "rating": [3.0, 1.0, 5.0, 5.0]},
        ...     catalog=Catalog(pl.DataFrame({"item": [1, 2, 3, 4], "genres": genres})),
        ... )
        >>> lists = TopN([0], [[2, 3]], [[2, 1]], train.user_ids, train.item_ids)
        >>> round(calibration(lists, train), 4)
        0.1283
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must lie between 0 and 1, such as 0.01, not {alpha!r}")
    if weights not in get_args(Weights):
        raise ConfigError(f"weights must be rating or equal, not {weights!r}")
    of_item = genre_shares(train)
    liked = _normalised(_liked(lists, train, weights) @ of_item)
    got = _normalised(_listed(lists, train, discounted) @ of_item)
    mixed = (1.0 - alpha) * got + alpha * liked
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(liked > 0, liked * np.log(liked / mixed), 0.0)
    undefined = np.isnan(liked).any(axis=1) | np.isnan(got).any(axis=1)
    return MetricValue.over_users("calibration", lists.users, np.where(undefined, np.nan, parts.sum(axis=1)))


def genre_shares(train: Interactions) -> sparse.csr_array:
    """(n_items, n_genres) float64 CSR of p(g|i): 1 / (genres of i) for each genre of the item, names in order.

    Raises:
        DataError: if the data have no catalog with genres.
    """
    if train.catalog is None or "genres" not in train.catalog.items.columns:
        raise DataError("calibration needs a catalog with a column 'genres'; give one with `with_catalog`")
    genres = [sorted(set(listed)) for listed in train.catalog.genres(train.item_ids)]
    names = {name: column for column, name in enumerate(sorted({name for listed in genres for name in listed}))}
    sizes = np.array([len(listed) for listed in genres], dtype=np.int64)
    columns = np.array([names[name] for listed in genres for name in listed], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    shares = np.repeat(1.0 / np.maximum(sizes, 1), sizes)
    return sparse.csr_array((shares, columns, indptr), shape=(train.n_items, len(names)))


def _liked(lists: TopN, train: Interactions, weights: Weights) -> sparse.csr_array:
    """(n_lists, n_items): what each list's user likes, and how much; empty for a user without a row in `train`."""
    owners = train.user_ids.index(lists.user_ids[lists.users], missing=-1)
    values = np.maximum(train.by_user.data, 0.0) if weights == "rating" else np.ones(train.by_user.nnz)
    known = sparse.csr_array((values, train.by_user.indices, train.by_user.indptr), shape=train.by_user.shape)
    nobody = sparse.csr_array((1, train.n_items), dtype=known.dtype)
    liked: sparse.csr_array = sparse.vstack([known, nobody], format="csr")[np.where(owners >= 0, owners, train.n_users)]
    return liked


def _listed(lists: TopN, train: Interactions, discounted: bool) -> sparse.csr_array:
    """(n_lists, n_items): what each list holds, by weight of its place."""
    aligned = lists.aligned_to(lists.user_ids, train.item_ids)
    rows, places = np.nonzero(aligned.filled)
    weights = 1.0 / np.log2(places + 2.0) if discounted else np.ones(len(rows))
    return sparse.csr_array((weights, (rows, aligned.items[rows, places])), shape=(len(lists), train.n_items))


def _normalised(counts: sparse.csr_array) -> RealArray:
    """(n, n_genres) dense, each row summing to 1; NaN where it sums to 0."""
    dense = counts.toarray()
    sums = dense.sum(axis=1, keepdims=True)
    shares: RealArray = np.divide(dense, sums, out=np.full(dense.shape, np.nan), where=sums > 0)
    return shares
