"""One epoch of each kernel against plain loops in double precision, written from the papers' update rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from longtail.kernels import sgd

N_USERS, N_ITEMS, FACTORS = 9, 12, 5
RATE, DECAY, MEAN = 0.03, 0.05, 3.4


@pytest.fixture
def ratings(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Users, items and values of 60 ratings in a random order; user 0 and item 0 have none."""
    pairs = rng.permutation((N_USERS - 1) * (N_ITEMS - 1))[:60]
    users = (1 + pairs // (N_ITEMS - 1)).astype(np.int32)
    items = (1 + pairs % (N_ITEMS - 1)).astype(np.int32)
    return users, items, rng.integers(1, 6, 60).astype(np.float32)


def vectors(rng: np.random.Generator, rows: int) -> Any:
    filled = np.zeros((rows, sgd.padded(FACTORS)), dtype=np.float32)
    filled[:, :FACTORS] = rng.normal(0.0, 0.5, (rows, FACTORS))
    return filled


def biases(rng: np.random.Generator, rows: int) -> Any:
    return rng.normal(0.0, 0.3, rows).astype(np.float32)


def in_double(*arrays: Any) -> list[Any]:
    return [array.astype(np.float64) for array in arrays]


def visited(ratings: tuple[Any, Any, Any]) -> list[tuple[int, int, float]]:
    """The ratings in the order of visiting: users as they first appear, each one's ratings in the order given."""
    rows = list(zip(*(column.tolist() for column in ratings), strict=True))
    order = list(dict.fromkeys(user for user, _, _ in rows))
    return [row for user in order for row in rows if row[0] == user]


def test_visits_users_as_they_appear_and_rows_as_given(ratings: tuple[Any, Any, Any]) -> None:
    sequence, start, items, values = sgd.group_by_user(*ratings, N_USERS)
    found = [
        (int(user), int(items[row]), float(values[row]))
        for k, user in enumerate(sequence)
        for row in range(start[k], start[k + 1])
    ]
    assert found == visited(ratings)
    assert len(start) == len(sequence) + 1


def svd_by_hand(rows: Any, P: Any, Q: Any, b_user: Any, b_item: Any, mean: float, biased: bool) -> None:
    for u, i, r in rows:
        p, q = P[u].copy(), Q[i].copy()
        e = r - (mean + b_user[u] + b_item[i] + p @ q)
        if biased:
            b_user[u] += RATE * (e - DECAY * b_user[u])
            b_item[i] += RATE * (e - DECAY * b_item[i])
        P[u] += RATE * (e * q - DECAY * p)
        Q[i] += RATE * (e * p - DECAY * q)


@pytest.mark.parametrize("biased", [True, False])
def test_svd_epoch_follows_the_update_rule(
    ratings: tuple[Any, Any, Any], rng: np.random.Generator, biased: bool
) -> None:
    learned = [vectors(rng, N_USERS), vectors(rng, N_ITEMS), biases(rng, N_USERS), biases(rng, N_ITEMS)]
    by_hand = in_double(*learned)
    visits = sgd.group_by_user(*ratings, N_USERS)
    for _ in range(3):
        svd_by_hand(visited(ratings), *by_hand, MEAN, biased)
        sgd.svd_epoch(*visits, *learned, MEAN, RATE, DECAY, biased)
    for ours, theirs in zip(learned, by_hand, strict=True):
        assert np.allclose(ours, theirs, atol=1e-5, rtol=0)


def svdpp_by_hand(rows: Any, P: Any, Q: Any, Y: Any, b_user: Any, b_item: Any) -> None:
    """Every y_j of the user's items is updated at every rating, as the paper has it."""
    rated = {u: [i for v, i, _ in rows if v == u] for u, _, _ in rows}
    for u, i, r in rows:
        root = np.sqrt(len(rated[u]))
        p, q, implied = P[u].copy(), Q[i].copy(), Y[rated[u]].sum(axis=0) / root
        e = r - (MEAN + b_user[u] + b_item[i] + q @ (p + implied))
        b_user[u] += RATE * (e - DECAY * b_user[u])
        b_item[i] += RATE * (e - DECAY * b_item[i])
        P[u] += RATE * (e * q - DECAY * p)
        Q[i] += RATE * (e * (p + implied) - DECAY * q)
        for j in rated[u]:
            Y[j] += RATE * (e * q / root - DECAY * Y[j])


def test_svdpp_epoch_equals_updating_every_implicit_vector_at_every_rating(
    ratings: tuple[Any, Any, Any], rng: np.random.Generator
) -> None:
    learned = [vectors(rng, N_USERS), vectors(rng, N_ITEMS), vectors(rng, N_ITEMS)]
    learned += [biases(rng, N_USERS), biases(rng, N_ITEMS)]
    by_hand = in_double(*learned)
    visits = sgd.group_by_user(*ratings, N_USERS)
    for _ in range(3):
        svdpp_by_hand(visited(ratings), *by_hand)
        sgd.svdpp_epoch(*visits, *learned, MEAN, RATE, DECAY)
    for ours, theirs in zip(learned, by_hand, strict=True):
        assert np.allclose(ours, theirs, atol=1e-5, rtol=0)


def test_padding_stays_zero(ratings: tuple[Any, Any, Any], rng: np.random.Generator) -> None:
    P, Q, Y = vectors(rng, N_USERS), vectors(rng, N_ITEMS), vectors(rng, N_ITEMS)
    visits = sgd.group_by_user(*ratings, N_USERS)
    sgd.svdpp_epoch(*visits, P, Q, Y, biases(rng, N_USERS), biases(rng, N_ITEMS), MEAN, RATE, DECAY)
    assert P.shape[1] > FACTORS
    assert not any(part[:, FACTORS:].any() for part in (P, Q, Y))


def asymmetric_by_hand(rows: Any, residuals: Any, Q: Any, X: Any, Y: Any, b_user: Any, b_item: Any) -> None:
    """Every x_j and y_j of the user's items is updated at every rating, as the paper has it."""
    rated: dict[int, list[tuple[int, float]]] = {}
    for (u, i, _), d in zip(rows, residuals, strict=True):
        rated.setdefault(u, []).append((i, float(d)))
    for u, i, r in rows:
        root = np.sqrt(len(rated[u]))
        q, s = Q[i].copy(), sum(d * X[j] + Y[j] for j, d in rated[u]) / root
        e = r - (MEAN + b_user[u] + b_item[i] + q @ s)
        b_item[i] += RATE * (e - DECAY * b_item[i])
        Q[i] += RATE * (e * s - DECAY * q)
        for j, d in rated[u]:
            X[j] += RATE * (e * d * q / root - DECAY * X[j])
            Y[j] += RATE * (e * q / root - DECAY * Y[j])


def test_asymmetric_epoch_equals_updating_every_vector_of_the_user_at_every_rating(
    ratings: tuple[Any, Any, Any], rng: np.random.Generator
) -> None:
    learned = [vectors(rng, N_ITEMS) for _ in range(3)]
    learned += [biases(rng, N_USERS), biases(rng, N_ITEMS)]
    by_hand, user_bias = in_double(*learned), learned[3].copy()
    visits = sgd.group_by_user(*ratings, N_USERS)
    residuals = (visits[3] - np.float32(3.0)).astype(np.float32)
    for _ in range(3):
        asymmetric_by_hand(visited(ratings), residuals, *by_hand)
        sgd.asymmetric_epoch(*visits, residuals, *learned, MEAN, RATE, DECAY)
    for ours, theirs in zip(learned, by_hand, strict=True):
        assert np.allclose(ours, theirs, atol=2e-5, rtol=0)
    assert np.array_equal(learned[3], user_bias)
