"""timeSVD++: what it knows of time, what it says without, and what time gains."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.errors import ConfigError, DataError

DAY = 86_400


@pytest.fixture
def timed(small: lt.Interactions) -> lt.Interactions:
    """The small data over eleven days; everyone rates on two or three of them."""
    days = (3 * np.arange(len(small)) + 2 * small.users) % 11
    return dataclasses.replace(small, times=1_000_000 * DAY + days * DAY + 3600 * small.items.astype(np.int64))


@pytest.fixture
def model(timed: lt.Interactions) -> Any:
    return lt.TimeSVDpp(factors=3, epochs=60, init_std=0.3, bins=4, drift_regularization=0.05).fit(timed)


def asked(data: lt.Interactions, user: int, items: Any, times: Any) -> lt.Interactions:
    """Rows of one user (by index) at given times."""
    n = len(items)
    return dataclasses.replace(
        data,
        users=np.full(n, user, dtype=np.int32),
        items=np.asarray(items, dtype=np.int32),
        values=np.full(n, 3.0, dtype=np.float32),
        times=np.asarray(times, dtype=np.int64),
    )


def test_predicts_the_formula_at_the_time_of_a_row(model: Any, timed: lt.Interactions) -> None:
    assert timed.times is not None
    found = model.predict_ratings(timed).estimated
    first, last = timed.times.min(), timed.times.max()
    for row, (u, i, t) in enumerate(zip(timed.users, timed.items, timed.times, strict=True)):
        own = timed.times[timed.users == u].astype(np.float64)
        apart = t - own.mean()
        dev = np.sign(apart) * np.abs(apart / np.abs(own - own.mean()).max()) ** model.drift_power
        day = np.flatnonzero(model.day_keys_ == u * (last // DAY - first // DAY + 1) + t // DAY - first // DAY)
        left = model.start_vectors_[u] + dev * model.drift_vectors_[u]
        period = int((t - first) / (last - first + 1) * 4)
        expected = left @ model.item_vectors_[i] + model.item_start_bias_[i] + model.bin_bias_[i, period]
        expected += model.day_bias_[day[0]]
        assert found[row] == pytest.approx(np.clip(expected, 1.0, 5.0), abs=1e-4)


def test_all_that_depends_on_time_is_learned(model: Any) -> None:
    for learned in (model.drift_vectors_[:, :-1], model.drift_vectors_[:, -1], model.day_bias_, model.bin_bias_):
        assert np.abs(learned).max() > 1e-3


def test_without_times_users_do_not_drift_and_items_are_as_in_the_last_bin(model: Any, timed: lt.Interactions) -> None:
    for user in range(5):
        expected = model.item_vectors_ @ model.start_vectors_[user] + model.item_start_bias_ + model.bin_bias_[:, -1]
        found = model.predict([timed.user_ids[user]] * 6, timed.item_ids.values)
        assert found == pytest.approx(np.clip(expected, 1.0, 5.0), abs=1e-4)


def test_a_day_without_ratings_has_no_effect_and_drift_does_not_go_on(model: Any, timed: lt.Interactions) -> None:
    assert timed.times is not None
    end = int(timed.times.max())
    later = model.predict_ratings(asked(timed, 2, [0, 1, 2], [end + 30 * DAY] * 3)).estimated
    much_later = model.predict_ratings(asked(timed, 2, [0, 1, 2], [end + 3000 * DAY] * 3)).estimated
    assert np.array_equal(later, much_later)
    left = model.start_vectors_[2] + model.drift_vectors_[2]
    expected = model.item_vectors_[:3] @ left + model.item_start_bias_[:3] + model.bin_bias_[:3, -1]
    assert later == pytest.approx(np.clip(expected, 1.0, 5.0), abs=1e-4)
    before = model.predict_ratings(asked(timed, 2, [0], [0])).estimated
    left = model.start_vectors_[2] - model.drift_vectors_[2]
    expected = model.item_vectors_[0] @ left + model.item_start_bias_[0] + model.bin_bias_[0, 0]
    assert before == pytest.approx(np.clip(expected, 1.0, 5.0), abs=1e-4)


def test_without_drift_it_is_svdpp(timed: lt.Interactions) -> None:
    # Held down so hard that nothing depends on time; both start from the same vectors.
    shared = {"factors": 3, "epochs": 20, "learning_rate": 0.01, "regularization": 0.02, "init_std": 0.3}
    frozen = {"day_regularization": 100.0, "bin_regularization": 100.0, "drift_regularization": 100.0}
    with_time: Any = lt.TimeSVDpp(**shared, **frozen).fit(timed)
    without: Any = lt.SVDpp(**shared).fit(timed)
    assert with_time.item_vectors_ == pytest.approx(without.item_vectors_, abs=0.03)
    assert with_time.predict_ratings(timed).estimated == pytest.approx(
        without.predict_ratings(timed).estimated, abs=0.06
    )


def world(rng: np.random.Generator, shift: Any) -> tuple[lt.Interactions, lt.Interactions]:
    """60 users, 40 items, 100 days; ratings are 3 plus `shift(user, item, day)`; a fifth is hidden."""
    users, items = np.nonzero(rng.random((60, 40)) < 0.6)
    days = rng.integers(0, 100, len(users))
    frame = {"user": users, "item": items, "rating": 3.0 + shift(users, items, days), "timestamp": days * DAY}
    data = lt.Interactions.from_frame(frame, scale=(0.0, 6.0))
    hidden = rng.random(len(data)) < 0.2
    return data.take(~hidden), data.take(hidden)


def rmse(model: Any, pair: tuple[lt.Interactions, lt.Interactions]) -> float:
    return float(lt.metrics.rmse(model.fit(pair[0]).predict_ratings(pair[1])))


def test_learns_users_who_drift(rng: np.random.Generator) -> None:
    slope = rng.choice([-1.0, 1.0], 60)
    pair = world(rng, lambda users, items, days: slope[users] * (days - 50) / 50)
    drifting = lt.TimeSVDpp(factors=4, drift_power=1.0, drift_regularization=0.01)
    assert rmse(drifting, pair) < 0.25
    assert rmse(lt.SVDpp(factors=4), pair) > 0.5


def test_learns_items_that_come_and_go(rng: np.random.Generator) -> None:
    late = rng.choice([-1.0, 1.0], 40)
    pair = world(rng, lambda users, items, days: late[items] * np.where(days >= 50, 1.0, -1.0))
    assert rmse(lt.TimeSVDpp(factors=4, bins=2, bin_regularization=0.01), pair) < 0.2
    assert rmse(lt.SVDpp(factors=4), pair) > 0.8


def test_learns_the_moods_of_days(rng: np.random.Generator) -> None:
    mood = rng.choice([-1.0, 1.0], (60, 100))
    pair = world(rng, lambda users, items, days: mood[users, days // 20])
    few = tuple(dataclasses.replace(part, times=part.times // (20 * DAY) * DAY) for part in pair)
    assert rmse(lt.TimeSVDpp(factors=4, day_regularization=0.01), (few[0], few[1])) < 0.45
    assert rmse(lt.SVDpp(factors=4), pair) > 0.8


def test_folding_in_is_that_of_svdpp_with_the_items_of_the_last_bin(model: Any) -> None:
    items, ratings = model.item_ids_.index([10, 30, 50]), np.array([5.0, 2.0, 4.0])
    Z = model.item_vectors_[items].astype(np.float64)
    implied = model.implicit_vectors_[items].sum(axis=0) / np.sqrt(3)
    bias = model.item_start_bias_[items] + model.bin_bias_[items, -1]
    ridge = np.sqrt(model.fold_in_regularization * 3) * np.eye(4)
    target = np.concatenate([ratings - model.mean_ - bias - Z @ implied, np.zeros(4)])
    solved = np.linalg.lstsq(np.vstack([Z, ridge]), target, rcond=None)[0]
    found = model._score_histories(model.fold([{10: 5.0, 30: 2.0, 50: 4.0}])).left[0]
    assert found == pytest.approx(implied + solved + [0, 0, 0, model.mean_], abs=1e-5)


def test_times_are_needed(small: lt.Interactions) -> None:
    with pytest.raises(DataError, match="needs to know when things happened"):
        lt.TimeSVDpp().fit(small)


def test_divergence_is_an_error_that_names_the_fix(timed: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match=r"TimeSVDpp: learning diverged with learning_rate 9\.0"):
        lt.TimeSVDpp(learning_rate=9.0).fit(timed)


def test_saved_and_loaded(model: Any, timed: lt.Interactions, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    again: Any = lt.load(tmp_path / "model")
    assert np.array_equal(model.predict_ratings(timed).estimated, again.predict_ratings(timed).estimated)


def test_time_gains_on_a_real_fold(real_data: Path) -> None:
    files = (real_data / "ml-100k" / f"u1.{part}" for part in ("base", "test"))
    base, test = (pl.read_csv(file, separator="\t", has_header=False) for file in files)
    names = ["user", "item", "rating", "timestamp"]
    frame = pl.concat([base, test]).rename(dict(zip(base.columns, names, strict=True)))
    whole, rows = lt.Interactions.from_frame(frame, scale=(1.0, 5.0)), np.arange(len(frame))
    pair = whole.take(rows[: len(base)]), whole.take(rows[len(base) :])
    with_time = rmse(lt.TimeSVDpp(), pair)
    assert with_time < 0.915
    assert with_time < rmse(lt.SVDpp(), pair) - 0.002
