"""Histories grown by ratings are what they would be had the ratings been there from the start."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from longtail.algorithms.histories import grown

ENTRIES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from([0.0, 1.0, 2.5, -1.0])), max_size=25)


def rows(entries: dict[tuple[int, int], float]) -> sparse.csr_array:
    parts = sorted(entries.items())
    index = np.array([place for place, _ in parts], dtype=np.int32).reshape(-1, 2)
    indptr = np.searchsorted(index[:, 0], np.arange(5)).astype(np.int32)
    values = np.array([value for _, value in parts], dtype=np.float32)
    return sparse.csr_array((values, index[:, 1], indptr), shape=(4, 5))


@given(before=ENTRIES, more=ENTRIES)
def test_grown_histories(before: list[tuple[int, int, float]], more: list[tuple[int, int, float]]) -> None:
    known = {(row, item): value for row, item, value in before}
    told = {(row, item): value for row, item, value in more}
    row, item, value = (np.array(column) for column in zip(*more, strict=True)) if more else (np.empty(0),) * 3
    start = rows(known)
    found = grown(start, row.astype(np.int32), item.astype(np.int32), value.astype(np.float32))
    expected = rows({**known, **told})
    assert np.array_equal(found.indptr, expected.indptr)
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.data, expected.data)
    assert found.data is not start.data
