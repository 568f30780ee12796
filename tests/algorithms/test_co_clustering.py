"""Co-clustering against its formula, on worlds with known clusters, and on MovieLens."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import splits
from longtail.rng import generator
from longtail.testing.worlds import ragged


def planted(rng: np.random.Generator) -> tuple[lt.Interactions, lt.Interactions]:
    """Three kinds of people and two kinds of items; a rating is a block mean plus two biases."""
    users, items = np.nonzero(rng.random((60, 40)) < 0.5)
    means = np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]])
    biases = rng.normal(size=60) / 3, rng.normal(size=40) / 3
    ratings = 3 + means[users % 3, items % 2] + biases[0][users] + biases[1][items]
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(-2.0, 8.0))
    return splits.random_holdout(data, 0.2, seed=0)


def test_planted_clusters_are_found(rng: np.random.Generator) -> None:
    train, test = planted(rng)
    model = lt.CoClustering(user_clusters=3, item_clusters=2).fit(train)
    kinds = train.user_ids.values[:, None] % 3 == train.user_ids.values % 3
    assert np.array_equal(np.equal.outer(model.user_clusters_, model.user_clusters_), kinds)
    error, plain = (lt.metrics.rmse(m.fit(train).predict_ratings(test)) for m in (model, lt.Bias()))
    assert error < 0.25 < 0.7 < plain


def test_estimates_are_the_formula() -> None:
    data = ragged()
    model = lt.CoClustering(starts=2).fit(data)
    g, h = model.user_clusters_[data.users], model.item_clusters_[data.items]

    def mean(values: object, groups: object) -> object:
        return np.bincount(groups, weights=values) / np.maximum(np.bincount(groups), 1)  # type: ignore[call-overload]

    block = model.block_means_[g, h]
    estimate = block + mean(data.values, data.users)[data.users] - model.user_cluster_means_[g]  # type: ignore[index]
    estimate += mean(data.values, data.items)[data.items] - model.item_cluster_means_[h]  # type: ignore[index]
    assert model._predict_pairs(data.users, data.items)[0] == pytest.approx(estimate, abs=1e-4)


def test_everyone_moves_as_the_algorithm_says() -> None:
    """Two epochs from one start, in loops: means, users, means, items, and the users once more at the end."""
    data, kinds = ragged(), (4, 3)
    model = lt.CoClustering(user_clusters=4, item_clusters=3, epochs=2, starts=1, seed=5).fit(data)
    R, random = data.by_user.toarray().astype(np.float64), generator(5, "co-clustering")
    g, h = random.integers(4, size=data.n_users), random.integers(3, size=data.n_items)

    def mean(ratings: Any) -> float:
        return float(ratings[ratings > 0].mean()) if (ratings > 0).any() else float(data.values.mean())

    user_means, item_means = np.array([mean(row) for row in R]), np.array([mean(column) for column in R.T])

    def errors() -> Any:
        """(users, items, user clusters, item clusters): the squared error of each rating in each block."""
        block = np.array([[mean(R[g == a][:, h == b]) for b in range(kinds[1])] for a in range(kinds[0])])
        block -= np.array([[mean(R[g == a])] for a in range(kinds[0])])
        block -= np.array([mean(R[:, h == b]) for b in range(kinds[1])])
        left = R - user_means[:, None] - item_means
        return np.where(R > 0, 1, 0)[..., None, None] * (left[..., None, None] - block) ** 2

    for _ in range(2):
        g = errors()[:, np.arange(data.n_items), :, h].sum(axis=0).argmin(axis=1)
        h = errors()[np.arange(data.n_users), :, g].sum(axis=0).argmin(axis=1)
    assert np.array_equal(model.item_clusters_, h)
    assert np.array_equal(model.user_clusters_, errors()[:, np.arange(data.n_items), :, h].sum(axis=0).argmin(axis=1))


def test_more_starts_never_fit_worse() -> None:
    data = ragged()

    def error(starts: int) -> float:
        found = lt.CoClustering(starts=starts).fit(data)._predict_pairs(data.users, data.items)[0]
        return float(((found - data.values) ** 2).sum())

    errors = [error(starts) for starts in (1, 2, 4, 8)]
    assert all(later <= earlier + 1e-3 for earlier, later in itertools.pairwise(errors))


def test_online_a_person_moves_to_the_cluster_of_their_new_ratings(rng: np.random.Generator) -> None:
    train, _ = planted(rng)
    model = lt.CoClustering(user_clusters=3, item_clusters=2).fit(train)
    person, other = 0, 1  # of the first and of the second kind
    row = model.histories_[[person]]
    flipped = [3 - (rating - 3) for rating in row.data.tolist()]
    model.learn([train.user_ids[person]] * row.nnz, train.item_ids.values[row.indices], flipped)
    kinds = train.user_ids.values % 3
    assert kinds[[person, other]].tolist() == [0, 1]
    assert model.user_clusters_[person] == model.user_clusters_[other]
    assert model.user_means_[person] == pytest.approx(np.mean(flipped), abs=1e-6)


def test_errors_on_movielens_are_those_published(real_data: Path) -> None:
    """Another start, another minimum: .962908 and .754237 are the means of one run of scikit-surprise."""
    names, found = ["user", "item", "rating"], []
    for fold in range(1, 6):
        parts = [
            pl.read_csv(real_data / "ml-100k" / f"u{fold}.{part}", separator="\t", has_header=False, columns=[0, 1, 2])
            for part in ("base", "test")
        ]
        train, test = splits.predefined(*(part.rename(dict(zip(part.columns, names, strict=True))) for part in parts))
        estimates = (
            lt.CoClustering(user_clusters=3, item_clusters=3, epochs=20)
            .fit(train.with_scale(1, 5))
            .predict_ratings(test)
        )
        found.append((lt.metrics.rmse(estimates), lt.metrics.mae(estimates)))
    assert np.mean(found, axis=0) == pytest.approx([0.962908, 0.754237], abs=0.004)
