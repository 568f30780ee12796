"""Runs side by side: what changed is found, what cannot be compared is said loudly, and figures move the right way."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from longtail.errors import ConfigError
from longtail.evaluation.bakeoff import BakeoffResult
from longtail.evaluation.comparing import ComparisonResult as Comparison
from longtail.evaluation.comparing import compare
from longtail.evaluation.comparing.wording import sentences
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.report import comparison as page


@pytest.fixture
def other(result: BakeoffResult) -> BakeoffResult:
    return copy.deepcopy(result)


def of(comparison: Comparison, label: str) -> dict[str, list]:
    return next(one.differences for one in comparison.algorithms if one.label == label)


def printed(comparison: Comparison, width: int = 100) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        comparison.show(console)
    return captured.get()


def test_equal_runs_have_nothing_to_tell(result: BakeoffResult, other: BakeoffResult) -> None:
    made = compare([result, other])
    assert (made.changes, made.warnings, made.alone) == ([], [], [])
    assert {one.sense for row in made.algorithms for moved in row.differences.values() for one in moved} <= {
        "alike",
        "unknown",
    }
    assert "are the same" in " ".join(sentences(made))
    assert [one.label for one in made.algorithms] == [one.label for one in result.outcomes if one.error is None]


def test_better_is_lower_for_an_error_and_higher_for_hits(result: BakeoffResult, other: BakeoffResult) -> None:
    first, second = (next(one for one in run.outcomes if one.label == "popular") for run in (result, other))
    for key, change in (("rmse", -0.1), ("hit_rate", -0.1), ("novelty", 3.0), ("mae", 1e-9)):
        second.values[key] = first.values[key] + change
    found = {key: row[0] for key, row in of(compare([result, other]), "popular").items()}
    assert [found[key].sense for key in ("rmse", "hit_rate", "novelty", "mae")] == ["better", "worse", "moved", "alike"]
    assert found["rmse"].value == pytest.approx(-0.1)
    assert not found["rmse"].paired


def test_a_cost_must_differ_by_a_quarter_to_count(result: BakeoffResult, other: BakeoffResult) -> None:
    first, second = (next(one for one in run.outcomes if one.label == "popular").values for run in (result, other))
    first |= {"fit_seconds": 1.0, "recommend_seconds": 1.0, "predict_seconds": 0.001, "peak_mb": 100.0}
    second |= {"fit_seconds": 1.2, "recommend_seconds": 1.3, "predict_seconds": 0.002, "peak_mb": 130.0}
    found = {key: row[0].sense for key, row in of(compare([result, other]), "popular").items()}
    assert found["fit_seconds"] == found["predict_seconds"] == "alike"
    assert found["recommend_seconds"] == found["peak_mb"] == "worse"


@pytest.mark.parametrize(
    ("change", "warning", "usable"),
    [
        ("data", "NOT COMPARABLE: the data differ", []),
        ("n", "NOT COMPARABLE: the protocols differ (n)", []),
        ("splits", "NOT COMPARABLE: their splits", []),
        ("seed", "luck of the draw", ["rmse", "hit_rate", "fit_seconds", "peak_mb"]),
        ("threads", "The machines differ", ["rmse", "hit_rate"]),
        ("memory", "Peak memory was found in different ways", ["rmse", "hit_rate", "fit_seconds"]),
        ("numpy", "", ["rmse", "hit_rate", "fit_seconds", "peak_mb"]),
    ],
)
def test_what_cannot_be_compared_is_said_first(
    result: BakeoffResult, other: BakeoffResult, change: str, warning: str, usable: list[str]
) -> None:
    match change:
        case "data":
            other.data["fingerprint"] = "another"
        case "splits":
            other.data["splits"]["one left out"]["test_rows"] += 1
        case "n" | "seed":
            other.protocol = dataclasses.replace(other.protocol, **{change: 3})
        case "memory":
            other.memory_method = "guessed"
        case name:
            other.environment[name] = "999"
    made = compare([result, other])
    assert len(made.changes) == 1
    assert len(made.warnings) == bool(warning)
    assert warning in " ".join(made.warnings)
    keys = ("rmse", "hit_rate", "fit_seconds", "peak_mb")
    assert [key for key in keys if made.comparable(key)] == usable
    html, text = page.render(made), " ".join(printed(made).split())
    assert warning in text
    assert warning in html
    if warning:
        assert html.index('role="alert"') < html.index("<table")
    marked = re.findall(r'<td class="(?:better|worse)"', html)
    assert not (marked and not usable)


def test_the_same_algorithm_with_other_parameters(result: BakeoffResult, other: BakeoffResult) -> None:
    changed = other.outcomes[1]
    changed.label, changed.parameters = "Reasoning (offset=0.7)", {**changed.parameters, "offset": 0.7}
    made = compare([result, other], ["before", "after"])
    one = next(one for one in made.algorithms if one.labels[1] == changed.label)
    assert one.labels[0] == result.outcomes[1].label
    assert one.parameters == {"offset": ["0.5", "0.7"]}
    assert made.alone == []
    assert "Reasoning: offset" in printed(made)


def test_who_is_in_one_run_only_is_named_and_a_failure_counts_as_missing(
    result: BakeoffResult, other: BakeoffResult
) -> None:
    other.outcomes[0].error = "no"
    made = compare([result, other])
    assert made.alone == [result.outcomes[0].label]
    assert result.outcomes[0].label in " ".join(sentences(made))
    assert {change.what for change in made.changes} == {"finished, not in every run", "failed, not in every run"}


def test_three_runs_are_compared_with_the_first(result: BakeoffResult, other: BakeoffResult) -> None:
    third = copy.deepcopy(other)
    third.outcomes.pop(0)
    made = compare([result, other, third])
    assert all(len(row) == 2 for one in made.algorithms for row in one.differences.values())
    assert of(made, result.outcomes[0].label)["rmse"][1].value is None


def test_it_is_written_as_json_and_as_a_page(result: BakeoffResult, other: BakeoffResult, tmp_path: Path) -> None:
    other.outcomes[2].label = other.outcomes[2].algorithm = other.name = "<b>trap</b></script>"
    made = compare([result, other], ["a", "<i>b</i>"])
    plain = json.loads(made.to_json(tmp_path / "made.json"))
    assert plain == json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))
    assert plain["kind"] == "longtail comparison"
    assert plain["comparable"]["rmse"] is True
    html = made.to_html(tmp_path / "made.html").read_text(encoding="utf-8")
    assert "<b>" not in html
    assert "<i>" not in html
    assert html.count("<caption") == html.count("<table") >= 5


def test_runs_that_cannot_be_compared_at_all(result: BakeoffResult) -> None:
    with pytest.raises(ConfigError, match="at least two"):
        compare([result])
    with pytest.raises(ConfigError, match="different names"):
        compare([result, result], ["a", "a"])


def _with_users(run: BakeoffResult, shift: float) -> None:
    """A hit rate for each of 400 users; `shift` of those who missed now hit."""
    rng = np.random.default_rng(5)
    hits = (rng.random(400) < 0.3).astype(float)
    hits[(hits == 0) & (rng.random(400) < shift)] = 1.0
    value = MetricValue.over_users("hit_rate", np.arange(400), hits)
    outcome = next(one for one in run.outcomes if one.label == "popular")
    outcome.values["hit_rate"], outcome.per_user = float(value), {"hit_rate": value}


@pytest.mark.parametrize(("shift", "told"), [(0.2, True), (0.004, False)])
def test_with_the_values_of_users_differences_are_paired(
    result: BakeoffResult, other: BakeoffResult, shift: float, *, told: bool
) -> None:
    _with_users(result, 0.0)
    _with_users(other, shift)
    made = compare([result, other])
    found = of(made, "popular")["hit_rate"][0]
    assert found.paired
    assert found.users == 400
    assert found.told_apart is told
    assert found.low < found.value < found.high or found.low == 0
    assert found.value == pytest.approx(other.outcomes[2].values["hit_rate"] - result.outcomes[2].values["hit_rate"])
    text = printed(made)
    assert bool(re.search(r"\d\) points better", text)) is told
    assert "In brackets" in " ".join(text.split())
    other.protocol = dataclasses.replace(other.protocol, seed=9)
    assert not of(compare([result, other]), "popular")["hit_rate"][0].paired


def test_two_figures_are_two_chances(result: BakeoffResult, other: BakeoffResult) -> None:
    for run, shift in ((result, 0.0), (other, 0.03)):
        _with_users(run, shift)
    alone = of(compare([result, other]), "popular")["hit_rate"][0].p
    for run in (result, other):
        outcome = run.outcomes[2]
        outcome.values["recall"], outcome.per_user["recall"] = outcome.values["hit_rate"], outcome.per_user["hit_rate"]
    both = of(compare([result, other]), "popular")
    assert 0 < alone < 0.5
    assert both["hit_rate"][0].p == both["recall"][0].p == pytest.approx(2 * alone)


def test_a_figure_that_is_no_mean_of_users_stays_plain(result: BakeoffResult, other: BakeoffResult) -> None:
    for run in (result, other):
        value = MetricValue(0.9, "catalogue_coverage", [0, 1, 2], [0.1, 0.2, 0.1])
        run.outcomes[2].per_user = {"catalogue_coverage": value}
    assert not of(compare([result, other]), "popular")["catalogue_coverage"][0].paired
