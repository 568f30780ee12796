"""Ids: there and back again, whatever the ids are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtail.data.ids import Ids
from longtail.errors import DataError, UnknownIdError

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
COLUMNS = st.one_of(st.lists(INTEGERS, max_size=40), st.lists(TEXTS, max_size=40))


@given(COLUMNS)
def test_encode_then_decode_gives_the_column_back(column: list[Any]) -> None:
    ids, codes = Ids.encode(column)
    assert ids[codes].tolist() == column
    assert ids.values.tolist() == list(dict.fromkeys(column))
    assert codes.dtype == np.int32


@given(COLUMNS)
def test_a_series_is_coded_as_a_list(column: list[Any]) -> None:
    ids, codes = Ids.encode(column)
    others, other_codes = Ids.encode(pl.Series(column, dtype=None if column else pl.Int64))
    assert ids == others
    assert codes.tolist() == other_codes.tolist()


@given(COLUMNS, st.lists(st.one_of(INTEGERS, TEXTS, st.floats(), st.none(), st.booleans()), max_size=10))
def test_index_agrees_with_a_dict(column: list[Any], asked: list[Any]) -> None:
    ids = Ids(dict.fromkeys(column))
    known = {value: place for place, value in enumerate(ids)}
    expected = [-1 if isinstance(value, bool) else known.get(value, -1) for value in [*asked, *column]]
    assert ids.index([*asked, *column], missing=-1).tolist() == expected


@pytest.mark.parametrize(
    "asked",
    [
        [7, 50], (7, 50), np.array([7, 50]), np.array([7, 50], np.uint64), np.array([7.0, 50.0]), [np.int64(7), 50],
        pl.Series([7, 50]), pd.Series([7, 50]), {7: 1.0, 50: 2.0}, [7.0, 50],
    ],
)  # fmt: skip
def test_ids_may_be_asked_for_in_any_container(asked: Any) -> None:
    assert Ids([50, 7, 1]).index(asked).tolist() == [1, 0]


def test_lookup_keeps_the_shape_and_takes_no_time_off_empty_input() -> None:
    ids = Ids(["a", "b"])
    assert ids.index(np.array([["b", "a"], ["a", "a"]])).tolist() == [[1, 0], [0, 0]]
    assert ids.index([]).tolist() == []
    assert Ids([]).index(["a"], missing=-1).tolist() == [-1]
    assert ids.index(["c"], missing=5).tolist() == [5]


def test_large_unsigned_numbers_do_not_wrap_or_round() -> None:
    ids = Ids([-1, 2**53])
    assert ids.index(np.array([2**64 - 1, 2**53 + 1], np.uint64), missing=-1).tolist() == [-1, -1]
    assert ids.index([2**70, 2**53 + 1], missing=-1).tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2, 1], "1 stands twice"),
        (["a", "a"], "'a' stands twice"),
        ([1, "a"], "int, str"),
        ([1.5], "float"),
        ([True, False], "bool"),
        ([None], "NoneType"),
        ([2**63], "beyond 64 bits"),
        (np.array([2**64 - 1], np.uint64), "beyond 64 bits"),
        (["a\0"], "NUL"),
        (["\ud800"], "not a character"),
        (np.ones((2, 2), np.int64), "shape"),
    ],
)
def test_what_cannot_be_an_id_is_refused_in_one_line(values: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        Ids(values, kind="user")
    assert "\n" not in str(caught.value)


def test_an_unknown_id_says_what_is_known_and_what_differs() -> None:
    with pytest.raises(UnknownIdError, match=r"unknown user 9 \(3 users are known, such as 50\)$"):
        Ids([50, 7, 1], kind="user").index([7, 9])
    with pytest.raises(UnknownIdError, match="the ids are integers, '7' is text"):
        Ids([50, 7, 1], kind="user").index(["7"])
    with pytest.raises(DataError, match=r"give a list of item ids, such as \['a'\]"):
        Ids(["a"], kind="item").index("a")


def test_values_cannot_be_written_to_and_are_nobody_elses() -> None:
    mine = np.array([3, 4])
    ids = Ids(mine)
    mine[0] = 9
    assert ids.values.tolist() == [3, 4]
    with pytest.raises(ValueError, match="read-only"):
        ids.values[0] = 1


def test_equality_membership_and_text() -> None:
    ids = Ids([1, 2])
    assert ids == Ids(np.array([1, 2], np.int32))
    assert ids != Ids([2, 1])
    assert ids != Ids(["1", "2"])
    assert hash(ids) == hash(Ids([1, 2]))
    assert 2 in ids
    assert "2" not in ids
    assert Ids(ids) == ids
    assert (ids.parse("85"), ids.parse("ann"), Ids(["a"]).parse("85")) == (85, "ann", "85")


def test_fingerprint_is_that_of_the_ids_and_their_order() -> None:
    assert Ids([1, 2]).fingerprint == Ids(np.array([1, 2], np.int16)).fingerprint == "0eb3337521deb422"
    assert len({Ids(v).fingerprint for v in ([1, 2], [2, 1], ["1", "2"], ["12", ""], ["1", "2", ""], [])}) == 6
