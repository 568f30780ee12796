"""What a catalog says of items or users, as features: numbers in bins, words, lists of words.

Models that learn from any features take an attribute as a sparse matrix with a column for each of its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from scipy import sparse

from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.errors import DataError
from longtail.types import AnyArray, IntArray

__all__ = ["Attributes", "attribute_features"]

Attributes: TypeAlias = Literal["auto", "none"] | tuple[str, ...]

BINS = 10
MOST_WORDS = 64
IDENTIFIES = 0.9


def attribute_features(catalog: Catalog | None, kind: str, ids: Ids, wanted: Attributes) -> dict[str, sparse.csr_array]:
    """The features of what the catalog says of items or users, by column.

    A number or a date becomes one of ten bins with equally many items each, a word or a truth value itself, a list of n
    words (such as genres) each of them with the value n^-1/2; where nothing is known there is no feature.

    Args:
        catalog: may be None where nothing is wanted for certain.
        kind: "item" or "user".
        ids: whose rows to make.
        wanted: names of columns, "none", or "auto" for all that can be used: numbers, lists of words, and words of
            which there are at most 64; no titles, and no whole numbers that are different for most.

    Raises:
        DataError: for a column that is not there, or not of a kind that can be used.
    """
    frame = None if catalog is None else catalog.items if kind == "item" else catalog.users
    if wanted == "none" or (frame is None and wanted == "auto"):
        return {}
    names = [] if wanted == "auto" else list(wanted)
    columns = [] if frame is None else [name for name in frame.columns if name != kind]
    strangers = [name for name in names if name not in columns]
    if frame is None or strangers:
        held = f"it has {', '.join(columns)}" if columns else "there is none"
        raise DataError(f"the catalog has no {kind} attribute {' or '.join(strangers)}; {held}")
    place = ids.index(frame[kind].to_list(), missing=-1)
    known = frame.filter(pl.Series(place >= 0))
    rows = place[place >= 0]
    found = {name: _features(known[name], rows, len(ids)) for name in names or columns if names or _useful(known[name])}
    unusable = [name for name, matrix in found.items() if matrix is None]
    if unusable and names:
        raise DataError(f"the {kind} attribute {unusable[0]} is {known[unusable[0]].dtype}; it makes no features")
    return {name: matrix for name, matrix in found.items() if matrix is not None}


def _useful(column: pl.Series) -> bool:
    """Whether a column nobody asked for says something of more than one row."""
    if isinstance(column.dtype, pl.List):
        return True
    known = column.drop_nulls()
    different = known.n_unique()
    if column.dtype == pl.String:
        return column.name != "title" and 1 < different <= MOST_WORDS
    identifies = column.dtype.is_integer() and different > IDENTIFIES * len(known)
    return different > 1 and not identifies


def _features(column: pl.Series, rows: IntArray, n_rows: int) -> sparse.csr_array | None:
    """One column of a catalog as features (n_rows, n_values), or None if it is of no kind that can be used."""
    dtype = column.dtype
    if isinstance(dtype, pl.List) and dtype.inner == pl.String:
        lists = column.list.drop_nulls()
        lengths = lists.list.len().fill_null(0).to_numpy()
        words = lists.explode().drop_nulls().to_list()
        values = np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths)
        return _one_hot(np.repeat(rows, lengths), words, values, n_rows)
    if dtype.is_float():
        column = pl.select(pl.when(column.is_finite()).then(column)).to_series()
    known = column.is_not_null().to_numpy()
    held: AnyArray | list[Any]
    if dtype.is_numeric() or dtype.is_temporal():
        numbers = column.drop_nulls().cast(pl.Float64, strict=False).to_numpy()
        edges = np.quantile(numbers, np.arange(1, BINS) / BINS) if len(numbers) else numbers
        held = np.searchsorted(np.unique(edges), numbers, side="right")
    elif dtype in (pl.String, pl.Boolean, pl.Categorical):
        held = column.drop_nulls().to_list()
    else:
        return None
    return _one_hot(rows[known], held, np.ones(len(held)), n_rows)


def _one_hot(rows: AnyArray, words: Sequence[Any] | AnyArray, values: AnyArray, n_rows: int) -> sparse.csr_array:
    names, codes = np.unique(np.asarray(words), return_inverse=True)
    return sparse.csr_array(
        (values.astype(np.float32), (np.asarray(rows, dtype=np.int64), codes)), shape=(n_rows, len(names))
    )
