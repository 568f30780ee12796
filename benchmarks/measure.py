"""What one benchmark process costs, as its operating system counts it. Standard library only: peers import it too."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Meter"]


class Meter:
    """CPU and wall seconds of each phase, and the peak of resident memory since the meter was made.

    CPU time is user plus system time of this process, all its threads, and the processes it has waited for.
    """

    def __init__(self) -> None:
        self._forget_peak()
        self.before = _resident()
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens inside under this name."""
        cpu, wall = _cpu(), time.perf_counter()
        yield
        self.cpu[name] = _cpu() - cpu
        self.wall[name] = time.perf_counter() - wall

    def figures(self) -> dict[str, Any]:
        """Seconds by phase, and the peak of memory: in all, and above what was held at first."""
        peak = max(_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT)
        memory = {"peak": peak, "above": max(0, peak - self.before)}
        return {"cpu": self.cpu, "wall": self.wall, "memory": memory}

    def report(self, **facts: Any) -> None:
        """Print everything as one line of JSON."""
        print(json.dumps({**self.figures(), **facts}))

    def _forget_peak(self) -> None:
        with contextlib.suppress(OSError):  # Linux: VmHWM starts again from the present size
            Path("/proc/self/clear_refs").write_text("5")


_UNIT = 1 if sys.platform == "darwin" else 1024


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(entry.ru_utime + entry.ru_stime for entry in used)


def _status(field: str) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return None


def _resident() -> int:
    return _status("VmRSS:") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def _peak() -> int:
    return _status("VmHWM:") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
