"""Krippendorff's alpha: on his own worked example, against the definition by pairs, and where it is undefined."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtail.errors import ConfigError, DataError
from longtail.evaluation.perceived import krippendorff_alpha
from longtail.evaluation.perceived.agreement import Alpha

GAP = np.nan
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
    [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
]
"""Krippendorff 2011, example C: four observers, twelve units, five categories, missing data."""


def by_definition(table: list[list[float]], level: str) -> float:
    """1 - D_o / D_e, every pair of answers looked at, as the definition has it."""
    units = [[answer for answer in unit if not np.isnan(answer)] for unit in zip(*table, strict=True)]
    units = [unit for unit in units if len(unit) >= 2]
    pool = [answer for unit in units for answer in unit]

    def apart(c: float, k: float) -> float:
        if level == "nominal":
            return float(c != k)
        if level == "interval":
            return (c - k) ** 2
        if level == "ratio":
            return ((c - k) / (c + k)) ** 2 if c + k else 0.0
        low, high = sorted((c, k))
        between = sum(low <= answer <= high for answer in pool)
        return (between - (pool.count(c) + pool.count(k)) / 2) ** 2

    observed = sum(sum(apart(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    expected = sum(apart(a, b) for a, b in itertools.permutations(pool, 2)) / (len(pool) - 1)
    return 1 - observed / expected


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_published_example(level: str, published: float) -> None:
    found = krippendorff_alpha(PUBLISHED, level)
    assert round(found.value, 3) == published
    assert (found.raters, found.units, found.answers) == (4, 11, 40)
    assert found.low < found.value <= found.high


answers = st.lists(st.one_of(st.integers(0, 4), st.just(GAP)), min_size=4, max_size=4)


@given(st.lists(answers, min_size=2, max_size=5), st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_is_what_the_definition_says(table: list[list[float]], level: str) -> None:
    found = krippendorff_alpha(table, level, resamples=0)
    if found.undefined:
        return
    assert found.value == pytest.approx(by_definition(table, level), abs=1e-9)
    assert found.value <= 1 + 1e-12


def test_order_of_raters_and_units_and_what_cannot_be_paired_make_no_difference(rng: np.random.Generator) -> None:
    table = np.array(PUBLISHED)
    shuffled = table[rng.permutation(4)][:, rng.permutation(12)]
    alone = np.full((4, 2), GAP)
    alone[0] = 5
    for other in (shuffled, np.hstack([table, alone])):
        assert krippendorff_alpha(other, resamples=0).value == pytest.approx(krippendorff_alpha(table).value)


def test_chance_is_zero_and_opposition_below_it(rng: np.random.Generator) -> None:
    chance = krippendorff_alpha(rng.integers(1, 6, (3, 4000)), resamples=50)
    assert abs(chance.value) < 0.03
    assert krippendorff_alpha([[1, 5, 1, 5], [5, 1, 5, 1]]).value < -0.5


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ([[1, 2, GAP], [GAP, GAP, 3]], "no row was answered by two raters"),
        ([[1, 2, 3]], "no row was answered by two raters"),
        (np.empty((0, 0)), "no row was answered by two raters"),
        ([[4, 4], [4, 4]], "same answer everywhere"),
    ],
)
def test_what_is_undefined_is_said_in_words(table: object, why: str) -> None:
    found = krippendorff_alpha(table)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert why in found.undefined
    assert found.words.startswith("undefined: ")


@pytest.mark.parametrize(
    ("noise", "words"),
    [(0.0, "raters agree in full"), (0.25, "reliable"), (0.75, "tentative"), (1.6, "too little"), (40.0, "chance")],
)
def test_words_follow_the_agreement(noise: float, words: str) -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(1, 6, 120)
    table = np.clip(np.rint(truth + noise * rng.standard_normal((3, 120))), 1, 5)
    assert words in krippendorff_alpha(table).words


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.9, 0.8, 1.0, "reliable"),
        (0.9, 0.667, 1.0, "tentative"),
        (0.9, 0.5, 1.0, "too little"),
        (0.7, -0.1, 0.9, "told from chance"),
        (-0.5, -0.9, -0.1, "too little"),
        (0.7, np.nan, np.nan, "tentative"),
        (1.0, 0.1, 1.0, "in full"),
    ],
)
def test_words_go_by_the_lower_end(value: float, low: float, high: float, words: str) -> None:
    assert words in Alpha(value, low, high, "ordinal", 2, 5, 10).words


def test_the_interval_covers_the_alpha_of_many_rows() -> None:
    """200 samples of 40 rows: how often the interval holds the alpha of 40,000 rows of the same raters."""
    rng = np.random.default_rng(0)

    def rated(rows: int) -> np.ndarray:
        truth = rng.integers(1, 6, rows)
        return np.clip(np.rint(truth + rng.standard_normal((3, rows))), 1, 5)

    true = krippendorff_alpha(rated(40_000), "interval", resamples=0).value
    found = [krippendorff_alpha(rated(40), "interval", resamples=300, seed=k) for k in range(200)]
    covered = np.mean([alpha.low <= true <= alpha.high for alpha in found])
    assert 0.88 <= covered <= 0.99


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="nominal, ordinal, interval, ratio"):
        krippendorff_alpha(PUBLISHED, "cardinal")
    for wrong in ([1, 2, 3], [["a", "b"]], [[np.inf, 1], [1, 2]], [[1, 2], [1]]):
        with pytest.raises(DataError, match="table"):
            krippendorff_alpha(wrong)
    with pytest.raises(DataError, match="not below 0"):
        krippendorff_alpha([[-1, 2], [1, 2]], "ratio")
