"""WARP: pairwise ranking that minds the top of the list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.algorithms.factorization.pairwise_model import Entries, PairwiseModel, Rows
from longtail.kernels.pairwise import warp_rows, warp_steps
from longtail.params import hyper
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["WARP"]


@dataclass(kw_only=True)
class WARP(PairwiseModel):
    """Weighted approximate-rank pairwise loss (Weston, Bengio and Usunier 2011, algorithm 1).

    With s_ui = x_u . y_i + b_i: for a drawn interaction (u, i), items j that u has not met, or prefers less, are drawn
    until one scores s_uj > s_ui - 1. If that takes t draws of m items (those that u has met are counted when drawn, and
    passed over), the rank of i is about r = (m - 1) // t, and the step descends

        L(r) / L(m - 1) (1 - s_ui + s_uj),   L(r) = 1 + 1/2 + ... + 1/r

    so that a positive far down counts more. L2 regularization takes the place of the paper's bound on the norms.

    Attributes:
        factors: length of x_u and y_i.
        epochs: steps for each interaction, on average.
        learning_rate: step size.
        regularization: weight of the squared parameters, counted in each step that meets them.
        max_sampled: draws for an interaction, at most; a positive that none of them comes near is left alone.
        seed: of the start and of all draws.
        negatives_: int32, what the negatives of people met later are drawn from.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = WARP(factors=2).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    factors: int = hyper(64, at_least=1, search=(16, 256), log=True)
    epochs: int = hyper(60, at_least=1, search=(20, 150), log=True)
    learning_rate: float = hyper(0.01, at_least=0.0, search=(0.003, 0.05), log=True)
    regularization: float = hyper(0.07, at_least=0.0, search=(0.01, 0.3), log=True)
    max_sampled: int = hyper(20, at_least=1, search=(5, 100), log=True)
    seed: int = hyper(0, at_least=0)

    def _by_popularity(self) -> bool:
        return False

    def _steps(
        self, people: IntArray, places: LongArray, pool: IntArray, number: int, rows: Rows,
        X: FloatArray, Y: FloatArray, bias: FloatArray, key: np.uint64,
    ) -> None:  # fmt: skip
        rate, decay = self.learning_rate, self.regularization
        loss = rank_loss(len(Y))
        warp_steps(people, places, pool, number, key, *rows, X, Y, bias, rate, rate, decay, self.max_sampled, loss)

    def _row_steps(self, lo: int, hi: int, rows: Entries, pool: IntArray, key: np.uint64, X: FloatArray) -> None:
        Y, bias, rate, decay = self.item_vectors_, self.item_bias_, self.learning_rate, self.regularization
        loss = rank_loss(len(Y))
        warp_rows(lo, hi, *rows, pool, self.epochs, key, X, Y, bias, rate, decay, self.max_sampled, loss)


def rank_loss(n_items: int) -> FloatArray:
    """(max(n_items, 2),) float32: 1 + 1/2 + ... + 1/r of the ranks r = 0, 1, ..., as a part of the last.

    Examples:
        >>> rank_loss(4).round(3).tolist()
        [0.0, 0.5450000166893005, 0.8180000185966492, 1.0]
    """
    ranks = np.arange(1, max(n_items, 2))
    sums = np.concatenate([[0.0], np.cumsum(1.0 / ranks)])
    parts: FloatArray = (sums / sums[-1]).astype(np.float32)
    return parts
