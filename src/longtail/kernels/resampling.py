"""Sums over users drawn anew: many resamples (bootstrap) or many changes of sign (randomization), all columns at once.

What is drawn depends on the key, the resample and the user only, so that columns summed together are paired, and the
threads change nothing. The draws of a block of resamples are a matrix; its sums are one BLAS product.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows, single_blas
from longtail.kernels.strata import draw, mix
from longtail.types import RealArray

__all__ = ["flipped_sums", "resampled_sums"]

MOST_AT_ONCE = 64
BLOCK_BYTES = 16_000_000
"""What the draws of a block of resamples may take, on each thread. It depends on the rows only, since a BLAS product
may round by its shape."""

Fill = Callable[[np.uint64, RealArray, int], None]


def resampled_sums(columns: RealArray, resamples: int, key: int) -> RealArray:
    """(resamples, k) the sums of the columns (n, k) over n rows drawn with replacement, anew for each resample.

    Examples:
        Every resample has n rows, so a column of ones always sums to n:

        >>> columns = np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 4.0]])
        >>> sums = resampled_sums(columns, 1000, key=7)
        >>> sums[:, 0].tolist() == [3.0] * 1000, bool(abs(sums[:, 1].mean() - 6.0) < 0.3)
        (True, True)
    """
    return _sums(_counts, columns, resamples, key)


def flipped_sums(columns: RealArray, flips: int, key: int) -> RealArray:
    """(flips, k) the sums of the columns (n, k) after the sign of each row is kept or changed, one chance in two.

    Examples:
        >>> sums = flipped_sums(np.array([[1.0, 2.0], [3.0, 6.0]]), 100, key=7)
        >>> sorted(set(sums[:, 0].tolist())), bool((sums[:, 1] == 2 * sums[:, 0]).all())
        ([-4.0, -2.0, 2.0, 4.0], True)
    """
    return _sums(_signs, columns, flips, key)


def _sums(fill: Fill, columns: RealArray, repeats: int, key: int) -> RealArray:
    columns = np.ascontiguousarray(columns, dtype=np.float64)
    out = np.empty((repeats, columns.shape[1]))

    def work(lo: int, hi: int) -> None:
        drawn = np.empty((hi - lo, len(columns)))
        fill(np.uint64(key), drawn, lo)
        np.matmul(drawn, columns, out=out[lo:hi])

    tile = max(1, min(MOST_AT_ONCE, BLOCK_BYTES // (8 * max(1, len(columns)))))
    with single_blas():
        run_rows(work, repeats, tile=tile)
    return out


@kernel
def _counts(key: np.uint64, drawn: RealArray, first: int) -> None:
    """How often each of n rows is drawn, in the resamples from the `first` on."""
    n = drawn.shape[1]
    for row in range(len(drawn)):
        stream = mix(key, first + row)
        counts = drawn[row]
        counts[:] = 0.0
        for step in range(n):
            counts[draw(stream, step, n)] += 1.0


@kernel
def _signs(key: np.uint64, drawn: RealArray, first: int) -> None:
    """The sign of each of n rows, in the flips from the `first` on: a bit of a random word each."""
    n = drawn.shape[1]
    for row in range(len(drawn)):
        stream = mix(key, first + row)
        signs = drawn[row]
        for start in range(0, n, 64):
            word = mix(stream, start)
            for at in range(start, min(n, start + 64)):
                signs[at] = 1.0 - 2.0 * float((word >> np.uint64(at - start)) & np.uint64(1))
