"""The protocol every-click: its questions one by one, ties at their worst, and the figures of others on a click log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import longtail as lt
from longtail.algorithms.base import FoldIn, Recommender
from longtail.data.ids import Ids
from longtail.errors import DataError
from longtail.evaluation import metrics
from longtail.evaluation.protocols import EveryClick
from longtail.evaluation.ties import hidden_last

RECORD = Path(__file__).parents[2] / "benchmarks" / "results" / "sessions.json"
CLICKS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=60)


def log_of(clicks: list[tuple[int, int]]) -> lt.Interactions:
    """Sessions one after the other, each with its clicks in the order drawn."""
    ordered = sorted(range(len(clicks)), key=lambda row: (clicks[row][0], row))
    rows = [(*clicks[row], 10 * place) for place, row in enumerate(ordered)]
    sessions, items, times = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": sessions, "item": items, "timestamp": times}, duplicates="keep")


def by_hand(clicks: list[tuple[int, int]], fraction: float) -> list[tuple[str, list[int], int]]:
    """Name, what is given, and what is hidden, of every question."""
    sessions: dict[int, list[int]] = {}
    for session, item in sorted(clicks, key=lambda row: row[0]):
        sessions.setdefault(session, []).append(item)
    order = sorted(sessions)
    first = len(order) - max(round(fraction * len(order)), 1)
    known = {item for session in order[:first] for item in sessions[session]}
    asked = []
    for session in order[first:]:
        if len(sessions[session]) < 2:
            continue
        items = [item for item in sessions[session] if item in known]
        asked += [(f"{session}:{place}", items[:place], items[place]) for place in range(1, len(items))]
    return asked


@given(CLICKS, st.sampled_from([0.3, 0.5, 0.8]))
def test_every_beginning_is_a_question(clicks: list[tuple[int, int]], fraction: float) -> None:
    expected = by_hand(clicks, fraction)
    data = log_of(clicks)
    if not expected:
        with pytest.raises(DataError):
            lt.splits.every_click(data, fraction=fraction)
        return
    train, told, test = lt.splits.every_click(data, fraction=fraction)
    assert test.to_frame()["user"].to_list() == [name for name, _, _ in expected]
    assert test.to_frame()["item"].to_list() == [item for _, _, item in expected]
    order = told.sequences
    for index, (name, items, _) in enumerate(expected):
        user = int(told.user_ids.index([name])[0])
        found = order.items[order.indptr[user] : order.indptr[user + 1]]
        assert told.item_ids[found].tolist() == items, index
    asked = {name.split(":")[0] for name, _, _ in expected}
    assert not asked & set(train.users_present())
    assert train.times.max() < test.times.min()


# -- ties --------------------------------------------------------------------------------------------------------------


def test_hidden_items_come_last_of_those_with_their_score() -> None:
    hidden = lt.Interactions.from_frame({"user": [1, 2, 3, 4], "item": [5, 6, 7, 9]})
    items = Ids([5, 6, 7, 8, 9])
    listed = np.array([[0, 1, 2], [1, 0, 2], [0, 1, 2], [0, 1, -1]])
    scores = np.array([[3, 3, 3], [3, 2, 2], [2, 1, 1], [1, 1, -np.inf]])
    lists = hidden_last(lt.TopN([0, 1, 2, 3], listed, scores, hidden.user_ids, items), hidden)
    assert lists.items.tolist() == [[1, 2], [1, 0], [0, 1], [0, 1]]
    assert metrics.hit_rate(lists, hidden).per_user.tolist() == [0, 1, 0, 0]


@dataclass(kw_only=True)
class Alike(Recommender):
    """Scores everything the same."""

    fold_in: ClassVar[FoldIn] = "fallback"

    def _fit(self, train: lt.Interactions, catalog: Any) -> None:
        self.n_ = train.n_items

    def _score_histories(self, histories: Any) -> Any:
        return np.zeros((histories.shape[0], self.n_), dtype=np.float32)


def test_who_cannot_tell_items_apart_finds_nothing() -> None:
    rng = np.random.default_rng(0)
    data = log_of(
        [(int(s), int(i)) for s, i in zip(rng.integers(60, size=400), rng.integers(30, size=400), strict=True)]
    )
    found = {}
    for ties in ("worst", "index"):
        protocol = EveryClick(n=5, fraction=0.3, ties=ties)
        result = lt.Bakeoff(data, [Alike(), "markov"], protocol).run(progress=False)
        found[ties] = {outcome.label: outcome.values["hit_rate"] for outcome in result.outcomes}
    assert found["worst"]["Alike"] == 0 < found["index"]["Alike"]
    assert 0 < found["worst"]["markov"] <= found["index"]["markov"]


def test_what_was_met_is_listed_unless_told_otherwise() -> None:
    """Everybody clicks everything twice: half of all clicks can only be foreseen as repeats."""
    data = log_of([(s, i) for s in range(20) for i in (0, 0, 1, 1, 2, 2)])
    figures = {}
    for exclude in ("none", "seen"):
        protocol = EveryClick(n=2, fraction=0.3, exclude=exclude)
        figures[exclude] = lt.Bakeoff(data, ["markov"], protocol).run(progress=False).outcomes[0].values["hit_rate"]
    assert figures["none"] == 1.0
    assert figures["seen"] == pytest.approx(2 / 5)


def test_negatives_are_not_of_the_session_so_far() -> None:
    rng = np.random.default_rng(0)
    data = log_of(
        [(int(s), int(i)) for s, i in zip(rng.integers(60, size=400), rng.integers(30, size=400), strict=True)]
    )
    (fold,) = EveryClick(sampled=8).folds(data)
    for row, user in enumerate(np.flatnonzero(fold.test.user_counts)):
        own = fold.given.items[fold.given.users == user].tolist() + fold.test.items[fold.test.users == user].tolist()
        assert not set(fold.negatives[row].tolist()) & set(own)
    result = lt.Bakeoff(data, ["markov"], EveryClick(sampled=8, n=3)).run(progress=False)
    assert not result.outcomes[0].error


# -- golden ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ties", ["index", "worst"])
def test_the_whole_test_part_of_a_shop_gives_the_recorded_figures(real_data: Path, ties: Any) -> None:
    """`benchmarks/sessions.py` asks by itself, from the parts as they were published; here the bake-off does.

    The recorded hit rates count an item that ties at the end of a list, but none that fills a list up without a score;
    the recorded reciprocal ranks put ties last.
    """
    folder = real_data / "yoochoose-100k"
    if not folder.exists():
        pytest.skip("there is no yoochoose-100k")
    rows = pl.concat([pl.read_csv(folder / f"{part}.txt", separator="\t") for part in ("train_full", "test")])
    recorded = {row["model"]: row for row in json.loads(RECORD.read_text(encoding="utf-8"))}
    data = lt.Interactions.from_frame(rows, duplicates="keep")
    cut = int(pl.read_csv(folder / "test.txt", separator="\t")["Time"].min())
    result = lt.Bakeoff(data, ["ar", "sr", "vsknn"], EveryClick(at=cut, ties=ties)).run(progress=False)
    sizes = result.data["splits"]["every click"]
    assert (sizes["train_rows"], sizes["test_rows"]) == (70_278, 10_152)
    for outcome in result.outcomes:
        row, found = recorded[outcome.label], outcome.values
        if ties == "worst":
            assert found["mrr"] == pytest.approx(row["mrr"], abs=5e-5), outcome.label
            assert row["hit_rate"] - 5e-4 < found["hit_rate"] <= row["hit_rate"] + 1e-9, outcome.label
        else:
            assert row["hit_rate"] - 1e-9 <= found["hit_rate"] < row["hit_rate"] + 5e-4, outcome.label
            assert found["mrr"] >= row["mrr"] - 1e-9
