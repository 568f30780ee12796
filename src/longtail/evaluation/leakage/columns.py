"""Whether a column was computed from all the data: it follows a figure of train and test, not of train alone.

Three ways to follow, each with what it takes by chance, in bits:

- in order: the column never falls where the figure rises (or never rises), so it is the figure rounded, ranked, in bins
  or put through any rising function;
- as a function: items alike in count and sum have like values, so it is any formula of the two, damped means included;
- along a line: the column is a x figure + b, or the same with the logarithm, or a damped mean, to a thousandth.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from longtail.types import AnyArray, RealArray

__all__ = ["Figure", "along_a_line", "as_a_function", "damped_mean", "in_order"]

BITS = 20.0
"""How unlikely by chance a match must be: one in 2 to this power."""

LEAST = 3
"""How many items, at the least, must speak against train alone ..."""

EXCEPTIONS = 0.002
"""... and the part of them that may speak against all the data."""


class Figure(NamedTuple):
    """One figure of each item (or user), from all the data and from train alone.

    Attributes:
        name: what it is.
        whole: (n,) from train and test.
        train: (n,) from train.
    """

    name: str
    whole: RealArray
    train: RealArray


def in_order(column: RealArray, figure: Figure) -> bool:
    """Whether the column is a rising or falling function of the figure of all the data, and of train's is not."""
    for sign in (1.0, -1.0):
        allowed = EXCEPTIONS * len(column)
        of_whole = _out_of_order(sign * column, figure.whole)
        if of_whole > allowed or _out_of_order(sign * column, figure.train) < max(LEAST, 10 * of_whole):
            continue
        if _order_bits(column, figure.whole) >= BITS:
            return True
    return False


def as_a_function(column: RealArray, whole: AnyArray, train: AnyArray) -> bool:
    """Whether items of one key have one value where the key is of all the data, and of train's key have not.

    Args:
        column: (n,) the values.
        whole: (n, k) figures of all the data; rows that are alike are one key.
        train: (n, k) likewise of train.
    """
    _, values, counts = np.unique(column, return_inverse=True, return_counts=True)
    surprise = np.log2(len(column) / counts)[values]
    strangers, bits = _strangers(values, surprise, whole)
    if bits < BITS or strangers > EXCEPTIONS * len(column):
        return False
    return _strangers(values, surprise, train)[0] >= max(LEAST, 10 * strangers)


def along_a_line(column: RealArray, figure: Figure) -> bool:
    """Whether the column is a line over the figure, or over its logarithm, of all the data, and not of train."""
    if len(np.unique(column)) < 5 or len(np.unique(figure.whole)) < 5:
        return False
    for bent in (np.asarray, np.log1p):
        if bent is np.log1p and min(figure.whole.min(), figure.train.min()) < 0:
            continue
        of_whole, of_train = (_off_line(column, bent(values)) for values in (figure.whole, figure.train))
        if of_whole < 1e-3 and of_train > 10 * of_whole:
            return True
    return False


def damped_mean(column: RealArray, whole: tuple[RealArray, RealArray], train: tuple[RealArray, RealArray]) -> bool:
    """Whether the column is (sum + k m) / (count + k) of all the data for some k and m, and not of train.

    That is so where sum - column x count is a line over the column: k x column - k m.
    """
    if len(np.unique(column)) < 5:
        return False
    of_whole, of_train = (_off_line(total - column * count, column) for count, total in (whole, train))
    return of_whole < 1e-3 and of_train > 10 * of_whole


def _order_bits(column: RealArray, figure: RealArray) -> float:
    """How many bits of surprise that no item of a lower figure has a higher value: all orders against those."""
    counts = [np.unique(values, return_counts=True)[1] for values in (column, figure)]
    both = np.unique(np.stack([column, figure]), axis=1, return_counts=True)[1]
    orders = gammaln(len(column) + 1) - gammaln(counts[0] + 1).sum()
    such = gammaln(counts[1] + 1).sum() - gammaln(both + 1).sum()
    return float(orders - such) / math.log(2)


def _out_of_order(column: RealArray, figure: RealArray) -> int:
    """How many items have a lower value than some item of a lower figure."""
    order = np.lexsort((column, figure))
    values, keys = column[order], figure[order]
    highest = np.maximum.accumulate(values)
    first = np.r_[True, keys[1:] != keys[:-1]]
    before = np.r_[-np.inf, highest[:-1]][np.flatnonzero(first)][np.cumsum(first) - 1]
    return int((values < before).sum())


def _strangers(values: AnyArray, surprise: RealArray, key: AnyArray) -> tuple[int, float]:
    """How many items differ from the others of their key, and the surprise, in bits, of those that do not."""
    group = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((values, group))
    values, group, surprise = values[order], group[order], surprise[order]
    again = np.r_[False, group[1:] == group[:-1]]
    same = again & np.r_[False, values[1:] == values[:-1]]
    return int((again & ~same).sum()), float(surprise[same].sum())


def _off_line(column: RealArray, figure: RealArray) -> float:
    """How far the column is from the best line, of its standard deviation."""
    y, x = _standard(column), _standard(figure)
    if y is None or x is None:
        return math.inf
    return float(np.abs(y - (x @ y / len(x)) * x).max())


def _standard(values: RealArray) -> RealArray | None:
    """Less their mean, in their standard deviations; None where they do not vary, or not as far as float64 can tell."""
    largest = np.abs(values).max()
    if not np.isfinite(largest) or not largest:
        return None
    scaled: RealArray = values / largest
    scaled -= scaled.mean()
    spread = scaled.std()
    return scaled / spread if spread > 1e-12 else None
