"""TF-IDF and BM25: what is common to all columns says little of a row, and the tenth time says less than the first.

Rows are documents and columns terms in the language of the literature: items and the users who met them, users and the
items they met, or items and the words that describe them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from scipy import sparse

from longtail.types import FloatArray, RealArray

__all__ = ["Weighting", "Weights", "bm25", "idf", "tfidf"]

Weighting = Literal["none", "tfidf", "bm25"]


def idf(rows: sparse.csr_array) -> RealArray:
    """(n_columns,) inverse document frequency: ln(n / (1 + rows with the column)), at least 0 (Spärck Jones 1972).

    Examples:
        >>> idf(sparse.csr_array(np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 0.0]]))).round(4).tolist()
        [0.0, 0.4055]
    """
    met = np.bincount(rows.indices, minlength=rows.shape[1])
    rarity: RealArray = np.maximum(np.log(max(rows.shape[0], 1)) - np.log1p(met), 0.0)
    return rarity


def tfidf(rows: sparse.csr_array, rarity: RealArray | None = None) -> sparse.csr_array:
    """A value x becomes sqrt(x) idf (Salton and Buckley 1988, the root as in Lucene; of a negative x, -sqrt(-x) idf).

    Args:
        rows: (n, n_columns) values.
        rarity: (n_columns,) the `idf` of other rows to weigh these by; by default their own.
    """
    rarity = idf(rows) if rarity is None else rarity
    root = np.sign(rows.data) * np.sqrt(np.abs(rows.data, dtype=np.float64))
    return _with(rows, root * rarity[rows.indices])


def bm25(
    rows: sparse.csr_array,
    rarity: RealArray | None = None,
    average: float | None = None,
    *,
    k1: float = 1.2,
    b: float = 0.75,
) -> sparse.csr_array:
    """A value x becomes x (k1 + 1) / (x + k1 (1 - b + b l / average)) idf, with l the sum of the row.

    A negative x counts as much as -x, but against: both sums are of sizes, and it keeps its sign.

    Source: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, equation 3.15.
    Their idf can be negative; squared in a product it would reward what is everywhere, so that of `idf` stands here.

    Args:
        rows: (n, n_columns) values.
        rarity: (n_columns,) the `idf` of other rows to weigh these by; by default their own.
        average: the mean l of those rows; by default that of these, 1 if it is 0.
        k1: how soon more of the same says no more, above 0.
        b: from 0 to 1, how much a long row is made shorter.
    """
    rarity = idf(rows) if rarity is None else rarity
    average = _mean_length(rows) if average is None else average
    sizes = np.abs(rows.data, dtype=np.float64)
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    norms = k1 * (1.0 - b + b * np.bincount(row, weights=sizes)[row] / average)
    saturated = np.divide(sizes * (k1 + 1.0), sizes + norms, out=np.zeros_like(sizes), where=sizes > 0)
    return _with(rows, np.sign(rows.data) * saturated * rarity[rows.indices])


def _mean_length(rows: sparse.csr_array) -> float:
    """The mean sum of the sizes in a row, 1 where there is nothing."""
    return float(np.abs(rows.data).sum(dtype=np.float64)) / max(rows.shape[0], 1) or 1.0


def _with(rows: sparse.csr_array, values: RealArray) -> sparse.csr_array:
    weights: FloatArray = values.astype(np.float32)
    return sparse.csr_array((weights, rows.indices, rows.indptr), shape=rows.shape)


@dataclass(frozen=True)
class Weights:
    """A weighting learned from some rows, to weigh others by.

    Attributes:
        kind: none, tfidf or bm25.
        rarity: (n_columns,) the idf.
        average: the mean sum of a row.
        k1: see `bm25`.
        b: see `bm25`.
    """

    kind: Weighting
    rarity: RealArray
    average: float
    k1: float = 1.2
    b: float = 0.75

    @classmethod
    def of(cls, rows: sparse.csr_array, kind: Weighting, k1: float = 1.2, b: float = 0.75) -> Self:
        """The weighting of these rows."""
        return cls(kind, idf(rows), _mean_length(rows), k1, b)

    def __call__(self, rows: sparse.csr_array) -> sparse.csr_array:
        """(n, n_columns) CSR float32: the rows, weighed."""
        if self.kind == "tfidf":
            return tfidf(rows, self.rarity)
        if self.kind == "bm25":
            return bm25(rows, self.rarity, self.average, k1=self.k1, b=self.b)
        return rows
