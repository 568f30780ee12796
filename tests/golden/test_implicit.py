"""Ranking MovieLens 100K beside published results of other libraries, under the protocol they were published with.

Three quarters of each item's ratings are for training, the lists have ten places, and every held-out rating counts as
relevant. With BPR (200 factors) those results are MAP .1340 and NDCG .4450, with BiVAE .1436 and .4687. The split is
drawn anew, so that only floors can be tested; the defaults were chosen within a training part of such a split.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longtail as lt

PLACES = 10


@pytest.fixture(scope="module")
def split(real_data: Path) -> tuple[lt.Interactions, lt.Interactions]:
    data = lt.datasets.movielens("100k")
    order = np.lexsort((np.random.default_rng(42).random(len(data)), data.items))
    counts = data.item_counts
    place = np.empty(len(data), dtype=np.int64)
    place[order] = np.arange(len(data)) - np.repeat(np.cumsum(counts) - counts, counts)
    held = place >= np.round(0.75 * counts[data.items])
    return data.take(~held), data.take(held)


def scores(model: Any, test: lt.Interactions) -> tuple[float, float]:
    """MAP and NDCG, as the other libraries compute them."""
    relevant = test.by_user
    users = np.flatnonzero(np.diff(relevant.indptr))
    lists = model.recommend(test.user_ids.values[users], n=PLACES)
    hits = relevant[users].toarray()[np.arange(len(users))[:, None], lists.items] > 0
    n_relevant, ranks = np.diff(relevant.indptr)[users], np.arange(1, PLACES + 1)
    precision = (hits * np.cumsum(hits, axis=1) / ranks).sum(axis=1) / n_relevant
    gains = 1.0 / np.log2(ranks + 1)
    ideal = np.cumsum(gains)[np.minimum(n_relevant, PLACES) - 1]
    return float(precision.mean()), float(((hits * gains).sum(axis=1) / ideal).mean())


@pytest.mark.parametrize(
    ("name", "least_map", "least_ndcg"),
    [
        ("implicit-als", 0.150, 0.480),  # measured: .1597, .4989
        ("bpr", 0.120, 0.425),  # .1272, .4423
        ("warp", 0.132, 0.450),  # .1418, .4715
        ("logistic-mf", 0.132, 0.440),  # .1427, .4581
    ],
)
def test_ranks_as_well_as_published(split: Any, name: str, least_map: float, least_ndcg: float) -> None:
    train, test = split
    average_precision, ndcg = scores(lt.make(name).fit(train), test)
    assert average_precision > least_map
    assert ndcg > least_ndcg
