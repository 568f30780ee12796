"""SKNN: session-based nearest neighbors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.algorithms.sequence.session_neighbors import SessionNeighbors
from longtail.types import AnyArray, RealArray

__all__ = ["SKNN"]


@dataclass(kw_only=True)
class SKNN(SessionNeighbors):
    """What was met in sessions with the same items.

    Sessions are sets of items, compared by their cosine:

        sim(s, n) = |s and n| / sqrt(|s| |n|),    score of i = sum over the neighbors n of s that hold i, of sim(s, n)

    Source: Jannach and Ludewig, *When recurrent neural networks meet the neighborhood for session-based
    recommendation*, 2017. |s| counts the events of the session under way, which changes the scores of a list alike.

    Attributes:
        preference: see `Sequential`.
        neighbors: see `SessionNeighbors`; likewise `sample_size`, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> rows = {"session": [1, 1, 2, 2, 2, 3, 3], "item": [5, 6, 5, 6, 7, 8, 7]}
        >>> model = SKNN().fit(lt.Interactions.from_frame(rows, duplicates="keep"))
        >>> model.recommend_for([[5, 6]], n=1).to_frame().select("item", "score").row(0)
        (7, 0.8164966106414795)
    """

    def _event_weights(self, steps: AnyArray, lengths: AnyArray) -> RealArray:
        return 1.0 / np.sqrt(lengths)

    def _session_factor(self, sizes: AnyArray) -> RealArray:
        return 1.0 / np.sqrt(sizes)
