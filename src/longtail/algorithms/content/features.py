"""What is known of items, and how alike two items are by it.

Every feature has a similarity s_f(i, j) between 0 and 1:

| feature | similarity |
|---|---|
| `genres`, and any column of labels or lists of labels | cosine of the sets: common / sqrt(n_i n_j) |
| `years` | exp(-abs(y_i - y_j) / decay) |
| `text`: title, tags and the column `text` | cosine of TF-IDF vectors |
| any column of numbers; `numeric` for every column of floats | exp(-abs(x_i - x_j) / standard deviation) |
| any column of embeddings (lists of numbers) | cosine, 0 where it is negative |

Two rules make one similarity of them, with a weight w_f for each feature:

```
product    s(i, j) = prod_f max(s_f(i, j), floor)^w_f        floor = 0 unless weights are learned
mean       s(i, j) = sum_f w_f s_f(i, j) / sum_f w_f
```

Differences of numbers decay as those of years do, so that a product over several columns is exp(-weighted city-block
distance); a cosine would forget how far from the average two items are. Where one of two items lacks a feature, the
mean similarity by that feature stands in. An item of which nothing is known is like no other, and none is its own
neighbor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from scipy import sparse

from longtail.algorithms.histories import row_numbers
from longtail.kernels.inner import inner_products
from longtail.types import AnyArray, BoolArray, RealArray

__all__ = ["Combine", "Feature", "Rule", "known_items", "similarities"]

Combine = Literal["product", "mean"]
Values: TypeAlias = "sparse.csr_array | RealArray"


@dataclass(frozen=True)
class Feature:
    """One feature of n items.

    Attributes:
        name: what it is called.
        values: CSR (n, n_terms) of labels (1 where an item has it) or words (TF-IDF); (n,) numbers, NaN where unknown;
            or (n, n_dimensions) embeddings, zeros where unknown.
        decay: of numbers, the difference that is a similarity of 1/e.
        typical: mean similarity of two items, which stands in where one of them lacks the feature.

    Examples:
        >>> years = Feature("years", np.array([1990.0, 1990.0, 2000.0, np.nan]), decay=10.0, typical=0.5)
        >>> years.similarity(np.array([0]), np.arange(4)).round(4).tolist()
        [[1.0, 1.0, 0.3679, 0.5]]
        >>> genres = Feature("genres", sparse.csr_array(np.array([[1.0, 1.0], [1.0, 0.0]])))
        >>> genres.similarity(np.arange(2), np.arange(2)).round(4).tolist()
        [[1.0, 0.7071], [0.7071, 1.0]]
    """

    name: str
    values: Values
    decay: float = 1.0
    typical: float = 0.0

    @cached_property
    def known(self) -> BoolArray:
        """(n,) whether an item has the feature."""
        return self._squares > 0

    def similarity(self, rows: AnyArray, columns: AnyArray) -> RealArray:
        """(n_rows, n_columns) similarities of the items `rows` to the items `columns`."""
        similar = self._similarity(rows, columns)
        similar[~self.known[rows]] = self.typical
        similar[:, ~self.known[columns]] = self.typical
        return similar

    def with_typical(self, items: int) -> Feature:
        """The same feature with `typical` computed over pairs of at most so many known items, evenly spaced."""
        known = np.flatnonzero(self.known)
        some = known[:: -(-len(known) // items) or 1]
        if len(some) < 2:
            return self
        table = self.similarity(some, some)
        others = len(some) * (len(some) - 1)
        return replace(self, typical=float((table.sum() - np.trace(table)) / others))

    def _similarity(self, rows: AnyArray, columns: AnyArray) -> RealArray:
        if not isinstance(self.values, sparse.csr_array):
            if self.values.ndim == 1:
                apart = np.abs(np.subtract.outer(self.values[rows], self.values[columns]))
                return np.exp(apart / -self.decay)
            inner = inner_products(self.values[rows], self.values[columns])
        else:
            inner = (self.values[rows] @ self.values[columns].T).toarray()
        scale = np.sqrt(np.multiply.outer(self._squares[rows], self._squares[columns]))
        cosine = np.divide(inner, scale, out=np.zeros_like(scale), where=scale > 0)
        return np.maximum(cosine, 0.0, out=cosine)

    @cached_property
    def _squares(self) -> RealArray:
        """(n,) squared lengths of the vectors; of numbers 1 where known."""
        if isinstance(self.values, sparse.csr_array):
            return np.bincount(row_numbers(self.values), self.values.data**2, self.values.shape[0]).astype(np.float64)
        if self.values.ndim == 1:
            return (~np.isnan(self.values)).astype(np.float64)
        squares: RealArray = (self.values**2).sum(axis=1)
        return squares


@dataclass(frozen=True)
class Rule:
    """How the similarities by single features become one.

    Attributes:
        combine: "product" or "mean".
        weights: (n_features,) float64, not negative.
        floor: in a product, what a lower similarity by a single feature counts as.
    """

    combine: Combine
    weights: RealArray
    floor: float = 0.0

    def combined(self, parts: Sequence[RealArray]) -> RealArray:
        """One similarity from that by each feature: arrays of the same shape.

        Examples:
            >>> parts = [np.array([0.5, 1.0]), np.array([0.5, 0.0])]
            >>> Rule("product", np.array([1.0, 2.0])).combined(parts).tolist()
            [0.125, 0.0]
            >>> Rule("mean", np.array([3.0, 1.0])).combined(parts).tolist()
            [0.5, 0.75]
        """
        total = np.full_like(parts[0], self.combine == "product")
        for weight, part in zip(self.weights / (self._sum or 1.0), parts, strict=True):
            if self.combine == "mean":
                total += weight * part
            elif weight:
                floored = np.maximum(part, self.floor) if self.floor else part
                total *= floored if weight == 1.0 else floored**weight
        return total

    @property
    def _sum(self) -> float:
        return float(self.weights.sum()) if self.combine == "mean" else 1.0


def similarities(features: Sequence[Feature], rows: AnyArray, columns: AnyArray, rule: Rule) -> RealArray:
    """(n_rows, n_columns) similarities by all features; 0 of an item to itself, and where nothing is known of it."""
    used = np.flatnonzero(rule.weights)
    parts = [features[int(place)].similarity(rows, columns) for place in used]
    rule = replace(rule, weights=rule.weights[used])
    similar = rule.combined(parts) if parts else np.ones((len(rows), len(columns)))
    similar[np.equal.outer(rows, columns)] = 0.0
    known = known_items(features)
    similar[~known[rows]] = 0.0
    similar[:, ~known[columns]] = 0.0
    return similar


def known_items(features: Sequence[Feature]) -> BoolArray:
    """(n,) whether at least one feature of an item is known."""
    known: BoolArray = np.any([feature.known for feature in features], axis=0)
    return known
