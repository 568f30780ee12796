import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from longtail.data.ids import Ids
from longtail.data.impressions import Field, Impressions
from longtail.errors import DataError

TABLE = {
    "label": [1, 0, 1, 0],
    "user": ["ann", "bob", "ann", "cy"],
    "hour": [8, 9, 8, 10],
    "price": [0.5, 2.0, 1.0, 4.0],
    "tags": [["new", "cheap"], [], ["cheap"], ["new", "new"]],
}


def test_columns_are_read_by_their_types() -> None:
    data = Impressions.from_frame(TABLE, user="user")
    assert data.labels.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert {name: field.kind for name, field in data.fields.items()} == {
        "user": "value",
        "hour": "value",
        "price": "number",
        "tags": "list",
    }
    assert data.fields["user"].values.dtype == np.int32
    assert data.fields["user"].values.tolist() == [0, 1, 0, 2]
    assert data.fields["hour"].ids == Ids([8, 9, 10])
    assert data.fields["tags"].values.toarray().tolist() == [[1, 1], [0, 0], [0, 1], [1, 0]]  # "new" once a row
    assert repr(data) == "Impressions(4 rows, 50% clicked; fields user, hour, price, tags)"


@pytest.mark.parametrize("made", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.table])
def test_any_table_is_the_same(made: type) -> None:
    assert Impressions.from_frame(made(TABLE)).fingerprint == Impressions.from_frame(TABLE).fingerprint


def test_chosen_fields_only() -> None:
    data = Impressions.from_frame({**TABLE, "clicked": TABLE["label"]}, label="clicked", fields=["hour"])
    assert list(data.fields) == ["hour"]


def test_other_tables_are_told_in_the_same_values() -> None:
    train = Impressions.from_frame(TABLE, user="user")
    later = {
        **TABLE,
        "user": ["dee", "cy", "ann", "bob"],
        "hour": [23, 8, 9, 8],
        "tags": [["old"], ["old", "new"], [], []],
    }
    test = Impressions.from_frame(later, user="user", like=train)
    assert test.fields["user"].values.tolist() == [3, 2, 0, 1]
    assert test.fields["hour"].values.tolist() == [3, 0, 1, 0]
    assert test.fields["hour"].ids is train.fields["hour"].ids or test.fields["hour"].ids == train.fields["hour"].ids
    assert test.fields["tags"].values.toarray().tolist() == [[0, 0], [1, 0], [0, 0], [0, 0]]
    back = test.fields["user"].in_terms_of(Ids(["cy", "ann"]))
    assert back.values.tolist() == [2, 0, 1, 2]  # what was unknown before stays so


def test_parts_share_ids() -> None:
    data = Impressions.from_frame(TABLE)
    part = data.take(np.array([True, False, False, True]))
    assert part.labels.tolist() == [1.0, 0.0]
    assert part.fields["user"].values.tolist() == [0, 2]
    assert part.fields["user"].ids is data.fields["user"].ids
    assert part.fields["tags"].values.toarray().tolist() == [[1, 1], [1, 0]]
    assert data.take([3, 0]).fields["price"].values.tolist() == [4.0, 0.5]


def test_nothing_can_be_written() -> None:
    mine = np.array([0.5, 1.5])
    data = Impressions.from_frame({"label": [0, 1], "price": mine, "hour": [1, 2]})
    mine[0] = 9.0
    assert data.fields["price"].values.tolist() == [0.5, 1.5]
    for column in (data.labels, data.fields["price"].values, data.fields["hour"].values, data.take([0]).labels):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({}, {"label": "click"}, "no column 'click'; found label, user, hour, price, tags"),
        ({}, {"fields": ["city"]}, "no column 'city'; found label, user, hour, price, tags"),
        ({}, {"user": "who"}, "no column 'who'; found label, user, hour, price, tags"),
        ({}, {"user": "price"}, "there is no field 'price' of one value a row; found user, hour, price, tags"),
        ({}, {"fields": ["label", "hour"]}, "the label 'label' cannot be a field too"),
        ({}, {"fields": []}, "there is no column but the label 'label': nothing to learn from"),
        ({"label": [1, 0, 2, 0]}, {}, "row 3: label 2 is neither 0 nor 1"),
        ({"label": [1, 0, None, 0]}, {}, "row 3: label None is neither 0 nor 1"),
        ({"label": ["yes", "no", "no", "no"]}, {}, "row 1: label 'yes' is neither 0 nor 1"),
        ({"price": [0.5, float("nan"), 1.0, 1.0]}, {}, "row 2: price has no value"),
        ({"price": [0.5, float("inf"), 1.0, 1.0]}, {}, "price holds inf, which is not a finite number"),
        ({"user": ["ann", None, "cy", "cy"]}, {}, "row 2: user has no value"),
        ({"user": [b"a", b"b", b"c", b"d"]}, {}, "column user holds Binary; a field is numbers, words or lists"),
        ({name: [] for name in TABLE}, {}, "the table has no rows"),
        ({"hour": [1]}, {}, "the table cannot be read"),
    ],
)
def test_bad_tables_are_refused(change: dict, options: dict, said: str) -> None:
    with pytest.raises(DataError) as caught:
        Impressions.from_frame(TABLE | change, **options)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(DataError, match="a table must be a polars or pandas frame"):
        Impressions.from_frame(7)


def test_a_field_of_another_kind_or_name_is_refused() -> None:
    train = Impressions.from_frame(TABLE)
    with pytest.raises(DataError, match="field 'hour': it holds numbers here"):
        Impressions.from_frame({**TABLE, "hour": [1.0, 2.0, 3.0, 4.0]}, like=train)
    with pytest.raises(DataError, match="field 'city' is not among those to be like: user, hour"):
        Impressions.from_frame({**TABLE, "city": [1, 2, 3, 4]}, fields=["city"], like=train)
    with pytest.raises(DataError, match="a mask of shape"):
        train.take(np.array([True]))
    assert Field(np.zeros(1, dtype=np.float32)).in_terms_of(None).kind == "number"


def test_the_fingerprint_tells_data_apart() -> None:
    prints = {
        Impressions.from_frame(TABLE | change).fingerprint
        for change in (
            {},
            {"label": [0, 0, 1, 0]},
            {"hour": [8, 9, 8, 11]},
            {"tags": [["new"], [], ["cheap"], ["new"]]},
        )
    }
    assert len(prints) == 4
