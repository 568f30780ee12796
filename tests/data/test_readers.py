"""Readers: every way a ratings file may be written, and every way it may be wrong, with one line for each."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import longtail as lt
from longtail.data import columns
from longtail.errors import ConfigError, DataError

Write = Callable[..., Path]
EXPECTED = [(7, 30, 2.5, 100), (7, 31, 4.0, 101), (8, 30, 5.0, 102)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: str | bytes, name: str = "ratings.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def joined(separator: str, header: bool = True, end: str = "\n") -> str:
    rows = [["userId", "movieId", "rating", "timestamp"]] * header + [[f"{v:g}" for v in row] for row in EXPECTED]
    return "".join(separator.join(row) + end for row in rows)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::"])
def test_separator_and_header_are_found_out(write: Write, separator: str, header: bool) -> None:
    data = lt.Interactions.from_csv(write(joined(separator, header)))
    assert data.to_frame().rows() == EXPECTED


QUOTED = "".join(",".join(f'"{field}"' for field in line.split(",")) + "\n" for line in joined(",").splitlines())
WRITTEN: dict[str, tuple[str | bytes, str | None]] = {
    "carriage returns": (joined(",", end="\r\n"), None),
    "no end of line at the end": (joined(",").rstrip("\n"), None),
    "blank lines at the end": (joined(",") + "\n\n", None),
    "a blank line in the middle": (joined(",").replace("8,30", "\n8,30"), None),
    "byte order mark": ("\ufeff" + joined(","), None),
    "spaces after commas": (joined(", "), None),
    "spaces": (joined(" "), " "),
    "colons and carriage returns": (joined("::", end="\r\n"), None),
    "double bars": (joined("||"), "||"),
    "a separator of two unlike characters": (joined("<>"), "<>"),
    "all quoted": (QUOTED, None),
    "gzip": (gzip.compress(joined(",").encode(), mtime=0), None),
    "gzip and colons": (gzip.compress(joined("::").encode(), mtime=0), None),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_the_same_ratings_written_in_other_ways(write: Write, how: str) -> None:
    content, separator = WRITTEN[how]
    assert lt.Interactions.from_csv(write(content), separator=separator).to_frame().rows() == EXPECTED


def test_columns_may_stand_anywhere_and_be_named(write: Write) -> None:
    path = write("title,when,who,points,what\nA,100,7,2.5,30\nB,101,7,4,31\nC,102,8,5,30\n")
    names = {"user": "who", "item": "what", "rating": "points", "timestamp": "when"}
    assert lt.Interactions.from_csv(path, **names).to_frame().rows() == EXPECTED
    parquet = path.with_suffix(".parquet")
    pl.read_csv(path).write_parquet(parquet)
    assert lt.Interactions.from_parquet(parquet, **names).to_frame().rows() == EXPECTED
    with pytest.raises(
        DataError,
        match=r"ratings.csv: no user column; found title, when, who, .* rename one to user, or name it with user=",
    ):
        lt.Interactions.from_csv(path)
    with pytest.raises(DataError, match=r"ratings.parquet: no column 'who\?' for user=; found title"):
        lt.Interactions.from_parquet(parquet, user="who?")


def test_a_file_without_header_says_so_or_is_told(write: Write) -> None:
    path = write("ann,x,5\nbob,y,4\n")
    assert lt.Interactions.from_csv(path, header=False).to_frame().rows() == [("ann", "x", 5.0), ("bob", "y", 4.0)]
    with pytest.raises(DataError, match="if the first line is data, put one with names above it or pass header=False"):
        lt.Interactions.from_csv(path)
    pairs = lt.Interactions.from_csv(write("1 2\n1 3\n"), separator=" ")
    assert (pairs.feedback, len(pairs)) == ("implicit", 2)


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        (["1", "-2", "30"], [1, -2, 30]),
        (["007", "7", "70"], ["007", "7", "70"]),
        (["1", "2", "x"], ["1", "2", "x"]),
        (["1.0", "2.0", "3.0"], ["1.0", "2.0", "3.0"]),
        (["é", "日本", "a b"], ["é", "日本", "a b"]),
        (['"a,b"', '"say ""hi"""', "c"], ["a,b", 'say "hi"', "c"]),
        (["99999999999999999999", "2", "3"], ["99999999999999999999", "2", "3"]),
    ],
)
def test_ids_in_text_are_integers_only_when_they_all_read_back(write: Write, column: list[str], ids: list[Any]) -> None:
    path = write("user,item\n" + "".join(f"{value},1\n" for value in column))
    assert lt.Interactions.from_csv(path).to_frame()["user"].to_list() == ids


def test_an_id_that_turns_up_late_decides_as_an_early_one(write: Write) -> None:
    many = "".join(f"{k},1,3\n" for k in range(20_000))
    late = lt.Interactions.from_csv(write("user,item,rating\n" + many + "x,1,3\n"))
    assert late.user_ids.values[[0, -1]].tolist() == ["0", "x"]
    assert late.report is not None
    assert (late.report.rows_read, late.report.bad_rows) == (20_001, 0)


BAD: list[tuple[str, str, int]] = [  # content, the message, and how many good rows there are
    ("user,item,rating\n1,2,abc\n1,3,3\n", "row 1: rating 'abc' is not a number; 1 bad in all", 1),
    ("user,item,rating\n1,2,3\n1,3,NaN\n", "row 2: rating nan is not a finite number", 1),
    ("user,item,rating\n1,2,3\n1,3,inf\n", "row 2: rating inf is not a finite number", 1),
    ("user,item,rating\n1,2,3\n1,3,1e60\n", "row 2: rating inf is not a finite number", 1),
    ("user,item,rating\n1,2,3\n1,3,\n", "row 2: rating is missing", 1),
    ("user,item,rating\n1,2,3\n,3,3\n1,4,3\n", "row 2: user is missing", 2),
    ("user,item,rating\n1,2,3\n1,,3\n", "row 2: item is missing", 1),
    ("user,item,rating\n1,2,3\n1,3\n", "row 2 has 2 fields, not 3; 1 such rows in all", 1),
    ("user,item,rating\n1,2,3\n1,3,3,9\n", "row 2 has 4 fields, not 3", 1),
    ('user,item,rating\n1,"2",3\n1,3,"3",9\n', "row 2 has 4 fields, not 3", 1),
    ("1::2::3::4\n1::3::x::4\n", "row 2: rating 'x' is not a number", 1),
    ("1::2::3::4\n1::3::4\n", "row 2 has 3 fields, not 4", 1),
    ("1::2::3::4\n1::3::4::5:6\n", "row 2: timestamp '5:6' is not a time", 1),
    ("user,item,time\n1,2,2020-01-01\n1,3,soon\n", "row 2: timestamp 'soon' is not a time", 1),
    ("user,item,time\n1,2,01/02/2020\n1,3,4\n", "row 1: timestamp '01/02/2020' is not a time", 1),
    ("user;item;rating\n1;2;3\n1;3;3,5\n", "row 2: rating '3,5' is not a number", 1),
]


@pytest.mark.parametrize(("content", "words", "good"), BAD)
def test_a_bad_row_is_named_or_dropped_and_counted(write: Write, content: str, words: str, good: int) -> None:
    path = write(content)
    with pytest.raises(DataError, match=r"^.*ratings\.csv:? " + words) as caught:
        lt.Interactions.from_csv(path)
    assert "pass bad_rows='drop'" in str(caught.value)
    assert "\n" not in str(caught.value)
    data = lt.Interactions.from_csv(path, bad_rows="drop")
    rows = content.count("\n") - content.startswith("user")
    assert data.report is not None
    assert (len(data), data.report.rows_read, data.report.bad_rows) == (good, rows, rows - good)


def test_nothing_good_at_all_is_an_error_even_when_dropping(write: Write) -> None:
    with pytest.raises(DataError, match="all 1 rows are bad, such as row 1: rating 'x' is not a number"):
        lt.Interactions.from_csv(write("user,item,rating\n1,2,x\n"), bad_rows="drop")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("user,item,rating\n", "has a header but no rows"),
        ("user\n1\n", "has one column only, 'user'"),
        ("hello world\n", "has one column only, 'hello world'"),
        (b"PAR1....", "is a Parquet file; let its name end in .parquet"),
        (b"PK\x03\x04....", "is a zip archive; unpack it first"),
        ("user,item\n1,2\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (b"user,item\n\x00\x01", "is a binary file, not text"),
        ("user,item\né,1\n".encode("latin-1"), r"is not UTF-8 text \(byte 10\)"),
        (b"user,item\n" + b"a,1\n" * 40_000 + b"\xe9,1\n", "is not plain UTF-8 text"),
        (b"\x1f\x8b\x08broken", "cannot be read"),
        (gzip.compress(b"user,item\n1,2\n", mtime=0)[:-6], "cannot be read"),
        ('user,item,rating\n1,2,3\n1,"' + "x" * 200_000, "row 1 or later: .* is a quote open"),
        (b"1" * 70_000, "has no line ends"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_line(write: Write, content: str | bytes, words: str) -> None:
    with pytest.raises(DataError, match=r"^.*ratings\.csv " + words) as caught:
        lt.Interactions.from_csv(write(content))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    for read in (lt.Interactions.from_csv, lt.Interactions.from_parquet):
        with pytest.raises(DataError, match=r"no file .*nowhere"):
            read(tmp_path / "nowhere")
        with pytest.raises(DataError, match="is a directory; name a file in it"):
            read(tmp_path)


def test_options_that_cannot_work(write: Write) -> None:
    path = write(joined(","))
    with pytest.raises(ConfigError, match="bad_rows must be error or drop, not 'keep'"):
        lt.Interactions.from_csv(path, bad_rows="keep")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="separator must not be empty"):
        lt.Interactions.from_csv(path, separator="")
    with pytest.raises(DataError, match="one column only"):
        lt.Interactions.from_csv(path, separator="|")


def test_parquet_that_is_none(write: Write) -> None:
    for content in (b"user,item\n1,2\n", b"PAR1", b"PAR1....PAR1"):
        with pytest.raises(DataError, match=r"ratings\.csv is not a complete Parquet file") as caught:
            lt.Interactions.from_parquet(write(content))
        assert "\n" not in str(caught.value)


def test_a_bad_row_in_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pl.DataFrame({"user": [1, 2], "item": [1, None], "rating": [1.0, 2.0]}).write_parquet(path)
    with pytest.raises(DataError, match=r"r\.parquet: row 2: item is missing"):
        lt.Interactions.from_parquet(path)
    report = lt.Interactions.from_parquet(path, bad_rows="drop").report
    assert str(report) == "2 rows read, 1 bad dropped"


DAY = 1_577_836_800  # 2020-01-01T00:00:00Z


@pytest.mark.parametrize(
    "times",
    [
        [DAY, DAY + 1], [DAY * 1000, DAY * 1000 + 1999], [DAY * 10**6, (DAY + 1) * 10**6], [float(DAY), DAY + 1.9],
        ["2020-01-01", "2020-01-01T00:00:01"], ["2020-01-01 00:00:00.5", "2020-01-01 00:00:01"],
        ["2020-01-01T00:00:00Z", "2020-01-01T02:00:01+02:00"], [f"{DAY}", f" {DAY + 1}"],
        [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 0, 0, 1)],
        pd.to_datetime([DAY, DAY + 1], unit="s", utc=True).tz_convert("Asia/Tokyo"),
    ],
)  # fmt: skip
def test_times_are_seconds(times: Any) -> None:
    data = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 2], "date": times})
    assert data.times is not None
    assert data.times.tolist() == [DAY, DAY + 1]


def test_times_of_old_and_of_zero_stay_as_they_are() -> None:
    times = [0, -5, 10**11 + 1]
    data = lt.Interactions.from_frame({"user": [1, 2, 3], "item": [1, 2, 3], "ts": times})
    assert data.times is not None
    assert data.times.tolist() == times
    days = lt.Interactions.from_frame({"user": [1], "item": [1], "date": [dt.date(1970, 1, 2)]})
    assert days.times is not None
    assert days.times.tolist() == [86_400]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"user": [1], "item": [1], "rating": [float("nan")]}, "row 1: rating nan is not a finite number|is missing"),
        ({"user": [1, 2], "item": [1, 2], "rating": [1, "x"]}, "row 2: rating 'x' is not a number"),
        ({"user": [1, 2], "item": [1]}, "the columns differ in length"),
        ({"user": [], "item": []}, "the table has no rows"),
        ({"user": 5, "item": [1]}, "a column cannot be read"),
        ({"user": [[1]], "item": [1]}, "column user holds List"),
        ({"user": [1], "item": [1], "rating": [dt.date(2020, 1, 1)]}, "column rating holds Date; ratings are numbers"),
        ({"user": [1], "item": [1], "time": [True]}, "column timestamp holds Boolean"),
        ({"user": [1, float("inf")], "item": [1, 2]}, "row 2: user inf is not an id"),
        ({"user": [1], "item": ["a\0"]}, "item ids must not contain the character NUL"),
        ({"items": [1]}, "no user column; found items; rename one to user, or name it with user="),
        (pd.DataFrame({"user": [1, None], "item": [1, 2]}), "row 2: user is missing"),
        (pd.DataFrame([[1, 2, 3]], columns=["user", "item", "item"]), "a column name stands twice"),
        (pd.DataFrame({0: [1], 1: [2]}), "no user column; found 0, 1"),
        ([1, 2], "must be a polars or pandas frame"),
        (None, "must be a polars or pandas frame"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(frame: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        lt.Interactions.from_frame(frame)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        ([1.0, 2.0], [1, 2]),
        ([1.5, 2.0], ["1.5", "2.0"]),
        ([1, "a"], ["1", "a"]),
        ([True, False], ["true", "false"]),
        ([2**63, 1], [str(2**63), "1"]),
        (pl.Series(["b", "a"], dtype=pl.Categorical), ["b", "a"]),
        (pl.Series([3, 4], dtype=pl.UInt8), [3, 4]),
    ],
)
def test_ids_in_a_table(column: Any, ids: list[Any]) -> None:
    assert lt.Interactions.from_frame({"user": column, "item": [1, 1]}).to_frame()["user"].to_list() == ids


def test_a_rating_off_the_scale_is_a_bad_row() -> None:
    columns = {"user": [1, 2, 3], "item": [1, 1, 1], "rating": [0.5, 99.0, 5.0]}
    with pytest.raises(DataError, match=r"row 2: rating 99\.0 is not within the scale 0.5 to 5; 1 bad in all"):
        lt.Interactions.from_frame(columns, scale=(0.5, 5))
    assert len(lt.Interactions.from_frame(columns, scale=(0.5, 5), bad_rows="drop")) == 2


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("User ID", "user"),
        ("reviewerID", "user"),
        ("movie_id", "item"),
        ("ASIN", "item"),
        ("unixReviewTime", "timestamp"),
    ],
)
def test_usual_names_are_recognised(name: str, column: str) -> None:
    assert columns.find(["other", name], column) == name


def test_a_column_named_for_one_part_is_not_taken_for_another() -> None:
    frame = {"user": ["x"], "item": [1], "id": [7]}
    assert lt.Interactions.from_frame(frame, user="id", item="user").to_frame().rows() == [(7, "x", 1.0)]
    counted = lt.Interactions.from_frame({"user": [1], "item": [2], "count": [9]}, timestamp="count")
    assert (counted.feedback, counted.to_frame().rows()) == ("implicit", [(1, 2, 1.0, 9)])
