"""Seeds: one rule for every random choice in the library.

A public function takes an integer `seed`; inside, each independent stream is named, so that adding a stream never
changes the numbers another one draws.
"""

from __future__ import annotations

import zlib

import numpy as np

from longtail.errors import ConfigError

__all__ = ["generator"]


def generator(seed: int, *stream: str | int) -> np.random.Generator:
    """Return the generator of one named stream of `seed`.

    Examples:
        >>> bool(generator(7, "split").random() == generator(7, "split").random())
        True
        >>> bool(generator(7, "split").random() == generator(7, "init").random())
        False

    Raises:
        ConfigError: if `seed` is not a non-negative integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ConfigError(f"seed must be a non-negative integer, not {seed!r}")
    key = [zlib.crc32(part.encode()) if isinstance(part, str) else int(part) for part in stream]
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=tuple(key)))
