"""Elastic nets by coordinate descent on the Gram matrix: each column of X from the others.

For the column j of B, with G = X'X, the problem is

    minimize  1/2 |x_j - X b|^2 + l2 / 2 |b|^2 + l1 |b|_1,    b_j = 0,   b >= 0 if non_negative

whose gradient G_j - G b is all that is needed (the covariance updates of Friedman, Hastie and Tibshirani 2010, section
2.2): the users are not visited again. A step changes the gradient by one row of G.

Most weights are zero, so the descent runs on a small *active* set, whose part of G stays in the cache. When it has come
to rest, the gradient of all says which of the others would still move: the foremost join, until none would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.kernels.gram import sub_gram
from longtail.kernels.jit import kernel
from longtail.kernels.largest import kth_largest
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["ElasticNet", "elastic_nets", "elastic_nets_of_neighbors"]

TILE = 16
FIRST_ACTIVE = 32
"""Items that join the active set at first; later as many as half of it."""


@dataclass(frozen=True)
class ElasticNet:
    """What is minimized, and how closely.

    Attributes:
        l1: weight of |b|_1.
        l2: weight of |b|^2 / 2.
        non_negative: allow no weights below zero.
        tolerance: a sweep that moves no weight by more ends the descent.
        epochs: sweeps at most, for each active set.
    """

    l1: float
    l2: float
    non_negative: bool = True
    tolerance: float = 1e-6
    epochs: int = 1000

    @property
    def rule(self) -> tuple[float, float, bool, float, int]:
        """The attributes, as a kernel takes them."""
        return float(self.l1), float(self.l2), self.non_negative, float(self.tolerance), self.epochs


def elastic_nets(G: FloatArray, net: ElasticNet) -> sparse.csr_array:
    """The columns of B, each from all the others.

    Args:
        G: (n, n) float32, X'X in full.
        net: what to minimize.

    Returns:
        (n, n) float32 B, without zeros, sorted within a row.
    """
    parts = dict[int, sparse.csr_array]()
    diagonal = np.diagonal(G).astype(np.float64)

    def solve(lo: int, hi: int) -> None:
        columns = np.zeros((hi - lo, len(G)), dtype=np.float32)
        _solve(G, diagonal, *net.rule, columns, lo, hi)
        parts[lo] = sparse.csr_array(columns)

    run_rows(solve, len(G), tile=TILE)
    return sparse.csr_array(sparse.vstack([parts[lo] for lo in sorted(parts)], format="csr").T.tocsr())


def elastic_nets_of_neighbors(G: sparse.csr_array, neighbors: sparse.csr_array, net: ElasticNet) -> sparse.csr_array:
    """The columns of B, column j only from the items in row j of `neighbors` (which is not to hold j itself).

    Args:
        G: (n, n) float32 X'X, sorted within a row.
        neighbors: (n, n), sorted within a row; only the places of the entries count.
        net: what to minimize.

    Returns:
        As `elastic_nets`.
    """
    found = np.zeros(neighbors.nnz, dtype=np.float32)
    indptr, indices = neighbors.indptr, neighbors.indices
    run_rows(
        lambda lo, hi: _solve_neighbors(G.indptr, G.indices, G.data, indptr, indices, *net.rule, found, lo, hi),
        G.shape[0],
        tile=TILE,
    )
    columns = sparse.csr_array((found, neighbors.indices.copy(), neighbors.indptr.copy()), shape=neighbors.shape)
    columns.eliminate_zeros()
    return sparse.csr_array(columns.T.tocsr())


@kernel
def _solve(
    G: FloatArray,
    diagonal: RealArray,
    l1: float,
    l2: float,
    non_negative: bool,
    tolerance: float,
    epochs: int,
    columns: FloatArray,
    lo: int,
    hi: int,
) -> None:
    """Fill the rows of `columns` with the columns lo..hi of B."""
    size = len(G)
    gradient, weights = np.empty(size), np.empty(size)
    active, member = np.empty(size, np.int64), np.empty(size, np.bool_)
    for target in range(lo, hi):
        for item in range(size):
            gradient[item], weights[item], member[item] = G[target, item], 0.0, item == target
        count = 0
        while count < size - 1:
            wanted = max(FIRST_ACTIVE, count // 2)
            more = _join(gradient, diagonal, l1, l2, non_negative, tolerance, wanted, active, member, count)
            if more == count:
                break
            count = more
            _settle(G, active[:count], weights, gradient, l1, l2, non_negative, tolerance, epochs)
        for at in range(count):
            columns[target - lo, active[at]] = weights[active[at]]


@kernel
def _join(
    gradient: RealArray,
    diagonal: RealArray,
    l1: float,
    l2: float,
    non_negative: bool,
    tolerance: float,
    wanted: int,
    active: LongArray,
    member: BoolArray,
    count: int,
) -> int:
    """Put the items that would move most into the active set; says how many are in it then."""
    size = len(gradient)
    steps, movable = np.zeros(size), 0
    for item in range(size):
        pull = gradient[item] if non_negative else abs(gradient[item])
        if pull > l1 and not member[item] and diagonal[item] > 0.0:
            steps[item] = (pull - l1) / (diagonal[item] + l2)
            movable += steps[item] > tolerance
    edge = tolerance
    if movable > wanted:
        edge = max(edge, kth_largest(steps, wanted))
    for item in range(size):
        if steps[item] > tolerance and steps[item] >= edge:
            active[count], member[item] = item, True
            count += 1
    return count


@kernel
def _settle(
    G: FloatArray,
    active: LongArray,
    weights: RealArray,
    gradient: RealArray,
    l1: float,
    l2: float,
    non_negative: bool,
    tolerance: float,
    epochs: int,
) -> None:
    """Let the active items come to rest, and bring the gradient of all up to date."""
    count = len(active)
    part, pull, settled = np.empty((count, count), np.float32), np.empty(count), np.empty(count)
    for at in range(count):
        pull[at], settled[at] = gradient[active[at]], weights[active[at]]
        row = G[active[at]]
        for other in range(count):
            part[at, other] = row[active[other]]
    _descend(part, settled, pull, l1, l2, non_negative, tolerance, epochs)
    for at in range(count):
        moved = settled[at] - weights[active[at]]
        if moved != 0.0:
            weights[active[at]] = settled[at]
            row = G[active[at]]
            for item in range(len(gradient)):
                gradient[item] -= moved * row[item]


@kernel
def _descend(
    G: FloatArray,
    weights: RealArray,
    gradient: RealArray,
    l1: float,
    l2: float,
    non_negative: bool,
    tolerance: float,
    epochs: int,
) -> None:
    """Sweeps over the weights, each set to what is best while the others stand still."""
    for _ in range(epochs):
        largest = 0.0
        for item in range(len(G)):
            own = np.float64(G[item, item])
            pull, best = gradient[item] + own * weights[item], 0.0
            if pull > l1:
                best = (pull - l1) / (own + l2)
            elif pull < -l1 and not non_negative:
                best = (pull + l1) / (own + l2)
            step = best - weights[item]
            if step != 0.0:
                weights[item] = best
                largest = max(largest, abs(step))
                row = G[item]
                for other in range(len(G)):
                    gradient[other] -= step * row[other]
        if largest <= tolerance:
            return


@kernel
def _solve_neighbors(
    indptr: AnyArray,
    indices: IntArray,
    values: FloatArray,
    place_indptr: IntArray,
    places: IntArray,
    l1: float,
    l2: float,
    non_negative: bool,
    tolerance: float,
    epochs: int,
    found: FloatArray,
    lo: int,
    hi: int,
) -> None:
    """Fill `found` with the weights at the places of the columns lo..hi."""
    for target in range(lo, hi):
        start, end = place_indptr[target], place_indptr[target + 1]
        chosen = places[start:end]
        part = sub_gram(indptr, indices, values, chosen, chosen)
        own = sub_gram(indptr, indices, values, np.array([target], dtype=np.int32), chosen)
        pull = own[0].astype(np.float64)
        weights = np.zeros(len(chosen))
        _descend(part, weights, pull, l1, l2, non_negative, tolerance, epochs)
        for at in range(len(chosen)):
            found[start + at] = weights[at]
