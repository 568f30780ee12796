import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from longtail.kernels import lists

TABLE = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(st.integers(-1, 6), min_size=n, max_size=n), min_size=1, max_size=6)
)


@settings(max_examples=80, deadline=None)
@given(keys=st.lists(st.integers(-1, 6)))
def test_grouped_is_a_stable_sort(keys: list[int]) -> None:
    order, bounds = lists.grouped(np.array(keys, dtype=np.int32), 7)
    assert order.tolist() == [k for k in np.argsort(keys, kind="stable").tolist() if keys[k] >= 0]
    assert np.diff(bounds).tolist() == [keys.count(key) for key in range(7)]


@settings(max_examples=80, deadline=None)
@given(table=TABLE, data=st.data())
def test_places_and_strangers_agree_with_a_plain_loop(table: list[list[int]], data: st.DataObject) -> None:
    items = np.array(table, dtype=np.int32)
    asked = data.draw(st.lists(st.tuples(st.integers(-1, len(table) - 1), st.integers(0, 6)), min_size=1, max_size=9))
    rows, wanted = np.array(asked).T
    expected = [table[row].index(item) + 1 if row >= 0 and item in table[row] else 0 for row, item in asked]
    assert lists.places(items, rows, wanted).tolist() == expected

    others = data.draw(TABLE)
    lines = data.draw(st.lists(st.integers(-1, len(others) - 1), min_size=len(table), max_size=len(table)))
    strange = [
        [item >= 0 and (line < 0 or item not in others[line]) for item in row]
        for row, line in zip(table, lines, strict=True)
    ]
    assert lists.strangers(items, np.array(others, dtype=np.int32), np.array(lines)).tolist() == strange


def test_weights_by_label_agree_with_a_dense_product(rng: np.random.Generator) -> None:
    shares = np.where(rng.random((8, 3)) < 0.5, rng.random((8, 3)), 0.0)
    item, label = np.nonzero(shares)
    bounds = np.searchsorted(item, np.arange(9))
    items, weights = rng.integers(-1, 8, 40).astype(np.int32), rng.random(40)
    starts, stops = np.array([0, 5, 5, 20]), np.array([5, 5, 20, 40])
    found = lists.weights_by_label(
        starts, stops, items, weights, bounds, label.astype(np.int32), shares[item, label], 3
    )
    padded = np.vstack([shares, np.zeros(3)])
    expected = [(weights[lo:hi, None] * padded[items[lo:hi]]).sum(axis=0) for lo, hi in zip(starts, stops, strict=True)]
    np.testing.assert_allclose(found, expected)
