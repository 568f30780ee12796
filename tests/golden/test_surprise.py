"""Every neighborhood and the biases agree with scikit-surprise, pair by pair (reference results, sections 1 and 2)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import splits

NAMES = ["user", "item", "rating"]
BIASES = {"reg_user": 15.0, "reg_item": 10.0, "epochs": 10}
NEIGHBORS = {"neighbors": 40, "min_neighbors": 1, "min_support": 1, "damping": 0.0, **BIASES}
SHRUNK = {"pearson_baseline": 100.0}
"""The one measure that Surprise shrinks."""
VARIANTS = {"basic": "KNNBasic", "mean": "KNNWithMeans", "zscore": "KNNWithZScore", "baseline": "KNNBaseline"}
SIMILARITIES = ("cosine", "msd", "pearson", "pearson_baseline")
GRID = list(itertools.product(VARIANTS, ("user", "item"), SIMILARITIES))
COURSE: list[tuple[str, dict[str, Any], float, float]] = [
    ("user-knn", {"variant": "basic"}, 0.99610599, 0.77113153),
    ("item-knn", {"variant": "basic"}, 0.99946529, 0.77984182),
    ("user-knn", {"variant": "mean"}, 0.92605723, 0.71194366),
    ("item-knn", {"variant": "mean"}, 0.93056033, 0.71573769),
    ("user-knn", {"variant": "zscore"}, 0.92316377, 0.70560575),
    ("item-knn", {"variant": "zscore"}, 0.93471127, 0.71694530),
    ("user-knn", {"variant": "baseline"}, 0.90370040, 0.69609669),
    ("item-knn", {"variant": "baseline"}, 0.91290269, 0.70708907),
    ("user-knn", {"variant": "basic", "similarity": "msd"}, 0.97132832, 0.74869190),
    ("item-knn", {"variant": "basic", "similarity": "msd"}, 0.94236475, 0.72889321),
    ("bias", {"method": "als"}, 0.89915920, 0.69763792),
    ("bias", {"method": "sgd", "learning_rate": 0.005, "regularization": 0.02, "epochs": 20}, 0.89627018, 0.69342650),
]

Pair = tuple[lt.Interactions, lt.Interactions]


@pytest.fixture(scope="module")
def recorded(golden: Path) -> Mapping[str, Any]:
    with np.load(golden / "surprise_ml100k_u1.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def fold(real_data: Path) -> Pair:
    parts = [
        pl.read_csv(real_data / "ml-100k" / f"u1.{part}", separator="\t", has_header=False, columns=[0, 1, 2])
        for part in ("base", "test")
    ]
    train, test = splits.predefined(*(part.rename(dict(zip(part.columns, NAMES, strict=True))) for part in parts))
    return train.with_scale(1, 5), test


@pytest.fixture(scope="module")
def course(golden: Path) -> Pair:
    train, test = (
        pl.read_csv(golden / "course" / f"split75_25_rs1_{part}.csv", has_header=False, new_columns=NAMES)
        for part in ("train", "test")
    )
    known, hidden = splits.predefined(train, test)
    return known.with_scale(1, 5), hidden


def assert_agrees(model: Any, fold: Pair, recorded: Mapping[str, Any], name: str) -> None:
    train, test = fold
    found = model.fit(train).predict_ratings(test)
    theirs, actual = recorded[name].astype(np.float64), recorded["actual"].astype(np.float64)
    assert np.array_equal(test.values, recorded["actual"])
    assert np.mean(np.abs(found.estimated - theirs) <= 1e-3) >= 0.995
    assert abs(lt.metrics.rmse(found) - np.sqrt(np.mean((theirs - actual) ** 2))) < 1e-3
    assert np.array_equal(found.impossible, recorded[f"{name}__impossible"])


def test_biases(fold: Pair, recorded: Mapping[str, Any]) -> None:
    assert_agrees(lt.Bias(**BIASES), fold, recorded, "BaselineOnly_als")


@pytest.mark.parametrize(("variant", "side", "similarity"), GRID)
def test_neighborhoods(fold: Pair, recorded: Mapping[str, Any], variant: str, side: str, similarity: str) -> None:
    shrinkage = SHRUNK.get(similarity)
    model = lt.make(f"{side}-knn", variant=variant, similarity=similarity, shrinkage=shrinkage, **NEIGHBORS)
    assert_agrees(model, fold, recorded, f"{VARIANTS[variant]}_{side}_{similarity}")


def test_slope_one(fold: Pair, recorded: Mapping[str, Any]) -> None:
    train, test = fold
    found = lt.SlopeOne(weighted=False).fit(train).predict_ratings(test)
    assert len(found.estimated) == 20_000
    assert found.estimated == pytest.approx(recorded["SlopeOne"], abs=1e-4)
    assert np.array_equal(found.impossible, recorded["SlopeOne__impossible"])


@pytest.mark.parametrize(("name", "chosen", "rmse", "mae"), COURSE)
def test_errors_on_the_split_of_the_reference_framework(
    course: Pair, name: str, chosen: dict[str, Any], rmse: float, mae: float
) -> None:
    settings = BIASES if name == "bias" else {"similarity": "cosine", **NEIGHBORS}
    train, test = course
    found = lt.make(name, **{**settings, **chosen}).fit(train).predict_ratings(test)
    assert lt.metrics.rmse(found) == pytest.approx(rmse, abs=1e-5)
    assert lt.metrics.mae(found) == pytest.approx(mae, abs=1e-5)
