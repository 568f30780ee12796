"""A factorization machine over the fields of an impression, learned by the one training loop."""

from __future__ import annotations

from dataclasses import dataclass

from longtail.algorithms.clicks.click_model import ClickModel
from longtail.algorithms.clicks.skeleton import FieldNetwork, pairwise
from longtail.algorithms.trainer import Network, Tensor
from longtail.params import hyper

__all__ = ["ClickFM"]


@dataclass(eq=False, kw_only=True)
class MachineNetwork(FieldNetwork):
    """A weight and a vector for each feature."""

    def logit(self, fields: Tensor, alone: Tensor, training: bool) -> Tensor:
        """Weights, and products of the vectors of every two fields."""
        return alone + pairwise(fields)


@dataclass(kw_only=True)
class ClickFM(ClickModel):
    """Factorization machine of clicks: every two fields speak together, by the product of their vectors (Rendle 2010).

        logit = w_0 + sum over features j of w_j x_j + sum over fields f < g of <e_f, e_g>

    with e_f the sum of v_j x_j over the features j of field f. Where each field has one feature this is equation 1 of
    the paper; the features of one field, such as the items of a history, do not meet one another. `fm` learns the same
    of ratings, by Gibbs sampling.

    Attributes:
        factors: length of v_j.
        learning_rate: the highest step size.
        preference: see `ClickModel`; likewise all others, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> table = {"label": [1, 0, 0, 1] * 50, "hour": [8, 9, 8, 9] * 50, "place": [0, 0, 1, 1] * 50}
        >>> impressions = lt.Impressions.from_frame(table)  # neither field says anything by itself
        >>> model = ClickFM(factors=4, epochs=60, learning_rate=0.1, regularization=0.0).fit_clicks(impressions)
        >>> lt.metrics.auc(model.predict_clicks(impressions))
        1.0
    """

    factors: int = hyper(10, at_least=1, search=(4, 64), log=True)
    learning_rate: float = hyper(0.01, at_least=0.0, search=(1e-3, 0.1), log=True)

    def _network(self) -> Network:
        return MachineNetwork(**self._sizes())
