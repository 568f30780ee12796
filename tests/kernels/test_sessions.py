"""The kernel of session neighbors beside its plain twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longtail as lt
from longtail.algorithms.sequence.session_neighbors import SessionNeighbors
from longtail.kernels.sessions import Decay
from longtail.testing.subject import thread_count

ITEMS = 6
session = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=6)


def plain(model: SessionNeighbors, past: list[list[int]], asked: list[int], decay: Decay) -> list[float]:
    """Scores of one session; `past` from the latest."""
    size = len(asked)
    events = model._event_weights(size - 1 - np.arange(size), np.full(size, size))
    factor = model._session_factor(np.array([len(set(one)) for one in past]))
    aging = model._aging()
    last = {item: place for place, item in enumerate(asked)}
    compared = [n for n, one in enumerate(past) if set(one) & set(asked)][: model.sample_size]
    found = []
    for n in compared:
        common = sum(events[last[item]] for item in set(past[n]) & set(asked))
        found.append((common * factor[n] * np.exp(aging[compared[0]] - aging[n]), n))
    scores = [0.0] * ITEMS
    for similarity, n in sorted(found, key=lambda pair: -pair[0])[: model.neighbors]:
        latest = max(set(past[n]) & set(asked), key=last.__getitem__)
        ends = {item: place for place, item in enumerate(past[n])}
        for item, place in ends.items():
            step, gap = size - 1 - last[latest], abs(place - ends[latest])
            share = decay.steps[min(step, len(decay.steps) - 1)] * decay.gaps[min(gap, len(decay.gaps) - 1)]
            scores[item] += similarity * share * decay.items[item]
    return scores


@pytest.mark.parametrize("name", ["sknn", "vsknn", "stan"])
@settings(max_examples=60, deadline=None)
@given(
    past=st.lists(session, min_size=1, max_size=12),
    asked=session,
    neighbors=st.integers(1, 4),
    sample=st.integers(1, 6),
)
def test_scores_are_those_of_the_plain_sum(
    name: str, past: list[list[int]], asked: list[int], neighbors: int, sample: int
) -> None:
    everything = [list(range(ITEMS)), *past]
    rows = [(n, item, 86_400 * n) for n, one in enumerate(everything) for item in one]
    users, items, times = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items, "timestamp": times}, duplicates="keep")
    model = lt.make(name, neighbors=neighbors, sample_size=sample).fit(data)
    lists = model.recommend_for([asked], n=ITEMS, exclude="none")
    ours = dict(zip(lists.of(0), lists.scores[0].tolist(), strict=True))
    expected = plain(model, everything[::-1], asked, model._decay())
    assert [ours[item] for item in range(ITEMS)] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_any_number_of_threads_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    data = lt.Interactions.from_frame({"user": np.sort(rng.integers(0, 200, 2000)), "item": rng.integers(0, 50, 2000)})
    answers = []
    for number in (1, 3):
        with thread_count(number):
            answers.append(lt.make("stan").fit(data).recommend(n=10))
    assert np.array_equal(answers[0].scores, answers[1].scores)
    assert np.array_equal(answers[0].items, answers[1].items)


def test_old_sessions_do_not_vanish() -> None:
    """A factor of exp(-10,000) is nothing in any precision; ages are told apart from that of the latest compared."""
    rows = {"user": [1, 1, 2, 2, 3, 3], "item": [1, 2, 1, 3, 4, 5], "timestamp": [0, 0, 86_400, 86_400, 2**32, 2**32]}
    model = lt.make("stan").fit(lt.Interactions.from_frame(rows, duplicates="keep"))
    lists = model.recommend_for([[1]], n=2)
    assert lists.of(0) == [3, 2]
    assert (lists.scores > 1e-3).all()


def test_weights_too_small_to_tell_apart_do_no_harm() -> None:
    """With recency so short, all but the last events weigh exactly nothing."""
    rows = [(user, item) for user in range(5) for item in range(8)]
    users, items = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items}, duplicates="keep")
    lists = lt.make("stan", recency=1e-3).fit(data).recommend_for([list(range(8)) * 200], n=8, exclude="none")
    assert lists.scores[0, 0] == lists.scores.max() > 0
