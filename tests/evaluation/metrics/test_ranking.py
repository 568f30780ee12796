"""Every metric of lists against held-out items, beside a plain-Python twin that knows only dicts and loops."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

import longtail as lt
from longtail.data.ids import Ids
from longtail.data.results import RatingPredictions, TopN
from longtail.errors import ConfigError, DataError, UnknownIdError
from longtail.evaluation.metrics import hit_rates, ranking
from longtail.evaluation.metrics.hits import Hits
from longtail.evaluation.metrics.value import MetricValue

USERS = ["ann", "bob", "cy", "dee", "eve"]
ITEMS = [10, 20, 30, 40, 50, 60, 70]
RATINGS = [0.5, 2.0, 3.5, 4.0, 4.5, 5.0]


@dataclass(frozen=True)
class Case:
    """Lists and truth in external ids; `n` places in a list."""

    n: int
    lists: dict[str, list[int]]
    truth: list[tuple[str, int, float, float]]  # user, item, actual, estimated
    item_order: list[int]  # the lists may number the items differently from the truth

    def top_n(self, users: list[str] | None = None) -> TopN:
        order = list(self.lists) if users is None else users
        user_ids, item_ids = Ids(USERS[::-1], kind="user"), Ids(self.item_order, kind="item")
        items = np.full((len(order), self.n), -1, dtype=np.int32)
        for row, user in enumerate(order):
            items[row, : len(self.lists[user])] = item_ids.index(self.lists[user])
        scores = np.where(items >= 0, -np.arange(self.n, dtype=np.float32), -np.inf)
        return TopN(user_ids.index(order), items, scores, user_ids, item_ids)

    def columns(self) -> dict[str, Any]:
        user_ids, item_ids = Ids(USERS, kind="user"), Ids(ITEMS, kind="item")
        users = user_ids.index([row[0] for row in self.truth])
        items = item_ids.index([row[1] for row in self.truth])
        return {"users": users, "items": items, "user_ids": user_ids, "item_ids": item_ids}

    def test(self) -> lt.Interactions:
        return lt.Interactions(values=np.array([row[2] for row in self.truth], dtype=np.float32), **self.columns())

    def predictions(self) -> RatingPredictions:
        actual, estimated = (np.array([row[k] for row in self.truth], dtype=np.float32) for k in (2, 3))
        return RatingPredictions(
            actual=actual, estimated=estimated, impossible=np.zeros(len(actual), dtype=bool), **self.columns()
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(1, 5))
    owners = draw(st.lists(st.sampled_from(USERS), unique=True))
    lists = {user: draw(st.lists(st.sampled_from(ITEMS), unique=True, max_size=n)) for user in owners}
    pairs = draw(st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(ITEMS)), unique=True, max_size=20))
    rating = st.sampled_from(RATINGS)
    truth = [(user, item, draw(rating), draw(st.sampled_from([1.0, 3.25, 3.9, 4.0, 4.74]))) for user, item in pairs]
    return Case(n, lists, truth, draw(st.permutations(ITEMS)))


Wanted = dict[str, dict[int, float]]  # user -> item -> rating, the test users being its keys


def wanted_of(case: Case, keep: Callable[[float, float], bool] = lambda actual, estimated: True) -> Wanted:
    wanted: Wanted = {}
    for user, item, actual, estimated in case.truth:
        mine = wanted.setdefault(user, {})
        if keep(actual, estimated):
            mine[item] = actual
    return wanted


def plain_hit(case: Case, user: str, relevant: dict[int, float]) -> float:
    return float(any(item in relevant for item in case.lists.get(user, [])))


def plain_arhr(case: Case, user: str, relevant: dict[int, float]) -> float:
    return sum(1 / rank for rank, item in enumerate(case.lists.get(user, []), start=1) if item in relevant)


def plain_mrr(case: Case, user: str, relevant: dict[int, float]) -> float:
    return next((1 / r for r, item in enumerate(case.lists.get(user, []), start=1) if item in relevant), 0.0)


def plain_precision(case: Case, user: str, relevant: dict[int, float]) -> float:
    return sum(item in relevant for item in case.lists.get(user, [])) / case.n


def plain_recall(case: Case, user: str, relevant: dict[int, float]) -> float:
    return sum(item in relevant for item in case.lists.get(user, [])) / len(relevant)


def plain_ap(case: Case, user: str, relevant: dict[int, float]) -> float:
    hits, total = 0, 0.0
    for rank, item in enumerate(case.lists.get(user, []), start=1):
        if item in relevant:
            hits += 1
            total += hits / rank
    return total / min(case.n, len(relevant))


def plain_ndcg(gain: Callable[[float], float]) -> Callable[[Case, str, dict[int, float]], float]:
    def of(case: Case, user: str, relevant: dict[int, float]) -> float:
        listed = [gain(relevant[item]) if item in relevant else 0.0 for item in case.lists.get(user, [])]
        best = sorted((gain(rating) for rating in relevant.values()), reverse=True)[: case.n]
        dcg, ideal = (sum(g / math.log2(1 + r) for r, g in enumerate(gains, start=1)) for gains in (listed, best))
        return dcg / ideal

    return of


def exponential_ndcg(lists: TopN, test: lt.Interactions, *, min_rating: float | None = None) -> MetricValue:
    return ranking.ndcg(lists, test, min_rating=min_rating, gains="exponential")


PLAIN = {
    ranking.precision: plain_precision,
    ranking.recall: plain_recall,
    ranking.mean_average_precision: plain_ap,
    ranking.mrr: plain_mrr,
    ranking.ndcg: plain_ndcg(lambda rating: 1.0),
    exponential_ndcg: plain_ndcg(lambda rating: 2**rating - 1),
}
EVERY = [*PLAIN, hit_rates.hit_rate, hit_rates.arhr, hit_rates.cumulative_hit_rate]


def assert_equal(value: MetricValue, case: Case, wanted: Wanted, plain: Callable[..., float]) -> None:
    expected = {
        user: plain(case, user, relevant) if relevant else math.nan
        for user, relevant in sorted(wanted.items(), key=lambda entry: USERS.index(entry[0]))
    }
    assert [USERS[user] for user in value.users] == list(expected)
    assert value.per_user == pytest.approx(list(expected.values()), nan_ok=True)
    defined = [worth for worth in expected.values() if not math.isnan(worth)]
    assert value == pytest.approx(sum(defined) / len(defined) if defined else math.nan, nan_ok=True)


@pytest.mark.parametrize("min_rating", [None, 4.0])
@pytest.mark.parametrize("metric", PLAIN, ids=lambda metric: metric.__name__)
@settings(max_examples=60, deadline=None)
@given(case=cases())
def test_ranking_metrics_agree_with_a_plain_loop(metric: Any, min_rating: float | None, case: Case) -> None:
    wanted = wanted_of(case, lambda actual, _: min_rating is None or actual >= min_rating)
    assert_equal(metric(case.top_n(), case.test(), min_rating=min_rating), case, wanted, PLAIN[metric])


@settings(max_examples=80, deadline=None)
@given(case=cases(), threshold=st.sampled_from([0.0, 3.5, 4.0, 6.0]))
def test_hit_rates_agree_with_a_plain_loop(case: Case, threshold: float) -> None:
    lists, test, predictions = case.top_n(), case.test(), case.predictions()
    assert_equal(hit_rates.hit_rate(lists, test), case, wanted_of(case), plain_hit)
    assert_equal(hit_rates.arhr(lists, test), case, wanted_of(case), plain_arhr)
    by_actual = wanted_of(case, lambda actual, _: actual >= threshold)
    assert_equal(hit_rates.cumulative_hit_rate(lists, test, threshold), case, by_actual, plain_hit)
    by_estimate = wanted_of(case, lambda _, estimated: estimated >= threshold)
    value = hit_rates.cumulative_hit_rate_by_prediction(lists, predictions, threshold)
    assert_equal(value, case, by_estimate, plain_hit)


@settings(max_examples=80, deadline=None)
@given(case=cases())
def test_rating_hit_rates_agree_with_a_plain_loop(case: Case) -> None:
    nearest = {1.0: 1.0, 3.25: 3.5, 3.9: 4.0, 4.0: 4.0, 4.74: 4.5}
    readings = (
        (hit_rates.rating_hit_rate(case.top_n(), case.test()), lambda actual, _: actual),
        (hit_rates.rating_hit_rate_by_prediction(case.top_n(), case.predictions()), lambda _, e: nearest[e]),
    )
    for rates, key in readings:
        assert list(rates) == sorted({key(actual, estimated) for *_, actual, estimated in case.truth})
        for rating, value in rates.items():
            wanted = wanted_of(case, lambda actual, e, key=key, rating=rating: key(actual, e) == rating)
            assert_equal(value, case, {user: mine for user, mine in wanted.items() if mine}, plain_hit)


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.__name__)
@settings(max_examples=30, deadline=None)
@given(case=cases(), data=st.data())
def test_neither_the_order_of_lists_nor_of_rows_matters_and_values_stay_in_bounds(
    metric: Any, case: Case, data: st.DataObject
) -> None:
    value = metric(case.top_n(), case.test())
    shuffled = dataclasses.replace(case, truth=data.draw(st.permutations(case.truth)))
    other = metric(shuffled.top_n(users=data.draw(st.permutations(list(case.lists)))), shuffled.test())
    np.testing.assert_allclose(other.per_user, value.per_user)
    assert other.users.tolist() == value.users.tolist()
    highest = sum(1 / rank for rank in range(1, case.n + 1)) if metric is hit_rates.arhr else 1.0
    assert ((value.per_user >= 0) & (value.per_user <= highest + 1e-12) | np.isnan(value.per_user)).all()


@pytest.mark.parametrize("gains", ["binary", "exponential"])
def test_ndcg_agrees_with_scikit_learn(rng: np.random.Generator, gains: ranking.Gains) -> None:
    n_users, n_items, n = 40, 30, 10
    scores = rng.permuted(np.tile(np.arange(n_items), (n_users, 1)), axis=1)
    relevance = np.where(rng.random(scores.shape) < 0.3, rng.integers(1, 11, scores.shape) / 2, 0.0)
    relevance[:, 0] = 5.0  # nobody is without a relevant item
    ids = {"user_ids": Ids(range(n_users)), "item_ids": Ids(range(n_items))}
    users, items = np.nonzero(relevance)
    test = lt.Interactions(users=users, items=items, values=relevance[users, items], **ids)
    best = np.argsort(-scores, axis=1)[:, :n]
    lists = TopN(np.arange(n_users), best, np.take_along_axis(scores, best, axis=1), **ids)
    gain = (relevance > 0).astype(float) if gains == "binary" else 2**relevance - 1
    assert ranking.ndcg(lists, test, gains=gains) == pytest.approx(ndcg_score(gain, scores, k=n))


def by_hand() -> Case:
    """Ann: hits at 1 and 3 of her three items; bob: none; cy: no list; dee: a list but nothing held out."""
    lists = {"ann": [10, 20, 30], "bob": [40, 50], "dee": [10]}
    truth = [("ann", 10, 5.0, 4.5), ("ann", 30, 2.0, 3.0), ("ann", 70, 4.0, 4.0), ("bob", 60, 3.5, 4.1)]
    return Case(4, lists, [*truth, ("cy", 10, 5.0, 2.0)], ITEMS)


def test_by_hand() -> None:
    lists, test, predictions = by_hand().top_n(), by_hand().test(), by_hand().predictions()
    assert hit_rates.hit_rate(lists, test) == pytest.approx(1 / 3)
    assert hit_rates.arhr(lists, test) == pytest.approx((1 + 1 / 3) / 3)
    assert ranking.mrr(lists, test) == pytest.approx(1 / 3)
    assert ranking.precision(lists, test) == pytest.approx(2 / 4 / 3)
    assert ranking.recall(lists, test) == pytest.approx(2 / 3 / 3)
    assert ranking.mean_average_precision(lists, test) == pytest.approx((1 / 1 + 2 / 3) / 3 / 3)
    assert ranking.ndcg(lists, test) == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2) / 3)
    assert hit_rates.cumulative_hit_rate(lists, test, 4.0) == pytest.approx(1 / 2)  # ann and cy; bob rated 3.5
    assert hit_rates.cumulative_hit_rate_by_prediction(lists, predictions, 4.0) == pytest.approx(1 / 2)  # ann, bob
    assert hit_rates.rating_hit_rate(lists, test) == {2.0: 1.0, 3.5: 0.0, 4.0: 0.0, 5.0: 0.5}
    assert hit_rates.rating_hit_rate_by_prediction(lists, predictions) == {2.0: 0.0, 3.0: 1.0, 4.0: 0.0, 4.5: 1.0}


def test_with_one_item_each_the_hit_rate_is_the_share_of_held_out_rows_found() -> None:
    truth = [("ann", 10, 5.0, 4.0), ("bob", 50, 5.0, 4.0), ("cy", 10, 5.0, 4.0)]
    case = Case(3, {"ann": [30, 20, 10], "bob": [50], "cy": [20]}, truth, ITEMS)
    lists, test = case.top_n(), case.test()
    assert hit_rates.hit_rate(lists, test) == ranking.recall(lists, test) == pytest.approx(2 / 3)
    assert hit_rates.arhr(lists, test) == ranking.mrr(lists, test) == pytest.approx((1 / 3 + 1) / 3)


def test_a_rating_is_found_under_the_number_people_write() -> None:
    case = Case(1, {"ann": [10]}, [("ann", 10, 4.1, 4.1)], ITEMS)
    assert list(hit_rates.rating_hit_rate(case.top_n(), case.test())) == [4.1]
    assert hit_rates.cumulative_hit_rate(case.top_n(), case.test(), threshold=np.float64(4.1)) == 1.0


def test_any_number_of_threads_finds_the_same(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {"user_ids": Ids(range(50)), "item_ids": Ids(range(20))}
    dense = rng.random((50, 20)) < 0.4
    users, items = np.nonzero(dense)
    test = lt.Interactions(users=users, items=items, values=np.ones(len(users)), **ids)
    best = rng.permuted(np.tile(np.arange(20), (50, 1)), axis=1)[:, :7]
    lists = TopN(np.arange(50), best, np.zeros(best.shape), **ids)
    monkeypatch.setenv("LONGTAIL_THREADS", "1")
    whole = Hits.of(lists, test).ranks
    monkeypatch.setenv("LONGTAIL_THREADS", "5")
    assert Hits.of(lists, test).ranks.tolist() == whole.tolist()
    assert (whole > 0).sum() == np.take_along_axis(dense, best, axis=1).sum() > 0


def test_an_item_listed_twice_counts_once_at_its_better_place() -> None:
    case = Case(3, {"ann": [20, 10, 10]}, [("ann", 10, 5.0, 4.0)], ITEMS)
    assert ranking.recall(case.top_n(), case.test()) == 1.0
    assert ranking.mrr(case.top_n(), case.test()) == 0.5


def test_lists_that_cannot_be_scored_are_refused() -> None:
    case = by_hand()
    twice = case.top_n(users=["ann", "bob", "ann"])
    with pytest.raises(DataError, match="user ann has more than one list"):
        hit_rates.hit_rate(twice, case.test())
    stranger = lt.Interactions.from_frame({"user": ["ann", "bob", "dee"], "item": [10, 20, 30], "rating": [5, 4, 3]})
    with pytest.raises(
        UnknownIdError, match=r"the lists do not fit the test data: unknown item 40 .*splits.predefined"
    ):
        hit_rates.hit_rate(case.top_n(), stranger)
    with pytest.raises(UnknownIdError, match="unknown user dee"):
        hit_rates.hit_rate(case.top_n(users=["dee"]), lt.Interactions.from_frame({"user": ["ann"], "item": [10]}))


def test_bad_gains_are_refused() -> None:
    case = by_hand()
    with pytest.raises(ConfigError, match="gains must be one of binary, linear, exponential, not 'log'"):
        ranking.ndcg(case.top_n(), case.test(), gains="log")  # type: ignore[arg-type]
    plays = Case(1, {"ann": [10]}, [("ann", 10, 1200.0, 1.0)], ITEMS)
    with pytest.raises(DataError, match="exponential gains need ratings from 0 to 50, not 1200"):
        ranking.ndcg(plays.top_n(), plays.test(), gains="exponential")
    assert ranking.ndcg(plays.top_n(), plays.test(), gains="linear") == 1.0
    disliked = Case(1, {"ann": [10]}, [("ann", 10, -1.0, 1.0)], ITEMS)
    with pytest.raises(DataError, match="linear gains need ratings from 0 up, not -1; use gains='binary'"):
        ranking.ndcg(disliked.top_n(), disliked.test(), gains="linear")


def test_bad_definitions_are_refused() -> None:
    lists, test = by_hand().top_n(), by_hand().test()
    for metric in (ranking.precision, ranking.recall, ranking.mean_average_precision):
        with pytest.raises(ConfigError, match=r"divisor must be one of .*, not 'users'"):
            metric(lists, test, divisor="users")
    with pytest.raises(ConfigError, match="ideal must be one of cut, all, full, not 'best'"):
        ranking.ndcg(lists, test, ideal="best")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="discount must be one of"):
        ranking.ndcg(lists, test, discount="log")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="ideal='full' is a list of gains of 1: it needs gains='binary'"):
        ranking.ndcg(lists, test, ideal="full", gains="linear")
    with pytest.raises(ConfigError, match="over must be users or interactions, not 'items'"):
        hit_rates.hit_rate(lists, test, over="items")  # type: ignore[arg-type]


def test_a_user_with_worthless_items_only_has_no_exponential_ndcg() -> None:
    case = Case(1, {"ann": [10]}, [("ann", 10, 0.0, 1.0)], ITEMS)
    assert math.isnan(ranking.ndcg(case.top_n(), case.test(), gains="exponential"))


def test_lists_without_places_are_misses() -> None:
    """As an empty file of lists is read: every test user scores 0, the user without a relevant item is undefined."""
    test = lt.Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 20], "rating": [5.0, 2.0]})
    lists = TopN(np.arange(2), np.empty((2, 0)), np.empty((2, 0)), test.user_ids, test.item_ids)
    for metric in (ranking.precision, ranking.recall, ranking.ndcg, ranking.mean_average_precision, ranking.mrr):
        assert metric(lists, test).per_user.tolist() == [0.0, 0.0]
        assert metric(lists, test, min_rating=4.0).per_user.tolist() == pytest.approx([0.0, math.nan], nan_ok=True)
    full = ranking.ndcg(lists, test, ideal="full", min_rating=4.0)
    assert full.per_user.tolist() == pytest.approx([0.0, math.nan], nan_ok=True)
