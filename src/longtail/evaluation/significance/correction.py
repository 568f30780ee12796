"""Many tests at once: p-values made larger, so that what looks like a find by chance alone stays rare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np

from longtail.errors import ConfigError
from longtail.types import RealArray

__all__ = ["Correction", "adjusted", "benjamini_hochberg", "holm"]

Correction = Literal["holm", "benjamini-hochberg", "none"]


def holm(p: Sequence[float] | RealArray) -> RealArray:
    """(m,) adjusted p-values: rejecting those of at most alpha keeps the chance of ANY false find at most alpha.

    The i-th smallest of m is multiplied by m - i + 1, and made no smaller than those before it. It holds whatever the
    dependence between the tests, and never finds less than Bonferroni. Source: Holm 1979, "A simple sequentially
    rejective multiple test procedure", section 3; as adjusted values: Wright 1992.

    Args:
        p: the p-values; NaN (a test that could not be made) stays NaN and is not counted.

    Examples:
        >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
        [0.03, 0.06, 0.06]
    """
    return _on_known(p, _step_down)


def benjamini_hochberg(p: Sequence[float] | RealArray) -> RealArray:
    """(m,) adjusted p-values: among those of at most alpha, at most a share alpha is false on average.

    The i-th smallest of m is multiplied by m / i, and made no larger than those after it. It finds more than `holm`
    and promises less: the share of false finds, for tests that are independent or positively dependent. Source:
    Benjamini & Hochberg 1995, "Controlling the false discovery rate", equation 1.

    Args:
        p: the p-values; NaN stays NaN and is not counted.

    Examples:
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
        [0.03, 0.04, 0.04]
    """
    return _on_known(p, _step_up)


def adjusted(p: Sequence[float] | RealArray, correction: Correction) -> RealArray:
    """The p-values after the correction of that name; "none" leaves them as they are.

    Raises:
        ConfigError: for another name.
    """
    if correction not in get_args(Correction):
        raise ConfigError(f"correction must be one of {', '.join(get_args(Correction))}, not {correction!r}")
    if correction == "none":
        return np.asarray(p, dtype=np.float64)
    return holm(p) if correction == "holm" else benjamini_hochberg(p)


def _step_down(ordered: RealArray) -> RealArray:
    worst: RealArray = np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1))
    return worst


def _step_up(ordered: RealArray) -> RealArray:
    raised = ordered * len(ordered) / np.arange(1, len(ordered) + 1)
    least: RealArray = np.minimum.accumulate(raised[::-1])[::-1]
    return least


def _on_known(p: Sequence[float] | RealArray, step: Callable[[RealArray], RealArray]) -> RealArray:
    values: RealArray = np.array(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    values[order] = np.minimum(step(values[order]), 1.0)
    return values
