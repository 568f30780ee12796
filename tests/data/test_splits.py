"""Every split divides the rows as it says, and shares what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import longtail as lt
from longtail.data.interactions import Interactions
from longtail.data.splits import Split, by_time, k_fold, leave_one_out, predefined, random_holdout
from longtail.errors import ConfigError, DataError

Row = tuple[int, int, float, int]


@st.composite
def interactions(draw: st.DrawFn, min_rows: int = 2) -> Interactions:
    """Distinct pairs of a few users and items in any order, with times that often tie."""
    pairs = draw(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9)), unique=True, min_size=min_rows, max_size=40))
    times = draw(st.lists(st.integers(0, 8), min_size=len(pairs), max_size=len(pairs)))
    users, items = zip(*pairs, strict=True)
    ratings = [float(row % 5 + 1) for row in range(len(pairs))]
    return Interactions.from_frame({"user": users, "item": items, "rating": ratings, "timestamp": times})


def rows(data: Interactions) -> list[Row]:
    return list(data.to_frame().rows())


def assert_divides(data: Interactions, split: Split) -> None:
    """Every row is once in train or test, in its old order, and everything else is shared."""
    train, test = split
    assert len(train)
    assert len(test)
    assert sorted(rows(train) + rows(test)) == sorted(rows(data))
    for part in split:
        place = [rows(data).index(row) for row in rows(part)]
        assert place == sorted(place)
        assert part.user_ids is data.user_ids
        assert part.item_ids is data.item_ids
        assert (part.scale, part.feedback, part.catalog) == (data.scale, data.feedback, data.catalog)


@given(interactions(), st.floats(0.05, 0.95), st.sampled_from(["user", "item"]))
def test_random_holdout_divides_the_rows_of_each(data: Interactions, fraction: float, per: Any) -> None:
    counts = data.user_counts if per == "user" else data.item_counts
    wanted = np.rint(fraction * counts)
    if not 0 < wanted.sum() < len(data):
        with pytest.raises(DataError, match="choose another fraction"):
            random_holdout(data, fraction, per=per)
        return
    split = random_holdout(data, fraction, per=per)
    test = split[1]
    assert_divides(data, split)
    assert np.array_equal(test.user_counts if per == "user" else test.item_counts, wanted)
    assert rows(random_holdout(data, fraction, per=per)[1]) == rows(test)


def test_random_holdout_names_whose_rows() -> None:
    data = Interactions.from_frame({"user": [1, 1], "item": [1, 2], "rating": [1.0, 2.0]})
    with pytest.raises(ConfigError, match="per must be one of data, user, item, not 'person'"):
        random_holdout(data, 0.5, per="person")  # type: ignore[arg-type]


@given(interactions(), st.floats(0.05, 0.95), st.integers(0, 99))
def test_random_holdout_divides_by_the_fraction(data: Interactions, fraction: float, seed: int) -> None:
    wanted = round(fraction * len(data))
    if wanted in (0, len(data)):
        with pytest.raises(DataError, match=r"nothing is left in (train|test)"):
            random_holdout(data, fraction, seed=seed)
        return
    split = random_holdout(data, fraction, seed=seed)
    assert_divides(data, split)
    assert len(split[1]) == wanted
    assert rows(random_holdout(data, fraction, seed=seed)[1]) == rows(split[1])


@given(interactions(), st.integers(2, 7), st.integers(0, 99))
def test_folds_partition_the_rows(data: Interactions, k: int, seed: int) -> None:
    if k > len(data):
        with pytest.raises(ConfigError, match="k must be"):
            k_fold(data, k, seed=seed)
        return
    folds = list(k_fold(data, k, seed=seed))
    for split in folds:
        assert_divides(data, split)
    assert sorted(row for _, test in folds for row in rows(test)) == sorted(rows(data))
    sizes = [len(test) for _, test in folds]
    assert len(sizes) == k
    assert max(sizes) - min(sizes) <= 1


@given(interactions(), st.sampled_from(["random", "last"]), st.integers(1, 5), st.integers(0, 99))
def test_leave_one_out_takes_one_row_of_each_eligible_user(
    data: Interactions, which: str, min_history: int, seed: int
) -> None:
    eligible = data.user_counts >= min_history
    if not eligible.any() or eligible.sum() == len(data):
        with pytest.raises(DataError, match=r"nothing is left in (train|test)"):
            leave_one_out(data, which=which, min_history=min_history, seed=seed)
        return
    split = leave_one_out(data, which=which, min_history=min_history, seed=seed)
    assert_divides(data, split)
    assert np.array_equal(split[1].user_counts, eligible.astype(int))


@given(interactions())
def test_last_is_the_latest_and_ties_go_to_the_later_row(data: Interactions) -> None:
    if not (data.user_counts >= 2).any():
        return
    _, test = leave_one_out(data, which="last")
    for user, item, _, _ in rows(test):
        theirs = [row for row in rows(data) if row[0] == user]
        latest = max(time for *_, time in theirs)
        assert item == [row[1] for row in theirs if row[3] == latest][-1]


@given(interactions(), st.floats(0.05, 0.95))
def test_by_time_trains_strictly_before_it_tests(data: Interactions, fraction: float) -> None:
    assert data.times is not None
    wanted = max(1, round(fraction * len(data)))
    cut = np.sort(data.times)[len(data) - wanted]
    if cut == data.times.min():
        with pytest.raises(DataError, match="nothing is left in train"):
            by_time(data, fraction=fraction)
        return
    train, test = by_time(data, fraction=fraction)
    assert_divides(data, (train, test))
    assert train.times is not None
    assert test.times is not None
    assert train.times.max() < test.times.min()
    assert len(test) >= wanted
    assert np.count_nonzero(test.times > test.times.min()) < wanted, "a later cut would have been enough"


def test_by_time_cuts_at_a_moment() -> None:
    data = Interactions.from_frame(
        {"user": [1, 2, 3], "item": [1, 1, 1], "rating": [1.0, 2.0, 3.0], "timestamp": [10, 30, 20]}
    )
    train, test = by_time(data, at=20)
    assert [row[3] for row in rows(train)] == [10]
    assert [row[3] for row in rows(test)] == [30, 20]
    with pytest.raises(DataError, match="nothing is left in test of 3 rows; the cut is at 31"):
        by_time(data, at=31)


def test_random_choice_of_leave_one_out_is_even() -> None:
    data = Interactions.from_frame({"user": [1] * 4 + [2] * 4, "item": [1, 2, 3, 4] * 2, "rating": [3.0] * 8})
    times_held_out = np.zeros(len(data.item_ids))
    for seed in range(400):
        times_held_out += leave_one_out(data, seed=seed)[1].item_counts
    assert (np.abs(times_held_out - 200) < 5 * np.sqrt(800 * 0.25 * 0.75)).all()


@pytest.mark.parametrize("per", ["user", "item"])
def test_random_choice_of_each_share_is_even(per: Any) -> None:
    data = Interactions.from_frame({"user": [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4, "item": [1, 2, 3, 4] * 4})
    held_out = np.zeros((4, 4))
    for seed in range(400):
        test = random_holdout(data, 0.25, per=per, seed=seed)[1]
        held_out[test.users, test.items] += 1
    assert (np.abs(held_out - 100) < 5 * np.sqrt(400 * 0.25 * 0.75)).all()


def test_seeds_decide(small: lt.Interactions) -> None:
    for split in (random_holdout, leave_one_out):
        chosen = {tuple(rows_without_time(split(small, seed=seed)[1])) for seed in range(8)}
        assert len(chosen) > 1
        assert rows_without_time(split(small, seed=3)[1]) == rows_without_time(split(small, seed=3)[1])
    first, again, other = (rows_without_time(next(k_fold(small, seed=seed))[1]) for seed in (0, 0, 1))
    assert first == again != other


def rows_without_time(data: Interactions) -> list[tuple[int, int, float]]:
    return list(data.to_frame().rows())


def test_one_user() -> None:
    data = Interactions.from_frame({"user": ["ann"] * 3, "item": ["x", "y", "z"], "rating": [1.0, 2.0, 3.0]})
    assert [len(part) for part in leave_one_out(data)] == [2, 1]
    assert [len(part) for part in random_holdout(data, 0.4)] == [2, 1]
    single = data.take(np.array([0]))
    for split in (leave_one_out, random_holdout):
        with pytest.raises(DataError, match="nothing is left"):
            split(single)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), True, "half"])
def test_a_fraction_lies_between_0_and_1(small: lt.Interactions, fraction: float) -> None:
    with pytest.raises(ConfigError, match="fraction must be a number between 0 and 1"):
        random_holdout(small, fraction)


@pytest.mark.parametrize("k", [0, 1, 17, 2.0, True])
def test_k_lies_between_2_and_the_rows_and_is_checked_at_once(small: lt.Interactions, k: int) -> None:
    with pytest.raises(ConfigError, match=r"k must be a whole number from 2 to the number of rows \(16\)"):
        k_fold(small, k)


def test_times_are_asked_for_by_name(small: lt.Interactions) -> None:
    with pytest.raises(DataError, match="load a timestamp column or use which='random'"):
        leave_one_out(small, which="last")
    with pytest.raises(DataError, match="load a timestamp column or use random_holdout"):
        by_time(small)


def test_unknown_choices(small: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match="which must be random or last, not 'first'"):
        leave_one_out(small, which="first")
    with pytest.raises(ConfigError, match="min_history must be a whole number of at least 1, not 0"):
        leave_one_out(small, min_history=0)
    with pytest.raises(DataError, match="it takes users with 6 rows or more"):
        leave_one_out(small, min_history=6)


@given(interactions(min_rows=1), interactions(min_rows=1))
def test_predefined_keeps_every_row_under_merged_ids(first: Interactions, second: Interactions) -> None:
    train, test = predefined(first, second)
    assert rows(train) == rows(first)
    assert rows(test) == rows(second)
    assert train.user_ids is test.user_ids
    assert train.item_ids is test.item_ids
    assert train.scale == test.scale == (min(first.scale[0], second.scale[0]), max(first.scale[1], second.scale[1]))
    known = first.user_ids.values.tolist()
    new = [user for user in second.user_ids.values.tolist() if user not in known]
    assert train.user_ids.values.tolist() == known + new
    assert np.array_equal(train.users, first.users)


def test_predefined_leaves_parts_that_share_ids_alone(small: lt.Interactions) -> None:
    split = random_holdout(small)
    train, test = predefined(*split, scale=(0.0, 10.0))
    assert train.user_ids is small.user_ids
    assert np.shares_memory(test.items, split[1].items)
    assert train.scale == test.scale == (0.0, 10.0)


def test_predefined_refuses_parts_that_do_not_fit() -> None:
    base = {"user": [1], "item": [1], "rating": [3.0]}
    with pytest.raises(DataError, match="user ids are integers in one part and strings in the other"):
        predefined(base, {"user": ["1"], "item": [1], "rating": [3.0]})
    with pytest.raises(DataError, match="train is explicit and test implicit"):
        predefined(base, {"user": [1], "item": [1]})
    whole = Interactions.from_frame(base)
    with pytest.raises(DataError, match="the test part has no rows"):
        predefined(whole, whole.take(np.array([], dtype=int)))


def test_predefined_reads_the_course_split(golden: Path) -> None:
    parts = (golden / "course" / f"split75_25_rs1_{name}.csv" for name in ("train", "test"))
    frames = [pl.read_csv(part, has_header=False, new_columns=["user", "item", "rating"]) for part in parts]
    train, test = predefined(*frames)
    assert (len(train), len(test)) == (75_003, 25_001)
    assert train.n_users == test.n_users == 671
    assert train.scale == test.scale == (0.5, 5.0)


def test_predefined_merges_the_ids_of_a_movielens_fold(real_data: Path) -> None:
    names = ["user", "item", "rating", "timestamp"]
    base, held_out = (
        pl.read_csv(real_data / "ml-100k" / f"u1.{part}", separator="\t", has_header=False, new_columns=names)
        for part in ("base", "test")
    )
    train, test = predefined(base, held_out)
    assert (len(train), len(test), train.n_users, train.n_items) == (80_000, 20_000, 943, 1_682)
    assert rows(train) == [(user, item, float(rating), time) for user, item, rating, time in base.rows()]
    only_in_test = set(held_out["item"]) - set(base["item"])
    assert set(train.item_ids[np.flatnonzero(train.item_counts == 0)].tolist()) == only_in_test != set()
