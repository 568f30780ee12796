"""What the nearest-neighbor methods for clicks and plays share: their parameters, and how two rows are compared."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.lists import dense
from longtail.algorithms.powers import Explains, LearnsOnline
from longtail.algorithms.ranker import Ranker
from longtail.kernels.measures import Measure
from longtail.kernels.weighting import Weighting
from longtail.params import hyper
from longtail.types import BoolArray

__all__ = ["ImplicitKNN"]


@dataclass(kw_only=True)
class ImplicitKNN(Ranker, Explains, LearnsOnline, ABC):
    """Base of the nearest-neighbor methods that only rank.

    Where there is no click there is a zero: rows are compared as wholes, not over their common columns as ratings are.

    Attributes:
        similarity: cosine, jaccard, conditional_probability or dot, see `longtail.kernels.measures.Measure`.
        weighting: none, tfidf or bm25: what the cosine and the dot product are made of.
        neighbors: k, how many neighbors are kept.
        min_support: with fewer in common two rows are not similar at all.
        shrinkage: how many in common halve a similarity.
        popularity_exponent: how much a conditional_probability is lowered for what is everywhere.
        k1: of bm25, how soon more of the same says no more.
        b: of bm25, how much a long row is made shorter.
        preference: see `Ranker`.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    similarity: Literal["cosine", "jaccard", "conditional_probability", "dot"] = "cosine"
    weighting: Weighting = "bm25"
    neighbors: int = hyper(100, at_least=1, search=(10, 500), log=True)
    min_support: int = hyper(1, at_least=1)
    shrinkage: float = hyper(0.0, at_least=0.0, search=(0.0, 100.0))
    popularity_exponent: float = hyper(0.5, at_least=0.0, at_most=1.0, search=(0.0, 1.0))
    k1: float = hyper(1.2, at_least=0.01, search=(0.5, 100.0), log=True)
    b: float = hyper(0.75, at_least=0.0, at_most=1.0, search=(0.0, 1.0))

    @property
    def measure(self) -> Measure:
        """How two rows are compared."""
        return Measure(self.similarity, self.min_support, self.shrinkage, "whole", self.popularity_exponent)

    def _ranked(self, scores: Scores, cold: BoolArray) -> Scores:
        """Scores with popularity for the rows that are `cold`, in place; nobody votes for an item nobody met."""
        ranked = dense(scores)
        ranked[cold] = np.where(self.popularity_ > 0, self.popularity_, np.float32(-np.inf))
        return ranked

    def _recount(self) -> None:
        """Popularity with what was learned online."""
        counts = np.bincount(self.histories_.indices, minlength=self.histories_.shape[1])
        self.popularity_ = (counts / counts.max()).astype(np.float32)
