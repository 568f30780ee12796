"""What networks that read windows of histories learn from: what comes next everywhere, or what was hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.histories import row_numbers
from longtail.algorithms.sequence.windows import Rows
from longtail.algorithms.trainer import Chunk, Sampler
from longtail.kernels.packing import draw_masked

__all__ = ["ClozeFeed", "NextFeed"]


@dataclass(frozen=True, eq=False)
class NextFeed:
    """Every event but the last of each history, and the one that follows it; see `Rows`.

    Attributes:
        histories: (n, n_items) CSR in order.
        rows: all events but the last ones.
        sampler: draws negatives; None for none.
        negatives: how many for a step, or for each place.
        met: (n, n_items) CSR, items sorted: what is no negative of each; None where negatives are those of a step.
    """

    histories: sparse.csr_array
    rows: Rows
    sampler: Sampler | None = None
    negatives: int = 0
    met: sparse.csr_array | None = None

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.rows.steps

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of an epoch, of arrays (steps, rows, size), and negatives with a last axis or instead."""
        items = self.histories.indices.astype(np.int32, copy=False)
        person = row_numbers(self.histories).astype(np.int32) if self.met is not None else None
        for source, chunk in self.rows.epoch(rng, place_bytes=20 + 4 * self.negatives * (self.met is not None)):
            chunk |= {"item": items[source], "target": items[np.minimum(source + 1, len(items) - 1)]}
            chunk["weight"] = (chunk["window"] > 0).astype(np.float32)
            if self.sampler is not None and self.met is not None and person is not None:
                chunk["negatives"] = self.sampler.draw_unseen(rng, person[source], self.negatives, self.met)
            elif self.sampler is not None:
                drawn = self.sampler.draw(rng, (len(source), self.negatives))
                chunk["negatives"] = drawn
                chunk["log_expected"] = self.sampler.log_q[drawn] + np.float32(np.log(self.negatives))
            yield chunk


@dataclass(frozen=True, eq=False)
class ClozeFeed:
    """Every event of each history, some hidden anew each epoch; see `Rows`.

    Attributes:
        histories: (n, n_items) CSR in order.
        rows: all events.
        share: of the places of a window that are hidden.
        last: how often the last one alone is.
        sampler: draws negatives; None for none.
        negatives: how many for a step.
    """

    histories: sparse.csr_array
    rows: Rows
    share: float
    last: float
    sampler: Sampler | None = None
    negatives: int = 0

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.rows.steps

    @property
    def capacity(self) -> int:
        """Places that may be hidden in a batch."""
        n_rows, size = self.rows.window.shape
        of = np.arange(n_rows)[:, None] * (size + 1) + self.rows.window
        lengths = np.bincount(of.ravel(), minlength=n_rows * (size + 1)).reshape(n_rows, size + 1)[:, 1:]
        hidden = np.where(lengths > 0, np.maximum(1, np.rint(self.share * lengths)), 0).sum(axis=1)
        return max(1, int(np.sort(hidden)[-self.rows.batch_size :].sum()))

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of an epoch: arrays (steps, rows, size) of places, (steps, k) of those hidden."""
        items, capacity = self.histories.indices.astype(np.int32, copy=False), self.capacity
        for source, chunk in self.rows.epoch(rng, place_bytes=32):
            steps, shape = len(source), source.shape
            place = np.zeros((steps, capacity), dtype=np.int32)
            chance, order = (rng.random(shape, dtype=np.float32) for _ in range(2))
            counts = draw_masked(chunk["window"], self.share, self.last, chance, order, place)
            weight = (np.arange(capacity) < counts[:, None]).astype(np.float32)
            item = items[source]
            masked = np.zeros((steps, shape[1] * shape[2]), dtype=np.float32)
            step = np.broadcast_to(np.arange(steps)[:, None], place.shape)
            masked[step[weight > 0], place[weight > 0]] = 1.0
            target = np.take_along_axis(item.reshape(steps, -1), place, axis=1)
            chunk |= {"item": item, "masked": masked.reshape(shape), "place": place, "target": target, "weight": weight}
            if self.sampler is not None:
                drawn = self.sampler.draw(rng, (steps, self.negatives))
                chunk["negatives"] = drawn
                chunk["log_expected"] = self.sampler.log_q[drawn] + np.float32(np.log(self.negatives))
            yield chunk
