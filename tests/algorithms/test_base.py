"""What every recommender gets from its base, on the smallest algorithm that has something to say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.algorithms import lists
from longtail.algorithms.base import FoldIn, Recommender
from longtail.algorithms.baseline import Popular
from longtail.algorithms.powers import Explains, SimilarItems
from longtail.errors import ConfigError, DataError, NotFittedError, UnknownIdError
from longtail.kernels.topk import LowRank
from longtail.testing import ragged
from longtail.testing.compare import same_lists


@dataclass(kw_only=True)
class Nearby(Recommender):
    """Score of an item: minus its distance in the catalogue to the last item of the history."""

    fold_in: ClassVar[FoldIn] = "exact"
    predicts_ratings: ClassVar[bool] = True
    dense: bool = True

    def _fit(self, train: Any, catalog: Any) -> None:
        self.n_ = train.n_items

    def _score_histories(self, histories: Any) -> Any:
        last = [row.indices[-1] if row.nnz else 0 for row in histories]
        scores = -np.abs(np.subtract.outer(np.array(last), np.arange(self.n_))).astype(np.float32)
        eye = np.eye(self.n_, dtype=np.float32)
        return scores if self.dense else LowRank(scores, eye, np.zeros(self.n_, dtype=np.float32))


@dataclass(kw_only=True)
class Alike(Nearby, SimilarItems, Explains):
    """Similar items: the same remainder by three. Reasons: the items of the history, the last weighing most."""

    def _item_similarities(self, items: Any) -> Any:
        same = np.equal.outer(items % 3, np.arange(self.n_) % 3)
        return np.where(same, 1.0, -np.inf).astype(np.float32)

    def _reasons(self, history: Any, item: int) -> Any:
        return history.indices, history.data.astype(np.float64) - 3.0


def test_lists_by_hand(small: lt.Interactions) -> None:
    model = Nearby().fit(small)
    assert model.recommend([1], n=2).of(1) == [40, 50]  # rated 10 20 30; the nearest to 30, then the next
    assert model.recommend([1], n=9).of(1) == [40, 50, 60]
    assert model.recommend([1], n=2, exclude="none").of(1) == [30, 20]  # 20 and 40 tie: the lower index first
    assert model.recommend([1], candidates=[60, 10]).of(1) == [60]
    assert model.recommend_for([{10: 1.0}, {}], n=1).to_frame()["item"].to_list() == [20, 10]


@pytest.mark.parametrize("dense", [True, False])
def test_blocks_change_nothing(dense: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Nearby(dense=dense).fit(ragged())
    whole = model.recommend(n=9)
    monkeypatch.setattr(lists, "BLOCK_BYTES", 4 * 150 * 7)
    assert same_lists(model.recommend(n=9), whole)


def test_similar_items_by_hand(small: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Alike().fit(small)
    assert model.similar_items([10, 60], n=5).to_frame().rows() == [(10, 1, 40, 1.0), (60, 1, 30, 1.0)]
    monkeypatch.setattr(lists, "BLOCK_BYTES", 1)
    assert model.similar_items([10, 60, 20], n=5).items[:, 0].tolist() == [3, 2, 4]


def test_explanations_by_hand(small: lt.Interactions) -> None:
    model = Alike().fit(small)
    found = model.explain(1, 40, n=1)
    assert [(reason.kind, reason.id, reason.label, reason.weight) for reason in found.reasons] == [
        ("item", 10, "10", 2.0)
    ]
    assert model.explain(1, 40).text == "because you liked 10 and 20"
    assert model.explain_for({30: 1.0}, 40).text == ""


def test_min_rating_is_of_the_clipped_prediction(small: lt.Interactions) -> None:
    model = Nearby().fit(small)  # every score is below the lowest rating, so every prediction is the lowest rating
    assert model.recommend([1], min_rating=1.0).of(1) == [40, 50, 60]
    assert model.recommend([1], min_rating=1.5).of(1) == []


def test_min_rating_where_scores_are_not_ratings(small: lt.Interactions) -> None:
    model = Popular(damping=0.0).fit(small)
    rated = dict(zip(small.item_ids.values.tolist(), model.ratings_.tolist(), strict=True))
    assert model.recommend([3], n=6).of(3) == [10, 20, 60]
    assert model.recommend([3], n=6, min_rating=3.2).of(3) == [item for item in (10, 20, 60) if rated[item] >= 3.2]
    assert model.recommend([3], n=6, min_rating=9.0).of(3) == []


def test_a_fit_that_fails_leaves_no_half_learned_model(small: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Popular().fit(small)

    def fails(self: Any, train: Any, catalog: Any) -> None:
        self.counts_ = "half"
        raise KeyboardInterrupt

    monkeypatch.setattr(Popular, "_fit", fails)
    with pytest.raises(KeyboardInterrupt):
        model.fit(small)
    assert [name for name in vars(model) if name.endswith("_")] == []
    with pytest.raises(NotFittedError, match=r"Popular has not been fitted; call fit\(train\) first"):
        model.recommend([1])


def test_titles_come_with_the_lists(small: lt.Interactions, tmp_path: Path) -> None:
    catalog = lt.Catalog(pl.DataFrame({"item": [10, 20], "title": ["Ten (1910)", "Twenty"]}))
    model = Popular().fit(small, catalog)
    assert model.recommend([4], n=2).to_frame()["title"].to_list() == ["Twenty", "40"]
    model.save(tmp_path / "m")
    assert lt.load(tmp_path / "m").recommend([4], n=2).to_frame()["title"].to_list() == ["Twenty", "40"]


def test_fold(small: lt.Interactions) -> None:
    rows = Popular().fit(small).fold([{60: 1.0, 10: 5}, {}, {20: np.float32(2.5)}])
    assert rows.toarray().tolist() == [[5.0, 0, 0, 0, 0, 1.0], [0] * 6, [0, 2.5, 0, 0, 0, 0]]
    assert rows.has_sorted_indices
    assert rows.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda m: m.recommend([8]), UnknownIdError, "unknown user 8 (5 users are known, such as 1)"),
        (lambda m: m.recommend([1], n=0), ConfigError, "n must be a whole number of at least 1, not 0"),
        (lambda m: m.recommend([1], exclude="all"), ConfigError, "exclude must be seen or none, not 'all'"),
        (lambda m: m.recommend([1], min_rating="4"), ConfigError, "min_rating must be a number, not '4'"),
        (lambda m: m.recommend_for({10: 4.0}), ConfigError, "histories must be a list with one {item: rating}"),
        (lambda m: m.recommend_for([{10: "x"}]), DataError, "a history holds a rating that is not a finite number"),
        (lambda m: m.predict([1, 2], [10]), DataError, "users and items must be equally long, not 2 and 1"),
    ],
)
def test_messages(small: lt.Interactions, call: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        call(Popular().fit(small))
    assert str(caught.value).startswith(said)


def test_an_unregistered_algorithm_says_how_to_register(small: lt.Interactions, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"Nearby is not registered; add an entry point in the group longtail\.algorithms"
    ):
        Nearby().fit(small).save(tmp_path / "m")


def test_lists_are_cut_and_checked(small: lt.Interactions) -> None:
    lists = Popular().fit(small).recommend(n=3)
    assert lists.head(2).items.tolist() == lists.items[:, :2].tolist()
    for n in (0, -1):
        with pytest.raises(ConfigError, match="n must be a whole number"):
            lists.head(n)
    with pytest.raises(DataError, match="estimated has shape"):
        lt.RatingPredictions(
            lists.users, lists.users, lists.users, lists.users[:2], lists.users, lists.user_ids, lists.item_ids
        )


@dataclass(kw_only=True)
class Sometimes(Nearby):
    """Learns one thing more from a long catalogue."""

    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        if train.n_items > 100:
            self.long_ = True


def test_candidates_of_each_user(small: lt.Interactions) -> None:
    model = Nearby().fit(small)
    allowed = lt.Interactions.from_frame({"user": [1, 1, 2, 2], "item": [50, 60, 50, 10]})
    for dense in (True, False):
        model.dense = dense
        made = model.recommend([1, 2], n=3, candidates=allowed)
        assert (made.of(1), made.of(2)) == ([50, 60], [50])  # 2 rated 10
        assert model.recommend([2], n=3, candidates=allowed, exclude="none").of(2) == [50, 10]
    with pytest.raises(UnknownIdError, match="unknown user 3"):
        model.recommend([3], candidates=allowed)
    with pytest.raises(UnknownIdError, match="unknown item 70"):
        model.recommend([1], candidates=lt.Interactions.from_frame({"user": [1], "item": [70]}))
    numbered = lt.Interactions.from_frame({"user": [0, 1], "item": [60, 50]})
    assert model.recommend_for([{10: 5.0}, {20: 5.0}], candidates=numbered).to_frame()["item"].to_list() == [60, 50]


def test_candidates_of_each_user_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ragged()
    model = Popular().fit(data)
    other = data.take(np.arange(0, len(data), 2))
    whole = model.recommend(other.users_present(), n=4, exclude="none", candidates=other)
    monkeypatch.setattr(lists, "BLOCK_BYTES", 1)
    assert same_lists(whole, model.recommend(other.users_present(), n=4, exclude="none", candidates=other))
    for row, user in enumerate(whole.users):
        met = set(other.by_user[[user]].indices.tolist())
        assert set(whole.items[row][whole.items[row] >= 0].tolist()) <= met
        assert (whole.items[row] >= 0).sum() == min(4, len(met))


def test_people_among_interactions_whether_or_not_they_have_rows(small: lt.Interactions) -> None:
    model = Nearby().fit(small)
    given = small.take(small.users == 1)
    made = model.recommend_for(given, n=1, users=[4, 2])
    assert made.user_ids is small.user_ids
    assert (made.of(4), made.of(2)) == ([10], [30])  # nothing is known of 4; 2 rated 10, 20 and 40
    with pytest.raises(UnknownIdError, match="unknown user 9"):
        model.recommend_for(given, users=[9])
    with pytest.raises(ConfigError, match="these histories are a plain list"):
        model.recommend_for([{}], users=[0])


def test_another_fit_forgets_the_first(small: lt.Interactions) -> None:
    model = Sometimes().fit(ragged())
    assert hasattr(model, "long_")
    assert not hasattr(model.fit(small), "long_")
