"""Similarities of rows of ratings over the columns they have in common, as sparse rows of the positive ones.

Rows are users compared over items, or items compared over users. Sums over the common columns are accumulated in one
dense workspace a row, so time is the number of common entries and memory does not grow with the square of anything
but what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal

import numpy as np
from scipy import sparse

from longtail.kernels.jit import strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.memory import require_memory
from longtail.types import AnyArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["Measure", "Neighbors", "similar_rows", "similarity_matrix"]

COSINE, MSD, PEARSON = 0, 1, 2
BLOCK_BYTES = 8 * 2**20

Similarity = Literal["cosine", "msd", "pearson", "pearson_baseline"]


@dataclass(frozen=True)
class Measure:
    """How two rows of ratings r and r' are compared, over the n columns both have.

    - cosine: sum r r' / sqrt(sum r^2 sum r'^2)
    - msd: 1 / (1 + mean (r - r')^2)
    - pearson: the cosine of r and r' less their means over the common columns
    - pearson_baseline: the cosine of residuals (the values given are residuals), times (n - 1) / (n - 1 + shrinkage)
      (Koren 2010, section 2.2)

    Attributes:
        name: one of the four.
        min_support: with fewer common columns two rows are not similar at all.
        shrinkage: how many common columns halve a pearson_baseline similarity.
    """

    name: Similarity
    min_support: int = 1
    shrinkage: float = 100.0

    @property
    def kind(self) -> int:
        """The formula a kernel is to use."""
        return {"cosine": COSINE, "msd": MSD, "pearson": PEARSON, "pearson_baseline": COSINE}[self.name]

    @property
    def support(self) -> int:
        """Common columns needed; one column says nothing about a correlation."""
        return max(self.min_support, 2 if self.name == "pearson_baseline" else 1)

    @property
    def damping(self) -> float:
        """`shrinkage` where the measure shrinks, else -1."""
        return self.shrinkage if self.name == "pearson_baseline" else -1.0


@dataclass(frozen=True)
class Neighbors:
    """The positive similarities of some rows: row r's neighbors stand at starts[r]..ends[r], by index.

    Attributes:
        starts: (n_rows,) int64.
        ends: (n_rows,) int64.
        indices: int32 index of each neighbor.
        weights: float64 similarity to it, above 0.
        size: how many rows there are to be neighbors with.
    """

    starts: LongArray
    ends: LongArray
    indices: IntArray
    weights: RealArray
    size: int

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> Neighbors:
        """The rows of a stored similarity matrix."""
        indptr = matrix.indptr.astype(np.int64)
        return cls(indptr[:-1].copy(), indptr[1:].copy(), matrix.indices, matrix.data, int(matrix.shape[1]))

    def take(self, lo: int, hi: int) -> Neighbors:
        """The rows lo..hi."""
        return replace(self, starts=self.starts[lo:hi], ends=self.ends[lo:hi])

    def nearest_first(self) -> Neighbors:
        """A packed copy, each row from the most to the least similar."""
        lengths = self.ends - self.starts
        ends = np.cumsum(lengths)
        starts = ends - lengths
        indices, weights = np.empty(lengths.sum(), np.int32), np.empty(lengths.sum())
        for row, (lo, hi) in enumerate(zip(self.starts.tolist(), self.ends.tolist(), strict=True)):
            order = np.argsort(-self.weights[lo:hi])
            indices[starts[row] : ends[row]] = self.indices[lo:hi][order]
            weights[starts[row] : ends[row]] = self.weights[lo:hi][order]
        return Neighbors(starts, ends, indices, weights, self.size)


def similar_rows(
    rows: sparse.csr_array, by_column: sparse.csr_array, measure: Measure, *, leave_out: IntArray | None = None
) -> Neighbors:
    """Neighbors of some rows among all the rows of a rating matrix.

    Memory: 12 bytes for each of the `rows` times all the rows; hand over few at a time.

    Args:
        rows: (n, n_columns) the rows to compare.
        by_column: (n_columns, n_all) the ratings of all rows, transposed.
        measure: how two rows are compared.
        leave_out: (n,) the index of a row that is not to be its neighbor (itself), -1 for none.
    """
    n_rows, size = rows.shape[0], by_column.shape[1]
    found = np.empty((n_rows, size), dtype=np.int32)
    weights = np.empty((n_rows, size), dtype=np.float64)
    counts = np.zeros(n_rows, dtype=np.int64)
    own = np.full(n_rows, -1, dtype=np.int32) if leave_out is None else leave_out.astype(np.int32)
    left = rows.indptr, rows.indices, rows.data
    right = by_column.indptr, by_column.indices, by_column.data
    rule = measure.kind, measure.support, float(measure.damping)
    run_rows(lambda lo, hi: _compare(*left, *right, own, *rule, found, weights, counts, lo, hi), n_rows)
    starts = np.arange(n_rows, dtype=np.int64) * size
    return Neighbors(starts, starts + counts, found.reshape(-1), weights.reshape(-1), size)


def similarity_matrix(rows: sparse.csr_array, by_column: sparse.csr_array, measure: Measure) -> sparse.csr_array:
    """(n, n) CSR of the positive similarities of all rows with one another; the diagonal is left out.

    Raises:
        MemoryBudgetError: if they need more memory than the budget allows.
    """
    size = rows.shape[0]
    indices, weights = np.empty(0, np.int32), np.empty(0, np.float64)
    indptr = np.zeros(size + 1, dtype=np.int64)
    step = max(1, BLOCK_BYTES // (12 * size))
    for lo in range(0, size, step):
        hi = min(lo + step, size)
        block = similar_rows(rows[lo:hi], by_column, measure, leave_out=np.arange(lo, hi, dtype=np.int32))
        indptr[lo + 1 : hi + 1] = indptr[lo] + np.cumsum(block.ends - block.starts)
        require_memory(12 * int(indptr[hi]), f"storing the similarities of {size:,} rows")
        for stored, packed in ((indices, block.indices), (weights, block.weights)):
            stored.resize(int(indptr[hi]), refcheck=False)  # grows in place: no second copy at the end
            parts = [packed[start:end] for start, end in zip(block.starts, block.ends, strict=True)]
            np.concatenate(parts, out=stored[indptr[lo] :])
    return sparse.csr_array((weights, indices, _narrowed(indptr)), shape=(size, size))


def _narrowed(indptr: LongArray) -> AnyArray:
    return indptr.astype(np.int32) if indptr[-1] <= np.iinfo(np.int32).max else indptr


@strict_kernel
def _compare(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    column_indptr: IntArray,
    column_indices: IntArray,
    column_values: FloatArray,
    own: IntArray,
    kind: int,
    min_support: int,
    damping: float,
    found: IntArray,
    weights: RealArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """Fill the rows lo..hi of `found` and `weights` from the left, and their `counts`."""
    size = found.shape[1]
    sums = np.zeros((size, 6))  # n, sum ab, sum aa, sum bb, sum a, sum b
    for row in range(lo, hi):
        for place in range(indptr[row], indptr[row + 1]):
            column, a = indices[place], np.float64(values[place])
            for at in range(column_indptr[column], column_indptr[column + 1]):
                other, b = np.uint64(column_indices[at]), np.float64(column_values[at])
                sums[other, 0] += 1.0
                sums[other, 1] += a * b
                sums[other, 2] += a * a
                sums[other, 3] += b * b
                if kind == PEARSON:
                    sums[other, 4] += a
                    sums[other, 5] += b
        count = 0
        for other in range(np.uint64(size)):
            if sums[other, 0] == 0.0:
                continue
            if sums[other, 0] >= min_support and other != own[row]:
                weight = _similarity(sums[other], kind, damping)
                found[row, count], weights[row, count] = other, weight
                count += weight > 0.0
            sums[other] = 0.0
        counts[row] = count


@strict_kernel
def _similarity(sums: RealArray, kind: int, damping: float) -> float:
    n, ab, aa, bb = sums[0], sums[1], sums[2], sums[3]
    if kind == MSD:
        return 1.0 / (1.0 + max(0.0, aa + bb - 2.0 * ab) / n)
    if kind == PEARSON:
        a, b = sums[4], sums[5]
        spread_a, spread_b = n * aa - a * a, n * bb - b * b
        if spread_a <= 1e-12 * n * aa or spread_b <= 1e-12 * n * bb:
            return 0.0
        return (n * ab - a * b) / sqrt(spread_a * spread_b)
    if aa == 0.0 or bb == 0.0:
        return 0.0
    cosine = ab / sqrt(aa * bb)
    return cosine if damping < 0.0 else cosine * (n - 1.0) / max(n - 1.0 + damping, 1.0)
