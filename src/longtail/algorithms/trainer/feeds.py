"""Where batches come from: many steps at a time, as arrays with a first axis for the steps.

A feed never is the bottleneck: it draws and gathers for many steps in one NumPy call, while the steps before are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from longtail.types import AnyArray

__all__ = ["CHUNK_BYTES", "Chunk", "Feed", "RowFeed", "steps_of"]

CHUNK_BYTES = 16 * 2**20

Chunk: TypeAlias = dict[str, AnyArray]
"""Arrays (steps, ...) by name: the batches of as many steps."""


class Feed(Protocol):
    """The batches of an epoch.

    Every chunk of every epoch has arrays of the same names, types and shapes, but for the number of steps, which is the
    same in all chunks but the last, where it may be smaller.
    """

    @property
    def steps(self) -> int:
        """Steps in an epoch."""

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of one epoch, drawn anew."""


@dataclass(frozen=True, eq=False)
class RowFeed:
    """Rows of columns in random order, the last batch filled up with rows of weight 0.

    Attributes:
        columns: arrays (n, ...) by name.
        batch_size: rows in a batch.
        more: given the generator and a chunk of rows (steps, batch, ...), further arrays for it, such as negatives.
        more_bytes: how many bytes a step has of these.

    Examples:
        >>> feed = RowFeed({"item": np.arange(5)}, batch_size=2)
        >>> chunk = next(feed.epoch(np.random.default_rng(0)))
        >>> chunk["item"].shape, chunk["weight"].tolist()
        ((3, 2), [[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
        >>> sorted(chunk["item"].ravel()[:5].tolist())
        [0, 1, 2, 3, 4]
    """

    columns: Mapping[str, AnyArray]
    batch_size: int
    more: Callable[[np.random.Generator, Chunk], Mapping[str, AnyArray]] | None = None
    more_bytes: int = 0

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-self._rows // self.batch_size)

    @property
    def _rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        """The batches of one epoch: every row once."""
        n, steps, size = self._rows, self.steps, self.batch_size
        if not n:
            return
        order = np.resize(rng.permutation(n), steps * size).reshape(steps, size)
        weight = (np.arange(steps * size) < n).astype(np.float32).reshape(steps, size)
        row_bytes = sum(column[:1].nbytes for column in self.columns.values())
        together = steps_of(steps, row_bytes * size + self.more_bytes)
        for lo in range(0, steps, together):
            rows = order[lo : lo + together]
            chunk: dict[str, Any] = {name: column[rows] for name, column in self.columns.items()}
            chunk["weight"] = weight[lo : lo + together]
            yield chunk | dict(self.more(rng, chunk)) if self.more is not None else chunk


def steps_of(steps: int, step_bytes: int) -> int:
    """How many of `steps` to make at a time, so that a chunk takes about `CHUNK_BYTES`, and chunks are about even.

    Examples:
        >>> steps_of(10, step_bytes=CHUNK_BYTES // 4)
        4
    """
    most = max(1, min(steps, CHUNK_BYTES // max(1, step_bytes)))
    return -(-steps // -(-steps // most))
