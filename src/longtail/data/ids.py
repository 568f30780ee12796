"""External ids at the border, int32 indices inside."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from longtail.errors import DataError, UnknownIdError
from longtail.types import AnyArray, BoolArray, IntArray, LongArray

__all__ = ["Ids"]


class Ids:
    """An immutable, ordered set of external ids (all integers or all strings); the position of an id is its index.

    Args:
        values: distinct ids, in index order; a sequence or array of int or str.
        kind: what the ids name, for error messages: "user" or "item".

    Raises:
        DataError: if an id stands twice, integers and strings are mixed, an integer is beyond 64 bits, or a string
            holds the character NUL.

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
        array = values.values if isinstance(values, Ids) else _as_id_array(values, kind)
        array.flags.writeable = False
        self.values: AnyArray = array
        self.kind = kind
        ranked = self._ranked
        twice = np.flatnonzero(ranked[1:] == ranked[:-1])
        if len(twice):
            raise DataError(f"{kind} {ranked[twice[0]].item()!r} stands twice among the ids")

    @classmethod
    def encode(cls, values: Iterable[Any] | pl.Series, *, kind: str = "id") -> tuple[Ids, IntArray]:
        """The distinct ids of a column, in order of first appearance, and the column as indices.

        Args:
            values: (n,) ids with repetitions: a sequence, array or polars series of int or str.
            kind: as for `Ids`.

        Examples:
            >>> ids, codes = Ids.encode(np.array(["b", "a", "b"]), kind="user")
            >>> ids.values.tolist(), codes.tolist()
            (['b', 'a'], [0, 1, 0])
        """
        if isinstance(values, pl.Series) and values.dtype in (pl.Int64, pl.String) and not values.null_count():
            column = values
        else:
            column = pl.Series(_as_id_array(values, kind))
        distinct = column.unique(maintain_order=True)
        if column.dtype == pl.String:  # twice as fast as looking strings up
            codes = column.cast(pl.Enum(distinct)).to_physical()
        else:
            positions = pl.Series(np.arange(len(distinct), dtype=np.int32))
            codes = column.replace_strict(distinct, positions, return_dtype=pl.Int32)
        return cls(distinct.to_list(), kind=kind), codes.cast(pl.Int32).to_numpy(writable=True)

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

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values.tolist())

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
            values: ids to look up, repetitions allowed; a float that is a whole number finds an integer id.
            missing: index to return for an unknown id; None makes an unknown id an error.

        Raises:
            UnknownIdError: for an unknown id, when `missing` is None.
            DataError: for a single id that is not in a list.
        """
        if values is None or np.isscalar(values) or (isinstance(values, np.ndarray) and values.ndim == 0):
            raise DataError(f"give a list of {self.kind} ids, such as [{values!r}], not {values!r} alone")
        asked = _as_array(values)
        known, usable = self._comparable(asked)
        found = np.full(asked.shape, -1, dtype=np.int32)
        if len(self):
            found[usable] = self._search(known)
        if missing is None and (found < 0).any():
            raise UnknownIdError(self._unknown(asked[found < 0].tolist()[0]))
        if missing is not None and missing != -1:
            found[found < 0] = missing
        return found

    def union(self, other: Ids) -> Ids:
        """These ids, then those that only `other` has, in its order; itself where there are none.

        Raises:
            DataError: if one holds integers and the other strings.

        Examples:
            >>> Ids([7, 9]).union(Ids([9, 1])).values.tolist()
            [7, 9, 1]
        """
        if self.is_integer != other.is_integer and len(self) and len(other):
            here, there = ("integers" if ids.is_integer else "strings" for ids in (self, other))
            raise DataError(f"{self.kind} ids are {here} in one part and {there} in the other; load both alike")
        new = self.index(other.values, missing=-1) < 0
        return Ids(np.concatenate([self.values, other.values[new]]), kind=self.kind) if new.any() else self

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

    def _unknown(self, stranger: Any) -> str:
        known = f", such as {self.values[0]!s}" if len(self) else ""
        text = f"unknown {self.kind} {stranger!s} ({len(self):,} {self.kind}s are known{known})"
        if len(self) and isinstance(stranger, str) == self.is_integer:
            held, given = ("integers", "text") if self.is_integer else ("text", "a number")
            text += f"; the ids are {held}, {stranger!r} is {given}"
        return text

    def _comparable(self, asked: AnyArray) -> tuple[AnyArray, BoolArray]:
        """Those of `asked` that could be ids of this set, in its own type, and the mask of where they stand."""
        if asked.dtype.kind == ("i" if self.is_integer else "U"):
            return asked.ravel(), np.ones(asked.shape, dtype=np.bool_)
        candidates = [self._normalised(value) for value in _listed(asked.ravel())]
        usable = np.array([value is not None for value in candidates], dtype=np.bool_).reshape(asked.shape)
        known = [value for value in candidates if value is not None]
        return np.array(known, dtype=np.int64 if self.is_integer else np.str_), usable

    def _normalised(self, value: Any) -> Any:
        if not self.is_integer:
            return value if isinstance(value, str) and "\0" not in value else None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return int(value) if -(2**63) <= value < 2**63 and value == int(value) else None

    def _search(self, asked: AnyArray) -> IntArray:
        ranked = self._ranked
        place = np.searchsorted(ranked, asked)
        place[place == len(ranked)] = 0
        hit = ranked[place] == asked
        return np.where(hit, self._order[place], -1).astype(np.int32)

    @cached_property
    def _ranked(self) -> AnyArray:
        return self.values[self._order]


def _listed(values: Iterable[Any]) -> list[Any]:
    """Plain Python values, NumPy scalars unwrapped."""
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    return [value.item() if isinstance(value, np.generic) else value for value in listed]


def _as_array(values: Iterable[Any]) -> AnyArray:
    """An array of `values` in which integers and strings that stand together are not forced into one type."""
    if isinstance(values, np.ndarray) or hasattr(values, "to_numpy"):
        return np.asarray(values)
    listed = _listed(values)
    kinds = {type(value) for value in listed}
    if kinds == {int} or (kinds == {str} and "\0" not in "".join(listed)):  # NumPy would drop a NUL at the end
        with contextlib.suppress(OverflowError):
            return np.array(listed)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def _as_id_array(values: Iterable[Any], kind: str) -> AnyArray:
    """A new array of int64 or str."""
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise DataError(f"{kind} ids must be a plain list, not an array of shape {values.shape}")
    if isinstance(values, np.ndarray) and values.dtype.kind == "i":
        return values.astype(np.int64)
    listed = _listed(values)
    kinds = {type(value) for value in listed}
    if kinds <= {int}:
        return _whole_numbers(listed, kind)
    if kinds != {str}:
        names = ", ".join(sorted(entry.__name__ for entry in kinds))
        raise DataError(f"{kind} ids must be all integers or all strings, not {names}")
    return _text(listed, kind)


def _whole_numbers(listed: list[int], kind: str) -> LongArray:
    try:
        return np.array(listed, dtype=np.int64)
    except OverflowError:
        huge = max(listed, key=abs)
        raise DataError(f"{kind} id {huge} is beyond 64 bits; give the ids as strings") from None


def _text(listed: list[str], kind: str) -> AnyArray:
    joined = "\0".join(listed)
    try:
        joined.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{kind} id with {error.object[error.start]!r}, which is not a character") from None
    if joined.count("\0") != len(listed) - 1:
        raise DataError(f"{kind} ids must not contain the character NUL")
    return np.array(listed, dtype=np.str_)
