"""SVD: what it learns, how it folds in and explains, and that it agrees with Surprise on real ratings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.errors import ConfigError

COLUMNS = ["user", "item", "rating"]
SURPRISE = {
    "factors": 100,
    "epochs": 20,
    "learning_rate": 0.005,
    "learning_rate_decay": 1.0,
    "regularization": 0.02,
    "init_std": 0.1,
}


def split(train: pl.DataFrame, test: pl.DataFrame) -> tuple[lt.Interactions, lt.Interactions]:
    whole = lt.Interactions.from_frame(pl.concat([train, test])).with_scale(1.0, 5.0)
    rows = np.arange(len(whole))
    return whole.take(rows[: len(train)]), whole.take(rows[len(train) :])


def errors(model: Any, train: lt.Interactions, test: lt.Interactions) -> Any:
    found = model.fit(train).predict_ratings(test)
    return found.estimated.astype(np.float64) - found.actual


def read(path: Path, separator: str) -> pl.DataFrame:
    frame = pl.read_csv(path, separator=separator, has_header=False)
    return frame.select(pl.nth(place).alias(name) for place, name in enumerate(COLUMNS))


def mean_rmse(model: Any, folder: Path) -> float:
    """Mean RMSE over the five published folds of MovieLens 100K."""
    found = []
    for fold in range(1, 6):
        train, test = (read(folder / "ml-100k" / f"u{fold}.{part}", "\t") for part in ("base", "test"))
        found.append(np.sqrt(np.mean(errors(model.clone(), *split(train, test)) ** 2)))
    return float(np.mean(found))


@pytest.fixture
def model(small: lt.Interactions) -> Any:
    return lt.SVD(factors=3, epochs=30, init_std=0.3).fit(small)


@pytest.fixture
def partial(small: lt.Interactions) -> lt.Interactions:
    """The small data without the rows of user 5, the only one who rated item 60."""
    return small.take(small.users != small.user_ids.index([5])[0])


def test_recovers_a_world_of_low_rank(rng: np.random.Generator) -> None:
    truth = 3.0 + rng.normal(size=(60, 3)) @ rng.normal(size=(3, 50)) / 2 + rng.normal(size=(60, 1)) / 2
    mask = rng.random(truth.shape) < 0.7
    users, items = np.nonzero(mask)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": truth[mask]}, scale=(-5.0, 11.0))
    model = lt.SVD(factors=8, epochs=300, learning_rate_decay=1.0, regularization=0.01, init_std=0.1).fit(data)
    hidden = np.argwhere(~mask)
    error = model.predict(hidden[:, 0], hidden[:, 1]) - truth[~mask]
    assert np.sqrt(np.mean(error**2)) < 0.3 * truth.std()


def test_predicts_the_formula(model: Any, small: lt.Interactions) -> None:
    x, z = model.user_vectors_[0].astype(np.float64), model.item_vectors_[3].astype(np.float64)
    expected = np.clip(x @ z + model.item_bias_[3], 1.0, 5.0)
    assert model.predict([small.user_ids[0]], [small.item_ids[3]]) == pytest.approx(expected, abs=1e-5)
    assert (model.item_vectors_[:, -1] == 1.0).all()


def test_scores_are_predictions(model: Any) -> None:
    lists = model.recommend([1, 4], n=2, min_rating=1.0)
    for user, row, scores in zip([1, 4], lists.items, lists.scores, strict=True):
        predicted = model.predict([user] * 2, model.item_ids_[row])
        assert np.clip(scores, 1.0, 5.0) == pytest.approx(predicted, abs=1e-5)


def test_same_seed_same_model_on_any_number_of_threads(small: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", threads)
        model = lt.SVD(factors=4, seed=5).fit(small)
        folded = model.recommend_for([{10: 5.0, 20: 1.0}] * 40, n=3)
        found.append((model.user_vectors_, model.item_vectors_, folded.scores, model.predict([1, 2], [50, 60])))
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))
    assert not np.array_equal(lt.SVD(factors=4, seed=6).fit(small).user_vectors_, found[0][0])


def test_without_training_rows_vectors_are_zero_and_items_stay_unlisted(partial: lt.Interactions) -> None:
    model = lt.SVD(factors=3).fit(partial)
    user, item = partial.user_ids.index([5])[0], partial.item_ids.index([60])[0]
    assert model.user_vectors_[user].tolist() == pytest.approx([0.0, 0.0, 0.0, partial.values.mean()])
    assert not model.item_vectors_[item, :-1].any()
    assert model.item_bias_[item] == 0.0
    assert model.recommend([5], n=6).of(5) == model.recommend_for([{}], n=6).of(0)
    assert 60 not in model.recommend([5], n=6).of(5)


def test_a_pair_without_any_training_row_is_impossible(partial: lt.Interactions, small: lt.Interactions) -> None:
    rows = small.users == small.user_ids.index([5])[0]
    found = lt.SVD(factors=3).fit(partial).predict_ratings(small.take(rows))
    assert found.impossible.tolist() == (small.items[rows] == small.item_ids.index([60])[0]).tolist()
    assert found.estimated[found.impossible] == pytest.approx(partial.values.mean())
    assert lt.SVD(factors=3, biased=False).fit(partial).predict_ratings(small.take(rows)).impossible.all()


def test_without_biases_only_the_product_is_left(small: lt.Interactions) -> None:
    model = lt.SVD(factors=3, biased=False, init_std=0.5, epochs=100).fit(small)
    assert not model.item_bias_.any()
    assert not model.user_vectors_[:, -1].any()
    error = model.predict_ratings(small).estimated - small.values
    assert np.sqrt(np.mean(error**2)) < 0.5


def test_folding_in_solves_the_ridge_regression(model: Any) -> None:
    items, ratings = model.item_ids_.index([10, 30, 50]), np.array([5.0, 2.0, 4.0])
    Z = model.item_vectors_[items].astype(np.float64)
    target = ratings - model.mean_ - model.item_bias_[items]
    # The least-squares problem with the ridge as extra rows.
    ridge = np.sqrt(model.fold_in_regularization * 3) * np.eye(4)
    expected = np.linalg.lstsq(np.vstack([Z, ridge]), np.concatenate([target, np.zeros(4)]), rcond=None)[0]
    expected[-1] += model.mean_
    found = model._score_histories(model.fold([{10: 5.0, 30: 2.0, 50: 4.0}])).left[0]
    assert found == pytest.approx(expected, abs=1e-5)


def test_an_empty_history_ranks_by_item_bias(model: Any) -> None:
    scores = model._score_histories(model.fold([{}])).dense()[0]
    assert scores == pytest.approx(model.mean_ + model.item_bias_, abs=1e-6)


def test_reasons_add_up_to_the_score(model: Any) -> None:
    history = model.fold([{10: 5.0, 20: 4.0, 40: 1.0}])
    for item in range(6):
        items, weights = model._reasons(history, item)
        score = model._score_histories(history).dense()[0, item]
        assert model.mean_ + model.item_bias_[item] + weights.sum() == pytest.approx(score, abs=1e-5)
        assert items.tolist() == history.indices.tolist()


def test_similar_items_by_cosine(partial: lt.Interactions) -> None:
    model = lt.SVD(factors=3, init_std=0.3).fit(partial)
    Q = model.item_vectors_[:, :-1].astype(np.float64)
    cosine = [Q[0] @ q / np.linalg.norm(Q[0]) / np.linalg.norm(q) for q in Q[1:5]]
    found = model.similar_items([10, 60], n=9)
    assert found.scores[0, :4] == pytest.approx(sorted(cosine, reverse=True), abs=1e-5)
    assert found.of(10) == partial.item_ids[1 + np.argsort(cosine)[::-1]].tolist()
    assert found.of(60) == []


def test_divergence_is_an_error_that_names_the_fix(small: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match=r"SVD: learning diverged with learning_rate 9\.0; choose a lower one"):
        lt.SVD(learning_rate=9.0).fit(small)


def test_saved_and_loaded(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "svd")
    again: Any = lt.load(tmp_path / "svd")
    assert np.array_equal(model.predict([1, 2, 5], [40, 50, 50]), again.predict([1, 2, 5], [40, 50, 50]))
    asked = [{10: 5.0, 40: 2.0}]
    assert np.array_equal(model.recommend_for(asked).scores, again.recommend_for(asked).scores)
    assert model.explain(1, 50) == again.explain(1, 50)


def test_folds_known_people_in_about_as_well_as_it_trained_them(real_data: Path) -> None:
    ratings = read(real_data / "ml-100k" / "u1.base", "\t")
    held_out = pl.Series(np.random.default_rng(0).random(len(ratings)) < 0.2)
    train, test = split(ratings.filter(~held_out), ratings.filter(held_out))
    model: Any = lt.SVD()
    trained = np.sqrt(np.mean(errors(model, train, test) ** 2))
    scores = model._score_histories(train.by_user).dense()
    scores[~np.isfinite(scores)] = model.mean_
    folded = np.clip(scores[test.users, test.items], 1.0, 5.0) - test.values
    assert np.sqrt(np.mean(folded**2)) < trained + 0.01


def test_agrees_with_surprise_on_five_folds(real_data: Path) -> None:
    assert mean_rmse(lt.SVD(**SURPRISE), real_data) == pytest.approx(0.937978, abs=0.003)


def test_defaults_reach_the_target_on_five_folds(real_data: Path) -> None:
    assert mean_rmse(lt.SVD(), real_data) < 0.915


def test_agrees_with_surprise_on_the_course_split(golden: Path) -> None:
    train, test = split(*(read(golden / "course" / f"split75_25_rs1_{part}.csv", ",") for part in ("train", "test")))
    found = np.stack([errors(lt.SVD(**SURPRISE, seed=seed), train, test) for seed in range(3)])
    assert np.sqrt(np.mean(found**2)) == pytest.approx(0.90337, abs=0.003)
    assert np.mean(np.abs(found)) == pytest.approx(0.69779, abs=0.003)
