"""What the content-based recommenders share: an item is what the catalog says of it."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

from longtail.algorithms.content.features import Feature
from longtail.algorithms.content.reading import read_features, wanted_features
from longtail.algorithms.powers import Explains, LearnsOnline, NeedsCatalog, SimilarItems
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper

__all__ = ["ContentModel"]


@dataclass(kw_only=True)
class ContentModel(NeedsCatalog, SimilarItems, Explains, LearnsOnline, ABC):
    """Base of the content-based recommenders.

    Attributes:
        features: names joined by +, each with a weight behind * if it is not 1; the module `features` says which.
        decay: years within which the similarity of years falls to 1/e.
    """

    features: str = "genres+years"
    decay: float = hyper(10.0, at_least=1e-3, search=(2.0, 50.0), log=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted_features(self.features)

    def _read(self, train: Interactions, catalog: Catalog | None) -> tuple[list[Feature], list[float], list[list[str]]]:
        """The features of all items, the weight of each, and the names of what each consists of."""
        assert catalog is not None  # `NeedsCatalog` sees to it
        return read_features(wanted_features(self.features), catalog, train.item_ids, self.decay)
