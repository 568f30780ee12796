"""What a data set holds, in the figures people ask for first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.types import LongArray

__all__ = ["head_share", "summarize"]


def summarize(data: Interactions, *, top: int = 10) -> dict[str, Any]:
    """Counts, density, rating distribution, popularity and time span, as plain JSON values.

    Args:
        data: the interactions to look at.
        top: how many of the most popular items to name.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [5.0, 3.0, 4.0]})
        >>> facts = summarize(data)
        >>> facts["interactions"], facts["density"], facts["most_popular"][0]
        (3, 0.75, {'item': 10, 'title': '10', 'count': 2})
    """
    if not len(data):
        raise DataError("there is nothing to look at: the data have no rows")
    per_user, per_item = data.user_counts[data.user_counts > 0], data.item_counts[data.item_counts > 0]
    ratings, counts = np.unique(data.values, return_counts=True)
    few_values = data.feedback == "explicit" and len(ratings) <= 20
    return {
        "feedback": data.feedback,
        "interactions": len(data),
        "users": len(per_user),
        "items": len(per_item),
        "density": len(data) / (len(per_user) * len(per_item)),
        "scale": list(data.scale) if data.scale else None,
        "mean_rating": float(data.values.mean(dtype=np.float64)) if data.feedback == "explicit" else None,
        "ratings": {f"{r:g}": int(c) for r, c in zip(ratings, counts, strict=True)} if few_values else None,
        "per_user": _spread(per_user),
        "per_item": _spread(per_item),
        "head_share": head_share(per_item),
        "most_popular": _most_popular(data, top),
        "first": _day(data.times.min()) if data.times is not None else None,
        "last": _day(data.times.max()) if data.times is not None else None,
        "loading": str(data.report) if data.report else None,
        "fingerprint": data.fingerprint,
    }


def head_share(item_counts: LongArray, head: float = 0.1) -> float:
    """Share of all interactions that falls on the most popular `head` (a tenth) of the items: how long the tail is."""
    ranked = np.sort(item_counts)[::-1]
    return float(ranked[: max(1, round(head * len(ranked)))].sum() / ranked.sum())


def _spread(counts: LongArray) -> dict[str, float]:
    return {
        "fewest": int(counts.min()),
        "median": float(np.median(counts)),
        "mean": float(counts.mean()),
        "most": int(counts.max()),
    }


def _most_popular(data: Interactions, top: int) -> list[dict[str, Any]]:
    ranked = np.argsort(-data.item_counts, kind="stable")[:top]
    ids = data.item_ids[ranked].tolist()
    titles = [data.catalog.title(item) if data.catalog else str(item) for item in ids]
    return [
        {"item": item, "title": title, "count": int(data.item_counts[index])}
        for item, title, index in zip(ids, titles, ranked, strict=True)
        if data.item_counts[index]
    ]


def _day(seconds: np.int64) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return str(seconds)
