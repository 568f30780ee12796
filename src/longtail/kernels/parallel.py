"""Row ranges on a thread pool: the one way work is spread over cores."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
        tile: rows a range, at least 1. Give it where rounding depends on the range (a BLAS product), so that the
            result is the same with any number of threads; by default a few ranges a thread.

    The first error stops the ranges that have not begun, and is raised.

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
        try:
            for future in [pool.submit(work, lo, hi) for lo, hi in ranges]:
                future.result()
        except BaseException:  # an error or Ctrl-C: do not begin the ranges that wait
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextlib.contextmanager
def single_blas() -> Iterator[None]:
    """While active, a BLAS product runs on one thread: our own pool already uses the cores.

    The setting belongs to the whole process. Of calls at the same time or within one another, the first sets it and
    gives it back, and the others leave it alone: were each to restore what it found, the last would restore the limit.
    """
    if not _blas_held.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _blas_held.release()


_blas_held = threading.Lock()


@cache
def _controller() -> ThreadpoolController:
    importlib.import_module("scipy.linalg.cython_blas")  # the library that compiled kernels multiply with
    return ThreadpoolController()
