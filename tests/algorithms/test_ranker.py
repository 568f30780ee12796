"""Preferences, and what every algorithm that ranks by them does with people and items it knows nothing of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.base import FoldIn
from longtail.algorithms.preferences import preferences, top_rating
from longtail.algorithms.ranker import Ranker
from longtail.errors import ConfigError, DataError
from longtail.kernels.topk import LowRank
from longtail.testing.worlds import ragged


@dataclass(kw_only=True)
class Echo(Ranker):
    """Scores an item by the weight it has in the history."""

    fold_in: ClassVar[FoldIn] = "exact"
    low_rank: bool = False

    def _fit_preferences(self, weights: Any, train: Any, catalog: Any) -> None:
        self.sum_ = float(weights.sum())

    def _score_preferences(self, weights: Any) -> Any:
        if not self.low_rank:
            return weights.toarray()
        eye = np.eye(weights.shape[1], dtype=np.float32)
        return LowRank(weights.toarray(), eye, np.zeros(len(eye), dtype=np.float32))


ROWS = sparse.csr_array(np.array([[5.0, 2.0, 4.0, 0.0], [0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 3.0]], dtype=np.float32))


def test_values_are_parts_of_the_highest_rating() -> None:
    assert np.allclose(preferences(ROWS, "value", 5.0).toarray()[0], [1.0, 0.4, 0.8, 0.0])


def test_liked_is_at_least_the_mean_of_the_person() -> None:
    liked = preferences(ROWS, "liked")
    assert liked.toarray().tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]]
    assert liked.nnz == 4


def test_preferences_leave_the_ratings_alone() -> None:
    before = ROWS.toarray()
    for kind in ("value", "binary", "liked"):
        preferences(ROWS, kind, 5.0).data[:] = 7.0
    assert np.array_equal(ROWS.toarray(), before)


def test_the_top_rating_is_never_zero() -> None:
    assert [top_rating(scale) for scale in (None, (1.0, 5.0), (-10.0, 0.0), (0.0, 0.0))] == [1.0, 5.0, 10.0, 1.0]


@pytest.mark.parametrize("low_rank", [False, True])
def test_strangers_get_what_is_popular_and_nobody_what_nobody_met(low_rank: bool) -> None:
    data = ragged()
    model = Echo(low_rank=low_rank).fit(data)
    popular = lt.make("popular").fit(data)
    assert model.recommend_for([{}], n=20).of(0) == popular.recommend_for([{}], n=20).of(0)
    lists = model.recommend(n=data.n_items, exclude="none")
    assert set(np.flatnonzero(data.item_counts == 0)).isdisjoint(lists.items[lists.filled].tolist())


def test_a_ranker_takes_no_floor() -> None:
    with pytest.raises(ConfigError, match="Echo predicts no ratings"):
        Echo().fit(ragged()).recommend(min_rating=3.0)


def test_what_needs_a_catalog_or_times_says_so() -> None:
    from longtail.algorithms.powers import NeedsCatalog, NeedsTimes

    class Knowing(Echo, NeedsCatalog): ...

    class Timed(Echo, NeedsTimes): ...

    bare = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 1], "rating": [1.0, 2.0]})
    with pytest.raises(DataError, match="Knowing needs a catalog"):
        Knowing().fit(bare)
    with pytest.raises(DataError, match="Timed needs to know when"):
        Timed().fit(bare)
    assert Knowing().fit(ragged()).sum_ == Timed().fit(ragged()).sum_
