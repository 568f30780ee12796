"""`Interactions`: who met what, how they liked it, and when. The one container every other part takes and returns."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from scipy import sparse

from longtail.data import columns, readers
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.errors import ConfigError, DataError
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray

__all__ = ["BadRows", "Duplicates", "Feedback", "Interactions", "LoadReport"]

Feedback = Literal["explicit", "implicit"]
Duplicates = Literal["error", "last", "mean", "sum"]
BadRows = Literal["error", "drop"]


@dataclass(frozen=True)
class LoadReport:
    """What happened on the way in: nothing is dropped without standing here."""

    rows_read: int
    bad_rows: int = 0
    duplicates: int = 0
    policy: str = "error"

    def __str__(self) -> str:
        parts = [f"{self.rows_read:,} rows read"]
        if self.bad_rows:
            parts.append(f"{self.bad_rows:,} bad rows dropped")
        if self.duplicates:
            parts.append(f"{self.duplicates:,} duplicate pairs resolved by '{self.policy}'")
        return ", ".join(parts)


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

    A pair of user and item stands at most once. Build one with `from_frame`, `from_csv`, `from_parquet` or
    `from_scipy`; take parts of it with `take`.

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
        for name, dtype in (("users", np.int32), ("items", np.int32), ("values", np.float32)):
            self._freeze(name, dtype)
        if self.times is not None:
            self._freeze("times", np.int64)
        if self.sessions is not None:
            self._freeze("sessions", np.int32)
        for indices, ids in ((self.users, self.user_ids), (self.items, self.item_ids)):
            if len(indices) and (indices.min() < 0 or indices.max() >= len(ids)):
                raise DataError(f"a {ids.kind} index is outside the {len(ids)} known {ids.kind}s")
        if self.feedback not in get_args(Feedback):
            raise ConfigError(f"feedback must be explicit or implicit, not {self.feedback!r}")
        if self.feedback == "explicit" and self.scale is None and len(self.values):
            object.__setattr__(self, "scale", (float(self.values.min()), float(self.values.max())))
        if self.scale is not None and not self.scale[0] <= self.scale[1]:
            raise ConfigError(f"scale must be (lowest, highest), not {self.scale!r}")

    def _freeze(self, name: str, dtype: Any) -> None:
        column = np.ascontiguousarray(getattr(self, name), dtype=dtype).view()
        if column.shape != np.shape(self.users):
            raise DataError(f"column {name} has {column.size} rows, users has {np.size(self.users)}")
        column.flags.writeable = False
        object.__setattr__(self, name, column)

    # -- building ----------------------------------------------------------------------------------------------------

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
                (the default for implicit), "last" or "mean".
            bad_rows: rows with a missing or non-numeric value: "error", or "drop" them and count them in `report`.
            catalog: what is known of the items.
            rows_read: rows in the source, when the reader dropped some before.

        Raises:
            DataError: no rows, a missing column, a bad row, a duplicate pair; the message says where and what to do.
        """
        table, bad = readers.tidy(
            frame,
            {
                columns.USER: user,
                columns.ITEM: item,
                columns.RATING: rating,
                columns.TIME: timestamp,
                columns.SESSION: session,
            },
            bad_rows=bad_rows,
        )
        explicit = columns.RATING in table.columns if feedback is None else feedback == "explicit"
        if explicit and columns.RATING not in table.columns:
            raise DataError(f"explicit feedback needs a rating column; found {', '.join(table.columns)}")
        user_ids, users = Ids.encode(table[columns.USER].to_numpy(), kind="user")
        item_ids, items = Ids.encode(table[columns.ITEM].to_numpy(), kind="item")
        has_rating = columns.RATING in table.columns
        values = table[columns.RATING].to_numpy() if has_rating else np.ones(len(users), np.float32)
        times = table[columns.TIME].to_numpy() if columns.TIME in table.columns else None
        sessions = None
        if columns.SESSION in table.columns:
            sessions = Ids.encode(table[columns.SESSION].to_numpy(), kind="session")[1]
        data = cls(
            users=users,
            items=items,
            values=values,
            user_ids=user_ids,
            item_ids=item_ids,
            times=times,
            sessions=sessions,
            feedback="explicit" if explicit else "implicit",
            scale=scale if explicit else None,
            catalog=catalog,
        )
        policy = duplicates or ("error" if explicit else "sum")
        data, merged = data._resolved(policy)
        read = rows_read if rows_read is not None else len(table) + bad
        return dataclasses.replace(data, report=LoadReport(read, read - len(table), merged, policy))

    @classmethod
    def from_csv(cls, path: str | Path, *, separator: str | None = None, **options: Any) -> Interactions:
        """Read a delimited file (`,`, tab, `::`, `;` or `|`; found out when not given). Options as for `from_frame`."""
        return cls.from_frame(readers.read_csv(path, separator=separator), **options)

    @classmethod
    def from_parquet(cls, path: str | Path, **options: Any) -> Interactions:
        """Read a Parquet file. Options as for `from_frame`."""
        return cls.from_frame(readers.read_parquet(path), **options)

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
        data = cls(
            users=entries.coords[0].astype(np.int32),
            items=entries.coords[1].astype(np.int32),
            values=entries.data.astype(np.float32),
            user_ids=Ids(range(rows) if user_ids is None else user_ids, kind="user"),
            item_ids=Ids(range(cols) if item_ids is None else item_ids, kind="item"),
            feedback=feedback,
            scale=scale,
            catalog=catalog,
        )
        return data._resolved("error" if feedback == "explicit" else "sum")[0]

    def _resolved(self, policy: Duplicates) -> tuple[Interactions, int]:
        """This data with each pair once, and how many rows were merged away."""
        if policy not in get_args(Duplicates):
            raise ConfigError(f"duplicates must be one of {', '.join(get_args(Duplicates))}, not {policy!r}")
        if self.by_user.nnz == len(self):
            return self, 0
        pair = self.users.astype(np.int64) * len(self.item_ids) + self.items
        _, first, inverse, counts = np.unique(pair, return_index=True, return_inverse=True, return_counts=True)
        if policy == "error":
            row = first[np.argmax(counts > 1)]
            user, item = self.user_ids[self.users[row]], self.item_ids[self.items[row]]
            raise DataError(
                f"{len(self) - len(first):,} duplicate pairs, such as user {user} and item {item}; "
                "choose duplicates='last', 'mean' or 'sum'"
            )
        last = np.zeros(len(first), dtype=np.int64)
        np.maximum.at(last, inverse, np.arange(len(self)))
        if policy == "last" and self.times is not None:  # the latest by time; file order breaks ties
            by_time = np.argsort(self.times, kind="stable")
            last[inverse[by_time]] = by_time
        kept = self.take(np.sort(last))
        if policy in ("mean", "sum"):
            merged = np.bincount(inverse, weights=self.values)
            merged = merged / counts if policy == "mean" else merged
            kept = dataclasses.replace(kept, values=merged[inverse[np.sort(last)]].astype(np.float32))
        return kept, len(self) - len(first)

    # -- taking parts ------------------------------------------------------------------------------------------------

    def take(self, rows: AnyArray | BoolArray) -> Interactions:
        """The interactions of a boolean mask or an array of row numbers; ids, scale and catalog are shared."""
        return dataclasses.replace(
            self,
            users=self.users[rows],
            items=self.items[rows],
            values=self.values[rows],
            times=None if self.times is None else self.times[rows],
            sessions=None if self.sessions is None else self.sessions[rows],
            report=None,
        )

    def with_scale(self, low: float, high: float) -> Interactions:
        """The same data with another rating scale (predictions are clipped to it)."""
        return dataclasses.replace(self, scale=(low, high))

    def with_catalog(self, catalog: Catalog | None) -> Interactions:
        """The same data with another catalog."""
        return dataclasses.replace(self, catalog=catalog)

    # -- looking -----------------------------------------------------------------------------------------------------

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
        """(n_users, n_items) float32 CSR, item indices sorted within a user. A stored zero is a rating of zero."""
        shape = (self.n_users, self.n_items)
        matrix = sparse.coo_array((self.values, (self.users, self.items)), shape=shape).tocsr()
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

    def users_present(self) -> list[Any]:
        """External ids of the users with at least one row here, in index order."""
        present: list[Any] = self.user_ids[np.flatnonzero(self.user_counts)].tolist()
        return present

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of ids and columns: equal data, equal fingerprint, on any machine."""
        digest = hashlib.sha256()
        for part in (self.user_ids.fingerprint, self.item_ids.fingerprint, self.feedback, str(self.scale)):
            digest.update(part.encode())
        for column in (self.users, self.items, self.values, self.times, self.sessions):
            digest.update(b"-" if column is None else np.ascontiguousarray(column).data)
        return digest.hexdigest()[:16]

    def to_frame(self) -> pl.DataFrame:
        """The rows as a polars frame with external ids: user, item, rating and, where known, timestamp, session."""
        frame = {
            columns.USER: self.user_ids[self.users],
            columns.ITEM: self.item_ids[self.items],
            columns.RATING: self.values,
        }
        if self.times is not None:
            frame[columns.TIME] = self.times
        if self.sessions is not None:
            frame[columns.SESSION] = self.sessions
        return pl.DataFrame(frame)
