"""Scores from neighboring sessions: one pass over those that share an item with the session asked about."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from longtail.kernels.jit import kernel
from longtail.kernels.largest import kth_largest
from longtail.kernels.parallel import run_rows
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["Decay", "Past", "session_scores"]


class Past(NamedTuple):
    """Sessions known, the latest first, each item of one once.

    Attributes:
        indptr: (n_sessions + 1,) int64, where the items of each begin and end.
        items: (n,) int32.
        positions: (n,) int32, where each item last stood in its session, from 0.
        factor: (n_sessions,) float64, what a session's similarity is multiplied by.
        ages: (n_sessions,) float64, ascending; a similarity is also multiplied by exp(-age), as if the latest session
            compared were of age 0. That changes all scores of a row alike, and none becomes too small to tell apart.
        item_indptr: (n_items + 1,) int64, where the sessions of each item begin and end.
        item_sessions: (m,) int32, ascending; no more of an item than are ever looked at.
    """

    indptr: LongArray
    items: IntArray
    positions: IntArray
    factor: RealArray
    ages: RealArray
    item_indptr: LongArray
    item_sessions: IntArray


class Decay(NamedTuple):
    """What the share of a neighbor in a score is multiplied by.

    Attributes:
        steps: (n,) float64, by how many events ago the latest common item was met (0: just now); the last one for more.
        gaps: (n,) float64, by how far from that item the scored one stands in the neighbor; the last one for more.
        items: (n_items,) float64, by the scored item.
    """

    steps: RealArray
    gaps: RealArray
    items: RealArray


def session_scores(
    indptr: LongArray, items: IntArray, weights: RealArray, past: Past, decay: Decay, sample_size: int, neighbors: int
) -> FloatArray:
    """Scores of all items for sessions under way.

        w(s, n) = sum over the distinct items i of s that are in n, of the weight of i's last event in s
        sim(s, n) = w(s, n) * factor_n * exp(-age_n)
        score of i = sum over the neighbors n that hold i, of sim(s, n) * steps[...] * gaps[...] * items[i]

    Of the past sessions that share an item with s, the `sample_size` latest are looked at, and of these the `neighbors`
    most similar are taken; of equally similar ones the later.

    Args:
        indptr: (n_rows + 1,) where the events of each session begin and end.
        items: (n_events,) int32, in order.
        weights: (n_events,) float64.
        past: the sessions known.
        decay: the further factors.
        sample_size: see above; at least 1.
        neighbors: see above; at least 1.

    Returns:
        (n_rows, n_items) float32, 0 for an item of no neighbor.
    """
    scores = np.zeros((len(indptr) - 1, len(decay.items)), dtype=np.float32)
    run_rows(
        lambda lo, hi: _score(indptr, items, weights, *past, *decay, sample_size, neighbors, scores, lo, hi),
        len(scores),
    )
    return scores


@kernel
def _score(
    indptr: LongArray,
    items: IntArray,
    weights: RealArray,
    past_indptr: LongArray,
    past_items: IntArray,
    past_positions: IntArray,
    factor: RealArray,
    ages: RealArray,
    item_indptr: LongArray,
    item_sessions: IntArray,
    steps: RealArray,
    gaps: RealArray,
    item_factor: RealArray,
    sample_size: int,
    neighbors: int,
    scores: FloatArray,
    lo: int,
    hi: int,
) -> None:
    """Fill the rows lo..hi of `scores`."""
    n_items, n_sessions = len(item_factor), len(factor)
    similarity, met = np.empty(n_sessions), np.empty(n_sessions, dtype=np.int64)
    asked_by = np.full(n_sessions, -1, dtype=np.int64)
    latest, sums = np.full(n_items, -1, dtype=np.int64), np.zeros(n_items)
    for row in range(lo, hi):
        begin, end, count = indptr[row], indptr[row + 1], 0
        for event in range(end - 1, begin - 1, -1):
            item = items[event]
            if latest[item] >= 0:
                continue
            latest[item] = event
            for place in range(item_indptr[item], item_indptr[item + 1]):
                session = item_sessions[place]
                if asked_by[session] != row:
                    asked_by[session], similarity[session], met[count] = row, 0.0, session
                    count += 1
                similarity[session] += weights[event]
        taken = np.sort(met[:count])[:sample_size]
        values = np.empty(len(taken))
        for at in range(len(taken)):
            session = taken[at]
            values[at] = similarity[session] * factor[session] * np.exp(ages[taken[0]] - ages[session])
        edge, ties = 0.0, len(taken)
        if len(taken) > neighbors:
            edge, ties = kth_largest(values, neighbors), neighbors
            for at in range(len(values)):
                ties -= values[at] > edge
        for at in range(len(taken)):
            if values[at] < edge or (values[at] == edge and ties <= 0):
                continue
            ties -= values[at] == edge
            first, last = past_indptr[taken[at]], past_indptr[taken[at] + 1]
            common, where = np.int64(-1), np.int64(0)
            for place in range(first, last):
                if latest[past_items[place]] > common:
                    common, where = latest[past_items[place]], np.int64(past_positions[place])
            share = values[at] * steps[min(end - 1 - common, len(steps) - 1)]
            for place in range(first, last):
                gap = abs(past_positions[place] - where)
                sums[past_items[place]] += share * gaps[min(gap, len(gaps) - 1)]
        for item in range(n_items):
            scores[row, item] = sums[item] * item_factor[item]
            sums[item] = 0.0
        for event in range(begin, end):
            latest[items[event]] = -1
