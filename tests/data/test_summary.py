"""Figures by hand, and every rule of the advice on both sides of its threshold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import longtail as lt
from longtail.data import attacks
from longtail.data.summary import RULES, advice, gini, head_share, summarize
from longtail.data.summary.ratings import rating_spread
from longtail.data.summary.timeline import activity, day, same_second
from longtail.data.synthetic import World, synthetic
from longtail.errors import DataError

ROWS = {
    "user": [1, 1, 1, 2, 2, 3],
    "item": [10, 20, 30, 10, 20, 10],
    "rating": [5.0, 4.0, 3.0, 1.0, 1.0, 5.0],
    "timestamp": [0, 0, 86_400, 172_800, 172_801, 172_802],
    "session": ["a", "a", "b", "c", "c", "d"],
}


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return summarize(lt.Interactions.from_frame(ROWS))


def test_counts_by_hand(facts: dict[str, Any]) -> None:
    assert facts["few_users"] == {"2": 1 / 3, "5": 1.0, "10": 1.0, "20": 1.0}
    assert facts["few_items"]["2"] == 1 / 3
    assert facts["long_tail"] == {"ranks": [1, 2, 3], "counts": [3, 2, 1], "shares": [0.5, 0.83333, 1.0]}
    assert facts["gini_items"] == pytest.approx((-2 * 1 + 0 * 2 + 2 * 3) / (3 * 6))
    assert facts["top_user_share"] == 0.5


def test_ratings_by_hand(facts: dict[str, Any]) -> None:
    spread = facts["rating_spread"]
    assert facts["ratings"] == {"1": 2, "3": 1, "4": 1, "5": 2}
    assert spread["sd_of_user_means"] == pytest.approx(np.std([4, 1, 5]))
    assert spread["mean_user_sd"] == pytest.approx((np.std([5, 4, 3]) + 0) / 2)
    assert spread["constant_users"] == 0.5
    assert spread["high_share"] == 0.5
    assert spread["levels"] == 4
    assert facts["mean_rating"] == spread["mean"] == pytest.approx(19 / 6)


def test_users_and_items_without_rows_do_not_count() -> None:
    data = lt.Interactions.from_frame(ROWS).take([0, 1, 3, 4])
    assert rating_spread(data)["sd_of_user_means"] == pytest.approx(np.std([4.5, 1]))
    facts = summarize(data)
    assert (facts["users"], facts["items"], facts["density"]) == (2, 2, 1.0)


def test_the_upper_quarter_is_of_the_scale() -> None:
    data = lt.Interactions.from_frame({"user": [1, 1], "item": [1, 2], "rating": [4.5, 5.0]}, scale=(-10, 10))
    assert rating_spread(data)["high_share"] == 0.5


def test_the_busiest_hundredth() -> None:
    users = [*range(200), *[0] * 49, *[1] * 49]
    data = lt.Interactions.from_frame({"user": users, "item": range(len(users))})
    assert summarize(data, suspects=False)["top_user_share"] == 100 / 298


def test_a_second_is_shared_only_with_oneself() -> None:
    data = lt.Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "timestamp": [1, 5, 5, 9]})
    assert same_second(data) == {"rows": 0, "share": 0.0, "most": 1}


def test_times_by_hand(facts: dict[str, Any]) -> None:
    assert (facts["first"], facts["last"], facts["days"]) == ("1970-01-01", "1970-01-03", 2.0)
    assert facts["activity"] == {"by": "day", "periods": ["1970-01-01", "1970-01-02", "1970-01-03"], "rows": [2, 1, 3]}
    assert facts["same_second"] == {"rows": 2, "share": 1 / 3, "most": 2}
    assert facts["newcomers"] == {"rows": 1, "new_users": 1.0, "new_items": 0.0}
    assert facts["sessions"] == {"count": 4, "median": 1.5, "mean": 1.5, "single": 0.5}


def test_periods_are_as_fine_as_can_be_shown() -> None:
    assert activity(np.array([0, 47 * 86_400]))["by"] == "day"
    assert activity(np.array([0, 49 * 86_400]))["by"] == "month"
    assert activity(np.array([0, 5 * 365 * 86_400]))["by"] == "year"
    far = activity(np.array([0, 4 * 10**9, 8 * 10**9]))
    assert (far["by"], sum(far["rows"]), len(far["periods"])) == ("year", 3, 3)
    assert day(10**18) == str(10**18)


def test_loading_is_told() -> None:
    frame = {"user": [1, 1, 2, 3], "item": [1, 1, 2, None], "rating": [1.0, 2.0, 3.0, 4.0]}
    found = summarize(lt.Interactions.from_frame(frame, duplicates="last", bad_rows="drop"))
    assert (found["rows_read"], found["bad_rows"], found["duplicates"]) == (4, 1, 1)
    assert summarize(synthetic(users=9, items=9, ratings=40))["rows_read"] is None


def test_suspects_by_kind() -> None:
    attack = attacks.plant_bots(synthetic(users=200, items=300, ratings=5_000), "crawler", share=0.03)
    found = summarize(attack.data)["suspicious"]
    assert found["users"] == 6
    kinds = {entry["kind"]: entry for entry in found["kinds"]}
    assert kinds["too fast"]["users"] == 6
    assert kinds["too fast"]["step"] == "bots"
    assert set(kinds["too fast"]["examples"]) < set(attack.planted)
    assert summarize(attack.data, suspects=False)["suspicious"] is None


@pytest.mark.parametrize(
    "frame",
    [
        {"user": [1], "item": [1]},
        {"user": [1], "item": [1], "rating": [3.0]},
        {"user": [1, 1], "item": [1, 2], "rating": [3.0, 3.0], "timestamp": [7, 7]},
        {"user": [1, 2], "item": [1, 1], "timestamp": [-5, 10**15]},
        {"user": ["a"], "item": ["é"], "rating": [0.0], "timestamp": [0], "session": [4]},
    ],
)
def test_the_smallest_data_are_summed_up(frame: dict[str, Any]) -> None:
    found = summarize(lt.Interactions.from_frame(frame))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_clicks_and_worlds_are_plain_json() -> None:
    for data in (World(users=60, items=40).clicks(500), synthetic(users=60, items=40, ratings=500)):
        found = summarize(data)
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_no_rows() -> None:
    with pytest.raises(DataError, match="no rows"):
        summarize(synthetic(users=9, items=9, ratings=40).take([]))


@given(st.lists(st.integers(0, 1_000), min_size=1).filter(any))
def test_gini_is_the_mean_difference(counts: list[int]) -> None:
    array = np.array(counts)
    differences = np.abs(array[:, None] - array[None, :]).mean()
    assert gini(array) == pytest.approx(differences / (2 * array.mean()), abs=1e-12)


def test_head_share() -> None:
    assert head_share(np.array([1] * 9 + [11])) == 0.55


# -- advice ------------------------------------------------------------------------------------------------------------

Facts = dict[str, Any]


def _set(*path: str) -> Callable[[Facts, float], None]:
    def change(facts: Facts, value: float) -> None:
        for key in path[:-1]:
            facts = facts[key]
        facts[path[-1]] = value

    return change


def _times(facts: Facts, missing: float) -> None:
    facts["first"] = None if missing > 0.5 else "1970-01-01"


def _feedback(facts: Facts, implicit: float) -> None:
    facts["feedback"] = "implicit" if implicit > 0.5 else "explicit"


def _levels(facts: Facts, equal: float) -> None:
    facts["rating_spread"]["levels"] = 1 if equal > 0.5 else 5


def _endless(facts: Facts, odd: float) -> None:
    facts["ratings"] = None if odd > 0.5 else {"1": 1}


def _bias(facts: Facts, share: float) -> None:
    facts["rating_spread"]["sd_of_user_means"] = 4 * share


def _lost(facts: Facts, share: float) -> None:
    facts |= {"rows_read": 10_000, "bad_rows": round(5_000 * share), "duplicates": round(5_000 * share)}


CHANGES: dict[str, Callable[[Facts, float], None]] = {
    "no times": _times,
    "few users": _set("users"),
    "new users": _set("newcomers", "new_users"),
    "new items": _set("newcomers", "new_items"),
    "batch entry": _set("same_second", "share"),
    "few items": _set("items"),
    "short histories": _set("per_user", "median"),
    "extreme head": _set("head_share"),
    "sparse": _set("density"),
    "clicks": _feedback,
    "equal ratings": _levels,
    "odd scale": _endless,
    "high ratings": _set("rating_spread", "high_share"),
    "personal scales": _bias,
    "heavy users": _set("top_user_share"),
    "suspicious users": _set("suspicious", "users"),
    "lost rows": _lost,
}
"""How to give each rule's figure a value."""


def quiet() -> Facts:
    """Facts of which no rule has anything to say."""
    return {
        "feedback": "explicit", "interactions": 500_000, "users": 5_000, "items": 3_000, "density": 0.03,
        "per_user": {"median": 60.0}, "head_share": 0.4, "top_user_share": 0.05, "scale": [1.0, 5.0],
        "ratings": {"1": 1, "5": 1}, "all_ones": False, "first": "1970-01-01",
        "rating_spread": {"levels": 5, "high_share": 0.4, "sd_of_user_means": 0.3},
        "newcomers": {"rows": 50_000, "new_users": 0.1, "new_items": 0.01},
        "same_second": {"rows": 1, "share": 0.0, "most": 2},
        "suspicious": {"users": 0, "kinds": [{"kind": "too fast", "users": 1, "step": "bots"}], "notes": []},
        "rows_read": 500_000, "bad_rows": 0, "duplicates": 0,
    }  # fmt: skip


def said(facts: Facts) -> list[str]:
    return [entry["rule"] for entry in advice(facts)]


def test_quiet_facts_get_no_advice() -> None:
    assert said(quiet()) == []


def test_every_rule_has_its_test() -> None:
    assert list(CHANGES) == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_speaks_beyond_its_threshold_and_not_before(rule: Any) -> None:
    threshold = rule.above if rule.above is not None else rule.below
    assert (rule.above is None) != (rule.below is None)
    step = 1 if threshold >= 5 or rule.name == "suspicious users" else 0.002 if rule.name != "sparse" else 0.0001
    outward = step if rule.above is not None else -step
    beyond, within = quiet(), quiet()
    CHANGES[rule.name](beyond, threshold + outward)
    CHANGES[rule.name](within, threshold)
    assert rule.name in said(beyond)
    assert rule.name not in said(within)
    text = next(entry for entry in advice(beyond) if entry["rule"] == rule.name)["text"]
    assert text.endswith(".")
    assert "None" not in text
    assert "{" not in text


def test_the_width_of_an_interval_is_that_of_its_share() -> None:
    facts = quiet() | {"users": 100}
    text = advice(facts)[0]["text"]
    assert f"{100 * 1.96 * np.sqrt(0.1 * 0.9 / 100):.1f} percentage points" in text


def test_equal_ratings_are_not_called_high_too() -> None:
    facts = quiet()
    facts["rating_spread"] |= {"levels": 1, "high_share": 1.0}
    assert said(facts) == ["equal ratings"]


def test_a_figure_that_is_missing_is_no_ground_for_advice() -> None:
    missing = {"first": None, "newcomers": None, "same_second": None, "rating_spread": None, "suspicious": None}
    facts = quiet() | missing | {"scale": None, "ratings": None, "feedback": "implicit", "rows_read": None}
    assert said(facts) == ["no times", "clicks"]


def test_a_bakeoff_holds_the_summary(small: lt.Interactions) -> None:
    result = lt.Bakeoff(small, ["popular"]).run(progress=False)
    assert result.sense == summarize(small)
    assert type(result).from_json(result.to_json()).sense == result.sense
