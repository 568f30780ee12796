"""From a foreign table to tidy columns with our names; bad rows are counted, never silently dropped.

In messages rows are counted from 1, without the header. What a column may hold:

- user, item, session: integers, or anything else as text; numbers such as 7.0 are integers.
- rating: numbers, or text that reads as numbers; finite.
- timestamp: integers (seconds since 1970; milli-, micro- or nanoseconds when every one of them would lie beyond the
  year 5138 as seconds), datetimes (UTC unless they carry a zone), dates, or ISO 8601 text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import polars as pl

from longtail.data import columns
from longtail.errors import ConfigError, DataError

__all__ = ["BadRows", "check_choice", "checked_scale", "tidy"]

BadRows = Literal["error", "drop"]
_Names = Mapping[str, str | None]


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise `ConfigError` unless `value` is one of `allowed`."""
    if value not in allowed:
        raise ConfigError(f"{name} must be {' or '.join(allowed)}, not {value!r}")


def checked_scale(scale: Any) -> tuple[float, float]:
    """A rating scale as two floats, lowest first, or a `ConfigError`."""
    try:
        low, high = (float(end) for end in scale)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if not low <= high:
        raise ConfigError(f"scale must be (lowest, highest), not {scale!r}")
    return low, high


def tidy(
    frame: Any, names: _Names, *, bad_rows: BadRows = "error", scale: tuple[float, float] | None = None
) -> tuple[pl.DataFrame, int]:
    """A polars frame with our column names and types, and the number of bad rows dropped.

    Args:
        frame: a polars frame (lazy or not), pandas frame, pyarrow table, anything that exports an Arrow stream, or a
            dict of columns.
        names: for each of our columns, its name in `frame`, or None to recognise it.
        bad_rows: "error" or "drop".
        scale: lowest and highest rating allowed, or None.

    Raises:
        DataError: no rows, no user or item column, a bad row; the message says where and what to do.

    Examples:
        >>> tidy({"userId": [1.0, 2.0], "movie": ["a", "b"], "stars": ["4.5", "3"]}, dict.fromkeys(columns.ALIASES))[0]
        shape: (2, 3)
        ...
    """
    check_choice("bad_rows", bad_rows, get_args(BadRows))
    source = _selected(frame, names)
    if not len(source):
        raise DataError("the table has no rows")
    limits = None if scale is None else checked_scale(scale)
    table = pl.DataFrame([_CONVERT[column](source[column]) for column in source.columns])
    if limits is not None and columns.RATING in table.columns:
        low, high = (pl.lit(end, dtype=pl.Float32) for end in limits)
        inside = pl.col(columns.RATING).is_between(low, high)
        table = table.with_columns(pl.when(inside).then(pl.col(columns.RATING)))
    bad = len(table) - len(table.drop_nulls()) if any(column.null_count() for column in table) else 0
    if bad and bad_rows == "error":
        raise DataError(f"{_first_bad(source, table, limits)}; {bad:,} bad in all: mend them or pass bad_rows='drop'")
    if bad == len(table):
        raise DataError(f"all {bad:,} rows are bad, such as {_first_bad(source, table, limits)}")
    return (table.drop_nulls() if bad else table), bad


def _first_bad(source: pl.DataFrame, table: pl.DataFrame, limits: tuple[float, float] | None) -> str:
    row = table.select(pl.any_horizontal(pl.all().is_null()).arg_max()).item()
    column = next(name for name in table.columns if table[name][row] is None)
    value = source[column][row]
    if value is None:
        return f"row {row + 1:,}: {column} is missing"
    number = "a number" if isinstance(value, str) else "a finite number"
    wanted = {columns.RATING: number, columns.TIME: "a time"}.get(column, "an id")
    if limits is not None and column == columns.RATING and _ratings(source[column])[row] is not None:
        wanted = f"within the scale {limits[0]:g} to {limits[1]:g}"
    return f"row {row + 1:,}: {column} {_shortened(value)} is not {wanted}"


def _selected(frame: Any, names: _Names) -> pl.DataFrame:
    """The columns we use, under our names, still with the types they had."""
    if type(frame).__module__.partition(".")[0] == "pandas":
        return _from_columns({str(name): frame[name] for name in getattr(frame, "columns", ())}, names)
    if isinstance(frame, Mapping):
        return _from_columns({str(name): values for name, values in frame.items()}, names)
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame) and hasattr(frame, "__arrow_c_stream__"):
        frame = pl.DataFrame(frame)
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise DataError(f"a table must be a polars or pandas frame, a pyarrow table or a dict, not {type(frame)}")
    chosen = columns.match(frame.lazy().collect_schema().names(), names)
    return frame.lazy().select(pl.col(source).alias(column) for column, source in chosen.items()).collect()


def _from_columns(found: Mapping[str, Any], names: _Names) -> pl.DataFrame:
    chosen = columns.match(list(found), names)
    try:
        return pl.DataFrame([_series(found[source]).alias(column) for column, source in chosen.items()])
    except pl.exceptions.ShapeError as error:
        raise DataError(f"the columns differ in length ({_first_line(error)})") from None


def _series(values: Any) -> pl.Series:
    """A polars series; a column of Python objects that differ in type becomes text, its NaNs become nulls."""
    if isinstance(values, pl.Series):
        return values
    if getattr(values, "ndim", 1) != 1:
        raise DataError(f"a column name stands twice, or a column has the shape {values.shape}")
    try:
        if str(getattr(values, "dtype", object)) not in ("object", str(object)):
            return pl.Series(values)
        known = values.where(values.notna(), None) if hasattr(values, "notna") else values
        listed = [None if value != value else value for value in known]
        return pl.Series(listed, strict=len({type(value) for value in listed} - {type(None)}) == 1)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise DataError(f"a column cannot be read ({_first_line(error)})") from None


def _ids(series: pl.Series) -> pl.Series:
    kind = series.dtype
    if kind == pl.Object or kind.is_nested() or kind == pl.Binary:
        raise DataError(f"column {series.name} holds {kind}; ids are integers or text")
    if kind == pl.Null or kind.is_integer():
        narrowed = series.cast(pl.Int64, strict=False)
        return narrowed if narrowed.null_count() == series.null_count() else series.cast(pl.String)
    if kind.is_float():
        finite = series.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series()
        whole = ((finite == finite.floor()) & (finite.abs() < 2**53)).all()
        return finite.cast(pl.Int64 if whole else pl.String)
    return series.cast(pl.String)


def _ratings(series: pl.Series) -> pl.Series:
    kind = series.dtype
    if kind in (pl.String, pl.Categorical, pl.Enum):
        numbers = series.cast(pl.String).str.strip_chars().cast(pl.Float32, strict=False)
    elif kind.is_numeric() or kind in (pl.Boolean, pl.Null):
        numbers = series.cast(pl.Float32)
    else:
        raise DataError(f"column {series.name} holds {kind}; ratings are numbers")
    return numbers.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series()


def _seconds(series: pl.Series) -> pl.Series:
    kind = series.dtype
    if kind == pl.String:
        series = _times_in_text(series)
    if series.dtype.is_temporal() and series.dtype not in (pl.Time, pl.Duration):
        return series.dt.epoch("s").cast(pl.Int64)
    if not series.dtype.is_numeric() and series.dtype != pl.Null:
        raise DataError(f"column {series.name} holds {kind}; times are integers, datetimes, dates or ISO text")
    numbers = (series.floor() if series.dtype.is_float() else series).cast(pl.Int64, strict=False)
    least = numbers.min()
    fold = next((1000**k for k in (3, 2, 1) if isinstance(least, int) and least >= 10**8 * 1000**k), 1)
    return numbers if fold == 1 else numbers // fold


def _times_in_text(series: pl.Series) -> pl.Series:
    numbers = series.str.strip_chars().cast(pl.Int64, strict=False)
    if numbers.null_count() < len(numbers):
        return numbers
    text = series.str.strip_chars().str.replace(r"(\d\d:\d\d:\d\d)[.,]\d+", "$1")
    iso = text.to_frame().select(pl.when(pl.first().str.contains(r"^\d{4}-\d\d-\d\d")).then(pl.first())).to_series()
    try:
        return iso.str.to_datetime(strict=False)
    except pl.exceptions.PolarsError:
        return numbers


_CONVERT: dict[str, Callable[[pl.Series], pl.Series]] = {
    columns.USER: _ids,
    columns.ITEM: _ids,
    columns.RATING: _ratings,
    columns.TIME: _seconds,
    columns.SESSION: _ids,
}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
