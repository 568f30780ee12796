"""What click models learn from when they learn to recommend: each item met beside some that were not, and the rest met.

The person is described by the other items met, never by the one asked about: it would give the answer away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.trainer import Chunk, Sampler, steps_of
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["Events", "shares_of"]


@dataclass(frozen=True, eq=False)
class Events:
    """Every entry of histories as an example with negatives.

    Attributes:
        weights: (n_users, n_items) CSR of preferences.
        features: (n_items, slots) of the items, and `amounts` alike.
        amounts: see `features`.
        begin: the feature of the first item as part of a history.
        most: items of a history that are looked at, drawn anew each time where there are more.
        negatives: items not met beside each that was.
        batch_size: entries in a step.
    """

    weights: sparse.csr_array
    features: IntArray
    amounts: FloatArray
    begin: int
    most: int
    negatives: int
    batch_size: int

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-self.weights.nnz // self.batch_size)

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of one epoch: every entry once, those that fill up the last batch of weight 0."""
        n, steps, size = self.weights.nnz, self.steps, self.batch_size
        owner = np.repeat(np.arange(self.weights.shape[0], dtype=np.int32), np.diff(self.weights.indptr))
        order = np.resize(rng.permutation(n), steps * size).reshape(steps, size)
        counted = (np.arange(steps * size) < n).reshape(steps, size)
        together = steps_of(steps, 8 * size * (self.most + (1 + self.negatives) * self.features.shape[1]))
        for lo in range(0, steps, together):
            entries = order[lo : lo + together]
            people = owner[entries]
            history, shares = self.others(rng, people, entries)
            items = self.candidates(rng, people, entries)
            label = np.zeros(items.shape, dtype=np.float32)
            label[..., 0] = 1.0
            yield {
                "features": self.features[items],
                "amounts": self.amounts[items],
                "label": label,
                "history": history,
                "shares": shares,
                "weight": np.where(counted[lo : lo + together], self.weights.data[entries], np.float32(0.0)),
            }

    def candidates(self, rng: np.random.Generator, people: AnyArray, entries: AnyArray) -> IntArray:
        """(..., 1 + negatives) items: that of the entry, and some the person has not met."""
        sampler = Sampler(np.ones(self.weights.shape[1]))
        drawn = sampler.draw_unseen(rng, people, self.negatives, self.weights)
        return np.concatenate([self.weights.indices[entries][..., None], drawn], axis=-1).astype(np.int32)

    def others(self, rng: np.random.Generator, people: AnyArray, entries: AnyArray) -> tuple[IntArray, FloatArray]:
        """(..., most) features and shares of the other entries of the person: all, or as many draws of them."""
        begin = self.weights.indptr[people].astype(np.int64)
        others = self.weights.indptr[people + 1] - begin - 1
        places = np.arange(self.most)
        drawn = np.floor(rng.random((*people.shape, self.most)) * others[..., None]).astype(np.int64)
        place = np.where(others[..., None] <= self.most, np.broadcast_to(places, drawn.shape), drawn)
        place += place >= (entries - begin)[..., None]  # skips the entry itself
        there = places < others[..., None]
        found = np.where(there, begin[..., None] + place, entries[..., None])
        amounts = np.where(there, self.weights.data[found], np.float32(0.0))
        total = np.maximum(amounts.sum(axis=-1, keepdims=True), np.float32(1e-9))
        history = np.where(there, self.begin + self.weights.indices[found], self.begin)
        return history.astype(np.int32), (amounts / total).astype(np.float32)


def shares_of(weights: sparse.csr_array) -> sparse.csr_array:
    """Rows of preferences as shares, which sum to 1.

    Examples:
        >>> shares_of(sparse.csr_array(np.array([[1.0, 3.0], [0.0, 0.0]]))).toarray().tolist()
        [[0.25, 0.75], [0.0, 0.0]]
    """
    counts = np.diff(weights.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    totals = np.bincount(rows, weights=weights.data, minlength=len(counts))
    data = (weights.data / np.maximum(totals[rows], 1e-9)).astype(np.float32)
    return sparse.csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
