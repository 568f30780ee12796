"""Comparisons of algorithms: against independent implementations, at the edges, and their promises under simulation."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.significance import (
    Comparison,
    Ranking,
    benjamini_hochberg,
    by_seed,
    compare,
    compare_all,
    holm,
    matrix,
    randomization_test,
    rankings,
    read,
    record,
    sentence,
    sentences,
)
from longtail.evaluation.significance.bootstrap import Interval, Resampled
from longtail.evaluation.significance.effects import cohens_d, dominance, superiority
from longtail.evaluation.significance.folds import over_folds
from longtail.evaluation.significance.letters import letters
from longtail.evaluation.significance.paired import Sample
from longtail.evaluation.significance.seeds import SeedNoise
from longtail.evaluation.significance.verdicts import how_compared, oriented


def value(per_user: Any, name: str = "ndcg", users: Any = None, weights: Any = None) -> MetricValue:
    users = range(len(per_user)) if users is None else users
    if weights is None:
        return MetricValue.over_users(name, users, per_user)
    figure = math.sqrt(np.average(np.square(per_user), weights=weights))
    return MetricValue(figure, name, users, per_user, weights)


# -- tests and corrections ---------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1, 1, allow_subnormal=False).map(lambda x: round(x, 3)), min_size=1, max_size=9))
def test_few_users_are_tested_exactly(differences: list[float]) -> None:
    d = np.array(differences)
    sums = [
        abs(sum(s * x for s, x in zip(signs, d, strict=True))) for signs in itertools.product((1, -1), repeat=len(d))
    ]
    assert randomization_test(d) == pytest.approx(np.mean(np.array(sums) >= abs(d.sum()) - 1e-9), abs=1e-12)


@pytest.mark.parametrize(("wins", "losses"), [(8, 2), (30, 10), (400, 350), (1, 0), (5, 5)])
def test_hits_are_tested_as_mcnemar(wins: int, losses: int) -> None:
    d = np.array([1.0] * wins + [-1.0] * losses + [0.0] * 50)
    assert randomization_test(d) == pytest.approx(stats.binomtest(wins, wins + losses).pvalue, abs=1e-12)


def test_many_users_are_tested_like_scipy_does() -> None:
    d = np.random.default_rng(0).normal(0.12, 1.0, 200)
    theirs = stats.permutation_test(
        (d,), np.sum, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(1)
    )
    ours = randomization_test(d, flips=20_000)
    assert ours == pytest.approx(theirs.pvalue, abs=4 * math.sqrt(2 * theirs.pvalue / 20_000))
    assert ours == randomization_test(d, flips=20_000) != randomization_test(d, flips=20_000, seed=1)


def test_no_p_value_is_smaller_than_one_in_all_changes_of_sign() -> None:
    """The differences seen are one of them; a p of 0 would be certainty."""
    d = np.random.default_rng(2).uniform(0.5, 1.0, 100)
    assert randomization_test(d, flips=999) == 1 / 1_000
    assert compare({"a": value(d), "b": value(np.zeros(100))}, resamples=100, flips=999)[0].p == 1 / 1_000


def test_nobody_differs() -> None:
    assert randomization_test(np.zeros(5)) == 1.0
    assert randomization_test(np.zeros(0)) == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_corrections_by_their_definitions(p: list[float]) -> None:
    """Reject while the ordered p-values pass, at every alpha, as the papers state the procedures."""
    m, ordered = len(p), np.sort(p)
    for alpha in (0.01, 0.05, 0.3):
        steps = [ordered[i] * (m - i) <= alpha for i in range(m)]
        passed = steps.index(False) if False in steps else m
        assert int((holm(p) <= alpha).sum()) == passed
    assert np.allclose(benjamini_hochberg(p), stats.false_discovery_control(p))


def test_a_test_that_was_not_made_does_not_count() -> None:
    assert holm([0.01, math.nan, 0.04])[[0, 2]].tolist() == [0.02, 0.04]
    assert math.isnan(benjamini_hochberg([0.01, math.nan])[1])


def test_an_adjusted_p_is_a_probability() -> None:
    assert holm([0.6, 0.9]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("users", [5, 50])
def test_an_expanded_percentile_interval_of_normal_resamples_is_that_of_t(users: int) -> None:
    """A resample of a normal sample varies by the sample's own deviation, with n under it instead of n - 1."""
    spread = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000) * math.sqrt((users - 1) / users)
    drawn = Resampled({"a": spread, "b": np.zeros(len(spread))}, np.zeros(len(spread)), users)
    found, end = drawn.interval("a", "b", 0.0, 0.95), stats.t.ppf(0.975, users - 1)
    assert (found.low, found.high) == pytest.approx((-end, end), rel=0.01)


def test_each_end_of_an_interval_is_widened_by_itself() -> None:
    wider = Interval(-1.0, 3.0).widened(0.0, 4.0)
    assert (wider.low, wider.high) == pytest.approx((-math.sqrt(17), 5.0))


def test_two_sources_of_noise_are_tested_as_welch_does() -> None:
    """His test has the same degrees of freedom; neither side's is the smaller sample's alone."""
    rng = np.random.default_rng(15)
    one, other = rng.normal(0.3, 1.0, 40), rng.normal(0.0, 2.0, 6)
    noise = SeedNoise(one.var(ddof=1) / 40, 40, ((other.var(ddof=1) / 6, 5),))
    assert noise.p(one.mean() - other.mean()) == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue)


def test_effects_by_hand() -> None:
    d = np.array([3.0, 1.0, 0.0, -1.0])
    assert cohens_d(d) == pytest.approx(0.75 / np.std(d, ddof=1))
    assert (superiority(d), dominance(d)) == (0.625, 0.25)
    assert cohens_d(np.ones(3)) == math.inf
    assert math.isnan(cohens_d(np.ones(1)))


# -- comparisons -------------------------------------------------------------------------------------------------------


def test_an_interval_is_that_of_a_plain_bootstrap() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random(300), rng.random(300)
    found = compare({"a": value(a), "b": value(b)}, resamples=20_000)[0]
    theirs = stats.bootstrap((a - b,), np.mean, n_resamples=20_000, method="percentile", rng=rng).confidence_interval
    assert found.difference == pytest.approx((a - b).mean())
    width = theirs.high - theirs.low
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.03 * width)


def test_a_pooled_figure_is_made_anew_of_the_users_drawn() -> None:
    rng = np.random.default_rng(4)
    w = rng.integers(1, 40, 250)
    a, b = rng.gamma(4, 0.25, 250), rng.gamma(4, 0.26, 250)
    found = compare({"a": value(a, "rmse", weights=w), "b": value(b, "rmse", weights=w)}, resamples=10_000)[0]

    def pooled(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.sqrt((w * x**2)[rows].sum(axis=1) / w[rows].sum(axis=1))

    rows = rng.integers(250, size=(10_000, 250))
    low, high = np.quantile(pooled(a, rows) - pooled(b, rows), [0.025, 0.975])
    assert found.difference == pytest.approx(np.sqrt(w @ a**2 / w.sum()) - np.sqrt(w @ b**2 / w.sum()))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.05 * (high - low))
    assert found.p == pytest.approx(randomization_test(w * (a**2 - b**2)), abs=0.02)


def test_users_are_aligned_and_the_others_counted() -> None:
    a = value([1.0, 0.0, np.nan, 1.0], users=[5, 3, 4, 9])
    b = value([0.0, 0.5, 1.0, 0.0], users=[9, 5, 4, 7])
    found = compare({"a": a, "b": b})[0]
    assert (found.users, found.dropped) == (2, 3)
    assert found.difference == pytest.approx(((1.0 - 0.5) + (1.0 - 0.0)) / 2)


def test_other_users_of_a_third_change_nothing() -> None:
    rng = np.random.default_rng(5)
    values = {label: value(rng.random(50)) for label in "ab"}
    third = value(rng.random(30), users=range(10, 40))
    alone = compare(values, correction="none")[0]
    among = compare(values | {"c": third}, correction="none")
    assert [one.users for one in among] == [50, 30, 30]
    assert (among[0].p, among[0].difference) == (alone.p, alone.difference)
    assert among[0].low == pytest.approx(alone.low, abs=1e-12)


def test_the_direction_of_a_metric_says_who_wins() -> None:
    low, high = np.random.default_rng(6).random(60), np.random.default_rng(7).random(60) + 1
    for name, winner in (("ndcg", "high"), ("mae", "low"), ("novelty", "high")):
        found = compare({"low": value(low, name), "high": value(high, name)})[0]
        assert (found.verdict, found.winner) == ("told apart", winner)
        assert (found.better, found.worse) == ((1.0, 0.0) if winner == "low" else (0.0, 1.0))
        assert found.superiority == 0.0
    assert "has a better mean absolute error than" in sentence(
        compare({"l": value(low, "mae"), "h": value(high, "mae")})[0]
    )


@pytest.mark.parametrize("name", ["hit_rate", "rmse"])
@pytest.mark.parametrize("level", [0.0, 0.7])
def test_identical_lists(name: str, level: float) -> None:
    weights = np.ones(40) if name == "rmse" else None
    same = value(np.full(40, level), name, weights=weights)
    found = compare({"a": same, "b": same})[0]
    assert (found.verdict, found.p, found.difference, found.effect) == ("identical", 1.0, 0.0, 0.0)
    assert found.low < 0.0 < found.high, "a rare difference may not have shown in so few users"
    assert sentence(found) == f"a and b have the same {found_title(found)} for every one of 40 users"


def found_title(found: Comparison) -> str:
    return {"hit_rate": "hit rate", "rmse": "root mean squared error"}[found.metric]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_users_get_no_figures_and_no_warning(count: int) -> None:
    found = compare({"a": value([0.5] * count + [np.nan]), "b": value([0.25] * count + [1.0])})[0]
    assert (found.verdict, found.users, found.dropped) == ("unknown", count, 1)
    assert all(map(math.isnan, (found.low, found.high, found.p, found.adjusted_p)))
    assert "cannot be compared: fewer than two users" in sentence(found)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_handful_of_users_is_never_told_apart(count: int) -> None:
    found = compare({"a": value([0.9, 0.8, 0.7, 0.6, 0.5][:count]), "b": value([0.1] * count)})[0]
    assert found.verdict == "cannot be told apart"
    assert found.p == 2 / 2**count
    assert found.low <= found.difference <= found.high


def test_equal_settings_equal_results() -> None:
    rng = np.random.default_rng(8)
    values = {label: value(rng.random(80)) for label in "abc"}
    assert compare(values) == compare(values)
    assert compare(values)[0].low != compare(values, seed=1)[0].low


def test_one_correction_over_all_metrics() -> None:
    rng = np.random.default_rng(9)
    metrics = {key: {label: value(rng.random(60) + shift) for label, shift in (("a", 0.0), ("b", 0.1), ("c", 0.2))}
               for key in ("first", "second")}  # fmt: skip
    found = compare_all(metrics)
    assert [one.key for one in found] == ["first"] * 3 + ["second"] * 3
    assert np.allclose([one.adjusted_p for one in found], holm([one.p for one in found]))
    assert {one.tests for one in found} == {6}


def test_what_cannot_be_compared_is_refused() -> None:
    a = value([1.0, 2.0], "rmse", weights=[1, 2])
    with pytest.raises(ConfigError, match="at least two"):
        compare({"a": a})
    with pytest.raises(ConfigError, match="one metric at a time"):
        compare({"a": a, "b": value([1.0, 2.0])})
    with pytest.raises(ConfigError, match="level"):
        compare({"a": a, "b": a}, level=95)
    with pytest.raises(ConfigError, match="resamples"):
        compare({"a": a, "b": a}, resamples=10)
    with pytest.raises(ConfigError, match="correction"):
        compare({"a": a, "b": a}, correction="bonferoni")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="other predictions"):
        compare({"a": a, "b": value([1.0, 2.0], "rmse", weights=[2, 2])})


def test_an_adjusted_p_at_the_limit_is_enough() -> None:
    """Three users that all say the same: p is 2 in 8."""
    values = {"a": value([0.9, 0.8, 0.7]), "b": value([0.1, 0.2, 0.3])}
    for level, verdict in ((0.75, "told apart"), (0.76, "cannot be told apart")):
        assert compare(values, level=level)[0].verdict == verdict


def test_many_pairs_get_more_changes_of_sign() -> None:
    """Of 253 pairs with 9,999 each, 1 in 10,000 would be the least p and could not pass the correction."""
    rng = np.random.default_rng(16)
    values = {str(at): value(rng.random(20) + (at == 0) * 5) for at in range(23)}
    found = compare(values, resamples=100)[0]
    assert found.p * (1 + 40 * 253) == pytest.approx(round(found.p * (1 + 40 * 253)), abs=1e-6)
    assert found.verdict == "told apart"


def test_a_user_without_a_value_for_one_seed_is_left_out() -> None:
    seeds = [value([1.0, 0.5, np.nan, 0.5]), value([0.0, 0.5, 1.0, 0.5])]
    found = compare({"a": seeds, "b": value([0.5, 0.0, 1.0, 0.0])})[0]
    assert (found.users, found.dropped) == (3, 1)
    assert found.difference == pytest.approx((0.5 + 0.5 + 0.5) / 3 - 0.5 / 3)


def test_the_influence_of_a_user_is_the_slope_of_the_figure() -> None:
    """By how much a pooled figure moves where a user weighs a little more."""
    rng = np.random.default_rng(17)
    x, w, step = rng.random((30, 2)), rng.integers(1, 40, 30).astype(float), 1e-6
    sample = Sample(x, w, 2.0)
    assert sample.influence.mean(axis=0) == pytest.approx(sample.by_seed)
    for user in (0, 7):
        more = w.copy()
        more[user] *= 1 + step
        slope = (Sample(x, more, 2.0).by_seed - sample.by_seed) / step
        assert (sample.influence[user] - sample.by_seed) / 30 == pytest.approx(slope, rel=1e-4)


# -- seeds and folds ---------------------------------------------------------------------------------------------------


def test_figures_over_seeds_are_means_and_their_noise_widens_the_interval() -> None:
    rng = np.random.default_rng(10)
    base = rng.random(400)
    steady = [value(base + 0.01 * rng.normal(size=400)) for _ in range(3)]
    shaken = [value(base + 0.05 + shift + 0.01 * rng.normal(size=400)) for shift in (-0.2, 0.0, 0.2)]
    quiet = compare({"a": steady, "b": value(base + 0.05)})[0]
    noisy = compare({"a": steady, "b": shaken})[0]
    assert (quiet.verdict, noisy.verdict, noisy.seeds) == ("told apart", "cannot be told apart", (3, 3))
    assert noisy.difference == pytest.approx(np.mean(steady) - np.mean(shaken))
    assert noisy.seed_error == pytest.approx(np.std(shaken, ddof=1) / math.sqrt(3), rel=0.01)
    assert noisy.high - noisy.low > 10 * (quiet.high - quiet.low)
    assert noisy.low < 0 < noisy.high


def test_noise_that_belongs_to_users_is_not_counted_twice() -> None:
    """Seeds that shuffle who is hit, but move nobody together, add next to nothing to the users' own noise."""
    rng = np.random.default_rng(11)
    errors = [
        compare({"a": [value(rng.random(300)) for _ in range(3)], "b": value(rng.random(300))})[0].seed_error
        for _ in range(20)
    ]
    assert np.mean(errors) < 0.5 / math.sqrt(12 * 300)


def test_the_variance_of_seeds_is_that_of_a_table_of_users_and_seeds() -> None:
    """By the sums of squares of a two-way table without repetition."""
    n, seeds = 6, 3
    x = np.random.default_rng(18).random((n, seeds)) + np.array([0.0, 0.5, 1.0])
    cells = x - x.mean(axis=1)[:, None] - x.mean(axis=0) + x.mean()
    residual = (cells**2).sum() / ((n - 1) * (seeds - 1))
    between = n * ((x.mean(axis=0) - x.mean()) ** 2).sum() / (seeds - 1)
    assert Sample(x, np.ones(n), 1.0).seed_variance == pytest.approx((between - residual) / n / seeds)


def test_effects_are_of_the_means_over_seeds() -> None:
    found = compare({"a": [value([1.0, 1.0, 0.0]), value([0.0, 1.0, 0.0])], "b": value([0.6, 0.6, 0.0])})[0]
    assert (found.better, found.worse) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert found.superiority == pytest.approx(0.5)


def test_folds_of_a_seed_are_taken_together() -> None:
    rng = np.random.default_rng(12)
    parts = [(seed, {"rmse": value(rng.random(5), "rmse", weights=[1, 2, 3, 4, 5]), "diversity": value([1.0])})
             for seed in (0, 0, 1, 1)]  # fmt: skip
    found = by_seed(parts)
    assert list(found) == ["rmse"]
    assert [one.weights.tolist() for one in found["rmse"]] == [[2, 4, 6, 8, 10]] * 2
    pooled = np.sqrt(np.mean([float(part["rmse"]) ** 2 for _, part in parts[:2]]))
    assert float(found["rmse"][0]) == pytest.approx(pooled)


def test_users_of_several_folds_count_once() -> None:
    made = over_folds([value([1.0, 0.0], users=[1, 2]), value([0.5, np.nan], users=[2, 3])])
    assert (float(made), made.users.tolist()) == (0.625, [1, 2, 3])
    assert made.per_user[:2].tolist() == [1.0, 0.25]


# -- words -------------------------------------------------------------------------------------------------------------


def pairs_of(labels: str, apart: set[str]) -> list[Comparison]:
    return [
        Comparison(
            "ndcg", "ndcg", a, b, 9, 0, 0.1, 0.95, verdict="told apart" if a + b in apart else "cannot be told apart"
        )
        for a, b in itertools.combinations(labels, 2)
    ]


@settings(deadline=None)
@given(
    st.integers(2, 7).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(list(itertools.combinations("abcdefg"[:n], 2)))))
    )
)
def test_who_shares_a_letter_cannot_be_told_apart(case: tuple[int, set[tuple[str, str]]]) -> None:
    n, apart = case
    labels = "abcdefg"[:n]
    marks = letters(pairs_of(labels, {a + b for a, b in apart}), list(labels))
    for a, b in itertools.combinations(labels, 2):
        assert bool(set(marks[a]) & set(marks[b])) == ((a, b) not in apart)
    assert marks["a"].startswith("a")


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    rng = np.random.default_rng(13)
    base = rng.random(300)

    def seeds(shift: float, count: int = 1) -> list[MetricValue]:
        return [value(base + shift + 0.2 * rng.normal(size=300)) for _ in range(count)]

    algorithms = {"worst": seeds(-0.3), "first": seeds(0.3, 2), "near": seeds(0.29), "middle": seeds(0.0)}
    return record({label: {"ndcg": values} for label, values in algorithms.items()})


def test_a_record_is_plain_and_reads_back(recorded: dict[str, Any]) -> None:
    assert read(json.loads(json.dumps(recorded, allow_nan=False))) == read(recorded)
    assert len(read(recorded)) == 6
    undefined = record({label: {"ndcg": [value([np.nan])]} for label in "ab"})
    json.dumps(undefined, allow_nan=False)
    assert rankings(undefined) == []
    assert record({"a": {"ndcg": [value([1.0])]}}) == record({}) == {}


def test_the_words_follow_the_figures(recorded: dict[str, Any]) -> None:
    ranking = rankings(recorded)[0]
    assert set(ranking.values) == {"first", "near", "middle", "worst"}
    assert list(ranking.values)[2:] == ["middle", "worst"]
    assert ranking.tied == [list(ranking.values)[1]]
    text = sentences(recorded)[0]
    assert "cannot be told apart on this data (difference " in text
    assert text.endswith("The other 2 are worse, beyond chance.")
    rows = ranking.rows()
    assert [row[2] for row in rows] == ["a", "a", "b", "c"]
    assert [row[-1] for row in rows] == ["first", "cannot be told apart", "worse", "worse"]
    assert sum("±" in row[1] for row in rows) == 1
    signs = matrix(ranking)
    assert signs[0] == ["", "=", "+", "+"]
    assert signs[3] == ["-", "-", "-", ""]
    assert all(one.difference <= 0 for one in ranking.behind)


def test_the_other_way_round_is_the_comparison_of_the_two_swapped() -> None:
    rng = np.random.default_rng(19)
    values = {"a": [value(rng.random(40)), value(rng.random(40))], "b": value(rng.random(40) + 0.2)}
    there, back = compare(values)[0], compare(dict(reversed(values.items())))[0]
    for name, one in dataclasses.asdict(oriented(there, "b")).items():
        # Quantiles of the same resamples, mirrored.
        expected = getattr(back, name)
        assert one == (pytest.approx(expected, abs=0.01) if isinstance(expected, float) else expected), name
    assert oriented(there, "a") is there


def test_of_errors_the_lowest_is_first() -> None:
    w, errors = np.ones(50), np.random.default_rng(24).random(50)
    made = {label: {"rmse": [value(errors + more, "rmse", weights=w)]} for label, more in (("high", 1.0), ("low", 0.0))}
    ranking = rankings(record(made))[0]
    assert (ranking.best, [row[-1] for row in ranking.rows()]) == ("low", ["best", "worse"])
    assert ranking.sentence() == "By root mean squared error, low is better than high, beyond chance."


def test_a_difference_that_does_not_survive_the_correction_says_so() -> None:
    pair = Comparison("hit_rate", "hit_rate", "x", "y", 500, 0, 0.021, 0.95, (1, 1), 0.001, 0.04, 0.03, 0.6, 45,
                      verdict="cannot be told apart")  # fmt: skip
    assert sentence(pair) == (
        "x and y cannot be told apart on this data (difference 2.10 percentage points, 95% interval 0.10 to 4.00; "
        "alone the pair would be, with p = 0.030, but not as one of 45 comparisons)"
    )


def ranked(pairs: list[Comparison]) -> Ranking:
    labels = dict.fromkeys(label for one in pairs for label in (one.a, one.b))
    return Ranking("ndcg", {label: [0.5] for label in labels}, tuple(pairs))


def test_the_first_is_best_only_where_all_others_are_worse() -> None:
    alone = ranked(pairs_of("abc", {"ab", "ac"}))
    assert [row[-1] for row in alone.rows()] == ["best", "worse", "worse"]
    assert alone.sentence().endswith("a is better than each of the 2 others, beyond chance.")
    one_tied = ranked(pairs_of("abc", {"ac"}))
    assert [row[-1] for row in one_tied.rows()] == ["first", "cannot be told apart", "worse"]
    assert one_tied.sentence().endswith(". c is worse, beyond chance.")


def test_nothing_is_said_of_those_who_were_not_compared() -> None:
    a_b, a_c, b_c = pairs_of("abc", {"ab"})
    partly = ranked([a_b, dataclasses.replace(a_c, verdict="unknown"), dataclasses.replace(b_c, verdict="unknown")])
    assert partly.sentence().endswith("a is better than b, beyond chance.")
    assert [row[2] for row in partly.rows()] == ["a", "b", "-"]
    assert [row[-1] for row in partly.rows()] == ["first", "worse", "too few users"]
    pairs = [
        dataclasses.replace(one, verdict="unknown") if one.b == "e" else one for one in pairs_of("abcde", {"ac", "ad"})
    ]
    assert ranked(pairs).sentence().endswith(" Of the others 2 are worse, beyond chance.")


def test_the_best_mean_may_be_worse_on_the_users_both_have() -> None:
    """The first answered some easy users only; on those the second is better still."""
    rng = np.random.default_rng(14)
    easy = 0.8 + 0.1 * rng.random(30)
    figures = {"few": [value(easy)], "all": [value(np.r_[easy + 0.05, 0.1 * rng.random(70)])]}
    ranking = rankings(record({label: {"ndcg": own} for label, own in figures.items()}))[0]
    assert (ranking.best, ranking.pairs[0].winner) == ("few", "all")
    assert [row[-1] for row in ranking.rows()] == ["first", "better"]
    assert "few has the best mean, but all is better than it on the users both have" in ranking.sentence()


def test_one_user_gives_no_verdict_and_no_letters() -> None:
    recorded = record({label: {"hit_rate": [value([1.0], "hit_rate")]} for label in "ab"})
    ranking = rankings(recorded)[0]
    assert [(row[2], row[-1]) for row in ranking.rows()] == [("-", "first"), ("-", "too few users")]
    assert ranking.sentence() == ""
    assert how_compared(recorded) == "Nothing can be told: no two algorithms have values for the same two users."


def test_differences_of_shares_carry_their_unit_and_no_minus_before_nought() -> None:
    hits = {label: {"hit_rate": [value([1.0, 0.0, 1.0], "hit_rate")]} for label in "ab"}
    ranking = rankings(record(hits))[0]
    assert ranking.headings()[3:5] == ["less the best (pp)", "95% interval (pp)"]
    assert ranking.rows()[1][3] == "0.00"
    assert "pp: percentage points." in how_compared(record(hits))
    assert "corrected" not in how_compared(record(hits)), "there is one comparison"
    ndcg = record({label: {"ndcg": [value([1.0, 0.0, 1.0])]} for label in "abc"})
    assert rankings(ndcg)[0].headings()[3] == "less the best"
    assert "p corrected for 3 comparisons (Holm)" in how_compared(ndcg)
    assert "pp:" not in how_compared(ndcg)


# -- promises, simulated -----------------------------------------------------------------------------------------------


def equal(rng: np.random.Generator, kind: str, n: int, k: int) -> dict[str, MetricValue]:
    """k algorithms that are alike: a user's values are drawn independently around what the user is like."""
    user = rng.normal(size=(n, 1))
    own = 0.8 * user + 0.6 * rng.normal(size=(n, k))
    if kind == "hits":
        columns, name, w = (own > 0.6) * 1.0, "hit_rate", None
    elif kind == "ndcg":
        columns, name, w = (own > 0.3) / np.log2(1 + rng.integers(1, 11, size=(n, k))), "ndcg", None
    else:
        columns, name, w = np.exp(0.4 * own), "rmse", np.ceil(np.exp(rng.normal(2, 1, n)))
    return {str(at): value(column, name, weights=w) for at, column in enumerate(columns.T)}


@pytest.mark.parametrize("kind", ["hits", "ndcg", "rmse"])
def test_equal_algorithms_are_rarely_told_apart(kind: str) -> None:
    """Of 600 comparisons 5 %, and no more than the 99.9 % bound of a binomial: 8 % would be found out."""
    rng, runs = np.random.default_rng(20), 600
    found = sum(
        compare(equal(rng, kind, 200, 2), resamples=100, flips=999, seed=run)[0].p <= 0.05 for run in range(runs)
    )
    assert found <= stats.binom.ppf(0.999, runs, 0.05)
    assert found >= stats.binom.ppf(0.001, runs, 0.03 if kind == "hits" else 0.05), "a test that never finds anything"


def test_ten_equal_algorithms_are_rarely_told_apart() -> None:
    rng, runs = np.random.default_rng(21), 60
    found = [compare(equal(rng, "ndcg", 150, 10), resamples=100, flips=1_999, seed=run) for run in range(runs)]
    after = sum(any(one.verdict == "told apart" for one in pairs) for pairs in found)
    before = sum(any(one.p <= 0.05 for one in pairs) for pairs in found)
    assert after <= stats.binom.ppf(0.999, runs, 0.05)
    assert before > runs / 4, "without a correction, false finds abound"


@pytest.mark.parametrize("kind", ["hits", "ndcg", "rmse"])
def test_intervals_hold_the_truth(kind: str) -> None:
    """500 samples of 150 users of a population whose difference is known."""
    rng, runs = np.random.default_rng(22), 500
    people = equal(rng, kind, 50_000, 2)
    one, other = (people[label] for label in "01")
    other = value(other.per_user * 0.8, one.name, weights=one.weights)
    truth, held = float(one) - float(other), 0
    for run in range(runs):
        rows = rng.integers(50_000, size=150)
        drawn = {
            label: value(whole.per_user[rows], one.name, weights=None if one.weights is None else one.weights[rows])
            for label, whole in (("a", one), ("b", other))
        }
        found = compare(drawn, resamples=500, flips=100, seed=run)[0]
        held += found.low <= truth <= found.high
    assert stats.binom.ppf(0.001, runs, 0.95) <= held <= stats.binom.ppf(0.9995, runs, 0.96)


@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_equal_algorithms_with_noisy_seeds_are_rarely_told_apart(noise: float) -> None:
    rng, n, runs = np.random.default_rng(23), 200, 300

    def several() -> list[MetricValue]:
        own = user + 0.5 * rng.normal(size=n)
        return [value(own + 0.5 * rng.normal(size=n) + noise * rng.normal() / math.sqrt(2 * n)) for _ in range(3)]

    found = 0
    for run in range(runs):
        user = rng.normal(size=n)
        found += compare({"a": several(), "b": several()}, resamples=100, flips=999, seed=run)[0].p <= 0.05
    assert found <= stats.binom.ppf(0.999, runs, 0.05)
