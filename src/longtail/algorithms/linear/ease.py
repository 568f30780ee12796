"""EASE: every item predicted from all the others by one ridge regression, solved in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.item_weights import ItemWeights
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.kernels.gram import gram
from longtail.kernels.inverse import inverse, without_diagonal
from longtail.memory import state_memory
from longtail.params import hyper

__all__ = ["EASE"]

SINGLE_CONDITION = 1e5
"""The condition number up to which an inverse in single precision is exact enough."""


@dataclass(kw_only=True)
class EASE(ItemWeights):
    """Embarrassingly shallow autoencoder (Steck, *Embarrassingly Shallow Autoencoders for Sparse Data*, 2019).

    With X the users' preferences, the weights B minimize (equation 1), with nothing on the diagonal,

        |X - X B|^2 + regularization |B|^2,    B_jj = 0

    and have the closed form (equation 8), with P = (X'X + regularization I)^-1,

        B_ij = -P_ij / P_jj  for i other than j

    The inverse is dense: it takes 4 bytes for each pair of items, or 12 where X'X is so badly conditioned that single
    precision would not do. The size is logged before the work begins (logger `longtail.memory`, level INFO), and
    refused above the memory budget; `SparseEASE` and `SLIM(neighbors=...)` are for such catalogues.

    Attributes:
        preference: see `Ranker`.
        regularization: lambda, in squared preferences, as if so many users had met each item alone.
        weights_: (n_items, n_items) float32, B.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = EASE(regularization=10.0).fit(data)
        >>> sorted(model.recommend_for([{0: 1.0, 2: 1.0}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
        >>> model.explain_for({0: 1.0, 2: 1.0}, 4).text
        'because you liked 2 and 0'

    Raises:
        MemoryBudgetError: (from `fit`) if the inverse would pass the memory budget.
        ConfigError: (from `fit`) if X'X has no inverse; raise the regularization.
    """

    regularization: float = hyper(230.0, at_least=0.0, search=(10.0, 2000.0), log=True)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        double = self._condition(weights) > SINGLE_CONDITION
        state_memory(train.n_items**2 * (12 if double else 4), f"the dense inverse of EASE for {train.n_items:,} items")
        G = gram(weights, double=double)
        G.flat[:: train.n_items + 1] += self.regularization
        P = inverse(G)
        if P is None:
            raise ConfigError(
                f"EASE: X'X has no inverse with regularization {self.regularization}; choose a higher one"
            )
        self.weights_ = without_diagonal(P)

    def _condition(self, X: sparse.csr_array) -> float:
        """A bound of the condition number of X'X + lambda I: the largest row sum of |X|'|X|, over lambda."""
        sums = abs(X).T @ (abs(X) @ np.ones(X.shape[1]))
        return 1.0 + float(sums.max()) / max(self.regularization, 1e-12)
