"""How alike two items are by what is known of them: numbers, embeddings, words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.evaluation.metrics.similarity import ItemSimilarity
from longtail.kernels.item_pairs import inner_products
from longtail.types import AnyArray, RealArray

__all__ = ["embedding_cosine", "feature_cosine", "text_cosine"]

PAIRS_AT_ONCE = 1 << 16  # the words of both items of every pair are held: 100 MB where items have 60


def embedding_cosine(item_ids: Ids, vectors: Any) -> ItemSimilarity:
    """The cosine of two items' vectors, such as factors or embeddings of any origin; 0 where one has length 0.

    sim(a, b) = x_a . x_b / (|x_a| |x_b|)

    Args:
        item_ids: the items, in the order of the vectors.
        vectors: (n_items, k) numbers.

    Raises:
        DataError: if there is not one vector of finite numbers for each item.

    Examples:
        >>> alike = embedding_cosine(Ids([10, 20, 30]), [[3.0, 4.0], [4.0, 3.0], [-3.0, -4.0]])
        >>> alike.pairs(np.array([0, 0]), np.array([1, 2])).round(6).tolist()
        [0.96, -1.0]
    """
    table = np.asarray(vectors, dtype=np.float64)
    if table.ndim != 2 or len(table) != len(item_ids):
        raise DataError(f"vectors of shape {table.shape} do not fit {len(item_ids)} items; give one row an item")
    if not np.isfinite(table).all():
        raise DataError("a vector holds a value that is not a finite number")
    return _Vectors(item_ids, _unit(table))


def feature_cosine(train: Interactions, features: Sequence[str] | None = None) -> ItemSimilarity:
    """The cosine of two items' numeric features, each brought to mean 0 and standard deviation 1 over the items.

    z_af = (x_af - mean_f) / sd_f and sim(a, b) = z_a . z_b / (|z_a| |z_b|), from -1 to 1: above 0 for items that depart
    from the usual in the same way. A missing number counts as the mean; an item of which nothing is known has
    similarity 0 to every other. Works for measured features, such as those of mise-en-scene, and for columns of
    embeddings.

    Args:
        train: the data, with a catalog.
        features: the columns, by default every column of floats.

    Raises:
        DataError: if the data have no catalog, or it no such columns of numbers.

    Examples:
        >>> from longtail.data.catalog import Catalog
        >>> films = pl.DataFrame({"item": [10, 20, 30], "light": [0.9, 0.1, 0.5], "motion": [0.9, 0.1, 0.5]})
        >>> train = Interactions.from_frame({"user": [1] * 3, "item": [10, 20, 30]}, catalog=Catalog(films))
        >>> feature_cosine(train).pairs(np.array([0, 0]), np.array([1, 2])).round(6).tolist()
        [-1.0, 0.0]
    """
    if train.catalog is None:
        raise DataError("feature similarity needs a catalog with columns of numbers; give one with `with_catalog`")
    rows = train.catalog.rows(train.item_ids)
    if features is None:
        features = [name for name, kind in rows.schema.items() if kind.is_float()]
    strange = [name for name in features if name not in rows.columns or not rows.schema[name].is_numeric()]
    if strange or not len(features):
        raise DataError(f"the catalog has no column of numbers {strange[0]!r}" if strange else "no column of floats")
    table = rows.select(pl.col(*features).cast(pl.Float64)).to_numpy()
    table = np.where(np.isfinite(table), table, np.nan)
    return _Vectors(train.item_ids, _unit(_standardised(table)))


def text_cosine(train: Interactions, columns: Sequence[str] = ("text",)) -> ItemSimilarity:
    """The cosine of two items' words, each weighing more the fewer items have it (TF-IDF); 0 where no word is shared.

    x_at = (1 + ln tf_at)(1 + ln((1 + m) / (1 + df_t))) for term t of item a, tf its occurrences, df the items that hold
    it and m all items; English stop words are left out. Source: Salton & Buckley 1988; weights as in scikit-learn.

    Args:
        train: the data, with a catalog.
        columns: of text or of lists of text, put one behind the other.

    Raises:
        DataError: if the data have no catalog, or it no such column, or no item has a word.

    Examples:
        >>> from longtail.data.catalog import Catalog
        >>> films = pl.DataFrame({"item": [10, 20, 30], "text": ["a heist in space", "space heist", "a wedding"]})
        >>> train = Interactions.from_frame({"user": [1] * 3, "item": [10, 20, 30]}, catalog=Catalog(films))
        >>> text_cosine(train).pairs(np.array([0, 0]), np.array([1, 2])).round(6).tolist()
        [1.0, 0.0]
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if train.catalog is None:
        raise DataError("text similarity needs a catalog with a column of text; give one with `with_catalog`")
    rows = train.catalog.rows(train.item_ids)
    missing = [name for name in columns if name not in rows.columns]
    if missing or not len(columns):
        raise DataError(f"the catalog has no column of text {', '.join(map(repr, missing))}")
    parts = [
        pl.col(name).list.join(" ") if rows.schema[name] == pl.List(pl.String) else pl.col(name) for name in columns
    ]
    texts = rows.select(pl.concat_str(parts, separator=" ", ignore_nulls=True).fill_null(""))[:, 0].to_list()
    try:
        weights = TfidfVectorizer(stop_words="english", sublinear_tf=True).fit_transform(texts)
    except ValueError as error:
        raise DataError(f"no item has a word in {', '.join(columns)}") from error
    return _Words(train.item_ids, sparse.csr_array(weights))


@dataclass(frozen=True, eq=False)
class _Vectors:
    item_ids: Ids
    units: RealArray

    def pairs(self, a: AnyArray, b: AnyArray) -> RealArray:
        """(n_pairs,) float64."""
        return inner_products(self.units, a, b)


@dataclass(frozen=True, eq=False)
class _Words:
    item_ids: Ids
    weights: sparse.csr_array

    def pairs(self, a: AnyArray, b: AnyArray) -> RealArray:
        """(n_pairs,) float64."""
        found = np.empty(len(a))
        for lo in range(0, len(a), PAIRS_AT_ONCE):
            part = slice(lo, lo + PAIRS_AT_ONCE)
            found[part] = self.weights[a[part]].multiply(self.weights[b[part]]).sum(axis=1)
        return found


def _standardised(table: RealArray) -> RealArray:
    """Columns of mean 0 and standard deviation 1 over the numbers known, 0 where unknown or all alike."""
    known = ~np.isnan(table)
    counts = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, table - np.where(known, table, 0.0).sum(axis=0) / counts, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / counts)
    standardised: RealArray = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)
    return standardised


def _unit(table: RealArray) -> RealArray:
    """Rows of length 1; a row of length 0 stays."""
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    units: RealArray = np.divide(table, norms, out=np.zeros_like(table), where=norms > 0)
    return units
