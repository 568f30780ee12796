"""How the parts of an algorithm become its outcome: figures by mean, costs by sum, memory by the highest."""

from __future__ import annotations

import numpy as np
import pytest

from longtail.evaluation.bakeoff.entries import entries
from longtail.evaluation.bakeoff.part import Part, combined
from longtail.evaluation.findings import Outcome
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.resources import Usage
from longtail.evaluation.sample_user import Pick


def part(fold: str, seed: int, hits: list[float], **more: object) -> Part:
    measured = {"hit_rate": MetricValue.over_users("hit_rate", users=list(range(len(hits))), per_user=hits)}
    return Part(fold, ("hits", "beyond"), seed, measured, **more)  # type: ignore[arg-type]


def outcome(*parts: Part) -> Outcome:
    return combined(entries(["svd"], seed=0)[0], parts)


def test_figures_are_means_over_parts_whatever_their_size() -> None:
    made = outcome(part("one", 0, [1.0, 1.0, 1.0, 0.0]), part("two", 0, [0.0, np.nan]))
    assert made.values["hit_rate"] == (0.75 + 0.0) / 2
    assert made.spread["hit_rate"] == [0.75, 0.0]
    assert made.users["hit_rate"] == 4
    assert made.per_user["hit_rate"].per_user.tolist() == [0.5, 1.0, 1.0, 0.0]


def test_curves_are_means_and_what_is_shown_is_of_the_first() -> None:
    first, second = ([Pick(item, str(item), None, "")] for item in (1, 2))
    made = outcome(
        part("one", 0, [1.0]),
        part("two", 0, [1.0], tail=[0.2, 1.0], picks=first, notes=["a note"]),
        part("two", 1, [1.0], tail=[0.6, 1.0], picks=second, notes=["a note", "another"]),
    )
    assert made.tail == [0.4, 1.0]
    assert made.picks == first
    assert made.notes == ["a note", "another"]


def test_hit_rates_by_rating_are_pooled_by_users() -> None:
    cells = [[{"rating": 5.0, "hit_rate": 1.0, "users": 3}], [{"rating": 5.0, "hit_rate": 0.0, "users": 1}]]
    made = outcome(*(part(str(at), 0, [1.0], by_rating={"hits": cell}) for at, cell in enumerate(cells)))
    assert made.by_rating == {"hits": [{"rating": 5.0, "hit_rate": 0.75, "users": 4}]}


def test_costs_are_sums_and_memory_is_the_highest_where_nothing_was_compiled() -> None:
    usages = [Usage(cpu=1.0, peak=900_000_000, compiling=0.5), Usage(cpu=2.0, peak=7_000_000)]
    further = [Usage(cpu=4.0, peak=5_000_000)]
    made = outcome(
        part("one", 0, [1.0], usages=usages, seconds={"fit_seconds": 2.0}),
        part("two", 0, [1.0], usages=further, seconds={"fit_seconds": 4.0}),
        Part("three", ("ratings",), 0, seconds={"fit_seconds": 90.0, "predict_seconds": 3.0}),
    )
    assert made.values["cpu_seconds"] == 7.0
    assert made.compile_seconds == 0.5
    assert made.values["peak_mb"] == pytest.approx(7.0)
    assert made.values["fit_seconds"] == 3.0  # of the folds that ask for what lies beyond
    assert made.values["predict_seconds"] == 3.0


def test_users_and_items_unknown_to_train_are_counted_once_whatever_the_seeds() -> None:
    made = outcome(*(part("one", seed, [1.0], treated={"users": 3}) for seed in (0, 1)))
    assert made.treated == outcome(part("one", 0, [1.0], treated={"users": 3})).treated


def test_the_first_error_is_told() -> None:
    made = outcome(part("one", 0, [1.0]), part("two", 0, [1.0], error="first"), part("three", 0, [1.0], error="then"))
    assert made.error == "first"
