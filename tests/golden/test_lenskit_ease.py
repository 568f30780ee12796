"""EASE reaches LensKit's figure on the published folds of MovieLens 100K (reference results, section 5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import splits
from longtail.data.results import TopN

NAMES = ["user", "item", "rating"]
LENSKIT = 0.4501
"""The mean of its NDCG@10 over u1..u5; EASE with regularization 100 on what has been rated, whatever the rating."""


def lenskit_ndcg(lists: TopN, test: lt.Interactions) -> float:
    """NDCG as LensKit has it: discount log2(rank), but 1 at the first rank, as Järvelin and Kekäläinen (2002) wrote."""
    discount = 1.0 / np.maximum(np.log2(np.arange(1, lists.n + 1)), 1.0)
    relevant = test.by_user.toarray() > 0
    users = test.user_ids.index(lists.user_ids[lists.users])
    hits = relevant[users[:, None], np.maximum(lists.items, 0)] & lists.filled
    best = np.cumsum(discount)[np.minimum(relevant[users].sum(axis=1), lists.n) - 1]
    return float(((hits * discount).sum(axis=1) / best).mean())


def fold(folder: Path, number: int) -> tuple[lt.Interactions, lt.Interactions]:
    parts = [
        pl.read_csv(folder / f"u{number}.{part}", separator="\t", has_header=False, columns=[0, 1, 2])
        for part in ("base", "test")
    ]
    train, test = splits.predefined(*(part.rename(dict(zip(part.columns, NAMES, strict=True))) for part in parts))
    return train, test


def test_ease_on_the_published_folds(real_data: Path) -> None:
    """To the fourth decimal that is quoted: the method is deterministic, only ties in float32 may fall otherwise."""
    found = []
    for number in range(1, 6):
        train, test = fold(real_data / "ml-100k", number)
        model = lt.EASE(preference="binary", regularization=100.0).fit(train)
        found.append(lenskit_ndcg(model.recommend(test.users_present(), n=10), test))
    assert np.mean(found) == pytest.approx(LENSKIT, abs=1e-4)
