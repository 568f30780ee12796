"""A generated world of films and ratings: the offline data set, the scale benchmark, and a simulator's ground truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from longtail.data import columns
from longtail.data.encounters import choose, rows_per_user, timeline
from longtail.data.interactions import Interactions
from longtail.data.truth import END, NOISE, SCALE, START, Truth, at_least_one
from longtail.errors import ConfigError, DataError
from longtail.memory import require_memory
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray, LongArray

__all__ = ["World", "synthetic"]

Kind = Literal["ratings", "clicks"]
Format = Literal["parquet", "csv"]
_Columns: TypeAlias = "dict[str, AnyArray]"

_HABITS: dict[Kind, tuple[float, float]] = {"ratings": (1.0, 12.0), "clicks": (3.0, 4.0)}  # eagerness e, rows a session
_INTEREST, _RELUCTANCE = 2.5, 1.0  # in log odds of taking what is noticed
_ACTIVITY_SPREAD = 1.1  # standard deviation of the logarithm
_WIDEST = 0.5  # the part of the catalogue that the busiest user may know, unless the number of rows asks for more
_BLOCK_ROWS = 2**16  # rows drawn from one stream of random numbers: part of what a seed means
_FRAME_ROWS = 2**20
_ROW_BYTES = 24
_SCHEMA = pl.Schema(
    {
        columns.USER: pl.Int32(),
        columns.ITEM: pl.Int32(),
        columns.RATING: pl.Float32(),
        columns.TIME: pl.Int64(),
        columns.SESSION: pl.Int32(),
    }
)


def synthetic(users: int = 1_000, items: int = 1_000, ratings: int = 100_000, seed: int = 0) -> Interactions:
    """Ratings of a generated world, with its Catalog: `World(users, items, seed).ratings(ratings)`.

    Raises:
        ConfigError: a number below 1, or more ratings than users x items.
        MemoryBudgetError: a larger world, or more ratings, than the memory budget allows.

    Examples:
        >>> data = synthetic(users=50, items=80, ratings=1_000)
        >>> data
        Interactions(1,000 explicit ratings, 50 users, 80 items, scale 0.5 to 5)
        >>> data.catalog
        Catalog(80 items; title, year, genres, price)
    """
    return World(users, items, seed).ratings(ratings)


class World(Truth):
    """A generated world: the truth (see `Truth`) and what can be seen of it, ratings and clicks.

    How many rows a user has is heavy-tailed (log-normal). Which items: those noticed by popularity (Zipf-Mandelbrot)
    and then taken with probability sigmoid(e (b_i + p_u . q_i) + h_u . q_i - 1), where p_u is the taste half-way
    through the user's stay and h_u an interest of its own: people choose what they expect to like, and what they are
    simply used to choose. When: in sessions of one mood, between joining and leaving. Everything is drawn in blocks of
    users, so memory does not grow with the number of rows written.

    Examples:
        >>> world = World(users=50, items=80, seed=1)
        >>> seen = world.ratings(1_000)
        >>> truth = world.expected_rating(seen.user_ids[seen.users], seen.item_ids[seen.items], at=seen.times)
        >>> bool(np.corrcoef(truth, seen.values)[0, 1] > 0.5)
        True
    """

    def __init__(self, users: int, items: int, seed: int = 0) -> None:
        super().__init__(users, items, seed)
        rng = generator(seed, "world", "habits")
        self._activity = np.exp(_ACTIVITY_SPREAD * rng.standard_normal(len(self.user_ids)))
        self._joined = START + (END - START) * rng.random(len(self.user_ids))
        self._stay = rng.random(len(self.user_ids)) ** 2
        interest = rng.standard_normal((len(self.user_ids), self.supply.traits.shape[1]), np.float32)
        self._interest = interest * np.float32(_INTEREST)

    def ratings(self, n: int) -> Interactions:
        """Ratings of n distinct pairs, user by user, each user's in order of time.

        Raises:
            ConfigError: n below 1, or more than users x items.
        """
        return self._interactions(n, "ratings")

    def clicks(self, n: int) -> Interactions:
        """Clicks on n distinct pairs (implicit, every value 1): shorter sessions than ratings, and closer to taste.

        Raises:
            ConfigError: n below 1, or more than users x items.

        Examples:
            >>> World(users=50, items=80).clicks(1_000)
            Interactions(1,000 implicit interactions, 50 users, 80 items)
        """
        return self._interactions(n, "clicks")

    def stream(self, n: int, *, kind: Kind = "ratings", chunk: int = _FRAME_ROWS) -> Iterator[pl.DataFrame]:
        """The rows of `ratings(n)` or `clicks(n)` as frames of `chunk` rows; memory does not grow with n.

        Columns: user and item (external ids), rating, timestamp, session. The rows do not depend on `chunk`.

        Raises:
            ConfigError: a number that cannot be, or an unknown kind.

        Examples:
            >>> [len(frame) for frame in World(users=50, items=80).stream(1_000, chunk=400)]
            [400, 400, 200]
        """
        size = at_least_one("chunk", chunk)
        return _in_chunks((self._frame(block) for block in self._blocks(n, kind)), size)

    def write_ratings(self, path: str | Path, ratings: int, format: Format = "parquet") -> None:  # noqa: A002
        """Write the rows of `ratings(ratings)` to a file; memory does not grow with their number.

        Columns: user, item, rating, timestamp. The file takes its name when it is complete.

        Raises:
            ConfigError: an unknown format, or a number of ratings that cannot be.
            DataError: the file cannot be written.
        """
        if format not in ("parquet", "csv"):
            raise ConfigError(f"format must be parquet or csv, not {format!r}")
        frames = self.stream(ratings)
        schema = pl.Schema({name: kind for name, kind in _SCHEMA.items() if name != columns.SESSION})

        def source(names: list[str] | None, *_: object) -> Iterator[pl.DataFrame]:
            return (frame.select(names or list(schema)) for frame in frames)

        part = Path(path).with_name(Path(path).name + ".part")
        table = register_io_source(source, schema=schema)
        try:
            table.sink_parquet(part) if format == "parquet" else table.sink_csv(part)
            part.replace(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"cannot write {path}: {str(error).splitlines()[0]}") from error
        finally:
            part.unlink(missing_ok=True)

    # -- one block after the other -----------------------------------------------------------------------------------

    def _blocks(self, n: int, kind: Kind) -> Iterator[_Columns]:
        """Columns of indices, values, times and sessions, block by block."""
        if kind not in _HABITS:
            raise ConfigError(f"kind must be one of {', '.join(_HABITS)}, not {kind!r}")
        most = len(self.user_ids) * len(self.item_ids)
        if at_least_one(kind, n) > most:
            raise ConfigError(f"{kind} must be at most users x items = {most:,}, not {n:,}; each pair stands once")
        widest = np.ceil(max(_WIDEST, np.sqrt(n / most)) * len(self.item_ids))
        return self._drawn(rows_per_user(self._activity, int(n), int(widest)), kind)

    def _drawn(self, rows: LongArray, kind: Kind) -> Iterator[_Columns]:
        block_of = (np.cumsum(rows) - rows) // _BLOCK_ROWS
        starts = np.flatnonzero(np.diff(block_of, prepend=-1))
        sessions = 0
        for number, (lo, hi) in enumerate(zip(starts, [*starts[1:], len(rows)], strict=True)):
            block = self._block(int(lo), rows[lo:hi], kind, generator(self.seed, kind, int(rows.sum()), number))
            block[columns.SESSION] += sessions
            sessions = int(block[columns.SESSION].max(initial=sessions - 1)) + 1
            yield block

    def _block(self, lo: int, rows: LongArray, kind: Kind, rng: np.random.Generator) -> _Columns:
        """The rows of the users from lo on."""
        eagerness, session_rows = _HABITS[kind]
        users = np.arange(lo, lo + len(rows))
        joined, stay = self._joined[users], self._stay[users]
        taste = self.taste_of(users, joined + (END - joined) * stay / 2)
        wants = np.float32(eagerness) * taste + self._interest[users]
        appeal = np.float32(eagerness) * self.supply.quality - np.float32(_RELUCTANCE)
        owners, items = choose(self.supply, wants, appeal, rows, rng)
        order, times, sessions = timeline(owners, self._first_genre[items], joined, stay, END, session_rows, rng)
        owners, items = users[owners], items[order]
        values = np.ones(len(items), np.float32) if kind == "clicks" else self._rate(owners, items, times, rng)
        return dict(zip(_SCHEMA, (owners, items, values, times, sessions), strict=True))

    def _rate(self, users: LongArray, items: AnyArray, times: LongArray, rng: np.random.Generator) -> FloatArray:
        felt = self.utility_of(users, items, times) + np.float32(NOISE) * rng.standard_normal(len(users), np.float32)
        stars: FloatArray = np.clip(np.rint(felt * 2) / 2, *SCALE, dtype=np.float32)
        return stars

    def _frame(self, block: _Columns) -> pl.DataFrame:
        named = {columns.USER: self.user_ids[block[columns.USER]], columns.ITEM: self.item_ids[block[columns.ITEM]]}
        return pl.DataFrame({**block, **named}).cast(_SCHEMA)

    def _interactions(self, n: int, kind: Kind) -> Interactions:
        blocks = self._blocks(n, kind)
        require_memory(n * _ROW_BYTES, f"a table of {n:,} rows")
        dtypes = (np.int32, np.int32, np.float32, np.int64, np.int32)
        table = {name: np.empty(n, dtype) for name, dtype in zip(_SCHEMA, dtypes, strict=True)}
        lo = 0
        for block in blocks:
            hi = lo + len(block[columns.USER])
            for name, column in table.items():
                column[lo:hi] = block[name]
            lo = hi
        return Interactions(
            users=table[columns.USER],
            items=table[columns.ITEM],
            values=table[columns.RATING],
            times=table[columns.TIME],
            sessions=table[columns.SESSION],
            user_ids=self.user_ids,
            item_ids=self.item_ids,
            feedback="explicit" if kind == "ratings" else "implicit",
            scale=SCALE if kind == "ratings" else None,
            catalog=self.catalog,
        )


def _in_chunks(frames: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of `size` rows; the last one may be shorter."""
    waiting: list[pl.DataFrame] = []
    rows = 0
    for frame in frames:
        waiting.append(frame)
        rows += len(frame)
        if rows >= size:
            table = pl.concat(waiting, rechunk=True)
            full = rows - rows % size
            yield from (table[lo : lo + size] for lo in range(0, full, size))
            waiting, rows = [table[full:]], rows - full
    if rows:
        yield pl.concat(waiting, rechunk=True)
