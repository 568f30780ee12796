"""The generated world shows what its specification says, and nothing depends on how it is asked."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from longtail.data import columns, encounters
from longtail.data.interactions import Interactions
from longtail.data.splits import random_holdout
from longtail.data.synthetic import World, synthetic
from longtail.data.truth import END, NOISE, SCALE, START
from longtail.errors import ConfigError, DataError, MemoryBudgetError, UnknownIdError

CROSSING_BLOCKS = 150_000


@pytest.fixture(scope="module")
def world() -> World:
    return World(users=1_000, items=1_000, seed=0)


@pytest.fixture(scope="module")
def seen(world: World) -> Interactions:
    return world.ratings(100_000)


def pairs_of(data: Interactions) -> tuple[np.ndarray, np.ndarray]:
    return data.user_ids[data.users], data.item_ids[data.items]


def times_of(data: Interactions) -> np.ndarray:
    assert data.times is not None
    return data.times


# -- what is seen ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("users", "items", "n"), [(1_000, 1_000, 100_000), (671, 9_000, 100_000), (3_000, 500, 60_000)]
)
def test_ratings_are_half_stars_like_those_of_movielens(users: int, items: int, n: int) -> None:
    data = synthetic(users, items, n, seed=3)
    assert len(data) == data.by_user.nnz == n, "a pair stands twice"
    assert set(np.unique(data.values)) == set(np.arange(0.5, 5.5, 0.5))
    assert data.scale == SCALE
    assert 3.35 < data.values.mean() < 3.7
    assert 0.98 < data.values.std() < 1.12


def test_equal_seeds_give_equal_worlds() -> None:
    first, again, other = (synthetic(60, 80, 900, seed=seed) for seed in (5, 5, 6))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.catalog is not None
    assert again.catalog is not None
    assert other.catalog is not None
    assert first.catalog.items.equals(again.catalog.items)
    assert not first.catalog.items.equals(other.catalog.items)
    habits = [World(users=1, items=200, seed=seed).ratings(200).sessions for seed in (5, 6)]
    assert not np.array_equal(*habits), "the rows of different worlds come from the same chance"


def test_activity_is_heavy_tailed_and_no_one_has_very_few(seen: Interactions) -> None:
    counts = np.sort(seen.user_counts)[::-1]
    assert counts.min() >= 20
    assert counts.max() <= 500
    assert counts[:100].sum() > 0.3 * counts.sum()


@given(
    st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=30), st.integers(1, 50), st.floats(0.0, 1.0, exclude_min=True)
)
def test_rows_per_user_add_up_within_bounds_and_in_order(activity: list[float], most: int, density: float) -> None:
    weights = np.array(activity)
    total = max(1, round(density * most * len(weights)))
    rows = encounters.rows_per_user(weights, total, most)
    assert rows.sum() == total
    assert rows.max() <= most
    assert rows.min() >= int(min(20.0, total / len(weights) / 5))
    assert (np.diff(rows[np.argsort(weights)]) >= -1).all()


def test_popularity_is_zipf_mandelbrot(world: World) -> None:
    ordered = world.supply.popularity[world.supply.by_rank]
    assert ordered.sum() == pytest.approx(1.0)
    slope = np.polyfit(np.log(np.arange(1_000) + 0.5 + world.supply.shift), np.log(ordered), 1)[0]
    assert slope == pytest.approx(-1.0, abs=1e-3)


def test_what_people_rate_follows_popularity() -> None:
    sparse_world = World(users=20_000, items=2_000, seed=1)
    counts = sparse_world.ratings(60_000).item_counts[sparse_world.supply.by_rank]
    edges = np.unique(np.geomspace(1, 2_000, 14).astype(int)) - 1
    edges[-1] = 2_000
    share = np.add.reduceat(counts, edges[:-1]) / np.diff(edges)
    popularity = np.add.reduceat(sparse_world.supply.popularity[sparse_world.supply.by_rank], edges[:-1])
    slope = np.polyfit(np.log(popularity / np.diff(edges))[3:], np.log(share)[3:], 1)[0]
    assert slope == pytest.approx(1.0, abs=0.25)


def test_both_ways_of_choosing_follow_the_same_law(monkeypatch: pytest.MonkeyPatch) -> None:
    n_users, n_items, wanted = 20_000, 60, 3
    rng = np.random.default_rng(0)
    traits = rng.standard_normal((n_items, 2), dtype=np.float32)
    supply = encounters.Supply(rng.permutation(n_items).astype(np.int32), 5.0, np.zeros(n_items, np.float32), traits)
    wants = np.tile(np.array([[1.0, -0.5]], np.float32), (n_users, 1))
    appeal = np.full(n_items, -0.5, np.float32)
    included, first = {}, {}
    for name, dense_share in (("accept", 1), ("race", n_items)):
        monkeypatch.setattr(encounters, "_DENSE_SHARE", dense_share)
        owners, items = encounters.choose(supply, wants, appeal, np.full(n_users, wanted), np.random.default_rng(1))
        assert np.array_equal(np.bincount(owners), np.full(n_users, wanted))
        assert len(np.unique(owners * n_items + items)) == n_users * wanted
        included[name] = np.bincount(items, minlength=n_items) / n_users
        first[name] = np.bincount(items[::wanted], minlength=n_items) / n_users
    law = supply.popularity / (1 + np.exp(-(traits @ wants[0] + appeal)))
    law /= law.sum()
    margin = 5 * np.sqrt(included["race"] / n_users) + 1e-3
    assert (np.abs(included["accept"] - included["race"]) < margin).all()
    for drawn in first.values():
        assert (np.abs(drawn - law) < 5 * np.sqrt(law / n_users) + 1e-3).all()
    assert np.abs(law - supply.popularity).max() > 0.02, "appeal should matter here"


# -- the truth ---------------------------------------------------------------------------------------------------------


def test_ratings_are_the_expected_rating_and_noise(world: World, seen: Interactions) -> None:
    expected = world.expected_rating(*pairs_of(seen), at=seen.times)
    error = seen.values - expected
    bins = np.digitize(expected, np.arange(1.0, 5.0, 0.5))
    for one in np.unique(bins):
        ours = error[bins == one]
        assert abs(ours.mean()) < 4 * ours.std() / np.sqrt(len(ours)) + 0.01, "the expectation is off"
    assert 0.55 < error.std() < 0.75
    assert np.corrcoef(world.utility(*pairs_of(seen), at=seen.times), seen.values)[0, 1] > 0.7


def test_expected_rating_is_the_mean_of_rounded_and_clipped_noise(world: World) -> None:
    utility = world.utility([1], np.arange(1, 201))
    rng = np.random.default_rng(0)
    drawn = utility[:, None] + NOISE * rng.standard_normal((len(utility), 20_000))
    stars = np.clip(np.round(drawn * 2) / 2, *SCALE)
    assert np.abs(world.expected_rating([1], np.arange(1, 201)) - stars.mean(axis=1)).max() < 0.03


def test_people_rate_what_they_expect_to_like(world: World, seen: Interactions) -> None:
    rng = np.random.default_rng(0)
    anything = world.utility(rng.integers(1, 1_001, 20_000), rng.integers(1, 1_001, 20_000))
    assert world.utility(*pairs_of(seen), at=seen.times).mean() > anything.mean() + 0.1
    clicked = world.clicks(100_000)
    assert world.utility(*pairs_of(clicked)).mean() > world.utility(*pairs_of(seen)).mean() + 0.05


def test_tastes_drift(world: World, seen: Interactions) -> None:
    users = np.arange(1_000)
    start, end = (world.taste_of(users, np.full(1_000, moment)) for moment in (START, END))
    assert np.corrcoef(start.ravel(), end.ravel())[0, 1] == pytest.approx(np.cos(np.pi / 4), abs=0.05)
    assert end.std() == pytest.approx(start.std(), abs=0.05)
    late = seen.take(times_of(seen) > START + 0.7 * (END - START))
    errors = [
        np.mean((late.values - world.expected_rating(*pairs_of(late), at=moment)) ** 2)
        for moment in (late.times, START)
    ]
    assert errors[0] < 0.9 * errors[1], "yesterday's taste explains today's ratings as well"


def test_top_n_is_the_best_there_is(world: World, seen: Interactions) -> None:
    users = np.array([3, 999, 17])
    table = world.utility(users[:, None], np.arange(1, 1_001), at=START)
    lists = world.top_n(users, n=7, at=START)
    for row, user in enumerate(users):
        assert lists.of(user) == (1 + np.argsort(-table[row], kind="stable")[:7]).tolist()
    assert np.allclose(lists.scores, -np.sort(-table)[:, :7], atol=1e-5)
    unseen = world.top_n([3], n=1_000, exclude=seen)
    rated = set(seen.item_ids[seen.items[seen.users == 2]].tolist())
    assert set(unseen.of(3)) == set(range(1, 1_001)) - rated
    assert (unseen.items[0, -len(rated) :] == -1).all()


def test_top_n_understands_data_with_other_ids(world: World, seen: Interactions) -> None:
    reloaded = Interactions.from_frame(seen.take(np.arange(len(seen))[::-1]).to_frame())
    assert reloaded.user_ids != seen.user_ids
    some, same = (world.top_n([5, 6], exclude=data).items for data in (seen, reloaded))
    assert np.array_equal(some, same)


def test_truth_is_asked_by_external_ids(world: World) -> None:
    table = world.utility(np.array([1, 2])[:, None], np.array([5, 6, 7]))
    assert table.shape == (2, 3)
    assert table[1, 2] == world.utility(2, 7)[0]
    assert world.utility(2, 7)[0] == pytest.approx(world.utility(2, 7, at=END)[0])
    assert world.utility(2, 7)[0] != world.utility(2, 7, at=START)[0]
    with pytest.raises(UnknownIdError, match="unknown item 0"):
        world.utility(1, 0)


# -- structure to be found ---------------------------------------------------------------------------------------------


def biases(train: Interactions) -> tuple[float, np.ndarray, np.ndarray]:
    mean = float(train.values.mean())
    item = np.bincount(train.items, train.values - mean, train.n_items) / (train.item_counts + 10)
    user = np.bincount(train.users, train.values - mean - item[train.items], train.n_users) / (train.user_counts + 15)
    return mean, user, item


def factors(
    train: Interactions, residual: np.ndarray, k: int = 6, weight: float = 8.0
) -> tuple[np.ndarray, np.ndarray]:
    """Plain ALS on the residuals, an algorithm of its own so that the world is not judged by ours."""
    shape = (train.n_users, train.n_items)
    values = sparse.csr_array((residual, (train.users, train.items)), shape=shape)
    mask = sparse.csr_array((np.ones(len(train)), (train.users, train.items)), shape=shape)
    right = np.random.default_rng(0).standard_normal((train.n_items, k)) * 0.1
    for _ in range(8):
        left = solve(mask, values, right, weight)
        right = solve(mask.T.tocsr(), values.T.tocsr(), left, weight)
    return left, right


def solve(mask: sparse.csr_array, values: sparse.csr_array, other: np.ndarray, weight: float) -> np.ndarray:
    k = other.shape[1]
    normal = (mask @ (other[:, :, None] * other[:, None, :]).reshape(-1, k * k)).reshape(-1, k, k)
    return np.linalg.solve(normal + weight * np.eye(k), (values @ other)[:, :, None])[:, :, 0]


@pytest.mark.parametrize(("users", "items"), [(1_000, 1_000), (671, 9_000)])
def test_personal_taste_can_be_learned(users: int, items: int) -> None:
    train, test = random_holdout(synthetic(users, items, 100_000, seed=2))
    mean, user, item = biases(train)
    left, right = factors(train, train.values - mean - user[train.users] - item[train.items])
    plain = mean + user[test.users] + item[test.items]
    personal = plain + (left[test.users] * right[test.items]).sum(axis=1)
    rmse = [np.sqrt(np.mean((np.clip(estimate, *SCALE) - test.values) ** 2)) for estimate in (plain, personal)]
    assert rmse[1] < 0.97 * rmse[0]


def test_genres_can_be_recovered_from_ratings(world: World, seen: Interactions) -> None:
    mean, user, item = biases(seen)
    _, right = factors(seen, seen.values - mean - user[seen.users] - item[seen.items])
    unit = right / np.linalg.norm(right, axis=1, keepdims=True)
    known = [set(genres) for genres in world.catalog.genres(world.item_ids)]
    nearest = np.argsort(-(unit @ unit.T), axis=1)[:, 1:6]
    anyone = np.random.default_rng(0).integers(0, 1_000, nearest.shape)
    alike = [
        np.mean([bool(known[film] & known[other]) for film in range(1_000) for other in others[film]])
        for others in (nearest, anyone)
    ]
    assert alike[0] > 1.4 * alike[1]


def test_popular_items_are_better_but_not_best(world: World) -> None:
    correlation = np.corrcoef(np.log(world.supply.popularity), world.supply.quality)[0, 1]
    assert 0.2 < correlation < 0.7


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ratings", "clicks"])
def test_time_runs_forward_in_sessions_of_one_user(world: World, kind: str) -> None:
    data = world.ratings(100_000) if kind == "ratings" else world.clicks(100_000)
    times, sessions = times_of(data), data.sessions
    assert sessions is not None
    assert times.min() > START
    assert times.max() <= END
    same_user = np.diff(data.users) == 0
    assert (np.diff(data.users) >= 0).all()
    assert (np.diff(times)[same_user] > 0).all()
    assert sessions[0] == 0
    assert set(np.diff(sessions)) == {0, 1}
    assert same_user[np.diff(sessions) == 0].all(), "a session of two users"
    mean_rows = len(data) / (sessions[-1] + 1)
    assert (7 < mean_rows < 14) if kind == "ratings" else (3 < mean_rows < 5)


def test_who_joins_at_the_very_end_is_still_in_time() -> None:
    owners = np.repeat([0, 1], [300, 2])
    genres = np.zeros(302, np.int32)
    joined = np.array([float(END), float(END) - 1.0])
    rng = np.random.default_rng(0)
    order, times, sessions = encounters.timeline(owners, genres, joined, np.array([0.5, 1.0]), END, 12.0, rng)
    assert sorted(order) == list(range(302))
    assert (owners[order] == owners).all()
    assert times.max() <= END
    assert (np.diff(times)[np.diff(owners) == 0] > 0).all()
    assert sessions[300] == sessions[299] + 1


def test_sessions_have_a_mood(world: World, seen: Interactions) -> None:
    genre = np.array([genres[0] for genres in world.catalog.genres(world.item_ids)])[seen.items]
    assert seen.sessions is not None
    neighbors = np.flatnonzero(np.diff(seen.sessions) == 0)
    alike = np.mean(genre[neighbors] == genre[neighbors + 1])
    order = np.lexsort((np.random.default_rng(0).random(len(seen)), seen.users))
    by_chance = np.mean(genre[order][:-1] == genre[order][1:])
    assert alike > 1.5 * by_chance


def test_clicks_are_implicit(world: World) -> None:
    data = world.clicks(5_000)
    assert data.feedback == "implicit"
    assert data.scale is None
    assert set(data.values) == {1.0}
    assert data.by_user.nnz == len(data)


# -- any number of rows in bounded memory ------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [977, 65_536, 10**6])
def test_chunks_do_not_change_the_rows(world: World, chunk: int) -> None:
    frames = list(world.stream(CROSSING_BLOCKS, chunk=chunk))
    assert {len(frame) for frame in frames[:-1]} <= {chunk}
    assert len(frames) == -(-CROSSING_BLOCKS // chunk)
    whole = pl.concat(frames)
    expected = world.ratings(CROSSING_BLOCKS).to_frame()
    assert whole.cast(expected.schema).equals(expected)


def test_memory_does_not_grow_with_the_rows() -> None:
    big = World(users=20_000, items=2_000)
    peaks = []
    for n in (400_000, 1_200_000):
        tracemalloc.start()
        for _ in big.stream(n, chunk=100_000):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.25 * peaks[0]
    assert peaks[1] < 150 * 2**20


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_written_files_hold_the_ratings(tmp_path: Path, world: World, kind: str) -> None:
    path = tmp_path / f"ratings.{kind}"
    world.write_ratings(path, CROSSING_BLOCKS, kind)
    table = pl.read_parquet(path) if kind == "parquet" else pl.read_csv(path)
    expected = world.ratings(CROSSING_BLOCKS).to_frame().drop(columns.SESSION)
    assert table.cast(expected.schema).equals(expected)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path: Path, world: World) -> None:
    with pytest.raises(DataError, match=r"cannot write .*No such file") as caught:
        world.write_ratings(tmp_path / "nowhere" / "ratings.csv", 1_000, "csv")
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="format must be parquet or csv, not 'xml'"):
        world.write_ratings(tmp_path / "ratings.xml", 1_000, "xml")


# -- edges -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("users", "items", "n"), [(1, 1, 1), (1, 7, 3), (7, 1, 3), (30, 40, 1_200), (500, 5, 6)])
def test_small_and_full_worlds(users: int, items: int, n: int) -> None:
    for data in (World(users, items).ratings(n), World(users, items).clicks(n)):
        assert len(data) == data.by_user.nnz == n
        assert (data.n_users, data.n_items) == (users, items)


def test_numbers_that_cannot_be() -> None:
    for users, items in ((0, 5), (5, -1), (2.5, 3), (True, 3)):
        with pytest.raises(ConfigError, match="must be a whole number of at least 1"):
            World(users, items)
    world = World(3, 4)
    with pytest.raises(MemoryBudgetError, match="a world of 9,000,000,000 users and 3 items needs"):
        World(9_000_000_000, 3)
    with pytest.raises(ConfigError, match="ratings must be at most users x items = 12, not 13"):
        world.ratings(13)
    with pytest.raises(ConfigError, match="clicks must be a whole number of at least 1, not 0"):
        world.clicks(0)
    with pytest.raises(ConfigError, match="chunk must be a whole number of at least 1, not -1"):
        world.stream(5, chunk=-1)
    with pytest.raises(ConfigError, match="kind must be one of ratings, clicks, not 'views'"):
        world.stream(5, kind="views")
    with pytest.raises(ConfigError, match="n must be a whole number of at least 1, not 0"):
        world.top_n([1], n=0)


# -- films -------------------------------------------------------------------------------------------------------------


def test_films_are_plausible() -> None:
    catalog = World(users=1, items=6_000, seed=4).catalog
    films = catalog.items
    titles = films["title"].to_list()
    assert len(set(titles)) == len(titles)
    assert all(title.endswith(f"({year})") for title, year in zip(titles, films["year"], strict=True))
    assert films["year"].is_between(1925, 2019).all()
    assert films["year"].median() > 1995
    noir = films.filter(pl.col("genres").list.contains("Film-Noir"))
    assert len(noir)
    assert noir["year"].is_between(1940, 1959).all()
    assert films["genres"].list.len().is_between(1, 3).all()
    assert films["genres"].list.unique().list.len().equals(films["genres"].list.len())
    assert films["price"].is_between(3.0, 30.0).all()
    together = films["genres"].list.contains("Children") & films["genres"].list.contains("Animation")
    apart = films["genres"].list.contains("Children") & films["genres"].list.contains("Horror")
    assert together.sum() > 5 * apart.sum()
    assert catalog.find(titles[17]) == 18
    sequels = [title for title in titles if title.split(" (")[0].endswith(" 2")]
    assert all(title.split(" 2 (")[0] in {other.split(" (")[0] for other in titles} for title in sequels)


def test_more_rows_than_the_memory_budget_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "1 MB")
    world = World(300, 300)
    assert len(world.ratings(1_000)) == 1_000
    with pytest.raises(MemoryBudgetError, match="a table of 50,000 rows needs"):
        world.ratings(50_000)
