import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data.catalog import Catalog
from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics import similarity
from longtail.kernels.bias import als_biases
from longtail.kernels.pairs import CommonRaters


@pytest.fixture
def ratings(rng: np.random.Generator) -> lt.Interactions:
    """Thirty users, ten items, two of which (8 and 9) no two users share."""
    users, items = np.nonzero(rng.random((30, 8)) < 0.35)
    users, items = np.append(users, [0, 1]), np.append(items, [8, 9])
    values = rng.integers(1, 11, len(users)) / 2
    return lt.Interactions.from_frame({"user": users, "item": items, "rating": values})


def all_pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.divmod(np.arange(n * n), n)
    return a, b


def columns_of(data: lt.Interactions) -> list[dict[int, float]]:
    """Of each item, {user: rating}."""
    columns: list[dict[int, float]] = [{} for _ in range(data.n_items)]
    for user, item, value in zip(data.users.tolist(), data.items.tolist(), data.values.tolist(), strict=True):
        columns[item][user] = value
    return columns


def plain_cosine(x: dict[int, float], y: dict[int, float]) -> float:
    common = sorted(x.keys() & y.keys())
    norm = sum(x[u] ** 2 for u in common) * sum(y[u] ** 2 for u in common)
    return sum(x[u] * y[u] for u in common) / norm**0.5 if norm > 0 else 0.0


def test_rating_cosine_agrees_with_a_plain_loop(ratings: lt.Interactions) -> None:
    columns = columns_of(ratings)
    a, b = all_pairs(ratings.n_items)
    expected = [plain_cosine(columns[i], columns[j]) for i, j in zip(a, b, strict=True)]
    np.testing.assert_allclose(similarity.rating_cosine(ratings).pairs(a, b), expected, rtol=1e-9)
    assert min(expected) == 0.0 < max(expected)


def test_pairs_of_a_large_catalogue_are_told_apart(rng: np.random.Generator) -> None:
    """With 70,000 items there are more pairs than an int32 can number; asked for in any order, and twice."""
    n = 70_000
    items = np.concatenate([np.arange(n), [5, n - 1, 5, n - 2]])
    users = np.concatenate([np.arange(n) + 9, [0, 0, 1, 1]])
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": np.full(n + 4, 3.0)})
    last, before = data.item_ids.index([n - 1, n - 2])
    a = np.array([last, 5, before, 7, last, before], dtype=np.int32)
    b = np.array([5, before, 5, last, 5, last], dtype=np.int32)
    for alike, both in ((similarity.rating_cosine(data), 1.0), (similarity.vector_cosine(data), 1 / 6**0.5)):
        assert alike.pairs(a, b) == pytest.approx([both, both, both, 0.0, both, 0.0])


@pytest.mark.parametrize("shrinkage", [0.0, 100.0])
def test_pearson_baseline_agrees_with_a_plain_loop(ratings: lt.Interactions, shrinkage: float) -> None:
    mean = float(ratings.values.mean(dtype=np.float64))
    user_bias, item_bias = als_biases(ratings.by_user, ratings.by_item, mean)
    residuals = [
        {user: value - mean - float(user_bias[user]) - float(item_bias[item]) for user, value in column.items()}
        for item, column in enumerate(columns_of(ratings))
    ]
    expected = []
    a, b = all_pairs(ratings.n_items)
    for i, j in zip(a, b, strict=True):
        beyond_one = max(len(residuals[i].keys() & residuals[j].keys()) - 1, 0)
        shrunk = beyond_one / (beyond_one + shrinkage) if beyond_one else 0.0
        expected.append(shrunk * plain_cosine(residuals[i], residuals[j]))
    found = similarity.rating_pearson_baseline(ratings, shrinkage).pairs(a, b)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert min(expected) < 0 < max(expected)


def test_vector_cosine_agrees_with_dense_columns(ratings: lt.Interactions) -> None:
    dense = ratings.by_user.toarray().astype(np.float64)
    unit = dense / np.linalg.norm(dense, axis=0)
    a, b = all_pairs(ratings.n_items)
    found = similarity.vector_cosine(ratings).pairs(a, b).reshape(ratings.n_items, -1)
    np.testing.assert_allclose(found, unit.T @ unit, atol=1e-12)


def test_by_hand() -> None:
    data = lt.Interactions.from_frame(
        {"user": [1, 1, 2, 2, 3, 4], "item": [10, 20, 10, 20, 10, 30], "rating": [3.0, 4.0, 4.0, 3.0, 5.0, 2.0]}
    )
    ten_twenty_thirty = np.array([0, 0]), np.array([1, 2])
    assert similarity.rating_cosine(data).pairs(*ten_twenty_thirty).tolist() == pytest.approx([24 / 25, 0.0])
    whole = similarity.vector_cosine(data).pairs(*ten_twenty_thirty).tolist()
    assert whole == pytest.approx([24 / (50**0.5 * 5), 0.0])


@pytest.mark.parametrize(
    "make",
    [similarity.rating_cosine, similarity.rating_pearson_baseline, similarity.vector_cosine, similarity.genre_jaccard],
)
def test_symmetric_bounded_and_the_same_asked_alone_or_in_bulk(ratings: lt.Interactions, make: object) -> None:
    genres = [["Drama", "War"], ["War"], [], ["Drama"], ["Comedy"], [], ["War", "Drama"], ["Drama"], ["War"], ["Noir"]]
    catalog = Catalog(pl.DataFrame({"item": ratings.item_ids.values, "genres": genres}))
    alike = make(ratings.with_catalog(catalog))  # type: ignore[operator]
    a, b = all_pairs(ratings.n_items)
    values = alike.pairs(a, b)
    assert values.dtype == np.float64
    assert values.tolist() == alike.pairs(b, a).tolist()
    assert values.tolist() == [alike.pairs(a[k : k + 1], b[k : k + 1])[0] for k in range(len(a))]
    assert (np.abs(values) <= 1 + 1e-9).all()
    assert alike.pairs(a[:0], b[:0]).shape == (0,)
    assert alike.item_ids is ratings.item_ids


def test_equal_pairs_are_computed_once(ratings: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    plain = CommonRaters.sums

    def counting(self: CommonRaters, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        computed.append(len(a))
        return plain(self, a, b)

    monkeypatch.setattr(CommonRaters, "sums", counting)
    a, b = np.array([0, 1, 0, 2, 1]), np.array([1, 0, 1, 3, 1])
    values = similarity.rating_cosine(ratings).pairs(a, b)
    assert computed == [3]
    assert values[0] == values[1] == values[2]


def test_genre_jaccard_by_hand(small: lt.Interactions) -> None:
    many = [f"genre {k}" for k in range(70)]
    genres = [["Drama", "War"], ["Drama"], ["Comedy"], None, many, many[:35]]
    catalog = Catalog(pl.DataFrame({"item": [10, 20, 30, 40, 50, 60], "genres": genres}))
    alike = similarity.genre_jaccard(small.with_catalog(catalog))
    index = {item: position for position, item in enumerate(small.item_ids.values.tolist())}

    def of(x: int, y: int) -> float:
        return float(alike.pairs(np.array([index[x]]), np.array([index[y]]))[0])

    assert (of(10, 20), of(10, 10), of(10, 30), of(40, 40), of(10, 40)) == (0.5, 1.0, 0.0, 0.0, 0.0)
    assert of(50, 60) == 0.5


def test_what_cannot_work_is_refused(small: lt.Interactions) -> None:
    with pytest.raises(DataError, match="needs a catalog with a column 'genres'"):
        similarity.genre_jaccard(small)
    titles_only = small.with_catalog(Catalog(pl.DataFrame({"item": [10], "title": ["Nine"]})))
    with pytest.raises(DataError, match="needs a catalog with a column 'genres'"):
        similarity.genre_jaccard(titles_only)
    with pytest.raises(ConfigError, match="shrinkage must be at least 0, not -1"):
        similarity.rating_pearson_baseline(small, shrinkage=-1)
