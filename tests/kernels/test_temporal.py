"""One epoch of timeSVD++ against plain loops in double precision, written from the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.kernels.sgd import group_by_user, padded
from longtail.kernels.temporal import timesvdpp_epoch

N_USERS, N_ITEMS, FACTORS, N_BINS, N_DAYS = 9, 12, 5, 3, 14
MEAN, RATE, DECAYS = 3.4, 0.03, (0.05, 0.1, 0.7, 0.2)


def by_hand(rows: Any, P: Any, A: Any, Q: Any, Y: Any, bu: Any, au: Any, bd: Any, bi: Any, bb: Any) -> None:
    """All y_j of the user's items are updated at every rating."""
    decay, day_decay, bin_decay, drift_decay = DECAYS
    rated = {u: [row[1] for row in rows if row[0] == u] for u, *_ in rows}
    for u, i, r, b, d, t in rows:
        root = np.sqrt(len(rated[u]))
        q, a, x = Q[i].copy(), A[u].copy(), P[u] + Y[rated[u]].sum(axis=0) / root
        e = r - (MEAN + bu[u] + t * au[u] + bd[d] + bi[i] + bb[i, b] + q @ (x + t * a))
        bu[u] += RATE * (e - decay * bu[u])
        au[u] += RATE * (e * t - drift_decay * au[u])
        bd[d] += RATE * (e - day_decay * bd[d])
        bi[i] += RATE * (e - decay * bi[i])
        bb[i, b] += RATE * (e - bin_decay * bb[i, b])
        P[u] += RATE * (e * q - decay * P[u])
        A[u] += RATE * (e * t * q - drift_decay * a)
        Q[i] += RATE * (e * (x + t * a) - decay * q)
        for j in rated[u]:
            Y[j] += RATE * (e * q / root - decay * Y[j])


def test_the_epoch_follows_the_update_rule(rng: np.random.Generator) -> None:
    pairs = rng.permutation(N_USERS * N_ITEMS)[:60]
    users, items = (pairs // N_ITEMS).astype(np.int32), (pairs % N_ITEMS).astype(np.int32)
    values = rng.integers(1, 6, 60).astype(np.float32)
    bins, days = rng.integers(0, N_BINS, 60).astype(np.int32), rng.integers(0, N_DAYS, 60).astype(np.int32)
    drifts = rng.uniform(-1, 1, 60).astype(np.float32)
    learned: list[Any] = []
    for n in (N_USERS, N_USERS, N_ITEMS, N_ITEMS):
        learned.append(np.zeros((n, padded(FACTORS)), dtype=np.float32))
        learned[-1][:, :FACTORS] = rng.normal(0.0, 0.5, (n, FACTORS))
    sizes: tuple[Any, ...] = (N_USERS, N_USERS, N_DAYS, N_ITEMS, (N_ITEMS, N_BINS))
    learned += [rng.normal(0.0, 0.3, size).astype(np.float32) for size in sizes]
    expected = [array.astype(np.float64) for array in learned]
    visits = group_by_user(users, items, values, N_USERS)
    bins, drifts = group_by_user(users, bins, drifts, N_USERS)[2:]
    days = group_by_user(users, days, values, N_USERS)[2]
    sequence = np.repeat(visits[0], np.diff(visits[1]))
    rows = list(zip(*(part.tolist() for part in (sequence, *visits[2:], bins, days, drifts)), strict=True))
    for _ in range(3):
        by_hand(rows, *expected)
        timesvdpp_epoch(*visits, bins, days, drifts, *learned, MEAN, RATE, *DECAYS)
    for ours, theirs in zip(learned, expected, strict=True):
        assert np.allclose(ours, theirs, atol=2e-5, rtol=0)
    assert not any(part[:, FACTORS:].any() for part in learned[:4])
