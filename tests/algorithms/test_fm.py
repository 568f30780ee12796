"""Factorization machines: features, the three solvers against closed forms, people, times, and real ratings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.algorithms.factorization.fm_features import Block, attribute_features, id_features, implicit_features
from longtail.algorithms.factorization.fm_fold_in import solve_person
from longtail.algorithms.factorization.fm_learning import Design, Parameters, _draw_priors, _Sweep
from longtail.data.ids import Ids
from longtail.errors import ConfigError, DataError, MemoryBudgetError
from longtail.types import RealArray

CATALOG = lt.Catalog(
    pl.DataFrame(
        {
            "item": [10, 20, 30, 40, 50],
            "title": ["A", "B", "C", "D", "E"],
            "genres": [["war", "drama"], ["war"], [], None, ["drama"]],
            "year": [1990, 1991, None, 2000, 2000],
            "color": ["red", "blue", "red", "red", None],
            "code": [5, 4, 3, 2, 1],
        }
    ),
    users=pl.DataFrame({"user": [1, 2, 3, 4, 5], "gender": ["f", "m", "f", "m", "m"]}),
)


def naive(row: RealArray, bias: float, weights: RealArray, factors: RealArray) -> float:
    """Rendle (2010), equation 1, pair by pair."""
    n = len(row)
    pairs = sum(factors[:, j] @ factors[:, k] * row[j] * row[k] for j in range(n) for k in range(j + 1, n))
    return float(bias + weights @ row + pairs)


# -- features ----------------------------------------------------------------------------------------------------------


def test_attributes_become_features() -> None:
    ids = Ids([20, 10, 60, 30, 40, 50], kind="item")
    found = attribute_features(CATALOG, "item", ids, "auto")
    assert sorted(found) == ["color", "genres", "year"]  # no titles, and no numbers that only identify
    half = np.float32(np.sqrt(0.5))
    assert found["genres"].toarray().tolist() == [[0, 1], [half, half], [0, 0], [0, 0], [0, 0], [1, 0]]
    assert found["color"].toarray().tolist() == [[1, 0], [0, 1], [0, 0], [0, 1], [0, 1], [0, 0]]
    year = found["year"].toarray()
    assert year.sum(axis=1).tolist() == [1, 1, 0, 0, 1, 1]
    assert len({tuple(row) for row in year.tolist()}) == 4
    assert year[4].tolist() == year[5].tolist()


def test_named_attributes_only() -> None:
    ids = Ids([10, 20], kind="item")
    assert list(attribute_features(CATALOG, "item", ids, ("code", "genres"))) == ["code", "genres"]
    assert attribute_features(CATALOG, "item", ids, "none") == {}
    assert attribute_features(None, "item", ids, "auto") == {}


def test_numbers_fall_into_bins_of_equal_size() -> None:
    frame = pl.DataFrame({"item": range(100), "price": np.arange(100.0) ** 3})
    found = attribute_features(lt.Catalog(frame), "item", Ids(range(100), kind="item"), ("price",))["price"]
    assert found.sum(axis=0).tolist() == [10.0] * 10


def test_what_is_no_number_is_unknown() -> None:
    catalog = lt.Catalog(pl.DataFrame({"item": [1, 2, 3, 4], "price": [1.0, float("nan"), None, float("inf")]}))
    found = attribute_features(catalog, "item", Ids([1, 2, 3, 4], kind="item"), ("price",))["price"]
    assert found.sum(axis=1).tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("catalog", "kind", "wanted", "message"),
    [
        (CATALOG, "item", ("year", "genre"), "no item attribute genre; it has title, genres, year, color, code"),
        (None, "item", ("year",), "no item attribute year; there is none"),
        (lt.Catalog(CATALOG.items), "user", ("age",), "no user attribute age; there is none"),
        (
            lt.Catalog(pl.DataFrame({"item": [1], "vector": [[0.5]]})),
            "item",
            ("vector",),
            "vector is List.*no features",
        ),
    ],
)
def test_an_attribute_asked_for_must_be_there(catalog: Any, kind: str, wanted: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        attribute_features(catalog, kind, Ids([10], kind=kind), wanted)


def test_what_is_asked_for_and_is_not_there_is_refused(small: lt.Interactions) -> None:
    with pytest.raises(DataError, match="no item attribute genres; there is none"):
        lt.FM(item_attributes=("genres",)).fit(small)
    with pytest.raises(DataError, match="context=day needs to know when things happened"):
        lt.FM(context="day").fit(small)


# -- learning ----------------------------------------------------------------------------------------------------------


def design_of(data: lt.Interactions) -> Design:
    users = Block({"id": id_features(data.n_users), "implicit": implicit_features(data.by_user)})
    return Design([users, Block({"id": id_features(data.n_items)})], [data.users, data.items])


def flat(design: Design) -> RealArray:
    return sum(design.X.toarray()[rows].astype(np.float64) for rows in design.rows)


def test_predictions_are_the_sum_over_all_pairs_of_features(small: lt.Interactions, rng: np.random.Generator) -> None:
    design = design_of(small)
    n = len(design.group)
    drawn = Parameters(1.5, rng.normal(size=n), rng.normal(size=(2, n)), 1.0, np.zeros((3, 3)), np.ones((3, 3)))
    expected = [naive(row, 1.5, drawn.weights, drawn.factors) for row in flat(design)]
    assert drawn.predict(design) == pytest.approx(expected, abs=1e-4)


def test_a_feature_of_no_training_row_is_expected_to_be_as_its_group(small: lt.Interactions) -> None:
    partial = small.take(small.users != small.user_ids.index([5])[0])
    design = design_of(partial)
    n, means = len(design.group), np.arange(6.0).reshape(2, 3)
    drawn = Parameters(0.0, np.ones(n), np.ones((1, n)), 1.0, means, np.ones((2, 3)))
    assert drawn.of_features(design, slice(3, 6)).tolist() == [[1.0, 1.0], [0.0, 3.0], [1.0, 1.0]]
    assert drawn.of_features(design, slice(10, 11)).tolist() == [[1.0, 4.0]] or design.counts[10] > 0


def test_least_squares_of_weights_alone_are_those_of_a_direct_solution(small: lt.Interactions) -> None:
    settings: dict[str, Any] = {"solver": "als", "factors": 1, "init_std": 0.0, "regularization": 0.1}
    model = lt.FM(**settings, epochs=3000).fit(small)
    design = Design([model._user_block(small, None), model._item_block(small, None)], [small.users, small.items])
    X = np.column_stack([np.ones(len(small)), flat(design)])
    penalty = np.diag([0.0, *(0.1 * design.counts)])
    solved = np.linalg.solve(X.T @ X + penalty, X.T @ small.values)
    found = model.predict_ratings(small).estimated
    assert found == pytest.approx(np.clip(X @ solved, *model.scale_), abs=2e-4)


def test_at_the_end_of_least_squares_everyone_is_where_fold_in_puts_them(small: lt.Interactions) -> None:
    model: Any = lt.FM(solver="als", factors=2, epochs=4000, regularization=0.05).fit(small)
    everyone = np.arange(small.n_users, dtype=np.int32)
    folded = model._score_histories(small.by_user).dense()
    assert folded == pytest.approx(model._score_users(everyone).dense(), abs=2e-3)


def test_draws_of_the_weights_follow_their_posterior(rng: np.random.Generator) -> None:
    # Without factors and with fixed priors this is Bayesian linear regression, whose posterior is known.
    rows = [np.array([0, 0, 1, 1, 2], dtype=np.int32), np.array([0, 1, 0, 1, 1], dtype=np.int32)]
    design = Design([Block({"id": id_features(3)}), Block({"id": id_features(2)})], rows)
    ratings = np.array([5.0, 3.0, 4.0, 1.0, 2.0], dtype=np.float32)
    means, precisions = np.array([[0.3, -0.2], [0.0, 0.0]]), np.array([[2.0, 0.5], [1.0, 1.0]])
    state = Parameters(3.0, np.zeros(5), np.zeros((1, 5)), 1.7, means, precisions)
    sweep, found = _Sweep(design, ratings, state, design.group), []
    for _ in range(30_000):
        noise = rng.standard_normal((2, 5))
        noise[1] = 0.0
        sweep(rng.standard_normal(), noise)
        found.append([state.bias, *state.weights])
    X = np.column_stack([np.ones(5), flat(design)])
    prior = np.diag([0.0, 2.0, 2.0, 2.0, 0.5, 0.5])
    covariance = np.linalg.inv(1.7 * X.T @ X + prior)
    expected = covariance @ (1.7 * X.T @ ratings + prior @ [0.0, 0.3, 0.3, 0.3, -0.2, -0.2])
    assert np.mean(found, axis=0) == pytest.approx(expected, abs=0.05)
    assert np.cov(np.array(found).T) == pytest.approx(covariance, abs=0.06)
    assert state.factors.tolist() == [[0.0] * 5]


def test_draws_of_the_priors_follow_theirs(rng: np.random.Generator) -> None:
    design = Design([Block({"id": id_features(4)})], [np.arange(4, dtype=np.int32)])
    weights = np.array([1.0, 2.0, 0.5, 1.5])
    found = []
    for _ in range(20_000):
        state = Parameters(0.0, weights, np.zeros((1, 4)), 1.0, np.full((2, 1), 0.4), np.ones((2, 1)))
        _draw_priors(design, state, 0.2, rng)
        found.append((state.prior_precisions[0, 0], state.prior_means[0, 0]))
    precision, mean = np.array(found).T
    spread = np.square(weights - 0.4).sum() + 0.4**2 + 0.2
    assert precision.mean() == pytest.approx(6.0 / spread, rel=0.02)
    assert precision.var() == pytest.approx(12.0 / spread**2, rel=0.06)
    assert mean.mean() == pytest.approx(weights.sum() / 5.0, abs=0.01)
    assert mean.var() == pytest.approx((1.0 / (5.0 * precision)).mean(), rel=0.06)


def test_a_person_is_solved_for_as_a_ridge_regression_in_each_draw(rng: np.random.Generator) -> None:
    draws, n, k = 3, 7, 2
    others, known, residuals = rng.normal(size=(draws, n, k)), rng.normal(size=(draws, k)), rng.normal(size=(draws, n))
    precision = rng.gamma(2.0, size=draws)
    means, precisions = rng.normal(size=(draws, k + 1)), rng.gamma(2.0, size=(draws, k + 1))
    sums, alone = solve_person(residuals, others, known, precision, means, precisions)
    for s in range(draws):
        Z = np.column_stack([np.ones(n), others[s] + known[s]])
        e = residuals[s] - others[s] @ known[s]
        rows = np.vstack([np.sqrt(precision[s]) * Z, np.diag(np.sqrt(precisions[s]))])
        target = np.concatenate([np.sqrt(precision[s]) * e, np.sqrt(precisions[s]) * means[s]])
        weight, *v = np.linalg.lstsq(rows, target, rcond=None)[0]
        assert sums[s] == pytest.approx(v + known[s])
        assert alone[s] == pytest.approx(weight + v @ known[s])


# -- the model ---------------------------------------------------------------------------------------------------------


def test_a_prediction_is_the_mean_over_the_draws(small: lt.Interactions) -> None:
    model: Any = lt.FM(solver="als", factors=3, epochs=5).fit(small, CATALOG)
    users, items = model._user_block(small, CATALOG), model._item_block(small, CATALOG)
    assert list(users.groups) == ["id", "implicit", "gender"]
    design = Design([users, items], [small.users, small.items])
    (solution,) = model._draws(design, small.values)
    X = design.X.toarray().astype(np.float64)
    found = model._score_users(np.array([3], dtype=np.int32)).dense()[0]
    for item in range(small.n_items):
        row = X[3] + X[small.n_users + item]
        assert found[item] == pytest.approx(naive(row, solution.bias, solution.weights, solution.factors), abs=1e-4)


def test_every_so_many_gibbs_draws_count_after_the_first_ones(small: lt.Interactions) -> None:
    every: Any = lt.FM(factors=2, burn_in=5, samples=7, thinning=1).fit(small)
    some: Any = lt.FM(factors=2, burn_in=5, samples=3, thinning=3).fit(small)
    assert len(np.unique(every.precision_)) == 7
    assert some.precision_.tolist() == every.precision_[::3].tolist()


def test_a_stranger_is_solved_for_as_a_user_without_attributes(small: lt.Interactions) -> None:
    model: Any = lt.FM(factors=2, burn_in=40, user_attributes="none").fit(small)
    known = model._score_users(np.arange(5, dtype=np.int32)).dense()
    assert model._score_histories(small.by_user).dense() == pytest.approx(known, abs=1e-5)
    assert np.isfinite(model.predict_for({}, [10, 20])).all()


@pytest.mark.parametrize("solver", ["mcmc", "als"])
def test_reasons_are_how_the_score_moves_with_the_ratings(small: lt.Interactions, solver: Any) -> None:
    model: Any = lt.FM(factors=2, solver=solver).fit(small)
    history = model.fold([{10: 5.0, 20: 4.0, 40: 1.0}])
    before = model._score_histories(history).dense()[0]
    for item in range(6):
        items, weights = model._reasons(history, item)
        assert items.tolist() == history.indices.tolist()
        moved = history.copy()
        moved.data = np.array([2.0, 4.0, 1.0], dtype=np.float32)
        step = model._score_histories(moved).dense()[0, item] - before[item]
        assert model._reasons(moved, item)[1].sum() - weights.sum() == pytest.approx(step, abs=1e-5)
        assert model._reasons(moved, item)[1][1:] == pytest.approx(weights[1:], abs=1e-6)


def test_an_item_without_ratings_is_placed_by_its_attributes(rng: np.random.Generator) -> None:
    items = [*range(20), 20, 21]
    catalog = lt.Catalog(pl.DataFrame({"item": items, "kind": ["even" if i % 2 == 0 else "odd" for i in items]}))
    rows = [(u, i, 5.0 if (u + i) % 2 == 0 else 1.0) for u in range(30) for i in range(20) if rng.random() < 0.7]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    data = lt.Interactions.from_frame(frame, catalog=catalog).with_items()
    model = lt.FM(factors=2, burn_in=100).fit(data)
    found = model.predict([0, 0, 1, 1], [20, 21, 20, 21])
    assert (found > 3.0).tolist() == [True, False, False, True]
    without: Any = lt.FM(factors=2, burn_in=10, item_attributes="none").fit(data)
    assert not {20, 21} & set(without.recommend([0], n=22).of(0))


def test_a_mood_of_the_day_counts_where_the_day_is_known() -> None:
    rows = [
        (u, i, 3.0 + (1.0 if (i // 10 + u) % 2 else -1.0), 86_400 * (i // 10)) for u in range(20) for i in range(40)
    ]
    users, items, ratings, times = map(np.array, zip(*rows, strict=True))
    order = (items * 7 + users * 3) % 40  # each day of each user has the same items for no one
    data = lt.Interactions.from_frame({"user": users, "item": order, "rating": ratings, "timestamp": times})
    held_out = (users + items) % 5 == 0
    train, test = data.take(~held_out), data.take(held_out)
    model: Any = lt.FM(context="day", factors=2, burn_in=60, implicit=False, flipped=False).fit(train)
    timed = model.predict_ratings(test).estimated
    assert ((timed > 3.0) == (test.values > 3.0)).mean() > 0.95
    timeless = model.predict(test.user_ids[test.users], test.item_ids[test.items])
    assert ((timeless > 3.0) == (test.values > 3.0)).mean() < 0.8
    late = lt.Interactions.from_frame({"user": [0], "item": [5], "rating": [4.0], "timestamp": [86_400 * 99]})
    assert model.predict_ratings(late).estimated == pytest.approx(model.predict([0], [5]))


@pytest.fixture
def dated(small: lt.Interactions) -> lt.Interactions:
    """The small data; everyone rates on two or three days."""
    days = (3 * np.arange(len(small)) + 2 * small.users) % 4
    return dataclasses.replace(small, times=86_400 * days.astype(np.int64))


def test_a_period_is_a_feature_as_any_other(dated: lt.Interactions) -> None:
    model: Any = lt.FM(solver="als", factors=2, epochs=5, context="day", flipped=False).fit(dated)
    train = dated.take(np.lexsort((dated.items, dated.users)))
    assert train.times is not None
    periods = np.array([100 * u + t // 86_400 for u, t in zip(train.users, train.times, strict=True)])
    when = np.unique(periods, return_inverse=True)[1].astype(np.int32)
    blocks = [
        model._user_block(train, None),
        model._item_block(train, None),
        Block({"id": id_features(when.max() + 1)}),
    ]
    design = Design(blocks, [train.users, train.items, when])
    (solution,) = model._draws(design, train.values)
    expected = [naive(row, solution.bias, solution.weights, solution.factors) for row in flat(design)]
    assert np.abs(solution.weights[design.block_features[2] :]).max() > 0.01
    found = model.predict_ratings(train).estimated
    assert found == pytest.approx(np.clip(expected, *model.scale_), abs=1e-4)


def test_people_are_placed_given_the_periods_of_their_ratings(dated: lt.Interactions) -> None:
    # With one draw: the row [w, v] of a user solves the ridge regression on what the period and the item leave.
    settings: dict[str, Any] = {"implicit": False, "flipped": False, "burn_in": 30, "samples": 1}
    model: Any = lt.FM(factors=2, context="day", **settings).fit(dated)
    assert dated.times is not None
    for u in range(5):
        own = dated.users == u
        J = model.item_vectors_[dated.items[own], :-1].astype(np.float64)
        place = np.searchsorted(model.periods_, model._period(dated.users[own], dated.times[own]))
        T = model.context_rows_[place, 0].astype(np.float64)
        e = dated.values[own] - J[:, 0] - T[:, 0] - (J[:, 1:] * T[:, 1:]).sum(axis=1)
        Z = np.column_stack([np.ones(len(e)), J[:, 1:] + T[:, 1:]])
        alpha, prior = model.precision_[0], np.diag(model.prior_precisions_[0])
        solved = np.linalg.solve(alpha * Z.T @ Z + prior, alpha * Z.T @ e + prior @ model.prior_means_[0])
        assert model.user_vectors_[u] == pytest.approx([1.0, *solved[1:], solved[0]], abs=1e-4)


def test_only_the_user_the_item_and_the_time_of_a_row_are_used(
    dated: lt.Interactions, rng: np.random.Generator
) -> None:
    test = dated.take(rng.permutation(len(dated)))
    assert test.times is not None
    for model in (lt.FM(factors=2, burn_in=20, context="day").fit(dated), lt.TimeSVDpp(factors=2).fit(dated)):
        found = model.predict_ratings(test).estimated
        other_ratings = dataclasses.replace(test, values=test.values[::-1].copy())
        assert np.array_equal(model.predict_ratings(other_ratings).estimated, found)
        alone = [model.predict_ratings(test.take(np.array([row]))).estimated[0] for row in range(len(test))]
        assert alone == pytest.approx(found, abs=1e-5)
        moved = dataclasses.replace(test, times=np.where(np.arange(len(test)) == 3, 0, test.times))
        assert np.array_equal(np.delete(model.predict_ratings(moved).estimated, 3), np.delete(found, 3))


def test_the_precision_of_the_noise_is_learned(rng: np.random.Generator) -> None:
    users, items = np.divmod(np.arange(1_600), 40)
    noise = rng.normal(0.0, 0.5, 1_600)
    ratings = 3.0 + rng.normal(size=40)[users] + rng.normal(size=40)[items] + noise
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
    model: Any = lt.FM(factors=1, burn_in=50, samples=100, thinning=1, implicit=False, flipped=False).fit(data)
    assert model.precision_.mean() == pytest.approx(4.0, rel=0.15)


def test_times_that_are_not_asked_for_change_nothing(small: lt.Interactions) -> None:
    frame = small.to_frame().with_columns(timestamp=pl.int_range(pl.len()) * 100_000)
    timed = lt.Interactions.from_frame(frame)
    model = lt.FM(factors=2, burn_in=20).fit(timed)
    assert np.array_equal(
        model.predict_ratings(timed).estimated, lt.FM(factors=2, burn_in=20).fit(small).predict_ratings(small).estimated
    )


def test_divergence_is_an_error_that_names_the_fix(small: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match=r"FM: learning diverged with learning_rate 9\.0; choose a lower one"):
        lt.FM(solver="sgd", learning_rate=9.0).fit(small)


def test_saved_and_loaded(small: lt.Interactions, tmp_path: Path) -> None:
    model = lt.FM(factors=2, burn_in=20).fit(small, CATALOG)
    model.save(tmp_path / "fm")
    again: Any = lt.load(tmp_path / "fm")
    assert np.array_equal(model.predict([1, 2, 5], [40, 50, 50]), again.predict([1, 2, 5], [40, 50, 50]))
    assert np.array_equal(model.recommend_for([{10: 5.0}]).scores, again.recommend_for([{10: 5.0}]).scores)


def test_vectors_that_need_too_much_memory_are_refused(small: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "4 KiB")
    with pytest.raises(MemoryBudgetError, match="FM with 40 samples of 24 factors"):
        lt.FM().fit(small)


def test_reaches_the_target_on_a_published_fold(real_data: Path) -> None:
    names = ["user", "item", "rating"]
    files = (real_data / "ml-100k" / f"u1.{part}" for part in ("base", "test"))
    base, test = (pl.read_csv(file, separator="\t", has_header=False) for file in files)
    frame = pl.concat([base, test]).select(pl.nth(place).alias(name) for place, name in enumerate(names))
    whole, rows = lt.Interactions.from_frame(frame, scale=(1.0, 5.0)), np.arange(len(frame))
    model: Any = lt.FM(factors=8, burn_in=30, samples=20, thinning=2, item_attributes="none", user_attributes="none")
    found = model.fit(whole.take(rows[: len(base)])).predict_ratings(whole.take(rows[len(base) :]))
    assert np.sqrt(np.mean((found.estimated.astype(np.float64) - found.actual) ** 2)) < 0.915
