"""The formats of the MovieLens releases, in miniature and for real."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from longtail.data.catalog import Catalog, split_title
from longtail.data.interactions import Interactions
from longtail.data.movielens import holds_ratings, read_folder
from longtail.errors import DataError


def catalog_of(data: Interactions) -> Catalog:
    assert data.catalog is not None
    return data.catalog


@pytest.mark.parametrize("name", ["latest-small", "20m", "25m", "32m"])
def test_csv_releases(releases: dict[str, Any], tmp_path: Path, name: str) -> None:
    data = read_folder(releases[name].unpacked(tmp_path / "ml"))
    assert data.to_frame().rows() == [(1, 10, 2.5, 1260759144), (1, 20, 4.0, 1260759179), (2, 10, 0.5, 5)]
    assert data.scale == (0.5, 5.0)
    catalog = catalog_of(data)
    assert catalog.items.rows() == [
        (10, "American President, The (1995)", 1995, ["Comedy", "Drama"], "0112346", 9087),
        (20, 'Say "Hi" :: (2006\u20132007)', 2006, [], "0000001", None),
        (30, "Hyena Road", None, ["IMAX"], None, None),
    ]
    assert catalog.items.columns == ["item", "title", "year", "genres", "imdb", "tmdb"]
    assert catalog.tags is not None
    assert catalog.tags.rows() == [(1, 10, 'funny, "very"', 5), (2, 20, "é", 6)]


def test_the_1m_release(releases: dict[str, Any], tmp_path: Path) -> None:
    data = read_folder(releases["1m"].unpacked(tmp_path / "ml"))
    assert data.to_frame().rows() == [(1, 10, 3.0, 978300760), (1, 20, 5.0, 978302109), (2, 10, 1.0, 978301968)]
    assert data.scale == (1.0, 5.0)
    catalog = catalog_of(data)
    assert catalog.items.rows() == [
        (10, "Misérables, Les (1995)", 1995, ["Drama", "Musical"]),
        (20, "Mission: Impossible :: 2 (2000)", 2000, ["Action"]),
    ]
    assert catalog.users is not None
    assert catalog.users.columns == ["user", "gender", "age", "occupation", "zip"]
    assert catalog.users.rows() == [(1, "F", 1, "K-12 student", "48067"), (2, "M", 56, "self-employed", "70072-1234")]


def test_the_10m_release(releases: dict[str, Any], tmp_path: Path) -> None:
    data = read_folder(releases["10m"].unpacked(tmp_path / "ml"))
    assert data.values.tolist() == [0.5, 5.0, 1.5]
    assert data.scale == (0.5, 5.0)
    catalog = catalog_of(data)
    assert catalog.items.rows() == [
        (10, "Misérables, Les (1995)", 1995, ["Drama"]),
        (20, '"Great" One, The (2000)', 2000, []),
    ]
    assert catalog.tags is not None
    assert catalog.tags.rows() == [(1, 10, 'it\'s "great"', 1215184630), (2, 20, "a::b: c", 1215184631)]
    assert catalog.users is None


def test_the_100k_release(releases: dict[str, Any], tmp_path: Path) -> None:
    data = read_folder(releases["100k"].unpacked(tmp_path / "ml"))
    assert data.to_frame().rows() == [(1, 10, 3.0, 881250949), (1, 20, 5.0, 891717742), (2, 10, 1.0, 878887116)]
    assert data.scale == (1.0, 5.0)
    catalog = catalog_of(data)
    assert catalog.items.rows() == [
        (10, "Misérables, Les (1995)", 1995, ["Western"], dt.date(1995, 1, 1), "http://x/?é%20(1995)"),
        (20, "unknown", None, [], None, None),
    ]
    assert catalog.users is not None
    assert catalog.users.rows() == [(1, 24, "M", "technician", "05201"), (2, 53, "F", "other", "T8H1N")]


@pytest.mark.parametrize("name", ["latest-small", "100k", "1m", "10m"])
def test_ratings_alone_are_enough(releases: dict[str, Any], tmp_path: Path, name: str) -> None:
    folder = releases[name].unpacked(tmp_path / "ml")
    ratings = ("ratings.csv", "ratings.dat", "u.data")
    for path in folder.iterdir():
        if path.name not in ratings:
            path.unlink()
    assert holds_ratings(folder)
    data = read_folder(folder)
    assert (len(data), data.catalog) == (3, None)


@pytest.mark.parametrize(
    ("name", "file", "content", "words"),
    [
        ("latest-small", "movies.csv", "a,b\n1,2\n", "is no sound MovieLens release"),
        ("latest-small", "ratings.csv", "userId,movieId,rating\n1,2,x\n", r"ratings\.csv: row 1: rating 'x'"),
        (
            "1m",
            "movies.dat",
            "1::Toy Story (1995)::Comedy\n\nToy Story\n",
            r"movies\.dat line 2 is not as in MovieLens",
        ),
        ("1m", "users.dat", "1::F::1::99::48067\n", "is no sound MovieLens release"),
        ("100k", "u.item", "1|Toy Story\n2|x|y|z\n", "is no sound MovieLens release|items have a row"),
    ],
)
def test_a_damaged_file_is_named(
    releases: dict[str, Any], tmp_path: Path, name: str, file: str, content: str, words: str
) -> None:
    folder = releases[name].unpacked(tmp_path / "ml")
    (folder / file).write_text(content)
    with pytest.raises(DataError, match=words) as caught:
        read_folder(folder)
    assert "\n" not in str(caught.value)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    assert not holds_ratings(tmp_path)
    with pytest.raises(DataError, match=r"no ratings\.csv, ratings\.dat or u\.data in .*; name a MovieLens folder"):
        read_folder(tmp_path)


def test_ml_100k(real_data: Path) -> None:
    data = read_folder(real_data / "ml-100k")
    assert (len(data), data.n_users, data.n_items, data.scale) == (100_000, 943, 1_682, (1.0, 5.0))
    catalog = catalog_of(data)
    assert catalog.title(1) == "Toy Story (1995)"
    assert catalog.items["year"].null_count() == 1
    flags = [line.split("|")[6:] for line in (real_data / "ml-100k/u.item").read_text("latin-1").splitlines()]
    assert catalog.items["genres"].list.len().to_list() == [row.count("1") for row in flags]
    assert catalog.users is not None
    assert catalog.users.height == 943
    assert data.report is not None
    assert data.report.bad_rows == data.report.duplicates == 0


def test_ml_latest_small(real_data: Path) -> None:
    data = read_folder(real_data / "ml-latest-small")
    assert (len(data), data.n_users, data.n_items, data.scale) == (100_004, 671, 9_066, (0.5, 5.0))
    catalog = catalog_of(data)
    assert (len(catalog), catalog.find("Toy Story (1995)")) == (9_125, 1)
    assert catalog.tags is not None
    assert len(catalog.tags) == 1_296
    years = [split_title(title)[1] for title in catalog.items["title"]]
    assert years == catalog.items["year"].to_list()
    assert years.count(None) == 4
