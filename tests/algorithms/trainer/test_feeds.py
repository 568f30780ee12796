"""Batches: every row once, histories as their dense rows say, and negatives as often as they should come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.algorithms.trainer import RowFeed, Sampler, feeds, keras
from longtail.algorithms.trainer.histories import HistoryFeed, laid_out
from longtail.errors import ConfigError


def steps_in(chunks: list[Any]) -> list[dict[str, np.ndarray]]:
    return [
        {name: array[at] for name, array in chunk.items()} for chunk in chunks for at in range(len(chunk["weight"]))
    ]


@pytest.mark.parametrize("n", [0, 1, 7, 20, 21])
@pytest.mark.parametrize("small", [False, True])
def test_every_row_comes_once_an_epoch_and_columns_stay_together(n, small, monkeypatch) -> None:
    if small:
        monkeypatch.setattr(feeds, "CHUNK_BYTES", 200)
    feed = RowFeed({"a": np.arange(n), "b": np.arange(n)[:, None] * [10.0, 100.0]}, batch_size=5)
    orders = []
    for seed in (0, 1):
        chunks = list(feed.epoch(np.random.default_rng(seed)))
        steps = steps_in(chunks)
        assert len(steps) == feed.steps == -(-n // 5)
        if not n:
            continue
        assert {step["a"].shape for step in steps} == {(5,)}
        real = np.concatenate([step["a"][step["weight"] > 0] for step in steps])
        assert sorted(real.tolist()) == list(range(n))
        for step in steps:
            np.testing.assert_array_equal(step["b"], step["a"][:, None] * [10.0, 100.0])
        assert len({len(chunk["weight"]) for chunk in chunks[:-1]}) <= 1
        assert len(chunks[-1]["weight"]) <= len(chunks[0]["weight"])
        assert small is False or n < 20 or len(chunks) > 1
        orders.append(real.tolist())
    assert n < 7 or orders[0] != orders[1]


def test_more_columns_are_made_for_the_rows_of_each_chunk() -> None:
    def negatives(rng: np.random.Generator, chunk: Any) -> Any:
        return {"other": chunk["a"][..., None] + np.array([100, 200])}

    feed = RowFeed({"a": np.arange(9)}, batch_size=4, more=negatives)
    for step in steps_in(list(feed.epoch(np.random.default_rng(0)))):
        np.testing.assert_array_equal(step["other"] - step["a"][:, None], [[100, 200]] * 4)


@pytest.mark.parametrize("small", [False, True])
def test_histories_laid_out_are_the_dense_rows_each_person_once(small, monkeypatch) -> None:
    if small:
        monkeypatch.setattr(feeds, "CHUNK_BYTES", 500)
    rng = np.random.default_rng(4)
    rows = sparse.csr_array(np.where(rng.random((23, 9)) < 0.3, rng.normal(size=(23, 9)), 0).astype(np.float32))
    assert (np.diff(rows.indptr) == 0).any()
    feed, met = HistoryFeed(rows, batch_size=4), []
    chunks = list(feed.epoch(np.random.default_rng(1)))
    steps = steps_in(chunks)
    assert len(steps) == feed.steps == 6
    assert not small or len(chunks) > 1
    for step in steps:
        tensors = {name: keras.ops.convert_to_tensor(array) for name, array in step.items()}
        dense = keras.ops.convert_to_numpy(laid_out(tensors, tensors["value"], 9))
        for place, (person, weight) in enumerate(zip(step["person"], step["weight"], strict=True)):
            expected = rows[[person]].toarray()[0] if weight else np.zeros(9)
            np.testing.assert_array_equal(dense[place], expected)
            met += [int(person)] if weight else []
    assert sorted(met) == list(range(23))


# -- negatives ---------------------------------------------------------------------------------------------------------

COUNTS = np.array([0, 1, 2, 4, 8, 16, 100])


def far_off(drawn: np.ndarray, expected: np.ndarray) -> float:
    """Chi-square over its degrees of freedom, in deviations from 1."""
    found, kept = np.bincount(drawn.ravel(), minlength=len(expected)), expected > 0
    assert not found[~kept].any()
    mean = expected[kept] * drawn.size
    free = kept.sum() - 1
    return float((np.sum((found[kept] - mean) ** 2 / mean) / free - 1) / np.sqrt(2 / free))


@pytest.mark.parametrize("exponent", [0.0, 0.5, 0.75, 1.0])
def test_items_are_drawn_as_often_as_their_counts_to_a_power(exponent) -> None:
    weights = np.ones(7) if exponent == 0 else COUNTS**exponent
    expected = weights / weights.sum()
    sampler = Sampler(COUNTS, exponent)
    drawn = sampler.draw(np.random.default_rng(0), (400, 500))
    assert drawn.dtype == np.int32
    assert abs(far_off(drawn, expected)) < 4
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(sampler.log_q, np.log(expected), rtol=1e-6)
    assert np.exp(sampler.log_q.astype(np.float64)).sum() == pytest.approx(1)


def test_what_somebody_has_met_is_never_drawn_and_the_others_as_often_as_they_should() -> None:
    met = sparse.csr_array(np.array([[0, 0, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0, 1]], np.float32))
    sampler = Sampler(COUNTS, 0.5)
    people = np.tile([0, 1, 2], (50, 1))
    drawn = sampler.draw_unseen(np.random.default_rng(3), people, 400, met)
    assert drawn.shape == (50, 3, 400)
    for person in range(3):
        weights = np.sqrt(COUNTS) * (met[[person]].toarray()[0] == 0)
        if (weights > 0).sum() == 1:
            assert (drawn[:, person] == 5).all()
        else:
            assert abs(far_off(drawn[:, person], weights / weights.sum())) < 4


def test_somebody_who_has_met_all_but_a_rare_item_is_drawn_that_and_one_who_has_met_all_anything() -> None:
    met = sparse.csr_array(np.array([[0, 0, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 1]], np.float32))
    drawn = Sampler(COUNTS, 1.0).draw_unseen(np.random.default_rng(0), np.array([0, 1]), 500, met)
    assert (drawn[0] == 1).all()
    assert set(drawn[1].tolist()) <= set(range(1, 7))


def test_draws_repeat_with_the_generator() -> None:
    sampler = Sampler(COUNTS, 1.0)
    first, again, other = (sampler.draw(np.random.default_rng(seed), (50,)).tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("counts", [np.zeros(3), np.zeros(0)])
def test_nothing_to_draw_is_said_in_a_line(counts) -> None:
    with pytest.raises(ConfigError, match="no item to draw negatives from"):
        Sampler(counts, 0.5)
