"""Pairs of user and item that stand more than once, and the policies that leave each once (or keep them all)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from longtail.data.frozen import sealed
from longtail.data.ids import Ids
from longtail.errors import ConfigError, DataError
from longtail.types import FloatArray, LongArray

__all__ = ["Duplicates", "each_pair_once", "policy_for", "repeated", "resolve"]

Duplicates = Literal["error", "last", "mean", "sum", "keep"]


def policy_for(chosen: Duplicates | None, *, explicit: bool) -> Duplicates:
    """The policy chosen, else that of ratings ("error") or of other data ("sum").

    Raises:
        DataError: to "keep" what repeats a rating: a person has one opinion of an item.
    """
    if chosen == "keep" and explicit:
        raise DataError("duplicates='keep' is for events such as clicks; of ratings, choose last, mean or sum")
    return chosen or ("error" if explicit else "sum")


def each_pair_once(
    parts: Mapping[str, Any], user_ids: Ids, item_ids: Ids, policy: Duplicates
) -> tuple[dict[str, Any], int]:
    """The columns with each pair of user and item once, read-only, and how many rows were merged away.

    Args:
        parts: `users`, `items`, `values`, and `times` and others where known (else None), each (n,).
        user_ids: the ids behind `users`, for the message.
        item_ids: likewise for `items`.
        policy: "error", or how the rows of a pair become one: see `resolve`; "keep" leaves all rows.

    Raises:
        DataError: if a pair stands twice and the policy is "error".
        ConfigError: if there is no such policy.
    """
    if policy not in get_args(Duplicates):
        raise ConfigError(f"duplicates must be one of {', '.join(get_args(Duplicates))}, not {policy!r}")
    users, items = parts["users"], parts["items"]
    pairs = users.astype(np.int64) * len(item_ids) + items
    extra, row = (0, None) if policy == "keep" else repeated(pairs)
    kept = dict(parts)
    if row is not None:
        if policy == "error":
            raise DataError(
                f"{extra:,} rows repeat a pair of user and item, first row {row + 1:,} (user {user_ids[users[row]]}, "
                f"item {item_ids[items[row]]}); choose duplicates='last' (or mean, or sum)"
            )
        rows, values = resolve(pairs, parts["values"], parts.get("times"), policy)
        kept = {name: None if column is None else column[rows] for name, column in parts.items()} | {"values": values}
    return {name: None if column is None else sealed(column) for name, column in kept.items()}, extra


def repeated(pairs: LongArray) -> tuple[int, int | None]:
    """How many rows repeat an earlier pair, and the first such row (None when there is none).

    Args:
        pairs: (n,) int64, one number for each pair of user and item.

    Examples:
        >>> repeated(np.array([7, 3, 7, 7]))
        (2, 2)
        >>> repeated(np.array([7, 3]))
        (0, None)
    """
    ranked = np.sort(pairs)
    extra = int(np.count_nonzero(ranked[1:] == ranked[:-1]))
    if not extra:
        return 0, None
    order = np.argsort(pairs, kind="stable")
    return extra, int(order[1:][pairs[order[1:]] == pairs[order[:-1]]].min())


def resolve(
    pairs: LongArray, values: FloatArray, times: LongArray | None, policy: Duplicates
) -> tuple[LongArray, FloatArray]:
    """The rows that stay, in their order in the source, and their values.

    Of each pair the latest row by time stays, or the last by position where times are equal or unknown.

    Args:
        pairs: (n,) int64, one number for each pair of user and item.
        values: (n,) float32.
        times: (n,) int64 seconds, or None.
        policy: the value it gets: its own ("last"), or the "mean" or "sum" of all rows of the pair.

    Examples:
        >>> rows, merged = resolve(np.array([7, 3, 7]), np.array([1, 5, 2], np.float32), None, "mean")
        >>> rows.tolist(), merged.tolist()
        ([1, 2], [5.0, 1.5])
    """
    by_time = np.argsort(pairs, kind="stable") if times is None else np.lexsort((times, pairs))
    starts = np.flatnonzero(np.r_[True, np.diff(pairs[by_time]) != 0])
    ends = np.r_[starts[1:], len(pairs)]
    kept = by_time[ends - 1]
    merged = values[kept]
    if policy in ("mean", "sum"):
        totals = np.add.reduceat(values[by_time].astype(np.float64), starts)
        merged = (totals / (ends - starts) if policy == "mean" else totals).astype(np.float32)
    order = np.argsort(kept)
    return kept[order], merged[order]
