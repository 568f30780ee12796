"""How an algorithm treated users and items that exist only in test: measured on its lists and predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN

__all__ = ["added_up", "in_words", "of_lists", "of_predictions"]

Treatment = dict[str, int]


def of_lists(lists: TopN, train: Interactions, test: Interactions, given: Interactions | None = None) -> Treatment:
    """What users unknown to train were listed, and whether items unknown to train were listed to anybody.

    Args:
        lists: what was listed, for the users of the test part.
        train: what was learned.
        test: what was hidden; its ids are train's.
        given: histories that were folded in; who has one is not unknown.

    Returns:
        Counts: `cold_users` with a list, `empty` and `distinct` lists of theirs, `places` filled in them, and of these
        `popular` ones, which hold one of the n items most met in train; `cold_items`, `places_of_all` that anybody's
        lists fill, and of these `places_of_cold_items`.
    """
    aligned = lists.aligned_to(train.user_ids, train.item_ids)
    known = train.user_counts + (0 if given is None else given.user_counts)
    rows = np.flatnonzero(known[aligned.users] == 0)
    cold_items = (train.item_counts == 0) & (test.item_counts > 0)
    found: Treatment = {}
    if len(rows):
        items, filled = aligned.items[rows], aligned.filled[rows]
        popular = np.argsort(-train.item_counts, kind="stable")[: lists.n]
        found |= {
            "cold_users": len(rows),
            "empty": int((~filled.any(axis=1)).sum()),
            "distinct": len(np.unique(items, axis=0)),
            "places": int(filled.sum()),
            "popular": int(np.isin(items[filled], popular).sum()),
        }
    if cold_items.any():
        listed = aligned.items[aligned.filled]
        found |= {
            "cold_items": int(cold_items.sum()),
            "places_of_all": len(listed),
            "places_of_cold_items": int(cold_items[listed].sum()),
        }
    return found


def of_predictions(predictions: RatingPredictions, train: Interactions) -> Treatment:
    """What was predicted for users and items unknown to train.

    Returns:
        Counts: `rows_of_cold_users`, of these `impossible_for_cold_users` (nothing to go by); likewise of items.
    """
    found: Treatment = {}
    for noun, counts, owners in (
        ("users", train.user_counts, predictions.users),
        ("items", train.item_counts, predictions.items),
    ):
        cold = counts[owners] == 0
        if cold.any():
            found[f"rows_of_cold_{noun}"] = int(cold.sum())
            found[f"impossible_for_cold_{noun}"] = int(predictions.impossible[cold].sum())
    return found


def added_up(treatments: Iterable[Mapping[str, int]]) -> Treatment:
    """Those of several folds together; of distinct lists, the most."""
    total: Treatment = {}
    for treatment in treatments:
        for name, count in treatment.items():
            total[name] = max(total.get(name, 0), count) if name == "distinct" else total.get(name, 0) + count
    return total


def in_words(treatment: Mapping[str, int]) -> str:
    """A treatment in a sentence without its subject; empty where there was nobody and nothing to treat.

    Examples:
        >>> in_words({"cold_users": 3, "empty": 0, "distinct": 1, "places": 30, "popular": 27})
        'gave the 3 users unknown to train one and the same list, 90% of it from the items most met'
    """
    return "; ".join(filter(None, (_users(treatment), _items(treatment), _ratings(treatment))))


def _users(treatment: Mapping[str, int]) -> str:
    users = treatment.get("cold_users", 0)
    if not users:
        return ""
    whom = f"the {users:,} {'user' if users == 1 else 'users'} unknown to train"
    if treatment["empty"] == users:
        return f"gave {whom} empty lists"
    what = "lists of their own" if treatment["distinct"] > 1 else "one and the same list" if users > 1 else "a list"
    popular = treatment["popular"] / treatment["places"]
    gone = f" ({treatment['empty']:,} of them empty)" if treatment["empty"] else ""
    return f"gave {whom} {what}{gone}, {popular:.0%} of it from the items most met"


def _items(treatment: Mapping[str, int]) -> str:
    items = treatment.get("cold_items", 0)
    if not items:
        return ""
    which = f"the {items:,} test {'item' if items == 1 else 'items'} unknown to train"
    listed = treatment["places_of_cold_items"]
    if not listed:
        return f"listed none of {which}"
    return f"listed {which} in {listed:,} of {treatment['places_of_all']:,} places"


def _ratings(treatment: Mapping[str, int]) -> str:
    said = []
    for noun in ("users", "items"):
        rows = treatment.get(f"rows_of_cold_{noun}", 0)
        lost = treatment.get(f"impossible_for_cold_{noun}", 0)
        which = f"ratings of {noun} unknown to train"
        if rows:
            without = f"had nothing to go by for {'all ' if lost == rows else f'{lost:,} of '}{rows:,} {which}"
            said.append(without if lost else f"predicted all {rows:,} {which}")
    return "; ".join(said)
