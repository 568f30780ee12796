"""The thread pool: every row once, errors come out, BLAS is given back."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from longtail.errors import ConfigError
from longtail.kernels.parallel import run_rows, single_blas, threads


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("number", ["1", "3"])
@pytest.mark.parametrize("tile", [None, 1, 4, 100])
@pytest.mark.parametrize("rows", [0, 1, 13])
def test_every_row_once(number: str, tile: int | None, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_THREADS", number)
    met = np.zeros(rows, dtype=np.int64)

    def work(lo: int, hi: int) -> None:
        assert lo < hi
        met[lo:hi] += 1

    run_rows(work, rows, tile=tile)
    assert met.tolist() == [1] * rows


def test_ranges_with_a_tile_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for number in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", number)
        ranges: list[tuple[int, int]] = []
        run_rows(lambda lo, hi: ranges.append((lo, hi)), 10, tile=4)  # noqa: B023
        found.append(sorted(ranges))
    assert found[0] == found[1] == [(0, 4), (4, 8), (8, 10)]


@pytest.mark.parametrize("number", ["1", "3"])
def test_an_error_comes_out_and_stops_what_waits(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_THREADS", number)
    begun = []

    def work(lo: int, hi: int) -> None:
        begun.append(lo)
        if lo == 0:
            raise ZeroDivisionError("in the first range")
        time.sleep(0.02)

    with pytest.raises(ZeroDivisionError, match="in the first range"):
        run_rows(work, 200, tile=1)
    assert len(begun) < 100


def test_work_runs_on_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_THREADS", "2")
    barrier = threading.Barrier(2, timeout=20)
    run_rows(lambda lo, hi: barrier.wait(), 2, tile=1)  # passes only when both ranges run at the same time


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_thread_count_is_checked(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_THREADS", text)
    with pytest.raises(ConfigError, match="LONGTAIL_THREADS must be a whole number of at least 1"):
        threads()


def test_threads_by_default_are_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONGTAIL_THREADS", raising=False)
    assert 1 <= threads() <= (os.cpu_count() or 1)


def test_blas_is_given_back() -> None:
    before = blas_threads()
    with single_blas():
        assert blas_threads() == {1}
        with single_blas():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before
    with pytest.raises(ZeroDivisionError), single_blas():
        raise ZeroDivisionError
    assert blas_threads() == before


def test_blas_is_given_back_when_stays_overlap() -> None:
    """The first to come leaves first; were both to restore what they found, the last would restore the limit."""
    before, second_is_in, first_is_out = blas_threads(), threading.Event(), threading.Event()

    def second() -> None:
        with single_blas():
            second_is_in.set()
            first_is_out.wait(timeout=20)

    thread = threading.Thread(target=second)
    with single_blas():
        thread.start()
        assert second_is_in.wait(timeout=20)
        assert blas_threads() == {1}
    first_is_out.set()
    thread.join(timeout=20)
    assert blas_threads() == before
