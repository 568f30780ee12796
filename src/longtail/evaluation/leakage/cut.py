"""`Cut`: what a check looks at, the two parts of a split and whatever else is known of how they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.types import AnyArray, BoolArray, IntArray, LongArray

__all__ = ["Cold", "Cut", "among"]

Cold = Literal["users", "items"]


@dataclass(frozen=True, eq=False)
class Cut:
    """A split, and how it is used.

    Attributes:
        train: what is learned from.
        test: what is hidden; the ids are train's.
        given: histories of people who are folded in, or None.
        candidates: indices of the only items that may be listed, or None.
        negatives: (users of the test part, m) indices of the only wrong answers, or None.
        catalog: what is known of items and users, or None.
        cold: what the protocol promises to be new, "users" or "items", or None.
        popularity: what popularity is taken from: interactions, a number an item, or lists; None where unknown.
        entries: recommenders by label, to be copied and then fitted.
        fitted: fitted recommenders by label, to be judged as they are.
    """

    train: Interactions
    test: Interactions
    given: Interactions | None = None
    candidates: IntArray | None = None
    negatives: IntArray | None = None
    catalog: Catalog | None = None
    cold: Cold | None = None
    popularity: Interactions | TopN | AnyArray | None = None
    entries: Mapping[str, Any] = field(default_factory=dict)
    fitted: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def train_pairs(self) -> LongArray:
        """(n,) one number for each row of train: user x number of items + item."""
        return self.pairs(self.train)

    @cached_property
    def test_pairs(self) -> LongArray:
        """(n,) likewise for test."""
        return self.pairs(self.test)

    @cached_property
    def visible(self) -> list[Interactions]:
        """The parts a model may look at: train and, where there are any, the given histories."""
        return [self.train] if self.given is None else [self.train, self.given]

    def pairs(self, part: Interactions) -> LongArray:
        """One number for each row of a part."""
        return part.users.astype(np.int64) * self.train.n_items + part.items

    def examples(self, part: Interactions, rows: AnyArray, n: int = 3) -> list[dict[str, Any]]:
        """The first rows of some, as user and item in external ids."""
        chosen = np.asarray(rows)[:n]
        users, items = part.user_ids[part.users[chosen]].tolist(), part.item_ids[part.items[chosen]].tolist()
        return [{"user": user, "item": item} for user, item in zip(users, items, strict=True)]


def among(wanted: AnyArray, known: AnyArray) -> BoolArray:
    """(n,) whether each of `wanted` stands among `known`.

    Examples:
        >>> among(np.array([3, 1, 2]), np.array([2, 3])).tolist()
        [True, False, True]
    """
    if not len(known) or not len(wanted):
        return np.zeros(len(wanted), dtype=np.bool_)
    ranked = np.sort(known)
    place = np.searchsorted(ranked, wanted)
    place[place == len(ranked)] = 0
    found: BoolArray = ranked[place] == wanted
    return found
