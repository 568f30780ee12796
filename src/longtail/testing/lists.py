"""Checks of lists: what `recommend` and `recommend_for` may hold, and that asking changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from longtail.algorithms.powers import PredictsRatings
from longtail.testing.compare import demand, differences, learned, same_lists, score_table, well_formed
from longtail.testing.subject import Subject, ask_everything, histories_of, only_if
from longtail.testing.worlds import ragged, toy_worlds
from longtail.types import AnyArray

__all__ = ["ListChecks"]

TOLERANCE = 1e-4
"""Of scores computed in another order, in float32."""


def _close(a: AnyArray, b: AnyArray) -> bool:
    return bool(np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE))


class ListChecks(Subject):
    """What must hold of every list."""

    def test_lists_are_well_formed(self) -> None:
        data = ragged()
        lists = self.fitted(data).recommend(data.user_ids.values, n=12)
        demand(lists.items.shape == (data.n_users, 12), f"a list for every user asked for, not {lists.items.shape}")
        demand(np.array_equal(lists.users, np.arange(data.n_users)), "lists must stand in the order asked for")
        well_formed(lists, "recommend")

    def test_seen_items_are_left_out(self) -> None:
        data = ragged()
        lists = self.fitted(data).recommend(data.user_ids.values, n=data.n_items)
        seen = data.by_user.toarray() != 0
        demand(not (np.isfinite(score_table(lists)) & seen).any(), "an item the user has rated is recommended")

    def test_everyone_means_users_with_rows(self) -> None:
        data = ragged()
        lists = self.fitted(data).recommend(n=3)
        demand(lists.user_ids[lists.users].tolist() == data.users_present(), "recommend() answers users with rows only")

    def test_n_beyond_the_catalogue(self) -> None:
        data = ragged()
        model = self.fitted(data)
        lists, more = model.recommend(n=data.n_items), model.recommend(n=data.n_items + 50)
        well_formed(more, "n beyond the catalogue")
        demand(np.array_equal(score_table(lists), score_table(more)), "n beyond the catalogue must list the same items")

    def test_a_longer_list_begins_with_the_shorter(self) -> None:
        model = self.fitted(ragged())
        demand(same_lists(model.recommend(n=5), model.recommend(n=15).head(5)), "top 5 must be the head of the top 15")

    def test_nothing_excluded(self) -> None:
        data = ragged()
        model = self.fitted(data)
        every = score_table(model.recommend(n=data.n_items, exclude="none"))
        unseen = score_table(model.recommend(n=data.n_items))
        demand(_close(np.where(np.isfinite(unseen), every, -np.inf), unseen), "exclude='none' changes other scores")
        demand(np.isfinite(every).sum() >= np.isfinite(unseen).sum(), "exclude='none' must not shorten a list")

    def test_candidates_are_respected(self) -> None:
        data = ragged()
        model, allowed = self.fitted(data), data.item_ids.values[::7]
        free, bound = score_table(model.recommend(n=150)), score_table(model.recommend(n=150, candidates=allowed))
        free[:, np.setdiff1d(np.arange(data.n_items), np.arange(data.n_items)[::7])] = -np.inf
        demand(_close(free, bound), "the lists over candidates must be the full lists without the other items")
        demand(not model.recommend(n=3, candidates=[]).filled.any(), "no candidates, no recommendations")

    @only_if(lambda cls: issubclass(cls, PredictsRatings))
    def test_min_rating_is_respected(self) -> None:
        data = ragged()
        model, people = self.fitted(data), data.user_ids.values
        rated = _all_ratings(model, people, data.item_ids.values)
        free = score_table(model.recommend(people, n=data.n_items))
        for floor in (0.5, 3.25, 5.0, 5.5):
            lists = model.recommend(people, n=data.n_items, min_rating=floor)
            well_formed(lists, f"min_rating={floor}")
            expected = np.isfinite(free) & (rated >= floor)
            clear = np.abs(rated - floor) > TOLERANCE if floor not in (0.5, 5.5) else np.ones_like(expected)
            wrong = (np.isfinite(score_table(lists)) != expected) & clear
            demand(not wrong.any(), f"min_rating={floor} must list the items predicted at least that, and only those")

    def test_one_user_alone_gets_the_same_list(self) -> None:
        data = ragged()
        model, some = self.fitted(data), [299, 0, 298, 17]
        together = score_table(model.recommend(data.user_ids.values, n=data.n_items))
        for user in some:
            alone = score_table(model.recommend(data.user_ids.values[[user]], n=data.n_items))
            demand(_close(alone[0], together[user]), "a user asked for alone gets other scores than among all")

    def test_asking_changes_nothing(self) -> None:
        data = ragged()
        model = self.fitted(data)
        before = copy.deepcopy(learned(model))
        first, second = (ask_everything(model) for _ in range(2))
        different = differences(before, learned(model))
        demand(not different, f"being asked changed {', '.join(different)}")
        demand(not differences(first, second), f"the same question got another answer: {differences(first, second)}")

    def test_answers_are_not_the_model(self) -> None:
        model = self.fitted(ragged())
        before = copy.deepcopy(learned(model))
        answers = ask_everything(model)
        for array in answers.values():
            if array.flags.writeable:
                array[...] = 0
        different = differences(before, learned(model))
        demand(not different, f"writing into an answer changed {', '.join(different)}")

    def test_a_user_without_rows_gets_an_answer(self) -> None:
        data = ragged()
        well_formed(self.fitted(data).recommend(data.user_ids.values[[-1]], n=10), "a user known by id only")

    def test_histories(self) -> None:
        data = ragged()
        model, people = self.fitted(data), histories_of(data, [0, 299, 298, 297, 5])
        originals = copy.deepcopy(people)
        lists = model.recommend_for(people, n=data.n_items)
        well_formed(lists, "recommend_for")
        demand(people == originals, "recommend_for changed a history")
        seen = np.array([[item in history for item in data.item_ids.values.tolist()] for history in people])
        demand(not (np.isfinite(score_table(lists)) & seen).any(), "an item of the history is recommended")
        well_formed(model.recommend_for([list(history) for history in people], n=5), "recommend_for lists of items")
        turned = model.recommend_for([dict(reversed(history.items())) for history in people], n=data.n_items)
        alike = same_lists(lists, turned)
        demand(alike or self.recommender.reads_order, "the order of a history matters, and reads_order is not set")

    @only_if(lambda cls: cls.fold_in == "exact")
    def test_exact_fold_in_agrees_with_fit(self) -> None:
        for data in (ragged(), toy_worlds()["explicit"].train):
            model = self.fitted(data)
            known = score_table(model.recommend(data.user_ids.values, n=data.n_items))
            folded = score_table(model.recommend_for(histories_of(data), n=data.n_items))
            apart = ~np.isclose(known, folded, rtol=TOLERANCE, atol=TOLERANCE)
            demand(
                not apart.any(), f"{apart.sum()} of {apart.size} scores of a training history are not the user's own"
            )

    @only_if(lambda cls: cls.fold_in in ("exact", "solved", "members"))
    def test_strangers_get_what_they_like(self) -> None:
        world = toy_worlds()["explicit"]
        strangers = np.arange(10)
        model = self.new().fit(world.train.take(~np.isin(world.train.users, strangers)))
        lists = model.recommend_for(histories_of(world.train, strangers), n=5)
        hits = world.liked[strangers[:, None], np.maximum(lists.items, 0)] & lists.filled
        demand(hits.mean() >= self.floor, f"only {hits.mean():.0%} of what strangers are recommended is liked")

    @only_if(lambda cls: cls.fold_in == "fallback")
    def test_fallback_is_the_same_for_all(self) -> None:
        data = ragged()
        lists = self.fitted(data).recommend_for(histories_of(data, [0, 1, 299]), n=10, exclude="none")
        demand(bool((lists.items == lists.items[0]).all()), "fold_in='fallback' means the same list for every history")


def _all_ratings(model: Any, people: AnyArray, items: AnyArray) -> AnyArray:
    """(people, items) predicted ratings."""
    users = np.repeat(people, len(items))
    ratings: AnyArray = model.predict(users, np.tile(items, len(people))).reshape(len(people), len(items))
    return ratings
