"""What the checks compare with: the learned state of two models, two sets of lists, an error that must be raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from longtail import params
from longtail.algorithms.base import Recommender
from longtail.data.results import TopN
from longtail.errors import LongtailError
from longtail.types import FloatArray

__all__ = ["demand", "differences", "learned", "refused", "same_lists", "score_table", "well_formed"]


def demand(condition: bool, message: str) -> None:
    """Fail with `message` unless `condition` holds."""
    __tracebackhide__ = True
    if not condition:
        raise AssertionError(message)


def refused(error: type[LongtailError], call: Callable[..., object], *args: Any, **options: Any) -> None:
    """Demand that `call(*args, **options)` raises `error`, with a message of one line."""
    __tracebackhide__ = True
    written = [*map(repr, args), *(f"{name}={value!r}" for name, value in options.items())]
    what = f"{getattr(call, '__name__', call)}({', '.join(written)})"
    try:
        call(*args, **options)
    except error as raised:
        demand(bool(str(raised)) and "\n" not in str(raised), f"{what}: the message must be one line, not {raised!s}")
        return
    except Exception as other:
        said = f"{type(other).__name__}: {other}"
        raise AssertionError(f"{what} must raise {error.__name__}, but it raised {said}") from other
    raise AssertionError(f"{what} must raise {error.__name__}, but it raised nothing")


def learned(model: Recommender) -> dict[str, Any]:
    """What a model has learned: its attributes that end in an underscore, by name."""
    return {name: value for name, value in sorted(vars(model).items()) if name.endswith("_")}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of the learned attributes that are not bit for bit the same."""
    names = sorted(before.keys() | after.keys())
    return [name for name in names if name not in before or name not in after or not _same(before[name], after[name])]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype.kind == b.dtype.kind and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, sparse.csr_array) and isinstance(b, sparse.csr_array):
        parts = ((a.data, b.data), (a.indices, b.indices), (a.indptr, b.indptr))
        return a.shape == b.shape and all(_same(x, y) for x, y in parts)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, Recommender) and isinstance(b, Recommender):
        alike = type(a) is type(b) and params.values(a) == params.values(b)
        return alike and not differences(learned(a), learned(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return not differences(a, b)
    return bool(a == b) or (a != a and b != b)


def same_lists(a: TopN, b: TopN) -> bool:
    """Whether two sets of lists are bit for bit the same."""
    return np.array_equal(a.users, b.users) and np.array_equal(a.items, b.items) and np.array_equal(a.scores, b.scores)


def score_table(lists: TopN) -> FloatArray:
    """(n_lists, n_items): the score of every listed item, -inf for the others; the order of near ties is left out."""
    table = np.full((len(lists), len(lists.item_ids)), -np.inf, dtype=np.float32)
    rows, places = np.nonzero(lists.filled)
    table[rows, lists.items[rows, places]] = lists.scores[rows, places]
    return table


def well_formed(lists: TopN, what: str) -> None:
    """Demand that lists are filled from the front, best first, ties by item index, without duplicates."""
    __tracebackhide__ = True
    items, scores, filled = lists.items, lists.scores, lists.filled
    demand(not (filled[:, 1:] & ~filled[:, :-1]).any(), f"{what}: an empty place stands before a filled one")
    demand(
        bool((np.isfinite(scores) == filled).all()), f"{what}: a listed score is not finite, or an empty place has one"
    )
    both = filled[:, 1:]
    demand(bool((scores[:, :-1] >= scores[:, 1:])[both].all()), f"{what}: scores increase along a list")
    tied = both & (scores[:, :-1] == scores[:, 1:])
    demand(bool((items[:, :-1] < items[:, 1:])[tied].all()), f"{what}: a tie is not broken by the lower item index")
    for row, mask in zip(items, filled, strict=True):
        demand(len(np.unique(row[mask])) == mask.sum(), f"{what}: an item stands twice in a list")
