"""What click models share: learning from impressions, learning to recommend, and answering."""

from __future__ import annotations

import dataclasses
from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.clicks.encoding import encoded, item_slots, layout
from longtail.algorithms.clicks.people import Events, shares_of
from longtail.algorithms.clicks.skeleton import FieldNetwork
from longtail.algorithms.predicts_clicks import PredictsClicks
from longtail.algorithms.preferences import Preference
from longtail.algorithms.ranker import Ranker
from longtail.algorithms.trainer import RowFeed, Trained, answers
from longtail.algorithms.trainer.validation import hold_out_rows
from longtail.data.attributes import Attributes, attribute_features
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.impressions import Impressions
from longtail.data.interactions import Interactions
from longtail.kernels.areas import areas
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["ClickModel", "DeepClickModel"]

ROWS = 8192
"""How many are answered at a time."""
BAGS = {"bag": "vectors", "bag_alone": "weights"}
"""What is said of a history, and the table it is made of."""


@dataclass(kw_only=True)
class ClickModel(Trained, PredictsClicks, Ranker, ABC):
    """Probabilities of a click from the fields of an impression, by a network over their features.

    `fit_clicks` learns from impressions with any fields. `fit` learns to recommend, from these fields: the item, what
    the catalog says of it, and the other items its person has met, each with its share; beside every item met stand
    `negatives` that were not, drawn evenly. There is no field for the person, so that anyone is answered by their
    history alone, as if it had been learned from. The score is the logit. Someone without a history gets what most
    people have met.

    With `patience` a tenth of the impressions, or of what people have met, is held out (unless `fit_clicks` is given a
    validation part), and the weights of the epoch with the highest area under the ROC curve there are kept.

    Attributes:
        preference: see `Ranker`; how much each item met counts, in the loss and in a history.
        regularization: of the vectors and weights of features, half of it times their squares.
        negatives: items not met beside each that was.
        history: items of a history looked at in a step of training.
        item_attributes: names of columns of the catalog's items, "none", or "auto" for all of use, if there are any.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        slots_: how many places each field has in a row.
        n_features_: how many features there are.
        fields_: of impressions, the fields: name, kind, first feature, places, and of numbers mean and deviation.
        field_ids_: the values of each field.
        item_features_: (n_items, slots) int32, of recommendations the features of each item.
        item_amounts_: (n_items, slots) float32, what each counts.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    preference: Preference = "binary"
    regularization: float = hyper(1e-6, at_least=0.0, search=(1e-8, 1e-4), log=True)
    negatives: int = hyper(4, at_least=1, search=(1, 10))
    history: int = hyper(50, at_least=1)
    item_attributes: Attributes = "auto"
    epochs: int = hyper(10, at_least=1, search=(2, 30), log=True)
    batch_size: int = hyper(1024, at_least=1)

    def _sizes(self) -> dict[str, Any]:
        """What every network over fields is told."""
        return {
            "slots": tuple(self.slots_),
            "n_features": self.n_features_,
            "factors": getattr(self, "factors", 0),
            "history": self.learned_from_ == "interactions",
            "regularization": self.regularization,
            "precision": self.precision,
            "seed": self.seed,
        }

    # -- impressions -------------------------------------------------------------------------------------------------

    def _fit_impressions(self, train: Impressions, validation: Impressions | None) -> None:
        if validation is None and self.patience:
            held = hold_out_rows(len(train), seed=self.seed)
            train, validation = train.take(~held), train.take(held)
        self.fields_: list[dict[str, Any]]
        self.field_ids_: dict[str, Ids]
        self.fields_, self.field_ids_, self.n_features_ = layout(train)
        features, amounts, slots = encoded(train, self.fields_, self.field_ids_)
        self.slots_: list[int] = list(slots)
        columns = {"features": features[:, None], "amounts": amounts[:, None], "label": train.labels[:, None]}
        self._train(RowFeed(columns, self.batch_size), None if validation is None else self._score_on(validation))

    def _score_on(self, validation: Impressions) -> Callable[[], float]:
        features, amounts, slots = encoded(validation, self.fields_, self.field_ids_)
        rows = {"features": features[:, None], "amounts": amounts[:, None]}
        return lambda: float(areas(validation.labels, self._in_parts(rows, slots))[0])

    def _click_logits(self, impressions: Impressions) -> FloatArray:
        features, amounts, slots = encoded(impressions, self.fields_, self.field_ids_)
        return self._in_parts({"features": features[:, None], "amounts": amounts[:, None]}, slots)

    def _in_parts(self, rows: Mapping[str, AnyArray], slots: tuple[int, ...]) -> FloatArray:
        """(n,) logits of rows, some at a time."""
        network = self._with_slots(slots)
        n = len(rows["features"])
        parts = [
            answers(network, {name: column[lo : lo + ROWS] for name, column in rows.items()})
            for lo in range(0, n, ROWS)
        ]
        return np.concatenate([np.zeros(0, dtype=np.float32), *parts]).astype(np.float32)

    def _with_slots(self, slots: tuple[int, ...]) -> FieldNetwork:
        """The trained network; a list longer than any it has learned from needs one with more places."""
        network = cast(FieldNetwork, self._trained_network())
        if slots == tuple(self.slots_):
            return network
        wider = dataclasses.replace(network, slots=slots)
        wider.assign(network.values())
        return wider

    # -- recommendations ---------------------------------------------------------------------------------------------

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        self.learned_from_ = "interactions"
        attributes = attribute_features(catalog, "item", train.item_ids, self.item_attributes)
        made = item_slots(train.n_items, attributes, begin=2 * train.n_items)
        self.item_features_: IntArray
        self.item_amounts_: FloatArray
        self.item_features_, self.item_amounts_, slots, self.n_features_ = made
        self.slots_ = list(slots)
        if not self.patience:
            self._train(self._events(weights))
        else:
            held = hold_out_rows(weights.nnz, seed=self.seed)
            kept = _entries(weights, ~held)
            self._train(self._events(kept), self._score_held(weights, np.flatnonzero(held), kept))

    def _events(self, weights: sparse.csr_array) -> Events:
        return Events(
            weights, self.item_features_, self.item_amounts_, weights.shape[1], self.history, self.negatives,
            self.batch_size,
        )  # fmt: skip

    def _score_held(self, weights: sparse.csr_array, held: AnyArray, kept: sparse.csr_array) -> Callable[[], float]:
        """The area under the curve of held-out entries among items their people have not met."""
        people = np.repeat(np.arange(weights.shape[0], dtype=np.int32), np.diff(weights.indptr))[held]
        items = self._events(weights).candidates(generator(self.seed, "validation"), people, held)
        labels = np.arange(items.size) % items.shape[1] == 0
        owners = np.repeat(people, items.shape[1])
        return lambda: float(areas(labels, self._pairs(shares_of(kept), owners, items.ravel()))[0])

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        listed = np.flatnonzero(self._listable())
        n_people, n_items = weights.shape
        scores = np.zeros((n_people, n_items), dtype=np.float32)
        rows, items = np.repeat(np.arange(n_people), len(listed)), np.tile(listed, n_people)
        scores[rows, items] = self._pairs(shares_of(weights), rows, items)
        return scores

    def _pairs(self, shares: sparse.csr_array, rows: AnyArray, items: AnyArray) -> FloatArray:
        """(n,) logits of items for the people whose histories stand in rows of `shares`."""
        network = self._trained_network()
        learned = network.values()
        part = slice(shares.shape[1], 2 * shares.shape[1])
        bags = {name: shares @ learned[table][part] for name, table in BAGS.items() if table in learned}
        found = np.empty(len(rows), dtype=np.float32)
        for lo in range(0, len(rows), ROWS):
            at, item = rows[lo : lo + ROWS], items[lo : lo + ROWS]
            batch = {"features": self.item_features_[item][:, None], "amounts": self.item_amounts_[item][:, None]}
            found[lo : lo + ROWS] = answers(network, batch | {name: bag[at] for name, bag in bags.items()})
        return found


@dataclass(kw_only=True)
class DeepClickModel(ClickModel, ABC):
    """A click model with vectors and layers on top of them.

    Attributes:
        factors: length of the vector of a feature.
        hidden: units of each layer.
        dropout: share of the units dropped in training.
        batch_norm: whether the units of a layer are normalized before ReLU, when answering by moving averages.
        regularization: see `ClickModel`; layers bear far more of it than products of vectors, as they can scale up.
        preference: see `ClickModel`; likewise all others.
    """

    factors: int = hyper(10, at_least=1, search=(4, 64), log=True)
    hidden: tuple[int, ...] = hyper((400, 400, 400), at_least=1)
    dropout: float = hyper(0.2, at_least=0.0, at_most=0.9, search=(0.0, 0.5))
    batch_norm: bool = True
    regularization: float = hyper(1e-3, at_least=0.0, search=(1e-5, 0.1), log=True)

    def _sizes(self) -> dict[str, Any]:
        layers = {"hidden": tuple(self.hidden), "dropout_rate": self.dropout, "batch_norm": self.batch_norm}
        return super()._sizes() | layers


def _entries(rows: sparse.csr_array, kept: AnyArray) -> sparse.csr_array:
    """The entries of a mask."""
    indptr = np.concatenate([[0], np.cumsum(kept)])[rows.indptr].astype(rows.indptr.dtype)
    return sparse.csr_array((rows.data[kept], rows.indices[kept], indptr), shape=rows.shape)
