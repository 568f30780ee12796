"""`Catalog`: what is known of the items, and of the users."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from longtail.data import columns
from longtail.data.ids import Ids
from longtail.errors import DataError

__all__ = ["Catalog", "split_title"]

YEAR_AT_END = r"\s*\(\s*(\d{4})(?:/[IVX]+)?(?:\s*[-\u2013\u2014]\s*(?:\d{4})?)?\s*\)(?:\s*\((?:TV|VG?)\))?\s*$"
"""The year behind a title: `(1995)`, a range such as `(1995-1997)` or `(1995- )`, and what may follow it, as `(V)`."""

_YEAR_AT_END = re.compile(YEAR_AT_END)


def split_title(text: str) -> tuple[str, int | None]:
    """A title and the year written behind it (of a range, the first); a title without a year is no error.

    Examples:
        >>> split_title("Toy Story (1995)"), split_title("The Office (2005\u20132013) ")
        (('Toy Story', 1995), ('The Office', 2005))
        >>> split_title("Nine")
        ('Nine', None)
    """
    match = _YEAR_AT_END.search(text)
    if not match or not text[: match.start()].strip():
        return text.strip(), None
    return text[: match.start()].strip(), int(match.group(1))


@dataclass(frozen=True, eq=False, repr=False)
class Catalog:
    """Facts about items (one row an item) and, where known, about users.

    Attributes:
        items: a polars frame with a column `item` (external ids) and any of `title` (str), `year` (int), `genres`
            (list of str), `text` (str), `price` (float), and numeric features of any name.
        users: a polars frame with a column `user` and any attributes, or None.
        tags: a polars frame of `user`, `item`, `tag` and, where known, `timestamp`, or None.

    Raises:
        DataError: a frame without its id column, a row without an id, an item or user that stands twice, titles that
            are not text, genres that are not lists of text.

    Examples:
        >>> catalog = Catalog(pl.DataFrame({"item": [1, 2], "title": ["Toy Story (1995)", "Nine"]}))
        >>> catalog.title(1), catalog.title(3), catalog.find("toy story")
        ('Toy Story (1995)', '3', 1)
    """

    items: pl.DataFrame
    users: pl.DataFrame | None = None
    tags: pl.DataFrame | None = field(default=None)

    def __post_init__(self) -> None:
        for name, key in (("items", columns.ITEM), ("users", columns.USER), ("tags", columns.ITEM)):
            frame = getattr(self, name)
            if frame is not None:
                object.__setattr__(self, name, _checked(frame, name, key))
        for name, key in (("items", columns.ITEM), ("users", columns.USER)):
            frame = getattr(self, name)
            if frame is not None and frame[key].is_duplicated().any():
                twice = frame[key].filter(frame[key].is_duplicated())[0]
                raise DataError(f"{key} {twice!r} stands twice in the catalog's {name}")
        for column, kind in (("title", pl.String), ("genres", pl.List(pl.String))):
            held = self.items.schema.get(column)
            if held is not None and held not in (kind, pl.Null, pl.List(pl.Null)):
                raise DataError(f"the catalog's column {column!r} must be {kind}, not {held}")

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"Catalog({len(self):,} items; {', '.join(c for c in self.items.columns if c != 'item')})"

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of everything it holds: equal facts in equal order, equal fingerprint."""
        digest = hashlib.sha256()
        for frame in (self.items, self.users, self.tags):
            if frame is not None:
                digest.update(repr(list(frame.schema.items())).encode())
                digest.update(frame.hash_rows(seed=0).to_numpy().tobytes())
        return digest.hexdigest()[:16]

    def title(self, item: Any) -> str:
        """The title of an item by external id; the id itself where no title is known."""
        return self._titles.get(item) or str(item)

    def titles(self, item_ids: Ids) -> list[str]:
        """The title of every item of `item_ids`, in index order."""
        known = self._titles
        return [known.get(item) or str(item) for item in item_ids.values.tolist()]

    def find(self, text: str) -> Any:
        """The external id of the one item with this title (case and year may be left out).

        Raises:
            DataError: when no title or more than one matches, with the nearest ones.
        """
        matches = self.search(text)
        wanted = text.strip().casefold()
        exact = [item for item in matches if self.title(item).casefold() == wanted]
        same_name = [item for item in matches if split_title(self.title(item))[0].casefold() == wanted]
        for narrowed in (exact, same_name, matches):
            if len(narrowed) == 1:
                return narrowed[0]
        if not matches:
            raise DataError(f"no title contains {text!r}")
        some = "; ".join(self.title(item) for item in matches[:5])
        raise DataError(f"{len(matches)} titles contain {text!r}: {some}; write one in full")

    def search(self, text: str) -> list[Any]:
        """External ids of the items whose title contains `text`, ignoring case."""
        wanted = text.strip().casefold()
        return [item for item, title in self._titles.items() if wanted in title.casefold()]

    def genres(self, item_ids: Ids) -> list[Sequence[str]]:
        """The genres of every item of `item_ids`, in index order; empty where unknown."""
        if "genres" not in self.items.columns:
            return [()] * len(item_ids)
        known = dict(zip(self.items["item"].to_list(), self.items["genres"].to_list(), strict=True))
        return [known.get(item) or () for item in item_ids.values.tolist()]

    def rows(self, item_ids: Ids) -> pl.DataFrame:
        """The catalog's items in the order of `item_ids`, one row each; nulls where nothing is known.

        Examples:
            >>> Catalog(pl.DataFrame({"item": [1, 2], "year": [1995, 2009]})).rows(Ids([2, 3])).rows()
            [(2, 2009), (3, None)]
        """
        wanted = pl.DataFrame({columns.ITEM: pl.Series(item_ids.values)})
        same_kind = self.items.schema[columns.ITEM].is_integer() == item_ids.is_integer
        known = self.items if same_kind else self.items.clear()
        known = known.with_columns(pl.col(columns.ITEM).cast(wanted.schema[columns.ITEM]))
        return wanted.join(known, columns.ITEM, "left", maintain_order="left")

    def with_features(self, frame: Any, *, item: str | None = None) -> Catalog:
        """The same catalog with more columns for its items: numbers, labels, embeddings.

        Args:
            frame: a table as `polars.DataFrame` takes it, or a dict of columns; one row an item. Items that the catalog
                does not hold are left out, and items that the table does not hold have nulls there.
            item: the name of its column of item ids, when it is not a usual one.

        Raises:
            DataError: if there is no column of ids, an item stands twice, or the catalog has such a column already.

        Examples:
            >>> catalog = Catalog(pl.DataFrame({"item": [1, 2]}))
            >>> catalog.with_features({"ML_Id": [2, 7], "brightness": [0.4, 0.1]}, item="ML_Id").items.rows()
            [(1, None), (2, 0.4)]
        """
        table = pl.DataFrame(frame)
        key = item if item is not None else columns.find(table.columns, columns.ITEM)
        if key is None or key not in table.columns:
            raise DataError(f"no column of items; found {', '.join(table.columns)}; name it with item=")
        more = Catalog(table.rename({key: columns.ITEM})).rows(Ids(self.items[columns.ITEM].to_list(), kind="item"))
        twice = sorted(set(more.columns[1:]) & set(self.items.columns))
        if twice:
            raise DataError(f"the catalog has a column {twice[0]!r} already; rename one of the two")
        return Catalog(self.items.hstack(more.drop(columns.ITEM)), self.users, self.tags)

    @cached_property
    def _titles(self) -> dict[Any, str]:
        if "title" not in self.items.columns:
            return {}
        pairs = zip(self.items["item"].to_list(), self.items["title"].to_list(), strict=True)
        return {item: title for item, title in pairs if title is not None}


def _checked(frame: Any, name: str, key: str) -> pl.DataFrame:
    """A shallow copy of the frame: a column added to the caller's frame later does not turn up here."""
    if not isinstance(frame, pl.DataFrame):
        raise DataError(f"a catalog's {name} must be a polars frame, not {type(frame).__name__}")
    if key not in frame.columns:
        raise DataError(f"a catalog's {name} need a column {key!r}; found {', '.join(frame.columns)}")
    if frame[key].null_count():
        raise DataError(f"a catalog's {name} have a row without {key}")
    return frame.clone()
