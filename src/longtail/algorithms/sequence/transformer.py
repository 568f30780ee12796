"""The network that SASRec and BERT4Rec share: items of a sequence looked at together, by attention."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from longtail.algorithms.trainer import Network, Tensor, keras

__all__ = ["Transformer", "attention", "normalized", "visible"]

MASKED = -1e9
"""What is added to the score of a place that is not looked at."""


@dataclass(eq=False, kw_only=True)
class Transformer(Network, ABC):
    """Embeddings of items and positions, and layers of self-attention and feed-forward networks over them.

    With X (size, factors) the embeddings of a window, each layer does (Vaswani and others 2017, section 3)

        attention(X) = softmax(Q K' / sqrt(factors / heads) + mask) V   for each head,   Q, K, V = X W_Q, X W_K, X W_V
        X <- X + dropout(attention(norm(X)) [W_O]),   X <- X + dropout(act(norm(X) W_1 + b_1) W_2 + b_2)

    or, where the norm comes after (`normalize_first` False), X <- norm(X + dropout(attention(X) [W_O])), and so on. A
    place sees the places of its own window only, and none that comes later if `causal`.

    Attributes:
        n_items: rows of the table of items.
        factors: of each item.
        size: places in a window.
        layers: of attention and feed-forward network.
        heads: of attention.
        inner: units within the feed-forward network.
        rate: of dropout, on embeddings, attention weights and within each layer.
        negatives: whether losses read some items, not all.
        causal: whether a place sees only those before it and itself.
        normalize_first: see above.
        project: whether the heads are mixed by W_O.
        activation: act, "relu" or "gelu".
    """

    n_items: int
    factors: int
    size: int
    layers: int
    heads: int
    inner: int
    rate: float
    negatives: bool
    causal: bool
    normalize_first: bool
    project: bool
    activation: Literal["relu", "gelu"]

    def build(self) -> None:
        """Normal starts of deviation .02 for embeddings, Glorot's for the layers."""
        d, inner, start = self.factors, self.inner, self.glorot()
        self.items = self.weight((self.n_items, d), self.normal(0.02))
        self.positions = self.weight((self.size, d), self.normal(0.02))
        self.drop = self.dropout(self.rate)
        self.norms = {"scale": self.weight((d,), 1.0), "shift": self.weight((d,))}
        self.blocks = [
            {
                "attend": self.weight((d, 3 * d), lambda shape: np.concatenate([start((d, d)) for _ in "QKV"], axis=1)),
                **({"mix": self.weight((d, d), start), "mixed": self.weight((d,))} if self.project else {}),
                "first": self.weight((d, inner), start),
                "first_bias": self.weight((inner,)),
                "second": self.weight((inner, d), start),
                "second_bias": self.weight((d,)),
                "scale": self.weight((2, d), 1.0),
                "shift": self.weight((2, d)),
            }
            for _ in range(self.layers)
        ]

    def encoded(self, vectors: Tensor, window: Tensor, training: bool) -> Tensor:
        """(n, size, factors) what the layers make of embeddings (n, size, factors).

        Args:
            vectors: of items and positions together.
            window: (n, size) the window of each place; 0 for a place without an item.
            training: whether entries are dropped.
        """
        kind = "bfloat16" if self.precision == "mixed" else "float32"
        ops = keras.ops
        act = partial(ops.gelu, approximate=False) if self.activation == "gelu" else ops.relu
        mask = ops.where(visible(window, self.causal), 0.0, MASKED)

        def norm(values: Tensor, weights: dict[str, Tensor], at: int | None = None) -> Tensor:
            scale, shift = (weights[name] if at is None else weights[name][at] for name in ("scale", "shift"))
            return ops.cast(normalized(values, scale, shift), kind)

        def linear(values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
            product = ops.matmul(values, ops.cast(weight, kind))
            return product if bias is None else product + ops.cast(bias, kind)

        X = ops.cast(vectors, kind)
        if not self.normalize_first:
            X = norm(X, self.norms)
        dropped = partial(self.drop, training=training)
        X = dropped(X)
        for block in self.blocks:
            inside = norm(X, block, 0) if self.normalize_first else X
            heads = attention(linear(inside, block["attend"]), mask, self.heads, dropped)
            heads = linear(heads, block["mix"], block["mixed"]) if self.project else heads
            X = X + dropped(heads)
            X = X if self.normalize_first else norm(X, block, 0)
            inside = norm(X, block, 1) if self.normalize_first else X
            inside = act(linear(inside, block["first"], block["first_bias"]))
            X = X + dropped(linear(inside, block["second"], block["second_bias"]))
            X = X if self.normalize_first else norm(X, block, 1)
        return norm(X, self.norms) if self.normalize_first else X


def visible(window: Tensor, causal: bool) -> Tensor:
    """(n, size, size) whether the place of a row sees that of a column.

    Examples:
        >>> seen = visible(keras.ops.convert_to_tensor([[1, 1, 2, 0]]), causal=True)
        >>> np.asarray(seen)[0].astype(int).tolist()
        [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    """
    size = int(window.shape[1])
    same = keras.ops.equal(window[:, :, None], window[:, None, :])
    return keras.ops.logical_and(same, np.tril(np.ones((size, size), dtype=np.bool_))) if causal else same


def attention(projected: Tensor, mask: Tensor, heads: int, dropout: Callable[[Tensor], Tensor]) -> Tensor:
    """softmax(Q K' / sqrt(width) + mask) V of each head, side by side.

    Args:
        projected: (n, size, 3 * factors) Q, K and V, each of all heads.
        mask: (n, size, size), added to the scores.
        heads: of width factors / heads.
        dropout: what is done to the weights.
    """
    ops = keras.ops
    n, size, width = projected.shape
    wide = width // 3 // heads
    Q, K, V = (
        ops.transpose(ops.reshape(part, (n, size, heads, wide)), (0, 2, 1, 3)) for part in ops.split(projected, 3, -1)
    )
    scores = ops.cast(ops.matmul(Q, ops.transpose(K, (0, 1, 3, 2))), "float32") * wide**-0.5 + mask[:, None]
    weights = dropout(ops.softmax(scores, axis=-1))
    mixed = ops.matmul(ops.cast(weights, V.dtype), V)
    return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (n, size, width // 3))


def normalized(values: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Each vector of mean 0 and variance 1, then times `scale` and plus `shift` (Ba, Kiros and Hinton 2016)."""
    ops = keras.ops
    values = ops.cast(values, "float32")
    centered = values - ops.mean(values, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centered), axis=-1, keepdims=True)
    return centered * ops.rsqrt(variance + 1e-8) * scale + shift
