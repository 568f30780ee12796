"""`Interactions`: who met what, how they liked it, and when. The one container every other part takes and returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from scipy import sparse

from longtail.data import columns, readers
from longtail.data.catalog import Catalog
from longtail.data.duplicates import Duplicates, each_pair_once, policy_for
from longtail.data.frozen import digest, owned, sealed
from longtail.data.ids import Ids
from longtail.data.readers import BadRows, LoadReport
from longtail.data.sequences import Sequences
from longtail.errors import DataError
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray

__all__ = ["BadRows", "Duplicates", "Feedback", "Interactions", "LoadReport"]

Feedback = Literal["explicit", "implicit"]

_DTYPES: dict[str, type[np.generic]] = {
    "users": np.int32,
    "items": np.int32,
    "values": np.float32,
    "times": np.int64,
    "sessions": np.int32,
}


@dataclass(frozen=True, eq=False, repr=False)
class Interactions:
    """Immutable columns of interactions, with the ids shared by every split of the same data.

    Attributes:
        users: (n,) int32, index into `user_ids`.
        items: (n,) int32, index into `item_ids`.
        values: (n,) float32, the rating, or the strength of an implicit signal.
        user_ids: external user ids; a split keeps the ids of the whole.
        item_ids: external item ids, likewise.
        times: (n,) int64 seconds since 1970, or None.
        sessions: (n,) int32 session number, or None.
        feedback: "explicit" (ratings) or "implicit" (clicks, plays, purchases).
        scale: lowest and highest rating possible; None when implicit.
        catalog: what is known of the items, or None.
        report: rows read, dropped and merged while loading.

    A pair of user and item stands once, unless loaded with `duplicates="keep"`. Build one with `from_frame`,
    `from_csv`, `from_parquet` or `from_scipy`; take parts of it with `take`. Columns are read-only and share no memory
    with what they were made of, so that nothing done later to the caller's table changes the data.

    Raises:
        DataError: columns of unequal length, an index outside the ids, a value that is not a finite number.
        ConfigError: an unknown `feedback`, or a `scale` that is not (lowest, highest).

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [5.0, 3.0, 4.0]})
        >>> data
        Interactions(3 explicit ratings, 2 users, 2 items, scale 3 to 5)
        >>> data.by_user.toarray().tolist()
        [[5.0, 3.0], [4.0, 0.0]]
        >>> data.take(data.values > 3.5).to_frame().rows()
        [(1, 10, 5.0), (2, 10, 4.0)]
    """

    users: IntArray
    items: IntArray
    values: FloatArray
    user_ids: Ids
    item_ids: Ids
    times: LongArray | None = None
    sessions: IntArray | None = None
    feedback: Feedback = "explicit"
    scale: tuple[float, float] | None = None
    catalog: Catalog | None = None
    report: LoadReport | None = None

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            if getattr(self, name) is not None:
                self._freeze(name, dtype)
        for indices, ids in ((self.users, self.user_ids), (self.items, self.item_ids)):
            if len(indices) and (indices.min() < 0 or indices.max() >= len(ids)):
                raise DataError(f"a {ids.kind} index is outside the {len(ids):,} known {ids.kind}s")
        if not np.isfinite(self.values).all():
            raise DataError(f"value {self.values[~np.isfinite(self.values)][0]} is not a finite number")
        readers.check_choice("feedback", self.feedback, get_args(Feedback))
        scale = self.scale
        if scale is None and self.feedback == "explicit" and len(self.values):
            scale = self.values.min(), self.values.max()
        object.__setattr__(self, "scale", None if scale is None else readers.checked_scale(scale))

    def _freeze(self, name: str, dtype: type[np.generic]) -> None:
        given = getattr(self, name)
        if np.ndim(given) != 1 or np.shape(given) != np.shape(self.users):
            raise DataError(f"column {name} has shape {np.shape(given)}, users has {np.shape(self.users)}")
        object.__setattr__(self, name, owned(given, dtype))

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        user: str | None = None,
        item: str | None = None,
        rating: str | None = None,
        timestamp: str | None = None,
        session: str | None = None,
        feedback: Feedback | None = None,
        scale: tuple[float, float] | None = None,
        duplicates: Duplicates | None = None,
        bad_rows: BadRows = "error",
        catalog: Catalog | None = None,
        rows_read: int | None = None,
    ) -> Interactions:
        """Build from a polars, pandas or pyarrow table, or a dict of columns.

        Args:
            frame: the table; columns are recognised by their usual names (`userId`, `movie_id`, `rating`, ...).
            user: the name of the user column, when it is not a usual one; likewise the four names that follow.
            item: see `user`.
            rating: see `user`; without such a column the data are implicit and every value is 1.
            timestamp: see `user`; integers (seconds), datetimes or dates.
            session: see `user`; any ids.
            feedback: "explicit" or "implicit"; by default explicit when there is a rating column.
            scale: lowest and highest rating possible; by default those observed.
            duplicates: what to do when a pair stands more than once: "error" (the default for explicit data), "sum"
                (the default for implicit), "last" or "mean"; of implicit data, "keep" every row as an event.
            bad_rows: rows with a missing or non-numeric value, or a rating outside the `scale` given: "error", or
                "drop" them and count them in `report`.
            catalog: what is known of the items.
            rows_read: rows in the source, when the reader dropped some before.

        Raises:
            DataError: no rows, a missing column, a bad row, a duplicate pair; the message says where and what to do.
        """
        if feedback is not None:
            readers.check_choice("feedback", feedback, get_args(Feedback))
        names = {"user": user, "item": item, "rating": rating, "timestamp": timestamp, "session": session}
        table, bad = readers.tidy(frame, names, bad_rows=bad_rows, scale=scale)
        rated = columns.RATING in table.columns
        if feedback == "explicit" and not rated:
            raise DataError(f"explicit feedback needs a rating column; found {', '.join(table.columns)}")
        explicit = rated and feedback != "implicit"
        user_ids, users = Ids.encode(table[columns.USER], kind="user")
        item_ids, items = Ids.encode(table[columns.ITEM], kind="item")
        timed, grouped = columns.TIME in table.columns, columns.SESSION in table.columns
        parts: dict[str, Any] = {
            "users": users,
            "items": items,
            "values": table[columns.RATING].to_numpy(writable=True) if rated else np.ones(len(users), np.float32),
            "times": table[columns.TIME].to_numpy(writable=True) if timed else None,
            "sessions": Ids.encode(table[columns.SESSION], kind="session")[1] if grouped else None,
        }
        policy = policy_for(duplicates, explicit=explicit)
        parts, merged = each_pair_once(parts, user_ids, item_ids, policy)
        read = len(table) + bad if rows_read is None else rows_read
        return cls(
            **parts,
            user_ids=user_ids,
            item_ids=item_ids,
            feedback="explicit" if explicit else "implicit",
            scale=scale if explicit else None,
            catalog=catalog,
            report=LoadReport(read, read - len(table), merged, policy),
        )

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        *,
        separator: str | None = None,
        header: bool | None = None,
        bad_rows: BadRows = "error",
        **options: Any,
    ) -> Interactions:
        """Read a text file of separated columns, plain or gzipped.

        Args:
            path: the file.
            separator: `,`, tab, `::`, `;`, `|` or any other text; found out from the first lines when not given.
            header: whether the first line names the columns; by default it does unless it is all numbers. Without names
                the columns are user, item, rating, timestamp, column_5 and so on.
            bad_rows: as for `from_frame`; also rows with too many or too few fields.
            **options: as for `from_frame`.

        Raises:
            DataError: as for `from_frame`; no such file, or not a text file of columns.
        """
        names = {column: options.pop(column, None) for column in columns.ALIASES}
        table, rows = readers.read_csv(path, names, separator=separator, header=header, bad_rows=bad_rows)
        with readers.naming(path):
            return cls.from_frame(table, bad_rows=bad_rows, rows_read=rows, **options)

    @classmethod
    def from_parquet(cls, path: str | Path, **options: Any) -> Interactions:
        """Read a Parquet file. Options as for `from_frame`."""
        names = {column: options.pop(column, None) for column in columns.ALIASES}
        table = readers.read_parquet(path, names)
        with readers.naming(path):
            return cls.from_frame(table, **options)

    @classmethod
    def from_scipy(
        cls,
        matrix: Any,
        *,
        user_ids: Iterable[Any] | None = None,
        item_ids: Iterable[Any] | None = None,
        feedback: Feedback = "explicit",
        scale: tuple[float, float] | None = None,
        catalog: Catalog | None = None,
    ) -> Interactions:
        """Build from a (users x items) SciPy sparse matrix or array; every stored entry is an interaction.

        Examples:
            >>> Interactions.from_scipy(sparse.coo_array(np.array([[5.0, 0.0], [0.0, 2.0]])))
            Interactions(2 explicit ratings, 2 users, 2 items, scale 2 to 5)
        """
        entries = sparse.coo_array(matrix)
        if entries.ndim != 2:
            raise DataError(f"a users x items matrix has two dimensions, not {entries.ndim}")
        rows, cols = entries.shape
        known_users = Ids(range(rows) if user_ids is None else user_ids, kind="user")
        known_items = Ids(range(cols) if item_ids is None else item_ids, kind="item")
        if (len(known_users), len(known_items)) != (rows, cols):
            raise DataError(
                f"{len(known_users)} user ids and {len(known_items)} item ids do not fit a {rows} x {cols} matrix"
            )
        parts: dict[str, Any] = {
            "users": entries.coords[0].astype(np.int32),
            "items": entries.coords[1].astype(np.int32),
            "values": entries.data.astype(np.float32),
        }
        parts, _ = each_pair_once(parts, known_users, known_items, "error" if feedback == "explicit" else "sum")
        return cls(**parts, user_ids=known_users, item_ids=known_items, feedback=feedback, scale=scale, catalog=catalog)

    def take(self, rows: Sequence[int] | AnyArray | BoolArray) -> Interactions:
        """The interactions of a boolean mask or an array of row numbers; ids, scale and catalog are shared."""
        chosen = np.asarray(rows)
        if chosen.dtype == np.bool_ and chosen.shape != self.users.shape:
            raise DataError(f"a mask of shape {chosen.shape} does not fit {len(self):,} rows")
        chosen = chosen if chosen.size or chosen.dtype == np.bool_ else chosen.astype(np.int64)
        present = {name: getattr(self, name) for name in _DTYPES if getattr(self, name) is not None}
        taken: dict[str, Any] = {name: sealed(column[chosen]) for name, column in present.items()}
        return dataclasses.replace(self, **taken, report=None)

    def with_scale(self, low: float, high: float) -> Interactions:
        """The same data with another rating scale (predictions are clipped to it)."""
        return dataclasses.replace(self, scale=(low, high))

    def with_catalog(self, catalog: Catalog | None) -> Interactions:
        """The same data with another catalog."""
        return dataclasses.replace(self, catalog=catalog)

    def with_items(self, items: Iterable[Any] | None = None) -> Interactions:
        """The same data with more items known by id, those of the catalog unless others are named; call it, then split.

        Examples:
            >>> data = Interactions.from_frame({"user": [1, 2], "item": [10, 20], "rating": [5.0, 3.0]})
            >>> data.with_items([30, 10]).item_ids.values.tolist()
            [10, 20, 30]
        """
        if items is None and self.catalog is None:
            raise DataError("with_items() takes the items of the catalog, and these data have none; name the items")
        more = self.catalog.items[columns.ITEM] if items is None and self.catalog is not None else items
        return dataclasses.replace(self, item_ids=self.item_ids.union(Ids(() if more is None else more, kind="item")))

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        noun = "explicit ratings" if self.feedback == "explicit" else "implicit interactions"
        scale = f", scale {self.scale[0]:g} to {self.scale[1]:g}" if self.scale else ""
        return f"Interactions({len(self):,} {noun}, {len(self.user_ids):,} users, {len(self.item_ids):,} items{scale})"

    @property
    def n_users(self) -> int:
        """Users known by id, whether or not this part holds rows of theirs."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Items known by id."""
        return len(self.item_ids)

    @cached_property
    def by_user(self) -> sparse.csr_array:
        """(n_users, n_items) float32 CSR, items sorted within a user, repeats summed. A stored zero is a rating."""
        entries = self.values, (self.users, self.items)
        matrix = sparse.coo_array(entries, shape=(self.n_users, self.n_items)).tocsr()
        matrix.sort_indices()
        return matrix

    @cached_property
    def by_item(self) -> sparse.csc_array:
        """(n_users, n_items) float32 CSC: for each item, its users in index order."""
        return self.by_user.tocsc()

    @cached_property
    def user_counts(self) -> LongArray:
        """(n_users,) interactions of each user."""
        return np.bincount(self.users, minlength=self.n_users).astype(np.int64)

    @cached_property
    def item_counts(self) -> LongArray:
        """(n_items,) interactions with each item: its popularity."""
        return np.bincount(self.items, minlength=self.n_items).astype(np.int64)

    @cached_property
    def sequences(self) -> Sequences:
        """Each user's rows in order of time, ties in the order they stand here, repeated pairs as they are."""
        return Sequences.of(self.users, self.items, self.values, self.times, self.n_users)

    @cached_property
    def once(self) -> Interactions:
        """The same data with each pair of user and item once, at its latest time, and its values summed."""
        if self.by_user.nnz == len(self):
            return self
        parts, _ = each_pair_once({name: getattr(self, name) for name in _DTYPES}, self.user_ids, self.item_ids, "sum")
        return dataclasses.replace(self, **parts)

    def users_present(self) -> list[Any]:
        """External ids of the users with at least one row here, in index order."""
        return list(self.user_ids[np.flatnonzero(self.user_counts)].tolist())

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of ids and columns: equal data, equal fingerprint, on any machine."""
        words = (self.user_ids.fingerprint, self.item_ids.fingerprint, self.feedback, str(self.scale))
        return digest(words, {name: getattr(self, name) for name in _DTYPES})

    def to_frame(self) -> pl.DataFrame:
        """The rows as a polars frame with external ids: user, item, rating and, where known, timestamp, session."""
        frame = {
            columns.USER: pl.Series(self.user_ids.values).gather(self.users),
            columns.ITEM: pl.Series(self.item_ids.values).gather(self.items),
            columns.RATING: self.values,
        }
        more = {columns.TIME: self.times, columns.SESSION: self.sessions}
        return pl.DataFrame(frame | {name: column for name, column in more.items() if column is not None})
