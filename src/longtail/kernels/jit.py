"""How every kernel is compiled, decided once.

A kernel is a pure function over arrays that works on the rows `lo..hi`; it releases the interpreter lock, so
`parallel.run_rows` can run it on a thread pool. Machine code is cached on disk, so only the first run compiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["kernel", "strict_kernel"]

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile a kernel whose inputs are finite (fast floating point)."""
    return cast(F, numba.njit(nogil=True, fastmath=True, error_model="numpy", cache=True)(function))


def strict_kernel(function: F) -> F:
    """Compile a kernel that meets NaN or infinity, such as a masked selection (exact IEEE comparisons)."""
    return cast(F, numba.njit(nogil=True, fastmath=False, error_model="numpy", cache=True)(function))
