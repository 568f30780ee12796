import numpy as np
import pytest
from scipy import sparse

from longtail.kernels import pairs
from longtail.kernels.pairs import CommonRaters


def some_ratings(rng: np.random.Generator, n_users: int = 40, n_items: int = 12) -> sparse.csr_array:
    dense = np.where(rng.random((n_users, n_items)) < 0.3, rng.integers(1, 11, (n_users, n_items)) / 2, 0.0)
    dense[:, 3] = 0.0  # an item nobody rated
    return sparse.csr_array(dense.astype(np.float32))


def plain_sums(rows: sparse.csr_array, a: int, b: int) -> list[float]:
    dense = rows.toarray().astype(np.float64)
    both = (dense[:, a] != 0) & (dense[:, b] != 0)
    x, y = dense[both, a], dense[both, b]
    return [(x * y).sum(), np.sqrt((x * x).sum() * (y * y).sum()), both.sum()]


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("costs", [0, 1, 10**6], ids=["rows", "either", "columns"])
def test_sums_agree_with_dense_columns(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, threads: str, costs: int
) -> None:
    monkeypatch.setenv("LONGTAIL_THREADS", threads)
    rows = some_ratings(rng)
    raters = CommonRaters.of(rows)
    tilted = CommonRaters(**{**vars(raters), "effort": raters.effort * costs})
    a, b = rng.integers(0, 12, (2, 200))
    sums = tilted.sums(a, b)
    np.testing.assert_allclose(sums, [plain_sums(rows, *pair) for pair in zip(a, b, strict=True)], rtol=1e-12)
    assert (sums[:, 2] > 0).any()
    assert sums.tolist() == raters.sums(a, b).tolist()  # both ways add in the same order


def test_both_ways_are_taken(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pair is read; an item with all its partners is added up."""
    done: list[int] = []
    plain = pairs._add_rows

    def counting(*given: object) -> None:
        plain(*given)  # type: ignore[arg-type]
        done.append(int(given[-1].sum()))  # type: ignore[attr-defined]

    monkeypatch.setattr(pairs, "_add_rows", counting)
    monkeypatch.setenv("LONGTAIL_THREADS", "1")
    few_items = sparse.csr_array((rng.random((400, 40)) < 0.1).astype(np.float32))
    raters = CommonRaters.of(few_items)
    raters.sums(np.array([0]), np.array([1]))
    assert done == [0]
    raters.sums(np.zeros(39, np.int32), np.arange(1, 40))
    assert done[-1] == 39


def test_effort_is_what_the_raters_rated_from_the_item_on() -> None:
    rows = sparse.csr_array(np.array([[1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]], np.float32))
    assert CommonRaters.of(rows).effort.tolist() == [3 + 1, 2 + 2, 1, 1]


def test_a_stored_rating_of_zero_is_a_rating() -> None:
    rows = sparse.csr_array((np.array([0.0, 2.0], np.float32), ([0, 0], [0, 1])), shape=(1, 2))
    assert CommonRaters.of(rows).sums(np.array([0]), np.array([1])).tolist() == [[0.0, 0.0, 1.0]]


def test_no_pairs() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert CommonRaters.of(some_ratings(np.random.default_rng(0))).sums(nothing, nothing).shape == (0, 3)
