"""Files of interactions: separated text and Parquet, read no further than the columns we use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import polars as pl

from longtail.data import columns, delimited
from longtail.data.tidying import BadRows, check_choice, checked_scale, tidy
from longtail.errors import DataError

__all__ = ["BadRows", "LoadReport", "check_choice", "checked_scale", "naming", "read_csv", "read_parquet", "tidy"]

_Names = Mapping[str, str | None]


@dataclass(frozen=True)
class LoadReport:
    """What happened on the way in: nothing is dropped without standing here."""

    rows_read: int
    bad_rows: int = 0
    duplicates: int = 0
    policy: str = "error"

    def __str__(self) -> str:
        parts = [f"{self.rows_read:,} rows read"]
        if self.bad_rows:
            parts.append(f"{self.bad_rows:,} bad dropped")
        if self.duplicates:
            parts.append(f"{self.duplicates:,} merged into others of the same pair by '{self.policy}'")
        return ", ".join(parts)


@contextlib.contextmanager
def naming(path: str | Path, hint: str = "") -> Iterator[None]:
    """Put the file's name before the message of any `DataError` raised inside, and a hint behind it."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {error}{hint}") from None


def read_csv(
    path: str | Path,
    names: _Names,
    *,
    separator: str | None = None,
    header: bool | None = None,
    bad_rows: BadRows = "error",
) -> tuple[pl.DataFrame, int]:
    """The columns we use of a file of separated text, under our names, and how many rows the file has.

    Arguments and errors as for `Interactions.from_csv`; `names` says which column plays which part where that cannot
    be told from its name. Values are not yet checked: `tidy` does that.
    """
    check_choice("bad_rows", bad_rows, get_args(BadRows))
    layout = delimited.sniff(path, separator=separator, header=header)
    hint = (
        "; if the first line is data, put one with names above it or pass header=False"
        if layout.header and header is None
        else ""
    )
    with naming(path, hint):
        chosen = columns.match(layout.names, names)
    return delimited.read(layout, chosen, drop_bad_rows=bad_rows == "drop")


def read_parquet(path: str | Path, names: _Names) -> pl.DataFrame:
    """The columns we use of a Parquet file, under our names.

    Raises:
        DataError: no such file, not a Parquet file, or no user or item column.
    """
    delimited.require_file(path)
    try:
        found = list(pl.read_parquet_schema(path))
        with naming(path):
            chosen = columns.match(found, names)
        table = pl.read_parquet(path, columns=list(dict.fromkeys(chosen.values())))
    except (pl.exceptions.PolarsError, OSError) as error:
        first_line = str(error).partition("\n")[0]
        raise DataError(f"{path} is not a complete Parquet file ({first_line})") from None
    return table.select(pl.col(source).alias(column) for column, source in chosen.items())
