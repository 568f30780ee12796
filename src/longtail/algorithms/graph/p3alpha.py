"""P3alpha: where random walks of three steps end, from a user over an item and another user to an item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.item_weights import ItemWeights
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.products import top_products
from longtail.kernels.walks import transitions
from longtail.params import hyper
from longtail.types import RealArray

__all__ = ["P3alpha"]


@dataclass(kw_only=True)
class P3alpha(ItemWeights):
    """Three steps of a random walk (Cooper, Lee, Radinsky and Moore, *Random Walks in Recommender Systems*, 2014).

    Users and items are the two sides of a graph, preferences w the weights of its edges. A walk steps from a user to
    an item, or back, with the probabilities

        p_ui = w_ui / sum over j of w_uj,    p_iu = w_ui / sum over v of w_vi

    and each probability is raised to the power alpha, which makes likely steps count more (above 1) or less (below):

        score of j = sum over i of p_ui^alpha B_ij,    B_ij = sum over users v of p_iv^alpha p_vj^alpha

    The sums are exact; nothing is sampled. Of each row of B only the largest entries are kept, none on the diagonal.

    Attributes:
        preference: see `Ranker`; no step is taken along an edge whose weight is not positive.
        alpha: the power; 1 are the probabilities themselves.
        neighbors: ends kept for each item.
        weights_: (n_items, n_items) CSR, float32, B.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = P3alpha().fit(data)
        >>> sorted(model.recommend_for([{0: 1.0, 2: 1.0}], n=9).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    alpha: float = hyper(1.0, at_least=0.0, search=(0.3, 1.6))
    neighbors: int = hyper(200, at_least=1, search=(20, 1000), log=True)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        there, back = transitions(weights, self.alpha), transitions(weights.T.tocsr(), self.alpha)
        self.weights_ = top_products(back, there, self._discount(train), self.neighbors)

    def _discount(self, train: Interactions) -> RealArray:
        """(n_items,) what the ends of walks are multiplied by."""
        return np.ones(train.n_items)

    def _inputs(self, weights: sparse.csr_array) -> sparse.csr_array:
        return transitions(weights, self.alpha)
