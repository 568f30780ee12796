"""RP3beta: random walks of three steps, their ends held back by popularity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.algorithms.graph.p3alpha import P3alpha
from longtail.data.interactions import Interactions
from longtail.params import hyper
from longtail.types import RealArray

__all__ = ["RP3beta"]


@dataclass(kw_only=True)
class RP3beta(P3alpha):
    """P3alpha held back by popularity (Paudel et al., 2017).

    F. Paudel and others, *Updatable, Accurate, Diverse, and Scalable Recommendations for Interactive Applications*.

    Walks of three steps end where many ways lead, at what everybody has met. RP3beta divides by a power of the
    popularity d_j, the number of users who have met item j, before the strongest ends are chosen:

        B_ij = (1 / d_j^beta) sum over users v of p_iv^alpha p_vj^alpha,    score of j = sum over i of p_ui^alpha B_ij

    The paper has alpha = 1; beta = 0 is `P3alpha`.

    Attributes:
        preference: see `Ranker`.
        alpha: see `P3alpha`.
        neighbors: see `P3alpha`.
        beta: how much popularity counts against an item.
        weights_: (n_items, n_items) CSR, float32, B.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = RP3beta(beta=0.5).fit(data)
        >>> sorted(model.recommend_for([{0: 1.0, 2: 1.0}], n=9).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    alpha: float = hyper(0.8, at_least=0.0, search=(0.3, 1.6))
    neighbors: int = hyper(400, at_least=1, search=(20, 1000), log=True)
    beta: float = hyper(0.5, at_least=0.0, search=(0.0, 1.0))

    def _discount(self, train: Interactions) -> RealArray:
        discount: RealArray = np.maximum(train.item_counts, 1.0) ** -self.beta
        return discount
