"""Segments: the same figures for new, light and heavy users, and for what is hidden in the head, middle and tail.

A mean over everybody hides who is served badly. Users are told apart by how many rows there are to learn from, items by
how much of the training data falls to them; the rules are `USER_RULES` and `ITEM_RULES`, and no test row decides them.

What a fold measures is kept as sums (`Moments`), so that folds and seeds can be added up before a mean is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.evaluation.intervals import Z, wilson
from longtail.evaluation.metrics.groups import popularity_groups
from longtail.evaluation.metrics.hits import Hits
from longtail.types import AnyArray, BoolArray, IntArray

__all__ = ["ENOUGH", "ITEMS", "KINDS", "METRICS", "USERS", "Segments", "figures", "of_lists", "of_ratings", "summed"]

USERS, ITEMS = ("new", "light", "heavy"), ("head", "mid", "tail")
KINDS: dict[str, tuple[str, ...]] = {"users": USERS, "items": ITEMS}
METRICS = ("hit_rate", "recall", "ndcg", "rmse")
NEW = 5
"""A user with so many rows to learn from, or fewer, is new."""
HEAVY = 0.8
"""Of the others, those with more rows than this share of them are heavy."""
ENOUGH = 30
"""With fewer users than this, a figure says nothing."""

Moments = list[float]
"""Sums over users of 1, y, w, yy, yw and ww, for a figure that is the ratio sum(y) / sum(w)."""


@dataclass(frozen=True, eq=False)
class Segments:
    """In which segment each user and each item is.

    Attributes:
        users: (n_users,) index into `USERS`.
        items: (n_items,) index into `ITEMS`.
        rules: what each segment is, in words, with the figures of these data.
    """

    users: IntArray
    items: IntArray
    rules: dict[str, dict[str, str]]

    @classmethod
    def of(cls, train: Interactions, given: Interactions | None = None) -> Segments:
        """The segments of a fold, by its training data (and by the histories given of people who are not in them).

        Examples:
            >>> rows = {"user": [1] * 6 + [2] * 8 + [3], "item": [*range(6), *range(8), 0]}
            >>> segments = Segments.of(Interactions.from_frame(rows))
            >>> [USERS[at] for at in segments.users], [ITEMS[at] for at in segments.items][:7]
            (['light', 'heavy', 'new'], ['head', 'mid', 'mid', 'mid', 'mid', 'mid', 'tail'])
        """
        lengths = train.user_counts + (0 if given is None else given.user_counts)
        heavy = _heavy_beyond(lengths[lengths > NEW])
        users = np.where(lengths <= NEW, 0, np.where(lengths <= heavy, 1, 2)).astype(np.int32)
        items = popularity_groups(train)
        sizes = items.sizes
        rules = {
            "users": {
                "new": f"at most {NEW} rows to learn from",
                "light": f"more than {NEW}, at most {heavy:,}: all but about the most active fifth of the others",
                "heavy": f"more than {heavy:,} rows: about the most active fifth of those who are not new",
            },
            "items": {
                "head": f"the {sizes[0]:,} most popular items, to which 20% of the training rows fall",
                "mid": f"the {sizes[1]:,} between head and tail",
                "tail": f"the {sizes[2]:,} least popular, to which 20% fall, with those that nobody met in training",
            },
        }
        return cls(users, items.of, rules)


def _heavy_beyond(lengths: IntArray) -> int:
    """The length of history beyond which a user is heavy; where more than a fifth share the most, they all are."""
    if not len(lengths) or lengths.min() == lengths.max():
        return int(lengths.max()) if len(lengths) else NEW
    return min(int(np.quantile(lengths, HEAVY, method="lower")), int(lengths.max()) - 1)


def of_lists(lists: TopN, test: Interactions, segments: Segments) -> dict[str, dict[str, dict[str, Moments]]]:
    """Hit rate, recall and NDCG of each segment, as sums; kind -> segment -> figure -> moments.

    Users in a segment are judged by all of their hidden items; of a segment of items, only those items count, over the
    users who have one hidden.
    """
    hits = Hits.of(lists, test)
    gain = np.where(hits.found, 1 / np.log2(1 + np.maximum(hits.ranks, 1)), 0.0)
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, lists.n + 2)))])
    found: dict[str, dict[str, dict[str, Moments]]] = {}
    for kind, name, rows in _rows_of(test.users, test.items, segments):
        hidden, listed = hits.total(rows), hits.total(rows & hits.found)
        asked = hidden > 0
        hidden, listed, gained = hidden[asked], listed[asked], hits.total(gain * rows)[asked]
        found.setdefault(kind, {})[name] = {
            "hit_rate": _moments(np.minimum(listed, 1.0)),
            "recall": _moments(listed / hidden),
            "ndcg": _moments(gained / ideal[np.minimum(hidden, lists.n).astype(int)]),
        }
    return found


def of_ratings(predictions: RatingPredictions, segments: Segments) -> dict[str, dict[str, dict[str, Moments]]]:
    """The error of each segment's hidden ratings, as sums; kind -> segment -> figure -> moments."""
    errors = np.square(predictions.estimated.astype(np.float64) - predictions.actual)
    found: dict[str, dict[str, dict[str, Moments]]] = {}
    for kind, name, rows in _rows_of(predictions.users, predictions.items, segments):
        counts = np.bincount(predictions.users[rows], minlength=len(segments.users))
        sums = np.bincount(predictions.users[rows], weights=errors[rows], minlength=len(segments.users))
        asked = counts > 0
        found.setdefault(kind, {})[name] = {"rmse": _moments(sums[asked], counts[asked].astype(np.float64))}
    return found


def _rows_of(users: IntArray, items: IntArray, segments: Segments) -> Iterable[tuple[str, str, BoolArray]]:
    """Kind and name of each segment, and which rows belong to it."""
    for at, name in enumerate(USERS):
        yield "users", name, segments.users[users] == at
    for at, name in enumerate(ITEMS):
        yield "items", name, segments.items[items] == at


def _moments(y: AnyArray, w: AnyArray | None = None) -> Moments:
    weights = np.ones(len(y)) if w is None else w
    sums = (len(y), y.sum(), weights.sum(), (y * y).sum(), (y * weights).sum(), (weights * weights).sum())
    return [float(value) for value in sums]


def summed(parts: Sequence[Mapping[str, Any]], repeats: int = 1) -> dict[str, Any]:
    """The sums of several folds; `repeats` seeds of one fold count as one, so that they do not feign more users."""
    found: dict[str, Any] = {}
    for part in parts:
        for kind, segments in part.items():
            for name, measured in segments.items():
                into = found.setdefault(kind, {}).setdefault(name, {})
                for key, moments in measured.items():
                    before = into.get(key, [0.0] * 6)
                    into[key] = [a + b / repeats for a, b in zip(before, moments, strict=True)]
    return found


def figures(sums: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the segments: kind -> segment -> figure -> value, low, high (95 %) and users.

    The interval of a hit rate is Wilson's; of the others that of a ratio of sums over users (Cochran 1977, eq. 2.39),
    var R = n / (n - 1) sum (y - R w)^2 / (sum w)^2; of an error on the scale of its logarithm. A segment without users
    has no figures; one with a single user, or where all are alike, no interval.
    """
    return {
        kind: {
            name: {key: _figure(key, moments) for key, moments in measured.items() if moments[0] > 0}
            for name, measured in segments.items()
        }
        for kind, segments in sums.items()
    }


def _figure(key: str, moments: Moments) -> dict[str, float]:
    n, y, w, yy, yw, ww = moments
    ratio = y / w
    squares = max(0.0, yy - 2 * ratio * yw + ratio * ratio * ww)
    spread = Z * math.sqrt(squares * n / (n - 1)) / w if n > 1 else 0.0
    if key == "hit_rate":
        low, high = wilson(min(1.0, ratio), round(n))
    elif key == "rmse":
        factor = math.exp(min(500.0, spread / (2 * ratio))) if ratio else 1.0
        ratio = math.sqrt(ratio)
        low, high = ratio / factor, ratio * factor
    else:
        low, high = max(0.0, ratio - spread), min(1.0, ratio + spread)
    found = {"value": ratio, "low": low, "high": high}
    sure = n > 1 and (key == "hit_rate" or spread > 0)  # where everybody is alike there is nothing to judge by
    return {name: value for name, value in found.items() if sure or name == "value"} | {"users": round(n)}
