"""P3alpha and RP3beta against a walk with dense matrices, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.errors import MemoryBudgetError
from longtail.testing import ragged


def shares(W: Any) -> Any:
    """Each row divided by its sum."""
    sums = W.sum(axis=1, keepdims=True)
    return np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)


def three_steps(data: lt.Interactions, preference: str, alpha: float, beta: float) -> tuple[Any, Any]:
    """Scores of all users without truncation, and what they are made of: the first step, the other two."""
    R = data.by_user.toarray().astype(np.float64)
    W = R / 5.0 if preference == "value" else (R > 0).astype(np.float64)
    there, back = shares(W), shares(W.T)
    if alpha != 1.0:
        there, back = there**alpha, back**alpha
    B = (back @ there) / np.maximum((R > 0).sum(axis=0), 1) ** beta
    np.fill_diagonal(B, 0.0)
    return there, B


@pytest.mark.parametrize("preference", ["value", "binary"])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (1.7, 0.0), (1.0, 0.6), (0.5, 1.0)])
def test_the_walk(preference: Any, alpha: float, beta: float) -> None:
    data = ragged()
    there, B = three_steps(data, preference, alpha, beta)
    if beta:
        model = lt.RP3beta(preference=preference, alpha=alpha, beta=beta, neighbors=data.n_items)
    else:
        model = lt.P3alpha(preference=preference, alpha=alpha, neighbors=data.n_items)
    assert np.allclose(model.fit(data).weights_.toarray(), B, rtol=1e-5)
    expected = there @ B
    lists = model.recommend(n=data.n_items, exclude="none")
    for row, user in enumerate(lists.users):
        listed = lists.items[row][lists.filled[row]]
        assert np.allclose(lists.scores[row][lists.filled[row]], expected[user, listed], rtol=1e-4)
        assert set(listed.tolist()) == set(np.flatnonzero(expected[user]).tolist())


def test_rp3beta_without_beta_is_p3alpha() -> None:
    one, other = (
        lt.RP3beta(alpha=1.0, beta=0.0, neighbors=20).fit(ragged()),
        lt.P3alpha(alpha=1.0, neighbors=20).fit(ragged()),
    )
    assert np.array_equal(one.weights_.toarray(), other.weights_.toarray())


@pytest.mark.parametrize("name", ["p3alpha", "rp3beta"])
def test_only_the_strongest_ends_are_kept(name: str) -> None:
    data = ragged()
    whole = lt.make(name, neighbors=data.n_items).fit(data).weights_.toarray()
    some = lt.make(name, neighbors=12).fit(data).weights_.toarray()
    for row, kept in zip(whole, some, strict=True):
        best = np.argsort(-row, kind="stable")[:12]
        best = best[row[best] > 0]
        assert np.array_equal(np.flatnonzero(kept), np.sort(best))
        assert np.array_equal(kept[best], row[best])


def test_beta_holds_back_what_is_popular() -> None:
    data = ragged()

    def popularity(beta: float) -> float:
        lists = lt.RP3beta(beta=beta).fit(data).recommend(n=5)
        return float(data.item_counts[lists.items[lists.filled]].mean())

    assert popularity(0.0) > popularity(0.6) > popularity(1.2)


def test_no_step_is_taken_along_what_is_rated_below_zero() -> None:
    rows = [(1, 10, 5.0), (1, 20, -4.0), (2, 10, 3.0), (2, 20, 2.0), (2, 30, 1.0)]
    users, items, ratings = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(-5.0, 5.0))
    model = lt.P3alpha().fit(data)
    assert model.recommend_for([{20: -4.0}], n=3).of(0) == []
    # From 10: to user 1 (5/8) or 2 (3/8); on from 2 to 10, 20 and 30 by 3/6, 2/6 and 1/6.
    assert model.weights_.toarray()[0].tolist() == pytest.approx([0.0, 3 / 8 * 2 / 6, 3 / 8 * 1 / 6])


def test_walks_above_the_budget_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "80 KiB")
    with pytest.raises(MemoryBudgetError, match="keeping 149 entries of each of 150 rows needs"):
        lt.P3alpha().fit(ragged())
