"""`Impressions`: what was shown to whom and in which situation, and whether it was clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from longtail.data.frozen import digest, owned, sealed
from longtail.data.ids import Ids
from longtail.errors import DataError
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["Field", "Impressions"]


@dataclass(frozen=True, eq=False)
class Field:
    """One column of a click table.

    Attributes:
        values: (n,) int32 codes of one value each, an index into `ids` or `len(ids)` for one that is not among them;
            (n,) float32 numbers; or, of lists of values, (n, len(ids)) CSR with a 1 for each value that is known.
        ids: what the codes stand for; None for numbers.
    """

    values: AnyArray | sparse.csr_array
    ids: Ids | None = None

    @property
    def kind(self) -> str:
        """What a row holds: a "number", a "value" or a "list"."""
        if self.ids is None:
            return "number"
        return "list" if sparse.issparse(self.values) else "value"

    def in_terms_of(self, ids: Ids | None) -> Field:
        """The same column in the codes of other ids; a value that is not among them becomes unknown.

        Raises:
            DataError: if one holds numbers and the other does not.
        """
        if (self.ids is None) != (ids is None):
            raise DataError(f"it holds {self.kind}s here and something else where the model learned")
        if self.ids is None or ids is None or self.ids == ids:
            return self
        codes = np.append(ids.index(self.ids.values, missing=-1), -1)
        if isinstance(self.values, sparse.csr_array):
            known = codes[self.values.indices] >= 0
            rows = np.repeat(np.arange(self.values.shape[0]), np.diff(self.values.indptr))[known]
            return Field(_listed(rows, codes[self.values.indices[known]], self.values.shape[0], len(ids)), ids)
        moved = codes[self.values]
        return Field(sealed(np.where(moved < 0, len(ids), moved).astype(np.int32)), ids)

    def take(self, rows: AnyArray) -> Field:
        """The column of these rows."""
        taken = self.values[rows]
        return Field(taken if sparse.issparse(taken) else sealed(taken), self.ids)


@dataclass(frozen=True, eq=False, repr=False)
class Impressions:
    """Immutable rows of what was shown, each with its fields and a label: 1 clicked (installed, bought), 0 not.

    Attributes:
        labels: (n,) float32, 0 or 1.
        fields: columns by name.
        user: the field that says to whom, or None; metrics of each user need it.
        item: the field that says what, or None.

    Examples:
        >>> table = {"label": [1, 0, 1], "user": ["ann", "bob", "ann"], "hour": [8, 9, 8], "price": [0.5, 2.0, 1.0]}
        >>> train = Impressions.from_frame(table, user="user")
        >>> train
        Impressions(3 rows, 67% clicked; fields user, hour, price)
        >>> train.fields["hour"].values.tolist(), train.fields["price"].kind
        ([0, 1, 0], 'number')
        >>> later = Impressions.from_frame({**table, "hour": [9, 23, 8]}, user="user", like=train)
        >>> later.fields["hour"].values.tolist()  # 23 o'clock is not known
        [1, 2, 0]
    """

    labels: FloatArray
    fields: Mapping[str, Field]
    user: str | None = None
    item: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", owned(self.labels, np.float32))
        for name in (self.user, self.item):
            if name is not None and (name not in self.fields or self.fields[name].kind != "value"):
                raise DataError(f"there is no field {name!r} of one value a row; found {', '.join(self.fields)}")

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        label: str = "label",
        fields: Sequence[str] | None = None,
        user: str | None = None,
        item: str | None = None,
        like: Impressions | None = None,
    ) -> Impressions:
        """Build from a polars, pandas or pyarrow table, or a dict of columns.

        A column of floats is a number, a column of lists has several values a row; in any other, each distinct value
        stands for itself: cast whole numbers that are amounts to float.

        Args:
            frame: the table.
            label: the column of 0 and 1.
            fields: the columns to learn from; by default all but the label.
            user: the one of them that says to whom, if any.
            item: the one of them that says what, if any.
            like: impressions whose fields and values these shall be told in; other values are unknown.

        Raises:
            DataError: no rows, a missing column, a label that is neither 0 nor 1, a field without a value; the message
                says where.
        """
        table = _table(frame)
        chosen = list(fields if fields is not None else like.fields if like is not None else table.columns)
        chosen = [name for name in chosen if name != label or fields is not None]
        for name in (label, *chosen, *filter(None, (user, item))):
            if name not in table.columns:
                raise DataError(f"no column {name!r}; found {', '.join(table.columns)}")
        if label in chosen:
            raise DataError(f"the label {label!r} cannot be a field too")
        if not len(table):
            raise DataError("the table has no rows")
        if not chosen:
            raise DataError(f"there is no column but the label {label!r}: nothing to learn from")
        found = {name: _field(table[name]) for name in chosen}
        if like is not None:
            found = {name: _alike(name, field, like) for name, field in found.items()}
        return cls(_labels(table[label]), found, user, item)

    def take(self, rows: Sequence[int] | AnyArray | BoolArray) -> Impressions:
        """The impressions of a boolean mask or an array of row numbers; ids are shared."""
        chosen = np.asarray(rows)
        if chosen.dtype == np.bool_ and len(chosen) != len(self):
            raise DataError(f"a mask of shape {chosen.shape} does not fit {len(self):,} rows")
        kept = {name: field.take(chosen) for name, field in self.fields.items()}
        return replace(self, labels=sealed(self.labels[chosen]), fields=kept)

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of labels and fields: equal data, equal fingerprint, on any machine."""
        columns: dict[str, AnyArray | None] = {"labels": self.labels}
        for name, field in self.fields.items():
            parts = {"": field.values}
            if isinstance(field.values, sparse.csr_array):
                parts = {" values": field.values.indices, " rows": field.values.indptr}
            columns |= {f"{name}{part}": np.ascontiguousarray(values) for part, values in parts.items()}
        words = [f"{name} {'' if field.ids is None else field.ids.fingerprint}" for name, field in self.fields.items()]
        return digest(words, columns)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        clicked = f"{self.labels.mean():.0%} clicked" if len(self) else "none clicked"
        return f"Impressions({len(self):,} rows, {clicked}; fields {', '.join(self.fields)})"


def _table(frame: Any) -> pl.DataFrame:
    kind = type(frame).__module__.partition(".")[0]
    try:
        if isinstance(frame, pl.DataFrame | pl.LazyFrame):
            return frame.lazy().collect()
        if kind == "pandas":
            return pl.DataFrame({str(name): frame[name].to_list() for name in frame.columns}, strict=False)
        if isinstance(frame, Mapping) or hasattr(frame, "__arrow_c_stream__"):
            return pl.DataFrame(frame)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"the table cannot be read ({str(error).partition(chr(10))[0]})") from None
    raise DataError(f"a table must be a polars or pandas frame, a pyarrow table or a dict, not {type(frame)}")


def _labels(column: pl.Series) -> FloatArray:
    numbers = column.cast(pl.Float64, strict=False).to_numpy()
    wrong = np.flatnonzero(~np.isin(numbers, (0.0, 1.0)))
    if len(wrong):
        raise DataError(f"row {wrong[0] + 1:,}: label {column[int(wrong[0])]!r} is neither 0 nor 1")
    return numbers.astype(np.float32)


def _field(column: pl.Series) -> Field:
    missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    if missing.any():
        row = missing.arg_max() or 0
        raise DataError(f"row {row + 1:,}: {column.name} has no value; fill in one that says so, such as 'none'")
    if column.dtype.is_float():
        if not column.is_finite().all():
            raise DataError(
                f"{column.name} holds {column.filter(~column.is_finite())[0]}, which is not a finite number"
            )
        return Field(owned(column.to_numpy(), np.float32))
    if isinstance(column.dtype, pl.List | pl.Array):
        lists = column.cast(pl.List(column.dtype.inner)) if isinstance(column.dtype, pl.Array) else column
        lists = lists.list.drop_nulls().list.unique(maintain_order=True)
        lengths = lists.list.len().to_numpy()
        ids, codes = Ids.encode(_as_ids(lists.explode().drop_nulls()), kind=column.name)
        return Field(_listed(np.repeat(np.arange(len(lists)), lengths), codes, len(lists), len(ids)), ids)
    ids, values = Ids.encode(_as_ids(column), kind=column.name)
    return Field(sealed(values), ids)


def _as_ids(column: pl.Series) -> pl.Series:
    """Whole numbers as they are, anything else as text."""
    if column.dtype.is_integer():
        narrowed = column.cast(pl.Int64, strict=False)
        return narrowed if not narrowed.null_count() else column.cast(pl.String)
    if column.dtype == pl.Object or column.dtype.is_nested() or column.dtype == pl.Binary:
        raise DataError(f"column {column.name} holds {column.dtype}; a field is numbers, words or lists of words")
    return column.cast(pl.String)


def _listed(rows: AnyArray, codes: IntArray, n: int, width: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(rows), dtype=np.float32), (rows, codes)), shape=(n, width))


def _alike(name: str, field: Field, like: Impressions) -> Field:
    if name not in like.fields:
        raise DataError(f"field {name!r} is not among those to be like: {', '.join(like.fields)}")
    try:
        return field.in_terms_of(like.fields[name].ids)
    except DataError as error:
        raise DataError(f"field {name!r}: {error}") from None
