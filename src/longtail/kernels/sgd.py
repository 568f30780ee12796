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

__all__ = ["LANES", "asymmetric_epoch", "group_by_user", "padded", "svd_epoch", "svdpp_epoch"]

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
        items: (n,) item of each row; an item stands at most once among the rows of a user.
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
        u, lo, hi = sequence[k], start[k], start[k + 1]
        user_bias[u] = _descend(
            P[u],
            one,
            items[lo:hi],
            values[lo:hi],
            Q,
            user_bias[u],
            item_bias,
            mu,
            lr,
            keep,
            bias_lr,
            bias_keep,
            bias_lr,
            bias_keep,
        )


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

    With n = |N(u)|, s = n^-1/2 sum of y_j over N(u), e = r - (mean + b_u + b_i + q_i . (p_u + s)), a = 1 - rate decay,
    the update of Koren (2008) for one rating is: p_u <- a p_u + rate e q_i; q_i <- a q_i + rate e (p_u + s); and for
    EVERY j in N(u), y_j <- a y_j + rate e q_i / n^1/2, which taken literally costs O(n factors).

    But that is the same affine map for all j, so s <- a s + rate e q_i, just like p_u; and x = p_u + s, all that meets
    an item, obeys x <- a x + 2 rate e q_i. It is carried through the user's n ratings alone. Then, with A = a^n and
    c = (x - A x_before) / 2, p_u = A p_u_before + c, s = A s_before + c, and every y_j = A y_j_before + c / n^1/2.

    Args:
        sequence: (n_present,) the users in the order of visiting; with the three that follow, from `group_by_user`.
        start: (n_present + 1,) where their rows begin; the items of a user's rows are N(u).
        items: (n,) item of each row; an item stands at most once among the rows of a user.
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
    two, mu, lr = np.float32(2.0), np.float32(mean), np.float32(rate)
    keep = np.float32(1.0) - lr * np.float32(decay)
    x, change = np.empty(P.shape[1], dtype=np.float32), np.empty(P.shape[1], dtype=np.float32)
    for k in range(len(sequence)):
        u, lo, hi = sequence[k], start[k], start[k + 1]
        p, rated = P[u], items[lo:hi]
        root, kept = np.float32(np.sqrt(hi - lo)), keep ** np.float32(hi - lo)
        x[:] = np.float32(0.0)
        for item in rated:
            for f in range(x.shape[0]):
                x[f] += Y[item, f]
        for f in range(x.shape[0]):
            x[f] = p[f] + x[f] / root
            change[f] = x[f]
        user_bias[u] = _descend(
            x, two, rated, values[lo:hi], Q, user_bias[u], item_bias, mu, lr, keep, lr, keep, lr, keep
        )
        for f in range(x.shape[0]):
            change[f] = (x[f] - kept * change[f]) / two
            p[f] = kept * p[f] + change[f]
            change[f] /= root
        for item in rated:
            for f in range(x.shape[0]):
                Y[item, f] = kept * Y[item, f] + change[f]


@kernel
def asymmetric_epoch(
    sequence: IntArray,
    start: LongArray,
    items: IntArray,
    values: FloatArray,
    residuals: FloatArray,
    Q: FloatArray,
    X: FloatArray,
    Y: FloatArray,
    user_bias: FloatArray,
    item_bias: FloatArray,
    mean: float,
    rate: float,
    decay: float,
) -> None:
    """One pass over the ratings, updating Q, X, Y and the item biases in place, in O(factors) a rating.

    With n = |R(u)|, s = n^-1/2 sum of (d_j x_j + y_j) over R(u), d_j the residual of u's rating of j,
    e = r - (mean + b_u + b_i + q_i . s) and a = 1 - rate decay, the update of Koren (2008, equation 13) for one rating
    is: q_i <- a q_i + rate e s; and for EVERY j in R(u), x_j <- a x_j + rate e d_j q_i / n^1/2 and
    y_j <- a y_j + rate e q_i / n^1/2. Then s <- a s + rate e g q_i with the gain g = 1 + mean of d_j^2, so that it is
    enough to carry s through the user's ratings, as in `svdpp_epoch`: with A = a^n and c = (s - A s_before) / g,
    x_j = A x_j_before + d_j c / n^1/2 and y_j = A y_j_before + c / n^1/2.

    Args:
        sequence: (n_present,) the users in the order of visiting; with the three that follow, from `group_by_user`.
        start: (n_present + 1,) where their rows begin; the items of a user's rows are R(u).
        items: (n,) item of each row; an item stands at most once among the rows of a user.
        values: (n,) rating of each row.
        residuals: (n,) d_j of each row.
        Q: (n_items, padded) item vectors.
        X: (n_items, padded) what rating an item above the baseline says of a user.
        Y: (n_items, padded) what rating it at all says.
        user_bias: (n_users,) b_u, which does not learn.
        item_bias: (n_items,) b_i.
        mean: the constant mu.
        rate: learning rate.
        decay: L2 regularization, applied once for each rating.
    """
    zero, one, mu, lr = np.float32(0.0), np.float32(1.0), np.float32(mean), np.float32(rate)
    keep = one - lr * np.float32(decay)
    s, change = np.empty(Q.shape[1], dtype=np.float32), np.empty(Q.shape[1], dtype=np.float32)
    for k in range(len(sequence)):
        u, lo, hi = sequence[k], start[k], start[k + 1]
        n, root = np.float32(hi - lo), np.float32(np.sqrt(hi - lo))
        kept, gain = keep**n, one
        s[:] = zero
        for row in range(lo, hi):
            item, d = items[row], residuals[row]
            gain += d * d / n
            for f in range(s.shape[0]):
                s[f] += d * X[item, f] + Y[item, f]
        for f in range(s.shape[0]):
            s[f] /= root
            change[f] = s[f]
        _descend(s, gain, items[lo:hi], values[lo:hi], Q, user_bias[u], item_bias, mu, lr, keep, zero, one, lr, keep)
        for f in range(s.shape[0]):
            change[f] = (s[f] - kept * change[f]) / (gain * root)
        for row in range(lo, hi):
            item, d = items[row], residuals[row]
            for f in range(s.shape[0]):
                X[item, f] = kept * X[item, f] + d * change[f]
                Y[item, f] = kept * Y[item, f] + change[f]


@kernel
def _descend(
    x: FloatArray,
    gain: np.float32,
    items: IntArray,
    values: FloatArray,
    Q: FloatArray,
    bias: np.float32,
    item_bias: FloatArray,
    mean: np.float32,
    rate: np.float32,
    keep: np.float32,
    user_rate: np.float32,
    user_keep: np.float32,
    bias_rate: np.float32,
    bias_keep: np.float32,
) -> np.float32:
    """One user's ratings in turn: x <- keep x + gain rate e q, q <- keep q + rate e x. Returns the user's bias.

    The inner product of the next rating is formed on the way, as keep (x . q') + gain rate e (q . q') with q' the next
    item's vector, so that a step need not wait for the vectors of the step before.
    """
    n, q = len(items), Q[items[0]]
    dot = np.float32(0.0)
    for f in range(x.shape[0]):
        dot += x[f] * q[f]
    for row in range(n):
        item = items[row]
        ahead = Q[items[row + 1 if row + 1 < n else 0]]
        error = values[row] - (mean + bias + item_bias[item] + dot)
        bias = user_keep * bias + user_rate * error
        item_bias[item] = bias_keep * item_bias[item] + bias_rate * error
        step = rate * error
        x_step = gain * step
        x_ahead, q_ahead = np.float32(0.0), np.float32(0.0)
        for f in range(x.shape[0]):
            x_f, q_f = x[f], q[f]
            x_ahead += x_f * ahead[f]
            q_ahead += q_f * ahead[f]
            x[f] = keep * x_f + x_step * q_f
            q[f] = keep * q_f + step * x_f
        dot = keep * x_ahead + x_step * q_ahead
        q = ahead
    return bias
