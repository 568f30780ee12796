"""How alike two items are, for `diversity`: by their ratings, or by their genres.

A similarity is any object with `item_ids` and `pairs(a, b)`. It is computed on demand for the pairs asked for; a
matrix of items x items is never held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.kernels.bias import als_biases
from longtail.kernels.item_pairs import jaccard, words_of_bits
from longtail.kernels.pairs import CommonRaters
from longtail.types import AnyArray, RealArray

__all__ = ["ItemSimilarity", "genre_jaccard", "rating_cosine", "rating_pearson_baseline", "vector_cosine"]


class ItemSimilarity(Protocol):
    """What `diversity` asks of a similarity: symmetric, and 1 for two items that cannot be told apart."""

    @property
    def item_ids(self) -> Ids:
        """The external ids behind the item indices."""
        ...

    def pairs(self, a: AnyArray, b: AnyArray) -> RealArray:
        """(n_pairs,) float64: the similarity of items a[k] and b[k]."""
        ...


def rating_cosine(train: Interactions) -> ItemSimilarity:
    """The cosine of two items' ratings over the users who rated both; 0 where nobody did.

    sim(a, b) = sum_u r_ua r_ub / sqrt(sum_u r_ua^2 sum_u r_ub^2), every sum over the common raters only. Positive
    ratings make it high wherever there are common raters (1 with a single one), so that it mostly tells whether items
    have raters in common. It is the "cosine" of Surprise and of evaluation frameworks built on it; the cosine of the
    whole columns (Sarwar et al. 2001, section 3.1.1) is `vector_cosine`.

    Examples:
        Only ann rated both, a single common rater: 1. Nobody rated items 10 and 30.

        >>> train = Interactions.from_frame(
        ...     {"user": ["ann", "ann", "bob", "cy"], "item": [10, 20, 20, 30], "rating": [3.0, 4.0, 2.0, 5.0]}
        ... )
        >>> rating_cosine(train).pairs(np.array([0, 0]), np.array([1, 2])).tolist()
        [1.0, 0.0]
    """
    return _OverCommonRaters(train.item_ids, CommonRaters.of(train.by_user), shrinkage=None)


def rating_pearson_baseline(train: Interactions, shrinkage: float = 100.0) -> ItemSimilarity:
    """The correlation of what two items' ratings have beyond the biases, shrunk where few users rated both.

    rho(a, b) = sum_u e_ua e_ub / sqrt(sum_u e_ua^2 sum_u e_ub^2) over the n_ab common raters, with residuals
    e_ui = r_ui - (mu + b_u + b_i) of biases learned by alternating least squares, and
    sim(a, b) = (n_ab - 1) / (n_ab - 1 + shrinkage) rho(a, b); 0 with fewer than two common raters.
    Source: Koren 2010, "Factor in the neighbors: scalable and accurate collaborative filtering"; biases and shrinkage
    as in Surprise.

    Args:
        train: the ratings.
        shrinkage: a correlation over shrinkage + 1 common raters is halved.

    Raises:
        ConfigError: if the shrinkage is negative.

    Examples:
        >>> train = Interactions.from_frame(
        ...     {"user": [1, 1, 2, 2, 3, 3], "item": [10, 20] * 3, "rating": [5.0, 5.0, 1.0, 1.0, 3.0, 3.0]}
        ... )
        >>> rating_pearson_baseline(train, shrinkage=2.0).pairs(np.array([0]), np.array([1])).round(6).tolist()
        [0.5]
    """
    if not shrinkage >= 0:
        raise ConfigError(f"shrinkage must be at least 0, not {shrinkage!r}")
    mean = float(train.values.mean(dtype=np.float64)) if len(train) else 0.0
    user_bias, item_bias = als_biases(train.by_user, train.by_item, mean)
    rows = train.by_user
    expected = mean + np.repeat(user_bias, np.diff(rows.indptr)) + item_bias[rows.indices]
    residuals = (rows.data - expected).astype(np.float32)
    left_over = sparse.csr_array((residuals, rows.indices, rows.indptr), shape=rows.shape)
    return _OverCommonRaters(train.item_ids, CommonRaters.of(left_over), shrinkage=float(shrinkage))


def vector_cosine(train: Interactions) -> ItemSimilarity:
    """The cosine of two items' whole rating columns, a missing rating counting as 0.

    sim(a, b) = sum_u r_ua r_ub / (|r_a| |r_b|), the norms over all raters of each item (Sarwar et al. 2001, section
    3.1.1). Unlike `rating_cosine`, it is low where few of the raters are common.

    Examples:
        Only ann rated both: 3 x 4 / (3 sqrt(4^2 + 3^2)) = 0.8.

        >>> train = Interactions.from_frame(
        ...     {"user": ["ann", "ann", "bob"], "item": [10, 20, 20], "rating": [3.0, 4.0, 3.0]}
        ... )
        >>> vector_cosine(train).pairs(np.array([0]), np.array([1])).round(6).tolist()
        [0.8]
    """
    train = train.once
    squares = np.bincount(train.items, weights=train.values.astype(np.float64) ** 2, minlength=train.n_items)
    return _WholeVectors(train.item_ids, CommonRaters.of(train.by_user), np.sqrt(squares))


def genre_jaccard(train: Interactions) -> ItemSimilarity:
    """The share of two items' genres that they have in common; 0 where neither has any.

    sim(a, b) = |G_a and G_b| / |G_a or G_b| (Jaccard 1912), with the genres of `train.catalog`.

    Raises:
        DataError: if the data have no catalog with genres.

    Examples:
        >>> import polars as pl
        >>> from longtail.data.catalog import Catalog
        >>> catalog = Catalog(pl.DataFrame({"item": [10, 20], "genres": [["Drama", "War"], ["Drama"]]}))
        >>> train = Interactions.from_frame({"user": [1, 1], "item": [10, 20], "rating": [3.0, 4.0]}, catalog=catalog)
        >>> genre_jaccard(train).pairs(np.array([0]), np.array([1])).tolist()
        [0.5]
    """
    if train.catalog is None or "genres" not in train.catalog.items.columns:
        raise DataError("genre similarity needs a catalog with a column 'genres'; give one with `with_catalog`")
    genres = train.catalog.genres(train.item_ids)
    names = {name: column for column, name in enumerate(sorted({name for listed in genres for name in listed}))}
    member = np.zeros((train.n_items, len(names)), dtype=bool)
    for item, listed in enumerate(genres):
        member[item, [names[name] for name in listed]] = True
    return _Genres(train.item_ids, words_of_bits(member))


@dataclass(frozen=True, eq=False)
class _OverCommonRaters:
    item_ids: Ids
    raters: CommonRaters
    shrinkage: float | None

    def pairs(self, a: AnyArray, b: AnyArray) -> RealArray:
        """(n_pairs,) float64; equal pairs are computed once."""
        low, high, position = _distinct(a, b, len(self.item_ids))
        products, norms, common = self.raters.sums(low, high).T
        cosine = _ratio(products, norms)
        if self.shrinkage is not None:
            beyond_one = np.maximum(common - 1.0, 0.0)
            cosine *= _ratio(beyond_one, beyond_one + self.shrinkage)
        return cosine[position]


@dataclass(frozen=True, eq=False)
class _WholeVectors:
    item_ids: Ids
    raters: CommonRaters
    norms: RealArray

    def pairs(self, a: AnyArray, b: AnyArray) -> RealArray:
        """(n_pairs,) float64; equal pairs are computed once."""
        low, high, position = _distinct(a, b, len(self.item_ids))
        products = self.raters.sums(low, high)[:, 0]
        return _ratio(products, self.norms[low] * self.norms[high])[position]


@dataclass(frozen=True, eq=False)
class _Genres:
    item_ids: Ids
    bits: AnyArray

    def pairs(self, a: AnyArray, b: AnyArray) -> RealArray:
        """(n_pairs,) float64."""
        return jaccard(self.bits, a, b)


def _distinct(a: AnyArray, b: AnyArray, n_items: int) -> tuple[AnyArray, AnyArray, AnyArray | slice]:
    """The distinct pairs (low, high), sorted, and where each pair asked for stands among them."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    later, same = low[1:] > low[:-1], low[1:] == low[:-1]
    if (later | (same & (high[1:] > high[:-1]))).all():
        return low, high, slice(None)
    keys, position = np.unique(low.astype(np.int64) * n_items + high, return_inverse=True)
    return keys // n_items, keys % n_items, position


def _ratio(above: RealArray, below: RealArray) -> RealArray:
    """The quotient, and 0 where `below` is 0."""
    quotient: RealArray = np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
    return quotient
