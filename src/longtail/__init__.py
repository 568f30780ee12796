"""Longtail: recommender systems from a ratings file to a measured, served top-N list.

Names are imported when first used, so `import longtail` itself is instant.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    import longtail.data.datasets as datasets
    import longtail.data.splits as splits
    from longtail.algorithms.base import Recommender, load
    from longtail.algorithms.baseline import Bias, Popular, Random
    from longtail.algorithms.factorization.bpr import BPR
    from longtail.algorithms.factorization.implicit_als import ImplicitALS
    from longtail.algorithms.factorization.logistic_mf import LogisticMF
    from longtail.algorithms.factorization.svd import SVD
    from longtail.algorithms.factorization.svdpp import SVDpp
    from longtail.algorithms.factorization.warp import WARP
    from longtail.algorithms.neighborhood.item_knn import ItemKNN
    from longtail.algorithms.neighborhood.user_knn import UserKNN
    from longtail.data.catalog import Catalog
    from longtail.data.ids import Ids
    from longtail.data.interactions import Interactions
    from longtail.data.results import RatingPredictions, TopN
    from longtail.evaluation import metrics
    from longtail.evaluation.bakeoff import Bakeoff
    from longtail.registry import make

_NAMES = {
    "BPR": "longtail.algorithms.factorization.bpr:BPR",
    "Bakeoff": "longtail.evaluation.bakeoff:Bakeoff",
    "Bias": "longtail.algorithms.baseline:Bias",
    "Catalog": "longtail.data.catalog:Catalog",
    "Ids": "longtail.data.ids:Ids",
    "ImplicitALS": "longtail.algorithms.factorization.implicit_als:ImplicitALS",
    "Interactions": "longtail.data.interactions:Interactions",
    "ItemKNN": "longtail.algorithms.neighborhood.item_knn:ItemKNN",
    "LogisticMF": "longtail.algorithms.factorization.logistic_mf:LogisticMF",
    "Popular": "longtail.algorithms.baseline:Popular",
    "Random": "longtail.algorithms.baseline:Random",
    "RatingPredictions": "longtail.data.results:RatingPredictions",
    "Recommender": "longtail.algorithms.base:Recommender",
    "SVD": "longtail.algorithms.factorization.svd:SVD",
    "SVDpp": "longtail.algorithms.factorization.svdpp:SVDpp",
    "TopN": "longtail.data.results:TopN",
    "UserKNN": "longtail.algorithms.neighborhood.user_knn:UserKNN",
    "WARP": "longtail.algorithms.factorization.warp:WARP",
    "datasets": "longtail.data.datasets",
    "errors": "longtail.errors",
    "load": "longtail.algorithms.base:load",
    "make": "longtail.registry:make",
    "metrics": "longtail.evaluation.metrics",
    "splits": "longtail.data.splits",
}

__all__ = [
    "BPR",
    "Bakeoff",
    "Bias",
    "Catalog",
    "Ids",
    "ImplicitALS",
    "Interactions",
    "ItemKNN",
    "LogisticMF",
    "Popular",
    "Random",
    "RatingPredictions",
    "Recommender",
    "SVD",
    "SVDpp",
    "TopN",
    "UserKNN",
    "WARP",
    "datasets",
    "errors",
    "load",
    "make",
    "metrics",
    "splits",
]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'longtail' has no attribute {name!r}")
    module, _, attribute = _NAMES[name].partition(":")
    found = importlib.import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
