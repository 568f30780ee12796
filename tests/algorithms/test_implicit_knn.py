"""Neighborhoods of clicks against dense products, and what they learn online."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.kernels.weighting import bm25, tfidf
from longtail.testing.worlds import ragged

SIDES = ("implicit-user-knn", "implicit-item-knn")


@pytest.fixture
def data(rng: np.random.Generator) -> lt.Interactions:
    """Thirty users, eighteen items, counts from 1 to 8."""
    users, items = np.nonzero(rng.random((30, 18)) < 0.35)
    counts = rng.integers(1, 9, len(users)).astype(float)
    return lt.Interactions.from_frame({"user": users, "item": items, "rating": counts}, feedback="implicit")


def cut(table: Any, k: int) -> Any:
    kept = np.zeros_like(table)
    for row, line in enumerate(table):
        best = np.argsort(-line, kind="stable")[:k]
        kept[row, best] = line[best]
    return kept


def near(rows: Any, weighting: str, k: int) -> Any:
    """Cosines of whole rows, weighted, the k largest of each."""
    weighed = {"none": lambda x: x, "tfidf": tfidf, "bm25": bm25}[weighting](rows).toarray().astype(np.float64)
    norms = np.sqrt((weighed**2).sum(axis=1))
    cosines = weighed @ weighed.T / np.maximum(norms[:, None] * norms, 1e-12)
    np.fill_diagonal(cosines, 0.0)
    return cut(cosines, k)


def scores_of(model: Any, data: lt.Interactions) -> Any:
    scores = model._score_users(np.arange(data.n_users, dtype=np.int32))
    return np.where(np.isneginf(scores), 0.0, scores)


@pytest.mark.parametrize("weighting", ["none", "tfidf", "bm25"])
def test_people_vote_for_what_they_met(data: lt.Interactions, weighting: str) -> None:
    X = data.by_user
    expected = near(X, weighting, 5) @ X.toarray()
    model = lt.ImplicitUserKNN(weighting=weighting, neighbors=5).fit(data)  # type: ignore[arg-type]
    assert scores_of(model, data) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("weighting", ["none", "tfidf", "bm25"])
def test_items_vote_for_what_is_like_them(data: lt.Interactions, weighting: str, normalize: bool) -> None:
    X = data.by_user
    similar = near(X.T.tocsr(), weighting, 5)
    if normalize:
        similar /= similar.sum(axis=1, keepdims=True)
    model = lt.ImplicitItemKNN(weighting=weighting, neighbors=5, shrinkage=0.0, normalize=normalize).fit(data)  # type: ignore[arg-type]
    assert scores_of(model, data) == pytest.approx(X.toarray() @ similar, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", SIDES)
def test_the_parameters_of_a_measure_count(data: lt.Interactions, name: str) -> None:
    """Common columns needed, shrinkage and the exponent; with the parameters of BM25 against dense products."""
    model = lt.make(name, weighting="bm25", neighbors=30, min_support=3, shrinkage=4.0, k1=2.5, b=0.3)
    X = data.by_user if name == "implicit-user-knn" else data.by_user.T.tocsr()
    met = (X.toarray() > 0).astype(np.float64)
    common = met @ met.T
    shrunk = np.where(common >= 3, common / (common + 4.0), 0.0)
    weighed = bm25(X, k1=2.5, b=0.3).toarray().astype(np.float64)
    lengths = np.sqrt((weighed**2).sum(axis=1))
    similar = weighed @ weighed.T / np.outer(lengths, lengths) * shrunk
    assert scores_of(model.fit(data), data) == pytest.approx(voted(similar, X, name), rel=1e-4, abs=1e-6)
    model = model.clone(similarity="conditional_probability", weighting="none", popularity_exponent=0.9)
    sizes = met.sum(axis=1)
    similar = common / np.outer(sizes, sizes**0.9) * shrunk
    assert scores_of(model.fit(data), data) == pytest.approx(voted(similar, X, name), rel=1e-4, abs=1e-6)


def voted(similar: Any, X: Any, name: str) -> Any:
    """Scores of all users, with all neighbors, by what the rows of X are similar to."""
    np.fill_diagonal(similar, 0.0)
    if name == "implicit-user-knn":
        return similar @ X.toarray()
    return X.toarray().T @ (similar / np.maximum(similar.sum(axis=1, keepdims=True), 1e-12))


@pytest.mark.parametrize("name", SIDES)
def test_what_is_rated_below_zero_speaks_against(name: str) -> None:
    """Two kinds of people who hate what the other kind loves: lists hold what is loved."""
    users, items = np.nonzero(np.random.default_rng(0).random((40, 30)) < 0.5)
    ratings = np.where(users % 2 == items % 2, 8.0, -8.0)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(-10.0, 10.0))
    lists = lt.make(name).fit(data).recommend(n=2)
    assert (data.item_ids.values[lists.items] % 2 == data.user_ids.values[lists.users][:, None] % 2).all()


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("chosen", [{"similarity": "jaccard"}, {"similarity": "conditional_probability"},
                                    {"similarity": "dot", "weighting": "bm25"}, {"shrinkage": 5.0, "min_support": 2},
                                    {"preference": "liked"}, {"preference": "binary"}])  # fmt: skip
def test_every_measure_finds_the_taste(name: str, chosen: dict[str, Any]) -> None:
    from longtail.testing import toy_worlds

    for kind, world in toy_worlds().items():
        if kind == "explicit" and chosen.get("preference") != "liked":
            continue  # five stars and one star are both clicks to a measure that counts
        assert world.share_liked(lt.make(name, **chosen).fit(world.train).recommend(n=5)) == 1.0


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("preference", ["value", "liked"])
def test_reasons_add_up_to_the_score(name: str, preference: Any) -> None:
    data = ragged()
    model = lt.make(name, preference=preference, neighbors=20).fit(data)
    for user in (0, 17, 80):
        scores = model._score_users(np.array([user], dtype=np.int32))[0]
        listed = np.flatnonzero(np.isfinite(scores))
        assert len(listed) > 20
        for item in listed[::5]:
            assert model._reasons(data.by_user[[user]], int(item))[1].sum() == pytest.approx(scores[item], rel=1e-4)


def test_similar_items_are_those_kept(data: lt.Interactions) -> None:
    model = lt.ImplicitItemKNN(neighbors=4, shrinkage=0.0, weighting="none").fit(data)
    similar = near(data.by_item.T.tocsr(), "none", 4)
    lists = model.similar_items(data.item_ids.values, n=10)
    assert (lists.filled.sum(axis=1) == (similar > 0).sum(axis=1)).all()
    for row in range(data.n_items):
        expected = np.sort(similar[row][similar[row] > 0])[::-1]
        assert lists.scores[row][lists.filled[row]] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("chosen", [{}, {"weighting": "tfidf"}, {"similarity": "dot", "weighting": "bm25"}])
def test_users_learn_online_what_a_refit_would(data: lt.Interactions, chosen: dict[str, Any]) -> None:
    half = data.take(np.arange(len(data)) % 4 > 0)
    rest = data.take(np.arange(len(data)) % 4 == 0)
    model = lt.make("implicit-user-knn", **chosen).fit(half)
    model.learn(data.user_ids.values[rest.users], data.item_ids.values[rest.items], rest.values)
    fresh = lt.make("implicit-user-knn", **chosen).fit(data)
    people = data.user_ids.values
    found, expected = (m.recommend(people, n=18, exclude="none") for m in (model, fresh))
    assert found.scores == pytest.approx(expected.scores, rel=1e-5)
    assert model.popularity_ == pytest.approx(fresh.popularity_)


def test_items_learn_online_the_history_and_keep_the_similarities(data: lt.Interactions) -> None:
    model = lt.ImplicitItemKNN().fit(data)
    before, person = model.similarities_.toarray(), data.user_ids[3]
    new = model.recommend([person], n=1).of(person)[0]
    model.learn([person], [new], [2.0])
    assert np.array_equal(model.similarities_.toarray(), before)
    row = model.histories_[[3]]
    assert row[0, data.item_ids.index([new])[0]] == 2.0
    counts = data.item_counts + (np.arange(data.n_items) == data.item_ids.index([new])[0])
    assert model.popularity_ == pytest.approx(counts / counts.max())
    told = model.recommend([person], n=18, exclude="none")
    assert told.scores == pytest.approx(model._score_histories(row)[0, told.items], rel=1e-6)


def test_a_stranger_with_a_known_history_is_not_their_own_neighbor(data: lt.Interactions) -> None:
    model = lt.ImplicitUserKNN(neighbors=5).fit(data)
    everyone = np.arange(data.n_users, dtype=np.int32)
    assert np.array_equal(model._score_histories(data.by_user), model._score_users(everyone))
    alone = model._score_preferences(model.weights_[[4]])
    assert not np.array_equal(alone, model._score_users(everyone[[4]]))
