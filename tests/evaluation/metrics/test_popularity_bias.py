import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longtail as lt
from longtail.data.ids import Ids
from longtail.data.results import TopN
from longtail.errors import ConfigError, UnknownIdError
from longtail.evaluation.metrics import popularity_bias as metrics
from longtail.evaluation.metrics.groups import popularity_groups

N_ITEMS = 7
ITEM_IDS = Ids(range(N_ITEMS), kind="item")

rows_of_lists = st.lists(st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=5), max_size=6)
pairs_seen = st.sets(st.tuples(st.integers(0, 3), st.integers(0, N_ITEMS - 1)))


def top_n(rows: list[list[int]], n: int = 5) -> TopN:
    items = np.array([row + [-1] * (n - len(row)) for row in rows], dtype=np.int32).reshape(len(rows), n)
    return TopN(np.arange(len(rows)), items, np.zeros(items.shape), Ids(range(len(rows)), kind="user"), ITEM_IDS)


def interactions(seen: set[tuple[int, int]]) -> lt.Interactions:
    users, items = np.array(sorted(seen), dtype=np.int32).reshape(-1, 2).T
    return lt.Interactions(users, items, np.ones(len(users)), Ids(range(4)), ITEM_IDS)


def mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


@settings(max_examples=120, deadline=None)
@given(rows=rows_of_lists, seen=pairs_seen, head=st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_popularity_of_lists_agrees_with_a_plain_loop(
    rows: list[list[int]], seen: set[tuple[int, int]], head: float
) -> None:
    train, counts = interactions(seen), Counter(item for _, item in seen)
    means = [mean([float(counts[item]) for item in row]) for row in rows]
    value = metrics.average_recommendation_popularity(top_n(rows), train)
    assert value.per_user == pytest.approx(means, nan_ok=True)
    assert value == pytest.approx(mean(means), nan_ok=True)

    inside, held = set(), 0
    for item in sorted(counts, key=lambda one: (-counts[one], one)):
        if held < head * len(seen):
            inside.add(item)
        held += counts[item]
    assert set(np.flatnonzero(metrics.head_items(train, head)).tolist()) == inside
    shares = [mean([float(item not in inside) for item in row]) for row in rows]
    value = metrics.long_tail_share(top_n(rows), train, head)
    assert value.per_user == pytest.approx(shares, nan_ok=True)
    assert value == pytest.approx(mean(shares), nan_ok=True)


@settings(max_examples=120, deadline=None)
@given(rows=rows_of_lists)
def test_gini_is_half_the_relative_mean_difference_and_twice_the_area_above_the_curve(rows: list[list[int]]) -> None:
    counts = Counter(itertools.chain(*rows))
    shown = [counts[item] for item in range(N_ITEMS)]
    assert metrics.exposures(top_n(rows)).tolist() == shown
    if not sum(shown):
        assert math.isnan(metrics.gini(top_n(rows)))
        assert np.isnan(metrics.lorenz_curve(top_n(rows))[:, 1]).all()
        return
    differences = sum(abs(a - b) for a, b in itertools.product(shown, repeat=2))
    plain = differences / (2 * N_ITEMS * sum(shown))
    assert metrics.gini(top_n(rows)) == pytest.approx(plain)
    assert metrics.gini(top_n(rows), corrected=True) == pytest.approx(plain * N_ITEMS / (N_ITEMS - 1))
    curve = metrics.lorenz_curve(top_n(rows), points=N_ITEMS + 1)
    assert curve[0].tolist() == [0.0, 0.0]
    assert curve[-1].tolist() == [1.0, 1.0]
    assert 1 - 2 * np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(plain)
    assert (np.diff(curve[:, 1]) >= -1e-12).all()


@pytest.mark.parametrize("percent", range(1, 50))
def test_shares_are_cut_where_they_are_written(percent: int) -> None:
    """A hundred items with one interaction each: a head of 7 % is 7 of them, although 0.07 * 100 is more than 7."""
    train = lt.Interactions.from_frame({"user": range(100), "item": range(100)})
    assert metrics.head_items(train, percent / 100).sum() == percent
    assert popularity_groups(train, percent / 100, percent / 100).sizes.tolist() == [
        percent,
        100 - 2 * percent,
        percent,
    ]


def test_the_ends_of_gini() -> None:
    assert metrics.gini(top_n([[0], [0], [0]])) == pytest.approx((N_ITEMS - 1) / N_ITEMS)
    assert metrics.gini(top_n([[0], [0]]), corrected=True) == pytest.approx(1.0)
    assert metrics.gini(top_n([[item] for item in range(N_ITEMS)])) == pytest.approx(0.0)
    assert np.isnan(metrics.gini(top_n([[0]])).per_user).all()


def test_head_mid_and_tail_by_hand() -> None:
    # Ten interactions: items 0 to 3 have 4, 3, 2 and 1; 4, 5 and 6 none.
    train = interactions({(user, item) for item, count in enumerate([4, 3, 2, 1]) for user in range(count)})
    groups = popularity_groups(train)  # the head holds 20 %, the tail 20 %
    assert [groups.names[group] for group in groups.of] == ["head", "mid", "mid", *["tail"] * 4]
    groups = popularity_groups(train, head=0.5, tail=0.3)
    assert [groups.names[group] for group in groups.of] == ["head", "head", *["tail"] * 5]
    assert metrics.head_items(train, 0.7).tolist() == [True, True, *[False] * 5]
    assert metrics.head_items(train, 1.0).tolist() == [True] * 4 + [False] * 3


@pytest.mark.parametrize("head", [0.0, -0.1, 1.1, math.nan])
def test_a_head_that_cannot_be_is_refused(head: float) -> None:
    with pytest.raises(ConfigError, match="head must be a share above 0 and at most 1"):
        metrics.long_tail_share(top_n([[0]]), interactions({(0, 0)}), head=head)


def test_other_refusals() -> None:
    with pytest.raises(ConfigError, match="at least 2 points"):
        metrics.lorenz_curve(top_n([[0]]), points=1)
    other = lt.Interactions.from_frame({"user": [1], "item": [3]})
    with pytest.raises(UnknownIdError, match="unknown item 5"):
        metrics.average_recommendation_popularity(top_n([[3, 5]]), other)
