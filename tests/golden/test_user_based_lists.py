"""Lists straight from user neighborhoods agree with the reference framework's (reference results, section 2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import splits
from longtail.kernels.similarity import Measure, similar_rows

NAMES = ["user", "item", "rating"]
NEIGHBORS = 10
PLACES = 41  # the framework stops behind the forty-first


def test_the_list_of_user_85(real_data: Path) -> None:
    ratings = pl.read_csv(real_data / "ml-latest-small" / "ratings.csv", columns=["userId", "movieId", "rating"])
    data = lt.Interactions.from_frame(ratings)
    films = pl.read_csv(real_data / "ml-latest-small" / "movies.csv").select(item="movieId", title="title")
    found = lt.UserKNN(similarity="cosine", neighbors=NEIGHBORS).fit(data).recommend([85], n=5).to_frame()
    titles = found.join(films, on="item", how="left", maintain_order="left")["title"].to_list()
    assert found["score"].to_list() == pytest.approx([3.3, 2.4, 2.0, 2.0, 2.0], abs=1e-6)
    assert titles[:2] == ["Inception (2010)", "Star Wars: Episode V - The Empire Strikes Back (1980)"]
    assert {title[:12] for title in titles[2:]} == {"Bourne Ident", "Crouching Ti", "Dark Knight,"}  # a tie


def test_the_hit_rate(golden: Path) -> None:
    """Our scores in the framework's order: ties stand as the neighbors, nearest first, bring their ratings."""
    train, left_out = splits.predefined(
        *(
            pl.read_csv(golden / "course" / f"loo_rs1_{part}.csv", has_header=False, new_columns=NAMES)
            for part in ("train", "test")
        )
    )
    model = lt.UserKNN(similarity="cosine", neighbors=NEIGHBORS).fit(train)
    everyone = np.arange(train.n_users, dtype=np.int32)
    by_item = train.by_item.T.tocsr()
    near = similar_rows(train.by_user, by_item, Measure("cosine"), leave_out=everyone)
    hits = 0
    for user, wanted in zip(left_out.users, left_out.items, strict=True):
        span = slice(near.starts[user], near.ends[user])
        order = np.argsort(-near.weights[span], kind="stable")[:NEIGHBORS]
        brought = np.concatenate([train.items[train.users == peer] for peer in near.indices[span][order]])
        candidates = brought[np.sort(np.unique(brought, return_index=True)[1])]
        candidates = candidates[~np.isin(candidates, train.items[train.users == user])]
        scores = model._score_users(everyone[[user]])[0, candidates].astype(np.float64)
        listed = candidates[np.argsort(-scores, kind="stable")[:PLACES]]
        hits += wanted in listed
    assert hits == 37
