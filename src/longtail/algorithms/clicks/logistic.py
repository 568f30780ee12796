"""Logistic regression over the features of an impression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from longtail.algorithms.clicks.click_model import ClickModel
from longtail.algorithms.clicks.skeleton import FieldNetwork
from longtail.algorithms.trainer import Network, Tensor
from longtail.params import hyper

__all__ = ["ClickLR"]


@dataclass(eq=False, kw_only=True)
class LogisticNetwork(FieldNetwork):
    """A weight for each feature."""

    has_vectors: ClassVar[bool] = False

    def logit(self, fields: Tensor, alone: Tensor, training: bool) -> Tensor:
        """The sum of the weights."""
        return alone


@dataclass(kw_only=True)
class ClickLR(ClickModel):
    """Logistic regression: every feature speaks for or against a click by itself (Richardson and others 2007).

        logit = w_0 + sum over features j of w_j x_j

    The baseline of click models. As a recommender it has the same order of items for everyone: the weight of a history
    is the same for all items.

    Attributes:
        learning_rate: the highest step size; weights have far to go.
        preference: see `ClickModel`; likewise all others, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> table = {"label": [1, 0, 1, 0] * 50, "hour": [8, 9, 8, 9] * 50, "place": [0, 0, 1, 1] * 50}
        >>> impressions = lt.Impressions.from_frame(table)
        >>> model = ClickLR(epochs=30, learning_rate=0.1, regularization=0.0).fit_clicks(impressions)
        >>> lt.metrics.auc(model.predict_clicks(impressions))
        1.0
    """

    learning_rate: float = hyper(0.01, at_least=0.0, search=(1e-3, 0.1), log=True)

    def _network(self) -> Network:
        return LogisticNetwork(**self._sizes())
