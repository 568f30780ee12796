"""The walk of sessions in lanes and the pools of candidates, beside their plain twins."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from longtail.kernels.lanes import lane_schedule, pooled

ITEMS = 7
items = st.integers(0, ITEMS - 1)


def walked(lengths: list[int], lanes: int) -> list[list[tuple[int, int, bool]]]:
    """By step and lane (session, event within it, whether it begins there); (-1, -1, False) for none."""
    waiting = [session for session, length in enumerate(lengths) if length > 1]
    at: list[tuple[int, int] | None] = [None] * lanes
    steps = []
    while True:
        step = []
        for lane in range(lanes):
            begins = False
            held = at[lane]
            if held is not None and held[1] + 1 == lengths[held[0]]:
                held = None
            if held is None and waiting:
                held, begins = (waiting.pop(0), 0), True
            step.append((*held, begins) if held is not None else (-1, -1, False))
            at[lane] = (held[0], held[1] + 1) if held is not None else None
        if all(session < 0 for session, _, _ in step):
            return steps
        steps.append(step)


@given(st.lists(st.integers(0, 6), max_size=12), st.integers(1, 5))
@settings(max_examples=100)
def test_lanes_are_walked_as_in_turn(lengths: list[int], lanes: int) -> None:
    order = np.arange(len(lengths))[::-1]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    events, begins = lane_schedule(indptr, order, lanes)
    plain = walked([lengths[session] for session in order], lanes)
    assert events.tolist() == [
        [int(indptr[order[session]]) + place if session >= 0 else -1 for session, place, _ in step] for step in plain
    ]
    assert begins.tolist() == [[begin for _, _, begin in step] for step in plain]


@given(
    st.lists(st.tuples(st.lists(items, max_size=2), st.lists(items, min_size=2, max_size=2)), min_size=1, max_size=4),
    st.integers(0, 9),
    st.integers(4, 8),
)
@settings(max_examples=100)
def test_pools_weigh_what_their_candidates_weigh(
    given_items: list[tuple[list[int], list[int]]], draws: int, size: int
) -> None:
    read = np.array([[*first, -1, -1][:2] for first, _ in given_items])
    targets = np.array([second for _, second in given_items])
    targets[0, 0] = -1
    drawn = np.random.default_rng(draws).integers(0, ITEMS, (len(targets), draws))
    as_target, as_drawn = np.linspace(1, 2, ITEMS, dtype=np.float32), np.linspace(3, 5, ITEMS, dtype=np.float32)
    pool, weights, places, own = pooled(read, targets, drawn, as_target, as_drawn, size)
    for step in range(len(targets)):
        wanted: Counter[int] = Counter()
        known = [item for item in [*read[step].tolist(), *targets[step].tolist()] if item >= 0]
        room = size - len(set(known))
        for item in targets[step][targets[step] >= 0].tolist():
            wanted[item] += float(as_target[item])
        for item in drawn[step].tolist():
            if item not in known and not room:
                continue
            room -= item not in known
            known.append(item)
            wanted[item] += float(as_drawn[item])
        found: Counter[int] = Counter()
        for item, weight in zip(pool[step].tolist(), weights[step].tolist(), strict=True):
            found[item] += weight
        assert {item: weight for item, weight in found.items() if weight} == {
            item: np.float32(weight) for item, weight in wanted.items()
        } or np.allclose([found[item] for item in range(ITEMS)], [wanted[item] for item in range(ITEMS)], rtol=1e-6)
        distinct = len(set(known))
        assert len(set(pool[step, :distinct].tolist())) == distinct
        for given_row, placed in ((read[step], places[step]), (targets[step], own[step])):
            for item, place in zip(given_row.tolist(), placed.tolist(), strict=True):
                assert place == 0 if item < 0 else pool[step, place] == item
