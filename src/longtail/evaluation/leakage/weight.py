"""One user, item or second that holds so much of the test part that the figures are mostly its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.evaluation.leakage.cut import Cut
from longtail.evaluation.leakage.finding import Answer, Found, share
from longtail.types import AnyArray

__all__ = ["BOUNDS", "dominating"]

BOUNDS = ((0.25, 10), (0.5, 5))
"""The share of the test rows from which one of them is too many, where it is also so many times an even share: of few,
each has much."""


def dominating(cut: Cut) -> Answer:
    """A user, item or second with too large a share of the test rows."""
    columns: dict[str, AnyArray | None] = {"user": cut.test.users, "item": cut.test.items, "second": cut.test.times}
    found = []
    for noun, column in columns.items():
        if column is None:
            continue
        values, counts = np.unique(column, return_counts=True)
        most = int(counts.argmax())
        count = int(counts[most])
        if not any(
            count >= bound * len(column) and count * len(values) >= times * len(column) for bound, times in BOUNDS
        ):
            continue
        name = _name(cut, noun, values[most])
        said = f"one {noun} ({name}) holds {share(count, len(column), 'test rows')}, the other {len(values) - 1:,}"
        found.append(Found(f"{said} {noun}s the rest", count, [{noun: name}]))
    return found


def _name(cut: Cut, noun: str, value: Any) -> Any:
    if noun == "second":
        return int(value)
    ids = cut.train.user_ids if noun == "user" else cut.train.item_ids
    return ids[[value]].tolist()[0]
