"""The vector of a person whom a model of next items has not met, from their own events, with the items held fixed."""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import kernel
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["newcomers"]


@kernel
def newcomers(
    lo: int,
    hi: int,
    indptr: LongArray,
    following: IntArray,
    left: FloatArray,
    right: FloatArray,
    offset: FloatArray,
    pool: IntArray,
    unmet: bool,
    negatives: float,
    regularization: float,
    steps: int,
    vectors: FloatArray,
) -> None:
    """Solve for the rows lo..hi of `vectors` (n, free), each a person with the events indptr[row]..indptr[row + 1].

    Event r is followed by item y, and with z the vector of the person the score of item i after it is

        s_ri = offset_i + left_r . right_i + z . right_i[:free]

    z minimizes the convex

        sum over r of ln(1 + negatives mean_k exp(s_rk - s_ry)) + E regularization / 2 |z|^2

    with the mean over the items k of the pool that are not y or, where `unmet`, none of the person's y, and E the
    number of events: the loss of a training that draws so many negatives from the pool, its mean taken inside the
    logarithm. Of one negative it can be taken outside, and is: mean_k ln(1 + exp(s_rk - s_ry)). The minimum is reached
    by accelerated gradient steps from 0 (Nesterov 2004, constant scheme III); a person without events stays there.
    """
    free, size = vectors.shape[1], len(pool)
    for row in range(lo, hi):
        begin, events = indptr[row], indptr[row + 1] - indptr[row]
        z = np.zeros(free, dtype=np.float64)
        vectors[row] = 0.0
        if events == 0:
            continue
        share = np.empty((events, size))  # what a competing item counts; 0 for those that do not compete
        for r in range(events):
            if unmet and r:
                share[r] = share[0]
                continue
            competing = 0.0
            for k in range(size):
                share[r, k] = 1.0
                for other in range(0 if unmet else r, events if unmet else r + 1):
                    if following[begin + other] == pool[k]:
                        share[r, k] = 0.0
                competing += share[r, k]
            for k in range(size):
                share[r, k] *= negatives / max(1.0, competing)
        gap, pull, longest = np.zeros((events, size)), np.zeros(free), 0.0
        for r in range(events):
            y, at = following[begin + r], begin + r
            own, length = float(offset[y]), 0.0
            for f in range(left.shape[1]):
                own += left[at, f] * right[y, f]
            for f in range(free):
                pull[f] += right[y, f]
                length += right[y, f] * right[y, f]
            longest = max(longest, length)
            for k in range(size):
                theirs = float(offset[pool[k]])
                for f in range(left.shape[1]):
                    theirs += left[at, f] * right[pool[k], f]
                gap[r, k] = theirs - own
        for k in range(size):
            length = 0.0
            for f in range(free):
                length += right[pool[k], f] * right[pool[k], f]
            longest = max(longest, length)
        bound = events * (longest + regularization)  # of the second derivative in any direction
        gradient = np.zeros(free)
        flat = np.sqrt(regularization / max(longest + regularization, 1e-30))
        momentum = (1.0 - flat) / (1.0 + flat)
        ahead, moved, weight, chance = z.copy(), np.empty(size), np.empty(size), np.empty(size)
        for _ in range(steps):
            for k in range(size):
                total = 0.0
                for f in range(free):
                    total += ahead[f] * right[pool[k], f]
                moved[k] = total
            for f in range(free):
                gradient[f] = events * regularization * ahead[f] - pull[f]
            weight[:] = 0.0
            for r in range(events):
                y, base = following[begin + r], 0.0
                for f in range(free):
                    base += ahead[f] * right[y, f]
                pulled = _chances(gap[r], moved, base, share[r], negatives == 1.0, chance)
                for k in range(size):
                    weight[k] += chance[k]
                for f in range(free):  # what the event itself no longer pulls
                    gradient[f] += (1.0 - pulled) * right[y, f]
            for k in range(size):
                for f in range(free):
                    gradient[f] += weight[k] * right[pool[k], f]
            for f in range(free):
                after = ahead[f] - gradient[f] / bound
                ahead[f] = after + momentum * (after - z[f])
                z[f] = after
        for f in range(free):
            vectors[row, f] = z[f]


@kernel
def _chances(gap: RealArray, moved: RealArray, base: float, share: RealArray, alone: bool, chance: RealArray) -> float:
    """How much each item draws away from the right one, written to `chance`; all of it together."""
    total, highest = 0.0, 0.0
    for k in range(len(gap)):
        chance[k] = gap[k] + moved[k] - base
        if share[k] > 0.0:
            highest = max(highest, chance[k])
    for k in range(len(gap)):
        if alone:
            chance[k] = share[k] / (1.0 + np.exp(-chance[k]))
        else:
            chance[k] = share[k] * np.exp(min(0.0, chance[k] - highest))
        total += chance[k]
    whole = 1.0 if alone else total + np.exp(-highest)
    for k in range(len(gap)):
        chance[k] /= whole
    return float(total / whole)
