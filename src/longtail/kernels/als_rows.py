"""Least squares for implicit feedback: the rows of one side solved while the other side is held fixed.

Row u minimizes a weighted squared error over all items, those without an entry at weight `unseen`, plus a ridge. So it
solves the linear system

    (unseen Y'Y + ridge_u I + sum_i g_ui y_i y_i') x = sum_i c_ui y_i     (sums over the entries of the row)

with g_ui = |weight|, the weight above that of an unseen item, and c_ui = unseen + g_ui where the weight is positive,
which means that the item is preferred, 0 where it is not. Y must be turned so that Y'Y is diagonal: a rotation of both
sides changes neither a score nor a length, and then no solver below multiplies by a matrix that all rows share.
"""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import kernel
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["conjugate_gradient_rows", "exact_rows", "subspace_rows"]

LEAST_WEIGHT = np.float32(1e-12)
CHUNK = 256
"""Entries of a row gathered at a time."""
CONVERGED = np.float32(1e-12)
"""Of the squared residual, relative to that of the start."""


@kernel
def conjugate_gradient_rows(
    lo: int,
    hi: int,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    X: FloatArray,
    Y: FloatArray,
    diagonal: FloatArray,
    ridge: FloatArray,
    unseen: np.float32,
    steps: int,
) -> None:
    """Improve the rows lo..hi of X by conjugate gradients, from where they are; O(n factors) a step for n entries.

    The search is preconditioned by the part of the system that all rows share, which here is diagonal.

    Args:
        lo: first row.
        hi: row after the last.
        indptr: (n_rows + 1,) row pointer.
        indices: item of each entry.
        weights: weight of each entry above `unseen`; negative for an item that is not preferred.
        X: (n_rows, factors), written to.
        Y: (n_items, factors) with Y'Y diagonal.
        diagonal: (factors,) of `unseen` Y'Y.
        ridge: (n_rows,) regularization of each row.
        unseen: weight of a pair without an entry.
        steps: of conjugate gradients.
    """
    f = X.shape[1]
    zero, one = np.float32(0.0), np.float32(1.0)
    shared, r = np.empty(f, dtype=np.float32), np.empty(f, dtype=np.float32)
    p, q = np.empty(f, dtype=np.float32), np.empty(f, dtype=np.float32)
    for u in range(lo, hi):
        x, items, g = X[u], indices[indptr[u] : indptr[u + 1]], weights[indptr[u] : indptr[u + 1]]
        if len(items) == 0:
            x[:] = zero
            continue
        for k in range(f):
            shared[k] = diagonal[k] + ridge[u]
            r[k] = -shared[k] * x[k]
        _accumulate(r, x, Y, items, g, unseen, one, -one)
        rho = zero
        for k in range(f):
            p[k] = r[k] / shared[k]
            rho += r[k] * p[k]
        least = CONVERGED * rho
        for _ in range(steps):
            if not rho > least:
                break
            for k in range(f):
                q[k] = shared[k] * p[k]
            _accumulate(q, p, Y, items, g, unseen, zero, one)
            curvature = zero
            for k in range(f):
                curvature += p[k] * q[k]
            length = rho / curvature
            before = rho
            rho = zero
            for k in range(f):
                x[k] += length * p[k]
                r[k] -= length * q[k]
                rho += r[k] * r[k] / shared[k]
            turn = rho / before
            for k in range(f):
                p[k] = r[k] / shared[k] + turn * p[k]


@kernel
def _accumulate(
    out: FloatArray,
    x: FloatArray,
    Y: FloatArray,
    items: IntArray,
    weights: FloatArray,
    unseen: np.float32,
    pull: np.float32,
    push: np.float32,
) -> None:
    """Add sum_i (pull c_i + push g_i (y_i . x)) y_i to `out`, four items at a time."""
    f, n, zero = len(out), len(items), np.float32(0.0)
    whole = n - n % 4
    for at in range(0, whole, 4):
        y0, y1, y2, y3 = Y[items[at]], Y[items[at + 1]], Y[items[at + 2]], Y[items[at + 3]]
        a0, a1, a2, a3 = zero, zero, zero, zero
        for k in range(f):
            a0 += y0[k] * x[k]
            a1 += y1[k] * x[k]
            a2 += y2[k] * x[k]
            a3 += y3[k] * x[k]
        a0 = _coefficient(a0, weights[at], unseen, pull, push)
        a1 = _coefficient(a1, weights[at + 1], unseen, pull, push)
        a2 = _coefficient(a2, weights[at + 2], unseen, pull, push)
        a3 = _coefficient(a3, weights[at + 3], unseen, pull, push)
        for k in range(f):
            out[k] += (a0 * y0[k] + a1 * y1[k]) + (a2 * y2[k] + a3 * y3[k])
    for at in range(whole, n):
        y = Y[items[at]]
        a = zero
        for k in range(f):
            a += y[k] * x[k]
        a = _coefficient(a, weights[at], unseen, pull, push)
        for k in range(f):
            out[k] += a * y[k]


@kernel
def _coefficient(
    score: np.float32, weight: np.float32, unseen: np.float32, pull: np.float32, push: np.float32
) -> np.float32:
    """What y_i is added with: pull c + push g score, g = |weight|, c = unseen + g if the item is preferred, else 0."""
    g = abs(weight)
    c = unseen + g if weight > np.float32(0.0) else np.float32(0.0)
    return pull * c + push * g * score


@kernel
def exact_rows(
    lo: int,
    hi: int,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    X: FloatArray,
    Y: FloatArray,
    diagonal: FloatArray,
    ridge: FloatArray,
    unseen: np.float32,
) -> None:
    """Solve the rows lo..hi of X by Cholesky decompositions; arguments as for `conjugate_gradient_rows`.

    With R the rows g_i^1/2 y_i, t_i = c_i / g_i^1/2 and D the diagonal part, the system is (D + R'R) x = R't. A row
    with fewer entries than factors solves the smaller one for them: x = D^-1 R'v with (I + R D^-1 R') v = t.
    """
    f = X.shape[1]
    R, t = np.empty((CHUNK, f), dtype=np.float32), np.empty(CHUNK, dtype=np.float32)
    A, part = np.empty((f, f), dtype=np.float32), np.empty((f, f), dtype=np.float32)
    shared = np.empty(f, dtype=np.float32)
    for u in range(lo, hi):
        x, first, last = X[u], indptr[u], indptr[u + 1]
        for k in range(f):
            x[k] = np.float32(0.0)
            shared[k] = diagonal[k] + ridge[u]
        if last - first < min(f, CHUNK):
            _gather(R, t, Y, indices[first:last], weights[first:last], unseen, 0, f)
            _solve_by_entries(x, R[: last - first], t[: last - first], shared)
            continue
        A[:] = np.float32(0.0)
        for k in range(f):
            A[k, k] = shared[k]
        for at in range(first, last, CHUNK):
            n = min(CHUNK, last - at)
            _gather(R, t, Y, indices[at : at + n], weights[at : at + n], unseen, 0, f)
            np.dot(R[:n].T, R[:n], part)
            A += part
            x += np.dot(t[:n], R[:n])
        _solve(A, x)


@kernel
def _solve_by_entries(x: FloatArray, R: FloatArray, t: FloatArray, shared: FloatArray) -> None:
    """Set x to D^-1 R'v with (I + R D^-1 R') v = t, D the diagonal matrix of `shared`; R and t are overwritten."""
    n, f = R.shape
    if n == 0:
        return
    for k in range(f):
        shared[k] = np.float32(1.0) / np.sqrt(shared[k])
    for at in range(n):
        for k in range(f):
            R[at, k] *= shared[k]
    K = np.dot(R, R.T)
    for at in range(n):
        K[at, at] += np.float32(1.0)
    _solve(K, t)
    x += np.dot(t, R)
    for k in range(f):
        x[k] *= shared[k]


@kernel
def subspace_rows(
    lo: int,
    hi: int,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    X: FloatArray,
    Y: FloatArray,
    diagonal: FloatArray,
    ridge: FloatArray,
    unseen: np.float32,
    width: int,
) -> None:
    """Improve the rows lo..hi of X, `width` factors at a time, each block solved exactly with the others held.

    A block needs the errors e = t - R x of the row's own entries only (R and t as for `exact_rows`), kept up to date
    from block to block (Rendle et al. 2021, section 4). Other arguments as for `conjugate_gradient_rows`.
    """
    f, most = X.shape[1], 1
    for u in range(lo, hi):
        most = max(most, indptr[u + 1] - indptr[u])
    e, space = np.empty(most, dtype=np.float32), np.empty(most * width, dtype=np.float32)
    for u in range(lo, hi):
        x, items, g = X[u], indices[indptr[u] : indptr[u + 1]], weights[indptr[u] : indptr[u + 1]]
        n = len(items)
        if n == 0:
            x[:] = np.float32(0.0)
            continue
        for start in range(0, f, width):
            size = min(width, f - start)
            R = space[: n * size].reshape((n, size))
            if start == 0:
                _gather(R, e, Y, items, g, unseen, 0, size)
                _subtract_scores(e, Y, items, g, x)
            else:
                _gather(R, e[:0], Y, items, g, unseen, start, size)
            A, step = np.dot(R.T, R), np.dot(e[:n], R)
            for k in range(size):
                A[k, k] += diagonal[start + k] + ridge[u]
                step[k] -= (diagonal[start + k] + ridge[u]) * x[start + k]
            _solve(A, step)
            e[:n] -= np.dot(R, step)
            x[start : start + size] += step


@kernel
def _gather(
    R: FloatArray,
    t: FloatArray,
    Y: FloatArray,
    items: IntArray,
    weights: FloatArray,
    unseen: np.float32,
    start: int,
    size: int,
) -> None:
    """R_i = g_i^1/2 y_i over `size` factors from `start`, and (where t has room) t_i = c_i / g_i^1/2."""
    for at in range(len(items)):
        weight = weights[at]
        g = max(abs(weight), LEAST_WEIGHT)
        root, y = np.sqrt(g), Y[items[at]]
        if len(t) > 0:
            t[at] = (unseen + g) / root if weight > np.float32(0.0) else np.float32(0.0)
        for k in range(size):
            R[at, k] = root * y[start + k]


@kernel
def _subtract_scores(e: FloatArray, Y: FloatArray, items: IntArray, weights: FloatArray, x: FloatArray) -> None:
    """e_i -= g_i^1/2 y_i . x."""
    for at in range(len(items)):
        y, score = Y[items[at]], np.float32(0.0)
        for k in range(len(x)):
            score += y[k] * x[k]
        e[at] -= np.sqrt(max(abs(weights[at]), LEAST_WEIGHT)) * score


@kernel
def _solve(A: FloatArray, x: FloatArray) -> None:
    """Solve A x = b in place by Cholesky; b comes in x. A is symmetric and positive definite."""
    L, n = np.linalg.cholesky(A), len(x)
    for k in range(n):
        row, total = L[k], x[k]
        for b in range(k):
            total -= row[b] * x[b]
        x[k] = total / row[k]
    for k in range(n - 1, -1, -1):
        row = L[k]
        x[k] /= row[k]
        for b in range(k):
            x[b] -= x[k] * row[b]
