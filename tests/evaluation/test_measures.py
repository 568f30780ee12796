"""Columns: digits, directions, and who deserves the mark."""

from __future__ import annotations

import math

import pytest

from longtail.evaluation.measures import COLUMNS, GROUPS, best

BY_KEY = {column.key: column for column in COLUMNS}


def test_keys_are_distinct_and_groups_known() -> None:
    assert len(BY_KEY) == len(COLUMNS)
    assert {column.group for column in COLUMNS} == set(GROUPS)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("rmse", 0.87654321, "0.8765"),
        ("hit_rate", 0.0298062, "2.98%"),
        ("user_coverage", 0.95529, "95.5%"),
        ("novelty", 1491.6, "1,492"),
        ("self_information", 3.14159, "3.14"),
        ("fit_seconds", 0.01234, "0.012"),
        ("fit_seconds", 1.2345, "1.23"),
        ("fit_seconds", 12.345, "12.3"),
        ("fit_seconds", 1234.5, "1,234"),
        ("peak_mb", 12.7, "13"),
        ("rmse", None, "-"),
        ("rmse", math.nan, "-"),
    ],
)
def test_digits(key: str, value: float | None, shown: str) -> None:
    assert BY_KEY[key].show(value) == shown


def test_the_mark_follows_the_direction() -> None:
    assert best(BY_KEY["rmse"], [0.9, 0.8, None]) == {"0.8000"}
    assert best(BY_KEY["hit_rate"], [0.1, 0.2]) == {"20.00%"}
    assert best(BY_KEY["novelty"], [10.0, 20.0]) == set()


def test_nobody_wins_alone() -> None:
    assert best(BY_KEY["rmse"], [0.9]) == set()
    assert best(BY_KEY["rmse"], [0.9, None, math.nan]) == set()
