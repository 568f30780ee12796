"""EASE, SLIM and sparse EASE against independent solutions with dense matrices."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

import longtail as lt
from longtail.algorithms.linear import ease as ease_module
from longtail.algorithms.linear import sparse_ease as sparse_ease_module
from longtail.errors import ConfigError, MemoryBudgetError
from longtail.testing import ragged

PREFERENCES = ["value", "binary", "liked"]


def matrix(model: Any, data: lt.Interactions) -> Any:
    """X, as the definition of the preferences has it."""
    R = data.by_user.toarray().astype(np.float64)
    if model.preference == "value":
        return R / 5.0
    if model.preference == "binary":
        return (R > 0).astype(np.float64)
    means = np.divide(R.sum(axis=1), (R > 0).sum(axis=1), out=np.zeros(len(R)), where=(R > 0).any(axis=1))
    return ((R > 0) & (means[:, None] - 1e-6 <= R)).astype(np.float64)


def ridge(X: Any, target: int, others: Any, regularization: float) -> Any:
    """Column `target` of B: a ridge regression on the columns `others`, and nothing else."""
    A, b = X[:, others], np.zeros(X.shape[1])
    b[others] = np.linalg.solve(A.T @ A + regularization * np.eye(len(others)), A.T @ X[:, target])
    return b


@pytest.fixture(scope="module")
def dense_world() -> lt.Interactions:
    """Every pair of its 60 items has been met by somebody."""
    rng = np.random.default_rng(3)
    taste = rng.random((200, 3)) @ rng.random((3, 60)) / 3
    met = rng.random((200, 60)) < taste
    met[0] = True
    users, items = np.nonzero(met)
    ratings = rng.integers(1, 6, size=len(users))
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings.astype(float)})
    assert (data.by_user.T @ data.by_user).nnz == data.n_items**2
    return data


# -- EASE --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preference", PREFERENCES)
@pytest.mark.parametrize("regularization", [1.0, 50.0])
def test_ease_is_a_ridge_regression_of_each_item_on_the_others(preference: Any, regularization: float) -> None:
    data = ragged()
    model = lt.EASE(preference=preference, regularization=regularization).fit(data)
    X = matrix(model, data)
    for item in range(0, data.n_items, 7):
        expected = ridge(X, item, np.delete(np.arange(data.n_items), item), regularization)
        assert np.abs(model.weights_[:, item] - expected).max() < 1e-5


def test_scores_are_histories_times_weights() -> None:
    data = ragged()
    model = lt.EASE().fit(data)
    lists = model.recommend(n=data.n_items, exclude="none")
    expected = matrix(model, data) @ model.weights_
    for row, user in enumerate(lists.users):
        listed = lists.items[row][lists.filled[row]]
        assert np.allclose(lists.scores[row][lists.filled[row]], expected[user, listed], atol=1e-5)
        assert set(listed.tolist()) == set(np.flatnonzero(data.item_counts).tolist())


def test_double_precision_where_the_condition_demands_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data, seen = ragged(), list[bool]()
    product = ease_module.gram
    monkeypatch.setattr(ease_module, "gram", lambda X, *, double: (seen.append(double), product(X, double=double))[1])
    weak, strong = (lt.EASE(regularization=value).fit(data) for value in (1e-3, 100.0))
    assert seen == [True, False]
    X = matrix(weak, data)
    expected = ridge(X, 5, np.delete(np.arange(data.n_items), 5), 1e-3)
    assert np.abs(weak.weights_[:, 5] - expected).max() < 1e-4
    assert weak.weights_.dtype == strong.weights_.dtype == np.float32


def test_the_condition_is_bounded() -> None:
    data = ragged()
    for preference in ("value", "binary"):
        model = lt.EASE(preference=preference, regularization=3.0).fit(data)
        X = matrix(model, data)
        true = np.linalg.cond(X.T @ X + 3.0 * np.eye(data.n_items))
        assert true <= model._condition(model._preferences(data.by_user)) < 3 * true


def test_ease_without_an_inverse_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"X'X has no inverse with regularization 0.0; choose a higher one"):
        lt.EASE(regularization=0.0).fit(ragged())


def test_the_memory_of_ease_is_said_before_it_starts(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.INFO, logger="longtail.memory"):
        lt.EASE().fit(ragged())
    assert caplog.messages == ["the dense inverse of EASE for 150 items takes 0.00 GiB of the 4.00 GiB allowed"]
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "80 KiB")
    monkeypatch.setattr(ease_module, "gram", lambda *_, **__: pytest.fail("it has started"))
    with pytest.raises(MemoryBudgetError, match=r"the dense inverse of EASE for 150 items needs .* choose a sparser"):
        lt.EASE().fit(ragged())


def test_double_precision_needs_three_times_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", str(12 * 150**2 - 1))
    lt.EASE().fit(ragged())
    with pytest.raises(MemoryBudgetError):
        lt.EASE(regularization=1e-3).fit(ragged())


def test_reasons_add_up_to_the_score() -> None:
    data = ragged()
    history = {data.item_ids[item]: rating for item, rating in ((0, 5.0), (3, 1.0), (17, 3.5), (60, 4.0))}
    for name in ("ease", "slim", "sparse-ease", "p3alpha", "rp3beta"):
        model = lt.make(name).fit(data)
        lists = model.recommend_for([history], n=30)
        for item, score in zip(lists.of(0), lists.scores[0].tolist(), strict=False):
            _, weights = model._reasons(model.fold([history]), int(data.item_ids.index([item])[0]))
            assert weights.sum() == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("name", ["ease", "slim", "sparse-ease", "p3alpha", "rp3beta"])
def test_more_like_an_item_is_what_it_speaks_for(name: str) -> None:
    """By the item's row of B, which is not its column."""
    data = ragged()
    model = lt.make(name).fit(data)
    B = model.weights_.toarray() if hasattr(model.weights_, "toarray") else model.weights_
    for item in (0, 20, 60):
        found = model.similar_items([data.item_ids[item]], n=5)
        assert found.scores[0] == pytest.approx(np.sort(B[item])[::-1][:5])
        assert found.scores[0] != pytest.approx(np.sort(B[:, item])[::-1][:5])


def test_what_is_told_online_counts_as_if_it_had_been_in_the_history() -> None:
    data = ragged()
    model, person = lt.EASE().fit(data), data.user_ids[5]
    told = [data.item_ids[item] for item in (3, 60)]
    before = model.weights_
    model.learn([person, person], told, [5.0, 1.0])
    history = {data.item_ids[item]: float(model.histories_[5, item]) for item in model.histories_[[5]].indices}
    assert set(told) <= set(history)
    assert model.weights_ is before
    known, folded = model.recommend([person], n=20), model.recommend_for([history], n=20)
    assert known.items.tolist() == folded.items.tolist()


# -- SLIM --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("non_negative", [True, False])
@pytest.mark.parametrize("preference", PREFERENCES)
def test_slim_has_the_coefficients_of_scikit_learn(preference: Any, non_negative: bool) -> None:
    data, a, r = ragged(), 0.02, 0.3
    n = data.n_users
    model = lt.SLIM(
        preference=preference,
        l1_regularization=n * a * r,
        regularization=n * a * (1 - r),
        non_negative=non_negative,
    ).fit(data)
    X, B = matrix(model, data), model.weights_.toarray()
    net = ElasticNet(alpha=a, l1_ratio=r, fit_intercept=False, positive=non_negative, tol=1e-10, max_iter=100_000)
    for item in range(0, data.n_items, 9):
        without = X.copy()
        without[:, item] = 0.0
        assert np.abs(B[:, item] - net.fit(without, X[:, item]).coef_).max() < 1e-4
    assert (B != 0).any()


def test_slim_without_bounds_and_without_l1_is_ease() -> None:
    slim = lt.SLIM(regularization=50.0, l1_regularization=0.0, non_negative=False).fit(ragged())
    ease = lt.EASE(regularization=50.0).fit(ragged())
    assert np.abs(slim.weights_.toarray() - ease.weights_).max() < 1e-4


def test_slim_among_the_most_alike() -> None:
    data = ragged()
    model = lt.SLIM(neighbors=10, regularization=5.0, l1_regularization=0.1).fit(data)
    X, B = matrix(model, data), model.weights_.toarray()
    lengths = np.linalg.norm(X, axis=0)
    cosine = X.T @ X / np.maximum(np.outer(lengths, lengths), 1e-12)
    np.fill_diagonal(cosine, 0.0)
    n = data.n_users
    net = ElasticNet(alpha=5.1 / n, l1_ratio=0.1 / 5.1, fit_intercept=False, positive=True, tol=1e-10, max_iter=100_000)
    for item in range(0, data.n_items - 2, 9):
        allowed = np.sort(np.argsort(-cosine[item], kind="stable")[:10])
        expected = np.zeros(data.n_items)
        expected[allowed] = net.fit(X[:, allowed], X[:, item]).coef_
        assert np.abs(B[:, item] - expected).max() < 1e-4
    everyone = lt.SLIM(neighbors=data.n_items).fit(data).weights_.toarray()
    assert np.abs(everyone - lt.SLIM().fit(data).weights_.toarray()).max() < 1e-4


def test_slim_above_the_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "80 KiB")
    with pytest.raises(MemoryBudgetError, match="SLIM's X'X for 150 items"):
        lt.SLIM().fit(ragged())


# -- sparse EASE -------------------------------------------------------------------------------------------------------


def test_sparse_ease_over_all_is_ease(dense_world: lt.Interactions) -> None:
    exact = lt.EASE(regularization=20.0).fit(dense_world)
    for share in (0.0, 0.5, 1.0):
        model = lt.SparseEASE(regularization=20.0, threshold=0.0, neighbors=60, share=share).fit(dense_world)
        assert np.abs(model.weights_.toarray() - exact.weights_).max() < 1e-5


def test_sparse_ease_comes_closer_as_the_threshold_falls(dense_world: lt.Interactions) -> None:
    exact = lt.EASE(regularization=20.0).fit(dense_world)
    best = exact.recommend(n=10).items
    off, shared = [], []
    for threshold in (0.15, 0.08, 0.03, 0.0):
        model = lt.SparseEASE(regularization=20.0, threshold=threshold, neighbors=60, share=0.0).fit(dense_world)
        off.append(float(np.abs(model.weights_.toarray() - exact.weights_).max()))
        found = model.recommend(n=10).items
        shared.append(float(np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(best, found, strict=True)])))
    assert off == sorted(off, reverse=True)
    assert shared == sorted(shared)
    assert off[-1] < 1e-5
    assert shared[-1] > 0.99 > 0.9 > shared[0]


def test_sparse_ease_without_sharing_is_a_regression_on_each_neighborhood() -> None:
    data = ragged()
    model = lt.SparseEASE(regularization=5.0, neighbors=8, threshold=0.0, share=0.0).fit(data)
    X, B = matrix(model, data), model.weights_.toarray()
    for item in range(0, data.n_items, 7):
        others = np.flatnonzero(B[:, item])
        assert len(others) <= 8
        assert np.abs(B[:, item] - ridge(X, item, others, 5.0)).max() < 1e-5


def test_sparse_ease_begins_with_the_largest_neighborhoods(monkeypatch: pytest.MonkeyPatch) -> None:
    data, asked = ragged(), list[Any]()
    covered = sparse_ease_module.cover
    monkeypatch.setattr(sparse_ease_module, "cover", lambda *given: (asked.extend(given), covered(*given))[1])
    lt.SparseEASE(neighbors=40, threshold=0.05).fit(data)
    near, _, first = asked
    sizes, counts = np.diff(near.indptr)[first], data.item_counts[first]
    assert sizes[0] > sizes[-1]
    assert list(zip(-sizes, -counts, strict=True)) == sorted(zip(-sizes, -counts, strict=True))


def test_sparse_ease_above_the_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "80 KiB")
    with pytest.raises(MemoryBudgetError):
        lt.SparseEASE().fit(ragged())
