"""Hybrids: their members, lists fused by hand, weights that find the better member, models saved inside models."""

from __future__ import annotations

import copy
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

import longtail as lt
from longtail import registry
from longtail.algorithms.base import FoldIn, Recommender
from longtail.algorithms.hybrid.places import places
from longtail.algorithms.hybrid.profiles import centered_genres, profiles
from longtail.algorithms.hybrid.stacking import constrained_ridge
from longtail.algorithms.powers import PredictsRatings
from longtail.errors import ArtifactError, ConfigError, DataError
from longtail.rng import generator
from longtail.testing.compare import differences, learned, same_lists
from longtail.testing.worlds import ragged, toy_worlds

HYBRIDS = ["blend", "feature-combination", "switching", "cascade", "rank-fusion"]
USERS, ITEMS = 60, 30


@dataclass(kw_only=True)
class Fixed(Recommender):
    """Lists the same items for everyone, by index, with scores 9, 8, 7 ...; the others not at all."""

    fold_in: ClassVar[FoldIn] = "fallback"
    order: str = ""

    def _fit(self, train: Any, catalog: Any) -> None:
        self.scores_ = np.full(train.n_items, -np.inf, dtype=np.float32)
        order = [int(item) for item in self.order.split()]
        self.scores_[order] = 9.0 - np.arange(len(order))

    def _score_histories(self, histories: Any) -> Any:
        return np.tile(self.scores_, (histories.shape[0], 1))


@dataclass(kw_only=True)
class Oracle(PredictsRatings):
    """Knows the truth of `world`, plus an error of a given size drawn for each pair, plus a constant one."""

    fold_in: ClassVar[FoldIn] = "fallback"
    error: float = 0.0
    off: float = 0.0
    seed: int = 0

    def _fit(self, train: Any, catalog: Any) -> None:
        noise = generator(self.seed, "error").normal(size=(train.n_users, train.n_items))
        self.table_ = (truth() + self.error * noise + self.off).astype(np.float32)

    def _score_histories(self, histories: Any) -> Any:
        return np.tile(self.table_.mean(axis=0), (histories.shape[0], 1))

    def _score_users(self, users: Any) -> Any:
        return self.table_[users]

    def _predict_pairs(self, users: Any, items: Any) -> Any:
        return self.table_[users, items], np.zeros(len(users), dtype=np.bool_)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers the two above, as "fixed" and "oracle"."""
    for cls in (Fixed, Oracle):
        monkeypatch.setitem(registry._BUILT_IN, cls.__name__.lower(), f"{cls.__module__}:{cls.__name__}")


def truth() -> Any:
    rng = generator(1, "truth")
    return 3.0 + rng.normal(size=(USERS, 1)) * rng.normal(size=(1, ITEMS)).clip(-1.2, 1.2)


def world(share: float = 0.6) -> lt.Interactions:
    met = generator(1, "met").random((USERS, ITEMS)) < share
    users, items = np.nonzero(met)
    return lt.Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=truth()[users, items].astype(np.float32),
        user_ids=lt.Ids(range(USERS), kind="user"),
        item_ids=lt.Ids(range(ITEMS), kind="item"),
        scale=(-4.0, 10.0),
    )


def five_items() -> lt.Interactions:
    return lt.Interactions.from_frame({"user": [0, 1, 2, 3, 4], "item": [0, 1, 2, 3, 4], "rating": [3.0] * 5})


def scores_of(lists: Any) -> dict[Any, float]:
    return {row["item"]: row["score"] for row in lists.to_frame().rows(named=True)}


def made(spec: str) -> Any:
    name, values = registry.parse(spec)
    return registry.make(name, **values)


# -- members -----------------------------------------------------------------------------------------------------------


def test_recommenders_become_specs_and_back() -> None:
    model = lt.Blend(members=[lt.SVD(factors=8, biased=False), "bias", lt.UserKNN(similarity="cosine")])
    assert model.members == ("svd:factors=8,biased=false", "bias", "user-knn:similarity=cosine")
    assert model.clone().members == model.members
    assert registry.spec(model) == "blend:members=[svd:factors=8,biased=false]+bias+[user-knn:similarity=cosine]"
    assert made(registry.spec(model)) == model


def test_a_fitted_recommender_is_copied_not_used() -> None:
    data, other = ragged(), toy_worlds()["explicit"].train
    member = lt.Bias(epochs=3).fit(other)
    before = copy.deepcopy(learned(member))
    model = lt.Blend(members=[member, "popular"], folds=1).fit(data)
    assert not differences(before, learned(member))
    assert not differences(learned(model.members_[0]), learned(lt.Bias(epochs=3).fit(data)))


def test_a_hybrid_may_be_a_member() -> None:
    inner = lt.Blend(members=["bias", lt.SVD(factors=2, epochs=2)], folds=2)
    outer = lt.Cascade(members=["popular", inner], candidates=20)
    assert outer.members[1] == "blend:members=bias+[svd:factors=2,epochs=2],folds=2"
    assert made(registry.spec(outer)) == outer
    lists = outer.fit(ragged()).recommend(n=30)
    assert lists.filled.sum(axis=1).max() == 20


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("blend:members=svd+item-kn", "no algorithm 'item-kn'; did you mean item-knn?"),
        ("blend:members=[svd:factor=3]", "SVD has no parameter 'factor'; did you mean factors?"),
        ("blend:members=[svd:factors=0]", "SVD: factors must be at least 1, not 0"),
        ("blend:members=[svd:factors=8", "'members=[svd:factors=8' has a bracket without its partner"),
        ("blend:members=svd:factors=8]", "'members=svd:factors=8]' has a bracket without its partner"),
        ("blend:members=svd+", "no algorithm ''; choose from "),
        ("blend:members=", "Blend: members must be at least one algorithm, such as ('svd', 'bias')"),
        (
            "blend:members=svd+fixed",
            "Blend: member 'fixed' predicts no ratings; rank-fusion combines lists of any kind",
        ),
        ("blend:members=svd+bias,weights=1", "Blend: weights must be one for each of the 2 members, "),
        ("blend:members=svd+bias,weights=1+-1", "Blend: weights must be one for each of the 2 members, "),
        ("rank-fusion:members=svd,weights=0", "RankFusion: weights must be one for each of the 1 members, "),
        ("blend:weights=1+x", "Blend: weights must be a tuple, each entry a number, not '1+x'"),
        ("cascade:members=svd+bias+popular", "Cascade: members must be two, who proposes and who ranks, not 3"),
        ("switching:members=svd,min_history=1+2", "Switching: min_history has 2 entries, members 1"),
        ("switching:min_history=-1", "Switching: min_history must be at least 0, not -1"),
    ],
)
def test_a_wrong_member_is_refused_in_one_line(spec: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(spec)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_members_must_be_a_list_of_algorithms() -> None:
    for wrong in ("svd", None, [3], [lt.SVD]):
        with pytest.raises(ConfigError, match="members must be a tuple, each entry a text"):
            lt.Blend(members=wrong)


def test_what_a_member_lacks_is_said_and_nothing_stays_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, train: Any, catalog: Any) -> None:
        raise DataError("bias needs more")

    monkeypatch.setattr(lt.Bias, "_fit", refuse)
    model = lt.RankFusion(members=["popular", "bias"])
    with pytest.raises(DataError, match="bias needs more"):
        model.fit(ragged())
    assert not learned(model)


# -- places, by hand ---------------------------------------------------------------------------------------------------


def test_places_of_seen_items_are_those_they_would_have() -> None:
    scores = np.array([[9.0, 7.0, 8.0, -np.inf, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0]], dtype=np.float32)
    seen = sparse.csr_array(np.array([[0, 1, 0, 1, 0], [0, 0, 0, 0, 0]], dtype=np.float32))
    place, best = places(scores, seen, 2)
    assert place.tolist() == [[1, 0, 2, 0, 0], [1, 2, 0, 0, 0]]
    assert best.tolist() == [[9.0, 8.0], [1.0, 1.0]]
    place, _ = places(scores, seen, 3)
    assert place.tolist() == [[1, 3, 2, 0, 3], [1, 2, 3, 0, 0]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_places_agree_with_sorting(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 6, (4, 9)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.2] = -np.inf
    seen = sparse.csr_array((rng.random(scores.shape) < 0.3).astype(np.float32))
    found, _ = places(scores, seen, n)
    for row in range(len(scores)):
        unseen = np.flatnonzero((seen.toarray()[row] == 0) & np.isfinite(scores[row]))
        order = unseen[np.lexsort((unseen, -scores[row, unseen]))]
        expected = {int(item): place + 1 for place, item in enumerate(order[:n])}
        assert {int(item): int(found[row, item]) for item in unseen if found[row, item]} == expected
        for item in np.flatnonzero(seen.toarray()[row]):
            better = 1 + int((scores[row, unseen] > scores[row, item]).sum())
            wanted = better if np.isfinite(scores[row, item]) and better <= min(n, 9) else 0
            assert found[row, item] == wanted


# -- rank fusion, by hand ----------------------------------------------------------------------------------------------


def fused(**options: Any) -> dict[Any, float]:
    model = lt.RankFusion(members=["fixed:order=2 0 1", "fixed:order=1 2 3"], **options)
    return scores_of(model.fit(five_items()).recommend_for([{}]))


def test_reciprocal_rank_fusion() -> None:
    found = fused(depth=3)
    assert found == pytest.approx({2: 1 / 61 + 1 / 62, 1: 1 / 63 + 1 / 61, 0: 1 / 62, 3: 1 / 63})
    assert list(found) == [2, 1, 0, 3]
    assert fused(depth=3, smoothing=0.0) == pytest.approx({2: 1.5, 1: 1 / 3 + 1, 0: 0.5, 3: 1 / 3})
    assert fused(depth=1) == pytest.approx({1: 1 / 61, 2: 1 / 61})


def test_borda_count() -> None:
    assert fused(method="borda", depth=3) == {2: 3 + 2, 1: 1 + 3, 0: 2, 3: 1}
    assert fused(method="borda", depth=3, weights=(1.0, 0.5)) == {2: 3 + 1, 1: 1 + 1.5, 0: 2, 3: 0.5}
    assert list(fused(method="borda", depth=3, weights=(0.0, 1.0))) == [1, 2, 3, 0]


def test_sum_of_scores_between_zero_and_one() -> None:
    assert fused(method="scores", depth=3) == {2: 1 + 0.5, 1: 0 + 1, 0: 0.5, 3: 0}
    assert fused(method="scores", depth=1) == {1: 1, 2: 1}


def test_an_item_on_no_list_is_not_recommended() -> None:
    assert set(fused()) == {0, 1, 2, 3}
    nothing = lt.RankFusion(members=["fixed", "fixed"], method="scores").fit(five_items())
    assert scores_of(nothing.recommend_for([{}])) == {}


# -- cascade -----------------------------------------------------------------------------------------------------------


def test_a_cascade_keeps_to_the_candidates() -> None:
    data = ragged()
    model = lt.Cascade(members=["popular", "svd:factors=4"], candidates=7).fit(data)
    lists, first = model.recommend(n=20), lt.Popular().fit(data).recommend(n=7)
    second = lt.SVD(factors=4).fit(data)
    for user in lists.user_ids[lists.users].tolist():
        proposed = first.of(user)
        assert sorted(lists.of(user)) == sorted(proposed)
        if user != "person 298":  # who has met all that SVD knows
            assert lists.of(user) == second.recommend([user], n=7, candidates=proposed).of(user)


def test_what_the_second_cannot_score_stands_below_in_the_order_of_the_first() -> None:
    model = lt.Cascade(members=["fixed:order=4 3 2 1", "fixed:order=0 2 3"], candidates=4).fit(five_items())
    assert model.recommend_for([{}]).of(0) == [2, 3, 4, 1]
    assert model.recommend_for([{3: 5.0}]).of(0) == [2, 4, 1]
    alone = lt.Cascade(members=["fixed:order=4 3", "fixed"], candidates=4).fit(five_items())
    assert alone.recommend_for([{}]).of(0) == [4, 3]


# -- switching ---------------------------------------------------------------------------------------------------------


def test_switching_by_length_of_history() -> None:
    members = ["fixed:order=0 1", "fixed:order=1 2", "fixed:order=2 3"]
    model = lt.Switching(members=members, min_history=(2, 1)).fit(five_items())
    lists = model.recommend_for([{}, {4: 1.0}, {4: 1.0, 3: 1.0}])
    assert [lists.of(place) for place in range(3)] == [[2, 3], [1, 2], [0, 1]]
    assert model.recommend([0]).of(0) == [1, 2]  # a history of one


def test_switching_past_a_member_with_nothing_left_to_say() -> None:
    model = lt.Switching(members=["fixed:order=0 1", "fixed:order=3 1"], min_history=()).fit(five_items())
    lists = model.recommend_for([{0: 1.0}, {0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0, 3: 1.0}])
    assert [lists.of(place) for place in range(3)] == [[1], [3], []]


def test_switching_asks_for_training_users_as_such() -> None:
    data = ragged()
    model, svd = lt.Switching(members=["svd", "popular"], min_history=(10,)).fit(data), lt.SVD().fit(data)
    has_unmet = np.arange(data.n_users) != 298
    many = data.user_ids.values[(data.user_counts >= 10) & has_unmet]
    few = data.user_ids.values[data.user_counts < 10]
    ours, theirs = model.recommend(many), svd.recommend(many)
    np.testing.assert_array_equal(ours.items, theirs.items)
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-5)  # products of other shapes round otherwise
    assert same_lists(model.recommend(few), lt.Popular().fit(data).recommend(few))


# -- blend -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("meta", ["none", "counts", "profiles"])
def test_the_weight_goes_to_the_member_that_knows(meta: Any) -> None:
    model = lt.Blend(members=["oracle", "oracle:error=1", "random"], meta_features=meta, regularization=1.0)
    assert model.fit(world()).weights_ == pytest.approx([1.0, 0.0, 0.0], abs=0.03)


def test_two_independent_errors_are_weighted_by_their_variances() -> None:
    members = ["oracle:error=0.5,seed=1", "oracle:error=1,seed=2"]
    model = lt.Blend(members=members, meta_features="none", regularization=0.0).fit(world())
    precision = np.array([1 / 0.5**2, 1 / 1.0**2])
    expected = precision / (precision.sum() + 1 / world().values.var())  # the rest of the weight is the mean rating's
    assert model.weights_ == pytest.approx(expected, abs=0.05)


def test_a_member_that_is_off_is_put_right_by_the_constant() -> None:
    model = lt.Blend(members=["oracle:off=0.7"], meta_features="none", regularization=0.0).fit(world())
    assert model.theta_ == pytest.approx([-0.7, 1.0], abs=0.02)


def test_weights_can_depend_on_how_much_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """One member knows active users, the other one the rest: only weights that look at the count can tell."""
    part = generator(1, "activity").random((USERS, 1))
    data = world(0.9).take((generator(1, "kept").random((USERS, ITEMS)) < part)[world(0.9).users, world(0.9).items])
    often = data.user_counts > np.median(data.user_counts)
    fitted = Oracle._fit

    def uneven(self: Any, train: Any, catalog: Any) -> None:
        fitted(self, train, catalog)
        strangers = often if self.seed == 1 else ~often
        noise = generator(self.seed, "noise").normal(3.0, 1.0, size=self.table_.shape)
        self.table_[strangers] = noise[strangers]

    monkeypatch.setattr(Oracle, "_fit", uneven)
    rmse = {}
    for meta in ("none", "counts"):
        model = lt.Blend(members=["oracle:seed=1", "oracle:seed=2"], meta_features=meta, regularization=1.0).fit(data)
        users, items = np.nonzero(data.by_user.toarray() == 0)
        rmse[meta] = np.sqrt(np.mean((model.predict(users, items) - truth()[users, items]) ** 2))
    assert rmse["counts"] < 0.9 * rmse["none"]


def test_columns_are_products_of_estimates_and_facts() -> None:
    """Sill et al., equation 2: a column for each member (and a constant one) times each fact f_k."""
    estimate, user, item = np.float32(0.5), np.array([2.0, 9.0, 3.0], np.float32), np.array([5.0, 9.0, 7.0], np.float32)
    facts: dict[Any, list[float]] = {"none": [], "counts": [2, 5, 10], "profiles": [2, 5, 10, 3, 7]}
    for meta, known in facts.items():
        model = lt.Blend(members=["bias"], meta_features=meta)
        found = model._columns([estimate], user, item)  # type: ignore[list-item]
        expected = [1, *known, 0.5, *(0.5 * fact for fact in known)]
        assert np.array(found).tolist() == expected
        theta, own = model._prior()
        assert len(theta) == len(expected)
        assert own.tolist() == [column == 1 + len(known) for column in range(len(expected))]


def test_fixed_weights_are_a_weighted_mean() -> None:
    data = world()
    model = lt.Blend(members=["oracle:error=1,seed=1", "bias"], weights=(3, 1)).fit(data)
    parts = [member.predict(data.user_ids.values[:30], data.item_ids.values) for member in model.members_]
    expected = 0.75 * parts[0] + 0.25 * parts[1]
    assert np.allclose(model.predict(data.user_ids.values[:30], data.item_ids.values), expected, atol=1e-5)
    assert model.weights_ == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("kind", ["blend", "feature-combination"])
def test_one_fold_is_the_plain_mean(kind: str) -> None:
    model = lt.make(kind, members=("bias", "popular"), folds=1).fit(ragged())
    users, items = ragged().user_ids.values[:150], ragged().item_ids.values
    parts = [member.predict(users, items) for member in model.members_]
    assert np.allclose(model.predict(users, items), np.mean(parts, axis=0), atol=1e-5)


@pytest.mark.parametrize("kind", ["blend", "feature-combination"])
@pytest.mark.parametrize("members", [("oracle:error=0.4,seed=1", "random"), ("bias", "svd:factors=4"), ("popular",)])
def test_learned_weights_are_never_worse_than_the_best_member(kind: str, members: tuple[str, ...]) -> None:
    """Of its own held-out rows, that is: every member alone is among the weights it chooses from."""
    data = world()
    model = lt.make(kind, members=members, regularization=0.0, folds=3, non_negative=True)
    x, y = model.fit(data)._held_out(data, None, 3)
    _, own = model._prior()
    chosen = np.mean((y - x @ model.theta_) ** 2)
    best = min(np.mean((y - x[:, column]) ** 2) for column in np.flatnonzero(own))
    assert chosen <= best + 1e-6
    assert (model.weights_ >= 0).all()


def test_members_never_see_the_rows_they_are_judged_by() -> None:
    """A member that learns its rows by heart looks perfect unless it is asked about others."""
    data = world(0.5)
    model = lt.Blend(members=["svd:factors=30,epochs=200,regularization=0", "bias"], folds=3).fit(data)
    remembered = np.sqrt(np.mean((model.members_[0].predict_ratings(data).estimated - data.values) ** 2))
    x, y = model._held_out(data, None, 3)
    _, own = model._prior()
    assert np.sqrt(np.mean((y - x[:, np.flatnonzero(own)[0]]) ** 2)) > 2 * remembered


def test_held_out_columns_cover_every_row_once() -> None:
    data = world()
    model = lt.Blend(members=["oracle"], folds=4).fit(data)
    _, y = model._held_out(data, None, 4)
    assert np.sort(y + data.values.mean()) == pytest.approx(np.sort(data.values), abs=0.05)


def test_a_rating_nobody_can_estimate_is_the_mean() -> None:
    model = lt.Blend(members=["svd:factors=2", "popular"]).fit(ragged())
    nobody, nothing = np.array([299], np.int32), np.array([149], np.int32)
    estimate, impossible = model._predict_pairs(nobody, nothing)
    assert impossible.all()
    assert estimate[0] == pytest.approx(model.mean_)


def test_the_reason_is_that_of_the_weightiest_member_that_has_one() -> None:
    data = toy_worlds()["explicit"].train
    model = lt.Blend(members=["bias", "user-knn", "svd:factors=4"], weights=(5, 3, 2)).fit(data)
    person = data.user_ids.values[0]
    item = model.recommend([person], n=1).of(person)[0]
    assert model.explain(person, item) == model.members_[2].explain(person, item)
    mute = lt.Blend(members=["bias", "user-knn"]).fit(data)
    assert mute.explain(person, item).reasons == []


# -- ridge -------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 100.0))
def test_ridge_is_the_least_of_its_objective(seed: int, regularization: float) -> None:
    rng = np.random.default_rng(seed)
    x, y, prior = rng.normal(size=(40, 4)), rng.normal(size=40), rng.normal(size=4)
    lower = np.where(rng.random(4) < 0.5, -np.inf, 0.0)
    prior = np.maximum(prior, lower)
    stacked = np.concatenate([x, np.sqrt(regularization) * np.eye(4)])
    target = np.concatenate([y, np.sqrt(regularization) * prior])
    expected = optimize.lsq_linear(stacked, target, (lower, np.inf), method="bvls", tol=1e-14).x
    assert constrained_ridge(x, y, prior, regularization, lower) == pytest.approx(expected, abs=1e-4)


def test_ridge_of_columns_that_say_the_same() -> None:
    x = np.ones((5, 2))
    theta = constrained_ridge(x, np.full(5, 3.0), np.zeros(2), 0.0, np.full(2, -np.inf))
    assert theta == pytest.approx([1.5, 1.5], rel=1e-6)


# -- facts -------------------------------------------------------------------------------------------------------------


def test_profiles_by_hand() -> None:
    found = profiles(np.array([1, 1, 1, 0]), np.array([5.0, 4.0, 3.0, 2.0]), 3, 3.0, 0.5)
    assert found[:, 0] == pytest.approx(np.log([2.0, 4.0, 1.0]))
    assert found[:, 1] == pytest.approx([-1 / 6, 3 / 8, 0.0])
    assert found[:, 2] == pytest.approx(np.sqrt([5 * 0.25 / 6, (2 + 5 * 0.25) / 8, 0.25]))


def test_taste_by_hand() -> None:
    genres = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]], dtype=np.float32)
    histories = sparse.csr_array(np.array([[5.0, 4.0, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32))
    found = centered_genres(histories, genres, np.array([3.0, 3.0]))
    assert found == pytest.approx(np.array([[(2 + 0.5) / 6.5, 0.5 / 5.5], [0.0, 0.0]]))


def test_taste_is_measured_from_the_damped_mean_of_the_person() -> None:
    data = toy_worlds()["explicit"].train
    model = lt.FeatureCombination(members=["bias"], folds=1).fit(data)
    histories = data.by_user[:3].copy()
    histories.data = np.maximum(histories.data, np.float32(4.0))  # kind people
    facts = model._user_facts(histories)[:, 3:]
    for user in range(3):
        row = histories[[user]]
        mean = model.mean_ + (row.data - model.mean_).sum() / (5 + row.nnz)
        shares = model.genres_[row.indices]
        expected = (shares * (row.data - mean)[:, None]).sum(axis=0) / (5 + shares.sum(axis=0))
        assert facts[user] == pytest.approx(expected, abs=1e-5)
        assert mean > model.mean_ + 0.5


def test_genres_tell_what_ratings_alone_cannot() -> None:
    data = toy_worlds()["explicit"]
    with_genres = lt.FeatureCombination(members=["bias"]).fit(data.train).predict_ratings(data.test)
    without = lt.FeatureCombination(members=["bias"]).fit(data.train.with_catalog(None)).predict_ratings(data.test)
    right = [((found.estimated > 3) == (found.actual > 3)).mean() for found in (with_genres, without)]
    assert right[0] == 1.0
    assert right[1] < 0.8


# -- models inside models ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HYBRIDS)
def test_members_are_saved_inside_and_what_they_share_once(name: str, tmp_path: Path) -> None:
    data = ragged()
    model = lt.make(
        name, members=("item-knn", "svd:factors=4"), **({"folds": 2} if hasattr(lt.make(name), "folds") else {})
    )
    model.fit(data).save(tmp_path / "m")
    again = lt.load(tmp_path / "m")
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
    described = manifest["state"]["members_"]["models"]
    assert [entry["algorithm"] for entry in described] == ["item-knn", "svd"]
    assert described[1]["hyperparameters"]["factors"] == 4
    for entry in described:
        shared = {"histories_", "user_ids_", "item_ids_", "titles_"}
        assert {key: entry["state"][key] for key in shared} == {key: {"same": key} for key in shared}
    for member, before in zip(again.members_, model.members_, strict=True):  # type: ignore[attr-defined]
        assert not differences(learned(before), learned(member))
        assert member.histories_ is again.histories_
        assert member.item_ids_ is again.item_ids_
        assert member.titles_ is again.titles_
    assert same_lists(again.recommend(), model.recommend())


def test_a_hybrid_of_hybrids_comes_back(tmp_path: Path) -> None:
    inner = lt.Blend(members=["bias", "popular"], folds=2)
    model = lt.RankFusion(members=[inner, lt.Switching(members=["item-knn", inner])]).fit(ragged())
    model.save(tmp_path / "m")
    again = lt.load(tmp_path / "m")
    assert not differences(learned(model), learned(again))
    assert same_lists(again.recommend(), model.recommend())
    again.save(tmp_path / "n")
    assert (tmp_path / "n" / "arrays.safetensors").read_bytes() == (tmp_path / "m" / "arrays.safetensors").read_bytes()


@pytest.mark.parametrize("change", ["algorithm", "same", "state", "hyperparameters"])
def test_a_damaged_member_is_an_artifact_error(change: str, tmp_path: Path) -> None:
    lt.RankFusion(members=["popular", "bias"]).fit(ragged()).save(tmp_path / "m")
    file = tmp_path / "m" / "manifest.json"
    manifest = json.loads(file.read_text())
    member = manifest["state"]["members_"]["models"][1]
    if change == "same":
        member["state"]["histories_"] = {"same": "nowhere_"}
    else:
        member[change] = {"algorithm": "no-such", "state": {}, "hyperparameters": {"x": 1}}[change]
    file.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError) as caught:
        lt.load(tmp_path / "m")
    assert "\n" not in str(caught.value)


# -- elsewhere ---------------------------------------------------------------------------------------------------------


def test_hybrids_take_part_in_a_bakeoff() -> None:
    specs = ["blend:members=bias+[svd:factors=4],folds=2", "rank-fusion:members=item-knn+popular", "popular"]
    result = lt.Bakeoff(ragged(), specs).run(progress=False)
    assert [outcome.error for outcome in result.outcomes] == [None, None, None]
    assert result.outcomes[0].label == "blend (members=bias+[svd:factors=4], folds=2)"
    assert result.outcomes[0].values["rmse"] is not None
    json.loads(result.to_json())


@pytest.mark.parametrize("name", HYBRIDS)
def test_strangers_are_answered_without_retraining(name: str) -> None:
    data = ragged()
    model = lt.make(name, members=("item-knn", "bias")).fit(data)
    before = copy.deepcopy(learned(model))
    assert model.recommend_for([{1001: 5.0, 1002: 1.0}], n=5).filled.all()
    assert not differences(before, learned(model))


def test_members_are_asked_at_the_times_of_the_test_rows() -> None:
    data = toy_worlds()["explicit"]
    model = lt.Blend(members=["timesvdpp:factors=4", "bias"], weights=(1, 1)).fit(data.train)
    parts = [member.predict_ratings(data.test).estimated for member in model.members_]
    assert np.allclose(model.predict_ratings(data.test).estimated, np.mean(parts, axis=0), atol=1e-5)
    later = dataclasses.replace(data.test, times=data.test.times + 10**8)
    assert not np.array_equal(model.predict_ratings(later).estimated, model.predict_ratings(data.test).estimated)
