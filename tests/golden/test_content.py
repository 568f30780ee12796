"""Content neighborhoods agree with the reference framework's (reference results, section 2)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import longtail as lt

NAMES = ["user", "item", "rating"]
FIGURES = [
    ("genres+years", 0.93750641, 0.72634248),
    ("genres", 0.955174, 0.742094),
    ("years", 0.962589, 0.747289),
]


@pytest.fixture(scope="module")
def fold(golden: Path, real_data: Path) -> tuple[lt.Interactions, lt.Interactions]:
    """The framework's split, with its reading of the films: no genre is a genre, no year (or a range) the year 0.

    The parts do not share ids, so that a film without training ratings gets the mean, as there; ours would know better.
    """
    train, test = (
        pl.read_csv(golden / "course" / f"split75_25_rs1_{part}.csv", has_header=False, new_columns=NAMES)
        for part in ("train", "test")
    )
    movies = pl.read_csv(real_data / "ml-latest-small" / "movies.csv")
    films = pl.DataFrame(
        {
            "item": movies["movieId"],
            "genres": movies["genres"].str.split("|"),
            "year": movies["title"].str.extract(r"\((\d{4})\)\s*$", 1).cast(pl.Int32).fill_null(0),
        }
    )
    known = lt.Interactions.from_frame(train, catalog=lt.Catalog(films)).with_scale(1, 5)
    return known, lt.Interactions.from_frame(test)


@pytest.mark.parametrize(("features", "rmse", "mae"), FIGURES)
def test_errors_on_the_split_of_the_reference_framework(
    fold: tuple[lt.Interactions, lt.Interactions], features: str, rmse: float, mae: float
) -> None:
    train, test = fold
    model = lt.ContentKNN(features=features, variant="basic", damping=0.0, neighbors=40).fit(train)
    found = model.predict_ratings(test)
    assert lt.metrics.rmse(found) == pytest.approx(rmse, abs=1e-6)
    assert lt.metrics.mae(found) == pytest.approx(mae, abs=1e-6)
