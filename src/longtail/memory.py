"""The memory budget: large dense results are refused with their size instead of taking the machine down."""

from __future__ import annotations

import logging
import os

from longtail.errors import ConfigError, MemoryBudgetError

__all__ = ["budget", "require_memory", "state_memory"]

DEFAULT_BUDGET = "4 GiB"
_log = logging.getLogger(__name__)
_UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def budget() -> int:
    """Bytes one operation may allocate: `LONGTAIL_MEMORY_BUDGET` (such as "8 GiB"), else 4 GiB.

    Examples:
        >>> budget() >= 2**20
        True
    """
    text = os.environ.get("LONGTAIL_MEMORY_BUDGET", DEFAULT_BUDGET).strip()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    unit = text[len(number) :].strip().lower() or "b"
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        size = 0
    if size < 1:
        raise ConfigError(f"LONGTAIL_MEMORY_BUDGET is {text!r}; write a size such as '8 GiB'")
    return size


def require_memory(needed: int, what: str) -> None:
    """Refuse an allocation of `needed` bytes that would pass the budget.

    Raises:
        MemoryBudgetError: with the size, the budget and how to raise it.
    """
    allowed = budget()
    if needed > allowed:
        raise MemoryBudgetError(
            f"{what} needs {_size(needed)}, the budget is {_size(allowed)}; "
            "raise it with LONGTAIL_MEMORY_BUDGET or choose a sparser method"
        )


def state_memory(needed: int, what: str) -> None:
    """Say what is about to be allocated, in the log of `longtail.memory` at level INFO; else as `require_memory`.

    Raises:
        MemoryBudgetError: as `require_memory`.
    """
    require_memory(needed, what)
    _log.info("%s takes %.2f GiB of the %.2f GiB allowed", what, needed / 2**30, budget() / 2**30)


def _size(size: int) -> str:
    """In GiB, or in MiB where that would be less than a tenth of one."""
    return f"{size / 2**30:.1f} GiB" if size >= 0.1 * 2**30 else f"{size / 2**20:.1f} MiB"
