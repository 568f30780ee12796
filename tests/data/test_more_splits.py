"""Windows, sessions, unseen people and items: a split hides what it says and shares nothing that it must not.

Each property is checked on rows as plain tuples, against loops written here.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import longtail as lt
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError, LongtailError

Row = tuple[Any, ...]
DAY = 86_400


@st.composite
def timed(draw: st.DrawFn, min_rows: int = 6) -> Interactions:
    """Distinct pairs of a few users and items in any order, with times that often tie."""
    pairs = draw(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 9)), unique=True, min_size=min_rows, max_size=45))
    times = draw(st.lists(st.integers(0, 12), min_size=len(pairs), max_size=len(pairs)))
    users, items = zip(*pairs, strict=True)
    return Interactions.from_frame({"user": users, "item": items, "timestamp": times})


@st.composite
def visited(draw: st.DrawFn) -> Interactions:
    """The same with sessions: a user's rows of one half-day are one."""
    data = draw(timed())
    halves = [f"{user}/{time // 4}" for user, time in zip(data.users, data.times, strict=True)]
    return Interactions.from_frame(
        data.to_frame().with_columns(session=np.array(halves)), rating="rating", duplicates="sum", feedback="implicit"
    )


def rows(data: Interactions) -> list[Row]:
    return list(data.to_frame().rows())


def people(data: Interactions) -> set[Any]:
    return set(data.to_frame()["user"])


def assert_parts(data: Interactions, *parts: Interactions, whole: bool = True) -> None:
    """Rows of the data, each in one part at most, in their old order, with the ids and all else shared."""
    taken = [row for part in parts for row in rows(part)]
    assert (
        sorted(taken) == sorted(rows(data))
        if whole
        else len(set(taken)) == len(taken) and set(taken) <= set(rows(data))
    )
    for part in parts:
        place = [rows(data).index(row) for row in rows(part)]
        assert place == sorted(place)
        assert part.user_ids is data.user_ids
        assert part.item_ids is data.item_ids
        assert (part.scale, part.feedback, part.catalog) == (data.scale, data.feedback, data.catalog)


def attempt(split: Any, *args: Any, **options: Any) -> Any:
    """What a split gives; data that it cannot divide are no example."""
    try:
        return split(*args, **options)
    except DataError:
        assume(False)


# -- unseen users ------------------------------------------------------------------------------------------------------


@given(timed(), st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.sampled_from(["random", "last"]), st.integers(0, 9))
def test_unseen_users_have_no_row_in_train(
    data: Interactions, share: float, shown: float, which: Any, seed: int
) -> None:
    split = attempt(splits.unseen_users, data, share, given=shown, which=which, seed=seed)
    assert_parts(data, *split)
    eligible = np.flatnonzero(data.user_counts >= 2)
    assert len(split.users) == max(1, round(share * len(eligible)))
    assert people(split.given) == people(split.test) == set(data.user_ids[split.users])
    assert not people(split.train) & people(split.test)
    for user in split.users:
        total = data.user_counts[user]
        assert split.given.user_counts[user] == min(max(1, np.rint(shown * total)), total - 1)
    assert [rows(part) for part in split] == [
        rows(part) for part in splits.unseen_users(data, share, given=shown, which=which, seed=seed)
    ]


@given(timed(), st.integers(0, 3), st.sampled_from(["random", "last"]))
def test_cold_users_are_known_by_a_few_rows(data: Interactions, shown: int, which: Any) -> None:
    split = attempt(splits.cold_users, data, 0.4, given=shown, which=which)
    assert_parts(data, *split)
    assert not people(split.train) & (people(split.given) | people(split.test))
    assert (split.given.user_counts[split.users] == shown).all()
    assert len(split.given) == shown * len(split.users)
    assert (split.test.user_counts[split.users] == data.user_counts[split.users] - shown).all()


@given(timed())
def test_last_gives_the_first_rows_by_time_and_ties_by_place(data: Interactions) -> None:
    split = attempt(splits.unseen_users, data, 0.5, given=0.5, which="last")
    for user in split.users:
        mine = [
            (time, place) for place, (who, time) in enumerate(zip(data.users, data.times, strict=True)) if who == user
        ]
        first = sorted(mine)[: split.given.user_counts[user]]
        items = {int(data.items[place]) for _, place in first}
        assert items == set(split.given.items[split.given.users == user].tolist())


def test_histories_are_what_is_given() -> None:
    data = Interactions.from_frame(
        {"user": ["a", "a", "a", "b", "b", "b"], "item": [1, 2, 3, 1, 2, 9], "rating": [5.0, 4.0, 1.0, 2.0, 3.0, 4.5]}
    )
    split = splits.unseen_users(data, share=0.5, given=0.6)
    (history,) = split.histories()
    assert history == {item: rating for _, item, rating in rows(split.given)}
    assert splits.cold_users(data, share=0.5).histories() == [{}]


def test_every_user_is_asked_by_some_seed_and_every_row_hidden_by_some() -> None:
    data = Interactions.from_frame({"user": [1] * 4 + [2] * 4 + [3] * 4, "item": [1, 2, 3, 4] * 3})
    for split in (splits.unseen_users, splits.cold_users):
        hidden = np.zeros((3, 4))
        for seed in range(300):
            test = split(data, share=0.34, given=0.75 if split is splits.unseen_users else 3, seed=seed).test
            hidden[test.users, test.items] += 1
        assert hidden.sum() == 300
        assert (np.abs(hidden - 25) < 5 * np.sqrt(300 / 12 * 11 / 12)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: splits.unseen_users(data, 1.0), "share must be a number between 0 and 1"),
        (lambda data: splits.unseen_users(data, given=0), "given must be a number between 0 and 1"),
        (lambda data: splits.unseen_users(data, min_history=1), "min_history must be a whole number of at least 2"),
        (lambda data: splits.unseen_users(data, which="first"), "which must be random or last, not 'first'"),
        (lambda data: splits.unseen_users(data, which="last"), r"unseen_users\(which='last'\) needs times"),
        (lambda data: splits.unseen_users(data, min_history=99), "it takes users with 99 rows or more"),
        (lambda data: splits.cold_users(data, given=-1), "given must be a whole number of at least 0, not -1"),
        (lambda data: splits.cold_users(data, given=0.5), "given must be a whole number of at least 0, not 0.5"),
        (lambda data: splits.cold_users(data, given=99), "it takes users with more than 99 rows"),
        (lambda data: splits.cold_users(data, 0.99), "ask a smaller share of the users"),
        (lambda data: splits.cold_items(data, 0), "share must be a number between 0 and 1"),
        (lambda data: splits.cold_items(data, which="oldest"), "which must be random or newest, not 'oldest'"),
        (lambda data: splits.cold_items(data, which="newest"), r"cold_items\(which='newest'\) needs times"),
        (lambda data: splits.cold_items(data, 0.01), "nothing is left in test of 16 rows; choose another share"),
        (lambda data: splits.cold_items(data.take([])), "there are no rows to divide"),
        (lambda data: splits.sliding_windows(data), "sliding_windows needs times.*use k_fold"),
        (lambda data: splits.next_in_session(data), "next_in_session needs times"),
        (lambda data: splits.rest_of_session(data, given=1), "given must be a number between 0 and 1"),
        (lambda data: splits.next_in_session(data, which="first"), "which must be random or last"),
        (lambda data: splits.next_in_session(data, min_length=1), "min_length must be a whole number of at least 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_a_line(small: lt.Interactions, call: Any, message: str) -> None:
    with pytest.raises(LongtailError, match=message) as caught:
        call(small)
    assert "\n" not in str(caught.value)


# -- items -------------------------------------------------------------------------------------------------------------


@given(timed(), st.floats(0.1, 0.9), st.sampled_from(["random", "newest"]), st.integers(0, 9))
def test_cold_items_have_no_row_in_train(data: Interactions, share: float, which: Any, seed: int) -> None:
    split = attempt(splits.cold_items, data, share, which=which, seed=seed)
    assert_parts(data, *split)
    cold, known = set(split.test.items.tolist()), set(split.train.items.tolist())
    assert not cold & known
    assert len(cold) == round(share * len(cold | known))
    if which == "newest":
        first = {
            item: min(time for it, time in zip(data.items, data.times, strict=True) if it == item)
            for item in cold | known
        }
        assert max(first[item] for item in known) <= min(first[item] for item in cold)


def test_of_items_as_new_as_each_other_the_later_by_index_are_kept_back() -> None:
    data = Interactions.from_frame({"user": [1] * 5, "item": range(5), "timestamp": [0, 7, 7, 7, 7]})
    assert splits.cold_items(data, 0.4, which="newest").test.items.tolist() == [3, 4]


def test_seeds_choose_the_items() -> None:
    data = Interactions.from_frame({"user": [1] * 8 + [2] * 8, "item": list(range(8)) * 2})
    chosen = {tuple(sorted(set(splits.cold_items(data, 0.25, seed=seed).test.items))) for seed in range(20)}
    assert len(chosen) > 10
    assert (
        splits.cold_items(data, 0.25, seed=3).test.items.tolist()
        == splits.cold_items(data, 0.25, seed=3).test.items.tolist()
    )


# -- windows -----------------------------------------------------------------------------------------------------------


@given(timed(min_rows=12), st.integers(1, 4), st.floats(0.2, 0.8), st.sampled_from([None, 4 / DAY]))
def test_windows_follow_one_another(data: Interactions, number: int, fraction: float, history: float | None) -> None:
    found = list(attempt(splits.sliding_windows, data, number, fraction=fraction, history=history))
    assert len(found) == number
    for window in found:
        assert_parts(data, window.train, window.test, whole=False)
        early = [time for time in data.times if time < window.start and (history is None or time >= window.start - 4)]
        assert sorted(window.train.times) == sorted(early)
        assert sorted(window.test.times) == sorted(time for time in data.times if window.start <= time < window.end)
    for one, another in itertools.pairwise(found):
        assert one.end == another.start
    assert found[-1].end == max(data.times) + 1
    tested = sum(len(window.test) for window in found)
    wanted = round(fraction * len(data))
    assert tested >= wanted
    assert np.count_nonzero(data.times > found[0].start) < wanted, "a later start would have been enough"


def test_windows_have_equally_many_rows_where_no_second_is_shared() -> None:
    data = Interactions.from_frame({"user": [1] * 100, "item": range(100), "timestamp": range(100)})
    assert [len(test) for _, test, *_ in splits.sliding_windows(data, 5, fraction=0.5)] == [10] * 5


def test_windows_of_days_end_with_the_data() -> None:
    moments = [0, DAY, 2 * DAY, 3 * DAY - 1, 3 * DAY]
    data = Interactions.from_frame({"user": [1] * 5, "item": range(5), "timestamp": moments})
    found = list(splits.sliding_windows(data, 2, days=1, history=1.5))
    assert [(window.start, window.end) for window in found] == [(DAY + 1, 2 * DAY + 1), (2 * DAY + 1, 3 * DAY + 1)]
    assert [window.train.times.tolist() for window in found] == [[0, DAY], [DAY, 2 * DAY]]
    assert [window.test.times.tolist() for window in found] == [[2 * DAY], [3 * DAY - 1, 3 * DAY]]
    with pytest.raises(DataError, match="there are no rows in the window"):
        splits.sliding_windows(data, 5, days=0.4)
    with pytest.raises(DataError, match="there are no rows before the window"):
        splits.sliding_windows(data, 4, days=1)
    with pytest.raises(DataError, match="there are no rows before the window"):
        splits.sliding_windows(data, days=1e300)
    for wrong in ({"days": 0}, {"days": float("inf")}, {"history": -1}, {"windows": 0}, {"fraction": 2}):
        with pytest.raises(ConfigError):
            splits.sliding_windows(data, **wrong)


def test_one_window_is_a_cut() -> None:
    data = lt.datasets.synthetic(users=60, items=50, ratings=900)
    window = next(splits.sliding_windows(data, 1, fraction=0.2))
    assert [rows(part) for part in window[:2]] == [rows(part) for part in splits.by_time(data, fraction=0.2)]


# -- sessions ----------------------------------------------------------------------------------------------------------


@given(visited(), st.floats(0.1, 0.7), st.sampled_from(["last", "random", "rest"]), st.integers(2, 3))
def test_sessions_are_asked_after_all_that_is_learned(data: Interactions, part: float, how: str, least: int) -> None:
    if how == "rest":
        split = attempt(splits.rest_of_session, data, fraction=part, given=0.4, min_length=least)
    else:
        split = attempt(splits.next_in_session, data, fraction=part, which=how, min_length=least)
    whole = splits.sessions_as_users(data)
    numbers, sessions = sorted(set(data.sessions.tolist())), {}
    for number in numbers:
        mine = [
            (time, place) for place, (s, time) in enumerate(zip(data.sessions, data.times, strict=True)) if s == number
        ]
        sessions[number] = [(int(data.items[place]), time) for time, place in sorted(mine)]
    begins = sorted((session[0][1] for session in sessions.values()), reverse=True)
    cut = begins[max(round(part * len(begins)) - 1, 0)]
    before = {number for number, session in sessions.items() if session[-1][1] < cut}
    after = {number for number, session in sessions.items() if session[0][1] >= cut and len(session) >= least}
    assert people(split.train) == before
    assert people(split.given) == people(split.test) == after
    assert max(split.train.times) < min(split.given.times) <= max(split.test.times)
    assert sorted(split.train.users) == sorted(user for user in whole.users if whole.user_ids[user] in before)
    for user in split.users:
        items = [item for item, _ in sessions[whole.user_ids[user]]]
        shown, hidden = (set(found.items[found.users == user].tolist()) for found in (split.given, split.test))
        assert shown == set(items[: len(shown)])
        assert hidden == set(items[len(shown) : len(shown) + len(hidden)])
        if how == "rest":
            assert len(shown) == min(max(1, np.rint(0.4 * len(items))), len(items) - 1)
            assert len(shown) + len(hidden) == len(items)
        else:
            assert len(hidden) == 1
        if how == "last":
            assert len(shown) + 1 == len(items)


def test_a_random_place_of_a_session_is_any_but_the_first() -> None:
    data = Interactions.from_frame(
        {"user": [1, 1] + [2] * 4, "item": [1, 2, 1, 2, 3, 4], "timestamp": [0, 1, 5, 6, 7, 8]}
    )
    hidden = np.zeros(5)
    for seed in range(300):
        hidden[splits.next_in_session(data, fraction=0.5, which="random", seed=seed).test.items] += 1
    assert hidden.tolist()[0] == hidden.tolist()[4] == 0
    assert (np.abs(hidden[1:4] - 100) < 40).all()


def test_a_session_under_way_at_the_cut_is_left_out() -> None:
    data = Interactions.from_frame(
        {"user": [1, 1, 2, 2, 3, 3], "item": [1, 2, 1, 2, 1, 2], "timestamp": [0, 1, 4, 9, 6, 7]}
    )
    split = splits.next_in_session(data, at=6)
    assert [people(part) for part in split] == [{1}, {3}, {3}]
    with pytest.raises(DataError, match="no session ends before the cut at 1; choose another"):
        splits.next_in_session(data, at=1)
    with pytest.raises(DataError, match="no session of 3 rows begins after the cut at 6"):
        splits.rest_of_session(data, at=6, min_length=3)
    with pytest.raises(DataError, match="there are no rows to divide"):
        splits.next_in_session(data.take([]))


def test_a_session_of_two_users_is_none() -> None:
    data = Interactions.from_frame({"user": ["ann", "bob"], "item": [1, 1], "session": [4, 4]})
    with pytest.raises(DataError, match="session 0 belongs to users ann and bob; number sessions across users"):
        splits.sessions_as_users(data)


def test_sessions_of_a_generated_world_become_users() -> None:
    clicks = lt.datasets.World(users=80, items=60, seed=2).clicks(1_500)
    assert clicks.sessions is not None
    whole = splits.sessions_as_users(clicks)
    assert whole.n_users == len(set(clicks.sessions.tolist()))
    assert whole.user_ids[whole.users].tolist() == clicks.sessions.tolist()
    assert whole.sessions is None
    assert splits.sessions_as_users(whole) is whole
    assert whole.catalog is clicks.catalog


def test_the_sessions_of_a_shop(real_data: Path) -> None:
    path = real_data / "yoochoose-100k" / "train_full.txt"
    clicks = Interactions.from_csv(path)
    split = splits.next_in_session(clicks, fraction=0.1)
    assert split.train.times.max() < split.given.times.min()
    assert (split.test.user_counts[split.users] == 1).all()
    assert len(split.users) > 1_000
