"""DeepFM: a factorization machine and layers over the same vectors."""

from __future__ import annotations

from dataclasses import dataclass

from longtail.algorithms.clicks.click_model import DeepClickModel
from longtail.algorithms.clicks.skeleton import Tower, pairwise
from longtail.algorithms.trainer import Network, Tensor

__all__ = ["DeepFM"]


@dataclass(eq=False, kw_only=True)
class DeepFMNetwork(Tower):
    """A factorization machine, beside layers over its vectors."""

    def build_parts(self) -> None:
        """The layers, and the weights of the last."""
        self.build_tower(self.n_fields * self.factors)
        self.last = self.dense(self.top, 1)

    def logit(self, fields: Tensor, alone: Tensor, training: bool) -> Tensor:
        """The sum of both parts."""
        deep = self.last(self.through_tower(self.side_by_side(fields), training))[:, 0]
        return alone + pairwise(fields) + deep


@dataclass(kw_only=True)
class DeepFM(DeepClickModel):
    """DeepFM (Guo and others 2017, equations 1 to 4): what pairs of fields say is learned without choosing the pairs.

        logit = w_0 + sum over features j of w_j x_j + sum over fields f < g of <e_f, e_g> + w' h,
        h = layers([e_1, ..., e_F])

    with e_f the sum of v_j x_j over the features j of field f: the machine and the layers share the vectors.

    Attributes:
        factors: see `DeepClickModel`; likewise all others, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> table = {"label": [1, 0, 0, 1] * 50, "hour": [8, 9, 8, 9] * 50, "place": [0, 0, 1, 1] * 50}
        >>> impressions = lt.Impressions.from_frame(table)
        >>> model = DeepFM(factors=4, hidden=(8,), epochs=60, learning_rate=0.03).fit_clicks(impressions)
        >>> lt.metrics.auc(model.predict_clicks(impressions))
        1.0
    """

    def _network(self) -> Network:
        return DeepFMNetwork(**self._sizes())
