"""Churn and responsiveness: planted recommenders whose answer is known, and every registered one."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import longtail as lt
from longtail import registry
from longtail.algorithms.base import FoldIn, Recommender
from longtail.algorithms.powers import LearnsOnline
from longtail.data.synthetic import synthetic
from longtail.errors import ConfigError, DataError
from longtail.evaluation.behavior import behave, churn, responsiveness
from longtail.evaluation.behavior.probes import HISTORY, NEIGHBORS, Probes
from longtail.evaluation.behavior.responsiveness import _places
from longtail.evaluation.behavior.seeds import reseeded
from longtail.evaluation.behavior.ways import Online

DAY = 86_400


@pytest.fixture(scope="module")
def world() -> lt.Interactions:
    return synthetic(users=80, items=60, ratings=1_600, seed=3)


@pytest.fixture(scope="module")
def probes(world: lt.Interactions) -> Probes:
    return Probes.of(world, 12, seed=0)


@dataclass(kw_only=True)
class Stubborn(Recommender):
    """Says the same to everyone, whatever they rate."""

    fold_in: ClassVar[FoldIn] = "fallback"

    def _fit(self, train, catalog):
        self.scores_ = np.arange(len(train.item_ids), dtype=np.float32)

    def _score_histories(self, histories):
        return np.tile(self.scores_, (histories.shape[0], 1))


@dataclass(kw_only=True)
class Neighborly(Recommender):
    """Ranks items by the sum of their column cosines with the history: neighbors of what is new must rise."""

    fold_in: ClassVar[FoldIn] = "exact"

    def _fit(self, train, catalog):
        columns = train.by_user.toarray().astype(np.float64)
        norms = np.maximum(np.linalg.norm(columns, axis=0), 1e-12)
        self.alike_ = (columns.T @ columns / np.outer(norms, norms)).astype(np.float32)

    def _score_histories(self, histories):
        return (histories @ self.alike_).astype(np.float32)


@pytest.fixture(autouse=True)
def planted_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry.name_of
    planted = {Stubborn: "stubborn", Neighborly: "neighborly", Restless: "restless"}
    monkeypatch.setattr(registry, "name_of", lambda cls: planted.get(cls) or known(cls))


# -- probes ------------------------------------------------------------------------------------------------------------


def test_a_probe_is_a_liked_row_of_its_own_user_and_all_are_hidden(world: lt.Interactions, probes: Probes) -> None:
    assert len(np.unique(world.users[probes.rows])) == len(probes) == 12
    assert len(probes.base) == len(world) - 12
    for number, row in enumerate(probes.rows):
        user = world.users[row]
        mine = world.values[world.users == user]
        assert len(mine) >= HISTORY
        assert world.values[row] >= mine.mean() - 1e-5
        assert probes.item(number) not in probes.history(number)
        assert len(probes.history(number)) == len(mine) - 1
        more = probes.with_rating(number)
        assert set(zip(more.users, more.items, strict=True)) - set(
            zip(probes.base.users, probes.base.items, strict=True)
        ) == {(user, world.items[row])}


def test_neighbors_are_those_of_a_dense_computation(world: lt.Interactions, probes: Probes) -> None:
    columns = probes.base.by_user.toarray().astype(np.float64)
    norms = np.maximum(np.linalg.norm(columns, axis=0), 1e-12)
    for number, row in enumerate(probes.rows[:5]):
        item = world.items[row]
        alike = columns.T @ columns[:, item] / (norms * norms[item])
        alike[columns[world.users[row]] > 0] = -1
        alike[item] = -1
        found = probes.neighbors(number)
        assert 0 < len(found) <= NEIGHBORS
        assert np.allclose(alike[found], np.sort(alike)[::-1][: len(found)], atol=1e-6)


def test_probes_are_seeded_and_need_somebody(world: lt.Interactions, small: lt.Interactions) -> None:
    assert np.array_equal(Probes.of(world, 9, seed=1).rows, Probes.of(world, 9, seed=1).rows)
    assert not np.array_equal(Probes.of(world, 9, seed=1).rows, Probes.of(world, 9, seed=2).rows)
    assert len(Probes.of(world, 10_000)) <= 80
    with pytest.raises(DataError, match="no user has 5 rows"):
        Probes.of(small, 3)


# -- responsiveness ----------------------------------------------------------------------------------------------------


def test_who_never_listens_does_not_change(world: lt.Interactions) -> None:
    found = responsiveness(Stubborn(), world, probes=8, retrains=2)
    for way in ("fold-in", "retrain"):
        row = found.by(way).to_dict()
        assert (row["change"], row["new_items"], row["rank_gain"]) == pytest.approx((0.0, 0.0, 0.0))
        assert row["milliseconds"] > 0
    assert found.by("online").missing == "it does not learn online"
    assert found.by("online").to_dict()["change"] is None


def test_neighbors_of_what_is_liked_rise_where_the_model_ranks_by_them(world: lt.Interactions) -> None:
    row = responsiveness(Neighborly(), world, probes=12, retrains=2).by("fold-in").to_dict()
    assert row["rank_gain_low"] > 0
    assert row["change"] > 0
    assert row["probes"] == 12


def test_the_item_just_rated_counts_for_nothing(world: lt.Interactions, probes: Probes) -> None:
    """`Stubborn` lists the probe's item before and may not after; that alone must not look like a change."""
    top = len(world.item_ids) - 1
    liked = dataclasses.replace(world, values=np.full(len(world), 4.0, np.float32))
    rows = np.flatnonzero((world.items == top) & (world.user_counts[world.users] >= HISTORY))[:1]
    chosen = Probes(liked, rows)
    fitted = Stubborn().fit(chosen.base)
    assert chosen.item(0) in fitted.recommend([chosen.user(0)], 3).of(chosen.user(0))
    answer = Online(fitted, chosen, 3)
    before, history = answer.before(0, 60), {**chosen.history(0), chosen.item(0): 4.0}
    after = fitted.recommend_for([history], 60)
    kept = before.items[0][before.filled[0]]
    assert np.array_equal(kept[kept != top], after.items[0][after.filled[0]])


def test_exact_fold_in_and_exact_online_learning_agree(world: lt.Interactions) -> None:
    found = responsiveness(lt.make("item-knn"), world, probes=6, retrains=1)
    folded, learned = found.by("fold-in"), found.by("online")
    assert folded.overlap is not None
    assert learned.overlap is not None
    assert folded.overlap.per_user.shape == learned.overlap.per_user.shape == (6,)
    assert json.loads(found.to_json())["algorithm"] == "item-knn"


def test_asking_online_leaves_the_model_as_it_was(world: lt.Interactions, probes: Probes) -> None:
    fitted = lt.make("svd", factors=4, epochs=2).fit(probes.base)
    before = fitted.recommend(n=10)
    Online(fitted, probes, 10).ask(0)
    assert np.array_equal(fitted.recommend(n=10).items, before.items)


def test_places_left_over_are_shared() -> None:
    assert _places(np.array([2, 0], dtype=np.int32), 4).tolist() == [2.0, 3.5, 1.0, 3.5]


def test_no_retrains_is_said(world: lt.Interactions) -> None:
    found = responsiveness(lt.make("popular"), world, probes=2, retrains=0)
    assert found.by("retrain").missing == "not asked for"
    assert found.to_frame()["milliseconds"].null_count() == 1


# -- churn -------------------------------------------------------------------------------------------------------------


def test_chance_alone_changes_random_lists_and_nothing_changes_without_it(world: lt.Interactions) -> None:
    chance = churn(lt.make("random"), world, probes=2, retrains=0).noise.to_dict()
    assert chance["users"] == 80
    assert chance["new_items"] > 0.5
    assert "no seed" in churn(lt.make("popular"), world, probes=2, retrains=0).noise.missing


def test_chance_in_a_member_is_chance(world: lt.Interactions) -> None:
    """A cascade has no seed of its own; of one with a random member every list is luck, and noise says so."""
    luck = churn(lt.make("cascade", members=("popular", "random")), world, probes=2, retrains=0).noise.to_dict()
    assert luck["missing"] == ""
    assert luck["change"] > 0.3
    sure = churn(lt.make("cascade", members=("popular", "bias")), world, probes=2, retrains=0).noise
    assert "no seed" in sure.missing
    blend = lt.make("blend", members=("random", "svd:seed=4", "bias"))
    assert reseeded(blend, 2).seed == blend.seed + 2
    assert reseeded(blend, 2).members == ("random:seed=2", "svd:seed=6", "bias")
    assert blend.members == ("random", "svd:seed=4", "bias")


@dataclass(kw_only=True)
class Restless(Neighborly, LearnsOnline):
    """Learns nothing online and turns its lists upside down whenever it is told anything."""

    def _fit(self, train, catalog):
        super()._fit(train, catalog)
        self.sign_ = 1.0

    def _learn(self, users, items, values):
        self.sign_ = -self.sign_

    def _score_users(self, users):
        return self.sign_ * self._score_histories(self.histories_[users])


def test_learning_nothing_new_must_change_nothing(world: lt.Interactions) -> None:
    old = {
        name: churn(model, world, probes=4, retrains=0).by("an old rating again, online")
        for name, model in (("exact", lt.make("item-knn")), ("restless", Restless()), ("deaf", Stubborn()))
    }
    assert old["exact"].to_dict()["change"] == pytest.approx(0.0, abs=1e-9)
    assert old["restless"].to_dict()["change"] > 0.5
    assert old["restless"].to_dict()["users"] == 4
    assert old["deaf"].missing == "it does not learn online"


def planted_day() -> lt.Interactions:
    """Item 1 is ahead of item 2 by one rater until the last day, on which users 1 to 3 rate item 2."""
    rows = [(user, item, 4.0, 0) for user in range(1, 7) for item in (10, 11, 12, 13, 14)]
    rows += [(5, 1, 4.0, 0), (6, 1, 4.0, 0), (6, 2, 4.0, 0)]
    rows += [(user, 2, 4.0, 10 * DAY) for user in (1, 2, 3)]
    users, items, ratings, times = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings, "timestamp": times})


def test_a_day_changes_the_lists_of_those_who_did_nothing() -> None:
    found = churn(lt.make("popular"), planted_day(), n=1, probes=1, retrains=0)
    active, idle = (found.by(f"a day later, {kind} users") for kind in ("active", "idle"))
    assert (active.changed.users.tolist(), idle.changed.users.tolist()) == ([0, 1, 2], [3, 4, 5])
    first, second, third = idle.changed.per_user  # user 4: item 1 gives way to 2; user 5 has 1 already; 6 has both
    assert (first, second) == (1.0, 0.0)
    assert np.isnan(third)
    assert active.changed == 0.0  # they met item 2 and are still to meet item 1


def test_what_was_there_a_day_before_is_not_of_the_last_day() -> None:
    """User 5's row lies exactly a day before the last, user 6's a second later."""
    data = planted_day()
    times = data.times.copy()
    fifth, sixth = (np.flatnonzero((data.users == user) & (data.items == data.items[-7]))[0] for user in (4, 5))
    times[fifth], times[sixth] = 9 * DAY, 9 * DAY + 1
    found = churn(lt.make("popular"), dataclasses.replace(data, times=times), n=1, probes=1, retrains=0)
    assert found.by("a day later, idle users").changed.users.tolist() == [3, 4]
    assert found.by("a day later, active users").changed.users.tolist() == [0, 1, 2, 5]


def test_what_times_cannot_tell_is_said(world: lt.Interactions) -> None:
    timeless = dataclasses.replace(world, times=None)
    lacking = churn(lt.make("popular"), timeless, probes=1, retrains=0).by("a day later, idle users")
    assert lacking.missing == "the data have no times"
    short = churn(lt.make("popular"), world, probes=1, retrains=0, days=10_000)
    assert short.by("10000 days later, active users").missing == "the data span less than 10000 days"
    for days in (0, -1, np.nan, np.inf):
        with pytest.raises(ConfigError, match="above 0"):
            churn(lt.make("popular"), world, probes=1, retrains=0, days=days)


def test_equal_seeds_give_equal_figures(world: lt.Interactions) -> None:
    one, two = (churn(lt.make("svd", factors=4, epochs=2), world, probes=3, retrains=1) for _ in range(2))
    assert one.to_json() == two.to_json()
    assert one.to_frame().columns[:3] == ["cause", "missing", "users"]


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_every_algorithm_behaves(name: str, world: lt.Interactions) -> None:
    small = {"epochs": 1, "factors": 4, "samples": 2, "warmup": 1, "folds": 2}
    fields = {field.name for field in dataclasses.fields(registry.get(name))}
    model = lt.make(name, **{key: value for key, value in small.items() if key in fields})
    found = behave(model, world, probes=2, retrains=0, users=5)
    assert [response.way for response in found.responsiveness.responses] == ["fold-in", "online", "retrain"]
    assert found.responsiveness.by("fold-in").to_dict()["probes"] == 2
    assert bool(found.responsiveness.by("online").missing) != isinstance(model, LearnsOnline)
    json.loads(found.to_json())
