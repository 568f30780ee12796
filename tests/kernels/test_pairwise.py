"""Steps of BPR and WARP beside plain loops in double precision; the blocks they run in; the random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels import pairwise
from longtail.kernels.strata import block_count, draw, mix, passes, place_of, run_strata, sieve_of, strata

USERS, ITEMS, FACTORS, KEY = 12, 40, 5, np.uint64(2024)
RATE, ITEM_RATE, DECAY = 0.05, 0.03, 0.02


@pytest.fixture
def world(rng: np.random.Generator) -> dict[str, Any]:
    met = rng.random((USERS, ITEMS)) < 0.3
    met[0] = True  # nothing is left to draw for the first
    matrix = sparse.csr_array((met * rng.integers(1, 3, met.shape)).astype(np.float32))
    matrix.data[:ITEMS] = 1.0
    return {
        "people": np.repeat(np.arange(USERS, dtype=np.int32), np.diff(matrix.indptr)),
        "places": np.arange(matrix.nnz),
        "pool": np.arange(ITEMS, dtype=np.int32),
        "indptr": matrix.indptr.astype(np.int64),
        "indices": matrix.indices,
        "weights": matrix.data,
        "X": rng.normal(0, 0.5, (USERS, FACTORS)).astype(np.float32),
        "Y": rng.normal(0, 0.5, (ITEMS, FACTORS)).astype(np.float32),
        "bias": rng.normal(0, 0.5, ITEMS).astype(np.float32),
    }


def kernel_arguments(world: dict[str, Any], steps: int) -> list[Any]:
    rows = world["indptr"], world["indices"], world["weights"]
    sieve = sieve_of(rows[0], rows[1])
    head = [world["people"], world["places"], world["pool"], steps, KEY, *rows, *sieve]
    return [*head, *(world[name].copy() for name in ("X", "Y", "bias"))]


def weight_of(world: dict[str, Any], u: int, i: int) -> float:
    span = slice(world["indptr"][u], world["indptr"][u + 1])
    found = dict(zip(world["indices"][span].tolist(), world["weights"][span].tolist(), strict=True))
    return found.get(i, 0.0)


def learn(X: Any, Y: Any, bias: Any, u: int, i: int, j: int, pull: float) -> None:
    """One step of size `pull` towards i and away from j, all from the values before it."""
    x, y, z, b_i, b_j = X[u].copy(), Y[i].copy(), Y[j].copy(), bias[i], bias[j]
    X[u] += RATE * (pull * (y - z) - DECAY * x)
    Y[i] += ITEM_RATE * (pull * x - DECAY * y)
    Y[j] += ITEM_RATE * (-pull * x - DECAY * z)
    bias[i] += ITEM_RATE * (pull - DECAY * b_i)
    bias[j] += ITEM_RATE * (-pull - DECAY * b_j)


def bpr_by_hand(world: dict[str, Any], steps: int, contenders: int) -> tuple[list[Any], int]:
    X, Y, bias = (world[name].astype(np.float64) for name in ("X", "Y", "bias"))
    each, left_out = contenders * pairwise.TRIES + 1, 0
    for step in range(steps):
        entry = draw(KEY, step * each, len(world["people"]))
        u, i, w = world["people"][entry], world["indices"][entry], world["weights"][entry]
        found = []
        for contender in range(contenders):
            for attempt in range(pairwise.TRIES):
                j = world["pool"][draw(KEY, step * each + 1 + contender * pairwise.TRIES + attempt, ITEMS)]
                if weight_of(world, u, j) < w:
                    found.append(j)
                    break
        if not found:
            left_out += 1
            continue
        j = max(found, key=lambda item: X[u] @ Y[item] + bias[item])
        learn(X, Y, bias, u, i, j, 1.0 / (1.0 + np.exp(X[u] @ (Y[i] - Y[j]) + bias[i] - bias[j])))
    return [X, Y, bias], left_out


@pytest.mark.parametrize("contenders", [1, 3])
def test_bpr_agrees_with_the_update_rule(world: dict[str, Any], contenders: int) -> None:
    steps = 3 * pairwise.BATCH + 7
    arguments = kernel_arguments(world, steps)
    pairwise.bpr_steps(*arguments, RATE, ITEM_RATE, DECAY, contenders)
    expected, left_out = bpr_by_hand(world, steps, contenders)
    for one, other in zip(arguments[-3:], expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)
    assert 0 < left_out < steps / 2


def test_bpr_ascends_the_gradient_of_its_criterion(world: dict[str, Any]) -> None:
    """One step, against numerical derivatives of ln sigmoid(s_ui - s_uj) - decay / 2 (squares of what it touches)."""
    arguments = kernel_arguments(world, 1)
    pairwise.bpr_steps(*arguments, RATE, ITEM_RATE, DECAY, 1)
    before = [world[name].astype(np.float64) for name in ("X", "Y", "bias")]
    u = int(np.flatnonzero((arguments[-3] != world["X"]).any(axis=1))[0])
    moved = arguments[-1] - world["bias"]
    pair = np.flatnonzero((arguments[-2] != world["Y"]).any(axis=1))
    i, j = (pair[0], pair[1]) if weight_of(world, u, pair[0]) > weight_of(world, u, pair[1]) else pair[::-1]
    assert len(pair) == 2
    assert moved[j] < moved[i]

    def criterion(parts: list[Any]) -> float:
        X, Y, bias = parts
        squares = sum((part**2).sum() for part in (X[u], Y[i], Y[j], bias[i], bias[j]))
        margin = X[u] @ (Y[i] - Y[j]) + bias[i] - bias[j]
        return float(-np.log1p(np.exp(-margin)) - DECAY / 2 * squares)

    for part, (index, rate) in enumerate((((u, 2), RATE), ((i, 1), ITEM_RATE), ((j, 0), ITEM_RATE))):
        which = min(part, 1)
        up, down = ([array.copy() for array in before] for _ in range(2))
        up[which][index] += 1e-5
        down[which][index] -= 1e-5
        slope = (criterion(up) - criterion(down)) / 2e-5
        step = arguments[-3 + which][index] - world[("X", "Y")[which]][index]
        np.testing.assert_allclose(step, rate * slope, atol=1e-6)


def test_warp_agrees_with_the_update_rule(world: dict[str, Any]) -> None:
    steps, most, left_out = 300, 6, 0
    loss = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, ITEMS))]).astype(np.float32)
    arguments = kernel_arguments(world, steps)
    pairwise.warp_steps(*arguments, RATE, ITEM_RATE, DECAY, most, loss)
    X, Y, bias = (world[name].astype(np.float64) for name in ("X", "Y", "bias"))
    for step in range(steps):
        entry = draw(KEY, step * (most + 1), len(world["people"]))
        u, i, w = world["people"][entry], world["indices"][entry], world["weights"][entry]
        score = X[u] @ Y.T + bias
        for drawn in range(1, most + 1):
            j = world["pool"][draw(KEY, step * (most + 1) + drawn, ITEMS)]
            if weight_of(world, u, j) < w and score[j] > score[i] - 1.0:
                learn(X, Y, bias, u, i, j, float(loss[max((ITEMS - 1) // drawn, 1)]))
                break
        else:
            left_out += 1
    for one, other in zip(arguments[-3:], (X, Y, bias), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert 0 < left_out < steps


def test_items_are_held_in_fold_in_and_rows_do_not_depend_on_others(world: dict[str, Any]) -> None:
    def fold(rows: slice) -> Any:
        matrix = sparse.csr_array((world["weights"], world["indices"], world["indptr"]), shape=(USERS, ITEMS))[rows]
        X = np.zeros((matrix.shape[0], FACTORS), dtype=np.float32)
        entries = matrix.indptr.astype(np.int64), matrix.indices, matrix.data
        tail = X, world["Y"], world["bias"], RATE, DECAY
        pairwise.bpr_rows(0, len(X), *entries, world["pool"], 4, KEY, *tail, 1)
        return X

    Y = world["Y"].copy()
    together = fold(slice(0, USERS))
    np.testing.assert_array_equal(together[5:6], fold(slice(5, 6)))
    np.testing.assert_array_equal(world["Y"], Y)
    assert np.abs(together[1:]).min(axis=1).max() > 0


# -- blocks ------------------------------------------------------------------------------------------------------------


def test_blocks_hold_every_entry_once_and_share_nothing(rng: np.random.Generator) -> None:
    matrix = sparse.random_array((200, 700), density=0.1, rng=rng, dtype=np.float32).tocsr()
    matrix.sort_indices()
    items = np.arange(700, dtype=np.int32)
    parts = strata(matrix.indptr.astype(np.int64), matrix.indices, items, rng)
    assert len(parts.start) == block_count(700) == 5
    assert sorted(parts.places.tolist()) == list(range(matrix.nnz))
    assert sorted(parts.members.tolist()) == items.tolist()
    owner = np.repeat(np.arange(200), np.diff(matrix.indptr))
    np.testing.assert_array_equal(parts.people, owner[parts.places])
    blocks: dict[int, tuple[set[int], set[int]]] = {}

    def look(people: Any, places: Any, members: Any, number: int) -> None:
        assert set(matrix.indices[places].tolist()) <= set(members.tolist())
        blocks[number] = set(people.tolist()), set(members.tolist())

    run_strata(parts, look)
    assert len(blocks) == 25
    for a in range(5):
        for shift in range(1, 5):
            for b in range(5):  # pairs that are learned at the same time
                one, two = blocks[a * 5 + (a + b) % 5], blocks[(a + shift) % 5 * 5 + (a + shift + b) % 5]
                assert not one[0] & two[0]
                assert not one[1] & two[1]


def test_random_numbers_are_even_and_apart() -> None:
    drawn = np.array([draw(KEY, count, 10) for count in range(20_000)])
    assert set(drawn) == set(range(10))
    assert np.abs(np.bincount(drawn) - 2000).max() < 200
    assert len({int(mix(KEY, count)) for count in range(1000)} | {int(mix(KEY + np.uint64(1), 0))}) == 1001


def test_the_sieve_never_hides_what_was_met(rng: np.random.Generator) -> None:
    matrix = sparse.random_array((50, 3000), density=0.02, rng=rng, dtype=np.float32).tocsr()
    matrix.sort_indices()
    words, start = sieve_of(matrix.indptr.astype(np.int64), matrix.indices)
    passed = 0
    for u in range(50):
        lo, hi = matrix.indptr[u : u + 2]
        for item in range(3000):
            met = item in matrix.indices[lo:hi]
            through = passes(words, start[u], start[u + 1], item)
            assert through or not met
            assert (place_of(matrix.indices, lo, hi, item) >= 0) == met
            passed += through
    assert passed < 0.15 * 50 * 3000
