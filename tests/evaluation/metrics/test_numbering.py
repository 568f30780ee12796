"""Whatever number a data set gives its users and items, metrics match them by id: renumbering one part is not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.data.ids import Ids
from longtail.data.results import TopN

m = lt.metrics
Parts = dict[str, Any]


def world() -> Parts:
    data = lt.datasets.synthetic(users=30, items=25, ratings=400, seed=3)
    train, test = lt.splits.random_holdout(data, 0.3, seed=1)
    rng = np.random.default_rng(5)
    items = np.stack([rng.permutation(data.n_items)[:6] for _ in range(data.n_users)]).astype(np.int32)
    items[::4, 3:] = -1
    lists = TopN(np.arange(data.n_users), items, np.zeros(items.shape), data.user_ids, data.item_ids)
    labels = {item: "abc"[place % 3] for place, item in enumerate(data.item_ids)}
    return {
        "lists": lists,
        "expected": dataclasses.replace(lists, items=np.roll(items, 7, axis=0)),
        "test": test,
        "train": train,
        "known": train,
        "groups": m.Groups.from_labels(data.item_ids, labels),
    }


def renumbered(part: Any) -> Any:
    """The same lists, data or groups, with their ids in another order."""
    if isinstance(part, m.Groups):
        return part.aligned_to(Ids(part.ids.values[::-1], kind="item"))
    users, items = (Ids(ids.values[::-1], kind=ids.kind) for ids in (part.user_ids, part.item_ids))
    if isinstance(part, TopN):
        return part.aligned_to(users, items)
    places = {"users": len(users) - 1 - part.users, "items": len(items) - 1 - part.items}
    return dataclasses.replace(part, **places, user_ids=users, item_ids=items)


ASKED: dict[str, Callable[[Parts], Any]] = {
    "hit_rate": lambda w: m.hit_rate(w["lists"], w["test"]),
    "precision": lambda w: m.precision(w["lists"], w["test"], divisor="list"),
    "ndcg": lambda w: m.ndcg(w["lists"], w["test"], gains="linear", min_rating=3.0),
    "mean_average_precision": lambda w: m.mean_average_precision(w["lists"], w["test"]),
    "serendipity": lambda w: m.serendipity(w["lists"], w["test"], w["expected"]),
    "serendipity_by_popularity": lambda w: m.serendipity_by_popularity(w["lists"], w["test"], w["train"]),
    "unexpectedness": lambda w: m.unexpectedness(w["lists"], w["expected"]),
    "unexpectedness_by_history": lambda w: m.unexpectedness_by_history(
        w["lists"], w["train"], m.genre_jaccard(w["known"])
    ),
    "calibration": lambda w: m.calibration(w["lists"], w["train"]),
    "diversity": lambda w: m.diversity(w["lists"], m.rating_cosine(w["train"])),
    "intra_list_diversity": lambda w: m.intra_list_diversity(w["lists"], m.vector_cosine(w["train"])),
    "self_information": lambda w: m.self_information(w["lists"], w["train"]),
    "average_recommendation_popularity": lambda w: m.average_recommendation_popularity(w["lists"], w["train"]),
    "user_coverage": lambda w: m.user_coverage(w["lists"], w["test"]),
    "catalogue_coverage": lambda w: m.catalogue_coverage(w["lists"], w["train"]),
    "gini": lambda w: m.gini(w["lists"]),
    "item_exposure": lambda w: m.item_exposure(w["lists"], w["groups"])["b"],
    "exposure_disparity": lambda w: m.exposure_disparity(w["lists"], w["groups"], merit=w["test"]),
    "rank_biased_overlap": lambda w: m.rank_biased_overlap(w["lists"], w["expected"]),
    "kendall_tau_top": lambda w: m.kendall_tau_top(w["expected"], w["lists"]),
    "top_n_change": lambda w: m.top_n_change(w["lists"], w["expected"]),
}


@pytest.mark.parametrize("part", ["lists", "expected", "test", "train", "known", "groups"])
@pytest.mark.parametrize("metric", ASKED)
def test_numbers_do_not_matter(metric: str, part: str) -> None:
    parts = world()
    before, after = ASKED[metric](parts), ASKED[metric](parts | {part: renumbered(parts[part])})
    assert not np.isnan(before)
    assert after == pytest.approx(before)
    assert np.sort(after.per_user) == pytest.approx(np.sort(before.per_user), nan_ok=True)  # NaN stands last
