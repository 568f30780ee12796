"""Protocols: the same splits for all, the floor on other scales, and sentences that say what was done."""

from __future__ import annotations

import numpy as np
import pytest

import longtail as lt
from longtail.errors import ConfigError, DataError
from longtail.evaluation.protocols import Classic, Fold, Protocol, named


def folds_of(protocol: Protocol, data: lt.Interactions) -> dict[str, Fold]:
    return {fold.name: fold for fold in protocol.folds(data)}


def test_splits_cover_the_data_and_hide_one_row_a_user(films: lt.Interactions) -> None:
    folds = folds_of(Classic(seed=4), films)
    assert list(folds) == ["hidden ratings", "one left out", "all data"]
    for name in ("hidden ratings", "one left out"):
        train, test = folds[name].train, folds[name].test
        assert test is not None
        assert len(train) + len(test) == len(films)
        assert train.by_user.multiply(test.by_user).nnz == 0
        assert train.user_ids is films.user_ids
    assert len(folds["hidden ratings"].test) == pytest.approx(0.25 * len(films), abs=1)
    left_out = folds["one left out"].test
    assert left_out.user_counts.max() == 1
    assert np.array_equal(left_out.user_counts > 0, films.user_counts > 1)
    assert folds["all data"].train is films


def test_sizes_count_what_training_has_never_seen() -> None:
    rows = {"user": [1, 1, 1, 2, 2, 3], "item": [1, 2, 3, 1, 9, 1], "rating": [5.0, 4.0, 3.0, 2.0, 4.0, 1.0]}
    fold = folds_of(Classic(seed=0), lt.Interactions.from_frame(rows))["one left out"]
    cold = set(fold.test.items.tolist()) - set(fold.train.items.tolist())
    rows_and_users = {"train_rows": 4, "test_rows": 2, "test_users": 2, "cold_users": 0}
    assert fold.sizes() == {**rows_and_users, "test_items": len(set(fold.test.items)), "cold_items": len(cold)}


def test_a_fold_that_hides_nothing_cannot_ask_for_it(films: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match="hides nothing"):
        Fold(name="all", train=films, asks=("hits",))


def test_data_in_which_nothing_can_be_hidden() -> None:
    data = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 1], "rating": [5.0, 4.0]})
    with pytest.raises(DataError, match="longer histories"):
        Classic().folds(data)


@pytest.mark.parametrize(
    ("scale", "level"),
    [((1, 5), 4.0), ((0.5, 5), 4.0), ((1, 10), 8.0), ((0, 1), 0.8), ((-10, 0), 0.0), ((0, 100), 80.0)],
)
def test_four_of_five_stars_on_another_scale(scale: tuple[float, float], level: float) -> None:
    rows = {"user": [1, 1], "item": [1, 2], "rating": list(map(float, scale))}
    protocol = named("classic", lt.Interactions.from_frame(rows, scale=scale))
    assert (protocol.floor, protocol.relevant) == (pytest.approx(level), pytest.approx(level))


def test_no_floor_without_ratings(clicks: lt.Interactions) -> None:
    assert named("classic", clicks).floor is None
    assert list(folds_of(Classic(), clicks)) == ["one left out", "all data"]


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 2.5}, {"n": True}, {"holdout": 0.0}, {"holdout": 1.0}])
def test_impossible_values(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Classic(**wrong)


def test_a_level_above_the_scale(films: lt.Interactions) -> None:
    for wrong in (Classic(floor=5.5), Classic(relevant=7)):
        with pytest.raises(ConfigError, match="above the highest rating, 5"):
            wrong.folds(films)


def test_sentences_follow_the_values() -> None:
    protocol = Classic(n=7, floor=3.5, holdout=0.4)
    said = " ".join(protocol.questions(explicit=True))
    assert "40%" in said
    assert "7 best items" in said
    assert "at least 3.5" in said
    assert "floor" not in " ".join(Classic(floor=None).questions(explicit=True))
    assert any("mix times" in caveat for caveat in protocol.caveats(explicit=True))
    assert len(protocol.questions(explicit=False)) == 2
