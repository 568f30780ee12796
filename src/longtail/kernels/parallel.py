"""Row ranges on a thread pool: the one way work is spread over cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController

from longtail.errors import ConfigError

__all__ = ["run_rows", "single_blas", "threads"]


def threads() -> int:
    """Worker threads in use: `LONGTAIL_THREADS`, else the processors this process may run on."""
    text = os.environ.get("LONGTAIL_THREADS")
    if text is None:
        available = getattr(os, "sched_getaffinity", None)
        return len(available(0)) if available else os.cpu_count() or 1
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"LONGTAIL_THREADS must be a whole number of at least 1, not {text!r}")
    return int(text)


def run_rows(work: Callable[[int, int], None], n_rows: int, *, tile: int | None = None) -> None:
    """Call `work(lo, hi)` over consecutive row ranges that cover `0..n_rows`, on all threads.

    Args:
        work: handles the rows lo..hi (hi excluded); ranges never overlap, so no locks are needed.
        n_rows: rows in all.
        tile: rows a range. Give it where rounding depends on the range (a BLAS product), so that the result is the
            same with any number of threads; by default a few ranges a thread.

    Examples:
        >>> seen = []
        >>> run_rows(lambda lo, hi: seen.append((lo, hi)), 5, tile=2)
        >>> sorted(seen)
        [(0, 2), (2, 4), (4, 5)]
    """
    workers = threads()
    step = tile or max(1, -(-n_rows // (4 * workers)))
    ranges = [(lo, min(lo + step, n_rows)) for lo in range(0, n_rows, step)]
    if workers == 1 or len(ranges) == 1:
        for lo, hi in ranges:
            work(lo, hi)
        return
    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(work, lo, hi) for lo, hi in ranges]:
            future.result()


def single_blas() -> AbstractContextManager[object]:
    """While active, a BLAS product runs on one thread: our own pool already uses the cores."""
    context: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return context


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
