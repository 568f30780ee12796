"""Histories as batches: the entries of many rows, kept sparse until a step lays out its own few rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.trainer.backend import keras
from longtail.algorithms.trainer.feeds import Chunk, steps_of
from longtail.algorithms.trainer.network import Batch, Tensor
from longtail.types import AnyArray

__all__ = ["HistoryFeed", "laid_out"]


@dataclass(frozen=True, eq=False)
class HistoryFeed:
    """People in random order, each with all entries of their row.

    A chunk holds "row" (place within the batch), "item" and "value" of the entries (steps, k), filled up with entries
    of the row `batch_size`, which is none; "person" (steps, batch_size), the row of `histories`; and "weight", 0 for
    the places without a person that fill up the last batch.

    Attributes:
        histories: (n, n_items) CSR.
        batch_size: people in a batch.
        more: given the generator and a chunk, further arrays for it, each (steps, ...).
        even: put people with long and short histories into every batch (one each of `batch_size` groups of like
            length), so that batches hold about equally many entries and little is filled up.

    Examples:
        >>> feed = HistoryFeed(sparse.csr_array(np.eye(3, dtype=np.float32)), batch_size=2)
        >>> chunk = next(feed.epoch(np.random.default_rng(0)))
        >>> {name: array.shape for name, array in chunk.items()}
        {'person': (2, 2), 'weight': (2, 2), 'row': (2, 2), 'item': (2, 2), 'value': (2, 2)}
    """

    histories: sparse.csr_array
    batch_size: int
    more: Callable[[np.random.Generator, Chunk], Mapping[str, AnyArray]] | None = None
    even: bool = False

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-self.histories.shape[0] // self.batch_size)

    @property
    def capacity(self) -> int:
        """Entries that a batch may hold: those of the longest rows, or where they are even, of each group."""
        lengths = np.sort(np.diff(self.histories.indptr))[::-1]
        return max(1, int(lengths[:: self.steps if self.even else 1][: self.batch_size].sum()))

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of one epoch: every person once."""
        n, steps, size, capacity = self.histories.shape[0], self.steps, self.batch_size, self.capacity
        order = np.full(steps * size, -1, dtype=np.int32)
        order[:n] = rng.permutation(n)
        if self.even:
            order[:n] = order[np.argsort(-np.diff(self.histories.indptr)[order[:n]], kind="stable")]
            order = rng.permuted(order.reshape(size, steps), axis=1).T.ravel()
        people = order.reshape(steps, size)
        together = steps_of(steps, 12 * capacity)
        for lo in range(0, steps, together):
            chunk = self._chunk(people[lo : lo + together], capacity)
            yield chunk | dict(self.more(rng, chunk)) if self.more is not None else chunk

    def _chunk(self, people: AnyArray, capacity: int) -> Chunk:
        steps, size = people.shape
        known = np.maximum(people, 0)
        starts = self.histories.indptr[known]
        counts = np.where(people >= 0, self.histories.indptr[known + 1] - starts, 0)
        before = np.cumsum(counts, axis=1) - counts
        flat = np.repeat((np.arange(steps)[:, None] * capacity + before).ravel(), counts.ravel())
        within = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts.ravel(), counts.ravel())
        source = np.repeat(starts.ravel(), counts.ravel()) + within
        row = np.full(steps * capacity, size, dtype=np.int32)
        item, value = np.zeros(steps * capacity, dtype=np.int32), np.zeros(steps * capacity, dtype=np.float32)
        row[flat + within] = np.repeat(np.broadcast_to(np.arange(size), people.shape).ravel(), counts.ravel())
        item[flat + within], value[flat + within] = self.histories.indices[source], self.histories.data[source]
        return {
            "person": known,
            "weight": (people >= 0).astype(np.float32),
            "row": row.reshape(steps, capacity),
            "item": item.reshape(steps, capacity),
            "value": value.reshape(steps, capacity),
        }


def laid_out(batch: Batch, values: Tensor, n_items: int) -> Tensor:
    """(batch, n_items): `values` (k,) at the rows and items of a batch of `HistoryFeed`, 0 elsewhere."""
    ops, rows = keras.ops, batch["weight"].shape[0]
    places = batch["row"] * n_items + batch["item"]
    flat = ops.segment_sum(values, places, num_segments=(rows + 1) * n_items)
    return ops.reshape(flat, (rows + 1, n_items))[:rows]
