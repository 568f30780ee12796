"""Slope One on the example of its paper, its reasons, and learning online."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.errors import MemoryBudgetError
from longtail.testing.worlds import ragged


def test_the_weighted_example() -> None:
    """Three people and three items: (2 * (2 + 0.5) + 1 * (5 + 3)) / 3 is John's estimate for the first item."""
    rows = [("john", "b", 2.0), ("john", "c", 5.0), ("mark", "a", 3.0), ("mark", "b", 4.0), ("lucy", "a", 5.0),
            ("lucy", "b", 3.0), ("lucy", "c", 2.0)]  # fmt: skip
    users, items, ratings = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(0.0, 10.0))
    assert lt.SlopeOne().fit(data).predict(["john"], ["a"])[0] == pytest.approx(13 / 3)
    assert lt.SlopeOne(weighted=False).fit(data).predict(["john"], ["a"])[0] == pytest.approx(3.5 + (0.5 + 3) / 2)


@pytest.mark.parametrize("weighted", [False, True])
def test_reasons_move_the_estimate_away_from_the_mean(weighted: bool) -> None:
    data = ragged()
    model = lt.SlopeOne(weighted=weighted).fit(data)
    scores = model._score_users(np.arange(40, dtype=np.int32))
    for user, item in [(0, 140), (17, 100), (39, 147)]:
        history = data.by_user[[user]]
        assert item not in history.indices
        moved = model._reasons(history, item)[1].sum()
        assert history.data.mean() + moved == pytest.approx(scores[user, item], abs=1e-4)


def test_learns_online_what_a_refit_would() -> None:
    data = ragged()
    known = data.take(np.arange(len(data)) % 50 > 0)
    rest = data.take(np.arange(len(data)) % 50 == 0)
    model = lt.SlopeOne().fit(known)
    model.learn(data.user_ids.values[rest.users], data.item_ids.values[rest.items], rest.values)
    model.learn([data.user_ids[0]], [data.item_ids[int(data.items[0])]], [data.values[0]])  # rated as before
    fresh = lt.SlopeOne().fit(data)
    assert np.array_equal(model.sums_, fresh.sums_)
    assert np.array_equal(model.counts_, fresh.counts_)
    users, items = (index.ravel().astype(np.int32) for index in np.indices((data.n_users, data.n_items)))
    for one, other in zip(model._predict_pairs(users, items), fresh._predict_pairs(users, items), strict=True):
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_where_nothing_was_rated_together_the_mean_is_left(weighted: bool) -> None:
    rows = [("ann", "Alien", 5.0), ("ann", "Blade", 4.0), ("bob", "Emma", 1.0), ("bob", "Heat", 2.0)]
    users, items, ratings = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(1, 5))
    model = lt.SlopeOne(weighted=weighted).fit(data)
    assert model.predict(["ann", "bob"], ["Emma", "Alien"]).tolist() == [4.5, 1.5]
    assert model._score_users(np.array([0], np.int32))[0, 2:].tolist() == [4.5, 4.5]
    expected = 3.0 + (np.array([5.0, 4.0, 1.0, 2.0]) - 3.0) / (1 + 5)  # each mean damped by five ratings of 3
    assert model._score_histories(sparse.csr_array((1, 4), dtype=np.float32))[0] == pytest.approx(expected)


def test_tables_beyond_the_budget_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", str(8 * 150**2 - 1))
    with pytest.raises(MemoryBudgetError, match="the differences of 150 items from one another"):
        lt.SlopeOne().fit(ragged())
