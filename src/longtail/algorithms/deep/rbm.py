"""RBM: binary hidden units that explain which rating a person gives to each item."""

from __future__ import annotations

from dataclasses import dataclass

from longtail.algorithms.deep.boltzmann import BoltzmannMachine

__all__ = ["RBM"]


@dataclass(kw_only=True)
class RBM(BoltzmannMachine):
    """Restricted Boltzmann machine with softmax visible units (Salakhutdinov, Mnih and Hinton 2007, section 2).

    A person has a visible unit for each item rated, on at one of the levels of the scale, and hidden units h:

        p(h_j = 1 | V)  = sigmoid(c_j + sum over rated i of W_ikj),  k the level of i
        p(v_i = k | h)  = softmax over k of (b_ik + sum_j h_j W_ikj)

    Weights are learned by contrastive divergence, <v h> of the ratings minus <v h> after a few rounds of Gibbs
    sampling among the items rated. The prediction is the expected rating. The biases b begin at the logarithms of how
    often an item got each rating.

    Attributes:
        factors: hidden units; see `BoltzmannMachine`, likewise the other hyperparameters, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + 2 * i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = RBM(factors=4, epochs=40, batch_size=10, learning_rate=0.05).fit(data)
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0, 2: 5.0}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """
