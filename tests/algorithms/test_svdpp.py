"""SVD++: the implicit part in training, in fold-in and in reasons, and agreement with Surprise on real ratings."""

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
    "factors": 20,
    "epochs": 20,
    "learning_rate": 0.007,
    "learning_rate_decay": 1.0,
    "regularization": 0.02,
    "init_std": 0.1,
}


def mean_rmse(model: Any, folder: Path) -> float:
    """Mean RMSE over the five published folds of MovieLens 100K."""
    found = []
    for fold in range(1, 6):
        files = (folder / "ml-100k" / f"u{fold}.{part}" for part in ("base", "test"))
        base, test = (pl.read_csv(file, separator="\t", has_header=False) for file in files)
        frame = pl.concat([base, test]).select(pl.nth(place).alias(name) for place, name in enumerate(COLUMNS))
        whole, rows = lt.Interactions.from_frame(frame, scale=(1.0, 5.0)), np.arange(len(frame))
        train, held_out = whole.take(rows[: len(base)]), whole.take(rows[len(base) :])
        predictions = model.clone().fit(train).predict_ratings(held_out)
        found.append(np.sqrt(np.mean((predictions.estimated.astype(np.float64) - predictions.actual) ** 2)))
    return float(np.mean(found))


@pytest.fixture
def model(small: lt.Interactions) -> Any:
    return lt.SVDpp(factors=3, epochs=30, init_std=0.3).fit(small)


def test_a_known_persons_vector_holds_what_their_items_imply(small: lt.Interactions) -> None:
    # With a learning rate of 0 the vectors stay where they started, and p_u starts in SVD where it does here.
    model = lt.SVDpp(factors=3, learning_rate=0.0, init_std=0.3).fit(small)
    rated = small.by_user[[4]].indices
    implied = model.implicit_vectors_[rated].sum(axis=0) / np.sqrt(len(rated))
    start = lt.SVD(factors=3, learning_rate=0.0, init_std=0.3).fit(small)
    assert model.user_vectors_[4] == pytest.approx(start.user_vectors_[4] + implied, abs=1e-6)
    assert not model.implicit_vectors_[:, -1].any()


def test_learns_from_which_items_were_rated(rng: np.random.Generator) -> None:
    # Two camps rate different films, all with 3 stars. Only 160 of 200 people rated the six films they disagree on.
    camps = np.arange(200) % 2
    rows = [(u, 2 * film + camps[u], 3.0) for u in range(200) for film in rng.permutation(15)[:8]]
    rows += [(u, 30 + film, 5.0 if camps[u] else 1.0) for u in range(160) for film in rng.permutation(6)[:3]]
    users, items, ratings = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
    others = np.repeat(np.arange(160, 200), 6)
    truth = np.where(camps[others], 5.0, 1.0)

    def rmse(model: Any) -> float:
        predicted = model.fit(data).predict(others, np.tile(np.arange(30, 36), 40))
        return float(np.sqrt(np.mean((predicted - truth) ** 2)))

    assert rmse(lt.SVDpp(factors=4, epochs=60, init_std=0.1)) < 0.75
    assert rmse(lt.SVD(factors=4, epochs=60, init_std=0.1)) > 1.5


def test_same_seed_same_model_on_any_number_of_threads(small: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", threads)
        model = lt.SVDpp(factors=4, seed=5).fit(small)
        folded = model.recommend_for([{10: 5.0, 20: 1.0}] * 40, n=3)
        found.append((model.user_vectors_, model.item_vectors_, folded.scores, model.predict([1, 2], [50, 60])))
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))
    assert not np.array_equal(lt.SVDpp(factors=4, seed=6).fit(small).user_vectors_, found[0][0])


def test_folding_in_starts_from_the_implied_and_solves_the_rest(model: Any) -> None:
    items, ratings = model.item_ids_.index([10, 30, 50]), np.array([5.0, 2.0, 4.0])
    Z = model.item_vectors_[items].astype(np.float64)
    implied = model.implicit_vectors_[items].sum(axis=0) / np.sqrt(3)
    target = ratings - model.mean_ - model.item_bias_[items] - Z @ implied
    ridge = np.sqrt(model.fold_in_regularization * 3) * np.eye(4)
    solved = np.linalg.lstsq(np.vstack([Z, ridge]), np.concatenate([target, np.zeros(4)]), rcond=None)[0]
    found = model._score_histories(model.fold([{10: 5.0, 30: 2.0, 50: 4.0}])).left[0]
    assert found == pytest.approx(implied + solved + [0, 0, 0, model.mean_], abs=1e-5)


def test_reasons_add_up_to_the_score(model: Any) -> None:
    history = model.fold([{10: 5.0, 20: 4.0, 40: 1.0}])
    for item in range(6):
        items, weights = model._reasons(history, item)
        score = model._score_histories(history).dense()[0, item]
        assert model.mean_ + model.item_bias_[item] + weights.sum() == pytest.approx(score, abs=1e-5)
        assert items.tolist() == history.indices.tolist()


def test_without_training_rows_nothing_is_made_up(small: lt.Interactions) -> None:
    partial = small.take(small.users != small.user_ids.index([5])[0])
    model = lt.SVDpp(factors=3).fit(partial)
    assert model.user_vectors_[4].tolist() == pytest.approx([0.0, 0.0, 0.0, partial.values.mean()])
    assert not model.implicit_vectors_[5].any()
    assert 60 not in model.recommend([5], n=6).of(5)
    assert model.recommend([5], n=6).of(5) == model.recommend_for([{}], n=6).of(0)


def test_divergence_is_an_error_that_names_the_fix(small: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match=r"SVDpp: learning diverged with learning_rate 9\.0; choose a lower one"):
        lt.SVDpp(learning_rate=9.0).fit(small)


def test_saved_and_loaded(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "svdpp")
    again: Any = lt.load(tmp_path / "svdpp")
    assert np.array_equal(model.predict([1, 2, 5], [40, 50, 50]), again.predict([1, 2, 5], [40, 50, 50]))
    asked = [{10: 5.0, 40: 2.0}]
    assert np.array_equal(model.recommend_for(asked).scores, again.recommend_for(asked).scores)
    assert model.explain(1, 50) == again.explain(1, 50)


def test_agrees_with_surprise_on_five_folds(real_data: Path) -> None:
    assert mean_rmse(lt.SVDpp(**SURPRISE), real_data) == pytest.approx(0.92183, abs=0.003)


def test_defaults_reach_the_target_on_five_folds(real_data: Path) -> None:
    assert mean_rmse(lt.SVDpp(), real_data) < 0.912
