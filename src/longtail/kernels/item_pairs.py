"""Similarities of given pairs of items, from bits or from vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.kernels.jit import kernel, strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, RealArray

__all__ = ["bits_set", "inner_products", "jaccard", "words_of_bits"]


def words_of_bits(member: AnyArray) -> AnyArray:
    """(n_items, n_words) uint64: the columns of a boolean (n_items, n) table, 64 to a word.

    Examples:
        >>> words_of_bits(np.array([[True, False, True]])).tolist()
        [[5]]
    """
    n_words = max(1, -(-member.shape[1] // 64))
    words = np.zeros((len(member), n_words), dtype=np.uint64)
    for column in range(member.shape[1]):
        words[:, column // 64] |= member[:, column].astype(np.uint64) << np.uint64(column % 64)
    return words


def jaccard(bits: AnyArray, a: AnyArray, b: AnyArray) -> RealArray:
    """(n_pairs,) float64: bits that both rows have set / bits that either has; 0 where neither has any.

    Args:
        bits: (n_items, n_words) uint64.
        a: (n_pairs,) rows.
        b: (n_pairs,) rows.

    Examples:
        >>> jaccard(np.array([[0b011], [0b110], [0]], np.uint64), np.array([0, 2]), np.array([1, 2])).tolist()
        [0.3333333333333333, 0.0]
    """
    found = np.zeros(len(a))
    run_rows(lambda lo, hi: _jaccard(bits, a, b, lo, hi, found), len(found))
    return found


@strict_kernel
def _jaccard(bits: AnyArray, a: AnyArray, b: AnyArray, lo: int, hi: int, found: RealArray) -> None:
    for pair in range(lo, hi):
        both, either = 0, 0
        for word in range(bits.shape[1]):
            x, y = bits[a[pair], word], bits[b[pair], word]
            both += bits_set(x & y)
            either += bits_set(x | y)
        if either > 0:
            found[pair] = both / either


@strict_kernel
def bits_set(word: Any) -> Any:
    """Bits set, counted in fields of 2, 4 and 8 bits at once (Warren, "Hacker's Delight", section 5-1)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


def inner_products(vectors: RealArray, a: AnyArray, b: AnyArray) -> RealArray:
    """(n_pairs,) float64: vectors[a] . vectors[b], row by row.

    Examples:
        >>> inner_products(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0]), np.array([1])).tolist()
        [11.0]
    """
    found = np.empty(len(a))
    run_rows(lambda lo, hi: _inner_products(vectors, a, b, lo, hi, found), len(found))
    return found


@kernel
def _inner_products(vectors: RealArray, a: AnyArray, b: AnyArray, lo: int, hi: int, found: RealArray) -> None:
    for pair in range(lo, hi):
        x, y = vectors[a[pair]], vectors[b[pair]]
        total = 0.0
        for k in range(vectors.shape[1]):
            total += x[k] * y[k]
        found[pair] = total
