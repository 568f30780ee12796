"""timeSVD++: SVD++ in which users and items change with time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from longtail.algorithms.factorization.descent import initial_vectors
from longtail.algorithms.factorization.factor_model import PAIRS_TILE, mean_rating
from longtail.algorithms.factorization.svdpp import SVDpp, implicit_parts
from longtail.algorithms.powers import NeedsTimes
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.parallel import run_rows
from longtail.kernels.sgd import group_by_user
from longtail.kernels.temporal import timesvdpp_epoch
from longtail.params import hyper
from longtail.types import BoolArray, FloatArray, IntArray, LongArray

__all__ = ["TimeSVDpp"]

DAY = 86_400


@dataclass(kw_only=True)
class TimeSVDpp(SVDpp, NeedsTimes):
    """SVD++ with drift (Koren 2009, "Collaborative filtering with temporal dynamics", section 4).

    r_ui(t) = mu + b_u + a_u dev_u(t) + b_u,day(t) + b_i + b_i,bin(t)
              + q_i . (p_u + dev_u(t) a_u' + |N(u)|^-1/2 sum of y_j over N(u))

    A user drifts: dev_u(t) = sign(t - t_u) |t - t_u|^drift_power, t_u the mean time of the user's ratings, is scaled to
    at most 1 for each user, so that a_u is how far the bias moves from its middle to its end, whether the user stayed
    for an hour or for years. A user has days: b_u,day is learned for each day on which the user rated, and 0 on any
    other. An item has periods: the training time is cut into `bins` of equal length. (The paper's day-specific vectors
    and the scaling c_u(t) are left out.) Learned by stochastic gradient descent, as SVD++.

    `predict_ratings` asks at the times of the test rows. Without times, and in lists, the items are as in the last
    bin, and a user is as at their last rating. Someone new is solved for as in SVD++, with the items of the last bin.

    Attributes, beside those of `SVDpp`:
        day_regularization: weight of the squares of b_u,day, counted once for each rating.
        bin_regularization: the same, of b_i,bin.
        drift_regularization: the same, of a_u and a_u'; `regularization` is that of the rest.
        bins: periods of an item.
        drift_power: 1 for a steady drift; the less, the more of it happens near the middle.
        start_vectors_: (n_users, factors + 1) float32, p_u and what N(u) implies, then mu + b_u.
        drift_vectors_: (n_users, factors + 1) float32, a_u', then a_u.
        day_keys_: (n_days,) int64, the days of all users, as user x days in all + day, sorted.
        day_bias_: (n_days,) float32, b_u,day.
        item_start_bias_: (n_items,) float32, b_i.
        bin_bias_: (n_items, bins) float32, b_i,bin.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0, 86_400 * (u * i % 7)) for u in range(20) for i in range(20)]
        >>> rows = [row for row in rows if (row[0] + row[1]) % 5]
        >>> users, items, ratings, times = zip(*rows, strict=True)
        >>> frame = {"user": users, "item": items, "rating": ratings, "timestamp": times}
        >>> model = lt.TimeSVDpp(factors=4).fit(lt.Interactions.from_frame(frame))
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    learning_rate: float = hyper(0.0175, at_least=0.0, search=(0.01, 0.03), log=True)
    regularization: float = hyper(0.04, at_least=0.0, search=(0.025, 0.08), log=True)
    init_std: float = hyper(0.007, at_least=0.0, search=(0.003, 0.02), log=True)
    day_regularization: float = hyper(0.6, at_least=0.0, search=(0.1, 2.0), log=True)
    bin_regularization: float = hyper(10.0, at_least=0.0, search=(2.0, 20.0), log=True)
    drift_regularization: float = hyper(0.1, at_least=0.0, search=(0.03, 1.0), log=True)
    bins: int = hyper(10, at_least=1, search=(1, 30), log=True)
    drift_power: float = hyper(1.2, at_least=0.0, search=(0.4, 2.0))

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        assert train.times is not None  # see NeedsTimes
        users, items = train.user_counts > 0, train.item_counts > 0
        P = initial_vectors(self.seed, "users", self.factors, self.init_std, users)
        Q = initial_vectors(self.seed, "items", self.factors, self.init_std, items)
        Y = initial_vectors(self.seed, "implicit", self.factors, self.init_std, items)
        A, user_drift = np.zeros_like(P), np.zeros(train.n_users, dtype=np.float32)
        user_bias, item_bias = np.zeros_like(user_drift), np.zeros(train.n_items, dtype=np.float32)
        self._set_clock(train.users, train.times, train.n_users)
        self.day_bias_ = np.zeros(len(self.day_keys_), dtype=np.float32)
        self.bin_bias_ = np.zeros((train.n_items, self.bins), dtype=np.float32)
        visits = group_by_user(train.users, train.items, train.values, train.n_users)
        drifts, days, bins = self._when(train.users, train.times)
        # Rearranged as the ratings are: in the order of visiting.
        bins, drifts = group_by_user(train.users, bins, drifts, train.n_users)[2:]
        days = group_by_user(train.users, days, train.values, train.n_users)[2]
        biases = user_bias, user_drift, self.day_bias_, item_bias, self.bin_bias_
        decays = self.regularization, self.day_regularization, self.bin_regularization, self.drift_regularization
        for epoch in range(self.epochs):
            rate = self.learning_rate * self.learning_rate_decay**epoch
            timesvdpp_epoch(*visits, bins, days, drifts, P, A, Q, Y, *biases, mean_rating(train), rate, *decays)
        self.implicit_vectors_ = np.pad(Y[:, : self.factors], ((0, 0), (0, 1)))
        self._keep(train, P + implicit_parts(train.by_user, Y), A, Q, biases)

    def _keep(self, train: Interactions, X: FloatArray, A: FloatArray, Q: FloatArray, biases: Any) -> None:
        """Set the vectors of every time, and those of the users at their last rating and the items in the last bin."""
        user_bias, user_drift, _, self.item_start_bias_, _ = biases
        start = user_bias[:, None] + np.float32(mean_rating(train))
        self.start_vectors_ = np.concatenate([X[:, : self.factors], start], axis=1)
        self.drift_vectors_ = np.concatenate([A[:, : self.factors], user_drift[:, None]], axis=1)
        drifts, days, _ = self._when(np.arange(train.n_users, dtype=np.int32), self.last_times_)
        now = user_bias + drifts * user_drift + self._day_biases(days)
        self._learned(train, X + drifts[:, None] * A, Q, now, self.item_start_bias_ + self.bin_bias_[:, -1])

    # -- time --------------------------------------------------------------------------------------------------------

    def _set_clock(self, users: IntArray, times: LongArray, n_users: int) -> None:
        self.first_time_, self.last_time_ = int(times.min()), int(times.max())
        counts = np.bincount(users, minlength=n_users)
        since = np.bincount(users, weights=times - self.first_time_, minlength=n_users)
        self.mean_times_ = since / np.maximum(counts, 1)
        self.reach_ = np.zeros(n_users)
        np.maximum.at(self.reach_, users, np.abs(times - self.first_time_ - self.mean_times_[users]))
        self.last_times_ = np.full(n_users, self.first_time_, dtype=np.int64)
        np.maximum.at(self.last_times_, users, times)
        self.day_keys_ = np.unique(self._day_key(users, times))

    def _when(self, users: IntArray, times: LongArray) -> tuple[FloatArray, IntArray, IntArray]:
        """dev_u(t), the place of the day in `day_bias_` (-1 for none) and the bin, of pairs of user and time."""
        apart = times - self.first_time_ - self.mean_times_[users]
        parts = np.clip(apart / np.maximum(self.reach_[users], 1.0), -1.0, 1.0)
        drifts = np.sign(parts) * np.abs(parts) ** self.drift_power
        keys = self._day_key(users, times)
        days = np.minimum(np.searchsorted(self.day_keys_, keys), len(self.day_keys_) - 1)
        days = np.where(self.day_keys_[days] == keys, days, -1)
        share = (times - self.first_time_) / (self.last_time_ - self.first_time_ + 1)
        bins = np.clip(np.floor(share * self.bins), 0, self.bins - 1)
        return drifts.astype(np.float32), days.astype(np.int32), bins.astype(np.int32)

    def _day_key(self, users: IntArray, times: LongArray) -> LongArray:
        """A number for user and day; -1 for a day outside the training time."""
        first, last = self.first_time_ // DAY, self.last_time_ // DAY
        days = times // DAY - first
        keys = users.astype(np.int64) * (last - first + 1) + days
        return np.where((days >= 0) & (days <= last - first), keys, -1)

    def _day_biases(self, days: IntArray) -> FloatArray:
        return np.where(days >= 0, self.day_bias_[days], np.float32(0.0))

    def _predict_at(self, users: IntArray, items: IntArray, times: LongArray) -> tuple[FloatArray, BoolArray]:
        drifts, days, bins = self._when(users, times)
        estimates = np.empty(len(users), dtype=np.float32)

        def multiply(lo: int, hi: int) -> None:
            who = users[lo:hi]
            left = self.start_vectors_[who] + drifts[lo:hi, None] * self.drift_vectors_[who]
            np.einsum("nf,nf->n", left, self.item_vectors_[items[lo:hi]], out=estimates[lo:hi])

        run_rows(multiply, len(users), tile=PAIRS_TILE)
        estimates += self.item_start_bias_[items] + self.bin_bias_[items, bins] + self._day_biases(days)
        impossible = ~self._possible(np.diff(self.histories_.indptr)[users] > 0, self.item_known_[items])
        estimates[impossible] = self.mean_
        return estimates, impossible
