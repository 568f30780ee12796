"""The simulated filter bubble: measures against loops, chances held equal, and planted policies that must show."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

from longtail import registry
from longtail.data.synthetic import World
from longtail.errors import ConfigError, MemoryBudgetError
from longtail.evaluation.behavior import Simulation, bubble, filter_bubble
from longtail.evaluation.behavior.bubble_measures import MEASURES, PER_USER, Yardstick, coverage, gini
from longtail.evaluation.behavior.policies import Follow, Policy

RULES = Simulation(users=60, items=120, ratings=1_800, rounds=8)


@pytest.fixture(scope="module")
def world() -> World:
    return World(30, 40, seed=1)


@pytest.fixture(scope="module")
def yardstick(world: World) -> Yardstick:
    return Yardstick.of(world, 0)


def test_spread_variety_and_entropy_are_what_a_loop_says(world: World, yardstick: Yardstick) -> None:
    items = np.array([[3, 7, 9], [5, -1, -1], [0, 39, -1]], dtype=np.int32)
    traits, genres = world.supply.traits, world.catalog.genres(world.item_ids)
    for row, listed in enumerate(items):
        real = [item for item in listed if item >= 0]
        pairs = list(itertools.combinations(real, 2))
        spread, variety = yardstick.spread(items)[row], yardstick.variety(items)[row]
        if not pairs:
            assert np.isnan(spread)
            assert np.isnan(variety)
        else:
            assert spread == pytest.approx(np.mean([np.linalg.norm(traits[a] - traits[b]) for a, b in pairs]), abs=1e-5)
            shared = [len({*genres[a]} & {*genres[b]}) / len({*genres[a]} | {*genres[b]}) for a, b in pairs]
            assert variety == pytest.approx(1 - np.mean(shared), abs=1e-6)
        weights: dict[str, float] = {}
        for item in real:
            for genre in genres[item]:
                weights[genre] = weights.get(genre, 0.0) + 1 / len(genres[item])
        total = sum(weights.values())
        bits = -sum(weight / total * math.log2(weight / total) for weight in weights.values())
        assert yardstick.entropy(items)[row] == pytest.approx(bits)


def test_shares_of_the_catalogue() -> None:
    items = np.array([[0, 1], [0, -1]])
    assert coverage(items, 4) == 0.5
    assert gini(items, 4) == pytest.approx((-3 * 0 + -1 * 0 + 1 * 1 + 3 * 2) / (4 * 3))
    assert gini(np.array([[0, 1, 2, 3]]), 4) == 0.0
    assert np.isnan(gini(np.array([[-1]]), 4))


def test_sameness_is_the_jaccard_index_of_pairs(yardstick: Yardstick) -> None:
    chosen = np.zeros((30, 40), dtype=bool)
    assert np.isnan(yardstick.sameness(chosen))
    chosen[:, 3] = True
    assert yardstick.sameness(chosen) == 1.0
    chosen[np.arange(30), np.arange(30) + 4] = True
    assert yardstick.sameness(chosen) == pytest.approx(1 / 3)


def test_equal_rules_give_equal_results_and_another_seed_another_world() -> None:
    one, two = (filter_bubble(["svd:epochs=2,factors=4"], RULES) for _ in range(2))
    assert one.to_json() == two.to_json()
    other = filter_bubble(["popular"], Simulation(**{**RULES.__dict__, "seed": 1}), controls=False)
    assert other.run("popular").curve("met_spread")[0] != one.run("browsing").curve("met_spread")[0]
    json.loads(one.to_json(), parse_constant=lambda name: pytest.fail(name))


def test_all_start_alike_and_the_truth_is_never_regretted_where_chance_is_small() -> None:
    sharp = Simulation(**{**RULES.__dict__, "temperature": 1e-6})
    found = filter_bubble(["random", "popular"], sharp)
    starts = {run.curve("met_spread")[0] for run in found.runs}
    assert len(starts) == 1
    truth = found.run("true taste").curve("regret")[1:]
    assert np.allclose(truth, 0.0, atol=1e-6)
    for label in ("random", "popular", "browsing"):
        assert (found.run(label).curve("regret")[1:] > 0.1).all()
    assert found.run("popular").curve("gini")[1] > found.run("random").curve("gini")[1]
    assert found.run("popular").curve("sameness")[-1] > found.run("browsing").curve("sameness")[-1]


class Nearest(Policy):
    """Lists what is nearest to the one item a user met last: a bubble if there ever was one."""

    label, control = "nearest", False

    def __init__(self, yardstick: Yardstick) -> None:
        self.yardstick = yardstick

    def lists(self, data, round_number, n):
        found = np.full((data.n_users, n), -1, dtype=np.int32)
        order = np.lexsort((data.times, data.users))
        last = data.items[order][np.cumsum(data.user_counts) - 1]
        for user in range(data.n_users):
            apart = self.yardstick.distances[last[user]].copy()
            apart[data.items[data.users == user]] = np.inf
            found[user] = np.argsort(apart)[:n]
        return found


def test_a_planted_bubble_is_found_and_chance_is_not_taken_for_one() -> None:
    stage = bubble._Stage.of(RULES)
    result = filter_bubble(["random"], RULES)
    result.runs.insert(0, stage.run(Nearest(stage.yardstick)))
    rows = {(row["algorithm"], row["measure"]): row for row in result.narrowing().to_dicts()}
    for measure in ("met_spread", "met_entropy"):
        assert rows["nearest", measure]["beyond_high"] < 0
    chance = rows["random", "met_spread"]
    assert abs(chance["beyond"]) < 0.25 * abs(rows["nearest", "met_spread"]["beyond"])
    assert rows["browsing", "met_spread"]["beyond"] is None
    assert result.run("nearest").curve("list_spread")[1] < 0.8 * result.run("random").curve("list_spread")[1]


def test_who_cannot_narrow_is_not_said_to_narrow_and_taste_is_told_from_a_bubble() -> None:
    """Random lists neither narrow nor widen, in each of three worlds; true taste narrows what is met, and pays off."""
    for seed in range(3):
        found = filter_bubble(["random"], Simulation(users=100, items=200, ratings=3_000, rounds=10, seed=seed))
        rows = {(row["algorithm"], row["measure"]): row for row in found.narrowing().to_dicts()}
        chance, taste = rows["random", "list_spread"], rows["true taste", "met_spread"]
        assert chance["change_low"] < 0 < chance["change_high"]
        assert abs(rows["random", "met_spread"]["beyond"]) < 0.5 * abs(taste["beyond"])
        assert taste["beyond_high"] < 0
        for run in found.runs[:-1]:
            assert run.curve("utility")[1:].mean() < found.run("true taste").curve("utility")[1:].mean() - 0.2
        pairs = list(zip(found.run("random").curve("utility"), found.run("browsing").curve("utility"), strict=True))
        assert all(abs(one - other) < 0.3 for one, other in pairs[1:])


def test_places_at_the_top_are_taken_more_where_they_are_looked_at_more() -> None:
    even, biased = (bubble._Stage.of(Simulation(**{**RULES.__dict__, "position_bias": bias})) for bias in (0.0, 4.0))
    lists = np.tile(np.arange(10, dtype=np.int32), (RULES.users, 1))
    assert (biased._choose(lists, 1) < 2).mean() > (even._choose(lists, 1) < 2).mean()


def test_people_take_as_many_as_they_are_said_to_and_never_an_empty_place() -> None:
    rules = Simulation(users=20, items=60, ratings=200, rounds=2, picks=3)
    stage = bubble._Stage.of(rules)
    lists = np.full((20, 10), -1, dtype=np.int32)
    lists[:, :2] = [5, 7]
    picks = stage._choose(lists, 1)
    assert {tuple(sorted(row)) for row in picks.tolist()} == {(-1, 5, 7)}


def test_folding_in_answers_without_a_fit() -> None:
    rules = Simulation(users=40, items=60, ratings=800, rounds=3, update="fold-in")
    found = filter_bubble(["item-knn"], rules, controls=False).run("item-knn")
    assert np.isfinite(found.curve("list_spread")[1:]).all()


def test_what_was_taken_is_folded_in_and_not_listed_again() -> None:
    stage = bubble._Stage.of(Simulation(users=40, items=60, ratings=800, rounds=3, update="fold-in"))
    policy, data = Follow(registry.make("item-knn"), "fold-in"), stage.start
    first = policy.lists(data, 1, 10)
    fitted = policy._fitted
    second = policy.lists(stage._grown(data, np.arange(40, dtype=np.int32), first[:, 0], 1), 2, 10)
    assert policy._fitted is fitted
    assert not (second == first[:, :1]).any()
    assert (second[:, :9] != first[:, 1:]).any()  # and what is known now counts


def test_the_window_is_the_last_ten_and_moves_on(world: World) -> None:
    data = world.ratings(600)
    recent = bubble._latest(data)
    for user in range(data.n_users):
        mine = np.flatnonzero(data.users == user)
        newest = data.items[mine[np.argsort(data.times[mine], kind="stable")]][-10:]
        assert recent[user][recent[user] >= 0].tolist() == newest.tolist()
    moved = bubble._pushed(recent, np.tile(np.array([[9, -1]]), (len(recent), 1)))
    assert (moved[:, -1] == 9).all()
    assert np.array_equal(moved[:, :-1], recent[:, 1:])


def test_the_frame_has_every_measure() -> None:
    found = filter_bubble(["popular"], Simulation(users=20, items=60, ratings=300, rounds=2), controls=False)
    frame = found.to_frame()
    assert frame.columns == ["algorithm", "control", "round", *MEASURES]
    assert frame.height == 3
    assert found.narrowing()["beyond"].null_count() == len(PER_USER)
    assert "popular" in repr(found)


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"picks": 11}, {"rounds": 500}, {"temperature": 0.0}, {"position_bias": -1.0}, {"update": "never"}):
        with pytest.raises(ConfigError):
            Simulation(**wrong)
    with pytest.raises(ConfigError, match="no algorithm"):
        filter_bubble(["nothing"], RULES)
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "1")
    with pytest.raises(MemoryBudgetError):
        filter_bubble(["popular"], Simulation(users=100_000, items=100_000))
