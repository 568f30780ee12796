"""Stochastic gradient descent for SVD++ with drift: users and items whose biases and tastes change with time."""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import kernel
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["timesvdpp_epoch"]


@kernel
def timesvdpp_epoch(
    sequence: IntArray,
    start: LongArray,
    items: IntArray,
    values: FloatArray,
    bins: IntArray,
    days: IntArray,
    drifts: FloatArray,
    P: FloatArray,
    A: FloatArray,
    Q: FloatArray,
    Y: FloatArray,
    user_bias: FloatArray,
    user_drift: FloatArray,
    day_bias: FloatArray,
    item_bias: FloatArray,
    bin_bias: FloatArray,
    mean: float,
    rate: float,
    decay: float,
    day_decay: float,
    bin_decay: float,
    drift_decay: float,
) -> None:
    """One pass over the ratings, updating all parameters in place, in O(factors) a rating.

    For a rating r of item i in bin b, on the user's day d, at drift t, with s = n^-1/2 sum of y_j over N(u) and
    x = p_u + s:

        e = r - (mean + b_u + t a_u + b_ud + b_i + b_ib + q_i . (x + t a_u'))

    Every parameter takes a step along e times what it is multiplied by, minus `decay` times itself. The y_j are moved
    once a user, as in `svdpp_epoch`: x <- keep x + 2 rate e q_i stands for p_u and s.

    Args:
        sequence: (n_present,) the users in the order of visiting; with the three that follow, from `group_by_user`.
        start: (n_present + 1,) where their rows begin; the items of a user's rows are N(u).
        items: (n,) item of each row; an item stands at most once among the rows of a user.
        values: (n,) rating of each row.
        bins: (n,) period of each row, 0 and up.
        days: (n,) place of each row's user and day in `day_bias`.
        drifts: (n,) t of each row.
        P: (n_users, padded) user vectors.
        A: (n_users, padded) a_u', by which a user's vector drifts.
        Q: (n_items, padded) item vectors.
        Y: (n_items, padded) implicit item vectors.
        user_bias: (n_users,) b_u.
        user_drift: (n_users,) a_u.
        day_bias: (n_days,) b_ud.
        item_bias: (n_items,) b_i.
        bin_bias: (n_items, n_bins) b_ib.
        mean: the constant mu.
        rate: learning rate.
        decay: L2 regularization of what does not depend on time, applied once for each rating.
        day_decay: the same, of b_ud.
        bin_decay: the same, of b_ib.
        drift_decay: the same, of the drifts.
    """
    two, mu, lr = np.float32(2.0), np.float32(mean), np.float32(rate)
    keep = np.float32(1.0) - lr * np.float32(decay)
    keep_day = np.float32(1.0) - lr * np.float32(day_decay)
    keep_bin = np.float32(1.0) - lr * np.float32(bin_decay)
    keep_drift = np.float32(1.0) - lr * np.float32(drift_decay)
    x, change = np.empty(P.shape[1], dtype=np.float32), np.empty(P.shape[1], dtype=np.float32)
    for k in range(len(sequence)):
        u, lo, hi = sequence[k], start[k], start[k + 1]
        p, a = P[u], A[u]
        root, kept = np.float32(np.sqrt(hi - lo)), keep ** np.float32(hi - lo)
        x[:] = np.float32(0.0)
        for row in range(lo, hi):
            y = Y[items[row]]
            for f in range(x.shape[0]):
                x[f] += y[f]
        for f in range(x.shape[0]):
            x[f] = p[f] + x[f] / root
            change[f] = x[f]
        bias, drift = user_bias[u], user_drift[u]
        for row in range(lo, hi):
            item, b, d, t = items[row], bins[row], days[row], drifts[row]
            q = Q[item]
            dot = np.float32(0.0)
            for f in range(x.shape[0]):
                dot += q[f] * (x[f] + t * a[f])
            known = mu + bias + t * drift + day_bias[d] + item_bias[item] + bin_bias[item, b]
            step = lr * (values[row] - known - dot)
            bias = keep * bias + step
            drift = keep_drift * drift + t * step
            day_bias[d] = keep_day * day_bias[d] + step
            item_bias[item] = keep * item_bias[item] + step
            bin_bias[item, b] = keep_bin * bin_bias[item, b] + step
            x_step, a_step = two * step, t * step
            for f in range(x.shape[0]):
                x_f, a_f, q_f = x[f], a[f], q[f]
                x[f] = keep * x_f + x_step * q_f
                a[f] = keep_drift * a_f + a_step * q_f
                q[f] = keep * q_f + step * (x_f + t * a_f)
        user_bias[u], user_drift[u] = bias, drift
        for f in range(x.shape[0]):
            change[f] = (x[f] - kept * change[f]) / two
            p[f] = kept * p[f] + change[f]
            change[f] /= root
        for row in range(lo, hi):
            y = Y[items[row]]
            for f in range(x.shape[0]):
                y[f] = kept * y[f] + change[f]
