"""Learn how much each feature counts from the training ratings alone.

A sample of training ratings is predicted from the other ratings of the same person, as content-knn does it, and the
weights are moved so that the squared error falls:

```
minimise   mean over (u, i) of (r_ui - b_ui - e_ui(w))^2  +  PULL mean_f (w_f - w0_f)^2          w_f >= 0
           e_ui(w) = sum over j in N of s_w(i, j) (r_uj - b_uj) / (d + sum s_w(i, j))
```

N are the k most similar items under the weights at hand. They are chosen anew in each of a few rounds; within a round
the error is smooth in w and L-BFGS-B finds the way down by its gradient. With s = s_w(i, j), c the centered rating and
e the estimate:

```
de/dw_f = sum s log(s_f) (c - e) / (d + sum s)                    product
de/dw_f = sum (s_f - s) / sum_g w_g (c - e) / (d + sum s)         mean
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import optimize, sparse

from longtail.algorithms.content.features import Feature, Rule
from longtail.rng import generator
from longtail.types import BoolArray, RealArray

__all__ = ["FLOOR", "learned_weights"]

FLOOR = 0.01
"""What a lower similarity counts as in a product, so that a feature can lose its say by degrees."""
SAMPLE, OTHERS, ROUNDS, PULL = 3000, 150, 3, 1e-3
"""Ratings predicted, ratings of the same person each is predicted from at most, rounds, pull to the given weights."""
TINY = 1e-12


@dataclass(frozen=True)
class _Sample:
    """Ratings to predict, each from the other ratings of its person.

    Attributes:
        parts: (n_features, n, n_others) similarities to the other ratings' items.
        others: (n, n_others) what these say, centered.
        present: (n, n_others) where there is one.
        target: (n,) the centered rating to predict.
    """

    parts: RealArray
    others: RealArray
    present: BoolArray
    target: RealArray


def learned_weights(
    features: Sequence[Feature], said: sparse.csr_array, start: Rule, neighbors: int, damping: float, seed: int
) -> RealArray:
    """(n_features,) weights, not negative, that predict training ratings best.

    Args:
        features: of all items.
        said: (n_users, n_items) centered training ratings.
        start: the rule with the weights to begin with, and to stay near.
        neighbors: k.
        damping: d.
        seed: which ratings are sampled.
    """
    sample = _drawn(features, said, seed)
    weights = start.weights
    for _ in range(ROUNDS if len(sample.target) else 0):
        chosen = _nearest(replace(start, weights=weights).combined(list(sample.parts)), sample.present, neighbors)
        weights = optimize.minimize(
            _error,
            weights,
            args=(sample, chosen, start, damping),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * len(features),
        ).x
    return np.asarray(weights, dtype=np.float64)


def _error(
    weights: RealArray, sample: _Sample, chosen: BoolArray, start: Rule, damping: float
) -> tuple[float, RealArray]:
    """What is minimised, and its gradient."""
    rule = replace(start, weights=weights)
    similar = rule.combined(list(sample.parts)) * chosen
    mass = np.maximum(damping + similar.sum(axis=1, keepdims=True), TINY)
    estimate = (similar * sample.others).sum(axis=1, keepdims=True) / mass
    moves = np.where(chosen, sample.others - estimate, 0.0) / mass
    missed = sample.target - estimate[:, 0]
    apart = weights - start.weights
    slopes = [float(missed @ (slope * moves).sum(axis=1)) for slope in _slopes(rule, similar, sample.parts)]
    gradient = -2.0 * np.array(slopes) / len(missed) + 2.0 * PULL * apart / len(apart)
    return float((missed**2).mean() + PULL * (apart**2).mean()), gradient


def _slopes(rule: Rule, similar: RealArray, parts: RealArray) -> Iterator[RealArray]:
    """For each feature, how the combined similarities grow with its weight."""
    for part in parts:
        if rule.combine == "product":
            yield similar * np.log(np.maximum(part, rule.floor))
        else:
            yield (part - similar) / (rule.weights.sum() or 1.0)


def _nearest(similar: RealArray, present: BoolArray, k: int) -> BoolArray:
    """Where the k largest similarities of each row stand, and those equal to the k-th."""
    table = np.where(present, similar, -1.0)
    if k >= table.shape[1]:
        return present
    cut = np.partition(table, table.shape[1] - k, axis=1)[:, [table.shape[1] - k]]
    nearest: BoolArray = present & (table >= cut)
    return nearest


def _drawn(features: Sequence[Feature], said: sparse.csr_array, seed: int) -> _Sample:
    rng = generator(seed, "content", "weights")
    counts = np.diff(said.indptr)
    person = np.repeat(np.arange(len(counts)), counts)
    usable = np.flatnonzero(counts[person] > 1)
    drawn = np.sort(rng.choice(usable, min(SAMPLE, len(usable)), replace=False))
    parts = np.zeros((len(features), len(drawn), min(OTHERS, counts.max())))
    others, present = np.zeros(parts.shape[1:]), np.zeros(parts.shape[1:], dtype=np.bool_)
    people, first = np.unique(person[drawn], return_index=True)
    for user, (lo, hi) in zip(people, pairwise(np.append(first, len(drawn))), strict=True):
        history = np.arange(said.indptr[user], said.indptr[user + 1])
        if len(history) > OTHERS:
            history = np.sort(rng.choice(history, OTHERS, replace=False))
        size = len(history)
        others[lo:hi, :size] = said.data[history]
        present[lo:hi, :size] = history != drawn[lo:hi, None]
        for part, feature in zip(parts, features, strict=True):
            part[lo:hi, :size] = feature.similarity(said.indices[drawn[lo:hi]], said.indices[history])
    return _Sample(parts, others, present, said.data[drawn].astype(np.float64))
