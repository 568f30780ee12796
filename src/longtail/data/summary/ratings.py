"""How people use the scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.data.interactions import Interactions

__all__ = ["distribution", "rating_spread"]

LEVELS = 20
"""Distinct values up to which a distribution is counted value by value."""


def distribution(data: Interactions) -> dict[str, int] | None:
    """How often each value stands there; None for clicks, and where the values are too many to list."""
    values, counts = np.unique(data.values, return_counts=True)
    if data.feedback != "explicit" or len(values) > LEVELS:
        return None
    return {f"{value:g}": int(count) for value, count in zip(values, counts, strict=True)}


def rating_spread(data: Interactions) -> dict[str, Any] | None:
    """How ratings differ, altogether and from user to user; None for clicks.

    Returns:
        mean and sd of all ratings; `levels`, how many different values; `high_share`, the share of ratings in the upper
        quarter of the scale; `sd_of_user_means`, how differently users use the scale; `mean_user_sd`, how much a user's
        own ratings differ (of users with two ratings or more); `constant_users`, the share of those whose ratings are
        all equal.
    """
    if data.feedback != "explicit" or data.scale is None:
        return None
    values, n = data.values.astype(np.float64), data.user_counts
    means = np.bincount(data.users, values, minlength=data.n_users) / np.maximum(1, n)
    squares = np.bincount(data.users, (values - means[data.users]) ** 2, minlength=data.n_users)
    several = n >= 2
    spreads = np.sqrt(squares[several] / n[several])
    low, high = data.scale
    return {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "levels": len(np.unique(data.values)),
        "high_share": float((values >= high - (high - low) / 4).mean()),
        "sd_of_user_means": float(means[n > 0].std()),
        "mean_user_sd": float(spreads.mean()) if len(spreads) else None,
        "constant_users": float((spreads < 1e-9).mean()) if len(spreads) else None,
    }
