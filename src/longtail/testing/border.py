"""Checks at the border: ids nobody knows, numbers that cannot be, arguments of the wrong shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.algorithms.powers import Explains, PredictsRatings, SimilarItems
from longtail.errors import ConfigError, DataError, LongtailError, UnknownIdError
from longtail.testing.compare import demand, refused
from longtail.testing.subject import Subject, only_if
from longtail.testing.worlds import ragged

__all__ = ["BorderChecks"]

NO_USERS: tuple[Any, ...] = ("nobody", 3, None, float("nan"))
NO_ITEMS: tuple[Any, ...] = (999, -1, "1000", 1000.5, None)
NO_NUMBERS: tuple[Any, ...] = (0, -1, 2.5, True, "10", None)


class BorderChecks(Subject):
    """What must be refused, with which error, in one line."""

    def test_unknown_users_are_refused(self) -> None:
        model = self.fitted(ragged())
        for user in NO_USERS:
            refused(UnknownIdError, model.recommend, [user])

    def test_unknown_items_are_refused(self) -> None:
        model = self.fitted(ragged())
        for item in NO_ITEMS:
            refused(UnknownIdError, model.recommend, candidates=[item])
            refused(UnknownIdError, model.recommend_for, [{item: 4.0}])

    def test_n_must_be_a_whole_number_of_at_least_one(self) -> None:
        model = self.fitted(ragged())
        for n in NO_NUMBERS:
            refused(ConfigError, model.recommend, n=n)
            refused(ConfigError, model.recommend_for, [{}], n=n)
        demand(model.recommend(n=np.int64(3)).n == 3, "n may be a NumPy integer")

    def test_options_are_checked(self) -> None:
        model = self.fitted(ragged())
        refused(ConfigError, model.recommend, exclude="all")
        for rating in (float("nan"), "4", True):
            refused(ConfigError, model.recommend, min_rating=rating)
        if not model.predicts_ratings:
            refused(ConfigError, model.recommend, min_rating=4.0)

    def test_one_id_is_not_a_list(self) -> None:
        model = self.fitted(ragged())
        person, item = ragged().user_ids.values[0].item(), ragged().item_ids.values[0].item()
        refused(LongtailError, model.recommend, person)
        refused(LongtailError, model.recommend, candidates=item)
        refused(LongtailError, model.recommend, [[person]])

    def test_no_questions_no_answers(self) -> None:
        model = self.fitted(ragged())
        demand(len(model.recommend([])) == 0, "no users, no lists")
        demand(len(model.recommend_for([])) == 0, "no histories, no lists")

    def test_histories_are_checked(self) -> None:
        model, item = self.fitted(ragged()), ragged().item_ids.values[0].item()
        refused(ConfigError, model.recommend_for, {item: 4.0})
        refused(ConfigError, model.recommend_for, [[(item, 4.0)]])
        for rating in (float("nan"), float("inf"), "four", None):
            refused(DataError, model.recommend_for, [{item: rating}])

    @only_if(lambda cls: issubclass(cls, PredictsRatings))
    def test_predict_checks_its_pairs(self) -> None:
        model = self.fitted(ragged())
        people, items = ragged().user_ids.values[:2], ragged().item_ids.values[:2]
        for user in NO_USERS:
            refused(UnknownIdError, model.predict, [user], items[:1])
        for item in NO_ITEMS:
            refused(UnknownIdError, model.predict, people[:1], [item])
        refused(DataError, model.predict, people, items[:1])
        refused(LongtailError, model.predict, people[0].item(), items[0].item())

    @only_if(lambda cls: issubclass(cls, SimilarItems))
    def test_similar_items_checks_its_arguments(self) -> None:
        model, item = self.fitted(ragged()), ragged().item_ids.values[0].item()
        for stranger in NO_ITEMS:
            refused(UnknownIdError, model.similar_items, [stranger])
        for n in NO_NUMBERS:
            refused(ConfigError, model.similar_items, [item], n=n)
        refused(LongtailError, model.similar_items, item)

    @only_if(lambda cls: issubclass(cls, Explains))
    def test_explain_checks_its_arguments(self) -> None:
        model = self.fitted(ragged())
        person, item = ragged().user_ids.values[0].item(), ragged().item_ids.values[0].item()
        refused(UnknownIdError, model.explain, "nobody", item)
        refused(UnknownIdError, model.explain, person, "nothing")
        refused(UnknownIdError, model.explain_for, {"nothing": 4.0}, item)
        for n in NO_NUMBERS:
            refused(ConfigError, model.explain, person, item, n=n)
