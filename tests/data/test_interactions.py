"""Interactions against plain Python: building, duplicates, taking parts, matrices, and nobody else's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import longtail as lt
from longtail.data.duplicates import Duplicates
from longtail.errors import ConfigError, DataError

ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 10).map(lambda k: k / 2), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)
COLUMNS = ("user", "item", "rating", "timestamp")


def table(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=False)}


def merged_naively(rows: list[tuple[int, int, float, int]], policy: str) -> dict[tuple[int, int], tuple[float, int]]:
    groups: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for user, item, rating, time in rows:
        groups.setdefault((user, item), []).append((rating, time))
    kept = {}
    for pair, group in groups.items():
        ratings = [rating for rating, _ in group]
        latest = max(range(len(group)), key=lambda k: (group[k][1], k))
        value = {"last": ratings[latest], "sum": sum(ratings), "mean": sum(ratings) / len(ratings)}[policy]
        kept[pair] = (value, group[latest][1])
    return kept


@given(ROWS, st.sampled_from(["last", "mean", "sum"]))
def test_duplicates_are_merged_as_a_dict_would(rows: list[Any], policy: Duplicates) -> None:
    data = lt.Interactions.from_frame(table(rows), duplicates=policy)
    found = {(user, item): (value, time) for user, item, value, time in data.to_frame().iter_rows()}
    expected = merged_naively(rows, policy)
    assert set(found) == set(expected)
    for pair, (value, time) in expected.items():
        assert found[pair] == (pytest.approx(value), time)
    assert data.report is not None
    assert data.report.duplicates == len(rows) - len(expected)


@given(ROWS)
def test_rows_that_stay_keep_their_order(rows: list[Any]) -> None:
    data = lt.Interactions.from_frame(table(rows), duplicates="last")
    kept = data.to_frame().rows()
    place = {row: [k for k, other in enumerate(rows) if other == row][-1] for row in kept}
    assert [place[row] for row in kept] == sorted(place.values())


@given(ROWS)
def test_by_user_and_by_item_are_the_matrix_with_sorted_indices(rows: list[Any]) -> None:
    data = lt.Interactions.from_frame(table(rows), duplicates="last")
    naive = np.zeros((data.n_users, data.n_items), np.float32)
    naive[data.users, data.items] = data.values
    for matrix in (data.by_user, data.by_item):
        assert np.array_equal(matrix.toarray(), naive)
        assert matrix.has_sorted_indices
        assert matrix.nnz == len(data)
    assert data.user_counts.tolist() == (naive > 0).sum(axis=1).tolist()
    assert data.item_counts.tolist() == (naive > 0).sum(axis=0).tolist()


@given(ROWS, st.data())
def test_take_is_indexing_of_rows(rows: list[Any], draw: st.DataObject) -> None:
    data = lt.Interactions.from_frame(table(rows), duplicates="last")
    mask = np.array(draw.draw(st.lists(st.booleans(), min_size=len(data), max_size=len(data))))
    part, again = data.take(mask), data.take(np.flatnonzero(mask))
    every = data.to_frame().rows()
    assert part.to_frame().rows() == [row for row, wanted in zip(every, mask, strict=True) if wanted]
    assert part.fingerprint == again.fingerprint
    assert part.user_ids is data.user_ids
    assert part.scale == data.scale
    assert part.users_present() == [user for user in data.user_ids if user in set(part.to_frame()["user"])]


def test_take_of_nothing_and_of_a_wrong_mask(small: lt.Interactions) -> None:
    assert len(small.take([])) == len(small.take(np.zeros(len(small), bool))) == 0
    assert small.take([]).scale == small.scale
    with pytest.raises(DataError, match=r"a mask of shape \(2,\) does not fit 16 rows"):
        small.take(np.array([True, False]))


SOURCES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dict": lambda columns: columns,
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
    "pandas": pd.DataFrame,
    "pandas nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "pandas category": lambda columns: pd.DataFrame(columns).astype({"item": "category"}),
    "pandas objects": lambda columns: pd.DataFrame(columns).astype(object),
    "pyarrow": pa.table,
    "pyarrow chunked": lambda columns: pa.concat_tables([pa.table(columns).slice(0, 1), pa.table(columns).slice(1)]),
    "arrays": lambda columns: {name: np.array(column) for name, column in columns.items()},
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("ids", [[3, 1, 2], ["x", "y", "é"]])
def test_the_same_table_is_the_same_data_whatever_holds_it(source: str, ids: list[Any]) -> None:
    columns = {"userId": [7, 7, 8], "item": ids, "stars": [1.5, 2.0, 5.0], "ts": [5, 6, 7], "comment": ["", "a", "b"]}
    data = lt.Interactions.from_frame(SOURCES[source](columns))
    assert data.to_frame().rows() == [(7, ids[0], 1.5, 5), (7, ids[1], 2.0, 6), (8, ids[2], 5.0, 7)]
    assert data.fingerprint == lt.Interactions.from_frame(columns).fingerprint


def test_a_column_cannot_be_written_to(small: lt.Interactions) -> None:
    for column in (small.users, small.items, small.values):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
    with pytest.raises(AttributeError, match="cannot assign"):
        small.values = np.zeros(16, np.float32)  # type: ignore[misc]


@pytest.mark.parametrize(
    "hold", [pd.DataFrame, pa.table, pl.DataFrame, dict], ids=["pandas", "arrow", "polars", "dict"]
)
def test_what_the_caller_does_to_its_arrays_later_changes_nothing(hold: Callable[[Any], Any]) -> None:
    mine = {"user": np.array([1, 2]), "item": np.array([1, 2]), "rating": np.array([1, 2], np.float32)}
    mine["timestamp"] = np.array([5, 6])
    frame = hold(mine)
    data = lt.Interactions.from_frame(frame)
    for column in mine.values():
        column[:] = 9
    if isinstance(frame, pd.DataFrame):
        frame.loc[:, ["rating", "timestamp"]] = 9
    assert data.to_frame().rows() == [(1, 1, 1.0, 5), (2, 2, 2.0, 6)]


def test_columns_given_directly_are_copied_unless_out_of_reach(small: lt.Interactions) -> None:
    users, items, values = np.array([0], np.int32), np.array([0], np.int32), np.array([3], np.float32)
    view = values.view()
    view.flags.writeable = False  # read-only to us, but not to the caller
    data = lt.Interactions(users, items, view, small.user_ids, small.item_ids, times=[5])  # type: ignore[arg-type]
    users[0] = values[0] = 4
    assert (data.users[0], data.values[0], data.times.tolist()) == (0, 3.0, [5])  # type: ignore[union-attr]
    assert small.with_scale(0, 5).values is small.values


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"users": [0, 9]}, "a user index is outside the 2 known users"),
        ({"items": [-1, 0]}, "a item index is outside"),
        ({"values": [1.0]}, r"column values has shape \(1,\), users has \(2,\)"),
        ({"users": [[0, 1]]}, "has shape"),
        ({"values": [1.0, np.nan]}, "value nan is not a finite number"),
        ({"feedback": "loud"}, "feedback must be explicit or implicit, not 'loud'"),
        ({"scale": (5, 1)}, r"scale must be \(lowest, highest\), not \(5, 1\)"),
        ({"scale": (np.nan, 1)}, "scale must be"),
        ({"scale": 5}, "scale must be"),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(change: dict[str, Any], words: str) -> None:
    ids = lt.Ids([1, 2], kind="user"), lt.Ids([1, 2], kind="item")
    parts: dict[str, Any] = {
        "users": [0, 1],
        "items": [0, 1],
        "values": [1.0, 2.0],
        "user_ids": ids[0],
        "item_ids": ids[1],
    }
    with pytest.raises((DataError, ConfigError), match=words):
        lt.Interactions(**{**parts, **change})


def test_duplicates_are_an_error_in_ratings_and_a_sum_in_clicks() -> None:
    columns: dict[str, list[Any]] = {"user": [1, 2, 1], "item": [5, 5, 5]}
    with pytest.raises(DataError, match=r"1 rows repeat a pair of user and item, first row 3 \(user 1, item 5\)"):
        lt.Interactions.from_frame({**columns, "rating": [1, 2, 3]})
    with pytest.raises(DataError, match=r"3 rows repeat a pair of user and item, first row 3 \(user 7, item 1\)"):
        lt.Interactions.from_frame({"user": [9, 7, 7, 9, 7], "item": [1] * 5, "rating": [1.0] * 5})
    clicks = lt.Interactions.from_frame(columns)
    assert (clicks.feedback, clicks.scale, clicks.values.tolist()) == ("implicit", None, [1.0, 2.0])
    summed = lt.Interactions.from_frame({**columns, "rating": [1, 2, 3]}, duplicates="sum")
    assert summed.scale == (2.0, 4.0)
    assert str(summed.report) == "3 rows read, 1 merged into others of the same pair by 'sum'"
    with pytest.raises(ConfigError, match="duplicates must be one of error, last, mean, sum, keep, not 'first'"):
        lt.Interactions.from_frame(columns, duplicates="first")  # type: ignore[arg-type]


def test_feedback_can_be_said() -> None:
    columns = {"user": [1], "item": [5], "rating": [3]}
    assert lt.Interactions.from_frame(columns, feedback="implicit").scale is None
    with pytest.raises(DataError, match="explicit feedback needs a rating column; found user, item"):
        lt.Interactions.from_frame({"user": [1], "item": [5]}, feedback="explicit")
    with pytest.raises(ConfigError, match="feedback must be"):
        lt.Interactions.from_frame(columns, feedback="loud")  # type: ignore[arg-type]


def test_sessions_are_numbered_and_kept() -> None:
    data = lt.Interactions.from_frame({"user": [1, 1, 2], "item": [1, 2, 1], "sessionId": ["s", "t", "s"]})
    assert data.sessions is not None
    assert data.sessions.tolist() == [0, 1, 0]
    assert data.take([1]).to_frame()["session"].to_list() == [1]


def test_from_scipy_checks_what_it_is_given() -> None:
    matrix = sparse.csr_matrix(np.array([[5.0, 0.0], [0.0, 2.0]]))
    data = lt.Interactions.from_scipy(matrix, user_ids=["a", "b"], item_ids=lt.Ids([3, 4], kind="item"), scale=(1, 5))
    assert data.to_frame().rows() == [("a", 3, 5.0), ("b", 4, 2.0)]
    assert data.scale == (1.0, 5.0)
    with pytest.raises(DataError, match="1 user ids and 2 item ids do not fit a 2 x 2 matrix"):
        lt.Interactions.from_scipy(matrix, user_ids=["a"])
    twice = sparse.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(2, 2))
    with pytest.raises(DataError, match="repeat a pair"):
        lt.Interactions.from_scipy(twice)
    assert lt.Interactions.from_scipy(twice, feedback="implicit").values.tolist() == [3.0]


def test_fingerprint_is_stable_and_tells_data_apart(small: lt.Interactions) -> None:
    again = lt.Interactions.from_frame(small.to_frame())
    assert small.fingerprint == again.fingerprint == "9153fdc9398fca66"
    assert again.with_catalog(None).fingerprint == small.fingerprint
    timed = lt.Interactions.from_frame(small.to_frame().with_columns(timestamp=pl.int_range(16)))
    others = [small.take(np.arange(15)), small.with_scale(0, 5), small.take(np.arange(16)[::-1]), timed]
    assert len({small.fingerprint, *(data.fingerprint for data in others)}) == 5
    assert small.with_scale(0, 5).fingerprint == small.with_scale(0.0, np.float32(5)).fingerprint


def test_an_empty_part_still_answers(small: lt.Interactions) -> None:
    nothing = small.take([])
    assert nothing.to_frame().shape == (0, 3)
    assert nothing.by_user.shape == (5, 6)
    assert nothing.users_present() == []
    assert repr(nothing).startswith("Interactions(0 explicit ratings")
