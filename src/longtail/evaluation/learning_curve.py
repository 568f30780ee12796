"""Learning curves: what an algorithm makes of a tenth, a quarter, half of the training data; the test part stays.

A curve that still rises at its end says that more data would help; one that is flat says that they would not. Parts are
nested (whoever learns from half has the rows of the quarter as well), and every user keeps a share of their rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.evaluation.intervals import of_mean, wilson
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.protocols import Fold
from longtail.rng import generator

__all__ = ["FIGURES", "Order", "checked_shares", "figures", "folds_for", "part_of", "smaller"]

Order = Literal["random", "earliest"]
FIGURES = ("rmse", "hit_rate", "recall", "ndcg")


def checked_shares(shares: Sequence[float], order: str) -> tuple[float, ...]:
    """The shares in increasing order, each once.

    Raises:
        ConfigError: for a share that is not above 0 and at most 1, or an unknown order.

    Examples:
        >>> checked_shares([1, 0.25, 0.5], "random")
        (0.25, 0.5, 1.0)
    """
    if order not in get_args(Order):
        raise ConfigError(f"curve_order must be one of {', '.join(get_args(Order))}, not {order!r}")
    for share in shares:
        if isinstance(share, (bool, str)) or not 0 < share <= 1:
            raise ConfigError(f"a share of the training data must lie above 0 and be at most 1, not {share!r}")
    return tuple(sorted({float(share) for share in shares}))


def part_of(train: Interactions, share: float, order: Order = "random", seed: int = 0) -> Interactions:
    """That share of each user's rows, rounded up: drawn at random, or the earliest.

    Raises:
        DataError: for the earliest rows of data without times.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1, 2], "item": [1, 2, 3, 1], "timestamp": [9, 5, 7, 1]})
        >>> part_of(data, 0.5, "earliest").to_frame()["item"].to_list()
        [2, 3, 1]
    """
    if order == "earliest":
        if train.times is None:
            raise DataError("a curve of the earliest rows needs a time column; take curve_order='random'")
        by = train.times
    else:
        by = generator(seed, "learning curve").permutation(len(train))
    ranked = np.lexsort((np.arange(len(train)), by, train.users))
    counts = train.user_counts
    place = np.arange(len(train)) - (np.cumsum(counts) - counts)[train.users[ranked]]
    kept = np.zeros(len(train), np.bool_)
    kept[ranked] = place < np.ceil(share * counts - 1e-9)[train.users[ranked]]
    return train.take(kept)


def folds_for(folds: Sequence[Fold]) -> list[Fold]:
    """The folds a curve is made on: the first that hides ratings and the first that hides items."""
    rated = next((fold for fold in folds if "ratings" in fold.asks), None)
    listed = next((fold for fold in folds if {"hits", "ranking"} & set(fold.asks)), None)
    return [fold for fold in folds if fold is rated or fold is listed]


def smaller(fold: Fold, share: float, order: Order, seed: int) -> Fold:
    """The fold with a share of its training data, and no question about what lies beyond accuracy."""
    asks = tuple(question for question in fold.asks if question != "beyond")
    train = part_of(fold.train, share, order, seed)
    return dataclasses.replace(fold, name=f"{fold.name}, {share!r} of the rows, {order}", train=train, asks=asks)


def figures(measured: Mapping[str, MetricValue]) -> dict[str, dict[str, Any]]:
    """The figures a curve is drawn of: value and users, and but for errors the 95 % interval."""
    found: dict[str, dict[str, Any]] = {}
    for key in FIGURES:
        value = measured.get(key)
        if value is None or np.isnan(value):
            continue
        users = int(np.count_nonzero(~np.isnan(value.per_user)))
        found[key] = {"value": float(value), "users": users}
        if key != "rmse" and users > 1:
            edges = wilson(float(value), users) if key == "hit_rate" else of_mean(value.per_user, least=0, most=1)[1:]
            found[key] |= {"low": float(edges[0]), "high": float(edges[1])}
    return found
