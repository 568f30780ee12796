"""What the content-based recommenders share: the features they read from the catalog, and items alike by them."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

import numpy as np

from longtail.algorithms.content.features import Combine, Feature, Rule, known_items, similarities
from longtail.algorithms.content.reading import read_features, wanted_features
from longtail.algorithms.powers import Explains, NeedsCatalog, SimilarItems
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper
from longtail.types import BoolArray, FloatArray, IntArray, RealArray

__all__ = ["ContentModel"]


@dataclass(kw_only=True)
class ContentModel(NeedsCatalog, SimilarItems, Explains, ABC):
    """Base of the content-based recommenders: an item is what the catalog says of it.

    Attributes:
        features: names joined by +, each with a weight behind * if it is not 1; the module `features` says which.
        combine: how the similarities by single features become one, "product" or "mean".
        decay: years within which the similarity of years falls to 1/e.
        feature_names_: names of the features.
        feature_weights_: (n_features,) float64, the weight of each.
        decays_: (n_features,) float64, of numbers the difference that is a similarity of 1/e.
        typical_: (n_features,) float64, mean similarity by each.
        feature_N_: values of the N-th feature, see `Feature`.
    """

    features: str = "genres+years"
    combine: Combine = "product"
    decay: float = hyper(10.0, at_least=1e-3, search=(2.0, 50.0), log=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted_features(self.features)

    def _read(self, train: Interactions, catalog: Catalog) -> list[list[str]]:
        """Learn the features of all items; gives the names of what each consists of."""
        found, weights, terms = read_features(wanted_features(self.features), catalog, train.item_ids, self.decay)
        self.feature_names_ = [feature.name for feature in found]
        self.feature_weights_ = np.array(weights)
        self.decays_ = np.array([feature.decay for feature in found])
        self.typical_ = np.array([feature.typical for feature in found])
        for number, feature in enumerate(found):
            setattr(self, f"feature_{number}_", feature.values)
        return terms

    def _features(self) -> list[Feature]:
        facts = zip(self.feature_names_, self.decays_.tolist(), self.typical_.tolist(), strict=True)
        return [
            Feature(name, getattr(self, f"feature_{number}_"), decay, typical)
            for number, (name, decay, typical) in enumerate(facts)
        ]

    def _known_items(self) -> BoolArray:
        return known_items(self._features())

    @property
    def _rule(self) -> Rule:
        return Rule(self.combine, self.feature_weights_)

    def _alike(self, rows: IntArray, columns: IntArray) -> RealArray:
        return similarities(self._features(), rows, columns, self._rule)

    def _item_similarities(self, items: IntArray) -> FloatArray:
        similar = self._alike(items, np.arange(len(self.item_ids_), dtype=np.int32)).astype(np.float32)
        return np.where(similar > 0, similar, np.float32(-np.inf))
