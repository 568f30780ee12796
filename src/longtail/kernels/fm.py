"""Factorization machines over blocks: one sweep of coordinate-wise least squares, or of Gibbs draws, a call.

A training row is made of one row of each block (a user's features, an item's, a context's): x_n = sum over blocks b of
X[rows[b, n]], where X holds the distinct rows of all blocks, stacked, and no feature stands in two blocks. A feature is
visited over the distinct rows of its block, so a sweep costs O(factors (training rows x blocks + entries of X)) instead
of O(factors x entries of the flat design) (Rendle 2013, Scaling factorization machines to relational data).

The prediction is linear in every single parameter t, y = g + t h, with h = x_j for a weight and x_j (q_f - v_jf x_j)
for a factor, where q_f = sum over all features of v_jf x_j (Rendle 2012, Factorization machines with libFM).
With residuals e = r - y, precision of the noise a and the prior N(m, 1 / l) of its group, its conditional is normal:

    precision  s = a sum h^2 + l,     mean  (a (t sum h^2 + sum h e) + l m) / s

Taking the mean is least squares (ALS); adding z / sqrt(s) with a standard normal z is a Gibbs draw.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from longtail.kernels.jit import kernel
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["fm_descend", "fm_sweep"]

P, COUNT, OTHER, OTHER_SQUARED, ERROR, ERROR_OTHER, SQUARES = range(7)
"""What is known of a block row: its sum p = sum of v_j x_j; over its training rows their number and the sums of o, o^2,
e and e o, where o is what the other blocks add to q; the change of the sum of v_j^2 x_j^2 on this visit."""


@kernel
def fm_sweep(
    rows: IntArray,
    errors: FloatArray,
    indptr: LongArray,
    indices: IntArray,
    data: FloatArray,
    block_rows: LongArray,
    block_features: LongArray,
    group: IntArray,
    bias: float,
    weights: RealArray,
    factors: RealArray,
    sums: RealArray,
    precision: float,
    prior_means: RealArray,
    prior_precisions: RealArray,
    bias_noise: float,
    noise: RealArray,
) -> float:
    """Visit the bias, all weights and all factors once, updating `errors`, `weights`, `factors`, `sums` in place.

    Args:
        rows: (n_blocks, n) int32, the row of X that each block gives to each training row.
        errors: (n,) rating minus prediction.
        indptr: (n_features + 1,) columns of X, compressed; with the two that follow.
        indices: (entries,) rows of X.
        data: (entries,) values of X.
        block_rows: (n_blocks + 1,) where the rows of each block begin in X.
        block_features: (n_blocks + 1,) where its features begin.
        group: (n_features,) the prior of each feature; -1 leaves its parameters as they are.
        bias: w_0, which has a flat prior.
        weights: (n_features,) w.
        factors: (factors, n_features) v, a factor a row.
        sums: (factors, n_rows) p = X v.
        precision: a, of the noise.
        prior_means: (factors + 1, n_groups), the weights' first.
        prior_precisions: (factors + 1, n_groups), likewise.
        bias_noise: a standard normal number for the bias, 0 for least squares.
        noise: (factors + 1, n_features) likewise for the weights and factors.

    Returns:
        The new bias.
    """
    n = errors.shape[0]
    total = 0.0
    for row in range(n):
        total += errors[row]
    step = total / n + bias_noise / sqrt(precision * n)
    for row in range(n):
        errors[row] -= np.float32(step)
    state = np.zeros((sums.shape[1], 8))
    for b in range(rows.shape[0]):
        lo, hi = block_features[b], block_features[b + 1]
        state[block_rows[b] : block_rows[b + 1]] = 0.0
        for row in range(n):
            state[rows[b, row], COUNT] += 1.0
            state[rows[b, row], ERROR] += errors[row]
        for j in range(lo, hi):
            if group[j] >= 0:
                mean, scale = prior_means[0, group[j]], prior_precisions[0, group[j]]
                places = indices[indptr[j] : indptr[j + 1]], data[indptr[j] : indptr[j + 1]]
                weights[j] = _draw_weight(*places, state, weights[j], precision, mean, scale, noise[0, j])
        for row in range(n):
            errors[row] -= np.float32(state[rows[b, row], P])
    q, change, square = np.empty(n, np.float32), np.empty(len(state), np.float32), np.empty(len(state), np.float32)
    last = rows.shape[0] - 1
    for f in range(factors.shape[0]):
        p, v = sums[f], factors[f]
        _begin(rows, errors, q, p, state)
        for b in range(last + 1):
            for j in range(block_features[b], block_features[b + 1]):
                if group[j] >= 0:
                    mean, scale = prior_means[f + 1, group[j]], prior_precisions[f + 1, group[j]]
                    places = indices[indptr[j] : indptr[j + 1]], data[indptr[j] : indptr[j + 1]]
                    v[j] = _draw_factor(*places, state, v[j], precision, mean, scale, noise[f + 1, j])
            for r in range(block_rows[b], block_rows[b + 1]):
                change[r] = state[r, P] - p[r]
                square[r] = 0.5 * (state[r, P] * state[r, P] - p[r] * p[r] - state[r, SQUARES])
                p[r] = state[r, P]
            if b < last:
                _pass_on(rows[b], rows[b + 1], errors, q, p, change, square, state)
        _end(rows[last], errors, q, change, square)
    return float(bias + step)


@kernel
def _draw_weight(
    places: IntArray,
    values: FloatArray,
    state: RealArray,
    weight: float,
    precision: float,
    prior_mean: float,
    prior_precision: float,
    noise: float,
) -> float:
    """A new weight, with h = x; moves p, and e in the sums of the block rows."""
    hh, he = 0.0, 0.0
    for at in range(len(places)):
        r, x = np.uint64(places[at]), np.float64(values[at])
        hh += x * x * state[r, COUNT]
        he += x * state[r, ERROR]
    new = _conditional(weight, hh, he, precision, prior_mean, prior_precision, noise)
    step = new - weight
    for at in range(len(places)):
        r, move = np.uint64(places[at]), step * np.float64(values[at])
        state[r, P] += move
        state[r, ERROR] -= move * state[r, COUNT]
    return new


@kernel
def _draw_factor(
    places: IntArray,
    values: FloatArray,
    state: RealArray,
    factor: float,
    precision: float,
    prior_mean: float,
    prior_precision: float,
    noise: float,
) -> float:
    """Sums of h = x (p - v x + o) over training rows, without visiting them: p is the same in all of a block row."""
    hh, he = 0.0, 0.0
    for at in range(len(places)):
        r, x = np.uint64(places[at]), np.float64(values[at])
        own = state[r, P] - factor * x
        hh += x * x * (own * (own * state[r, COUNT] + 2.0 * state[r, OTHER]) + state[r, OTHER_SQUARED])
        he += x * (own * state[r, ERROR] + state[r, ERROR_OTHER])
    new = _conditional(factor, hh, he, precision, prior_mean, prior_precision, noise)
    step, squares = new - factor, new * new - factor * factor
    for at in range(len(places)):
        r, x = np.uint64(places[at]), np.float64(values[at])
        own, move = state[r, P] - factor * x, step * x
        state[r, ERROR] -= move * (own * state[r, COUNT] + state[r, OTHER])
        state[r, ERROR_OTHER] -= move * (own * state[r, OTHER] + state[r, OTHER_SQUARED])
        state[r, P] += move
        state[r, SQUARES] += squares * x * x
    return new


@kernel
def _conditional(
    old: float, hh: float, he: float, precision: float, prior_mean: float, prior_precision: float, noise: float
) -> float:
    """The mean or draw above, from the sums of h^2 and h e; `old` stays where neither ratings nor prior say a thing."""
    known = precision * hh + prior_precision
    if known <= 0.0:
        return old
    return (precision * (old * hh + he) + prior_precision * prior_mean) / known + noise / sqrt(known)


@kernel
def _begin(rows: IntArray, errors: FloatArray, q: FloatArray, p: RealArray, state: RealArray) -> None:
    """Start a factor: q becomes what all blocks but the first add, and that one knows its training rows."""
    q[:] = np.float32(0.0)
    for b in range(1, rows.shape[0]):
        for row in range(len(q)):
            q[row] += np.float32(p[rows[b, row]])
    for r in range(len(state)):
        state[r, P] = p[r]
        state[r, OTHER], state[r, OTHER_SQUARED], state[r, ERROR], state[r, ERROR_OTHER] = 0.0, 0.0, 0.0, 0.0
        state[r, SQUARES] = 0.0
    o1, o2, e1, eo = 0.0, 0.0, 0.0, 0.0
    current = rows[0, 0]
    for row in range(len(q)):
        if rows[0, row] != current:
            _add(state, current, o1, o2, e1, eo)
            o1, o2, e1, eo = 0.0, 0.0, 0.0, 0.0
            current = rows[0, row]
        o, e = np.float64(q[row]), np.float64(errors[row])
        o1, o2, e1, eo = o1 + o, o2 + o * o, e1 + e, eo + e * o
    _add(state, current, o1, o2, e1, eo)


@kernel
def _pass_on(
    rows: IntArray,
    others: IntArray,
    errors: FloatArray,
    q: FloatArray,
    p: RealArray,
    change: FloatArray,
    square: FloatArray,
    state: RealArray,
) -> None:
    """From a block to the next: errors learn what has changed, q leaves out the next, which knows its training rows.

    A change of p by d changes y by o d + (new p^2 - old p^2 - the change of the sum of v^2 x^2) / 2.
    """
    for row in range(len(q)):
        r, s = rows[row], others[row]
        errors[row] -= q[row] * change[r] + square[r]
        q[row] += np.float32(p[r]) - np.float32(p[s])
        o, e = np.float64(q[row]), np.float64(errors[row])
        _add(state, s, o, o * o, e, e * o)


@kernel
def _end(rows: IntArray, errors: FloatArray, q: FloatArray, change: FloatArray, square: FloatArray) -> None:
    """Of the last block: errors learn what has changed."""
    for row in range(len(q)):
        errors[row] -= q[row] * change[rows[row]] + square[rows[row]]


@kernel
def _add(state: RealArray, r: int, o: float, o_squared: float, e: float, e_o: float) -> None:
    state[r, OTHER] += o
    state[r, OTHER_SQUARED] += o_squared
    state[r, ERROR] += e
    state[r, ERROR_OTHER] += e_o


@kernel
def fm_descend(
    order: LongArray,
    rows: IntArray,
    ratings: FloatArray,
    indptr: LongArray,
    indices: IntArray,
    data: FloatArray,
    bias: float,
    weights: FloatArray,
    factors: FloatArray,
    rate: float,
    decay: float,
) -> float:
    """One pass of stochastic gradient descent over the training rows in `order`, updating weights and factors in place.

    With e = r - y and q = sum of v_j x_j: w_0 += rate e; w_j += rate (e x_j - decay w_j);
    v_j += rate (e x_j (q - v_j x_j) - decay v_j), for the features of the row (Rendle 2010, equation 4).

    Args:
        order: (n,) the training rows in the order of visiting.
        rows: (n_blocks, n), as for `fm_sweep`.
        ratings: (n,) float32.
        indptr: (n_rows + 1,) rows of X, compressed; with the two that follow.
        indices: (entries,) features.
        data: (entries,) values.
        bias: w_0.
        weights: (n_features,) w.
        factors: (n_features, factors) v, a feature a row.
        rate: learning rate.
        decay: L2 regularization of all but the bias, applied once for each rating.

    Returns:
        The new bias.
    """
    k, level = factors.shape[1], np.float32(bias)
    step, keep = np.float32(rate), np.float32(1.0 - rate * decay)
    q, squares = np.empty(k, dtype=np.float32), np.empty(k, dtype=np.float32)
    for n in order:
        y = level
        q[:] = np.float32(0.0)
        squares[:] = np.float32(0.0)
        for b in range(rows.shape[0]):
            for at in range(indptr[rows[b, n]], indptr[rows[b, n] + 1]):
                j, x = indices[at], data[at]
                y += weights[j] * x
                for f in range(k):
                    part = factors[j, f] * x
                    q[f] += part
                    squares[f] += part * part
        for f in range(k):
            y += np.float32(0.5) * (q[f] * q[f] - squares[f])
        move = step * (ratings[n] - y)
        level += move
        for b in range(rows.shape[0]):
            for at in range(indptr[rows[b, n]], indptr[rows[b, n] + 1]):
                j, x = indices[at], data[at]
                weights[j] = keep * weights[j] + move * x
                for f in range(k):
                    factors[j, f] = keep * factors[j, f] + move * x * (q[f] - factors[j, f] * x)
    return np.float64(level)
