"""Comparing lists: against the formulas written out item by item, against their limits, and on published figures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import longtail as lt
from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics import comparison
from longtail.evaluation.metrics.comparison import kendall_tau_top, rank_biased_overlap, top_n_change

rankings = st.lists(st.integers(0, 14), max_size=8, unique=True)


def top_n(*rows: list[int], users: list[str] | None = None, items: list[int] | None = None) -> lt.TopN:
    names, known = users or [f"u{k}" for k in range(len(rows))], items or list(range(50))
    width, ids = max([1, *map(len, rows)]), lt.Ids(known)
    table = [[*map(known.index, row), *[-1] * (width - len(row))] for row in rows]
    scores = [[*range(width, width - len(row), -1), *[-np.inf] * (width - len(row))] for row in rows]
    return lt.TopN(np.arange(len(rows)), np.array(table).reshape(-1, width), scores, lt.Ids(names), ids)


def plain_overlap(s: list[int], t: list[int], p: float, ends: int) -> float:
    """The sum of RBO down to depth `ends`, the agreement beyond the lists as the extrapolation assumes it."""
    if not s or not t:
        return 0.0
    short, long = sorted((len(s), len(t)))
    agreement = {}
    for d in range(1, long + 1):
        common = len(set(s[:d]) & set(t[:d]))
        shared_at_short = len(set(s[:short]) & set(t[:short]))
        agreement[d] = (common + max(d - short, 0) * shared_at_short / short) / d
    return sum((1 - p) * p ** (d - 1) * agreement[min(d, long)] for d in range(1, ends + 1))


def plain_kendall(s: list[int], t: list[int], penalty: float) -> float:
    """1 - K^(p) / K_max, case by case as the paper lists them."""

    def k(s: list[int], t: list[int]) -> float:
        total = 0.0
        for a, b in itertools.combinations(sorted({*s, *t}), 2):
            if all(x in s and x in t for x in (a, b)):
                total += (s.index(a) < s.index(b)) != (t.index(a) < t.index(b))
            elif (a in s and b in s) != (a in t and b in t):
                whole, part = (s, t) if a in s and b in s else (t, s)
                if a in part or b in part:
                    held, lacking = (a, b) if a in part else (b, a)
                    total += whole.index(lacking) < whole.index(held)
                else:
                    total += penalty
            else:
                total += 1  # one only here, the other only there
        return total

    return 1 - k(s, t) / k(s, [x + 100 for x in t])


@given(rankings, rankings, st.floats(0.05, 0.95))
def test_rbo_is_the_sum_it_says(s: list[int], t: list[int], p: float) -> None:
    pair = top_n(s), top_n(t)
    extrapolated = rank_biased_overlap(*pair, p)
    if not s and not t:
        assert np.isnan(extrapolated)
        return
    assert extrapolated == pytest.approx(plain_overlap(s, t, p, ends=600), abs=1e-9)
    long = max(len(s), len(t))
    plain = sum((1 - p) * p ** (d - 1) * len(set(s[:d]) & set(t[:d])) / d for d in range(1, long + 1))
    assert rank_biased_overlap(*pair, p, form="truncated") == pytest.approx(plain, abs=1e-9)
    assert rank_biased_overlap(*pair, p, form="normalized") == pytest.approx(plain / (1 - p**long), abs=1e-9)
    assert rank_biased_overlap(pair[1], pair[0], p) == pytest.approx(float(extrapolated), abs=1e-12)
    assert -1e-12 <= extrapolated <= 1 + 1e-12


def test_rbo_of_lists_other_libraries_publish_a_value_for() -> None:
    """The example in the README of the Scala library `rankmeasures`."""
    assert rank_biased_overlap(top_n([1, 2, 3, 4, 5]), top_n([2, 3, 4, 1, 5]), 0.9) == pytest.approx(0.828, abs=5e-4)


@given(rankings.filter(bool), st.floats(0.05, 0.95))
def test_equal_lists_agree_and_lists_without_a_common_item_do_not(s: list[int], p: float) -> None:
    same, apart = top_n(s), top_n([x + 20 for x in s])
    assert rank_biased_overlap(same, same, p) == pytest.approx(1.0)
    assert rank_biased_overlap(same, same, p, form="truncated") == pytest.approx(1 - p ** len(s))
    assert rank_biased_overlap(same, apart, p) == 0.0
    assert (top_n_change(same, same), top_n_change(same, apart)) == (0.0, 1.0)
    assert kendall_tau_top(same, apart) == 0.0
    assert kendall_tau_top(same, same) == 1.0


def test_the_top_weighs_more() -> None:
    lists = top_n(list(range(10)))
    first, last = top_n([40, *range(1, 10)]), top_n([*range(9), 40])
    assert rank_biased_overlap(lists, first) < rank_biased_overlap(lists, last)
    assert top_n_change(lists, first) == top_n_change(lists, last) == pytest.approx(0.1)


@given(rankings, rankings, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_kendall_counts_the_pairs_of_the_paper(s: list[int], t: list[int], penalty: float) -> None:
    value = kendall_tau_top(top_n(s), top_n(t), penalty=penalty)
    most = len(s) * len(t) + penalty * (len(s) * (len(s) - 1) + len(t) * (len(t) - 1)) / 2
    if most:
        assert value == pytest.approx(plain_kendall(s, t, penalty))
        assert -1e-12 <= value <= 1
    else:
        assert np.isnan(value)


@given(rankings, rankings)
def test_change_is_the_share_of_what_is_new(s: list[int], t: list[int]) -> None:
    value = top_n_change(top_n(s), top_n(t))
    assert np.isnan(value) if not s else value == pytest.approx(len({*s} - {*t}) / len(s))


def test_users_are_matched_by_id_and_those_without_a_partner_are_undefined() -> None:
    lists = top_n([1, 2], [3, 4], [5, 6], users=["ann", "bob", "cy"])
    other = top_n([3, 9], [1, 2], users=["bob", "ann"])
    value = top_n_change(lists, other)
    assert value.per_user.tolist()[:2] == [0.0, 0.5]
    assert np.isnan(value.per_user[2])
    assert value == 0.25
    assert value.users.tolist() == [0, 1, 2]


def test_items_are_matched_by_id_where_one_side_knows_more() -> None:
    lists, other = top_n([7, 8], items=[7, 8]), top_n([9, 8], items=[9, 8, 7])
    assert top_n_change(lists, other) == 0.5
    assert rank_biased_overlap(lists, other, 0.5) == pytest.approx(0.25 * 0.5 + 0.25 * 0.5)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    lists, other = (top_n(*[rng.permutation(30)[:7].tolist() for _ in range(40)]) for _ in range(2))
    metrics = (rank_biased_overlap, top_n_change, kendall_tau_top)
    whole = [metric(lists, other).per_user for metric in metrics]
    monkeypatch.setattr(comparison, "CELLS_AT_ONCE", 100)
    for metric, before in zip(metrics, whole, strict=True):
        assert np.array_equal(metric(lists, other).per_user, before)


def test_no_lists_at_all_are_undefined() -> None:
    nothing = top_n([1]).head(1)
    nothing = lt.TopN(nothing.users[:0], nothing.items[:0], nothing.scores[:0], nothing.user_ids, nothing.item_ids)
    assert np.isnan(rank_biased_overlap(nothing, nothing))


def test_what_cannot_be_is_refused() -> None:
    lists = top_n([1, 2])
    for p in (0.0, 1.0, -1.0, np.nan):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            rank_biased_overlap(lists, lists, p)
    with pytest.raises(ConfigError, match="extrapolated, truncated, normalized"):
        rank_biased_overlap(lists, lists, form="plain")
    with pytest.raises(ConfigError, match="from 0 to 1"):
        kendall_tau_top(lists, lists, penalty=1.5)
    twice = lt.TopN([0, 0], [[1], [2]], [[1.0], [1.0]], lt.Ids(["ann"]), lt.Ids([1, 2, 3]))
    again = lt.TopN([0], [[1, 1, 2]], [[3.0, 2.0, 1.0]], lt.Ids(["ann"]), lt.Ids([1, 2, 3]))
    gap = lt.TopN([0], [[1, -1, 2]], [[3.0, 2.0, 1.0]], lt.Ids(["ann"]), lt.Ids([1, 2, 3]))
    for wrong, words in ((again, "ann holds the same item twice"), (gap, "ann holds an empty place before an item")):
        for pair in ((wrong, lists), (lists, wrong)):
            for metric in (rank_biased_overlap, top_n_change, kendall_tau_top):
                with pytest.raises(DataError, match=words):
                    metric(*pair)
    for pair in ((twice, lists), (lists, twice)):
        with pytest.raises(DataError, match="user ann has more than one list"):
            top_n_change(*pair)
