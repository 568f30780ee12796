"""Bayesian PMF: its draws have the posterior's moments, its predictions average them, its intervals cover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import longtail as lt
from longtail.algorithms.factorization.gibbs import draw_noise_precision, draw_prior
from longtail.errors import ConfigError, DataError, MemoryBudgetError, UnknownIdError

DRAWS = 4000


def test_draws_of_the_prior_have_the_moments_of_the_normal_wishart(rng: np.random.Generator) -> None:
    x = (rng.normal(size=(12, 3)) @ rng.normal(size=(3, 3)) + [0.5, 0.0, -1.0]).astype(np.float32)
    n, rank = x.shape
    center = x.mean(axis=0, dtype=np.float64)
    inverse = np.eye(rank) + (n - 1) * np.cov(x.T) + 2 * n / (2 + n) * np.outer(center, center)
    priors = [draw_prior(rng, x) for _ in range(DRAWS)]
    precision = np.mean([prior.precision for prior in priors], axis=0)
    expected = (rank + n) * np.linalg.inv(inverse)  # the mean of a Wishart distribution
    assert precision == pytest.approx(expected, abs=0.05 * np.abs(expected).max())
    means = np.array([prior.mean for prior in priors])
    spread = inverse / (n - 1) / (2 + n)  # of a multivariate t with nu_0 + n - rank + 1 degrees of freedom
    assert means.mean(axis=0) == pytest.approx(n / (2 + n) * center, abs=5 * np.sqrt(spread.max() / DRAWS))
    assert np.cov(means.T) == pytest.approx(spread, abs=0.15 * spread.max())
    assert priors[0].pull == pytest.approx(priors[0].precision @ priors[0].mean)


def test_draws_of_one_precision_follow_the_scaled_chi_squared(rng: np.random.Generator) -> None:
    # With rank 1 the Wishart is a chi-squared distribution: compare all its quantiles, not just two moments.
    x = np.array([[0.3], [1.1], [-0.4]], dtype=np.float32)
    inverse = 1 + ((x - x.mean()) ** 2).sum() + 2 * 3 / 5 * x.mean() ** 2
    found = [draw_prior(rng, x).precision[0, 0] * float(inverse) for _ in range(DRAWS)]
    assert stats.kstest(found, stats.chi2(4).cdf).pvalue > 1e-3


def test_draws_of_the_noise_precision_follow_the_gamma(rng: np.random.Generator) -> None:
    residuals = np.array([0.5, -1.0, 2.0, 0.1, 0.3], dtype=np.float32)
    found = [draw_noise_precision(rng, residuals) for _ in range(DRAWS)]
    rate = 1 + (residuals**2).sum() / 2
    assert stats.kstest(found, stats.gamma(1 + 2.5, scale=1 / rate).cdf).pvalue > 1e-3


@pytest.fixture
def model(small: lt.Interactions) -> Any:
    return lt.BPMF(factors=2, samples=20, burn_in=5).fit(small)


def per_draw(model: Any, history: Any, items: Any) -> tuple[Any, Any]:
    """(samples, n) means and variances of ratings given each draw, from the closed form in dense algebra."""
    means, variances = [], []
    for k in range(model.samples):
        Q = model.item_vectors_[:, 2 * k : 2 * k + 2].astype(np.float64)
        Z, b = np.column_stack([Q, np.ones(len(Q))]), model.item_biases_[k].astype(np.float64)
        alpha, rated = model.noise_precisions_[k], Z[history.indices]
        covariance = np.linalg.inv(model.prior_precisions_[k] + alpha * rated.T @ rated)
        e = history.data - model.mean_ - b[history.indices]
        x = covariance @ (model.prior_pulls_[k] + alpha * rated.T @ e)
        means.append(model.mean_ + b[items] + Z[items] @ x)
        variances.append(np.einsum("nf,fg,ng->n", Z[items], covariance, Z[items]) + 1 / alpha)
    return np.array(means), np.array(variances)


def test_predictions_average_the_exact_means_over_the_draws(model: Any, small: lt.Interactions) -> None:
    items = np.arange(6)
    for user in range(5):
        expected = per_draw(model, small.by_user[[user]], items)[0].mean(axis=0)
        found = model.predict([small.user_ids[user]] * 6, small.item_ids.values)
        assert found == pytest.approx(np.clip(expected, 1.0, 5.0), abs=1e-4)


def test_intervals_hold_the_variance_within_and_between_the_draws(model: Any, small: lt.Interactions) -> None:
    items = np.array([5, 0, 3])
    means, variances = per_draw(model, small.by_user[[2]], items)
    reach = stats.norm.ppf(0.75) * np.sqrt(variances.mean(axis=0) + means.var(axis=0))
    ends = [np.clip(means.mean(axis=0) + side * reach, 1.0, 5.0) for side in (-1, 1)]
    ids = small.item_ids.values[items]
    assert np.array(model.predict_interval([3, 3, 3], ids, level=0.5)) == pytest.approx(np.array(ends), abs=1e-4)
    mixed = model.predict_interval([1, 3, 2, 3, 3], [10, ids[0], 20, ids[1], ids[2]], level=0.5)
    assert np.array(mixed)[:, [1, 3, 4]] == pytest.approx(np.array(ends), abs=1e-4)
    history = dict(zip(small.item_ids.values[small.by_user[[2]].indices].tolist(), [5.0, 4.0, 4.5], strict=True))
    assert np.array(model.predict_interval_for(history, ids, level=0.5)) == pytest.approx(np.array(ends), abs=1e-4)


def test_a_stranger_is_less_certain_than_a_regular(model: Any) -> None:
    history = {10: 4.0, 20: 4.0, 30: 3.0, 40: 3.0, 50: 4.0}
    known, unknown = (model.predict_interval_for(given, [60], level=0.3) for given in (history, {}))
    assert unknown[1] - unknown[0] > known[1] - known[0]


def test_intervals_check_their_arguments(model: Any) -> None:
    for level in (0.0, 1.0, -1.0, float("nan"), "0.9"):
        with pytest.raises(ConfigError, match="level"):
            model.predict_interval([1], [10], level=level)
    with pytest.raises(UnknownIdError):
        model.predict_interval(["nobody"], [10])
    with pytest.raises(DataError, match="equally long"):
        model.predict_interval([1, 2], [10])
    assert [len(end) for end in model.predict_interval([], [])] == [0, 0]


def test_reasons_add_up_to_what_the_ratings_change(model: Any, small: lt.Interactions) -> None:
    history = model.fold([{10: 5.0, 20: 4.0, 40: 1.0}])
    expected = history.copy()
    expected.data[:] = 0.0
    for item in range(6):
        weights = model._reasons(history, item)[1]
        # The answer is linear in e = r - mu - b: without e only the prior is left.
        found = per_draw(model, history, [item])[0]
        neutral = []
        for k in range(model.samples):
            Z = np.column_stack([model.item_vectors_[:, 2 * k : 2 * k + 2], np.ones(6)]).astype(np.float64)
            rated = Z[history.indices]
            A = model.prior_precisions_[k] + model.noise_precisions_[k] * rated.T @ rated
            prior = Z[item] @ np.linalg.solve(A, model.prior_pulls_[k])
            neutral.append(model.mean_ + model.item_biases_[k, item] + prior)
        assert weights.sum() == pytest.approx(found.mean() - np.mean(neutral), abs=1e-5)


def test_thinning_keeps_every_other_sweep(small: lt.Interactions) -> None:
    every: Any = lt.BPMF(factors=2, samples=9, burn_in=3, thinning=1).fit(small)
    other: Any = lt.BPMF(factors=2, samples=5, burn_in=3, thinning=2).fit(small)
    assert np.array_equal(every.item_biases_[::2], other.item_biases_)
    later: Any = lt.BPMF(factors=2, samples=4, burn_in=8, thinning=1).fit(small)
    assert np.array_equal(every.noise_precisions_[5:], later.noise_precisions_)


def test_draws_beyond_the_memory_budget_are_refused(small: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "1 MiB")
    with pytest.raises(MemoryBudgetError, match="BPMF with 5000 samples of 16 factors"):
        lt.BPMF(factors=16, samples=5000).fit(small)


def test_error_and_coverage_on_a_real_fold(real_data: Path) -> None:
    files = (real_data / "ml-100k" / f"u1.{part}" for part in ("base", "test"))
    base, test = (pl.read_csv(file, separator="\t", has_header=False) for file in files)
    frame = pl.concat([base, test]).select(
        pl.nth(place).alias(name) for place, name in enumerate(["user", "item", "rating"])
    )
    whole, rows = lt.Interactions.from_frame(frame, scale=(1.0, 5.0)), np.arange(len(frame))
    model: Any = lt.BPMF().fit(whole.take(rows[: len(base)]))
    hidden = whole.take(rows[len(base) :])
    assert lt.metrics.rmse(model.predict_ratings(hidden)) < 0.912
    users, items = whole.user_ids.values[hidden.users], whole.item_ids.values[hidden.items]
    for level, slack in ((0.5, 0.06), (0.8, 0.05), (0.9, 0.03)):
        low, high = model.predict_interval(users, items, level=level)
        assert ((low <= hidden.values) & (hidden.values <= high)).mean() == pytest.approx(level, abs=slack)
