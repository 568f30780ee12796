"""`Groups`: which group each user or item belongs to: head or tail, light or heavy, a column of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.types import IntArray, LongArray

__all__ = ["Groups", "activity_groups", "catalog_groups", "popularity_groups"]


@dataclass(frozen=True, eq=False, repr=False)
class Groups:
    """Each user or item in at most one named group.

    Attributes:
        ids: external ids of the users or items.
        names: the groups, in order.
        of: (len(ids),) int32, the position in `names` of each one's group; -1 for none.

    Raises:
        DataError: if `of` does not fit the ids or names.

    Examples:
        >>> groups = Groups.from_labels(Ids([10, 20, 30]), {10: "indie", 30: "studio"})
        >>> groups.names, groups.of.tolist(), groups.sizes.tolist()
        (('indie', 'studio'), [0, -1, 1], [1, 1])
    """

    ids: Ids
    names: tuple[str, ...]
    of: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", np.asarray(self.of, dtype=np.int32))
        if self.of.shape != (len(self.ids),):
            raise DataError(f"groups of shape {self.of.shape} do not fit {len(self.ids)} ids")
        if len(self.of) and not -1 <= self.of.min() <= self.of.max() < len(self.names):
            raise DataError(f"a group index is outside the {len(self.names)} groups")

    @classmethod
    def from_labels(cls, ids: Ids, labels: Mapping[Any, Any] | Sequence[Any]) -> Groups:
        """Groups by label: a mapping from external ids, or one label for each id in index order; None or NaN for none.

        Raises:
            DataError: for a sequence of another length.
        """
        if isinstance(labels, Mapping):
            labels = [labels.get(one) for one in ids.values.tolist()]
        if len(labels) != len(ids):
            raise DataError(f"{len(labels)} labels do not fit {len(ids)} ids")
        labels = [None if label != label else label for label in labels]
        distinct = {label for label in labels if label is not None}
        ordered = sorted(distinct, key=lambda label: (isinstance(label, str), label))
        position = {label: place for place, label in enumerate(ordered)}
        of = [-1 if label is None else position[label] for label in labels]
        return cls(ids, tuple(map(str, ordered)), np.array(of, dtype=np.int32))

    def __repr__(self) -> str:
        return f"Groups({', '.join(f'{size:,} {name}' for name, size in zip(self.names, self.sizes, strict=True))})"

    @property
    def sizes(self) -> LongArray:
        """(len(names),) members of each group."""
        return np.bincount(self.of + 1, minlength=len(self.names) + 1)[1:].astype(np.int64)

    def aligned_to(self, ids: Ids) -> Groups:
        """The same groups for other ids; an id without a group there has none here."""
        if ids == self.ids:
            return self
        index = self.ids.index(ids.values, missing=-1)
        return Groups(ids, self.names, np.append(self.of, -1)[index])


def popularity_groups(train: Interactions, head: float = 0.2, tail: float = 0.2) -> Groups:
    """Items as "head", "mid" and "tail", by the shares of the interactions that head and tail hold.

    The head is the fewest most popular items that hold `head` of the interactions; the tail is the most of the least
    popular that together hold no more than `tail`, items nobody met included; the rest is the middle.
    Source: Abdollahpouri et al. 2021, "User-centered evaluation of popularity bias in recommender systems" (20 % each).

    Raises:
        ConfigError: if the shares are not between 0 and 1, or sum to more than 1.

    Examples:
        >>> rows = {"user": [1, 2, 3, 4, 1, 2, 3, 1, 2, 1], "item": [1] * 4 + [2] * 3 + [3] * 2 + [4]}
        >>> groups = popularity_groups(Interactions.from_frame(rows), head=0.4, tail=0.3)
        >>> [groups.names[group] for group in groups.of]
        ['head', 'mid', 'tail', 'tail']
    """
    if not (0 < head < 1 and 0 < tail < 1 and head + tail <= 1):
        raise ConfigError(f"head and tail must be shares above 0 that sum to at most 1, not {head!r} and {tail!r}")
    counts = train.item_counts
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    of, whole = np.ones(train.n_items, dtype=np.int32), max(len(train), 1)
    of[order[(len(train) - before) / whole <= tail]] = 2
    of[order[(before / whole < head) & (counts[order] > 0)]] = 0
    return Groups(train.item_ids, ("head", "mid", "tail"), of)


def activity_groups(train: Interactions, edges: Sequence[int] = (20, 100)) -> Groups:
    """Users by the length of their history: below the first edge, from one edge to the next, from the last edge up.

    Raises:
        ConfigError: if the edges are not above 0 and increasing.

    Examples:
        >>> train = Interactions.from_frame({"user": [1, 1, 1, 2], "item": [1, 2, 3, 1]})
        >>> activity_groups(train, edges=(2,))
        Groups(1 under 2, 1 2 and more)
    """
    if not len(edges) or edges[0] < 1 or any(low >= high for low, high in pairwise(edges)):
        raise ConfigError(f"edges must be increasing numbers above 0, such as (20, 100), not {edges!r}")
    between = [f"{low} to {high - 1}" for low, high in pairwise(edges)]
    names = (f"under {edges[0]}", *between, f"{edges[-1]} and more")
    return Groups(train.user_ids, names, np.searchsorted(edges, train.user_counts, side="right").astype(np.int32))


def catalog_groups(data: Interactions, column: str, *, of: str = "items") -> Groups:
    """Items (or users) by a column of the catalogue, such as the provider; a null is no group.

    Args:
        data: interactions with a catalog.
        column: of the catalog's items, or of its users.
        of: "items" or "users".

    Raises:
        DataError: if there is no such column, or it holds lists.
        ConfigError: if `of` is neither.

    Examples:
        >>> import polars as pl
        >>> from longtail.data.catalog import Catalog
        >>> catalog = Catalog(pl.DataFrame({"item": [1, 2, 3], "studio": ["A", "B", None]}))
        >>> data = Interactions.from_frame({"user": [1, 1, 1], "item": [1, 2, 3]}, catalog=catalog)
        >>> catalog_groups(data, "studio")
        Groups(1 A, 1 B)
    """
    if of not in ("items", "users"):
        raise ConfigError(f"of must be items or users, not {of!r}")
    frame = None if data.catalog is None else getattr(data.catalog, of)
    if frame is None or column not in frame.columns or frame.schema[column].is_nested():
        raise DataError(f"groups of {of} need a catalog whose {of} have a column {column!r} of single values")
    labels = dict(zip(frame[of.removesuffix("s")].to_list(), frame[column].to_list(), strict=True))
    return Groups.from_labels(data.item_ids if of == "items" else data.user_ids, labels)
