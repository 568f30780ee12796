"""How two sparse rows are compared: the measures, and what each needs to know of two rows and their common columns."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy import sparse

from longtail.kernels.jit import strict_kernel
from longtail.types import AnyArray, FloatArray, RealArray

__all__ = ["JACCARD", "PEARSON", "SCALED", "Measure", "Similarity", "mean_ranks", "similarity"]

COSINE, MSD, PEARSON, JACCARD, SCALED = 0, 1, 2, 3, 4

Similarity = Literal[
    "cosine",
    "msd",
    "pearson",
    "pearson_baseline",
    "adjusted_cosine",
    "spearman",
    "jaccard",
    "conditional_probability",
    "dot",
]

BASELINE_SHRINKAGE = 200.0
COUNTED = ("jaccard", "conditional_probability")
COSINES = ("cosine", "adjusted_cosine", "pearson_baseline")


@dataclass(frozen=True)
class Measure:
    """How two rows of values r and r' are compared, over the n columns both have.

    - cosine: sum r r' / sqrt(sum r^2 sum r'^2)
    - msd: 1 / (1 + mean (r - r')^2)
    - pearson: the cosine of r and r' less their means over the common columns
    - pearson_baseline: the cosine of residuals: the values given are ratings less their baseline (Koren 2010,
      section 2.2)
    - adjusted_cosine: the cosine, where the values given are ratings less the mean of their column (Sarwar et al. 2001,
      section 3.1.3)
    - spearman: pearson, where the values given are the ranks of a row's ratings among all its ratings, equal ones
      sharing the mean of their ranks (Herlocker et al. 1999, section 3.2): each row is ranked once, not anew for each
      pair over the common columns, which would cost a sort a pair; for rows with the same columns the two are the same
    - jaccard: n / (columns of either row)
    - conditional_probability: n / (n_r n_r'^popularity), with n_r the columns a row has: which part of the columns of r
      belongs to r' too, made smaller for an r' that is everywhere (Deshpande and Karypis 2004, equation 5); not
      symmetric
    - dot: sum r r'

    A similarity s over n common columns is shrunk to s n / (n + shrinkage) (Bell and Koren 2007), that of
    pearson_baseline to s (n - 1) / (n - 1 + shrinkage).

    Attributes:
        name: one of these.
        min_support: with fewer common columns two rows are not similar at all.
        shrinkage: how many common columns halve a similarity; None is 200 for pearson_baseline and 0 for the others.
        over: whether the sums of squares of a cosine run over the "common" columns, as for ratings, where a missing one
            is unknown, or over the "whole" of each row, as for clicks and features, where it is a zero.
        popularity: the exponent of a conditional_probability, from 0 (none) to 1.
    """

    name: Similarity
    min_support: int = 1
    shrinkage: float | None = None
    over: Literal["common", "whole"] = "common"
    popularity: float = 0.5

    @property
    def kind(self) -> int:
        """The formula a kernel is to use."""
        if self.name in COSINES:
            return SCALED if self.over == "whole" else COSINE
        special = {"msd": MSD, "pearson": PEARSON, "spearman": PEARSON, "jaccard": JACCARD}
        return special.get(self.name, SCALED)

    @property
    def support(self) -> int:
        """Common columns needed; one column says nothing about a correlation."""
        return max(self.min_support, 2 if self.name == "pearson_baseline" else 1)

    @property
    def damping(self) -> float:
        """How many common columns halve a similarity; 0 for none."""
        if self.shrinkage is not None:
            return float(self.shrinkage)
        return BASELINE_SHRINKAGE if self.name == "pearson_baseline" else 0.0

    @property
    def free(self) -> float:
        """How many of the common columns do not count where a similarity is shrunk."""
        return 1.0 if self.name == "pearson_baseline" else 0.0

    @property
    def symmetric(self) -> bool:
        """Whether a row is as similar to another as that one to it."""
        return self.name != "conditional_probability"

    @property
    def rule(self) -> tuple[int, int, float, float]:
        """What the kernels need to know."""
        return self.kind, self.support, self.damping, self.free

    def values(self, rows: sparse.csr_array) -> FloatArray:
        """What is compared of the stored values."""
        values: FloatArray = np.ones(rows.nnz, np.float32) if self.name in COUNTED else rows.data
        return values

    def left(self, rows: sparse.csr_array) -> RealArray:
        """(n,) what the formula needs to know of each row beside its common columns with another."""
        owners = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        return self._scales(owners, rows, rows.shape[0], -1.0)

    def right(self, by_column: sparse.csr_array) -> RealArray:
        """(n,) the same of the rows it is compared with, given as their transpose."""
        return self._scales(by_column.indices, by_column, by_column.shape[1], -self.popularity)

    def _scales(self, owners: AnyArray, stored: sparse.csr_array, size: int, exponent: float) -> RealArray:
        if self.kind not in (SCALED, JACCARD) or self.name == "dot":
            return np.ones(size)
        counts = np.bincount(owners, minlength=size).astype(np.float64)
        if self.name == "jaccard":
            return counts
        if self.name != "conditional_probability":
            counts, exponent = np.bincount(owners, weights=stored.data.astype(np.float64) ** 2, minlength=size), -0.5
        scales: RealArray = np.power(counts, exponent, out=np.zeros(size), where=counts > 0)
        return scales


def mean_ranks(groups: AnyArray, values: FloatArray) -> FloatArray:
    """(n,) float32 rank of each value among those of its group, from 1; equal ones share the mean of their ranks.

    Examples:
        >>> mean_ranks(np.array([0, 1, 0, 0]), np.array([5.0, 1.0, 3.0, 5.0])).tolist()
        [2.5, 1.0, 1.0, 2.5]
    """
    order = np.lexsort((values, groups))
    starts = np.diff(groups[order], prepend=-1) != 0
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    run = np.cumsum(starts | (np.diff(values[order], prepend=np.nan) != 0)) - 1
    ranks = np.empty(len(order), dtype=np.float32)
    ranks[order] = (1.0 + np.bincount(run, weights=place) / np.maximum(np.bincount(run), 1))[run]
    return ranks


@strict_kernel
def similarity(sums: RealArray, kind: int, damping: float, free: float, left: float, right: float) -> float:
    """The similarity of two rows from the sums n, ab, aa, bb, a and b over their common columns, and their scales."""
    n, ab, aa, bb = sums[0], sums[1], sums[2], sums[3]
    if kind == SCALED:
        found = ab * left * right
    elif kind == JACCARD:
        found = n / (left + right - n)
    elif kind == MSD:
        found = 1.0 / (1.0 + max(0.0, aa + bb - 2.0 * ab) / n)
    elif kind == PEARSON:
        a, b = sums[4], sums[5]
        spread_a, spread_b = n * aa - a * a, n * bb - b * b
        if spread_a <= 1e-12 * n * aa or spread_b <= 1e-12 * n * bb:
            return 0.0
        found = (n * ab - a * b) / sqrt(spread_a * spread_b)
    elif aa == 0.0 or bb == 0.0:
        return 0.0
    else:
        found = ab / sqrt(aa * bb)
    return found if damping == 0.0 else found * (n - free) / (n - free + damping)
