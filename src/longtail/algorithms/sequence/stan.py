"""STAN: session neighbors, with position, age and distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.algorithms.sequence.session_neighbors import SessionNeighbors
from longtail.kernels.sessions import Decay
from longtail.params import hyper
from longtail.types import AnyArray, RealArray

__all__ = ["STAN"]

FAR = 1000
"""Decay is no longer told apart beyond so many events."""


@dataclass(kw_only=True)
class STAN(SessionNeighbors):
    """Sequence and time aware neighborhoods.

    Three exponential decays: of the items of the session s under way by how many events ago they were met, of a past
    session n by its age, and of an item of it by how far from the latest common item it stands:

        w(s, n) = sum over the distinct items i of s that are in n, of exp(-d_i / recency)
        sim(s, n) = w(s, n) exp(-(t_s - t_n) / age) / sqrt(|s| |n|)
        score of i = sum over the neighbors n of s that hold i, of sim(s, n) exp(-|p_i - p_*| / distance)

    with d_i events after the last one of i in s, p the places in n, and * the latest item of s that is in n. As every
    past session is older than s, exp(-t_s / age) is the same for all of them: ages are measured from the latest session
    compared, and a session under way needs no time.

    Source: Garg, Gupta, Malhotra, Vig and Shroff, *Sequence and time aware neighborhood for session-based
    recommendations: STAN*, 2019.

    Attributes:
        preference: see `Sequential`.
        neighbors: see `SessionNeighbors`; likewise `sample_size`, and what is learned.
        recency: events; lambda_1 of the paper.
        age: days; lambda_2 of the paper. Without effect on data without times.
        distance: events; lambda_3 of the paper.

    Examples:
        >>> import longtail as lt
        >>> rows = {"session": [1, 1, 1, 2, 2, 2], "item": [5, 6, 7, 5, 8, 9], "timestamp": [1, 2, 3, 4, 5, 6]}
        >>> model = STAN().fit(lt.Interactions.from_frame(rows, duplicates="keep"))
        >>> model.recommend_for([[5]], n=4).of(0)
        [8, 6, 9, 7]
    """

    neighbors: int = hyper(500, at_least=1, search=(50, 2000), log=True)
    sample_size: int = hyper(5000, at_least=1, search=(500, 10_000), log=True)
    recency: float = hyper(0.7, at_least=1e-3, search=(0.3, 10.0), log=True)
    age: float = hyper(5.0, at_least=1e-3, search=(1.0, 200.0), log=True)
    distance: float = hyper(5.0, at_least=1e-3, search=(0.3, 10.0), log=True)

    def _event_weights(self, steps: AnyArray, lengths: AnyArray) -> RealArray:
        weights: RealArray = np.exp(-np.minimum(steps, FAR) / self.recency) / np.sqrt(lengths)
        return weights

    def _session_factor(self, sizes: AnyArray) -> RealArray:
        return 1.0 / np.sqrt(sizes)

    def _aging(self) -> RealArray:
        ages: RealArray = self.ages_ / self.age
        return ages

    def _decay(self) -> Decay:
        return Decay(np.ones(1), np.exp(-np.arange(FAR) / self.distance), np.ones(len(self.item_ids_)))
