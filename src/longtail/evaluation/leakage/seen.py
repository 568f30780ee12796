"""What somebody saw: hashes of rows, by external ids, that say later whether a test row was among them.

A `Tuner` marks the recommenders it hands out with what it saw (`mark`), and writes a sketch of it to its JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.evaluation.leakage.cut import among
from longtail.types import AnyArray, BoolArray

__all__ = ["Seen", "mark", "row_hashes", "seen_by"]

Model = TypeVar("Model")

SKETCH = 1024
ATTRIBUTE = "tuned_on"  # no underscore at its end: it is not learned, not saved, and no copy has it


@dataclass(frozen=True, eq=False)
class Seen:
    """The rows that somebody saw while choosing parameters.

    Attributes:
        by: who it was, such as "a search of svd for ndcg".
        fingerprint: of the data, or of the first part of them.
        rows: how many distinct rows.
        hashes: (n,) uint64, sorted: of every row, or a sketch of the lowest hashes (Bar-Yossef et al. 2002).

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2], "item": [1, 2, 1], "rating": [5.0, 4.0, 3.0]})
        >>> seen = Seen.of("a search", [data.take([0, 2])])
        >>> seen.among(data).tolist()
        [True, False, True]
    """

    by: str
    fingerprint: str
    rows: int
    hashes: AnyArray

    @classmethod
    def of(cls, by: str, parts: Iterable[Interactions]) -> Seen:
        """What is seen of these parts: users and items of all their rows."""
        parts = list(parts)
        hashes = np.unique(np.concatenate([row_hashes(part) for part in parts]))
        return cls(by, parts[0].fingerprint, len(hashes), hashes)

    def among(self, data: Interactions) -> BoolArray:
        """(n,) which rows were seen for sure; of a sketch, only those it could know (`covers`)."""
        return among(row_hashes(data), self.hashes)

    def covers(self, data: Interactions) -> BoolArray:
        """(n,) which rows would be known here had they been seen: all of them, but for a sketch."""
        if len(self.hashes) == self.rows:
            return np.ones(len(data), dtype=np.bool_)
        covered: BoolArray = row_hashes(data) <= self.hashes[-1]
        return covered

    def to_dict(self) -> dict[str, Any]:
        """As plain values: of many rows only a sketch."""
        lowest = [f"{value:016x}" for value in self.hashes[:SKETCH].tolist()]
        return {"by": self.by, "fingerprint": self.fingerprint, "rows": self.rows, "hashes": lowest}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Seen:
        """What `to_dict` wrote.

        Raises:
            DataError: if it is something else.
        """
        try:
            hashes = np.array([int(text, 16) for text in plain["hashes"]], dtype=np.uint64)
            return cls(str(plain["by"]), str(plain["fingerprint"]), int(plain["rows"]), hashes)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"this does not say which rows were seen: {error}") from error


def mark(model: Model, seen: Seen | None) -> Model:
    """The recommender, marked with what was seen while its parameters were chosen."""
    if seen is not None:
        setattr(model, ATTRIBUTE, seen)
    return model


def seen_by(model: Any) -> Seen | None:
    """What was seen while the parameters of a recommender were chosen; None where nobody said."""
    found = vars(model).get(ATTRIBUTE)
    return found if isinstance(found, Seen) else None


def row_hashes(data: Interactions) -> AnyArray:
    """(n,) uint64, a hash of the user and item of each row by their external ids: the same in every split."""
    users, items = _of_ids(data.user_ids), _of_ids(data.item_ids)
    return _mixed(users[data.users] * np.uint64(3) + _mixed(items)[data.items])


def _of_ids(ids: Ids) -> AnyArray:
    if ids.is_integer:
        return _mixed(ids.values.astype(np.uint64))
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in ids.values.tolist())
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _mixed(values: AnyArray) -> AnyArray:
    """The finalizer of splitmix64 (Steele et al. 2014): every bit in changes every bit out."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
