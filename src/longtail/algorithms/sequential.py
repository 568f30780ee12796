"""What algorithms share that read the order in which things happened."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.ranker import Ranker
from longtail.types import AnyArray

__all__ = ["Sequential", "last_events"]


@dataclass(kw_only=True)
class Sequential(Ranker, ABC):
    """A ranker whose histories stand in order of time, with an item as often as it was met.

    It learns from the rows of each user in order of time (of rows at the same time, or without times, in the order they
    were loaded), and is asked with histories in order: the order of a list or mapping given to `recommend_for` is its
    sequence, and `Interactions` are read in order of time. In a log of visits each session is a user; load it with
    `duplicates="keep"`, or a second click on an item is merged into the last. Lists leave out what was met, as
    everywhere; where people come back to it, ask with `exclude="none"`.

    Attributes:
        preference: whether all events count ("binary") or, of ratings, those "liked" at least as much as the person's
            mean, and the others are no part of the sequence.
    """

    reads_order: ClassVar[bool] = True

    preference: Literal["binary", "liked"] = "binary"


def last_events(histories: sparse.csr_array) -> tuple[AnyArray, AnyArray]:
    """Rows that hold an event, and the index of the last item of each.

    Examples:
        >>> rows = sparse.csr_array(([1.0, 1.0, 1.0], [2, 0, 1], [0, 2, 2, 3]), shape=(3, 4))
        >>> [part.tolist() for part in last_events(rows)]
        [[0, 2], [0, 1]]
    """
    some = np.flatnonzero(np.diff(histories.indptr))
    return some, histories.indices[histories.indptr[some + 1] - 1]
