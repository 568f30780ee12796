"""The catalog: titles, years, and finding one item by what a person types."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from longtail.data.catalog import YEAR_AT_END, Catalog, split_title
from longtail.data.ids import Ids
from longtail.errors import DataError

TITLES: list[tuple[str, str, int | None]] = [
    ("Toy Story (1995)", "Toy Story", 1995),
    ("Rocky VI (1986) ", "Rocky VI", 1986),
    ("2046 (2004)", "2046", 2004),
    ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
    ("The Office (2005\u20132013)", "The Office", 2005),
    ("Big Bang Theory, The (2007-)", "Big Bang Theory, The", 2007),
    ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
    ("Hamlet (1996/I)", "Hamlet", 1996),
    ("Cité des enfants perdus, La (City) (1995)", "Cité des enfants perdus, La (City)", 1995),
    ("Blade Runner 2049", "Blade Runner 2049", None),
    ("Hyena Road", "Hyena Road", None),
    ("(1995)", "(1995)", None),
    ("(500) Days", "(500) Days", None),
    ("", "", None),
]


@pytest.mark.parametrize(("text", "title", "year"), TITLES)
def test_year_behind_a_title(text: str, title: str, year: int | None) -> None:
    assert split_title(text) == (title, year)


def test_polars_reads_the_same_years() -> None:
    texts = [text for text, _, _ in TITLES if text != "(1995)"]
    years = pl.Series(texts).str.extract(YEAR_AT_END, 1).cast(pl.Int32).to_list()
    assert years == [split_title(text)[1] for text in texts]


@pytest.fixture
def catalog() -> Catalog:
    titles = ["Alien (1979)", "Aliens (1986)", "Solaris (1972)", "Solaris (2002)", None]
    return Catalog(
        pl.DataFrame({"item": [1, 2, 3, 4, 5], "title": titles, "genres": [["Horror"], [], None, ["Drama"], []]})
    )


def test_find_narrows_to_one(catalog: Catalog) -> None:
    assert catalog.find("alien") == 1
    assert catalog.find("ALIENS (1986) ") == 2
    assert catalog.find("2002") == 4
    with pytest.raises(DataError, match=r"2 titles contain 'solaris': Solaris \(1972\); Solaris \(2002\); write one"):
        catalog.find("solaris")
    with pytest.raises(DataError, match="no title contains 'zzz'"):
        catalog.find("zzz")


def test_titles_and_genres_by_index(catalog: Catalog) -> None:
    ids = Ids([4, 5, 99], kind="item")
    assert catalog.titles(ids) == ["Solaris (2002)", "5", "99"]
    assert [list(genres) for genres in catalog.genres(ids)] == [["Drama"], [], []]
    bare = Catalog(pl.DataFrame({"item": ["a"]}))
    assert (bare.title("a"), bare.search("a"), list(bare.genres(Ids(["a"])))) == ("a", [], [()])
    assert repr(catalog) == "Catalog(5 items; title, genres)"


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ({"items": pl.DataFrame({"movie": [1]})}, "a catalog's items need a column 'item'; found movie"),
        ({"items": pl.DataFrame({"item": [1, 1]})}, "item 1 stands twice"),
        ({"items": pl.DataFrame({"item": [1, None]})}, "have a row without item"),
        ({"items": {"item": [1]}}, "must be a polars frame, not dict"),
        ({"items": pl.DataFrame({"item": [1], "title": [7]})}, "column 'title' must be String, not Int64"),
        ({"items": pl.DataFrame({"item": [1], "genres": ["Drama|War"]})}, "column 'genres' must be List"),
        ({"items": pl.DataFrame({"item": [1]}), "users": pl.DataFrame({"user": [2, 2]})}, "user 2 stands twice"),
        ({"items": pl.DataFrame({"item": [1]}), "tags": pl.DataFrame({"tag": ["x"]})}, "tags need a column 'item'"),
    ],
)
def test_a_catalog_that_makes_no_sense_is_refused(frames: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Catalog(**frames)


def test_a_column_added_to_the_callers_frame_does_not_turn_up() -> None:
    mine = pl.DataFrame({"item": [1]})
    catalog = Catalog(mine)
    mine.insert_column(1, pl.Series("title", ["late"]))
    assert catalog.items.columns == ["item"]


def test_rows_stand_in_the_order_of_the_ids(catalog: Catalog) -> None:
    rows = catalog.rows(Ids([4, 99, 1], kind="item"))
    assert rows["item"].to_list() == [4, 99, 1]
    assert rows["title"].to_list() == ["Solaris (2002)", None, "Alien (1979)"]
    small = Catalog(catalog.items.with_columns(pl.col("item").cast(pl.Int16)))
    assert small.rows(Ids([4, 99, 1], kind="item")).equals(rows)
    assert catalog.rows(Ids(["4", "1"], kind="item"))["title"].to_list() == [None, None]
