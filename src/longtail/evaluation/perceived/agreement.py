"""`krippendorff_alpha`: do raters agree more than chance would have them agree?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from longtail.errors import ConfigError, DataError
from longtail.memory import require_memory
from longtail.rng import generator
from longtail.types import RealArray

__all__ = ["Alpha", "Level", "krippendorff_alpha"]

Level = Literal["nominal", "ordinal", "interval", "ratio"]

RELIABLE, TENTATIVE = 0.800, 0.667


@dataclass(frozen=True)
class Alpha:
    """Agreement between raters.

    Attributes:
        value: 1 for full agreement, 0 for that of chance, below 0 for less; NaN where it is undefined.
        low: lower end of the 95 % interval; NaN where too little varies.
        high: upper end.
        level: how answers differ: "nominal", "ordinal", "interval" or "ratio".
        raters: who gave an answer that can be paired.
        units: rows with two answers or more.
        answers: that can be paired.
        undefined: why there is no value; empty where there is one.
    """

    value: float
    low: float
    high: float
    level: Level
    raters: int
    units: int
    answers: int
    undefined: str = ""

    @property
    def words(self) -> str:
        """What it is worth, by Krippendorff's customary bounds (2004, "Content analysis"), judged by the lower end.

        Examples:
            >>> krippendorff_alpha([[1, 2, 3], [1, 2, 3]]).words[:24]
            'raters agree in full on '
            >>> krippendorff_alpha([[3, 3], [3, 3]]).words
            'undefined: everyone gave the same answer everywhere, which tells nothing of agreement'
        """
        if self.undefined:
            return f"undefined: {self.undefined}"
        if self.value == 1.0:
            return f"raters agree in full on {self.units} rows"
        sure = self.value if math.isnan(self.low) else self.low
        if sure >= RELIABLE:
            return "raters agree: reliable"
        if sure >= TENTATIVE:
            return "raters mostly agree: good for tentative conclusions"
        if self.high > 0 and sure <= 0:
            return "agreement cannot be told from chance"
        return "raters agree too little to speak of one perceived quality"


def krippendorff_alpha(answers: Any, level: Level = "ordinal", *, resamples: int = 1000, seed: int = 0) -> Alpha:
    """Krippendorff's alpha, for any number of raters and any answers missing.

    alpha = 1 - D_o / D_e = 1 - (n - 1) sum_ck o_ck d_ck^2 / sum_ck n_c n_k d_ck^2. A unit u with m_u >= 2 answers adds
    1 / (m_u - 1) to o_ck for each ordered pair of its answers (c, k); n_c = sum_k o_ck; n = sum_c n_c. The squared
    difference d_ck^2 is: nominal, 1 unless c = k; ordinal, (sum of n_g for g from c to k - (n_c + n_k) / 2)^2;
    interval, (c - k)^2; ratio, ((c - k) / (c + k))^2. Units with a single answer say nothing and are left out.
    The interval is a percentile bootstrap over units: it is about other rows, with these raters.
    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability"; Hayes & Krippendorff 2007.

    Args:
        answers: (n_raters, n_units), NaN where there is none.
        level: how answers differ; points of a rating scale are "ordinal".
        resamples: of the bootstrap; 0 for no interval.
        seed: of the bootstrap.

    Raises:
        ConfigError: for an unknown level.
        DataError: if the answers are not a table of numbers; for "ratio", if one is below 0.

    Examples:
        >>> ann, bob = [1, 2, 3, 3, 2, np.nan], [1, 2, 3, 3, 1, 4]
        >>> round(krippendorff_alpha([ann, bob], "nominal").value, 3)
        0.727
    """
    if level not in get_args(Level):
        raise ConfigError(f"level must be one of {', '.join(get_args(Level))}, not {level!r}")
    table = _table(answers)
    if level == "ratio" and (table < 0).any():
        raise DataError(f"answers on a ratio level are not below 0, as {table[table < 0][0]:g} is")
    known = ~np.isnan(table)
    paired = known & (known.sum(axis=0) >= 2)
    units = np.flatnonzero(paired.any(axis=0))
    counts = int(paired.any(axis=1).sum()), len(units), int(paired.sum())
    if not len(units):
        return Alpha(math.nan, math.nan, math.nan, level, *counts, "no row was answered by two raters")
    values, codes = np.unique(table[:, units][paired[:, units]], return_inverse=True)
    if len(values) == 1:
        same = "everyone gave the same answer everywhere, which tells nothing of agreement"
        return Alpha(math.nan, math.nan, math.nan, level, *counts, same)
    each = _coincidences(codes, np.nonzero(paired[:, units])[1], len(units), len(values))
    value = float(_alpha(each.sum(axis=0)[None], values, level)[0])
    low, high = _interval(each, values, level, resamples, seed)
    return Alpha(value, low, high, level, *counts)


def _table(answers: Any) -> RealArray:
    try:
        table = np.asarray(answers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError("answers must be a table of numbers, raters by units, NaN where there is none") from error
    if table.ndim != 2 or np.isinf(table).any():
        raise DataError(f"answers must be a table of finite numbers, raters by units, not of shape {table.shape}")
    return table


def _coincidences(codes: Any, unit: Any, n_units: int, n_values: int) -> RealArray:
    """(n_units, n_values, n_values) what each unit adds to o_ck."""
    require_memory(n_units * n_values**2 * 24, f"the coincidences of {n_values:,} distinct answers to {n_units:,} rows")
    held = np.zeros((n_units, n_values))
    np.add.at(held, (unit, codes.ravel()), 1.0)
    pairs = held[:, :, None] * held[:, None, :]
    own = np.arange(n_values)
    pairs[:, own, own] -= held
    coincidences: RealArray = pairs / (held.sum(axis=1) - 1.0)[:, None, None]
    return coincidences


def _alpha(o: RealArray, values: RealArray, level: Level) -> RealArray:
    """(b,) alpha of (b, n_values, n_values) coincidence matrices; NaN where nothing varies."""
    n_c = o.sum(axis=2)
    n = n_c.sum(axis=1)
    difference = _differences(n_c, values, level)
    observed = (o * difference).sum(axis=(1, 2))
    expected = (n_c[:, :, None] * n_c[:, None, :] * difference).sum(axis=(1, 2))
    ratio = np.divide((n - 1.0) * observed, expected, out=np.full(len(o), np.nan), where=expected > 0)
    alpha: RealArray = 1.0 - ratio
    return alpha


def _differences(n_c: RealArray, values: RealArray, level: Level) -> RealArray:
    """(b or 1, n_values, n_values) squared differences."""
    c, k = values[:, None], values[None, :]
    if level == "nominal":
        unlike: RealArray = (c != k).astype(np.float64)
        return unlike[None]
    if level == "interval":
        return np.square(c - k)[None]
    if level == "ratio":
        both = c + k
        share = np.divide(c - k, both, out=np.zeros_like(both), where=both > 0)
        ratio: RealArray = (share**2)[None]
        return ratio
    up_to = np.cumsum(n_c, axis=1)
    middle = up_to - n_c / 2.0
    squared: RealArray = (middle[:, :, None] - middle[:, None, :]) ** 2
    return squared


def _interval(each: RealArray, values: RealArray, level: Level, resamples: int, seed: int) -> tuple[float, float]:
    """The middle 95 % of alpha over resampled units; resamples in which nothing varies are left out."""
    n_units, n_values, _ = each.shape
    if resamples < 1 or n_units < 2:
        return math.nan, math.nan
    rng = generator(seed, "alpha")
    flat, found = each.reshape(n_units, -1), []
    for lo in range(0, resamples, step := max(1, 2**22 // n_values**2)):
        times = rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), size=min(step, resamples - lo))
        found.append(_alpha((times @ flat).reshape(-1, n_values, n_values), values, level))
    alphas = np.concatenate(found)
    alphas = alphas[~np.isnan(alphas)]
    if not len(alphas):
        return math.nan, math.nan
    low, high = np.quantile(alphas, [0.025, 0.975])
    return float(low), float(high)
