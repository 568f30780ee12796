"""V-SKNN: session neighbors, where what was met last counts most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.algorithms.sequence.session_neighbors import SessionNeighbors
from longtail.kernels.sessions import Decay
from longtail.params import hyper
from longtail.types import AnyArray, RealArray

__all__ = ["VSKNN"]


@dataclass(kw_only=True)
class VSKNN(SessionNeighbors):
    """Neighbors of the end of a session.

    An item that last stood at place p of the l events of session s, from 1, weighs w_i = (p / l)^2, and

        sim(s, n) = sum over the distinct items i of s that are in n, of w_i
        score of i = sum over the neighbors n of s that hold i, of sim(s, n) (1 + idf ln(N / c_i)) / x(s, n)

    where the latest item that s has in common with n was met x events ago (1: just now), N is the number of past
    sessions, c_i that of the events of item i. A negative logarithm counts as 0.

    Source: Ludewig and Jannach, *Evaluation of session-based recommendation algorithms*, 2018, on V-SKNN; the weights
    are those of the settings that did best there on logs of shops.

    Attributes:
        preference: see `Sequential`.
        neighbors: see `SessionNeighbors`; likewise `sample_size`, and what is learned.
        idf: how much rare items are preferred; 0 for not at all.

    Examples:
        >>> import longtail as lt
        >>> rows = {"session": [1, 1, 2, 2, 3, 3], "item": [5, 7, 6, 8, 8, 7]}
        >>> model = VSKNN().fit(lt.Interactions.from_frame(rows, duplicates="keep"))
        >>> lists = model.recommend_for([[5, 6], [6, 5]], n=1)
        >>> lists.of(0), lists.of(1)
        ([8], [7])
    """

    neighbors: int = hyper(500, at_least=1, search=(50, 1500), log=True)
    sample_size: int = hyper(5000, at_least=1, search=(500, 10_000), log=True)
    idf: float = hyper(5.0, at_least=0.0, search=(0.0, 10.0))

    def _event_weights(self, steps: AnyArray, lengths: AnyArray) -> RealArray:
        weights: RealArray = ((lengths - steps) / lengths) ** 2
        return weights

    def _session_factor(self, sizes: AnyArray) -> RealArray:
        return np.ones(len(sizes))

    def _decay(self) -> Decay:
        rare = np.maximum(np.log(self.sessions_.shape[0] / np.maximum(self.counts_, 1.0)), 0.0)
        return Decay(1.0 / np.arange(1.0, 1000.0), np.ones(1), 1.0 + self.idf * rare)
