"""The leakage audit: every kind of leak planted on several data sets is found under its own name, and nothing else is.

`WORLDS` are clean splits by time (or at random, where there are no times); a plant spoils one thing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import splits
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.synthetic import World
from longtail.errors import ConfigError, DataError, LeakageError
from longtail.evaluation import leakage
from longtail.evaluation.leakage import CHECKS, Audit, Seen
from longtail.evaluation.leakage.columns import Figure, along_a_line
from longtail.evaluation.protocols import PROTOCOLS

MIXED = ("future", "own-future", "split-session")
"""What a split at random accepts: it mixes times."""


@dataclass(frozen=True)
class Split:
    """A clean split, what it accepts, and what else is handed to the audit."""

    train: Interactions
    test: Interactions
    accept: tuple[str, ...] = ()
    more: dict[str, Any] = dataclasses.field(default_factory=dict)

    def but(self, train: Interactions | None = None, test: Interactions | None = None, **more: Any) -> Split:
        return Split(train or self.train, test or self.test, self.accept, {**self.more, **more})

    @property
    def whole(self) -> Interactions:
        return joined(self.train, self.test)

    def audit(self) -> Audit:
        return lt.audit(self.train, self.test, accept=self.accept, **self.more)


def joined(*parts: Interactions) -> Interactions:
    """The rows of several parts, one after the other, pairs that repeat included."""
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("users", "items", "values", "times", "sessions")
        if getattr(parts[0], name) is not None
    }
    return dataclasses.replace(parts[0], **columns)


def timed(kind: str, users: int, items: int, rows: int, seed: int, fraction: float = 0.2) -> Split:
    world = World(users, items, seed)
    return Split(*splits.by_time(world.ratings(rows) if kind == "ratings" else world.clicks(rows), fraction=fraction))


def untimed(seed: int) -> Split:
    data = World(120, 90, seed).ratings(3_000)
    bare = dataclasses.replace(data, times=None, sessions=None)
    return Split(*splits.random_holdout(bare, seed=seed))


def mixed(kind: str, users: int, items: int, rows: int, seed: int) -> Split:
    world = World(users, items, seed)
    data = world.ratings(rows) if kind == "ratings" else world.clicks(rows)
    return Split(*splits.random_holdout(data, seed=seed), accept=MIXED)


MADE: dict[str, Callable[[int], Split]] = {
    "ratings": lambda seed: timed("ratings", 300, 200, 12_000, seed),
    "clicks": lambda seed: timed("clicks", 300, 200, 9_000, seed),
    "sessions": lambda seed: timed("clicks", 500, 150, 4_000, seed),
    "tiny": lambda seed: timed("ratings", 40, 30, 500, seed, fraction=0.3),
    "untimed": untimed,
    "mixed ratings": lambda seed: mixed("ratings", 300, 200, 9_000, seed),
    "mixed clicks": lambda seed: mixed("clicks", 300, 200, 9_000, seed),
    "mixed tiny": lambda seed: mixed("ratings", 40, 30, 700, seed),
}
BY_TIME = ("ratings", "clicks", "sessions", "tiny")
AT_RANDOM = ("untimed", "mixed ratings", "mixed clicks", "mixed tiny")


@pytest.fixture(scope="module")
def worlds() -> dict[str, Split]:
    return {name: make(number) for number, (name, make) in enumerate(MADE.items(), 1)}


# -- the plants: each spoils one thing ---------------------------------------------------------------------------------


def some(n: int, share: float = 0.05, least: int = 4) -> np.ndarray:
    """Some rows of n, spread evenly."""
    return np.unique(np.linspace(0, n - 1, max(least, round(share * n))).astype(int))


def rows_in_both(split: Split) -> Split:
    return split.but(train=joined(split.train, split.test.take(some(len(split.test)))))


def rows_twice(split: Split) -> Split:
    return split.but(test=joined(split.test, split.test.take(some(len(split.test)))))


def longest(data: Interactions) -> int:
    return int(data.user_counts.argmax())


def copied_user(split: Split) -> Split:
    """The user with most rows signs up again before the data are split at random."""
    whole = split.whole
    mine = whole.take(whole.users == longest(whole))
    return _split_again(split, whole, mine, user="the same again")


def nearly_copied_user(split: Split) -> Split:
    """Likewise, but the twin lacks every tenth row."""
    whole = split.whole
    mine = whole.take(whole.users == longest(whole))
    return _split_again(split, whole, mine.take(np.arange(len(mine)) % 10 != 3), user="the same again")


def _split_again(split: Split, whole: Interactions, mine: Interactions, user: str) -> Split:
    ids = Ids([*map(str, whole.user_ids.values), user], kind="user")
    again = dataclasses.replace(mine, users=np.full(len(mine), len(ids) - 1), user_ids=ids)
    train, test = splits.random_holdout(joined(dataclasses.replace(whole, user_ids=ids), again), 0.3, seed=9)
    return split.but(train, test)


OFFSET = 1_000_000
"""From an item's id to its twin's."""


def copied_items(split: Split) -> Split:
    """Every tenth item stands in the catalog again, and its raters have rated both before the split."""
    whole = split.whole
    chosen = np.arange(0, whole.n_items, 5)
    ids = Ids([*whole.item_ids.values.tolist(), *(whole.item_ids.values[chosen] + OFFSET).tolist()], kind="item")
    twin_of = np.full(whole.n_items, -1)
    twin_of[chosen] = whole.n_items + np.arange(len(chosen))
    again = whole.take(twin_of[whole.items] >= 0)
    again = dataclasses.replace(again, items=twin_of[again.items], item_ids=ids)
    facts = whole.catalog.items
    twins = facts.filter(pl.col("item").is_in(whole.item_ids.values[chosen].tolist()))
    twins = twins.with_columns(pl.col("item") + OFFSET, pl.col("title").str.to_uppercase())
    catalog = Catalog(pl.concat([facts, twins]))
    both = joined(dataclasses.replace(whole, item_ids=ids, catalog=catalog), again)
    return split.but(*splits.random_holdout(both, 0.3, seed=2))


def later_rows_of_others(split: Split) -> Split:
    absent = np.flatnonzero(split.test.user_counts[split.train.users] == 0)
    chosen = absent[some(len(absent))]
    times = split.train.times.copy()
    times[chosen] = split.test.times.min() + 3_600
    return split.but(train=dataclasses.replace(split.train, times=times))


def later_rows_of_their_own(split: Split) -> Split:
    """The last test row of some users trains, as a session of its own."""
    test = split.test
    last = np.array([np.flatnonzero(test.users == user)[-1] for user in np.flatnonzero(test.user_counts > 2)])
    last = last[test.times[last] > _first_of_users(test)[test.users[last]]]
    moved = test.take(last)
    alone = moved if moved.sessions is None else dataclasses.replace(moved, sessions=moved.sessions + 1_000_000)
    return split.but(joined(split.train, alone), test.take(~np.isin(np.arange(len(test)), last)))


def _first_of_users(test: Interactions) -> np.ndarray:
    first = np.full(test.n_users, np.iinfo(np.int64).max)
    np.minimum.at(first, test.users, test.times)
    return first


def rest_of_a_session(split: Split) -> Split:
    """The last row of sessions of two and more in test trains."""
    test = split.test
    sessions, counts = np.unique(test.sessions, return_counts=True)
    last = np.array([np.flatnonzero(test.sessions == one)[-1] for one in sessions[counts > 1]])
    return split.but(joined(split.train, test.take(last)), test.take(~np.isin(np.arange(len(test)), last)))


def strong(split: Split) -> Split:
    """A clean split of people: of every fourth user a part is given, the rest tested."""
    whole, rng = split.whole, np.random.default_rng(3)
    asked = whole.users % 4 == 0
    hidden = asked & (rng.random(len(whole)) < 0.3)
    accept = MIXED if whole.times is not None else ()
    return Split(whole.take(~asked), whole.take(hidden), accept, {"given": whole.take(asked & ~hidden)})


def hidden_rows_given(split: Split) -> Split:
    clean = strong(split)
    return clean.but(given=joined(clean.more["given"], clean.test.take(some(len(clean.test)))))


def given_people_trained(split: Split) -> Split:
    clean = strong(split)
    given = clean.more["given"]
    known = given.take(given.users % 8 == 0)
    return clean.but(train=joined(clean.train, known))


def cold_items(split: Split) -> Split:
    """A clean item cold start: every fifth item is tested, none of its rows trains."""
    whole = split.whole
    cold = whole.items % 5 == 0
    accept = (*MIXED, "candidates")
    return Split(whole.take(~cold), whole.take(cold), accept, {"cold": "items"})


def cold_items_trained(split: Split) -> Split:
    clean = cold_items(split)
    known = some(len(clean.test), 0.1)
    rest = np.setdiff1d(np.arange(len(clean.test)), known)
    return clean.but(joined(clean.train, clean.test.take(known)), clean.test.take(rest))


def cold_users(split: Split) -> Split:
    whole = split.whole
    cold = whole.users % 5 == 0
    return Split(whole.take(~cold), whole.take(cold), MIXED, {"cold": "users"})


def cold_users_trained(split: Split) -> Split:
    clean = cold_users(split)
    known = some(len(clean.test), 0.1)
    rest = np.setdiff1d(np.arange(len(clean.test)), known)
    return clean.but(joined(clean.train, clean.test.take(known)), clean.test.take(rest))


Sums = tuple[np.ndarray, np.ndarray]
COLUMNS: dict[str, Callable[[Sums, Catalog], Any]] = {
    "count": lambda of, _: of[0],
    "logarithm": lambda of, _: np.log1p(of[0]),
    "rank": lambda of, _: np.argsort(np.argsort(-of[0], kind="stable"), kind="stable").astype(float),
    "percentile": lambda of, _: np.searchsorted(np.sort(of[0]), of[0]) / len(of[0]),
    "mean": lambda of, _: np.divide(of[1], of[0], out=np.zeros(len(of[0])), where=of[0] > 0),
    "rounded mean": lambda of, _: np.round(np.divide(of[1], of[0], out=np.zeros(len(of[0])), where=of[0] > 0), 1),
    "damped mean": lambda of, _: (of[1] + 5 * 3.5) / (of[0] + 5),
    "bins": lambda of, _: np.digitize(of[0], np.quantile(of[0], [0.1, 0.3, 0.5, 0.7, 0.9])),
    "vector": lambda of, _: [[1.0, count, 2.0] for count in of[0].tolist()],
    "genres": lambda of, catalog: _by_genre(of[0], catalog),
}


def _by_genre(counts: np.ndarray, catalog: Catalog) -> list[float]:
    """The mean number of rows of an item's genres."""
    genres = catalog.items["genres"].to_list()
    totals: dict[str, float] = {}
    for count, listed in zip(counts, genres, strict=True):
        for genre in listed or ():
            totals[genre] = totals.get(genre, 0.0) + count
    return [float(np.mean([totals[genre] for genre in listed or ()] or [0.0])) for listed in genres]


def with_column(split: Split, how: str, parts: tuple[Interactions, ...]) -> Split:
    """A catalog with a column computed from some parts of the data."""
    whole = joined(*parts)
    catalog = Catalog(split.train.catalog.rows(split.train.item_ids))
    sums = np.bincount(whole.items, weights=whole.values, minlength=whole.n_items)
    made = COLUMNS[how]((whole.item_counts.astype(float), sums), catalog)
    series = pl.Series("extra", made if isinstance(made, list) else made.tolist())
    return split.but(catalog=Catalog(catalog.items.with_columns(series)))


def column_of_all(how: str) -> Callable[[Split], Split]:
    return lambda split: with_column(split, how, (split.train, split.test))


def popularity_of_all(split: Split) -> Split:
    return split.but(popularity=split.whole)


def counts_of_all(split: Split) -> Split:
    return split.but(popularity=split.whole.item_counts)


def lists_of_all(split: Split) -> Split:
    return split.but(popularity=_most_met(split.whole))


def _most_met(data: Interactions) -> lt.TopN:
    best = np.argsort(-data.item_counts, kind="stable")[:20]
    return lt.TopN([0], [best], [np.arange(20, 0, -1)], data.user_ids, data.item_ids)


def tuned_on_all(split: Split) -> Split:
    return split.but(models={"svd": leakage.mark(lt.SVD(factors=8), Seen.of("a search", [split.whole]))})


def fitted_on_all(split: Split) -> Split:
    return split.but(models={"popular": lt.Popular().fit(split.whole)})


def member_fitted_on_all(split: Split) -> Split:
    hybrid = lt.RankFusion(members=["popular", "random"]).fit(split.train)
    hybrid.members_[0].fit(split.whole)
    return split.but(models={"fusion": hybrid})


def only_tested_items(split: Split) -> Split:
    rare = split.test.take(split.test.items % 3 > 0)
    return split.but(test=rare, candidates=rare.item_ids[np.flatnonzero(rare.item_counts)])


def drawn(split: Split) -> np.ndarray:
    """Ten clean negatives a test user."""
    rng, rows = np.random.default_rng(1), []
    for user in np.flatnonzero(split.test.user_counts):
        met = {*split.train.items[split.train.users == user], *split.test.items[split.test.users == user]}
        free = [item for item in range(split.train.n_items) if item not in met]
        picked = rng.choice(free, min(10, len(free)), replace=False)
        rows.append([*picked, *[-1] * (10 - len(picked))])
    return np.array(rows)


def negatives_from_train(split: Split) -> Split:
    negatives = drawn(split)
    users = np.flatnonzero(split.test.user_counts)
    for row, user in enumerate(users):
        own = split.train.items[split.train.users == user]
        if len(own):
            negatives[row, 0] = own[0]
    return split.but(negatives=negatives)


def one_user_has_most(split: Split) -> Split:
    """A robot tries all it has not met, the others hardly anything."""
    test, robot = split.test, int(split.train.user_counts.argmin())
    items = np.setdiff1d(np.arange(test.n_items), split.train.items[split.train.users == robot])
    others = test.take(test.users != robot)
    rest = others.take(np.unique(others.users, return_index=True)[1][:100])
    return split.but(test=joined(rest, made(test, np.full(len(items), robot), items)))


def made(test: Interactions, users: np.ndarray, items: np.ndarray) -> Interactions:
    """More rows, one a second, each a session of its own, all later than those there are."""
    number = np.arange(len(users)) + 1
    return dataclasses.replace(
        test,
        users=users,
        items=items,
        values=np.full(len(users), test.values[0]),
        times=None if test.times is None else number + test.times.max(),
        sessions=None if test.sessions is None else number + 10_000_000,
    )


def one_item_has_most(split: Split) -> Split:
    """A campaign: one item is tested on every user, the others hardly."""
    test, item = split.test, int(split.train.item_counts.argmin())
    users = np.setdiff1d(np.flatnonzero(split.train.user_counts), split.train.users[split.train.items == item])
    others = test.take(test.items != item)
    rest = others.take(np.unique(others.items, return_index=True)[1][:100])
    return split.but(test=joined(rest, made(test, users, np.full(len(users), item))))


def one_second_has_most(split: Split) -> Split:
    times = split.test.times.copy()
    times[: len(times) // 2] = times.max()
    return split.but(test=dataclasses.replace(split.test, times=times))


@dataclass(frozen=True)
class Plant:
    """What is spoiled, under which name it has to be found, and on which data."""

    name: str
    spoil: Callable[[Split], Split]
    worlds: tuple[str, ...]


EVERY = tuple(MADE)
RATED = tuple(name for name in MADE if "clicks" not in name and name != "sessions")
PLANTS = {
    "pair in both": Plant("pair-in-both", rows_in_both, EVERY),
    "pair twice": Plant("repeated-pair", rows_twice, EVERY),
    "copied user": Plant("twin-users", copied_user, AT_RANDOM),
    "nearly copied user": Plant("twin-users", nearly_copied_user, AT_RANDOM),
    "copied items": Plant("twin-items", copied_items, AT_RANDOM),
    "future": Plant("future", later_rows_of_others, BY_TIME),
    "own future": Plant("own-future", later_rows_of_their_own, BY_TIME),
    "cut session": Plant("split-session", rest_of_a_session, BY_TIME),
    "hidden rows given": Plant("given-hidden", hidden_rows_given, EVERY),
    "given people trained": Plant("given-in-train", given_people_trained, EVERY),
    "cold items trained": Plant("not-cold", cold_items_trained, EVERY),
    "cold users trained": Plant("not-cold", cold_users_trained, EVERY),
    **{f"column {how}": Plant("features", column_of_all(how), RATED if "mean" in how else EVERY) for how in COLUMNS},
    "popularity": Plant("popularity", popularity_of_all, EVERY),
    "popularity counts": Plant("popularity", counts_of_all, EVERY),
    "popular lists": Plant("popularity", lists_of_all, EVERY),
    "tuning": Plant("tuned-on-test", tuned_on_all, EVERY),
    "fitted on all": Plant("learned-elsewhere", fitted_on_all, EVERY),
    "member fitted on all": Plant("learned-elsewhere", member_fitted_on_all, EVERY),
    "candidates": Plant("candidates", only_tested_items, EVERY),
    "negatives": Plant("negatives", negatives_from_train, EVERY),
    "one user": Plant("dominating", one_user_has_most, EVERY),
    "one item": Plant("dominating", one_item_has_most, EVERY),
    "one second": Plant("dominating", one_second_has_most, BY_TIME),
}
CASES = [(plant, world) for plant in PLANTS for world in PLANTS[plant].worlds]


def failing(audit: Audit) -> set[str]:
    return {finding.name for finding in audit.failed}


@pytest.mark.parametrize(("plant", "world"), CASES)
def test_a_planted_leak_is_found_under_its_own_name(plant: str, world: str, worlds: dict[str, Split]) -> None:
    assert failing(PLANTS[plant].spoil(worlds[world]).audit()) == {PLANTS[plant].name}


@pytest.mark.parametrize("world", ["ratings", "untimed", "mixed tiny"])
def test_a_column_of_users_is_looked_at_too(world: str, worlds: dict[str, Split]) -> None:
    split = worlds[world]
    for counts, expected in ((split.whole.user_counts, {"features"}), (split.train.user_counts, set())):
        users = pl.DataFrame({"user": split.train.user_ids.values, "activity": counts})
        catalog = Catalog(split.train.catalog.items, users=users)
        assert failing(split.but(catalog=catalog).audit()) == expected


def test_twelve_kinds_and_more_are_planted() -> None:
    assert len({plant.name for plant in PLANTS.values()}) >= 12
    assert {plant.name for plant in PLANTS.values()} | {"fitted-before", "unknown-parameters"} == set(CHECKS)


# -- no alarm where nothing leaks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", EVERY)
def test_a_clean_split_raises_no_alarm(world: str, worlds: dict[str, Split]) -> None:
    for split in (worlds[world], strong(worlds[world]), cold_items(worlds[world]), cold_users(worlds[world])):
        found = split.audit()
        assert failing(found) == set(), found.sentences()


@pytest.mark.parametrize("how", COLUMNS)
@pytest.mark.parametrize("world", EVERY)
def test_a_column_computed_from_train_is_no_leak(how: str, world: str, worlds: dict[str, Split]) -> None:
    split = worlds[world]
    assert failing(with_column(split, how, (split.train,)).audit()) == set()


@pytest.mark.parametrize("world", EVERY)
def test_what_comes_from_train_is_no_leak(world: str, worlds: dict[str, Split]) -> None:
    split = worlds[world]
    popular = [split.train, split.train.item_counts, _most_met(split.train)]
    tuned = leakage.mark(lt.SVD(factors=8), Seen.of("a search", [split.train]))
    models = {"popular": lt.Popular().fit(split.train), "svd": tuned}
    for source in popular:
        assert failing(split.but(popularity=source, models=models, negatives=drawn(split)).audit()) == set()
    met = split.train.item_ids[np.flatnonzero(split.train.item_counts)]
    assert failing(split.but(candidates=met[::2]).audit()) == set()


def every_split(data: Interactions) -> list[tuple[Any, tuple[str, ...]]]:
    found: list[tuple[Any, tuple[str, ...]]] = [(pair, MIXED) for pair in splits.k_fold(data, seed=3)]
    found += [(splits.random_holdout(data, per=per, seed=2), MIXED) for per in ("data", "user", "item")]
    found.append((splits.leave_one_out(data, seed=1), MIXED))
    found.append((splits.leave_one_out(data, which="last"), ("future",)))
    return found + [(splits.by_time(data, fraction=part), ()) for part in (0.5, 0.2, 0.05)]


@pytest.mark.parametrize("seed", range(5))
def test_no_alarm_on_generated_worlds(seed: int) -> None:
    for data in (
        World(150, 120, seed).ratings(4_000),
        World(60, 40, seed).clicks(700),
        World(20, 15, seed).ratings(120),
    ):
        for (train, test), accept in every_split(data):
            assert failing(lt.audit(train, test, accept=accept)) == set()


def folds_of(protocol: str, data: Interactions) -> Audit:
    kind = PROTOCOLS[protocol]
    total = Audit()
    for chosen in (kind(), *([kind(sampled=10)] if set(kind.asks) != {"ratings"} else [])):
        suited = chosen.suited_to(data)
        total += leakage.of_folds(suited.folds(data), {}, suited)
    return total


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_alarm_on_the_folds_of_a_protocol(protocol: str) -> None:
    worlds = [World(200, 120, 3).ratings(5_000), World(60, 40, 2).ratings(700)]
    if "ratings" not in PROTOCOLS[protocol].asks or protocol == "classic":
        worlds.append(World(200, 120, 1).clicks(4_000))
    for data in worlds:
        assert failing(folds_of(protocol, data)) == set()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_alarm_on_the_folds_of_a_protocol_of_movielens(protocol: str, real_data: object) -> None:
    data = lt.datasets.movielens("100k")
    asked = data.take(data.users < 60) if protocol == "every-click" else data  # a question for every rating
    found = folds_of(protocol, asked)
    assert failing(found) == set(), found.sentences()


@pytest.mark.parametrize("name", ["latest-small", "100k"])
def test_no_alarm_on_movielens(name: str, real_data: object) -> None:
    data = lt.datasets.movielens(name)
    for (train, test), accept in every_split(data):
        found = lt.audit(train, test, accept=accept)
        assert failing(found) == set(), found.sentences()


@pytest.mark.parametrize("fold", ["u1", "u2", "u3", "u4", "u5", "ua", "ub"])
def test_no_alarm_on_the_folds_of_100k(fold: str, real_data: Any) -> None:
    catalog = lt.datasets.movielens("100k").catalog
    parts = [Interactions.from_csv(real_data / "ml-100k" / f"{fold}.{part}", header=False) for part in ("base", "test")]
    found = lt.audit(*parts, catalog=catalog, accept=MIXED)
    assert failing(found) == set()
    assert {finding.name for finding in found.findings if not finding.accepted} == {"twin-items"}  # a note


def test_no_alarm_on_sessions_of_a_shop(real_data: Any) -> None:
    """Sessions that click the same few things are no twins."""
    folder = real_data / "yoochoose-100k"
    names = {"user": "SessionId", "item": "ItemId", "timestamp": "Time"}
    for parts in (("train_full", "test"), ("train_tr", "train_valid")):
        train, test = (Interactions.from_csv(folder / f"{part}.txt", duplicates="last", **names) for part in parts)
        assert lt.audit(train, test).findings == ()


def at_random(columns: dict[str, Any]) -> Split:
    return Split(*splits.random_holdout(Interactions.from_frame(columns), seed=0))


@pytest.mark.parametrize("straight", [2, 8])
def test_people_who_answer_a_survey_all_alike_are_no_twins(straight: int) -> None:
    """A hundred people answer the same twenty questions, some of them with the highest mark throughout."""
    rng = np.random.default_rng(0)
    users, items = np.divmod(np.arange(100 * 20), 20)
    answers = rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], p=[0.1, 0.1, 0.2, 0.25, 0.35], size=len(users))
    answers[users < straight] = 5.0
    assert at_random({"user": users, "item": items, "rating": answers}).audit().findings == ()


def test_a_class_that_takes_the_same_courses_is_a_note() -> None:
    users, courses = np.divmod(np.arange(300 * 15), 15)
    (finding,) = at_random({"user": users, "item": users % 10 * 15 + courses}).audit().findings
    assert (finding.name, finding.severity) == ("twin-users", "note")
    assert "a history that more than 3 others share" in finding.sentence


def test_what_users_have_in_train_themselves_is_not_given_away_by_twins(worlds: dict[str, Split]) -> None:
    spoiled = copied_user(worlds["untimed"])
    assert failing(spoiled.audit()) == {"twin-users"}
    pair = [longest(worlds["untimed"].whole), spoiled.test.n_users - 1]
    known = spoiled.test.take(np.isin(spoiled.test.users, pair))
    assert failing(spoiled.but(train=joined(spoiled.train, known)).audit()) == {"pair-in-both"}


@pytest.mark.parametrize(("items", "later", "expected"), [
    (12, None, {"twin-users"}),
    (11, None, set()),
    (11, 0, {"twin-users"}),
    (11, 1, set()),
])  # fmt: skip
def test_short_histories_must_be_of_the_same_seconds(items: int, later: int | None, expected: set[str]) -> None:
    """Two people with the same rare items, among 200 who clicked what they liked."""
    rng = np.random.default_rng(3)
    others = [(2 + user, item) for user in range(200) for item in rng.choice(300, 10, replace=False)]
    rows = [*others, *((user, 1_000 + item) for user in (0, 1) for item in range(items))]
    columns = {"user": [user for user, _ in rows], "item": [item for _, item in rows]}
    if later is not None:
        columns["timestamp"] = [
            *range(len(others)),
            *(5_000 + item + later * user for user, item in rows[len(others) :]),
        ]
    data = Interactions.from_frame(columns)
    mine = np.flatnonzero(data.users == data.user_ids.index([0])[0])
    tested = np.isin(np.arange(len(data)), np.r_[np.arange(0, len(others), 10), mine[:1]])
    assert failing(lt.audit(data.take(~tested), data.take(tested), accept=MIXED)) == expected


def test_every_user_under_two_ids_is_a_leak(worlds: dict[str, Split]) -> None:
    whole = worlds["mixed ratings"].whole
    ids = Ids([*whole.user_ids.values.tolist(), *(whole.user_ids.values + OFFSET).tolist()], kind="user")
    one = dataclasses.replace(whole, user_ids=ids)
    both = joined(one, dataclasses.replace(one, users=whole.users + whole.n_users))
    (finding,) = lt.audit(*splits.random_holdout(both, seed=1), accept=MIXED).failed
    assert finding.name == "twin-users"
    assert finding.count > 0.5 * len(both) * 0.25


def test_columns_that_have_nothing_to_do_with_ratings_are_no_leak(worlds: dict[str, Split]) -> None:
    """Prices, flags, long ids and moments, of any size, and not a warning."""
    split, rng = worlds["untimed"], np.random.default_rng(1)
    n = split.train.n_items
    strange = {
        "price": rng.gamma(2, 5, n),
        "flag": rng.integers(0, 2, n),
        "snowflake": 9_007_199_254_740_000 + np.arange(n),
        "nanoseconds": 10**18 + rng.integers(0, 10**6, n),
        "same": np.ones(n),
        "missing": np.full(n, np.nan),
        "minute": 1e-300 * rng.random(n),
        "huge": 1e300 * rng.random(n),
    }
    facts = pl.DataFrame({"item": split.train.item_ids.values, "genres": [["Drama"]] * n, **strange})
    assert split.but(catalog=Catalog(facts)).audit().findings == ()


@pytest.mark.parametrize("slope", [3.0, -0.5])
def test_a_line_may_rise_or_fall(slope: float) -> None:
    rng = np.random.default_rng(2)
    train = rng.integers(1, 50, 80).astype(float)
    figure = Figure("", train + rng.integers(0, 9, 80), train)
    assert along_a_line(slope * figure.whole + 7.0, figure)
    assert along_a_line(slope * np.log1p(figure.whole), figure)
    assert not along_a_line(slope * figure.train + 7.0, figure)
    assert not along_a_line(slope * figure.whole + rng.normal(size=80), figure)


@pytest.mark.parametrize(("second", "expected"), [(0, set()), (1, {"future"})])
def test_the_same_second_is_not_later(second: int, expected: set[str]) -> None:
    train = {"user": [1, 1, 2, 3], "item": [1, 2, 1, 3], "timestamp": [10, 10, 10, 100 + second]}
    test = {"user": [1, 2], "item": [3, 2], "timestamp": [100, 100]}
    assert failing(lt.audit(train, test)) == expected
    train["user"][3] = 2
    assert failing(lt.audit(train, test)) == ({"own-future"} if expected else set())


@pytest.mark.parametrize(("second", "expected"), [(0, set()), (1, {"split-session"})])
def test_the_same_second_of_a_session_is_not_later(second: int, expected: set[str]) -> None:
    rows = {"user": [1, 1, 2], "item": [1, 2, 1], "timestamp": [100, 100 + second, 100]}
    data = dataclasses.replace(Interactions.from_frame(rows), sessions=np.array([7, 7, 8]))
    assert failing(lt.audit(data.take([1, 2]), data.take([0]))) == expected


@pytest.mark.parametrize(
    ("rows", "users", "others", "fails"),
    [
        (25, 75, 75, True),  # a quarter of the rows, and far more than ten times an even share
        (24, 76, 76, False),
        (25, 39, 75, True),  # ten times an even share of 40 users
        (25, 38, 75, False),
        (50, 9, 50, True),  # half of them, and five times an even share of 10
        (50, 8, 50, False),
        (49, 9, 51, False),
    ],
)
def test_when_a_user_dominates(rows: int, users: int, others: int, fails: bool) -> None:
    asked = [0] * rows + [1 + row % users for row in range(others)]
    train = {"user": list(range(users + 1)), "item": [1_000] * (users + 1), "rating": [3.0] * (users + 1)}
    test = {"user": asked, "item": list(range(len(asked))), "rating": [4.0] * len(asked)}
    assert failing(lt.audit(train, test)) == ({"dominating"} if fails else set())


@pytest.mark.parametrize(("twice", "severity"), [(2, "note"), (3, "fail")])
def test_a_catalog_may_hold_a_few_items_twice(twice: int, severity: str) -> None:
    """Of a hundred test rows, up to two."""
    users = list(range(100))
    train = {"user": users, "item": [0] * 100, "rating": [3.0] * 100}
    test = {"user": users, "item": [1] * twice + list(range(100, 200 - twice)), "rating": [4.0] * 100}
    items = [0, 1, *range(100, 200)]
    catalog = Catalog(pl.DataFrame({"item": items, "title": ["Same (1990)", "Same (1990)", *map(str, items[2:])]}))
    (finding,) = lt.audit(train, test, catalog=catalog).findings
    assert (finding.name, finding.count, finding.severity) == ("twin-items", twice, severity)
    assert finding.examples[0] == {"user": 0, "item": 1, "twin": 0, "title": "Same (1990)"}


@pytest.mark.parametrize(("others", "expected"), [(0, {"candidates"}), (1, {"candidates"}), (10, set())])
def test_candidates_that_are_hardly_more_than_the_tested_items(others: int, expected: set[str]) -> None:
    train = {"user": [1] * 200, "item": list(range(200)), "rating": [3.0] * 200}
    test = {"user": [2] * 60, "item": list(range(60)), "rating": [4.0] * 60}
    accept = ["dominating"]
    assert failing(lt.audit(train, test, candidates=list(range(60 + others)), accept=accept)) == expected


def test_a_dominating_user_is_named_once() -> None:
    test = {"user": [7] * 60 + list(range(100, 140)), "item": list(range(100)), "rating": [4.0] * 100}
    train = {"user": [7, 100], "item": [500, 500], "rating": [1.0, 2.0]}
    with pytest.raises(LeakageError) as caught:
        lt.audit(train, test).raise_if_failed()
    said = "dominating: one user (7) holds 60 of 100 test rows (60%), the other 40 users the rest. Cap its rows"
    assert str(caught.value).startswith(said)


# -- what an audit says ------------------------------------------------------------------------------------------------


@pytest.fixture
def spoiled(worlds: dict[str, Split]) -> Split:
    return rows_in_both(worlds["ratings"])


def test_a_failure_is_one_clear_line(spoiled: Split) -> None:
    with pytest.raises(
        LeakageError, match=r"^pair-in-both: 120 of 2,400 test rows \(5.0%\) are in train too"
    ) as caught:
        spoiled.audit().raise_if_failed()
    assert "\n" not in str(caught.value)
    assert "such as user" in str(caught.value)
    assert "Drop the rows from train, or from test" in str(caught.value)
    assert "accept=['pair-in-both']" in str(caught.value)


def test_a_column_that_leaks_is_named_with_its_count(worlds: dict[str, Split]) -> None:
    split = column_of_all("count")(worlds["untimed"])
    rated = np.count_nonzero(split.whole.item_counts)
    with pytest.raises(LeakageError) as caught:
        split.audit().raise_if_failed()
    said = (
        f"features: the column 'extra' of {rated} items follows the number of rows of all the data, test rows included."
    )
    assert str(caught.value).startswith(said)
    assert "Compute the column from train alone" in str(caught.value)
    (finding,) = counts_of_all(worlds["untimed"]).audit().failed
    assert finding.sentence.startswith(f"the popularity of {rated} items follows")


@pytest.mark.parametrize("plant", PLANTS)
def test_every_message_is_one_line_with_a_count_and_a_fix(plant: str, worlds: dict[str, Split]) -> None:
    made = PLANTS[plant]
    with pytest.raises(LeakageError) as caught:
        made.spoil(worlds["tiny" if "tiny" in made.worlds else made.worlds[0]]).audit().raise_if_failed()
    message = str(caught.value)
    assert message.startswith(made.name)
    assert "\n" not in message
    assert any(letter.isdigit() for letter in message)
    assert CHECKS[made.name].fix.rstrip(".") in message
    assert message.endswith(f"to go on all the same, accept=['{made.name}']")


def test_several_failures_are_counted(spoiled: Split) -> None:
    with pytest.raises(LeakageError, match="1 more leak found"):
        dataclasses.replace(spoiled, more={"popularity": spoiled.whole}).audit().raise_if_failed()


def test_what_is_accepted_is_said_and_fails_nothing(spoiled: Split) -> None:
    found = lt.audit(spoiled.train, spoiled.test, accept=["pair-in-both"])
    assert found.raise_if_failed() is found
    assert found.sentences()[0] == "No leak was found but those accepted."
    assert found.sentences()[1].startswith("Accepted (pair-in-both): 120 of 2,400 test rows")


def test_what_could_not_be_looked_at_is_said(worlds: dict[str, Split]) -> None:
    split = worlds["untimed"]
    found = split.audit()
    assert found.sentences()[0] == "No leak was found."
    assert "training after test time, a user's later rows in train (the data have no times)" in found.sentences()[-1]
    assert found.unseen["split-session"] == "the data have no sessions"


def test_what_one_fold_could_look_at_was_looked_at() -> None:
    blind = Audit(unseen={"future": "the data have no times"})
    assert (blind + Audit()).unseen == (Audit() + blind).unseen == {}
    assert (blind + blind).unseen == blind.unseen


def test_json_is_plain_and_whole(spoiled: Split, tmp_path: Any) -> None:
    found = spoiled.audit()
    plain = json.loads(found.to_json(tmp_path / "audit.json"))
    assert json.loads((tmp_path / "audit.json").read_text()) == plain
    (finding,) = plain["findings"]
    assert (plain["failed"], finding["name"], finding["count"]) == (True, "pair-in-both", 120)
    assert finding["meaning"] == CHECKS["pair-in-both"].meaning
    user, item = finding["examples"][0]["user"], finding["examples"][0]["item"]
    for part in (spoiled.train, spoiled.test):
        assert part.to_frame().filter(pl.col("user") == user, pl.col("item") == item).height == 1


def test_popularity_from_train_holds_no_test_rows_but_those_that_train_holds(spoiled: Split) -> None:
    """And not a row of test by itself where popularity is of a part of train."""
    part = spoiled.train.take(np.arange(len(spoiled.train)) % 5 > 0)
    assert failing(spoiled.but(popularity=part).audit()) == {"pair-in-both"}


def test_test_only_users_and_items_are_counted() -> None:
    train = {"user": [1, 1, 2], "item": [1, 2, 1], "rating": [5.0, 3.0, 4.0]}
    test = {"user": [2, 3, 3], "item": [2, 9, 2], "rating": [4.0, 4.0, 1.0]}
    counts = lt.audit(train, test).counts[""]
    assert (counts["cold_users"], counts["rows_of_cold_users"]) == (1, 2)
    assert (counts["cold_items"], counts["rows_of_cold_items"]) == (1, 1)


def test_names_to_accept_must_exist(worlds: dict[str, Split]) -> None:
    split = worlds["tiny"]
    with pytest.raises(ConfigError, match=r"no leak 'futur' to accept; choose from pair-in-both, "):
        lt.audit(split.train, split.test, accept=["futur"])
    with pytest.raises(ConfigError, match="must be a list"):
        lt.audit(split.train, split.test, accept="future")


def test_ids_of_text(worlds: dict[str, Split]) -> None:
    """Twins, hashes and examples with ids that are text."""
    split = worlds["mixed ratings"]
    text = {"user": pl.format("u{}", "user"), "item": pl.format("i{}", "item")}
    train, test = (Interactions.from_frame(part.to_frame().with_columns(**text)) for part in (split.train, split.test))
    assert failing(lt.audit(train, test, accept=MIXED)) == set()
    seen = Seen.from_dict(json.loads(json.dumps(Seen.of("a search", [test]).to_dict())))
    (finding,) = lt.audit(train, test, accept=MIXED, models={"svd": seen}).failed
    assert finding.name == "tuned-on-test"
    assert str(finding.examples[0]["user"]).startswith("u")


# -- what is seen while tuning -----------------------------------------------------------------------------------------


def test_a_sketch_knows_what_it_covers(worlds: dict[str, Split]) -> None:
    split = worlds["ratings"]
    seen = Seen.of("a search", [split.train])
    sketch = Seen.from_dict(seen.to_dict())
    assert seen.among(split.train).all()
    assert not seen.among(split.test).any()
    assert len(sketch.hashes) == 1_024 < sketch.rows == len(split.train)
    assert np.array_equal(sketch.among(split.train), sketch.covers(split.train))
    assert sketch.covers(split.train).sum() == 1_024
    assert not sketch.among(split.test).any()


def test_what_is_no_sketch_is_refused() -> None:
    with pytest.raises(DataError, match="which rows were seen"):
        Seen.from_dict({"by": "me"})


def test_parameters_of_unknown_origin_are_a_note(worlds: dict[str, Split]) -> None:
    split = worlds["tiny"]
    models = {"default": lt.SVD(seed=3), "own": lt.SVD(factors=7)}
    (finding,) = split.but(models=models).audit().findings
    assert (finding.name, finding.severity, finding.count) == ("unknown-parameters", "note", 1)
    assert "own" in finding.sentence
    assert "default" not in finding.sentence.split(" were chosen")[0]
