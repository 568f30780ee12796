"""DCN-V2: layers that cross the fields with themselves, beside ordinary ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from longtail.algorithms.clicks.click_model import DeepClickModel
from longtail.algorithms.clicks.skeleton import Tower
from longtail.algorithms.trainer import Network, Tensor, keras
from longtail.extras import require
from longtail.params import hyper

__all__ = ["DCN"]

Structure = Literal["parallel", "stacked"]


@dataclass(eq=False, kw_only=True)
class CrossNetwork(Tower):
    """Crosses of the vectors, and layers beside or behind them."""

    has_weights: ClassVar[bool] = False

    crosses: int
    rank: int
    structure: Structure

    def build_parts(self) -> None:
        """Crosses, layers, and the weights of the last."""
        width = self.n_fields * self.factors
        self.cross = [self.feature_cross(width) for _ in range(self.crosses)]
        self.build_tower(width)
        beside = width if self.structure == "parallel" and self.hidden else 0
        self.last = self.dense(beside + self.top, 1)

    def feature_cross(self, width: int) -> Any:
        """A built `keras_rs.layers.FeatureCross`."""
        keras.backend.backend()  # keras-rs would load Keras on another backend
        layer = require("keras_rs", extra="deep").layers.FeatureCross(
            projection_dim=self.rank or None, kernel_initializer="zeros", dtype=keras.config.dtype_policy()
        )
        layer.build((None, width))
        parts = [(layer.down_proj_dense, width, self.rank)] if self.rank else []
        for dense, inputs, outputs in [*parts, (layer.dense, self.rank or width, width)]:
            dense.build((None, inputs))
            dense.kernel.assign(self.glorot()((inputs, outputs)))
        return layer

    def logit(self, fields: Tensor, alone: Tensor, training: bool) -> Tensor:
        """Weights of what comes out of crosses and layers."""
        first = self.side_by_side(fields)
        crossed = first
        for layer in self.cross:
            crossed = layer(first, crossed)
        if self.structure == "stacked" or not self.hidden:
            out = self.through_tower(crossed, training)
        else:
            out = keras.ops.concatenate([crossed, self.through_tower(first, training)], axis=1)
        return alone + self.last(out)[:, 0]


@dataclass(kw_only=True)
class DCN(DeepClickModel):
    """Deep & cross network, version 2 (Wang and others 2021, equations 1 and 2).

        x_0 = [e_1, ..., e_F],   x_{l+1} = x_0 * (W_l x_l + b_l) + x_l   (* by elements)

    After L crosses x_L holds products of up to L + 1 entries of x_0. "parallel": the logit is linear in x_L and
    layers(x_0), side by side; "stacked": in layers(x_L). With a `rank`, W_l = U_l V_l of that rank.

    Attributes:
        crosses: L.
        rank: of W_l; 0 for any.
        structure: where the layers stand.
        factors: see `DeepClickModel`; likewise all others, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> table = {"label": [1, 0, 0, 1] * 50, "hour": [8, 9, 8, 9] * 50, "place": [0, 0, 1, 1] * 50}
        >>> impressions = lt.Impressions.from_frame(table)
        >>> model = DCN(factors=4, hidden=(8,), epochs=60, learning_rate=0.03).fit_clicks(impressions)
        >>> lt.metrics.auc(model.predict_clicks(impressions))
        1.0
    """

    crosses: int = hyper(3, at_least=1, search=(1, 5))
    rank: int = hyper(0, at_least=0)
    structure: Structure = "parallel"

    def _network(self) -> Network:
        return CrossNetwork(**self._sizes(), crosses=self.crosses, rank=self.rank, structure=self.structure)
