"""Segments: the rules, and the same figures as the metrics give on the rows of a segment alone."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import longtail as lt
from longtail.data.results import TopN
from longtail.evaluation import metrics, segments
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.segments import Segments


@pytest.fixture(scope="module")
def world() -> tuple[lt.Interactions, lt.Interactions]:
    data = lt.datasets.synthetic(users=120, items=80, ratings=3_000, seed=4)
    train, test = lt.splits.random_holdout(data, 0.3, seed=1)
    few = np.isin(train.users, np.arange(20)) & (np.random.default_rng(0).random(len(train)) > 0.15)
    return train.take(~few), test


def test_users_by_what_there_is_to_learn_and_items_by_their_share(
    world: tuple[lt.Interactions, lt.Interactions],
) -> None:
    train, _ = world
    groups = Segments.of(train)
    lengths = [train.user_counts[groups.users == at] for at in range(3)]
    assert all(len(one) for one in lengths)
    assert lengths[0].max() <= 5 < lengths[1].min() <= lengths[1].max() < lengths[2].min()
    share = len(lengths[2]) / (len(lengths[1]) + len(lengths[2]))
    assert 0.1 < share <= 0.2
    taken = np.bincount(groups.items, weights=train.item_counts) / len(train)
    assert taken[0] == pytest.approx(0.2, abs=0.03)
    assert taken[2] == pytest.approx(0.2, abs=0.03)
    counts = [train.item_counts[groups.items == at] for at in range(3)]
    assert counts[0].min() >= counts[1].max() >= counts[1].min() >= counts[2].max()


def test_histories_that_are_given_count(world: tuple[lt.Interactions, lt.Interactions]) -> None:
    train, test = world
    without = Segments.of(train.take(train.users != 7), train.take(train.users == 7))
    assert (without.users == Segments.of(train).users).all()
    assert test is not None


def test_the_figures_are_those_of_the_metrics_on_a_segment_alone(
    world: tuple[lt.Interactions, lt.Interactions],
) -> None:
    train, test = world
    groups = Segments.of(train)
    model = lt.make("bias").fit(train)
    lists = model.recommend(test.users_present(), 10)
    predictions = model.predict_ratings(test)
    sums = segments.summed([segments.of_lists(lists, test, groups), segments.of_ratings(predictions, groups)])
    found = segments.figures(sums)
    for kind, names in segments.KINDS.items():
        for at, name in enumerate(names):
            member = groups.users[test.users] == at if kind == "users" else groups.items[test.items] == at
            alone = test.take(member)
            assert len(alone)
            for key in ("hit_rate", "recall", "ndcg"):
                expected = getattr(metrics, key)(lists, alone)
                assert found[kind][name][key]["value"] == pytest.approx(float(expected)), (kind, name, key)
                assert found[kind][name][key]["users"] == len(expected.users)
            error = float(np.sqrt(np.mean((predictions.estimated - predictions.actual)[member] ** 2)))
            assert found[kind][name]["rmse"]["value"] == pytest.approx(error, rel=1e-5)
            for figure in found[kind][name].values():
                assert figure["low"] <= figure["value"] <= figure["high"]


def test_folds_add_up_and_seeds_do_not_feign_users(world: tuple[lt.Interactions, lt.Interactions]) -> None:
    train, test = world
    groups = Segments.of(train)
    lists = lt.make("popular").fit(train).recommend(test.users_present(), 10)
    one = segments.of_lists(lists, test, groups)
    two = segments.of_lists(lists, test.take(test.items % 2 == 0), groups)
    pooled = segments.figures(segments.summed([one, two]))["users"]["light"]["hit_rate"]
    first, second = (segments.figures(part)["users"]["light"]["hit_rate"] for part in (one, two))
    assert pooled["users"] == first["users"] + second["users"]
    weighted = first["value"] * first["users"] + second["value"] * second["users"]
    assert pooled["value"] == pytest.approx(weighted / pooled["users"])
    again = segments.figures(segments.summed([one, one, one], repeats=3))["users"]["light"]
    for key, figure in segments.figures(one)["users"]["light"].items():
        assert again[key] == pytest.approx(figure)


@pytest.mark.parametrize("key", ["hit_rate", "recall", "rmse"])
def test_the_interval_covers_as_often_as_it_says(key: str) -> None:
    """Users with one to nine hidden rows, each with a chance (or an error) of their own."""
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(600):
        hidden = rng.integers(1, 10, 120)
        own = rng.beta(2, 5, 120)
        if key == "rmse":
            squares = np.array([np.sum(rng.normal(0, 0.5 + p, h) ** 2) for p, h in zip(own, hidden, strict=True)])
            moments = segments._moments(squares, hidden.astype(float))
            truth = math.sqrt(0.25 + 2 / 7 + 2 * 3 / (7 * 8))
        else:
            listed = rng.binomial(hidden, own) / hidden if key == "recall" else rng.binomial(1, own)
            moments, truth = segments._moments(np.asarray(listed, float)), 2 / 7
        figure = segments._figure(key, moments)
        covered.append(figure["low"] <= truth <= figure["high"])
    assert 0.92 < np.mean(covered) < 0.975


def test_a_bakeoff_keeps_them_as_plain_json(result: BakeoffResult) -> None:
    assert set(result.segments) == {"users", "items"}
    assert set(result.segments["users"]) == {"new", "light", "heavy"}
    popular = next(outcome for outcome in result.outcomes if outcome.label == "popular")
    found = popular.segments["users"]
    everybody = sum(one["hit_rate"]["users"] for one in found.values() if "hit_rate" in one)
    assert everybody == popular.users["hit_rate"]
    total = sum(one["hit_rate"]["value"] * one["hit_rate"]["users"] for one in found.values() if "hit_rate" in one)
    assert total / everybody == pytest.approx(popular.values["hit_rate"])
    assert json.loads(result.to_json())["segments"] == result.segments
    assert BakeoffResult.from_json(result.to_json()) == result


def test_a_segment_with_nobody_has_no_figures(small: lt.Interactions) -> None:
    outcome = Bakeoff(small, ["popular"]).run(progress=False).outcomes[0]
    assert outcome.segments["users"]["heavy"] == {}
    lists = TopN([0], [[0]], [[1.0]], small.user_ids, small.item_ids)
    found = segments.figures(segments.of_lists(lists, small.take(small.users == 0), Segments.of(small)))
    assert found["users"]["heavy"] == {}
