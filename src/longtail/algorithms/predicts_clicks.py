"""`PredictsClicks`: the power to learn from a table of impressions how likely a click is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from scipy import sparse, special

from longtail.algorithms.base import Recommender
from longtail.data.ids import Ids
from longtail.data.impressions import Impressions
from longtail.data.results import ClickPredictions
from longtail.errors import DataError, NotFittedError
from longtail.types import FloatArray, RealArray

__all__ = ["PredictsClicks"]


class PredictsClicks(Recommender, ABC):
    """A recommender that also learns from impressions, of any fields, which of them are clicked.

    One model holds what one of `fit` and `fit_clicks` learned: the other is forgotten. After `fit_clicks` it answers
    `click_probability`, and recommends nothing.

    Attributes:
        learned_from_: "interactions" or "impressions".
    """

    learned_from_: str

    @abstractmethod
    def _fit_impressions(self, train: Impressions, validation: Impressions | None) -> None:
        """Learn from impressions; `validation`, where given, says when to stop."""

    @abstractmethod
    def _click_logits(self, impressions: Impressions) -> FloatArray:
        """(n,) float32: the logit of the probability that each is clicked."""

    def fit_clicks(self, train: Impressions, validation: Impressions | None = None) -> Self:
        """Learn from impressions. Returns itself.

        Args:
            train: what was shown, and what of it was clicked.
            validation: likewise, not learned from: the weights of the epoch that told these best apart are kept.

        Raises:
            DataError: if there are no rows, all or none are clicked, or the validation lacks a field.
        """
        for name, part in (("training", train), ("validation", validation)):
            if part is not None and not 0 < float(part.labels.sum()) < len(part):
                raise DataError(f"the {name} impressions need some that are clicked and some that are not")
        self._forget()
        self.user_ids_, self.item_ids_ = Ids((), kind="user"), Ids((), kind="item")
        self.histories_ = sparse.csr_array(np.zeros((0, 0), dtype=np.float32))
        self.scale_, self.titles_ = None, None
        self.mean_, self.fingerprint_ = float(train.labels.mean(dtype=np.float64)), train.fingerprint
        self.learned_from_ = "impressions"
        try:
            self._fit_impressions(train, validation)
        except BaseException:
            self._forget()
            raise
        return self

    def click_probability(self, impressions: Impressions) -> RealArray:
        """(n,) float64: how likely each is clicked; a value of a field that was not learned from counts as unknown.

        In float32 every logit above 17 would be a probability of 1: all alike to `auc`, and certain to `log_loss`.

        Raises:
            NotFittedError: if it was not fitted by `fit_clicks`.
            DataError: if a field is missing.
        """
        if getattr(self, "learned_from_", "") != "impressions":
            raise NotFittedError(
                f"{type(self).__name__} has not learned from impressions; call fit_clicks(train) first"
            )
        probability: RealArray = special.expit(self._click_logits(impressions).astype(np.float64))
        return probability

    def predict_clicks(self, impressions: Impressions) -> ClickPredictions:
        """The probabilities beside what was clicked, for `lt.metrics.auc` and `lt.metrics.log_loss`."""
        users = None if impressions.user is None else impressions.fields[impressions.user]
        probability = self.click_probability(impressions)
        if users is None:
            return ClickPredictions(impressions.labels, probability)
        return ClickPredictions(impressions.labels, probability, np.asarray(users.values), users.ids)

    def _require_fitted(self) -> None:
        super()._require_fitted()
        if getattr(self, "learned_from_", "") == "impressions":
            name = type(self).__name__
            raise NotFittedError(f"{name} has learned from impressions, not whom to recommend what; call fit(train)")
