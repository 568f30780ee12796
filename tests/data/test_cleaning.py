"""Steps take out whom they say, leave the others, and can be undone to the last bit."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import longtail as lt
from longtail.data import attacks, cleaning
from longtail.data.cleaning import Bots, Marked, MinimumRatings, OutlierUsers, ShillingProfiles, Step, clean, parse
from longtail.data.cleaning.outliers import robust_scores, robust_spread
from longtail.data.cleaning.pace import busiest_window, fastest_run, regularity
from longtail.data.synthetic import World, synthetic
from longtail.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def world() -> lt.Interactions:
    return synthetic(users=300, items=200, ratings=12_000, seed=4)


def accused(step: Step, data: lt.Interactions) -> set[Any]:
    return {data.user_ids[found.user].item() for found in step.mark(data).suspects}


# -- undoing -----------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000), steps=st.integers(0, 4), timed=st.booleans(), grouped=st.booleans())
def test_any_steps_can_be_undone_to_the_last_bit(seed: int, steps: int, timed: bool, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(60)[:40]
    frame: dict[str, Any] = {"user": pairs // 6, "item": pairs % 6, "rating": rng.integers(1, 6, 40)}
    frame |= {"timestamp": rng.integers(0, 99, 40)} if timed else {}
    frame |= {"session": rng.integers(0, 9, 40)} if grouped else {}
    data = lt.Interactions.from_frame(frame)

    class Some(Step):
        name = "some"

        def mark(self, data: lt.Interactions) -> Marked:
            return Marked(rng.random(len(data)) < 0.3)

    cleaned = clean(data, [Some()] * steps)
    restored = cleaned.restore()
    assert restored.fingerprint == data.fingerprint
    assert restored.report == data.report
    assert len(cleaned.removed) + len(cleaned.data) == len(data)
    if steps:
        assert cleaned.undo().data.fingerprint == clean_but_last(cleaned, data)


def clean_but_last(cleaned: cleaning.Cleaned, data: lt.Interactions) -> str:
    """The fingerprint of the rows taken out by no step but the last: by position, without `undone`."""
    positions = np.arange(len(data))
    for removal in cleaned.removals[:-1]:
        positions = np.delete(positions, removal.positions)
    return data.take(positions).fingerprint


def test_nothing_to_undo(world: lt.Interactions) -> None:
    untouched = clean(world, [])
    assert untouched.restore().fingerprint == world.fingerprint
    assert len(untouched.removed) == 0
    with pytest.raises(DataError, match="no step to undo"):
        untouched.undo()


def test_the_report_counts_before_and_after(world: lt.Interactions) -> None:
    attack = attacks.plant_bots(world, "crawler", share=0.02)
    report = clean(attack.data, [Bots(), MinimumRatings(users=3)]).report()
    assert [step.step for step in report.steps] == ["bots", "minimum:users=3"]
    assert report.before["rows"] == len(attack.data)
    assert report.steps[0].removed == {"rows": len(attack.data) - len(world), "users": 6, "items": 0}
    assert report.steps[0].after == report.steps[1].before
    assert report.before["mean_rating"] == pytest.approx(attack.data.values.mean(dtype=float))
    assert {found["user"] for found in report.steps[0].suspects} == set(attack.planted)
    assert set(report.to_frame()["user"]) == set(map(str, attack.planted))
    assert json.loads(report.to_json())["after"]["rows"] == report.after["rows"]
    assert "bots: took out" in str(report)
    assert report.steps[0].taken.endswith(" rows, 6 users, 0 items")
    rows = {"user": [1, 1, 2, 2, 3], "item": [10, 20, 10, 20, 30]}
    single = MinimumRatings(users=2).apply(lt.Interactions.from_frame(rows)).report()
    assert single.steps[0].taken == "1 row, 1 user, 1 item"


def test_a_step_that_would_leave_nothing_says_so(world: lt.Interactions) -> None:
    with pytest.raises(DataError, match=r"minimum:users=9999 would take out all 12,000 rows; loosen"):
        MinimumRatings(users=9_999).apply(world)
    with pytest.raises(DataError, match="no rows"):
        Bots().apply(world.take([]))


# -- outliers ----------------------------------------------------------------------------------------------------------


def test_limits_by_hand() -> None:
    amounts = np.array([1, 2, 3, 4, 10])
    assert OutlierUsers(rule="mean+3sd").limit(amounts) == pytest.approx(4 + 3 * np.sqrt(10))
    assert OutlierUsers(rule="mad").limit(amounts) == pytest.approx(3 + 3.5 * 1.4826)
    assert OutlierUsers(rule="iqr").limit(amounts) == pytest.approx(4 + 1.5 * 2)
    assert OutlierUsers(rule="iqr", width=3).limit(amounts) == pytest.approx(10)
    logs = np.log(amounts)
    spread = 1.4826 * np.median(np.abs(logs - np.log(3)))
    assert OutlierUsers(rule="log-mad").limit(amounts) == pytest.approx(3 * np.exp(3.5 * spread))


def test_equal_figures_have_no_outliers_and_half_equal_ones_a_spread() -> None:
    assert robust_spread(np.array([3.0, 3.0, 3.0])) == 0
    assert robust_scores(np.array([3.0, 3.0])).tolist() == [0, 0]
    assert robust_spread(np.array([3.0, 3.0, 3.0, 7.0])) == pytest.approx(1.253314)


@pytest.mark.parametrize("rule", ["mean+3sd", "mad", "iqr", "log-mad"])
def test_planted_outliers_are_found(rule: Any) -> None:
    data = synthetic(users=300, items=2_000, ratings=8_000, seed=4)
    attack = attacks.plant_bots(data, "many", share=0.01)
    found = accused(OutlierUsers(rule=rule), attack.data)
    assert set(attack.planted) <= found


def test_the_busiest_day_takes_times(world: lt.Interactions) -> None:
    rows = {"user": [1, 1, 1, 2, 2, 2], "item": [1, 2, 3] * 2, "timestamp": [0, 1, 86_401, 0, 86_400, 200_000]}
    data = lt.Interactions.from_frame(rows)
    assert busiest_window(data, 86_400).tolist() == [2, 2]
    assert accused(OutlierUsers(by="day"), world) <= accused(OutlierUsers(by="day", width=1), world)
    with pytest.raises(DataError, match="needs times"):
        OutlierUsers(by="day").mark(lt.Interactions.from_frame({"user": [1, 2], "item": [1, 2]}))


# -- bots --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["crawler", "fast", "uniform"])
def test_planted_bots_are_found_and_nobody_else(world: lt.Interactions, kind: Any) -> None:
    attack = attacks.plant_bots(world, kind, share=0.02)
    assert accused(Bots(), attack.data) == set(attack.planted)


def test_each_reason_by_itself(world: lt.Interactions) -> None:
    attack = attacks.plant_bots(world, "crawler", share=0.01)
    kinds = {found.kind for found in Bots(too_many=30).mark(attack.data).suspects}
    assert kinds == {"too fast", "too many", "too uniform"}
    off = Bots(too_fast=None, too_many=None, too_uniform=None)
    assert not off.mark(attack.data).suspects
    for only in ({"too_fast": 1.0}, {"too_uniform": 0.95}):
        thresholds = {"too_fast": None, "too_many": None, "too_uniform": None} | only
        assert accused(Bots(**thresholds), attack.data) == set(attack.planted)


def test_figures_of_pace_by_hand() -> None:
    times = [0, 10, 20, 30, 5_000, 5_004, 0, 3, 6, 9]
    frame = {"user": [1] * 6 + [2] * 4, "item": list(range(10)), "timestamp": times}
    data = lt.Interactions.from_frame(frame)
    assert fastest_run(data, 3).tolist() == [10.0, 3.0]
    assert fastest_run(data, 5).tolist() == [1_248.5, np.inf]
    assert busiest_window(data, 20).tolist() == [3, 4]
    pauses = np.array([10, 10, 10, 4])  # the one of more than half an hour does not count
    assert regularity(data, 3)[0] == pytest.approx(pauses.std() / pauses.mean())
    assert regularity(data, 3)[1] == 0
    assert np.isnan(regularity(data, 5)).all()


def test_a_bot_is_one_beyond_each_threshold_and_nobody_before() -> None:
    def suspects(times: list[int], ratings: list[float]) -> list[str]:
        rows = {"user": [1] * len(times), "item": range(len(times)), "rating": ratings, "timestamp": times}
        others = {"user": [2, 2], "item": [0, 1], "rating": [1.0, 5.0], "timestamp": [0, 10**7]}
        frame = {name: [*rows[name], *others[name]] for name in rows}
        return sorted({found.kind for found in Bots().mark(lt.Interactions.from_frame(frame)).suspects})

    rng = np.random.default_rng(0)
    for n, found in ((500, []), (501, ["too many"])):
        times = np.sort(rng.choice(86_400, n, replace=False))
        times[[0, -1]] = 0, 86_400  # 24 hours, both ends included
        assert suspects(times.tolist(), (np.arange(n) % 5 + 1.0).tolist()) == found
    far = (np.arange(25) * 10_000).tolist()  # pauses that say nothing
    for same, other, found in ((19, 1, ["too uniform"]), (18, 2, []), (19, 0, []), (20, 0, ["too uniform"])):
        assert suspects(far[: same + other], [4.0] * same + [2.0] * other) == found
    for pauses, found in ((20, ["too uniform"]), (19, [])):
        clock = (np.arange(pauses + 1) * 60).tolist()
        assert suspects(clock, (np.arange(len(clock)) % 5 + 1.0).tolist()) == found
    pairs = np.repeat(np.arange(21) * 60, 2).tolist()  # two in each minute, in the same second
    assert suspects(pairs, (np.arange(42) % 5 + 1.0).tolist()) == ["too uniform"]
    human = np.cumsum(rng.exponential(60, 40) + 1).astype(int).tolist()
    assert suspects(human, (np.arange(40) % 5 + 1.0).tolist()) == []


def test_who_does_just_as_much_as_may_be_stays() -> None:
    amounts = np.array([1, 2, 3, 4, 7])
    assert OutlierUsers(rule="iqr", width=0).limit(amounts) == 4.0
    rows = {"user": np.repeat(np.arange(5), amounts), "item": np.concatenate([np.arange(n) for n in amounts])}
    assert accused(OutlierUsers(rule="iqr", width=0), lt.Interactions.from_frame(rows)) == {4}


def test_what_cannot_be_looked_at_is_said() -> None:
    ratings = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 2], "rating": [1.0, 2.0]})
    assert "no times" in Bots().mark(ratings).notes[0]
    clicks = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 2], "timestamp": [1, 2]})
    assert "all values are equal" in Bots().mark(clicks).notes[0]
    with pytest.raises(DataError, match="neither times nor ratings"):
        Bots().mark(lt.Interactions.from_frame({"user": [1, 2], "item": [1, 2]}))
    equal = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 2], "rating": [3.0, 3.0]})
    with pytest.raises(DataError, match="neither times nor ratings"):
        Bots().mark(equal)


# -- the core ----------------------------------------------------------------------------------------------------------


def test_the_core_is_a_fixed_point() -> None:
    data = World(users=60, items=60, seed=3).clicks(500)
    kept = MinimumRatings(users=8, items=6).apply(data).data
    assert kept.user_counts[kept.user_counts > 0].min() >= 8
    assert kept.item_counts[kept.item_counts > 0].min() >= 6
    assert not MinimumRatings(users=8, items=6).mark(kept).rows.any()


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        OutlierUsers(rule="mean+3sd", width=2.5),
        Bots(too_fast=None, too_many=9),
        ShillingProfiles(detectors=("deviation", "similarity")),
        MinimumRatings(users=2, items=3),
    ],
)
def test_a_step_is_written_as_it_is_read(step: Step) -> None:
    assert parse(step.spec) == step


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("bot", "did you mean bots"),
        ("everything", "there are outliers, bots, shilling, minimum"),
        ("bots:fast=1", "no parameter 'fast'"),
        ("bots:too_fast", "write each threshold once"),
        ("bots:too_fast=1,too_fast=2", "write each threshold once"),
        ("outliers:rule=sigma", "must be one of"),
        ("minimum:users=0", "at least 1"),
    ],
)
def test_a_step_that_cannot_be_read(spec: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse(spec)
