"""`Catalog`: what is known of the items, and of the users."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from longtail.data.ids import Ids
from longtail.errors import DataError

__all__ = ["Catalog", "split_title"]

_YEAR_AT_END = re.compile(r"\s*\((\d{4})(?:\s*[-\u2013]\s*(?:\d{4})?)?\)\s*$")


def split_title(text: str) -> tuple[str, int | None]:
    """A title and the year written behind it; a title without a year is no error.

    Examples:
        >>> split_title("Toy Story (1995)")
        ('Toy Story', 1995)
        >>> split_title("Nine")
        ('Nine', None)
    """
    match = _YEAR_AT_END.search(text)
    return (text[: match.start()], int(match.group(1))) if match else (text.strip(), None)


@dataclass(frozen=True, eq=False, repr=False)
class Catalog:
    """Facts about items (one row an item) and, where known, about users.

    Attributes:
        items: a polars frame with a column `item` (external ids) and any of `title` (str), `year` (int), `genres`
            (list of str), `text` (str), `price` (float), and numeric features of any name.
        users: a polars frame with a column `user` and any attributes, or None.
        tags: a polars frame of `user`, `item`, `tag` and, where known, `timestamp`, or None.

    Examples:
        >>> catalog = Catalog(pl.DataFrame({"item": [1, 2], "title": ["Toy Story (1995)", "Nine"]}))
        >>> catalog.title(1), catalog.title(3), catalog.find("toy story")
        ('Toy Story (1995)', '3', 1)
    """

    items: pl.DataFrame
    users: pl.DataFrame | None = None
    tags: pl.DataFrame | None = field(default=None)

    def __post_init__(self) -> None:
        if "item" not in self.items.columns:
            raise DataError(f"a catalog needs a column 'item'; found {', '.join(self.items.columns)}")
        if self.items["item"].is_duplicated().any():
            raise DataError("an item stands twice in the catalog")

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"Catalog({len(self):,} items; {', '.join(c for c in self.items.columns if c != 'item')})"

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

    @cached_property
    def _titles(self) -> dict[Any, str]:
        if "title" not in self.items.columns:
            return {}
        pairs = zip(self.items["item"].to_list(), self.items["title"].to_list(), strict=True)
        return {item: title for item, title in pairs if title is not None}
