"""Stochastic gradient descent on many threads with one result: blocks of users times blocks of items.

A step touches one user and items of one block only. With users and items in B blocks each, the B pairs of blocks
(a, a + s mod B) share no vector, so they are learned at the same time, for s = 0, 1, ... B - 1 in turn (Gemulla et al.
2011, DSGD). B depends on the data, not on the threads, and random numbers are a function of the block and the step, so
the number of threads changes nothing. Items are dealt to blocks anew each epoch, so any two of them meet in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import IntArray, LongArray

__all__ = ["Strata", "block_count", "draw", "mix", "passes", "place_of", "run_strata", "sieve_of", "strata"]

MOST_BLOCKS = 16
ITEMS_A_BLOCK = 128
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Strata:
    """The entries of a CSR matrix by block of users and, within it, by block of items.

    Attributes:
        people: (n,) user of each entry.
        places: (n,) where each entry stands in the matrix.
        start: (B, B + 1) where the entries of users of block a and items of block b begin: start[a, b].
        members: (n_items,) the items, block after block.
        members_start: (B + 1,) where each block of them begins.
    """

    people: IntArray
    places: LongArray
    start: LongArray
    members: IntArray
    members_start: LongArray


Work = Callable[[IntArray, LongArray, IntArray, int], None]


def block_count(n_items: int) -> int:
    """B: few enough for the items of a block to be a fair sample of all.

    Examples:
        >>> block_count(100), block_count(1_000), block_count(27_000)
        (1, 7, 16)
    """
    return max(1, min(MOST_BLOCKS, n_items // ITEMS_A_BLOCK))


def strata(indptr: LongArray, indices: IntArray, items: IntArray, rng: np.random.Generator) -> Strata:
    """Deal `items` (those that take part) to blocks at random, and sort the entries by block."""
    blocks, n_users = block_count(len(items)), len(indptr) - 1
    members = rng.permutation(items).astype(np.int32)
    members_start = np.linspace(0, len(members), blocks + 1).astype(np.int64)
    block_of = np.zeros(int(items.max()) + 1, dtype=np.int32)
    block_of[members] = np.repeat(np.arange(blocks, dtype=np.int32), np.diff(members_start))
    bounds = np.searchsorted(indptr, np.linspace(0, indptr[-1], blocks + 1)).astype(np.int64)
    bounds[0], bounds[-1] = 0, n_users
    people, places = np.empty(len(indices), dtype=np.int32), np.empty(len(indices), dtype=np.int64)
    start = np.empty((blocks, blocks + 1), dtype=np.int64)

    def deal(lo: int, hi: int) -> None:
        for a in range(lo, hi):
            _deal(bounds[a], bounds[a + 1], indptr, indices, block_of, people, places, start[a])

    run_rows(deal, blocks, tile=1)
    return Strata(people, places, start, members, members_start)


@kernel
def _deal(
    lo: int,
    hi: int,
    indptr: LongArray,
    indices: IntArray,
    block_of: IntArray,
    people: IntArray,
    places: LongArray,
    start: LongArray,
) -> None:
    """Counting sort of the entries of the users lo..hi by the block of their item."""
    place = np.zeros(len(start), dtype=np.int64)
    for at in range(indptr[lo], indptr[hi]):
        place[block_of[indices[at]] + 1] += 1
    place[0] = indptr[lo]
    for b in range(1, len(start)):
        place[b] += place[b - 1]
    start[:] = place
    for u in range(lo, hi):
        for at in range(indptr[u], indptr[u + 1]):
            b = block_of[indices[at]]
            people[place[b]], places[place[b]] = u, at
            place[b] += 1


def run_strata(parts: Strata, work: Work) -> None:
    """Call `work(people, places, members, number)` for every pair of blocks that has entries, in turns, on all threads.

    `people` and `places` are its entries, `members` all the items of its block, `number` tells the pairs apart.
    """
    blocks = len(parts.start)
    for shift in range(blocks):

        def turn(lo: int, hi: int, shift: int = shift) -> None:
            for a in range(lo, hi):
                b = (a + shift) % blocks
                span = slice(parts.start[a, b], parts.start[a, b + 1])
                block = parts.members[parts.members_start[b] : parts.members_start[b + 1]]
                if span.stop > span.start:
                    work(parts.people[span], parts.places[span], block, a * blocks + b)

        run_rows(turn, blocks, tile=1)


@kernel
def mix(key: np.uint64, count: int) -> np.uint64:
    """Random number `count` of the stream `key` (SplitMix64, Steele et al. 2014): a function of the two, no state."""
    z = key + np.uint64(count) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


@kernel
def draw(key: np.uint64, count: int, n: int) -> int:
    """A whole number of 0..n (n excluded), for n below 2^32."""
    return int(((mix(key, count) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@kernel
def place_of(indices: IntArray, lo: int, hi: int, item: int) -> int:
    """Where `item` stands among the sorted indices[lo:hi]; -1 where it does not."""
    end = hi
    while lo < hi:
        middle = (lo + hi) >> 1
        if indices[middle] < item:
            lo = middle + 1
        else:
            hi = middle
    return lo if lo < end and indices[lo] == item else -1


@kernel
def sieve_of(indptr: LongArray, indices: IntArray) -> tuple[LongArray, LongArray]:
    """A bit for each entry, at its item modulo a power of two: what is not set has not been met, without a search.

    Returns:
        words: (n_words,) int64, the bits of all rows, about sixteen for each entry.
        start: (n_rows + 1,) where the words of each row begin.
    """
    start = np.zeros(len(indptr), dtype=np.int64)
    for u in range(len(indptr) - 1):
        size = 1
        while 4 * size < indptr[u + 1] - indptr[u]:
            size *= 2
        start[u + 1] = start[u] + size
    words = np.zeros(start[-1], dtype=np.int64)
    for u in range(len(indptr) - 1):
        last = 64 * (start[u + 1] - start[u]) - 1
        for at in range(indptr[u], indptr[u + 1]):
            bit = indices[at] & last
            words[start[u] + (bit >> 6)] |= np.int64(1) << (bit & 63)
    return words, start


@kernel
def passes(words: LongArray, first: int, last: int, item: int) -> bool:
    """Whether `item` may be among the entries of the row whose words are first..last; False is certain."""
    bit = item & (64 * (last - first) - 1)
    return bool((words[first + (bit >> 6)] >> (bit & 63)) & 1)
