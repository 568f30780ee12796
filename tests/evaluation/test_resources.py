"""Costs: seconds that were spent, memory that was held, and compilation kept apart."""

from __future__ import annotations

import contextlib
import gc
import sys

import numba
import numpy as np
import pytest

from longtail.evaluation import resources
from longtail.evaluation.resources import frozen_heap, measure, memory_method

MEGABYTE = 1_000_000
linux = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is exact on Linux only")


def work(megabytes: int = 1) -> float:
    return float(np.ones(megabytes * MEGABYTE // 8).sum())


def test_seconds_are_positive_and_nothing_was_compiled() -> None:
    with measure() as usage:
        work()
    assert usage.wall > 0
    assert usage.cpu > 0
    assert usage.compiling == 0


@linux
def test_memory_held_at_most_is_seen_though_it_is_gone_at_the_end() -> None:
    with measure() as usage:
        work(210)
    assert usage.peak is not None
    assert 200 * MEGABYTE <= usage.peak < 300 * MEGABYTE
    with measure() as usage:
        work(1)
    assert usage.peak is not None
    assert usage.peak < 100 * MEGABYTE


@linux
def test_sampling_where_the_mark_cannot_be_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_can_reset_high_water_mark", lambda: False)
    with measure() as usage:
        held = np.ones(210 * MEGABYTE, dtype=np.uint8)
        for _ in range(20):
            held += 1
    assert usage.peak is not None
    assert usage.peak >= 200 * MEGABYTE
    assert "sampled" in memory_method()


def test_elsewhere_only_growth_of_the_whole_process_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = iter([100, 700, 700, 700])
    monkeypatch.setattr(resources, "_can_reset_high_water_mark", lambda: False)
    monkeypatch.setattr(resources, "_STATM", resources._STATM.parent / "no such file")
    monkeypatch.setattr(resources, "_lifetime_peak", lambda: next(marks))
    with measure() as usage:
        work()
    assert usage.peak == 600
    with measure() as usage:
        work()
    assert usage.peak == 0


def test_unknown_memory_is_none_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_can_reset_high_water_mark", lambda: False)
    monkeypatch.setattr(resources, "_STATM", resources._STATM.parent / "no such file")
    monkeypatch.setattr(resources, "_lifetime_peak", lambda: None)
    with measure() as usage:
        work()
    assert usage.peak is None
    assert memory_method() == "not known on this system"


def test_compilation_is_counted_apart_and_once() -> None:
    @numba.njit
    def inner(x: float) -> float:
        return x * 2

    @numba.njit
    def outer(x: float) -> float:
        return inner(x) + 1

    with measure() as usage:
        outer(1.0)
    assert usage.compiling > 0.01
    assert usage.wall < usage.compiling
    with measure() as usage:
        outer(1.0)
    assert usage.compiling == 0


def test_the_compiler_can_be_watched_around_what_is_measured() -> None:
    @numba.njit
    def first(x: float) -> float:
        return x * 2

    @numba.njit
    def second(x: float) -> float:
        return x * 3

    with resources.compiling() as whole:
        with measure() as usage:
            first(1.0)
        assert whole.compiling == pytest.approx(usage.compiling, rel=0.2)
        second(1.0)
    assert whole.compiling > usage.compiling > 0.01


def test_figures_stand_also_when_the_work_fails() -> None:
    with contextlib.suppress(ZeroDivisionError), measure() as usage:
        work(1 // 0)
    assert usage.wall > 0
    assert usage.peak is None or usage.peak >= 0


def test_the_garbage_collector_is_given_back() -> None:
    with frozen_heap():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
