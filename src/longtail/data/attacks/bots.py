"""Bots: users who are no people, and want nothing."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from longtail.data.attacks.attack import Attack, Profile, check, joined
from longtail.data.attacks.drawing import Knowledge
from longtail.data.interactions import Interactions
from longtail.rng import generator

__all__ = ["BotKind", "plant_bots"]

BotKind = Literal["crawler", "fast", "many", "uniform"]

_CRAWLED = 0.25  # of the items, that a bot in a hurry visits
_MANY = 5  # times the rows of the busiest hundredth


def plant_bots(data: Interactions, kind: BotKind = "crawler", *, share: float = 0.03, seed: int = 0) -> Attack:
    """Add bots, and people who do far too much, to the data.

    | kind | items | pause between rows | values |
    |---|---|---|---|
    | `crawler` | a quarter of all, at least 60 | a second or none | one value |
    | `fast` | a quarter of all, at least 60 | a second or none | as people rate these items |
    | `many` | five times as many as the busiest hundredth of the users, if there are | 15 s on average | likewise |
    | `uniform` | as many as a genuine user chosen at random, at least 30 | 15 s on average | one value |

    Args:
        data: genuine interactions.
        kind: see the table.
        share: bots, as a share of the genuine users; at least one.
        seed: equal seeds plant equal bots.

    Raises:
        ConfigError: an unknown kind, or a share out of range.
        DataError: no rows.

    Examples:
        >>> from longtail.data.synthetic import synthetic
        >>> plant_bots(synthetic(users=100, items=80, ratings=2_000), "crawler", share=0.02)
        Attack(crawler: 2 of 102 users are planted)
    """
    check(data, kind, get_args(BotKind), share)
    known = Knowledge(data, generator(seed, "bots", kind))
    profiles = []
    for user in known.imitated(share):
        items = known.drawn(known.items, _wanted(known, kind, int(data.user_counts[user])))
        one = kind in ("crawler", "uniform") or data.feedback == "implicit"
        values = np.full(len(items), known.one_value()) if one else known.around_items(items)
        times = known.paced_times(len(items), hurried=kind in ("crawler", "fast"))
        profiles.append(Profile(items, values, times))
    return joined(data, profiles, kind)


def _wanted(known: Knowledge, kind: BotKind, imitated: int) -> int:
    if kind == "uniform":
        return max(30, imitated)
    if kind == "many":
        counts = known.data.user_counts
        return round(_MANY * float(np.quantile(counts[counts > 0], 0.99)))
    return max(60, round(_CRAWLED * len(known.items)))
