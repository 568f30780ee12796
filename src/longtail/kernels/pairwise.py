"""Learning to rank by pairs (BPR, WARP): a person prefers an item they met to one they did not, or like less.

Random numbers are functions of a key and a step (`strata`), so the same call gives the same result on any thread.
"""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import kernel
from longtail.kernels.strata import draw, passes, place_of, sieve_of
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["bpr_rows", "bpr_steps", "warp_rows", "warp_steps"]

TRIES = 16
"""How often a negative is drawn, at most, until it is one that the person likes less; else there is no step."""


BATCH = 128
"""Steps whose entries and negatives are drawn before they are taken: the processor then need not wait for a search."""


@kernel
def bpr_steps(
    people: IntArray,
    places: LongArray,
    pool: IntArray,
    steps: int,
    key: np.uint64,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    sieve: LongArray,
    sieve_start: LongArray,
    X: FloatArray,
    Y: FloatArray,
    bias: FloatArray,
    rate: float,
    item_rate: float,
    decay: float,
    contenders: int,
) -> None:
    """Steps of gradient ascent on ln sigmoid(x_u . (y_i - y_j) + b_i - b_j), in place.

    Args:
        people: (n,) user of each entry that a step may draw.
        places: (n,) where that entry stands among all.
        pool: the items to draw negatives from; one that stands there more often is drawn more often.
        steps: how many.
        key: of the random numbers.
        indptr: row pointer of what each user has met.
        indices: those items, sorted within a row.
        weights: how much of a preference each is.
        sieve: bits that tell at once most of what has not been met, from `sieve_of`.
        sieve_start: (n_users + 1,) where the bits of each user begin.
        X: (n_users, factors) user vectors.
        Y: (n_items, factors) item vectors.
        bias: (n_items,) item biases.
        rate: learning rate of the users.
        item_rate: learning rate of the items; 0 holds them.
        decay: L2 regularization, applied to the vectors a step touches.
        contenders: negatives drawn a step; the one with the highest score is taken.
    """
    lr, item_lr, one = np.float32(rate), np.float32(item_rate), np.float32(1.0)
    keep, item_keep = one - lr * np.float32(decay), one - item_lr * np.float32(decay)
    f, each = X.shape[1], contenders * TRIES + 1
    batch = 1 if contenders > 1 else max(1, min(BATCH, steps))  # the scores of contenders must be those of the moment
    # The test for what was met is written out, as in `passes` and `_is_less`: calling them costs as much as a step.
    drawn = np.empty((3, batch), dtype=np.int64)
    for start in range(0, steps, batch):
        count = min(batch, steps - start)
        for step in range(count):
            at = (start + step) * each
            entry = draw(key, at, len(people))
            u, place = people[entry], places[entry]
            lo, hi, first, last = indptr[u], indptr[u + 1], sieve_start[u], sieve_start[u + 1]
            j = -1
            for contender in range(contenders):
                for attempt in range(TRIES):
                    rival = pool[draw(key, at + 1 + contender * TRIES + attempt, len(pool))]
                    bit = rival & (64 * (last - first) - 1)
                    if (sieve[first + (bit >> 6)] >> (bit & 63)) & 1:  # it may have been met: search for it
                        left, right = lo, hi
                        while left < right:
                            middle = (left + right) >> 1
                            if indices[middle] < rival:
                                left = middle + 1
                            else:
                                right = middle
                        if left < hi and indices[left] == rival and weights[left] >= weights[place]:
                            continue
                    if j < 0 or _score(X, Y, bias, u, rival) > _score(X, Y, bias, u, j):
                        j = rival
                    break
            drawn[0, step], drawn[1, step], drawn[2, step] = u, indices[place], j
        for step in range(count):
            u, i, j = drawn[0, step], drawn[1, step], drawn[2, step]
            if j < 0:
                continue
            x, y, z = X[u], Y[i], Y[j]
            score = bias[i] - bias[j]
            for k in range(f):
                score += x[k] * (y[k] - z[k])
            pull = one / (one + np.exp(score))
            push, item_push = lr * pull, item_lr * pull
            for k in range(f):
                x_k, y_k, z_k = x[k], y[k], z[k]
                x[k] = keep * x_k + push * (y_k - z_k)
                y[k] = item_keep * y_k + item_push * x_k
                z[k] = item_keep * z_k - item_push * x_k
            bias[i] = item_keep * bias[i] + item_push
            bias[j] = item_keep * bias[j] - item_push


@kernel
def _is_less(lo: int, hi: int, indices: IntArray, weights: FloatArray, place: int, item: int) -> bool:
    """Whether a person whose entries are lo..hi has not met `item`, or prefers it less than the one at `place`."""
    found = place_of(indices, lo, hi, item)
    return bool(found < 0 or weights[found] < weights[place])


@kernel
def _score(X: FloatArray, Y: FloatArray, bias: FloatArray, u: int, i: int) -> np.float32:
    total = np.float32(bias[i])
    for k in range(X.shape[1]):
        total += X[u, k] * Y[i, k]
    return total


@kernel
def warp_steps(
    people: IntArray,
    places: LongArray,
    pool: IntArray,
    steps: int,
    key: np.uint64,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    sieve: LongArray,
    sieve_start: LongArray,
    X: FloatArray,
    Y: FloatArray,
    bias: FloatArray,
    rate: float,
    item_rate: float,
    decay: float,
    most: int,
    loss: FloatArray,
) -> None:
    """Steps of the weighted approximate-rank pairwise loss, in place; arguments as for `bpr_steps`.

    A step draws negatives until one of them scores higher than the positive less a margin of 1, at most `most`. If it
    took t draws, the rank of the positive is about r = (items - 1) // t, and the step is weighted by loss[r].

    `most` is the draws at most, `loss` (n_items,) that of each rank.
    """
    lr, item_lr, one = np.float32(rate), np.float32(item_rate), np.float32(1.0)
    keep, item_keep = one - lr * np.float32(decay), one - item_lr * np.float32(decay)
    f, n = X.shape[1], len(people)
    for step in range(steps):
        at = draw(key, step * (most + 1), n)
        u, place = people[at], places[at]
        i = indices[place]
        bar = _score(X, Y, bias, u, i) - one
        for drawn in range(1, most + 1):
            j = pool[draw(key, step * (most + 1) + drawn, len(pool))]
            if _score(X, Y, bias, u, j) <= bar:
                continue
            maybe = passes(sieve, sieve_start[u], sieve_start[u + 1], j)
            if maybe and not _is_less(indptr[u], indptr[u + 1], indices, weights, place, j):
                continue
            x, y, z = X[u], Y[i], Y[j]
            weight = loss[max((len(loss) - 1) // drawn, 1)]
            for k in range(f):
                x_k, y_k, z_k = x[k], y[k], z[k]
                x[k] = keep * x_k + lr * weight * (y_k - z_k)
                y[k] = item_keep * y_k + item_lr * weight * x_k
                z[k] = item_keep * z_k - item_lr * weight * x_k
            bias[i] = item_keep * bias[i] + item_lr * weight
            bias[j] = item_keep * bias[j] - item_lr * weight
            break


@kernel
def bpr_rows(
    lo: int,
    hi: int,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    pool: IntArray,
    epochs: int,
    key: np.uint64,
    X: FloatArray,
    Y: FloatArray,
    bias: FloatArray,
    rate: float,
    decay: float,
    contenders: int,
) -> None:
    """Learn the rows lo..hi of X alone, each from its own entries, the items held; no row depends on another."""
    for u in range(lo, hi):
        items, given = indices[indptr[u] : indptr[u + 1]], weights[indptr[u] : indptr[u + 1]]
        n = len(items)
        if n == 0:
            continue
        people, places, ends = np.zeros(n, dtype=np.int32), np.arange(n), np.array([0, n])
        row, steps = X[u : u + 1], epochs * n
        sieve, at = sieve_of(ends, items)
        bpr_steps(
            people, places, pool, steps, key, ends, items, given, sieve, at, row, Y, bias, rate, 0.0, decay, contenders
        )


@kernel
def warp_rows(
    lo: int,
    hi: int,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    pool: IntArray,
    epochs: int,
    key: np.uint64,
    X: FloatArray,
    Y: FloatArray,
    bias: FloatArray,
    rate: float,
    decay: float,
    most: int,
    loss: FloatArray,
) -> None:
    """As `bpr_rows`, with the steps of `warp_steps`."""
    for u in range(lo, hi):
        items, given = indices[indptr[u] : indptr[u + 1]], weights[indptr[u] : indptr[u + 1]]
        n = len(items)
        if n == 0:
            continue
        people, places, ends = np.zeros(n, dtype=np.int32), np.arange(n), np.array([0, n])
        row, steps = X[u : u + 1], epochs * n
        sieve, at = sieve_of(ends, items)
        warp_steps(
            people, places, pool, steps, key, ends, items, given, sieve, at, row, Y, bias, rate, 0.0, decay, most, loss
        )
