"""How the people of a generated world meet its items: how many, which ones, and when. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.types import AnyArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["Supply", "choose", "rows_per_user", "timeline", "zipf_mandelbrot"]

_OVERSAMPLE = 4  # proposals for each row wanted
_DENSE_SHARE = 20  # users who want more than 1 / 20 of the catalogue weigh all of it
_DENSE_CELLS = 2**20
_SEASON_ROWS = 40  # rows after which a user's moods come round again
_PAUSE_SECONDS = 30.0


def rows_per_user(activity: RealArray, total: int, most: int) -> LongArray:
    """Split `total` rows among users in proportion to `activity`, at most `most` each, and no one left with very few.

    The share of user u is clip(c a_u, least, most) with c such that the shares add up; `least` is a fifth of the mean,
    at most 20 (as in MovieLens).

    Args:
        activity: (n_users,) positive weights.
        total: rows in all, at most n_users * most.
        most: the number of items.

    Examples:
        >>> rows_per_user(np.array([1.0, 2.0, 50.0]), 10, 6)
        array([1, 3, 6])
    """
    least = min(20.0, total / len(activity) / 5)
    low, high = 0.0, most / activity.min()
    for _ in range(100):
        middle = (low + high) / 2
        if np.clip(middle * activity, least, most).sum() < total:
            low = middle
        else:
            high = middle
    share = np.clip(high * activity, least, most)
    rows: LongArray = np.floor(share).astype(np.int64)
    missing = total - int(rows.sum())
    rows[np.argsort(rows - share, kind="stable")[:missing]] += 1
    return rows


def zipf_mandelbrot(n: int, shift: float) -> RealArray:
    """(n,) probabilities by rank, with exponent 1, in the continuous form that `Supply.propose` can invert.

    P(r) = log((r + 1 + q) / (r + q)) / log((n + q) / q) for r = 0 .. n-1, close to a constant / (r + q + 1/2)
    (Mandelbrot 1953).

    Examples:
        >>> zipf_mandelbrot(3, 1.0).round(3).tolist()
        [0.5, 0.292, 0.208]
    """
    by_rank: RealArray = np.log1p(1.0 / (np.arange(n) + shift)) / np.log1p(n / shift)
    return by_rank


@dataclass(frozen=True)
class Supply:
    """What there is to meet.

    Attributes:
        by_rank: (n_items,) int32, the items from most to least popular.
        shift: q, which flattens the head.
        quality: (n_items,) float32, how much better than usual an item is for everyone, in stars.
        traits: (n_items, k) float32, what tastes multiply.
    """

    by_rank: IntArray
    shift: float
    quality: FloatArray
    traits: FloatArray

    @property
    def popularity(self) -> RealArray:
        """(n_items,) float64, the probability of each item to be proposed; sums to 1."""
        by_item = np.empty(len(self.by_rank))
        by_item[self.by_rank] = zipf_mandelbrot(len(self.by_rank), self.shift)
        return by_item

    def propose(self, n: int, rng: np.random.Generator) -> IntArray:
        """(n,) items drawn by popularity, with replacement."""
        span = np.log1p(len(self.by_rank) / self.shift)
        rank = (self.shift * np.expm1(rng.random(n) * span)).astype(np.int64)
        items: IntArray = self.by_rank[np.minimum(rank, len(self.by_rank) - 1)]
        return items


def choose(
    supply: Supply, wants: FloatArray, appeal: FloatArray, wanted: LongArray, rng: np.random.Generator
) -> tuple[LongArray, IntArray]:
    """Distinct items for each user, drawn without replacement by popularity times the probability of being taken.

    Item i is proposed with probability popularity_i and taken with probability sigmoid(appeal_i + wants_u . q_i); each
    draw is the next item taken that is new to the user. Users who want a large part of the catalogue get the same law
    from a race over all of it (see `_race`). What is missing is therefore not missing at random (Marlin et al. 2007).

    Args:
        supply: the items.
        wants: (m, k) float32, what the traits of an item add to the log odds of being taken, one row a user.
        appeal: (n_items,) float32, the log odds without traits.
        wanted: (m,) items for each user, at most n_items.
        rng: the source of chance.

    Returns:
        `(owners, items)`, `wanted.sum()` rows sorted by owner (a row number of `wants`).
    """
    n_items = len(supply.by_rank)
    light = np.flatnonzero(wanted * _DENSE_SHARE <= n_items)
    owners, items = _accept(supply, wants, appeal, light, wanted, rng)
    complete = np.bincount(owners, minlength=len(wanted)) == wanted
    drawn = [(owners[complete[owners]], items[complete[owners]])]
    rest, step = np.flatnonzero(~complete), max(1, _DENSE_CELLS // n_items)
    for lo in range(0, len(rest), step):
        users = rest[lo : lo + step]
        log_odds = wants[users] @ supply.traits.T + appeal
        rows, items = _race(supply.popularity, log_odds, wanted[users], rng)
        drawn.append((users[rows], items))
    owners, items = (np.concatenate(column) for column in zip(*drawn, strict=True))
    order = np.argsort(owners, kind="stable")
    return owners[order], items[order]


def _accept(
    supply: Supply,
    wants: FloatArray,
    appeal: FloatArray,
    users: LongArray,
    wanted: LongArray,
    rng: np.random.Generator,
) -> tuple[LongArray, IntArray]:
    """By rejection, from a few proposals for each row wanted; a user may come short."""
    owners = np.repeat(users, wanted[users] * _OVERSAMPLE + 8 * (wanted[users] > 0))
    items = supply.propose(len(owners), rng)
    log_odds = np.einsum("ij,ij->i", wants.take(owners, axis=0), supply.traits.take(items, axis=0)) + appeal[items]
    taken = rng.random(len(owners), dtype=np.float32) * (1 + np.exp(-log_odds)) < 1
    owners, items = owners[taken], items[taken]
    new = _first_of_each(owners * len(supply.by_rank) + items)
    owners, items = owners[new], items[new]
    found = np.bincount(owners, minlength=len(wanted))
    within = np.arange(len(owners)) - np.repeat(np.cumsum(found) - found, found) < wanted[owners]
    return owners[within], items[within]


def _first_of_each(keys: LongArray) -> LongArray:
    """Positions, ascending, at which a key stands for the first time (key and position packed in one sorted word)."""
    bits = len(keys).bit_length()
    packed = np.sort((keys << bits) | np.arange(len(keys)))
    first = np.ones(len(keys), dtype=np.bool_)
    first[1:] = (packed[1:] >> bits) != (packed[:-1] >> bits)
    return np.sort(packed[first] & ((1 << bits) - 1))


def _race(
    popularity: RealArray, log_odds: FloatArray, wanted: LongArray, rng: np.random.Generator
) -> tuple[LongArray, IntArray]:
    """Item i arrives after an exponential time of rate popularity_i sigmoid(log odds); each user takes the first ones.

    Being first in such a race is a draw without replacement by the rates (Efraimidis and Spirakis 2006). Arrival and
    item are packed in one sorted word: the bits of positive floats are in their order.
    """
    scale = (popularity.min() / popularity).astype(np.float32)
    arrival = rng.standard_exponential(log_odds.shape, dtype=np.float32) * scale * (1 + np.exp(-log_odds))
    packed = (arrival.view(np.uint32).astype(np.uint64) << 32) | np.arange(log_odds.shape[1], dtype=np.uint64)
    packed.sort(axis=1)
    rows, places = np.nonzero(np.arange(log_odds.shape[1]) < wanted[:, None])
    return rows, (packed[rows, places] & 0xFFFFFFFF).astype(np.int32)


def timeline(
    owners: LongArray,
    genres: IntArray,
    joined: RealArray,
    stay: RealArray,
    end: int,
    session_rows: float,
    rng: np.random.Generator,
) -> tuple[LongArray, LongArray, LongArray]:
    """Put each user's rows into sessions of one mood, and the sessions into the time the user is around.

    Sessions have a geometric number of rows and begin at uniform moments between joining and leaving; neighbouring
    rows tend to share a genre. Time always runs forward along a user's rows, and no row is later than `end`.

    Args:
        owners: (n,) user row numbers below m, ascending.
        genres: (n,) the leading genre of the item of each row.
        joined: (m,) seconds since 1970 at which a user joins.
        stay: (m,) which part of the time left until `end` a user is around, 0 to 1.
        end: the last moment, in seconds since 1970.
        session_rows: mean rows of a session.
        rng: the source of chance.

    Returns:
        `(order, times, sessions)`, each (n,): the rows in the order they happen, and the second and the session number
        (from 0) of each row so ordered.
    """
    rows = np.bincount(owners, minlength=len(joined))
    order = _by_mood(owners, genres, rows, rng)
    opens = rng.random(len(owners)) < 1.0 / session_rows
    opens[(np.cumsum(rows) - rows)[rows > 0]] = True
    sessions = np.cumsum(opens) - 1
    pauses = 1 + rng.exponential(_PAUSE_SECONDS, len(owners)).astype(np.int64)
    spent = np.bincount(owners, pauses, minlength=len(joined))
    begin = np.minimum(joined, end - spent)
    owner_of = owners[opens]
    moments = begin[owner_of] + ((end - spent - begin) * stay)[owner_of] * _uniform_moments(owner_of, rng)
    return order, np.floor(moments).astype(np.int64)[sessions] + _running_sum(pauses, rows), sessions


def _by_mood(owners: LongArray, genres: IntArray, rows: LongArray, rng: np.random.Generator) -> LongArray:
    """An order that keeps owners together and lets their moods (one for each genre) take turns, season by season."""
    seasons = -(-rows // _SEASON_ROWS)
    phase = rng.random((len(rows), int(genres.max(initial=0)) + 1))
    mood = 0.9 * phase[owners, genres] + 0.1 * rng.random(len(owners))
    season = np.floor(rng.random(len(owners)) * seasons[owners])
    return np.argsort(owners + 0.999 * (season + mood) / seasons[owners], kind="stable")


def _uniform_moments(owners: LongArray, rng: np.random.Generator) -> RealArray:
    """For each owner's run of entries, ascending uniform numbers in 0..1 (normalised sums of exponential gaps)."""
    counts = np.bincount(owners)
    gaps = rng.standard_exponential(len(owners))
    whole = np.bincount(owners, gaps) + rng.standard_exponential(len(counts))
    return _running_sum(gaps, counts) / whole[owners]


def _running_sum(values: AnyArray, counts: LongArray) -> AnyArray:
    """Running sums that begin anew with each run of `counts` entries."""
    total = np.cumsum(values)
    filled = counts[counts > 0]
    starts = np.cumsum(filled) - filled
    sums: AnyArray = total - np.repeat(total[starts] - values[starts], filled)
    return sums
