"""Stochastic gradient descent for factor models: one epoch a call, one rating at a time, always in the same order.

The epochs are sequential on purpose: each step starts from the one before it, so the result does not depend on the
number of threads. Ratings are visited user by user, which keeps the user's vector in the nearest cache.

Vectors are float32 rows whose length is a multiple of `LANES`, filled up with zeros (`padded`): a zero factor stays
zero under every update below, and the compiler needs no scalar loop for a remainder.
"""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import kernel
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["LANES", "group_by_user", "padded", "svd_epoch", "svdpp_epoch"]

LANES = 8


def padded(factors: int) -> int:
    """The length of a vector of `factors` numbers in memory: the next multiple of `LANES`.

    Examples:
        >>> padded(20), padded(64)
        (24, 64)
    """
    return -(-factors // LANES) * LANES


@kernel
def group_by_user(
    users: IntArray, items: IntArray, values: FloatArray, n_users: int
) -> tuple[IntArray, LongArray, IntArray, FloatArray]:
    """The order of visiting: users as they first appear, each with their ratings in the order given.

    Returns:
        sequence (n_present,) int32 user indices; start (n_present + 1,) int64, where the rows of the k-th of them
        begin; items (n,) int32 and values (n,) float32, rearranged.
    """
    place = np.full(n_users, -1, dtype=np.int32)
    sequence = np.empty(n_users, dtype=np.int32)
    start = np.zeros(n_users + 2, dtype=np.int64)
    present = 0
    for user in users:
        if place[user] < 0:
            place[user] = present
            sequence[present] = user
            present += 1
        start[place[user] + 2] += 1
    for k in range(present):
        start[k + 2] += start[k + 1]
    grouped_items = np.empty(len(items), dtype=np.int32)
    grouped_values = np.empty(len(values), dtype=np.float32)
    for row in range(len(users)):
        k = place[users[row]] + 1
        grouped_items[start[k]] = items[row]
        grouped_values[start[k]] = values[row]
        start[k] += 1
    return sequence[:present].copy(), start[: present + 1].copy(), grouped_items, grouped_values


@kernel
def svd_epoch(
    sequence: IntArray,
    start: LongArray,
    items: IntArray,
    values: FloatArray,
    P: FloatArray,
    Q: FloatArray,
    user_bias: FloatArray,
    item_bias: FloatArray,
    mean: float,
    rate: float,
    decay: float,
    biased: bool,
) -> None:
    """One pass over the ratings, updating P, Q and the biases in place.

    With e = r - (mean + b_u + b_i + p_u . q_i) and the values of before the step:
    b_u += rate (e - decay b_u), b_i likewise; p_u += rate (e q_i - decay p_u); q_i += rate (e p_u - decay q_i).

    Args:
        sequence: (n_present,) the users in the order of visiting; with the three that follow, from `group_by_user`.
        start: (n_present + 1,) where their rows begin.
        items: (n,) item of each row.
        values: (n,) rating of each row.
        P: (n_users, padded) user vectors.
        Q: (n_items, padded) item vectors.
        user_bias: (n_users,) b_u.
        item_bias: (n_items,) b_i.
        mean: the constant mu.
        rate: learning rate.
        decay: L2 regularization, applied once for each rating.
        biased: whether the biases learn; else they stay as they are.
    """
    one, mu, lr = np.float32(1.0), np.float32(mean), np.float32(rate)
    keep = one - lr * np.float32(decay)
    bias_lr = lr if biased else np.float32(0.0)
    bias_keep = keep if biased else one
    for k in range(len(sequence)):
        p, b_u = P[sequence[k]], user_bias[sequence[k]]
        for row in range(start[k], start[k + 1]):
            item = items[row]
            q, b_i = Q[item], item_bias[item]
            dot = np.float32(0.0)
            for f in range(p.shape[0]):
                dot += p[f] * q[f]
            error = values[row] - (mu + b_u + b_i + dot)
            step = lr * error
            b_u = bias_keep * b_u + bias_lr * error
            item_bias[item] = bias_keep * b_i + bias_lr * error
            for f in range(p.shape[0]):
                p_f, q_f = p[f], q[f]
                p[f] = keep * p_f + step * q_f
                q[f] = keep * q_f + step * p_f
        user_bias[sequence[k]] = b_u


@kernel
def svdpp_epoch(
    sequence: IntArray,
    start: LongArray,
    items: IntArray,
    values: FloatArray,
    P: FloatArray,
    Q: FloatArray,
    Y: FloatArray,
    user_bias: FloatArray,
    item_bias: FloatArray,
    mean: float,
    rate: float,
    decay: float,
) -> None:
    """One pass over the ratings, updating P, Q, Y and the biases in place, in O(factors) a rating.

    With n = |N(u)|, s = n^-1/2 sum of y_j over N(u), e = r - (mean + b_u + b_i + q_i . (p_u + s)), a = 1 - rate decay:
    p_u <- a p_u + rate e q_i; q_i <- a q_i + rate e (p_u + s); and for EVERY j in N(u)
    y_j <- a y_j + rate e q_i / n^1/2.

    The last step, taken literally, costs O(|N(u)| factors) a rating (Koren 2008). But it is the same affine map for all
    j, so s obeys s <- a s + rate e q_i, and after the user's m ratings y_j = A y_j + c with A = a^m and c the same for
    all j; summing over N(u) gives c = (s - A s_before) / n^1/2. So s is carried along, and every y_j written once.

    Args:
        sequence: (n_present,) the users in the order of visiting; with the three that follow, from `group_by_user`.
        start: (n_present + 1,) where their rows begin; the rows of a user are N(u).
        items: (n,) item of each row.
        values: (n,) rating of each row.
        P: (n_users, padded) user vectors.
        Q: (n_items, padded) item vectors.
        Y: (n_items, padded) implicit item vectors.
        user_bias: (n_users,) b_u.
        item_bias: (n_items,) b_i.
        mean: the constant mu.
        rate: learning rate.
        decay: L2 regularization, applied once for each rating.
    """
    mu, lr = np.float32(mean), np.float32(rate)
    keep = np.float32(1.0) - lr * np.float32(decay)
    s = np.empty(P.shape[1], dtype=np.float32)
    shift = np.empty(P.shape[1], dtype=np.float32)
    for k in range(len(sequence)):
        p, b_u = P[sequence[k]], user_bias[sequence[k]]
        lo, hi = start[k], start[k + 1]
        root = np.float32(np.sqrt(hi - lo))
        s[:] = np.float32(0.0)
        for row in range(lo, hi):
            y = Y[items[row]]
            for f in range(s.shape[0]):
                s[f] += y[f]
        shrunk = np.float32(1.0)
        for f in range(s.shape[0]):
            s[f] /= root
            shift[f] = s[f]
        for row in range(lo, hi):
            item = items[row]
            q, b_i = Q[item], item_bias[item]
            dot = np.float32(0.0)
            for f in range(s.shape[0]):
                dot += q[f] * (p[f] + s[f])
            error = values[row] - (mu + b_u + b_i + dot)
            step = lr * error
            b_u = keep * b_u + step
            item_bias[item] = keep * b_i + step
            for f in range(s.shape[0]):
                p_f, q_f, s_f = p[f], q[f], s[f]
                p[f] = keep * p_f + step * q_f
                s[f] = keep * s_f + step * q_f
                q[f] = keep * q_f + step * (p_f + s_f)
            shrunk *= keep
        user_bias[sequence[k]] = b_u
        for f in range(s.shape[0]):
            shift[f] = (s[f] - shrunk * shift[f]) / root
        for row in range(lo, hi):
            y = Y[items[row]]
            for f in range(s.shape[0]):
                y[f] = shrunk * y[f] + shift[f]
