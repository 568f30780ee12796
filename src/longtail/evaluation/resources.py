"""What a piece of work costs: wall and CPU seconds, seconds spent compiling kernels, and peak memory.

Peak memory is what the process held at most, above what it held when the work began. On Linux the kernel's own high
water mark is reset and read (`/proc/self/clear_refs`, `VmHWM`); where resetting is not allowed, a thread samples the
resident size; elsewhere only growth beyond the highest mark of the whole process is seen. `memory_method` says which.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numba.core import event

__all__ = ["Usage", "compiling", "frozen_heap", "measure", "memory_method"]

SAMPLE_SECONDS = 0.005
_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATM = Path("/proc/self/statm")
_STATUS = Path("/proc/self/status")


@dataclass
class Usage:
    """What a block of code took; filled in when the block ends.

    Attributes:
        wall: seconds on the clock, compilation left out.
        cpu: processor seconds over all threads, compilation left out.
        compiling: seconds on the clock spent compiling kernels; 0 when they came from the cache.
        peak: bytes held at most above those held before; None where it cannot be known.
    """

    wall: float = 0.0
    cpu: float = 0.0
    compiling: float = 0.0
    peak: int | None = None


@contextlib.contextmanager
def measure() -> Iterator[Usage]:
    """Measure the block; the figures are in the `Usage` once it has ended, also when it ends with an error.

    Examples:
        >>> with measure() as usage:
        ...     total = sum(range(100_000))
        >>> usage.wall > 0, usage.compiling
        (True, 0.0)
    """
    usage = Usage()
    _release_free_memory()
    watch = _CompileWatch()
    with _peak_of(usage), _listening(watch):
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield usage
        finally:
            usage.compiling = watch.wall
            usage.wall = max(0.0, time.perf_counter() - wall - watch.wall)
            usage.cpu = max(0.0, time.process_time() - cpu - watch.cpu)


@contextlib.contextmanager
def compiling() -> Iterator[Usage]:
    """Watch the compiler only: `compiling` is what the block has spent so far, also while it runs.

    Examples:
        >>> with compiling() as usage:
        ...     total = sum(range(1_000))
        >>> usage.compiling
        0.0
    """
    usage = Usage()
    watch = _CompileWatch(usage)
    with _listening(watch):
        yield usage


@contextlib.contextmanager
def frozen_heap() -> Iterator[None]:
    """While active, the garbage collector leaves alone what was there before, so that `measure` is cheap to call."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def memory_method() -> str:
    """How `measure` finds peak memory on this machine, in words."""
    if _can_reset_high_water_mark():
        return "the high water mark of the process, reset before each stage"
    if _STATM.exists():
        return f"the resident size of the process, sampled every {SAMPLE_SECONDS * 1000:g} ms"
    if _lifetime_peak() is not None:
        return "growth of the process beyond its own highest mark; a stage below an earlier one shows as 0"
    return "not known on this system"


# -- memory --------------------------------------------------------------------------------------------------------


def _release_free_memory() -> None:
    """Hand memory freed by earlier work back to the system, so that it does not hide what comes next."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def _peak_of(usage: Usage) -> Iterator[None]:
    if _can_reset_high_water_mark():
        with _between(usage, _high_water_mark, _high_water_mark):
            yield
    elif _STATM.exists():
        before = _resident()
        with _sampling() as highest:
            yield
        usage.peak = max(0, highest[0] - before)
    else:
        with _between(usage, _lifetime_peak, _lifetime_peak):
            yield


@contextlib.contextmanager
def _between(usage: Usage, first: Callable[[], int | None], last: Callable[[], int | None]) -> Iterator[None]:
    before = first()
    try:
        yield
    finally:
        after = last()
        usage.peak = None if before is None or after is None else max(0, after - before)


def _can_reset_high_water_mark() -> bool:
    try:
        _CLEAR_REFS.write_text("5")
    except OSError:
        return False
    return _high_water_mark() is not None


def _high_water_mark() -> int | None:
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def _resident() -> int:
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _lifetime_peak() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) * (1 if sys.platform == "darwin" else 1024)


@contextlib.contextmanager
def _sampling() -> Iterator[list[int]]:
    highest, done = [_resident()], threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLE_SECONDS):
            highest[0] = max(highest[0], _resident())

    thread = threading.Thread(target=sample, name="memory", daemon=True)
    thread.start()
    try:
        yield highest
    finally:
        done.set()
        thread.join()
        highest[0] = max(highest[0], _resident())


# -- compilation ---------------------------------------------------------------------------------------------------


class _CompileWatch(event.Listener):
    """Adds up the time Numba spends compiling, in whichever thread; a compilation inside another counts once."""

    def __init__(self, told: Usage | None = None) -> None:
        self.wall = self.cpu = 0.0
        self._told = told
        self._depth = 0
        self._began = (0.0, 0.0)

    def on_start(self, event: Any) -> None:
        if not self._depth:
            self._began = (time.perf_counter(), time.process_time())
        self._depth += 1

    def on_end(self, event: Any) -> None:
        self._depth -= 1
        if not self._depth:
            self.wall += time.perf_counter() - self._began[0]
            self.cpu += time.process_time() - self._began[1]
            if self._told is not None:
                self._told.compiling = self.wall


def _listening(watch: _CompileWatch) -> contextlib.AbstractContextManager[None]:
    listening: contextlib.AbstractContextManager[None] = event.install_listener("numba:compile", watch)
    return listening
