"""The thin slice: a model fitted, saved and loaded gives the same lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import longtail as lt


def test_saved_model_gives_the_same_lists(small: lt.Interactions, tmp_path: Path) -> None:
    model = lt.make("popular").fit(small)
    model.save(tmp_path / "model")
    lists, again = model.recommend(n=3), lt.load(tmp_path / "model").recommend(n=3)
    assert np.array_equal(lists.items, again.items)
    assert lists.of(3) == [10, 20, 60]
