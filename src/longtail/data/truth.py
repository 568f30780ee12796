"""What is so in a generated world: tastes that turn over time, traits of items, and the utility of every pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from longtail.data import films
from longtail.data.catalog import Catalog
from longtail.data.encounters import Supply, zipf_mandelbrot
from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError
from longtail.memory import require_memory
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray, IntArray, LongArray

__all__ = ["END", "NOISE", "SCALE", "START", "Truth", "at_least_one"]

START, END = 1_577_836_800, 1_704_067_200  # 2020-01-01 and 2024-01-01: every film is out before the first rating
SCALE = (0.5, 5.0)
NOISE = 0.68  # standard deviation of a rating around its utility, in stars
_MEAN, _USER_SPREAD, _QUALITY_SPREAD = 3.40, 0.42, 0.45  # stars; _MEAN is that of what is noticed, before choice
_TURN = np.pi / 4  # a user's tastes at START and END correlate by cos(45 degrees) = 0.71
_AXIS_WEIGHT, _STYLE_WEIGHTS = 0.44, (0.32, 0.24, 0.16, 0.12, 0.08, 0.06)  # stars a unit of taste
_AXIS_SPREAD = 0.35  # how far a film may stand from the mean place of its genres
_SHIFT, _SHIFT_SHARE = 20.0, 0.005  # of Zipf-Mandelbrot: q = 20 + 0.005 n_items
_TABLE_CELLS = 2**22
_PAIRS = 2**16
_USER_BYTES, _ITEM_BYTES = 200, 700  # measured, at the peak: tastes and habits; titles, genres and prices


class Truth:
    """Users with tastes, items with traits, and what each user would truly think of each item.

    The utility of item i for user u at time t, in stars, is mu + b_u + b_i + p_u(t) . q_i: the biased matrix
    factorization of Koren, Bell and Volinsky (2009) with a moving taste p_u(t) = cos(a) p_u + sin(a) p'_u, where the
    angle a grows evenly to 45 degrees over the four years of the world. Four of the traits q_i are the place of the
    film's genres on `films.AXES`, six are its style. A rating is the utility plus normal noise, rounded to half stars.

    Args:
        users: how many; their external ids are 1..users, in index order.
        items: how many; their external ids are 1..items, in index order.
        seed: equal arguments give equal worlds.

    Attributes:
        user_ids: Ids of the users.
        item_ids: Ids of the items.
        catalog: titles, years, genres and prices of the items.
        supply: popularity, quality and traits of the items.

    Raises:
        ConfigError: a number below 1 or not whole.
        MemoryBudgetError: more users or items than the memory budget allows.
    """

    def __init__(self, users: int, items: int, seed: int = 0) -> None:
        n_users, n_items = at_least_one("users", users), at_least_one("items", items)
        require_memory(
            n_users * _USER_BYTES + n_items * _ITEM_BYTES, f"a world of {n_users:,} users and {n_items:,} items"
        )
        self.seed = seed
        self.user_ids = Ids(np.arange(1, n_users + 1), kind="user")
        self.item_ids = Ids(np.arange(1, n_items + 1), kind="item")
        invented = films.invent(n_items, generator(seed, "world", "films"))
        self.catalog = Catalog(invented.frame(self.item_ids.values))
        self.supply = _supply(invented, generator(seed, "world", "items"))
        self._first_genre = invented.first_genre
        rng = generator(seed, "world", "tastes")
        self._taste, self._later_taste = rng.standard_normal((2, n_users, self.supply.traits.shape[1]), np.float32)
        self._user_bias = rng.standard_normal(n_users, np.float32) * np.float32(_USER_SPREAD)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(users={len(self.user_ids)}, items={len(self.item_ids)}, seed={self.seed})"

    def utility(self, users: Any, items: Any, at: Any = None) -> FloatArray:
        """What users truly think of items, in stars, before noise, rounding and the ends of the scale.

        Args:
            users: external ids, any shape.
            items: external ids; shapes are broadcast, so `users[:, None]` and `items[None, :]` give a table.
            at: seconds since 1970, broadcast likewise; None for the end of the world's four years.

        Returns:
            float32 of the broadcast shape; a single id counts as shape (1,).

        Raises:
            UnknownIdError: for an id outside this world.

        Examples:
            >>> truth = Truth(users=5, items=8)
            >>> truth.utility(np.arange(1, 6)[:, None], np.arange(1, 9)).shape
            (5, 8)
        """
        who, what = self.user_ids.index(np.atleast_1d(users)), self.item_ids.index(np.atleast_1d(items))
        when = np.asarray(END if at is None else at, dtype=np.float64)
        who, what, when = np.broadcast_arrays(who, what, when)
        return self.utility_of(who.ravel(), what.ravel(), when.ravel()).reshape(who.shape)

    def expected_rating(self, users: Any, items: Any, at: Any = None) -> FloatArray:
        """The mean of the ratings users would give items: no prediction has a lower RMSE. Arguments as for `utility`.

        E = 1/2 + 1/2 sum_j Phi((utility - c_j) / sigma), over the points c_j = 0.75, 1.25, ..., 4.75 where the rounded
        rating changes; Phi is the normal distribution function and sigma is `NOISE`.
        """
        utility = self.utility(users, items, at)
        expected = np.full(utility.shape, SCALE[0])
        for change in np.arange(SCALE[0] + 0.25, SCALE[1], 0.5):
            expected += 0.5 * ndtr((utility - change) / NOISE)
        return expected.astype(np.float32)

    def top_n(
        self,
        users: Sequence[Any] | AnyArray,
        n: int = 10,
        *,
        at: float | None = None,
        exclude: Interactions | None = None,
    ) -> TopN:
        """The items of the highest utility for users: lists no recommender can beat.

        Args:
            users: external ids.
            n: places in a list, at least 1.
            at: seconds since 1970; None for the end of the world's four years.
            exclude: leave out what a user has a row for in these data (such as the training data).

        Raises:
            UnknownIdError: for an id outside this world.
            ConfigError: n below 1.

        Examples:
            >>> truth = Truth(users=5, items=8)
            >>> best = truth.top_n([3], n=8)
            >>> bool((np.diff(truth.utility(3, best.of(3))) <= 0).all())
            True
        """
        index, n_items = self.user_ids.index(users), len(self.item_ids)
        items = np.full((len(index), min(at_least_one("n", n), n_items)), -1, dtype=np.int32)
        scores = np.full(items.shape, -np.inf, dtype=np.float32)
        for lo in range(0, len(index), max(1, _TABLE_CELLS // n_items)):
            part = slice(lo, lo + max(1, _TABLE_CELLS // n_items))
            table = self._table(index[part], END if at is None else at)
            if exclude is not None:
                table[self._places(exclude, index[part])] = -np.inf
            best = np.argsort(-table, axis=1, kind="stable")[:, : items.shape[1]]
            scores[part] = np.take_along_axis(table, best, axis=1)
            items[part] = np.where(np.isfinite(scores[part]), best, -1)
        return TopN(index, items, scores, self.user_ids, self.item_ids, self.catalog.titles(self.item_ids))

    def utility_of(self, users: AnyArray, items: AnyArray, times: AnyArray) -> FloatArray:
        """`utility` of (n,) indices and times, in bounded memory: how the world asks for its own rows."""
        utility = np.empty(len(users), dtype=np.float32)
        for lo in range(0, len(users), _PAIRS):
            part = slice(lo, lo + _PAIRS)
            who, what = users[part], items[part]
            liking = np.einsum("ij,ij->i", self.taste_of(who, times[part]), self.supply.traits.take(what, axis=0))
            utility[part] = liking + self._user_bias[who] + self.supply.quality[what] + np.float32(_MEAN)
        return utility

    def taste_of(self, users: AnyArray, times: AnyArray) -> FloatArray:
        """(n, k) float32 tastes of user indices at (n,) times."""
        angle = (_TURN / (END - START) * (times - START)).astype(np.float32)
        turned: FloatArray = np.cos(angle)[:, None] * self._taste.take(users, axis=0)
        turned += np.sin(angle)[:, None] * self._later_taste.take(users, axis=0)
        return turned

    def _table(self, users: IntArray, at: float) -> FloatArray:
        table: FloatArray = self.taste_of(users, np.full(len(users), at, dtype=np.float64)) @ self.supply.traits.T
        table += self.supply.quality + np.float32(_MEAN)
        table += self._user_bias[users][:, None]
        return table

    def _places(self, data: Interactions, users: IntArray) -> tuple[LongArray, IntArray]:
        """Where the rows of `data` stand in a table of `users` x our items."""
        theirs = data.user_ids.index(self.user_ids[users], missing=-1)
        known = np.flatnonzero(theirs >= 0)
        rows = data.by_user[theirs[known]].tocoo()
        return known[rows.coords[0]], self.item_ids.index(data.item_ids[rows.coords[1]])


def at_least_one(name: str, number: int) -> int:
    """The number, checked.

    Raises:
        ConfigError: below 1 or not whole.
    """
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, not {number!r}")
    return int(number)


def _supply(invented: films.Films, rng: np.random.Generator) -> Supply:
    """Traits from genres and style, quality, and a popularity that leans towards the good and the new."""
    n = len(invented.years)
    places = invented.places - films.MEAN_PLACE + _AXIS_SPREAD * rng.standard_normal(invented.places.shape, np.float32)
    styles = rng.standard_normal((n, len(_STYLE_WEIGHTS)), np.float32) * np.array(_STYLE_WEIGHTS, np.float32)
    fame = rng.standard_normal(n)
    quality = 0.5 * fame + np.sqrt(0.75) * rng.standard_normal(n)
    newness = np.exp((invented.years - films.LAST_YEAR) / 15.0)
    by_rank = np.argsort(-(fame + newness), kind="stable").astype(np.int32)
    popularity = zipf_mandelbrot(n, shift := _SHIFT + _SHIFT_SHARE * n)
    quality -= popularity @ quality[by_rank]
    return Supply(
        by_rank=by_rank,
        shift=shift,
        quality=(_QUALITY_SPREAD * quality).astype(np.float32),
        traits=np.hstack([np.float32(_AXIS_WEIGHT) * places.astype(np.float32), styles]),
    )
