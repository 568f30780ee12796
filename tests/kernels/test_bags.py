"""The rest of a history, as rows of a fixed length."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.bags import bags


def test_short_rows_are_whole_but_for_the_entry_left_out() -> None:
    rng = np.random.default_rng(0)
    rows = sparse.random_array((20, 30), density=0.3, format="csr", rng=rng, dtype=np.float32)
    for person in range(20):
        lo, hi = rows.indptr[person : person + 2]
        for out in (-1, *range(lo, hi)):
            asked = np.array([person]), np.array([out]), rng.random((1, 30), dtype=np.float32)
            items, values = bags(*asked, rows.indptr, rows.indices, rows.data)
            rest = [at for at in range(lo, hi) if at != out]
            assert items[0, : len(rest)].tolist() == rows.indices[rest].tolist()
            assert values[0].tolist() == [*rows.data[rest].tolist(), *[0.0] * (30 - len(rest))]


def test_of_long_rows_every_other_entry_is_drawn_alike() -> None:
    rng, n = np.random.default_rng(0), 9
    parts = np.arange(n, dtype=np.float32) + 1, np.arange(n, dtype=np.int32) + 50, np.array([0, 0, n])
    uniform = rng.random((8000, 4), dtype=np.float32)
    items, values = bags(np.ones(8000, np.int32), np.full(8000, 3), uniform, parts[2], parts[1], parts[0])
    counts = np.bincount(items.ravel() - 50, minlength=n)
    assert counts[3] == 0
    assert np.abs(np.delete(counts, 3) / 4000 - 1).max() < 0.1
    assert (values == items - 49).all()
