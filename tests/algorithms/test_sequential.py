"""Sequences: repeats are kept on request, histories stay in order wherever they go, and rules read them."""

from __future__ import annotations

import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longtail as lt
from longtail import registry
from longtail.algorithms.histories import folded, rows_of
from longtail.data.summary import summarize
from longtail.errors import ConfigError, DataError, UnknownIdError
from longtail.evaluation import protocols
from longtail.evaluation.bakeoff import Bakeoff

SEQUENCE = [name for name in registry.BUILT_IN if registry.family(name) == "sequence"]
CLICKS: dict[str, list[Any]] = {
    "session": ["a", "b", "a", "a", "b", "c", "c", "a"],
    "item": [30, 10, 10, 30, 20, 10, 10, 20],
    "timestamp": [4, 1, 3, 9, 1, 5, 4, 9],
}
IN_TIME = {"a": [10, 30, 30, 20], "b": [10, 20], "c": [10, 10]}


PERSONAL = ("transrec", "fpmc")
"""Who was in training keeps the vector learned there, and a stranger with the same history is solved for."""


def by_history(name: str) -> Any:
    """The algorithm, told to go by histories alone."""
    return lt.make(name, **({"personal": False} if name in PERSONAL else {}))


@pytest.fixture
def clicks() -> lt.Interactions:
    return lt.Interactions.from_frame(CLICKS, duplicates="keep")


def as_ids(rows: Any, ids: Any) -> list[list[int]]:
    return [ids.values[rows.indices[lo:hi]].tolist() for lo, hi in pairwise(rows.indptr)]


# -- data --------------------------------------------------------------------------------------------------------------


def test_repeats_are_kept_on_request(clicks: lt.Interactions) -> None:
    assert len(clicks) == 8
    assert str(clicks.report) == "8 rows read"
    assert clicks.by_user.toarray().tolist() == [[2.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 2.0, 0.0]]
    assert np.array_equal(clicks.by_item.toarray(), clicks.by_user.toarray())
    assert (clicks.user_counts.tolist(), clicks.item_counts.tolist()) == ([4, 2, 2], [2, 4, 2])


def test_repeats_are_not_kept_of_ratings() -> None:
    with pytest.raises(DataError, match="duplicates='keep' is for events such as clicks; of ratings, choose last"):
        lt.Interactions.from_frame({"user": [1], "item": [1], "rating": [3.0]}, duplicates="keep")
    counts = {"user": [1, 1], "item": [1, 1], "rating": [3.0, 2.0]}
    assert len(lt.Interactions.from_frame(counts, feedback="implicit", duplicates="keep")) == 2


def test_once_is_what_summing_loads(clicks: lt.Interactions) -> None:
    summed = lt.Interactions.from_frame(CLICKS)
    assert clicks.once.fingerprint == summed.fingerprint != clicks.fingerprint
    assert summed.once is summed


def test_sequences_are_in_order_of_time(clicks: lt.Interactions) -> None:
    order = clicks.sequences
    assert as_ids(order.rows(clicks.n_items), clicks.item_ids) == list(IN_TIME.values())
    assert order.times is not None
    assert all((np.diff(order.times[lo:hi]) >= 0).all() for lo, hi in pairwise(order.indptr))


def test_without_times_sequences_are_in_file_order() -> None:
    data = lt.Interactions.from_frame({key: CLICKS[key] for key in ("session", "item")}, duplicates="keep")
    rows = data.sequences.rows(data.n_items)
    assert as_ids(rows, data.item_ids) == [[30, 10, 30, 20], [10, 20], [10, 10]]
    assert data.sequences.times is None


def test_sequences_may_be_empty(clicks: lt.Interactions) -> None:
    assert clicks.take([]).sequences.rows(3).toarray().tolist() == [[0.0] * 3] * 3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=30))
def test_sequences_hold_every_row_once(rows: list[tuple[int, int, int]]) -> None:
    users, items, times = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items, "timestamp": times}, duplicates="keep")
    expected: dict[int, list[int]] = {}
    for user, item, _ in sorted(rows, key=lambda row: row[2]):
        expected.setdefault(user, []).append(item)
    found = as_ids(data.sequences.rows(data.n_items), data.item_ids)
    assert dict(zip(data.user_ids.values.tolist(), found, strict=True)) == expected


# -- what does not read order ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["popular", "bias", "svd", "implicit-item-knn", "implicit-als", "ease", "fm"])
def test_others_see_counts(name: str) -> None:
    rng = np.random.default_rng(3)
    columns = {"user": rng.integers(0, 30, 600), "item": rng.integers(0, 20, 600), "timestamp": np.arange(600)}
    kept = lt.Interactions.from_frame(columns, duplicates="keep")
    summed = lt.Interactions.from_frame(columns)
    assert len(kept) > len(summed)
    settings = {"factors": 4} if name in ("svd", "implicit-als", "fm") else {}
    if name == "fm":
        settings |= {"burn_in": 2, "samples": 2}
    one, other = (lt.make(name, **settings).fit(data).recommend(n=5) for data in (kept, summed))
    assert one.to_frame().equals(other.to_frame())


def test_protocols_hide_each_pair_once(clicks: lt.Interactions) -> None:
    summed = lt.Interactions.from_frame(CLICKS)
    for name in ("next-item:fraction=0.5", "leave-last-out"):
        kept, merged = (protocols.named(name, data).folds(data) for data in (clicks, summed))
        for one, other in zip(kept, merged, strict=True):
            assert one.train.fingerprint == other.train.fingerprint
            assert one.test is not None
            assert other.test is not None
            assert one.test.fingerprint == other.test.fingerprint
    assert Bakeoff(clicks, ["popular"], "leave-last-out").data.fingerprint == summed.fingerprint


# -- histories ---------------------------------------------------------------------------------------------------------


def test_histories_may_be_lists_of_items() -> None:
    ids = lt.Ids([5, 9, 7], kind="item")
    assert folded([[9, 5, 9], (7,), []], ids).toarray().tolist() == [[1.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0] * 3]
    assert as_ids(folded([[9, 5, 9], {7: 1.0, 5: 1.0}], ids, ordered=True), ids) == [[9, 5, 9], [7, 5]]
    assert folded([np.array([9, 9])], ids, highest=5.0).toarray().tolist() == [[0.0, 5.0, 0.0]]
    for wrong in ([5, 9], "59", ["59"], [[(5, 1.0)]], [[[5]]], {5: 1.0}, [np.array([[5]])]):
        with pytest.raises(ConfigError, match="or one list of items, for each person"):
            folded(wrong, ids)
    with pytest.raises(UnknownIdError):
        folded([[6]], ids)


def test_a_list_of_items_is_liked_by_a_model_of_ratings(small: lt.Interactions) -> None:
    model = lt.make("item-knn").fit(small)
    alone, rated = model.recommend_for([[10, 20, 10], {10: 5.0, 20: 5.0}], n=3).scores
    assert np.array_equal(alone, rated)


def test_rows_of_others_data_stay_in_order(clicks: lt.Interactions) -> None:
    ids = lt.Ids([10, 20, 30, 40], kind="item")
    assert as_ids(rows_of(clicks, np.array([2, 0]), ids, ordered=True), ids) == [IN_TIME["c"], IN_TIME["a"]]
    assert rows_of(clicks, np.array([0]), ids).indices.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", SEQUENCE)
def test_histories_stay_in_order(name: str, clicks: lt.Interactions, tmp_path: Path) -> None:
    """Nothing may sort or sum them: not scoring, excluding, slicing, copying, nor saving and loading."""
    model = lt.make(name).fit(clicks)
    model.recommend(n=2)
    model.recommend_for(clicks, n=2)
    model.save(tmp_path / "model")
    loaded = lt.load(tmp_path / "model")
    loaded.recommend(n=2)
    for one in (model, copy.deepcopy(model), loaded):
        assert as_ids(one.histories_, clicks.item_ids) == list(IN_TIME.values())
        assert as_ids(one.histories_[1:], clicks.item_ids) == [IN_TIME["b"], IN_TIME["c"]]
        assert as_ids(one.histories_[np.array([2, 0])], clicks.item_ids) == [IN_TIME["c"], IN_TIME["a"]]
    assert as_ids(model.fold(clicks), clicks.item_ids) == list(IN_TIME.values())


@pytest.mark.parametrize("name", SEQUENCE)
def test_all_ways_to_ask_agree(name: str, clicks: lt.Interactions) -> None:
    model = by_history(name).fit(clicks)
    ways = [
        model.recommend(n=3, exclude="none"),
        model.recommend_for(list(IN_TIME.values()), n=3, exclude="none"),
        model.recommend_for(clicks, n=3, exclude="none"),
    ]
    for other in ways[1:]:
        assert np.array_equal(ways[0].items, other.items)
        assert np.array_equal(ways[0].scores, other.scores)
    seen = model.recommend_for([[30, 30, 10]], n=3).of(0)
    assert set(seen) <= {20}


@pytest.mark.parametrize("name", ["ar", "sr", "markov", "vsknn", "stan"])
def test_order_matters(name: str) -> None:
    rows = {"session": [1, 1, 2, 2, 3, 3], "item": [5, 7, 6, 8, 6, 9], "timestamp": [1, 2, 3, 4, 5, 6]}
    model = lt.make(name).fit(lt.Interactions.from_frame(rows, duplicates="keep"))
    lists = model.recommend_for([[5, 6], [6, 5]], n=1)
    assert lists.of(1) == [7]
    assert lists.of(0) != [7]


def test_only_what_was_liked_is_part_of_a_sequence() -> None:
    rows = {"user": [1, 1, 1, 2, 2], "item": [5, 6, 7, 5, 7], "rating": [5.0, 1.0, 4.0, 5.0, 1.0]}
    data = lt.Interactions.from_frame(rows)
    assert lt.make("markov").fit(data).recommend_for([[5]], n=1).of(0) == [6]
    assert lt.make("markov", preference="liked").fit(data).recommend_for([[5]], n=1).of(0) == [7]


def test_items_of_every_session_have_no_rarity_rather_than_a_negative_one() -> None:
    rows = {"session": [1, 1, 1, 2, 2], "item": [5, 5, 6, 5, 6]}
    model = lt.make("vsknn").fit(lt.Interactions.from_frame(rows, duplicates="keep"))
    assert model.recommend_for([[5]], n=2, exclude="none").scores.tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize("name", SEQUENCE)
def test_what_is_learned_online_is_the_latest_event(name: str, clicks: lt.Interactions) -> None:
    model = by_history(name).fit(clicks).learn(["c", "a", "c"], [20, 10, 10], [1.0, 1.0, 1.0])
    assert as_ids(model.histories_, clicks.item_ids) == [[*IN_TIME["a"], 10], IN_TIME["b"], [*IN_TIME["c"], 20, 10]]
    known, asked = (
        model.recommend(["c"], n=3, exclude="none"),
        model.recommend_for([[10, 10, 20, 10]], n=3, exclude="none"),
    )
    assert np.array_equal(known.scores, asked.scores)


def test_a_repeat_is_a_rule_of_its_own() -> None:
    rows = {"session": [1, 1, 1, 1], "item": [5, 5, 5, 6]}
    data = lt.Interactions.from_frame(rows, duplicates="keep")
    shares = {name: lt.make(name).fit(data).rules_.toarray()[0].tolist() for name in ("ar", "markov")}
    assert shares["ar"] == pytest.approx([6 / 9, 3 / 9])
    assert shares["markov"] == pytest.approx([2 / 3, 1 / 3])


def test_weightings_of_sequential_rules() -> None:
    rows = {"session": [1, 1, 1, 1], "item": [5, 6, 7, 8]}
    data = lt.Interactions.from_frame(rows, duplicates="keep")
    d = np.array([1.0, 2.0, 3.0])
    weights = {"same": d**0, "linear": 1 - d / 10, "reciprocal": 1 / d, "quadratic": d**-2}
    for weighting, expected in weights.items():
        row = lt.make("sr", weighting=weighting).fit(data).rules_.toarray()[0, 1:]
        assert row.tolist() == pytest.approx((expected / expected.sum()).tolist())
    assert lt.make("sr", steps=2).fit(data).rules_.toarray()[0].tolist() == pytest.approx([0, 0.8, 0.2, 0])
    assert lt.make("sr", kept=1).fit(data).rules_.toarray()[0].tolist() == pytest.approx([0, 1 / (49 / 36), 0, 0])


def test_metrics_are_not_misled_by_repeats(clicks: lt.Interactions) -> None:
    lists = lt.make("popular").fit(clicks).recommend(n=2, exclude="none")
    once = clicks.once
    with pytest.raises(DataError, match=r"the test data repeat pairs of user and item; measure against test\.once"):
        lt.metrics.hit_rate(lists, clicks)
    assert float(lt.metrics.hit_rate(lists, once)) == 1.0
    for metric in (lt.metrics.mean_inverse_user_frequency, lt.metrics.self_information):
        assert float(metric(lists, clicks)) == float(metric(lists, once))
    one, other = (lt.metrics.vector_cosine(data).pairs(np.array([0]), np.array([1])) for data in (clicks, once))
    assert np.array_equal(one, other)
    assert summarize(clicks)["density"] == summarize(once)["density"] == 6 / 9
