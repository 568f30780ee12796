"""Columns of the catalog that were computed from train and test together: counts, mean ratings, and the like."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from longtail.data import columns
from longtail.evaluation.leakage.columns import Figure, along_a_line, as_a_function, damped_mean, in_order
from longtail.evaluation.leakage.cut import Cut
from longtail.evaluation.leakage.finding import Answer, Found, Unseen
from longtail.types import AnyArray, IntArray, RealArray

__all__ = ["features"]

NUMBERS = (*pl.datatypes.group.INTEGER_DTYPES, *pl.datatypes.group.FLOAT_DTYPES)

DIFFERENT = 0.8
"""Labels that differ from item to item more often than this group nothing."""

WIDEST = 64
"""How many places of a list are looked at, each as a column."""


def features(cut: Cut) -> Answer:
    """Columns of items and of users that follow what train and test hold together and not what train holds alone."""
    if cut.catalog is None:
        return Unseen("there is no catalog")
    found = []
    for side in (_Side.of_items(cut), _Side.of_users(cut)):
        if side is None:
            continue
        for name, column in side.numbers():
            what = side.followed(column)
            if what:
                many = f"{np.count_nonzero(side.known & np.isfinite(column)):,} {side.noun}s"
                said = f"the column {name!r} of {many} follows {what} of all the data, test rows included"
                found.append(Found(said, 1, [{"column": name, "of": f"{side.noun}s"}]))
    return found


class _Side:
    """The items or the users: their columns, and their figures in train and in all the data."""

    def __init__(self, cut: Cut, noun: str, frame: pl.DataFrame) -> None:
        self.noun, self.frame = noun, frame
        whole, train = (_Sums(parts, noun, len(frame)) for parts in ([*cut.visible, cut.test], cut.visible))
        self.known = whole.count > 0
        self.whole, self.train = whole, train
        self.figures = [
            Figure("the number of rows", whole.count, train.count),
            Figure("the mean rating", whole.mean, train.mean),
            Figure("the sum of the ratings", whole.total, train.total),
        ]
        if whole.last is not None and train.last is not None:
            self.figures.append(Figure("the latest time", whole.last, train.last))

    @classmethod
    def of_items(cls, cut: Cut) -> _Side | None:
        """The items of the catalog."""
        assert cut.catalog is not None
        return cls(cut, "item", cut.catalog.rows(cut.train.item_ids))

    @classmethod
    def of_users(cls, cut: Cut) -> _Side | None:
        """The users of the catalog; None where nothing is known of any."""
        assert cut.catalog is not None
        frame = cut.catalog.users
        if frame is None or len(frame.columns) < 2:
            return None
        if frame.schema[columns.USER].is_integer() != cut.train.user_ids.is_integer:
            return None
        wanted = pl.DataFrame({columns.USER: pl.Series(cut.train.user_ids.values)})
        known = frame.with_columns(pl.col(columns.USER).cast(wanted.schema[columns.USER]))
        return cls(cut, "user", wanted.join(known, columns.USER, "left", maintain_order="left"))

    def numbers(self) -> Iterator[tuple[str, RealArray]]:
        """Columns of numbers, and the places of columns of lists of numbers, as float64; NaN where nothing stands."""
        for name, kind in self.frame.schema.items():
            if name in (columns.ITEM, columns.USER, "year"):
                continue
            if kind.is_numeric():
                yield name, _floats(self.frame[name])
            elif isinstance(kind, pl.List | pl.Array) and kind.inner in NUMBERS:
                yield from self._of_list(name, self.frame[name].cast(pl.List(pl.Float64)).list)

    def _of_list(self, name: str, lists: Any) -> Iterator[tuple[str, RealArray]]:
        lengths = lists.len().drop_nulls()
        if lengths.n_unique() > 1:
            yield from ((f"{how} of {name}", _floats(getattr(lists, how)())) for how in ("sum", "mean", "max"))
        for place in range(min(int(lengths.max() or 0), WIDEST)):
            yield f"{name}[{place}]", _floats(lists.get(place, null_on_oob=True))

    def followed(self, column: RealArray) -> str:
        """What the column follows; empty where it follows nothing it should not."""
        rows = np.flatnonzero(self.known & np.isfinite(column))
        values = column[rows]
        if len(np.unique(values)) < 2:
            return ""
        for figure in self.figures:
            if in_order(values, Figure(figure.name, figure.whole[rows], figure.train[rows])):
                return figure.name
        whole, train = ((part.count[rows], part.total[rows]) for part in (self.whole, self.train))
        if as_a_function(values, np.stack(whole, axis=1), np.stack(train, axis=1)) or damped_mean(values, whole, train):
            return "the number and the mean of the ratings"
        for figure in self.grouped:
            if along_a_line(values, Figure(figure.name, figure.whole[rows], figure.train[rows])):
                return figure.name
        return ""

    @cached_property
    def grouped(self) -> list[Figure]:
        """The figures of the labels an item bears (its genres, say), their mean, sum and largest."""
        return list(self._by_label()) if self.noun == "item" else []

    def _by_label(self) -> Iterator[Figure]:
        for name, kind in self.frame.schema.items():
            if kind not in (pl.List(pl.String), pl.String) or name == "title":
                continue
            labels = self.frame[name].cast(pl.List(pl.String)) if kind == pl.List(pl.String) else self.frame[name]
            owners, codes, many = _labels(labels)
            if not many or many > DIFFERENT * len(self.frame):
                continue
            of_whole, of_train = (_per_label(part, owners, codes, many) for part in (self.whole, self.train))
            for what in of_whole:
                yield from _gathered(f"the {what} by {name}", of_whole[what], of_train[what], owners, codes, self.known)


class _Sums:
    """Counts, sums, means and latest times of each item or user in some parts of the data."""

    def __init__(self, parts: list[Any], noun: str, n: int) -> None:
        owners = np.concatenate([part.items if noun == "item" else part.users for part in parts])
        values = np.concatenate([part.values for part in parts]).astype(np.float64)
        self.count: RealArray = np.bincount(owners, minlength=n).astype(np.float64)
        self.total: RealArray = np.bincount(owners, weights=values, minlength=n).astype(np.float64, copy=False)
        self.mean: RealArray = np.divide(self.total, self.count, out=np.zeros(n), where=self.count > 0)
        self.last: RealArray | None = None
        if all(part.times is not None for part in parts):
            self.last = np.full(n, -np.inf)
            np.maximum.at(self.last, owners, np.concatenate([part.times for part in parts]).astype(np.float64))


def _labels(labels: pl.Series) -> tuple[IntArray, IntArray, int]:
    """The items of every label, the label's number, and how many labels there are."""
    frame = pl.DataFrame({"label": labels}).with_row_index("owner")
    if isinstance(labels.dtype, pl.List):
        frame = frame.explode("label")
    frame = frame.drop_nulls()
    codes = frame["label"].rank("dense").to_numpy().astype(np.int32) - 1
    return frame["owner"].to_numpy().astype(np.int32), codes, int(codes.max(initial=-1)) + 1


def _per_label(part: _Sums, owners: IntArray, codes: IntArray, many: int) -> dict[str, RealArray]:
    count = np.bincount(codes, weights=part.count[owners], minlength=many)
    total = np.bincount(codes, weights=part.total[owners], minlength=many)
    return {"number of rows": count, "mean rating": np.divide(total, count, out=np.zeros(many), where=count > 0)}


def _gathered(
    name: str, whole: AnyArray, train: AnyArray, owners: IntArray, codes: IntArray, known: AnyArray
) -> Iterator[Figure]:
    """The figures of the labels gathered for each item that bears them: their mean, sum and largest."""
    n = len(known)
    times = np.maximum(np.bincount(owners, minlength=n), 1)
    sums = [np.bincount(owners, weights=figure[codes], minlength=n).astype(np.float64) for figure in (whole, train)]
    means: list[RealArray] = [(total / times).astype(np.float64) for total in sums]
    yield Figure(name, means[0], means[1])
    yield Figure(name, sums[0], sums[1])
    largest = [np.zeros(n), np.zeros(n)]
    for into, figure in zip(largest, (whole, train), strict=True):
        np.maximum.at(into, owners, figure[codes])
    yield Figure(name, largest[0], largest[1])


def _floats(series: pl.Series) -> RealArray:
    values: RealArray = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return values
