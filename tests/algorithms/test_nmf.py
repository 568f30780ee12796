"""NMF: non-negative, as good as Surprise's, and folded in at the minimum of the same sum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.errors import DataError


@pytest.fixture
def model(small: lt.Interactions) -> Any:
    return lt.NMF(factors=3).fit(small)


def test_vectors_are_not_negative_and_fit(model: Any, small: lt.Interactions) -> None:
    assert (model.user_vectors_ >= 0).all()
    assert (model.item_vectors_ >= 0).all()
    error = model.predict_ratings(small).estimated - small.values
    assert np.sqrt(np.mean(error**2)) < 0.5


def test_folding_in_finds_the_minimum_without_negative_numbers(model: Any) -> None:
    # The conditions of Karush, Kuhn and Tucker: the slope is 0 where p > 0 and not negative where p = 0.
    held = 0
    for history in ({10: 5.0, 30: 1.0, 50: 4.0}, {10: 1.0, 20: 1.0, 40: 5.0}, {60: 2.0}, {30: 5.0, 20: 1.0}):
        row = model.fold([history])
        p = model._score_histories(row).left[0, :-1].astype(np.float64)
        Q = model.item_vectors_[row.indices, :-1].astype(np.float64)
        slope = Q.T @ (Q @ p - row.data) + model.regularization * row.nnz * p
        assert (p >= 0).all()
        assert np.abs(slope[p > 0]).max() < 1e-4
        assert (slope[p == 0] > -1e-6).all()
        held += int((p == 0).sum())
    assert held


def test_reasons_add_up_to_the_score(model: Any) -> None:
    history = model.fold([{10: 5.0, 20: 4.0, 40: 1.0}])
    for item in range(6):
        score = model._score_histories(history).dense()[0, item]
        assert model._reasons(history, item)[1].sum() == pytest.approx(score, abs=1e-4)


def test_someone_without_ratings_is_the_average_person(small: lt.Interactions) -> None:
    partial = small.take(small.users != small.user_ids.index([5])[0])
    model: Any = lt.NMF(factors=3).fit(partial)
    average = model.user_vectors_[:4].mean(axis=0)
    assert model.user_vectors_[4] == pytest.approx(average)
    assert model._score_histories(model.fold([{}])).left[0] == pytest.approx(average)
    assert model.predict([5], [60])[0] == pytest.approx(partial.values.mean())


def test_negative_ratings_are_refused() -> None:
    data = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 1], "rating": [-1.5, 2.0]})
    with pytest.raises(DataError, match=r"negative rating: -1\.5"):
        lt.NMF().fit(data)


def test_agrees_with_surprise_on_five_folds(real_data: Path) -> None:
    found = []
    for fold in range(1, 6):
        files = (real_data / "ml-100k" / f"u{fold}.{part}" for part in ("base", "test"))
        base, test = (pl.read_csv(file, separator="\t", has_header=False) for file in files)
        frame = pl.concat([base, test]).select(
            pl.nth(place).alias(name) for place, name in enumerate(["user", "item", "rating"])
        )
        whole, rows = lt.Interactions.from_frame(frame, scale=(1.0, 5.0)), np.arange(len(frame))
        model = lt.NMF(factors=15, epochs=50, regularization=0.06).fit(whole.take(rows[: len(base)]))
        predictions = model.predict_ratings(whole.take(rows[len(base) :]))
        found.append((lt.metrics.rmse(predictions), lt.metrics.mae(predictions)))
    assert np.mean(found, axis=0) == pytest.approx([0.968927, 0.761948], abs=0.005)
