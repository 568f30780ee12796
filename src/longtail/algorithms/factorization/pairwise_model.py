"""What BPR and WARP share: the blocks they learn in, the pools of negatives, fold-in by the steps of the training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.factor_ranker import FactorRanker
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.parallel import run_rows
from longtail.kernels.strata import run_strata, sieve_of, strata
from longtail.rng import generator
from longtail.types import BoolArray, FloatArray, IntArray, LongArray

__all__ = ["Entries", "Negatives", "PairwiseModel", "Rows", "key_of", "rows_of"]

Negatives = Literal["uniform", "popular"]
Entries: TypeAlias = "tuple[LongArray, IntArray, FloatArray]"
Rows: TypeAlias = "tuple[LongArray, IntArray, FloatArray, LongArray, LongArray]"
"""A CSR matrix (row pointer, items, weights), and with the sieve of its rows."""


class PairwiseModel(FactorRanker, ABC):
    """Vectors learned from pairs of an item that a person has met and one that the person has not, or prefers less.

    An epoch takes as many steps as there are interactions, each with one drawn at random. Someone new gets a vector by
    the same steps with the items held fixed, as many epochs as the training had.
    """

    fold_in: ClassVar[FoldIn] = "solved"

    factors: int
    epochs: int
    seed: int

    @abstractmethod
    def _steps(
        self, people: IntArray, places: LongArray, pool: IntArray, number: int, rows: Rows,
        X: FloatArray, Y: FloatArray, bias: FloatArray, key: np.uint64,
    ) -> None:  # fmt: skip
        """`number` steps on these entries, in place."""

    @abstractmethod
    def _row_steps(self, lo: int, hi: int, rows: Entries, pool: IntArray, key: np.uint64, X: FloatArray) -> None:
        """Learn the rows lo..hi of X alone."""

    @abstractmethod
    def _by_popularity(self) -> bool:
        """Whether negatives are drawn as often as they are met."""

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        rows = rows_of(weights)
        X = self._start("users", np.diff(rows[0]) > 0)
        Y, bias = self._start("items", train.item_counts > 0), np.zeros(train.n_items, dtype=np.float32)
        items = np.flatnonzero(train.item_counts).astype(np.int32)
        for epoch in range(self.epochs):
            parts = strata(rows[0], rows[1], items, generator(self.seed, "blocks", epoch))

            def work(people: IntArray, places: LongArray, members: IntArray, number: int, epoch: int = epoch) -> None:
                pool = rows[1][places] if self._by_popularity() else members
                key = key_of(self.seed, "steps", epoch, number)
                self._steps(people, places, pool, len(people), rows, X, Y, bias, key)

            run_strata(parts, work)
        self.negatives_ = items if not self._by_popularity() else np.sort(weights.indices)
        self._learned(X, Y, bias)

    def _start(self, stream: str, present: BoolArray) -> FloatArray:
        """Uniform random rows (n, factors) around 0, zero where not present."""
        drawn = generator(self.seed, stream).random((len(present), self.factors), dtype=np.float32)
        vectors: FloatArray = (drawn - np.float32(0.5)) / np.float32(self.factors)
        vectors[~present] = 0.0
        return vectors

    def _fold_in(self, weights: sparse.csr_array) -> FloatArray:
        X = np.zeros((weights.shape[0], self.factors), dtype=np.float32)
        rows, key = rows_of(weights), key_of(self.seed, "fold in")

        def solve(lo: int, hi: int) -> None:
            self._row_steps(lo, hi, rows[:3], self.negatives_, key, X)

        run_rows(solve, len(X))
        return X


def key_of(seed: int, *stream: str | int) -> np.uint64:
    """A key for the random numbers of a kernel."""
    return np.uint64(generator(seed, *stream).integers(2**63))


def rows_of(weights: sparse.csr_array) -> Rows:
    """A CSR matrix as the kernels take it."""
    indptr = weights.indptr.astype(np.int64)
    return indptr, weights.indices, weights.data.astype(np.float32, copy=False), *sieve_of(indptr, weights.indices)
