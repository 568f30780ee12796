"""SVD's bake-off figures agree with the reference framework on its own splits (reference results, section 2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import splits
from longtail.evaluation.metrics import similarity

SEEDS = 20
SURPRISE = {
    "factors": 100,
    "epochs": 20,
    "learning_rate": 0.005,
    "learning_rate_decay": 1.0,
    "regularization": 0.02,
    "init_std": 0.1,
}
REFERENCE = {
    "hit_rate": 0.029806,
    "cumulative_hit_rate": 0.049608,
    "arhr": 0.011156,
    "coverage": 0.955291,
    "diversity": 0.0445,
    "diversity_pearson": 0.966521,
    "novelty": 491.577,
}
NAMES = ["user", "item", "rating"]


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, has_header=False, new_columns=NAMES)


@pytest.fixture(scope="module")
def figures(golden: Path, real_data: Path) -> dict[str, list[float]]:
    course = golden / "course"
    train, left_out = splits.predefined(read(course / "loo_rs1_train.csv"), read(course / "loo_rs1_test.csv"))
    train = train.with_scale(1, 5)
    ratings = pl.read_csv(real_data / "ml-latest-small" / "ratings.csv", columns=["userId", "movieId", "rating"])
    everything = lt.Interactions.from_frame(ratings).with_scale(1, 5)
    cosine = similarity.rating_cosine(everything)
    pearson = similarity.rating_pearson_baseline(everything)
    found: dict[str, list[float]] = {name: [] for name in REFERENCE}
    for seed in range(SEEDS):
        lists = lt.SVD(**SURPRISE, seed=seed).fit(train).recommend(n=10, min_rating=4.0)
        found["hit_rate"].append(lt.metrics.hit_rate(lists, left_out))
        found["cumulative_hit_rate"].append(lt.metrics.cumulative_hit_rate(lists, left_out, threshold=4.0))
        found["arhr"].append(lt.metrics.arhr(lists, left_out))
        lists = lt.SVD(**SURPRISE, seed=seed).fit(everything).recommend(n=10, min_rating=4.0)
        found["coverage"].append(lt.metrics.user_coverage(lists))
        found["diversity"].append(lt.metrics.diversity(lists, cosine))
        found["diversity_pearson"].append(lt.metrics.diversity(lists, pearson))
        found["novelty"].append(lt.metrics.novelty(lists, everything))
    return found


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_lies_within_the_spread_of_twenty_seeds(figures: dict[str, list[float]], name: str) -> None:
    """Within three standard deviations: the reference is one seed, and its coverage an outlier among Surprise's own."""
    mean, spread = np.mean(figures[name]), np.std(figures[name], ddof=1)
    assert abs(REFERENCE[name] - mean) < 3 * spread, (name, mean, spread)


def test_rating_error_on_the_reference_split(golden: Path) -> None:
    course = golden / "course"
    train, test = splits.predefined(read(course / "split75_25_rs1_train.csv"), read(course / "split75_25_rs1_test.csv"))
    predictions = lt.SVD(**SURPRISE).fit(train.with_scale(1, 5)).predict_ratings(test)
    assert abs(lt.metrics.rmse(predictions) - 0.90337) < 0.003
    assert abs(lt.metrics.mae(predictions) - 0.69779) < 0.003
