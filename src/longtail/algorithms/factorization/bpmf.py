"""Bayesian PMF: all probable vectors, not just the most probable, by Gibbs sampling; with predictive intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from scipy.special import ndtri

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.factor_model import mean_rating
from longtail.algorithms.factorization.gibbs import Prior, draw_noise_precision, draw_prior
from longtail.algorithms.factorization.online import LearnsUsersOnline
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.kernels.least_squares import draw_rows, solve_rows, variances_of_pairs
from longtail.kernels.parallel import run_rows, single_blas
from longtail.kernels.topk import LowRank
from longtail.memory import require_memory
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray, IntArray, RealArray

__all__ = ["BPMF"]

ROW_TILE = 16_384


@dataclass(kw_only=True)
class BPMF(LearnsUsersOnline):
    """Bayesian probabilistic matrix factorization (Salakhutdinov and Mnih 2008), with biases.

    r_ui ~ N(mu + b_u + b_i + p_u . q_i, 1 / alpha);  [p_u, b_u] ~ N(m_U, L_U^-1), [q_i, b_i] ~ N(m_V, L_V^-1);
    (m, L) ~ normal-Wishart, alpha ~ Gamma.

    A sweep of the Gibbs sampler draws from each conditional distribution in turn: alpha, (m_V, L_V), all items,
    (m_U, L_U), all users (section 3.3; the biases and a drawn alpha, which the paper fixes at 2, are ours). After
    `burn_in` sweeps, S = `samples` draws of everything but the users are kept. Given one of them, a user's vector has
    a normal distribution in closed form, so that a prediction averages over exact means, not over draws:

        r_ui = mu + 1/S sum over s of (b_i^s + z_i^s . E[x_u | draw s]),   z_i = [q_i, 1]

    That needs a person's ratings and the draws alone: fold-in is exact, and the answer is certain to the degree the
    data allow. `predict_interval` says how certain.

    Attributes:
        factors: length of p_u and q_i.
        burn_in: sweeps before the first that is kept.
        samples: draws kept; memory and time of an answer grow with samples x factors.
        thinning: sweeps from one draw kept to the next.
        init_std: standard deviation of the normal distribution the vectors start from.
        seed: of all draws.
        user_vectors_: (n_users, samples x factors + 1) float32, x_u: the means E[p_u | draw s] / S, then mu + mean b_u.
        item_vectors_: (n_items, samples x factors + 1) float32, the draws of q_i, then 1.
        item_biases_: (samples, n_items) float32, the draws of b_i; `item_bias_` is their mean.
        prior_precisions_: (samples, factors + 1, factors + 1) float64, L_U.
        prior_pulls_: (samples, factors + 1) float64, L_U m_U.
        noise_precisions_: (samples,) float64, alpha.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.BPMF(factors=4).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> low, high = model.predict_interval([0], [10], level=0.9)
        >>> bool(low[0] < 5.0 <= high[0])
        True
    """

    fold_in: ClassVar[FoldIn] = "exact"

    factors: int = hyper(12, at_least=1, search=(6, 32), log=True)
    burn_in: int = hyper(20, at_least=0, search=(5, 50))
    samples: int = hyper(50, at_least=1)
    thinning: int = hyper(3, at_least=1)
    init_std: float = hyper(0.1, at_least=0.0, search=(0.01, 0.5), log=True)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        S, F, n_users, n_items = self.samples, self.factors, train.n_users, train.n_items
        require_memory(4 * S * F * (n_users + n_items), f"BPMF with {S} samples of {F} factors")
        self.mean_ = self.level_ = mean_rating(train)
        self.user_vectors_ = np.zeros((n_users, S * F + 1), dtype=np.float32)
        self.user_vectors_[:, -1] = self.level_
        self.item_vectors_ = np.ones((n_items, S * F + 1), dtype=np.float32)
        self.item_biases_ = np.zeros((S, n_items), dtype=np.float32)
        self.prior_precisions_, self.prior_pulls_ = np.zeros((S, F + 1, F + 1)), np.zeros((S, F + 1))
        self.noise_precisions_ = np.zeros(S)
        with single_blas():
            self._sample(train)
        self.item_bias_ = self.item_biases_.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.item_known_ = train.item_counts > 0

    def _sample(self, train: Interactions) -> None:
        """Run the Gibbs sampler, keeping the draws after `burn_in`."""
        by_user, by_item = train.by_user, train.by_user.T.tocsr()
        rated, known = train.user_counts > 0, train.item_counts > 0
        random = generator(self.seed, "gibbs")
        users, items = (
            np.float32(self.init_std) * random.standard_normal((n, self.factors + 1), dtype=np.float32)
            for n in (train.n_users, train.n_items)
        )
        for sweep in range(self.burn_in + 1 + self.thinning * (self.samples - 1)):
            alpha = draw_noise_precision(random, self._residuals(train, users, items))
            prior = draw_prior(random, items[known])
            items = self._draw(random, by_item, users, prior, alpha)[1]
            prior = draw_prior(random, users[rated])
            means, users = self._draw(random, by_user, items, prior, alpha)
            kept, between = divmod(sweep - self.burn_in, self.thinning)
            if kept >= 0 and not between:
                self._keep(kept, means, items, prior, alpha)

    def _residuals(self, train: Interactions, users: FloatArray, items: FloatArray) -> FloatArray:
        residuals = np.empty(len(train), dtype=np.float32)

        def subtract(lo: int, hi: int) -> None:
            left, right = users[train.users[lo:hi]], items[train.items[lo:hi]]
            products = np.einsum("nf,nf->n", left[:, :-1], right[:, :-1])
            residuals[lo:hi] = train.values[lo:hi] - np.float32(self.mean_) - left[:, -1] - right[:, -1] - products

        run_rows(subtract, len(train), tile=ROW_TILE)
        return residuals

    def _draw(
        self, random: np.random.Generator, rows: sparse.csr_array, columns: FloatArray, prior: Prior, alpha: float
    ) -> tuple[FloatArray, FloatArray]:
        """Conditional means and draws of the rows' [p, b], given those of the columns."""
        noise = random.standard_normal((rows.shape[0], columns.shape[1]), dtype=np.float32)
        offset, vectors = self.mean_ + columns[:, -1].astype(np.float64), columns.copy()
        vectors[:, -1] = 1.0
        return draw_rows(rows, offset, vectors, noise, prior=prior.precision, pull=prior.pull, precision=alpha)

    def _keep(self, k: int, means: FloatArray, items: FloatArray, prior: Prior, alpha: float) -> None:
        self._put(self.user_vectors_, k, means)
        self.item_vectors_[:, k * self.factors : (k + 1) * self.factors] = items[:, :-1]
        self.item_biases_[k] = items[:, -1]
        self.prior_precisions_[k], self.prior_pulls_[k], self.noise_precisions_[k] = prior.precision, prior.pull, alpha

    def _put(self, vectors: FloatArray, k: int, means: FloatArray) -> None:
        """Add the means of [p_u, b_u] given draw k to the vectors x_u."""
        share = means / np.float32(self.samples)
        vectors[:, k * self.factors : (k + 1) * self.factors] = share[:, :-1]
        vectors[:, -1] += share[:, -1]

    # -- answers -----------------------------------------------------------------------------------------------------

    def _items(self, k: int) -> FloatArray:
        """(n_items, factors + 1): z_i of draw k."""
        ones = np.ones((len(self.item_vectors_), 1), dtype=np.float32)
        return np.concatenate([self.item_vectors_[:, k * self.factors : (k + 1) * self.factors], ones], axis=1)

    def _means(self, histories: sparse.csr_array, k: int) -> FloatArray:
        """(n, factors + 1): the means of [p_u, b_u] given draw k."""
        rule = {"prior": self.prior_precisions_[k], "pull": self.prior_pulls_[k]}
        offset, alpha = self.mean_ + self.item_biases_[k].astype(np.float64), float(self.noise_precisions_[k])
        return solve_rows(histories, offset, self._items(k), precision=alpha, **rule)

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        vectors = np.zeros((histories.shape[0], self.item_vectors_.shape[1]), dtype=np.float32)
        vectors[:, -1] = self.level_
        for k in range(self.samples):
            self._put(vectors, k, self._means(histories, k))
        return self._scores(vectors)

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """What each rating adds to the score, which is linear in the ratings given a draw; the prior adds the rest."""
        items, weights = history.indices, np.zeros(history.nnz)
        for k in range(self.samples):
            alpha, vectors = self.noise_precisions_[k], self._items(k).astype(np.float64)
            Z, target = vectors[items], vectors[item]
            influence = alpha * Z @ np.linalg.solve(self.prior_precisions_[k] + alpha * Z.T @ Z, target)
            weights += influence * (history.data - self.mean_ - self.item_biases_[k, items]) / self.samples
        return items, weights

    # -- intervals ---------------------------------------------------------------------------------------------------

    def predict_interval(
        self, users: Sequence[Any] | AnyArray, items: Sequence[Any] | AnyArray, level: float = 0.9
    ) -> tuple[FloatArray, FloatArray]:
        """The ends (n,) of intervals that hold the ratings of pairs of external ids with probability `level`.

        They allow for the noise of a rating, for what is not known of the user, and for what is not known of the items
        (the spread over the draws), as a normal distribution of the same mean and variance; clipped to the scale.

        Raises:
            UnknownIdError: for a user or item the model has not seen.
            DataError: if the two are not equally long.
            ConfigError: for a level that is not between 0 and 1.
        """
        self._require_fitted()
        rows, columns = self.user_ids_.index(users), self.item_ids_.index(items)
        if rows.shape != columns.shape:
            raise DataError(f"users and items must be equally long, not {len(rows)} and {len(columns)}")
        people, places = np.unique(rows, return_inverse=True)
        return self._intervals(self.histories_[people], places, columns, level)

    def predict_interval_for(
        self, history: Mapping[Any, float], items: Sequence[Any] | AnyArray, level: float = 0.9
    ) -> tuple[FloatArray, FloatArray]:
        """As `predict_interval`, for somebody new, who rated {item id: rating}."""
        histories = self.fold([history])
        columns = self.item_ids_.index(items)
        return self._intervals(histories, np.zeros(len(columns), dtype=np.int64), columns, level)

    def _intervals(
        self, histories: sparse.csr_array, rows: AnyArray, columns: IntArray, level: float
    ) -> tuple[FloatArray, FloatArray]:
        if isinstance(level, (bool, str)) or not 0.0 < level < 1.0:
            raise ConfigError(f"level must be between 0 and 1, not {level!r}")
        order = np.argsort(rows, kind="stable")
        start = np.searchsorted(rows[order], np.arange(histories.shape[0] + 1))
        total, squares, within = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
        for k in range(self.samples):
            vectors, prior, alpha = self._items(k), self.prior_precisions_[k], float(self.noise_precisions_[k])
            products = np.einsum("nf,nf->n", self._means(histories, k)[rows], vectors[columns])
            means = products.astype(np.float64) + self.item_biases_[k, columns]
            total, squares = total + means, squares + means**2
            pairs = start, columns[order]
            within[order] += variances_of_pairs(histories, vectors, *pairs, prior=prior, precision=alpha) + 1.0 / alpha
        center, between = total / self.samples, squares / self.samples - (total / self.samples) ** 2
        center, spread = self.mean_ + center, np.sqrt(within / self.samples + np.maximum(between, 0.0))
        reach = float(ndtri(0.5 + level / 2)) * spread
        low, high = (center - reach).astype(np.float32), (center + reach).astype(np.float32)
        return self._on_scale(low), self._on_scale(high)
