"""Calibration: do a user's recommendations hold the genres the user likes, in the same shares?"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from scipy import sparse

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics.per_list import histories
from longtail.evaluation.metrics.value import MetricValue
from longtail.kernels.lists import weights_by_label
from longtail.types import AnyArray, IntArray, LongArray, RealArray

__all__ = ["Weights", "calibration", "genre_shares"]

Weights = Literal["rating", "equal"]

LISTS_AT_ONCE = 1 << 15


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
    starts, sizes = histories(lists, train)
    ratings = np.maximum(train.by_user.data, 0.0) if weights == "rating" else np.ones(train.by_user.nnz)
    listed = lists.aligned_to(lists.user_ids, train.item_ids).items
    places = 1.0 / np.log2(np.arange(lists.n) + 2.0) if discounted else np.ones(lists.n)
    per_user = np.empty(len(lists))
    for lo in range(0, len(lists), LISTS_AT_ONCE):
        part = slice(lo, lo + LISTS_AT_ONCE)
        liked = _shares(starts[part], sizes[part], train.by_user.indices, ratings, of_item)
        lines = listed[part]
        first = np.arange(len(lines)) * lists.n
        got = _shares(first, np.full(len(lines), lists.n), lines.ravel(), np.tile(places, len(lines)), of_item)
        per_user[part] = _divergence(liked, (1.0 - alpha) * got + alpha * liked)
    return MetricValue.over_users("calibration", lists.users, per_user)


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


def _shares(
    starts: LongArray, sizes: LongArray, items: IntArray, weights: AnyArray, of_item: sparse.csr_array
) -> RealArray:
    """(n, n_genres) by row: how the weight of its items is shared out over the genres; NaN where there is no genre."""
    bounds, labels = of_item.indptr.astype(np.int64), of_item.indices.astype(np.int32)
    held = np.ascontiguousarray(items, dtype=np.int32), weights.astype(np.float64)
    found = weights_by_label(starts, starts + sizes, *held, bounds, labels, of_item.data, of_item.shape[1])
    sums = found.sum(axis=1, keepdims=True)
    shares: RealArray = np.divide(found, sums, out=np.full(found.shape, np.nan), where=sums > 0)
    return shares


def _divergence(p: RealArray, q: RealArray) -> RealArray:
    """(n,) sum of p ln(p / q) along each row, a p of 0 adding nothing; NaN where either is."""
    quotient = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    parts = np.where(p > 0, p * np.log(quotient), 0.0).sum(axis=1)
    defined = (p.sum(axis=1) > 0) & (q.sum(axis=1) > 0)
    return np.where(defined, parts, np.nan)
