import math
import tracemalloc

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longtail as lt
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics import fairness as metrics
from longtail.evaluation.metrics.groups import Groups, activity_groups, catalog_groups, popularity_groups
from longtail.evaluation.metrics.value import MetricValue

N_ITEMS = 6
ITEM_IDS = Ids(range(N_ITEMS), kind="item")
LABELS: list[str | None] = ["a", "b", "b", "c", None, "c"]
GROUPS = Groups.from_labels(ITEM_IDS, LABELS)

rows_of_lists = st.lists(st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=3), max_size=5)


def top_n(rows: list[list[int]], item_ids: Ids = ITEM_IDS) -> TopN:
    items = np.array([row + [-1] * (3 - len(row)) for row in rows], dtype=np.int32).reshape(len(rows), 3)
    return TopN(np.arange(len(rows)), items, np.zeros(items.shape), Ids(range(len(rows)), kind="user"), item_ids)


def exposure_of(row: list[int], label: str | None, discount: str) -> float:
    weights = [1 / math.log2(place + 2) if discount == "log" else 1.0 for place in range(len(row))]
    return sum(weight for weight, item in zip(weights, row, strict=True) if label is None or LABELS[item] == label)


@settings(max_examples=120, deadline=None)
@given(
    rows=rows_of_lists,
    discount=st.sampled_from(["log", "none"]),
    merit=st.none() | st.sets(st.tuples(st.integers(0, 3), st.integers(0, N_ITEMS - 1)), min_size=1),
)
def test_exposure_agrees_with_a_plain_loop(
    rows: list[list[int]], discount: metrics.Discount, merit: set[tuple[int, int]] | None
) -> None:
    total = sum(exposure_of(row, None, discount) for row in rows)
    got = {label: sum(exposure_of(row, label, discount) for row in rows) for label in "abc"}
    found = metrics.item_exposure(top_n(rows), GROUPS, discount=discount)
    assert list(found) == ["a", "b", "c"]
    for label, value in found.items():
        assert value == pytest.approx(got[label] / total if total else math.nan, nan_ok=True)
        each = [
            exposure_of(row, label, discount) / exposure_of(row, None, discount) if row else math.nan for row in rows
        ]
        assert value.per_user == pytest.approx(each, nan_ok=True)

    deserved = {label: float(LABELS.count(label)) for label in "abc"}
    worth = None
    if merit is not None:
        users, items = np.array(sorted(merit), dtype=np.int32).T
        worth = lt.Interactions(users, items, np.ones(len(users)), Ids(range(4)), ITEM_IDS)
        deserved = {label: float(sum(LABELS[item] == label for _, item in merit)) for label in "abc"}
    ratios = {
        label: got[label] / sum(got.values()) / (deserved[label] / sum(deserved.values()))
        if sum(got.values()) and deserved[label]
        else math.nan
        for label in "abc"
    }
    assert metrics.exposure_ratios(top_n(rows), GROUPS, merit=worth, discount=discount) == pytest.approx(
        ratios, nan_ok=True
    )
    known = [one for one in ratios.values() if not math.isnan(one)]
    expected = 1 - min(known) / max(known) if len(known) > 1 and max(known) > 0 else math.nan
    disparity = metrics.exposure_disparity(top_n(rows), GROUPS, merit=worth, discount=discount)
    assert disparity == pytest.approx(expected, nan_ok=True)


def test_the_ends_of_disparity() -> None:
    even = Groups.from_labels(ITEM_IDS, ["a", "b", "a", "b", None, None])
    assert metrics.exposure_disparity(top_n([[0, 1], [3, 2]]), even) == pytest.approx(0.0)
    assert metrics.exposure_disparity(top_n([[0, 2]]), even) == pytest.approx(1.0)
    assert math.isnan(metrics.exposure_disparity(top_n([[4, 5]]), even))
    liked = lt.Interactions([0, 0], [1, 3], [1.0, 1.0], Ids([0]), ITEM_IDS)
    assert math.isnan(metrics.exposure_disparity(top_n([[0]]), GROUPS, merit=liked))  # what is shown deserves nothing


def test_without_a_group_nothing_is_shared_out(small: lt.Interactions) -> None:
    """A column of the catalogue that is empty throughout, of None or of the NaN that pandas writes."""
    for labels in ([None] * N_ITEMS, [math.nan] * N_ITEMS):
        groups = Groups.from_labels(ITEM_IDS, labels)
        assert (groups.names, groups.of.tolist()) == ((), [-1] * N_ITEMS)
        assert metrics.item_exposure(top_n([[0, 1]]), groups) == {}
        assert metrics.exposure_ratios(top_n([[0, 1]]), groups) == {}
        assert math.isnan(metrics.exposure_disparity(top_n([[0, 1]]), groups))


def test_many_groups_need_no_table_of_lists_and_groups() -> None:
    """20,000 lists and 5,000 providers: such a table of floats would be 800 MB."""
    n_lists, n_items = 20_000, 5_000
    items = (np.arange(n_lists)[:, None] * 3 + np.arange(5)) % n_items
    lists = TopN(np.arange(n_lists), items, np.zeros(items.shape), Ids(range(n_lists)), Ids(range(n_items)))
    groups = Groups(lists.item_ids, tuple(map(str, range(n_items))), np.arange(n_items))
    tracemalloc.start()
    disparity = metrics.exposure_disparity(lists, groups, discount="none")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    shown = np.bincount(items.ravel())
    assert disparity == pytest.approx(1 - shown.min() / shown.max())
    assert peak < 30e6


def test_groups_of_other_ids_are_matched_by_id() -> None:
    other = Ids([5, 3, 99], kind="item")
    found = metrics.item_exposure(top_n([[0, 2]], other), GROUPS, discount="none")
    assert {name: float(value) for name, value in found.items()} == {"a": 0.0, "b": 0.0, "c": 0.5}


def test_the_gap_between_groups_of_users() -> None:
    users = Groups.from_labels(Ids(["ann", "bob", "cy", "dee", "eve"], kind="user"), ["x", "y", "x", "z", None])
    value = MetricValue.over_users("ndcg", [4, 0, 1, 2, 3], [0.0, 1.0, 0.25, 0.5, np.nan])
    by_group = metrics.per_user_group(value, users)
    assert by_group == pytest.approx({"x": 0.75, "y": 0.25, "z": math.nan}, nan_ok=True)
    assert by_group["x"].users.tolist() == [0, 2]
    assert by_group["x"].name == "ndcg"
    gap = metrics.user_group_gap(value, users)
    assert gap == 0.5
    assert gap.name == "user_group_gap"
    assert math.isnan(metrics.user_group_gap(value, Groups.from_labels(users.ids, ["x"] * 5)))
    with pytest.raises(DataError, match="groups of 2 users do not fit a metric of user 4"):
        metrics.user_group_gap(value, Groups.from_labels(Ids(["ann", "bob"]), ["x", "y"]))


def test_groups_of_a_catalog() -> None:
    items = pl.DataFrame({"item": [1, 2, 3], "year": [1999, None, 1950], "genres": [["Drama"], [], []]})
    users = pl.DataFrame({"user": [1, 2], "gender": ["F", "M"]})
    data = lt.Interactions.from_frame({"user": [2, 1, 2], "item": [1, 2, 3]}, catalog=Catalog(items, users))
    years = catalog_groups(data, "year")
    assert (years.names, years.of.tolist()) == (("1950", "1999"), [1, -1, 0])
    assert catalog_groups(data, "gender", of="users").of.tolist() == [1, 0]
    for column, of in (("genres", "items"), ("studio", "items"), ("age", "users")):
        with pytest.raises(DataError, match=f"a column '{column}' of single values"):
            catalog_groups(data, column, of=of)
    with pytest.raises(ConfigError, match="of must be items or users, not 'films'"):
        catalog_groups(data, "year", of="films")


def test_groups_by_activity(small: lt.Interactions) -> None:
    groups = activity_groups(small, edges=(3, 4))
    assert groups.names == ("under 3", "3 to 3", "4 and more")
    assert groups.sizes.tolist() == [0, 4, 1]
    assert groups.of[small.user_ids.index([5])].tolist() == [2]
    for edges in ((), (0, 4), (5, 5)):
        with pytest.raises(ConfigError, match="edges must be increasing"):
            activity_groups(small, edges=edges)


def test_groups_that_cannot_be_are_refused(small: lt.Interactions) -> None:
    with pytest.raises(DataError, match="2 labels do not fit 6 ids"):
        Groups.from_labels(ITEM_IDS, ["a", "b"])
    with pytest.raises(DataError, match="a group index is outside the 1 groups"):
        Groups(Ids([1]), ("a",), np.array([1]))
    with pytest.raises(DataError, match="do not fit 1 ids"):
        Groups(Ids([1]), ("a",), np.array([0, 0]))
    with pytest.raises(ConfigError, match="head and tail must be shares"):
        popularity_groups(small, head=0.6, tail=0.5)
    with pytest.raises(ConfigError, match="discount must be log or none, not 'square'"):
        metrics.item_exposure(top_n([[0]]), GROUPS, discount="square")  # type: ignore[arg-type]
