import math

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
from longtail.evaluation.metrics import genre_calibration as module
from longtail.evaluation.metrics.genre_calibration import Weights, calibration

GENRES: list[list[str] | None] = [["Drama"], ["Drama", "War"], ["Comedy"], [], None, ["War", "Comedy", "Noir"]]
USER_IDS, ITEM_IDS = Ids(range(4), kind="user"), Ids(range(6), kind="item")
CATALOG = Catalog(pl.DataFrame({"item": list(range(6)), "genres": GENRES}))

Lists = dict[int, list[int]]
Rated = dict[tuple[int, int], float]

lists_of_some = st.dictionaries(st.integers(0, 3), st.lists(st.integers(0, 5), unique=True, max_size=3))
ratings_of_some = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 5)), st.sampled_from([-1.0, 0.0, 1.0, 2.5, 5.0])
)


def top_n(rows: Lists) -> TopN:
    items = np.array([row + [-1] * (3 - len(row)) for row in rows.values()], dtype=np.int32).reshape(len(rows), 3)
    return TopN(list(rows), items, np.zeros(items.shape), USER_IDS, ITEM_IDS)


def interactions(rows: Rated) -> lt.Interactions:
    users, items = np.array(list(rows), dtype=np.int32).reshape(-1, 2).T
    return lt.Interactions(users, items, np.array(list(rows.values())), USER_IDS, ITEM_IDS, catalog=CATALOG)


def shares(weights: dict[int, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for item, weight in weights.items():
        for genre in GENRES[item] or []:
            found[genre] = found.get(genre, 0.0) + weight / len(GENRES[item] or [])
    total = sum(found.values())
    return {genre: weight / total for genre, weight in found.items()} if total > 0 else {}


@settings(max_examples=150, deadline=None)
@given(
    lists=lists_of_some,
    train=ratings_of_some,
    alpha=st.sampled_from([0.01, 0.3]),
    weights=st.sampled_from(["rating", "equal"]),
    discounted=st.booleans(),
)
def test_agrees_with_a_plain_loop(lists: Lists, train: Rated, alpha: float, weights: Weights, discounted: bool) -> None:
    expected = []
    for user, row in lists.items():
        theirs = {item: max(rating, 0.0) for (one, item), rating in train.items() if one == user}
        p = shares(theirs if weights == "rating" else dict.fromkeys(theirs, 1.0))
        q = shares({item: 1 / math.log2(place + 2) if discounted else 1.0 for place, item in enumerate(row)})
        mixed = {genre: (1 - alpha) * q.get(genre, 0.0) + alpha * p[genre] for genre in p}
        divergence = sum(share * math.log(share / mixed[genre]) for genre, share in p.items() if share > 0)
        expected.append(divergence if p and q else math.nan)
    value = calibration(top_n(lists), interactions(train), alpha=alpha, weights=weights, discounted=discounted)
    assert value.users.tolist() == list(lists)
    assert value.per_user == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_lists_like_the_history_are_calibrated_and_lists_unlike_it_reach_the_bound() -> None:
    train = interactions({(0, 0): 4.0, (1, 2): 4.0})
    value = calibration(top_n({0: [0], 1: [0]}), train, alpha=0.01)
    assert value.per_user[0] == pytest.approx(0.0, abs=1e-12)
    assert value.per_user[1] == pytest.approx(math.log(1 / 0.01))


def test_blocks_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    data = lt.datasets.synthetic(users=60, items=50, ratings=1_000)
    lists = lt.make("popular").fit(data).recommend(n=10)
    whole = calibration(lists, data)
    monkeypatch.setattr(module, "LISTS_AT_ONCE", 7)
    assert calibration(lists, data).per_user.tolist() == whole.per_user.tolist()
    assert 0 < whole < math.log(100)


def test_a_genre_named_twice_counts_once() -> None:
    genres = [["Drama", "War", "Drama"], ["Drama", "War"]]
    catalog = Catalog(pl.DataFrame({"item": [0, 1], "genres": genres}))
    data = lt.Interactions.from_frame({"user": [0, 0], "item": [0, 1], "rating": [4.0, 4.0]}, catalog=catalog)
    assert module.genre_shares(data).toarray().tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert lt.metrics.genre_jaccard(data).pairs(np.array([0]), np.array([1])).tolist() == [1.0]


def test_a_user_the_data_do_not_know_is_undefined() -> None:
    stranger = TopN([1], [[0]], [[1]], Ids([0, 77]), ITEM_IDS)
    assert math.isnan(calibration(stranger, interactions({(0, 0): 4.0})))


def test_what_cannot_be_measured_is_refused(small: lt.Interactions) -> None:
    with pytest.raises(DataError, match="calibration needs a catalog with a column 'genres'"):
        calibration(top_n({}), small)
    with pytest.raises(ConfigError, match="alpha must lie between 0 and 1"):
        calibration(top_n({}), interactions({}), alpha=0.0)
    with pytest.raises(ConfigError, match="weights must be rating or equal, not 'stars'"):
        calibration(top_n({}), interactions({}), weights="stars")  # type: ignore[arg-type]


def test_without_any_genre_nothing_is_defined() -> None:
    bare = Catalog(
        pl.DataFrame({"item": [0, 1], "genres": [[], []]}, schema={"item": pl.Int64, "genres": pl.List(pl.String)})
    )
    value = calibration(top_n({0: [0]}), interactions({(0, 1): 4.0}).with_catalog(bare))
    assert math.isnan(value)
