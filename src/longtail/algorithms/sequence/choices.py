"""What it costs a network not to rank first the item that came next: softmax over all items or some, and sigmoids."""

from __future__ import annotations

from longtail.algorithms.trainer import Tensor, keras

__all__ = ["binary_loss", "sampled_softmax_loss", "softmax_loss"]


def softmax_loss(hidden: Tensor, target: Tensor, items: Tensor, offset: Tensor | None = None) -> Tensor:
    """(n,) minus log softmax(hidden . items + offset) at the target.

    Args:
        hidden: (n, factors).
        target: (n,) rows of `items`.
        items: (n_items, factors).
        offset: (n_items,) or None.
    """
    ops = keras.ops
    own = ops.sum(hidden * ops.take(items, target, axis=0), axis=-1)
    logits = ops.matmul(hidden, ops.transpose(items))
    if offset is not None:
        own, logits = own + ops.take(offset, target, axis=0), logits + offset
    return ops.logsumexp(logits, axis=-1) - own


def sampled_softmax_loss(own: Tensor, others: Tensor, log_expected: Tensor, same: Tensor) -> Tensor:
    """(n,) the softmax loss with k items drawn, shared by all rows, standing for all items but the target.

    With q the probability of being drawn, the sum over all other items j of exp(s_j) is that over those drawn of
    exp(s_j) / (k q_j), in the mean, where a drawn target does not count (Bengio and Senecal 2008). The target is no
    draw, so its own score is not corrected.

    Args:
        own: (n,) score of each target.
        others: (n, k) scores of the items drawn.
        log_expected: (k,) log(k q) of each item drawn.
        same: (n, k) whether an item drawn is the target of the row.
    """
    ops = keras.ops
    others = ops.where(same, -1e9, others - log_expected)
    return ops.logsumexp(ops.concatenate([own[:, None], others], axis=-1), axis=-1) - own


def binary_loss(own: Tensor, others: Tensor, weight: float = 1.0) -> Tensor:
    """(...,) minus weight log sigmoid(own) minus the sum over the last axis of log(1 - sigmoid(others)).

    Args:
        own: (...,) score of each target.
        others: (..., k) scores of its negatives.
        weight: of the target, see `SASRec`.
    """
    ops = keras.ops
    return weight * ops.softplus(-own) + ops.sum(ops.softplus(others), axis=-1)
