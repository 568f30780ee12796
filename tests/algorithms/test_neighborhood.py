"""User and item neighborhoods against the formulas of their module, computed densely here, pair by pair."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse, stats

import longtail as lt
from longtail.algorithms.neighborhood.people import same_people
from longtail.errors import ConfigError

Matrix = npt.NDArray[np.float64]

VARIANTS = ("basic", "mean", "zscore", "baseline")
SIMILARITIES = ("cosine", "msd", "pearson", "pearson_baseline", "adjusted_cosine", "spearman", "jaccard",
                "conditional_probability")  # fmt: skip
SUPPORT = 3
SETTINGS: dict[str, Any] = {"neighbors": 3, "shrinkage": 5.0, "reg_user": 2.0, "reg_item": 3.0, "epochs": 4}


@pytest.fixture
def data(rng: np.random.Generator) -> lt.Interactions:
    """Fourteen users and eleven items, ratings of many values so that few similarities tie.

    The first user rated everything, so that items are numbered in the order in which everybody rated them.
    """
    met = rng.random((14, 11)) < 0.6
    met[0] = True
    users, items = np.nonzero(met)
    ratings = rng.uniform(1, 5, len(users)).round(3)
    return lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(1, 5))


def dense(data: lt.Interactions) -> Matrix:
    """(users, items), NaN where there is no rating."""
    table = np.full((data.n_users, data.n_items), np.nan)
    table[data.users, data.items] = data.values
    return table


def baselines(table: Matrix) -> Matrix:
    """mu + b_u + b_i for all pairs, by alternating least squares."""
    mean, known = np.nanmean(table), ~np.isnan(table)
    user, item = np.zeros(len(table)), np.zeros(table.shape[1])
    for _ in range(SETTINGS["epochs"]):
        item = np.nansum(table - mean - user[:, None], axis=0) / (SETTINGS["reg_item"] + known.sum(axis=0))
        user = np.nansum(table - mean - item, axis=1) / (SETTINGS["reg_user"] + known.sum(axis=1))
    return mean + user[:, None] + item


def alike(a: Matrix, b: Matrix, name: str, min_support: int) -> float:
    """The similarity of two rows of what is compared."""
    both = ~np.isnan(a) & ~np.isnan(b)
    sizes, n = ((~np.isnan(a)).sum(), (~np.isnan(b)).sum()), int(both.sum())
    a, b = a[both], b[both]
    counted = n - 1 if name == "pearson_baseline" else n
    if n < min_support or counted < 1:
        return 0.0
    shrunk = counted / (counted + SETTINGS["shrinkage"])
    if name == "msd":
        return float(shrunk / (1 + np.mean((a - b) ** 2)))
    if name == "jaccard":
        return float(shrunk * n / (sizes[0] + sizes[1] - n))
    if name == "conditional_probability":
        return float(shrunk * n / (sizes[0] * np.sqrt(sizes[1])))
    if name in ("pearson", "spearman"):
        a, b = a - a.mean(), b - b.mean()
        if np.allclose(a, 0) or np.allclose(b, 0):
            return 0.0
    return float(shrunk * (a @ b) / np.sqrt((a @ a) * (b @ b)))


def similarities(table: Matrix, base: Matrix, name: str, min_support: int = 1) -> Matrix:
    """All rows with one another; over two columns all correlations are 1 or -1, and tie."""
    if name == "pearson_baseline":
        compared = table - base
    elif name == "adjusted_cosine":
        compared = table - np.nanmean(table, axis=0)
    elif name == "spearman":
        compared = stats.rankdata(table, axis=1, nan_policy="omit")
    else:
        compared = table
    found = np.array([[alike(a, b, name, min_support) for b in compared] for a in compared])
    np.fill_diagonal(found, 0)
    return found


def estimates(
    table: Matrix, base: Matrix, variant: str, name: str, *, damping: float = 0.0, min_neighbors: int = 1
) -> Matrix:
    """Every row's estimate of every column from its nearest rows; NaN where a basic one has too few."""
    near = similarities(table, base, name, SUPPORT)
    mean = np.nanmean(table)
    means, spread = np.nanmean(table, axis=1), np.nanstd(table, axis=1)
    centers = {"basic": np.full_like(table, mean), "baseline": base}.get(variant, means[:, None] + 0 * base)
    scale = spread if variant == "zscore" else np.ones(len(table))
    said = (table - centers) / scale[:, None]
    found = np.full(table.shape, np.nan) if variant == "basic" else centers.copy()
    for x, y in np.ndindex(table.shape):
        weight = np.where(np.isnan(table[:, y]), 0.0, near[x])
        nearest = np.argsort(-weight, kind="stable")[: SETTINGS["neighbors"]]
        nearest = nearest[weight[nearest] > 0]
        if len(nearest) >= min_neighbors:
            moved = weight[nearest] @ said[nearest, y] / (damping + weight[nearest].sum())
            found[x, y] = centers[x, y] + scale[x] * moved
    return found


def make(side: str, **chosen: Any) -> Any:
    return lt.make(f"{side}-knn", **{**SETTINGS, "damping": 0.0, **chosen})


def predicted(model: Any, data: lt.Interactions) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    users, items = (index.ravel() for index in np.indices((data.n_users, data.n_items)))
    shape = data.n_users, data.n_items
    raw, impossible = model._predict_pairs(users.astype(np.int32), items.astype(np.int32))
    return raw.reshape(shape).astype(np.float64), impossible.reshape(shape)


@pytest.mark.parametrize(
    ("side", "variant", "similarity", "damping", "min_neighbors"),
    [
        *itertools.product(("user", "item"), VARIANTS, SIMILARITIES, (0.0,), (1,)),
        *itertools.product(("user", "item"), VARIANTS, ("pearson_baseline",), (0.7,), (1, 3)),
    ],
)
def test_predictions_are_the_formula(
    data: lt.Interactions, side: str, variant: str, similarity: str, damping: float, min_neighbors: int
) -> None:
    table = dense(data)
    base = baselines(table)
    chosen = {"damping": damping, "min_neighbors": min_neighbors}
    if side == "item":
        expected = estimates(table.T, base.T, variant, similarity, **chosen).T
    else:
        expected = estimates(table, base, variant, similarity, **chosen)
    model = make(side, variant=variant, similarity=similarity, min_support=SUPPORT, **chosen).fit(data)
    found, impossible = predicted(model, data)
    assert np.array_equal(impossible, np.isnan(expected))
    assert found == pytest.approx(np.where(impossible, np.nanmean(table), expected), abs=2e-6)


@pytest.mark.parametrize("side", ["user", "item"])
def test_with_more_neighbors_asked_for_than_there_are_the_center_is_left(data: lt.Interactions, side: str) -> None:
    base = baselines(dense(data))
    model = make(side, neighbors=50, min_neighbors=50).fit(data)
    assert predicted(model, data)[0] == pytest.approx(base, abs=2e-6)
    assert predicted(make(side, variant="basic", neighbors=50, min_neighbors=50).fit(data), data)[1].all()


@pytest.mark.parametrize("side", ["user", "item"])
def test_without_support_nobody_is_similar(data: lt.Interactions, side: str) -> None:
    assert predicted(make(side, variant="basic", min_support=99).fit(data), data)[1].all()
    chosen = {"variant": "basic", "similarity": "cosine", "min_support": 2}
    assert not predicted(make(side, **chosen).fit(data), data)[1].any()


@pytest.mark.parametrize("side", ["user", "item"])
def test_ratings_without_any_spread_are_predicted_as_they_are(side: str) -> None:
    users, items = (index.ravel() for index in np.indices((4, 5)))
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": np.full(20, 3.0)}, scale=(1, 5))
    for variant, similarity in itertools.product(VARIANTS, SIMILARITIES):
        found, impossible = predicted(make(side, variant=variant, similarity=similarity).fit(data), data)
        assert found == pytest.approx(np.full((4, 5), 3.0))
        assert variant == "basic" or not impossible.any()


def test_users_rank_by_what_similar_users_rated(data: lt.Interactions) -> None:
    table = dense(data)
    near = similarities(table, baselines(table), "cosine")
    for row, line in enumerate(near):
        line[np.argsort(-line)[SETTINGS["neighbors"] :]] = 0
        near[row] = line
    expected = near @ np.nan_to_num(table) / 5
    scores = make("user", similarity="cosine").fit(data)._score_users(np.arange(data.n_users, dtype=np.int32))
    assert np.where(np.isneginf(scores), 0, scores) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("similarity", ["msd", "conditional_probability"])
def test_items_rank_by_what_the_user_rated_best(data: lt.Interactions, similarity: str) -> None:
    """A rated item j speaks for i by s(j, i), which is not s(i, j) where the measure is one-sided."""
    table = dense(data)
    near = similarities(table.T, baselines(table).T, similarity)
    assert (similarity == "msd") == np.allclose(near, near.T)
    expected = np.zeros_like(table)
    for user, ratings in enumerate(table):
        best = np.argsort(-np.nan_to_num(ratings), kind="stable")[: SETTINGS["neighbors"]]
        expected[user] = np.nan_to_num(ratings[best]) @ near[best] / 5
    scores = make("item", similarity=similarity).fit(data)._score_users(np.arange(data.n_users, dtype=np.int32))
    assert np.where(np.isneginf(scores), 0, scores) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("side", ["user", "item"])
def test_lists_by_rating_hold_the_highest_predictions(data: lt.Interactions, side: str) -> None:
    model = make(side, ranking="rating").fit(data)
    found = predicted(model, data)[0]
    found[data.users, data.items] = -np.inf
    lists = model.recommend(data.user_ids.values, n=3)
    for row, items in enumerate(lists.items):
        assert found[row, items[items >= 0]] == pytest.approx(np.sort(found[row])[::-1][: (items >= 0).sum()], abs=1e-5)


@pytest.mark.parametrize(("side", "variant"), list(itertools.product(("user", "item"), VARIANTS)))
def test_reasons_of_a_rating_add_up_to_it(data: lt.Interactions, side: str, variant: str) -> None:
    model = make(side, variant=variant, ranking="rating").fit(data)
    table = dense(data)
    means = np.nanmean(table, axis=0)[None] if side == "item" else np.nanmean(table, axis=1)[:, None]
    base = {"basic": np.full_like(table, np.nanmean(table)), "baseline": baselines(table)}.get(
        variant, np.broadcast_to(means, table.shape)
    )
    found, impossible = predicted(model, data)
    for user, item in np.argwhere(np.isnan(table) & ~impossible)[:20]:
        weights = model._reasons(model.histories_[[user]], item)[1]
        assert len(weights) <= SETTINGS["neighbors"]
        assert base[user, item] + weights.sum() == pytest.approx(found[user, item], abs=1e-5)


def test_the_same_person_has_the_same_items_and_the_same_ratings() -> None:
    known = sparse.csr_array(np.array([[5, 3, 0], [5, 4, 0], [5, 0, 4], [5, 4, 0]], dtype=np.float32))
    asked = sparse.csr_array(np.array([[5, 4, 0], [5, 1, 0], [5, 4, 1], [0, 0, 0]], dtype=np.float32))
    assert same_people(asked, known).tolist() == [1, -1, -1, -1]


def test_the_people_named_are_near_and_liked_it(data: lt.Interactions) -> None:
    """Of the nearest, those who rated the item at least as well as what they rate on average."""
    table = dense(data)
    near = similarities(table, baselines(table), "cosine")
    model, left_out = make("user", similarity="cosine").fit(data), 0
    for user, item in np.argwhere(np.isnan(table)):
        nearest = [int(v) for v in np.argsort(-near[user])[: SETTINGS["neighbors"]] if not np.isnan(table[v, item])]
        fans = [v for v in nearest if table[v, item] >= np.nanmean(table[v])]
        people, weights = model._reasons(model.histories_[[user]], item)
        assert sorted(people.tolist()) == sorted(fans)
        assert weights == pytest.approx([near[user, v] * table[v, item] / 5 for v in people], abs=1e-6)
        left_out += len(nearest) - len(fans)
    assert left_out > 10


@pytest.mark.parametrize(("side", "variant"), list(itertools.product(("user", "item"), VARIANTS)))
def test_only_a_baseline_can_estimate_where_the_user_or_the_item_is_unknown(
    data: lt.Interactions, side: str, variant: str
) -> None:
    known = data.take((data.users != 3) & (data.items != 5))
    found, impossible = predicted(make(side, variant=variant, similarity="msd").fit(known), known)
    unknown = np.zeros_like(impossible)
    unknown[3], unknown[:, 5] = True, True
    if variant == "baseline":
        assert not impossible.any()
        assert len(np.unique(found[3])) > 5
        assert len(np.unique(found[:, 5])) > 5
    else:
        assert impossible[unknown].all()
        assert found[unknown] == pytest.approx(known.values.mean(), abs=1e-5)
        assert not impossible[~unknown].all()


@pytest.mark.parametrize(("side", "variant"), list(itertools.product(("user", "item"), VARIANTS)))
def test_without_a_history_the_items_rated_best_come_first(data: lt.Interactions, side: str, variant: str) -> None:
    model = make(side, variant=variant, ranking="rating").fit(data)
    nobody = sparse.csr_array((1, data.n_items), dtype=np.float32)
    assert model._score_histories(nobody)[0] == pytest.approx(np.nanmean(dense(data)) + model.item_bias_, abs=1e-6)


def test_a_stranger_with_a_training_history_is_that_user_and_not_their_own_neighbor(data: lt.Interactions) -> None:
    model = make("user", ranking="rating").fit(data)
    users = np.arange(data.n_users, dtype=np.int32)
    assert model._score_histories(data.by_user) == pytest.approx(model._score_users(users), abs=1e-5)
    changed = data.by_user.copy()
    changed.data = changed.data - np.float32(0.25)
    near = model._neighbors(changed, model._solved_biases(changed), same_people(changed, model.histories_))
    for user in users:
        assert user in near.indices[near.starts[user] : near.ends[user]]


def test_similar_items_are_the_most_similar_rows(data: lt.Interactions) -> None:
    table = dense(data)
    near = similarities(table.T, baselines(table).T, "pearson", SUPPORT)
    lists = make("item", similarity="pearson", min_support=SUPPORT).fit(data).similar_items(data.item_ids.values, n=4)
    for row in range(data.n_items):
        shown = lists.items[row] >= 0
        expected = np.sort(near[row][near[row] > 0])[::-1][:4]
        assert lists.scores[row][shown] == pytest.approx(expected, abs=1e-6)
        assert near[row, lists.items[row][shown]] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("wrong", [{"variant": "median"}, {"similarity": "euclid"}, {"ranking": "fame"}])
def test_a_choice_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        lt.UserKNN(**wrong)


# -- learning online ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["user", "item"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_what_a_person_rates_online_counts_as_if_it_had_been_their_history(
    data: lt.Interactions, side: str, variant: str
) -> None:
    """The answer is that to a stranger with the new history, biases and means of items as they were."""
    model = make(side, variant=variant, similarity="msd", ranking="rating").fit(data)
    person, items = data.user_ids[2], data.item_ids.values
    history = dict(zip(items.tolist(), np.linspace(1, 5, len(items)).round(2).tolist(), strict=True))
    history.pop(int(items[4]))
    model.learn([person] * len(history), list(history), list(history.values()))
    history |= {int(items[4]): float(data.by_user[2, 4])} if data.by_user[2, 4] else {}
    assert model.predict([person] * len(items), items) == pytest.approx(model.predict_for(history, items), abs=1e-4)


def test_a_neighbor_who_rates_online_is_another_neighbor(data: lt.Interactions) -> None:
    """Users compared and averaged anew; with basic centers nothing else is learned, so it is a refit."""
    known, rest = data.take(np.arange(len(data)) % 9 > 0), data.take(np.arange(len(data)) % 9 == 0)
    model = make("user", variant="basic", similarity="cosine").fit(known)
    model.learn(data.user_ids.values[rest.users], data.item_ids.values[rest.items], rest.values)
    fresh = make("user", variant="basic", similarity="cosine").fit(data)
    people = np.arange(data.n_users, dtype=np.int32)
    assert model._score_users(people) == pytest.approx(fresh._score_users(people), abs=1e-6)


def test_items_may_keep_only_the_most_similar(data: lt.Interactions) -> None:
    every, few = (make("item", similarity="msd", kept=kept).fit(data).similarities_.toarray() for kept in (None, 3))
    assert ((few > 0).sum(axis=1) == 3).all()
    for row, line in enumerate(every):
        assert np.sort(few[row])[-3:] == pytest.approx(np.sort(line)[-3:], rel=1e-6)
