"""The whole summary."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.summary import ratings, tail, timeline
from longtail.data.summary.advice import advice
from longtail.data.summary.suspicion import suspicious_users
from longtail.errors import DataError

__all__ = ["summarize"]


def summarize(data: Interactions, *, top: int = 10, suspects: bool = True) -> dict[str, Any]:
    """What a data set holds and what that means, as plain JSON values.

    Args:
        data: the interactions to look at.
        top: how many of the most popular items to name.
        suspects: whether to look for users who are no people or not alone (`suspicious`), the slowest part.

    Returns:
        a dict of

        - counts: `feedback`, `interactions`, `users`, `items` (those with rows), `density`, `per_user` and `per_item`
          (fewest, median, mean, most), `few_users` and `few_items` (share with fewer than 2, 5, 10, 20 rows)
        - the tail: `head_share` (of the most popular tenth), `gini_users`, `gini_items`, `long_tail` (curve),
          `top_user_share` (of all rows, those of the busiest hundredth of the users), `most_popular`
        - ratings: `scale`, `mean_rating`, `ratings` (distribution), `rating_spread`, `all_ones`
        - time: `first`, `last`, `days`, `activity` (curve), `same_second`, `newcomers` (in the last tenth), `sessions`
        - loading: `loading` (in words), `rows_read`, `bad_rows`, `duplicates` (None where unknown), `fingerprint`
        - `suspicious`: see `suspicion.suspicious_users`; None if not asked for
        - `advice`: what follows for protocol, algorithms and cleaning; see `advice.RULES`

    Raises:
        DataError: if the data have no rows.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [5.0, 3.0, 4.0]})
        >>> facts = summarize(data)
        >>> facts["interactions"], facts["density"], facts["most_popular"][0]
        (3, 0.75, {'item': 10, 'title': '10', 'count': 2})
    """
    if not len(data):
        raise DataError("there is nothing to look at: the data have no rows")
    facts = _counts(data, top) | _values(data) | _times(data) | _loading(data)
    facts["suspicious"] = suspicious_users(data) if suspects else None
    facts["fingerprint"] = data.fingerprint
    facts["advice"] = advice(facts)
    return facts


def _counts(data: Interactions, top: int) -> dict[str, Any]:
    per_user, per_item = data.user_counts[data.user_counts > 0], data.item_counts[data.item_counts > 0]
    return {
        "feedback": data.feedback,
        "interactions": len(data),
        "users": len(per_user),
        "items": len(per_item),
        "density": data.by_user.nnz / (len(per_user) * len(per_item)),
        "per_user": tail.spread(per_user),
        "per_item": tail.spread(per_item),
        "few_users": tail.few(per_user),
        "few_items": tail.few(per_item),
        "head_share": tail.head_share(per_item),
        "gini_users": tail.gini(per_user),
        "gini_items": tail.gini(per_item),
        "top_user_share": tail.head_share(per_user, 0.01),
        "long_tail": tail.long_tail(per_item),
        "most_popular": _most_popular(data, top),
    }


def _values(data: Interactions) -> dict[str, Any]:
    spread = ratings.rating_spread(data)
    return {
        "scale": list(data.scale) if data.scale else None,
        "mean_rating": spread["mean"] if spread else None,
        "ratings": ratings.distribution(data),
        "rating_spread": spread,
        "all_ones": bool((data.values == 1).all()),
    }


def _times(data: Interactions) -> dict[str, Any]:
    times = data.times
    timed = times is not None
    return {
        "first": None if times is None else timeline.day(times.min()),
        "last": None if times is None else timeline.day(times.max()),
        "days": None if times is None else round(float(int(times.max()) - int(times.min())) / 86_400, 2),
        "activity": None if times is None else timeline.activity(times),
        "same_second": timeline.same_second(data) if timed else None,
        "newcomers": timeline.newcomers(data) if timed else None,
        "sessions": timeline.sessions(data),
    }


def _loading(data: Interactions) -> dict[str, Any]:
    report = data.report
    return {
        "loading": str(report) if report else None,
        "rows_read": report.rows_read if report else None,
        "bad_rows": report.bad_rows if report else None,
        "duplicates": report.duplicates if report else None,
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
