"""SLIM: every item predicted from a few of the others, by an elastic net with weights of at least zero."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import sparse

from longtail.algorithms.item_weights import ItemWeights
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.coordinate_descent import ElasticNet, elastic_nets, elastic_nets_of_neighbors
from longtail.kernels.gram import gram, mirror, sparse_gram
from longtail.kernels.measures import Measure
from longtail.kernels.nearest import nearest_rows
from longtail.memory import state_memory
from longtail.params import hyper

__all__ = ["SLIM"]


@dataclass(kw_only=True)
class SLIM(ItemWeights):
    """Sparse linear method (Ning and Karypis, *SLIM: Sparse Linear Methods for Top-N Recommender Systems*, 2011).

    With X the users' preferences, each column b of B minimizes (equation 4)

        1/2 |x_j - X b|^2 + regularization / 2 |b|^2 + l1_regularization |b|_1,    b_j = 0,    b >= 0

    The columns are independent of one another; coordinate descent on X'X solves them side by side. Without b >= 0 and
    with l1_regularization = 0 the solution is that of `EASE` with the same regularization.

    scikit-learn's `ElasticNet(alpha=a, l1_ratio=r, fit_intercept=False, positive=True)` divides the squared error by
    the number of users n: it has the same solution with l1_regularization = n a r, regularization = n a (1 - r).

    X'X takes 4 bytes for each pair of items. With `neighbors=k` (fsSLIM, section 4.3.2) each item is predicted only
    from the k others whose columns have the highest cosine with its own, and of X'X only pairs that somebody has met
    are stored.

    Attributes:
        preference: see `Ranker`.
        regularization: beta, the weight of the squares, in squared preferences.
        l1_regularization: lambda, the weight of the sum; the higher, the fewer weights are left.
        neighbors: how many others an item may be predicted from; None for all.
        non_negative: let no item speak against another.
        epochs: sweeps over the active weights at most, each time that more have become active.
        tolerance: a sweep that moves no weight by more is the last.
        weights_: (n_items, n_items) CSR, float32, B.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = SLIM(regularization=1.0, l1_regularization=0.1).fit(data)
        >>> sorted(model.recommend_for([{0: 1.0, 2: 1.0, 4: 1.0, 6: 1.0}], n=4).of(0))
        [10, 12, 14, 16]

    Raises:
        MemoryBudgetError: (from `fit`) if X'X would pass the memory budget.
    """

    regularization: float = hyper(100.0, at_least=0.0, search=(5.0, 1000.0), log=True)
    l1_regularization: float = hyper(1.0, at_least=0.0, search=(0.1, 10.0), log=True)
    neighbors: int | None = hyper(None, at_least=1)
    non_negative: bool = True
    epochs: int = hyper(1000, at_least=1)
    tolerance: float = hyper(1e-6, at_least=0.0)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        net = ElasticNet(self.l1_regularization, self.regularization, self.non_negative, self.tolerance, self.epochs)
        if self.neighbors is not None:
            near = nearest_rows(weights.T.tocsr(), Measure("cosine", over="whole"), self.neighbors)
            self.weights_ = elastic_nets_of_neighbors(sparse_gram(weights), near, net)
            return
        state_memory(4 * train.n_items**2, f"SLIM's X'X for {train.n_items:,} items")
        G = gram(weights)
        mirror(G)
        self.weights_ = elastic_nets(G, net)
