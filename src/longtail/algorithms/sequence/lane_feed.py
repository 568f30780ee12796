"""Session-parallel batches: lanes that walk sessions side by side, and the items each step scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from longtail.algorithms.trainer import Chunk, Sampler, steps_of
from longtail.data.interactions import Interactions
from longtail.kernels.lanes import lane_schedule, pooled
from longtail.types import AnyArray, FloatArray

__all__ = ["LaneFeed", "by_first_event"]

ROOM = 6
"""Standard deviations of the number of distinct items drawn by which a pool is larger than its mean."""


class LaneFeed:
    """The batches of session networks (Hidasi and others 2016, section 3.1.1): a row of a batch is a lane.

    A chunk holds, of S steps, B lanes and P items in the pool of a step:

    - "input" (S, B): the item each lane stands at, by its place in the pool; with `shared` off, its index;
    - "target" (S, B): the item after it, by its place in the pool;
    - "carried" (S, B): 1 where the lane goes on with its session, 0 where a session begins;
    - "live" (S, B): 0 for a lane that found no session left;
    - "pool" (S, P): the distinct items of the step: targets, drawn negatives, and inputs if `shared`;
    - "count" (S, P): how often each is a candidate, each time weighed down by how likely that was: a target
      frequency ** -log_q, a negative frequency ** (-log_q exponent), as the authors do;
    - "likely" (S, B): log_q log(frequency) of the targets.

    Where a pool holds most of the catalogue it is the whole catalogue: place and index are the same. Sessions are
    walked in the same order in every epoch; negatives are drawn anew.

    Attributes:
        steps: steps of an epoch.
        pool: P.
    """

    def __init__(
        self,
        sequences: sparse.csr_array,
        order: AnyArray,
        lanes: int,
        negatives: int,
        exponent: float,
        log_q: float,
        *,
        shared: bool,
    ) -> None:
        """Lay out the lanes.

        Args:
            sequences: (n, n_items), events in order.
            order: rows in the order in which they are taken.
            lanes: B.
            negatives: items drawn in a step, for all lanes.
            exponent: they are drawn with probability proportional to frequency ** exponent.
            log_q: 1 takes from a score how likely its item was to be a candidate, 0 nothing.
            shared: whether the inputs are read from the same table as the items scored.
        """
        self.n_items, self.negatives, self.shared = sequences.shape[1], negatives, shared
        events, begins = lane_schedule(sequences.indptr, order, lanes)
        live = events >= 0
        if not negatives:  # a lane alone has nothing to be told from
            enough = np.count_nonzero(live, axis=1) > 1
            events, begins, live = events[enough], begins[enough], live[enough]
        self._inputs = np.where(live, sequences.indices[events], -1).astype(np.int32)
        self._targets = np.where(live, sequences.indices[np.where(live, events + 1, 0)], -1).astype(np.int32)
        self._live, self._carried = live.astype(np.float32), (live & ~begins).astype(np.float32)
        counts = np.bincount(sequences.indices, minlength=self.n_items)
        met = np.maximum(counts, 1).astype(np.float64)
        self._as_target, self._as_drawn = ((met**-power).astype(np.float32) for power in (log_q, log_q * exponent))
        self._likely = (log_q * np.log(met)).astype(np.float32)
        self._sampler = Sampler(counts, exponent)
        room = lanes * (1 + shared) + min(negatives, _most_drawn(self._sampler.log_q, negatives))
        self.pool = self.n_items if 1.25 * room >= self.n_items else room

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return len(self._inputs)

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of one epoch."""
        if not self.steps:
            return
        together = steps_of(self.steps, 8 * self.pool + 4 * self.negatives)
        for lo in range(0, self.steps, together):
            yield self._chunk(rng, slice(lo, lo + together))

    def _chunk(self, rng: np.random.Generator, steps: slice) -> Chunk:
        inputs, targets = self._inputs[steps], self._targets[steps]
        drawn = self._sampler.draw(rng, (len(inputs), self.negatives))
        chunk: dict[str, Any] = {"carried": self._carried[steps], "live": self._live[steps]}
        chunk["likely"] = np.where(targets >= 0, self._likely[targets], np.float32(0))
        tables = self._as_target, self._as_drawn
        if self.pool == self.n_items:
            every = np.broadcast_to(np.arange(self.n_items, dtype=np.int32), (len(inputs), self.n_items))
            chunk["count"] = pooled(every, targets, drawn, *tables, self.pool)[1]
            return chunk | {"input": np.maximum(inputs, 0), "target": np.maximum(targets, 0)}
        read = inputs if self.shared else inputs[:, :0]
        chunk["pool"], chunk["count"], place, chunk["target"] = pooled(read, targets, drawn, *tables, self.pool)
        return chunk | {"input": place if self.shared else np.maximum(inputs, 0)}


def _most_drawn(log_q: FloatArray, negatives: int) -> int:
    """How many distinct items that many draws hold at most, but for chances that never come up.

    Examples:
        >>> _most_drawn(np.log(np.full(100, 0.01)), 100)  # 63 on average
        93
    """
    missed = np.exp(negatives * np.log1p(-np.minimum(np.exp(log_q.astype(np.float64)), 1 - 1e-12)))
    return int(np.ceil(np.sum(1 - missed) + ROOM * np.sqrt(np.sum(missed * (1 - missed)))))


def by_first_event(train: Interactions) -> AnyArray:
    """Users in order of their first event; without times, as they come."""
    users = np.arange(train.n_users)
    if train.times is None:
        return users
    first = np.full(train.n_users, np.iinfo(np.int64).max)
    np.minimum.at(first, train.users, train.times)
    return np.lexsort((users, first))
