"""External ids at the border, int32 indices inside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from longtail.errors import DataError, UnknownIdError
from longtail.types import AnyArray, IntArray

__all__ = ["Ids"]


class Ids:
    """An immutable, ordered set of external ids (all integers or all strings); the position of an id is its index.

    Args:
        values: distinct ids, in index order; a sequence or array of int or str.
        kind: what the ids name, for error messages: "user" or "item".

    Raises:
        DataError: if an id stands twice, or integers and strings are mixed.

    Examples:
        >>> ids = Ids([50, 7, 1], kind="item")
        >>> len(ids), ids.index([7, 50]).tolist(), ids[[0, 2]].tolist()
        (3, [1, 0], [50, 1])
        >>> ids.index([8], missing=-1).tolist()
        [-1]
        >>> ids.index([8])
        Traceback (most recent call last):
        ...
        longtail.errors.UnknownIdError: unknown item 8 (3 items are known, such as 50)
    """

    def __init__(self, values: Iterable[Any], *, kind: str = "id") -> None:
        array = _as_id_array(values, kind)
        array.flags.writeable = False
        self.values: AnyArray = array
        self.kind = kind
        order = self._order
        ranked = array[order]
        twice = np.flatnonzero(ranked[1:] == ranked[:-1])
        if len(twice):
            raise DataError(f"{kind} {ranked[twice[0]]!r} stands twice among the ids")

    @classmethod
    def encode(cls, values: AnyArray, *, kind: str = "id") -> tuple[Ids, IntArray]:
        """The distinct ids of a column, in order of first appearance, and the column as indices.

        Examples:
            >>> ids, codes = Ids.encode(np.array(["b", "a", "b"]), kind="user")
            >>> ids.values.tolist(), codes.tolist()
            (['b', 'a'], [0, 1, 0])
        """
        array = _as_id_array(values, kind)
        distinct, first, inverse = np.unique(array, return_index=True, return_inverse=True)
        by_appearance = np.argsort(first, kind="stable")
        position = np.empty(len(distinct), dtype=np.int32)
        position[by_appearance] = np.arange(len(distinct), dtype=np.int32)
        return cls(distinct[by_appearance], kind=kind), position[inverse]

    @cached_property
    def _order(self) -> AnyArray:
        return np.argsort(self.values, kind="stable")

    @cached_property
    def is_integer(self) -> bool:
        """Whether the ids are integers (else they are strings)."""
        return self.values.dtype.kind == "i"

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        return self.values[index]

    def __contains__(self, value: object) -> bool:
        return bool(self.index([value], missing=-1)[0] >= 0)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Ids) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((len(self), self.values.dtype.kind))

    def __repr__(self) -> str:
        return f"Ids({len(self):,} {self.kind}s)"

    def index(self, values: Sequence[Any] | AnyArray, *, missing: int | None = None) -> IntArray:
        """Indices (int32) of external ids.

        Args:
            values: ids to look up.
            missing: index to return for an unknown id; None makes an unknown id an error.

        Raises:
            UnknownIdError: for an unknown id, when `missing` is None.
        """
        asked = np.asarray(values)
        found = np.full(asked.shape, -1, dtype=np.int32)
        if asked.size and len(self):
            comparable = asked.dtype.kind in ("iu" if self.is_integer else "U")
            if not comparable:
                asked_list = [self._normalised(value) for value in asked.tolist()]
                usable = np.array([value is not None for value in asked_list], dtype=bool)
                if usable.any():
                    found[usable] = self._search(np.array([v for v in asked_list if v is not None]))
            else:
                found = self._search(asked)
        if missing is None and (found < 0).any():
            stranger = asked[found < 0].tolist()[0]
            known = f", such as {self.values[0]!s}" if len(self) else ""
            raise UnknownIdError(f"unknown {self.kind} {stranger!s} ({len(self):,} {self.kind}s are known{known})")
        if missing is not None and missing != -1:
            found[found < 0] = missing
        return found

    def parse(self, text: str) -> Any:
        """An id written as text (on a command line, say) as the kind of id this set holds.

        Examples:
            >>> Ids([85], kind="user").parse("85")
            85
        """
        if self.is_integer:
            try:
                return int(text)
            except ValueError:
                return text
        return text

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of the ids and their order."""
        digest = hashlib.sha256(str(self.values.dtype.kind).encode())
        encoded = self.values.tobytes() if self.is_integer else "\0".join(self.values.tolist()).encode()
        digest.update(encoded)
        return digest.hexdigest()[:16]

    def _normalised(self, value: Any) -> Any:
        if self.is_integer:
            whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
            return int(value) if whole and float(value).is_integer() else None
        return value if isinstance(value, str) else None

    def _search(self, asked: AnyArray) -> IntArray:
        ranked = self._ranked
        place = np.searchsorted(ranked, asked)
        place[place == len(ranked)] = 0
        hit = ranked[place] == asked
        return np.where(hit, self._order[place], -1).astype(np.int32)

    @cached_property
    def _ranked(self) -> AnyArray:
        return self.values[self._order]


def _as_id_array(values: Iterable[Any], kind: str) -> AnyArray:
    array = np.array(values) if isinstance(values, (np.ndarray, list, tuple)) else np.array(list(values))
    if array.dtype.kind in "iu":
        return array.astype(np.int64)
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.dtype.kind == "O" or (array.dtype.kind == "U" and not isinstance(values, np.ndarray)):
        listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
        kinds = {type(value) for value in listed}
        if kinds <= {int, np.int64, np.int32}:
            return np.array(listed, dtype=np.int64)
        if kinds != {str} and kinds != {np.str_}:
            names = ", ".join(sorted(entry.__name__ for entry in kinds))
            raise DataError(f"{kind} ids must be all integers or all strings, not {names}")
        return np.array(listed, dtype=np.str_)
    if array.dtype.kind == "U":
        return array
    raise DataError(f"{kind} ids must be all integers or all strings, not {array.dtype}")
