"""Wide & Deep: a linear model and a deep one that learn together."""

from __future__ import annotations

from dataclasses import dataclass

from longtail.algorithms.clicks.click_model import DeepClickModel
from longtail.algorithms.clicks.skeleton import Tower
from longtail.algorithms.trainer import Network, Tensor

__all__ = ["WideDeep"]


@dataclass(eq=False, kw_only=True)
class WideDeepNetwork(Tower):
    """Weights of features, beside layers over the vectors."""

    def build_parts(self) -> None:
        """The layers, and the weights of the last."""
        self.build_tower(self.n_fields * self.factors)
        self.last = self.dense(self.top, 1)

    def logit(self, fields: Tensor, alone: Tensor, training: bool) -> Tensor:
        """The sum of both parts."""
        return alone + self.last(self.through_tower(self.side_by_side(fields), training))[:, 0]


@dataclass(kw_only=True)
class WideDeep(DeepClickModel):
    """Wide & Deep learning (Cheng and others 2016, equation 3): weights of features remember, layers generalize.

        logit = w_0 + sum over features j of w_j x_j + w' h,   h = layers([e_1, ..., e_F])

    with e_f the sum of v_j x_j over the features j of field f, side by side. The wide part of the paper also has
    products of fields that somebody chose; here make a field of them ("ann, 8 o'clock"). All is trained by one
    optimizer, where the paper takes one for each part.

    Attributes:
        factors: see `DeepClickModel`; likewise all others, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> table = {"label": [1, 0, 0, 1] * 50, "hour": [8, 9, 8, 9] * 50, "place": [0, 0, 1, 1] * 50}
        >>> impressions = lt.Impressions.from_frame(table)
        >>> model = WideDeep(factors=4, hidden=(8,), epochs=60, learning_rate=0.03).fit_clicks(impressions)
        >>> lt.metrics.auc(model.predict_clicks(impressions))
        1.0
    """

    def _network(self) -> Network:
        return WideDeepNetwork(**self._sizes())
