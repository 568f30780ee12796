"""Checks of learning online: one more rating without a refit."""

from __future__ import annotations

import numpy as np

from longtail.algorithms.powers import LearnsOnline
from longtail.errors import DataError, UnknownIdError
from longtail.testing.compare import demand, differences, learned, refused
from longtail.testing.subject import Subject, only_if
from longtail.testing.worlds import ragged

__all__ = ["OnlineChecks"]

PERSON = 5


class OnlineChecks(Subject):
    """What must hold of `LearnsOnline`, where an algorithm has the power."""

    @only_if(lambda cls: issubclass(cls, LearnsOnline))
    def test_what_is_learned_online_counts_as_seen(self) -> None:
        data = ragged()
        model, person = self.fitted(data), data.user_ids.values[PERSON]
        told = model.recommend([person], n=3).of(person)
        demand(model.learn([person] * len(told), told, [5.0, 1.0, 3.0][: len(told)]) is model, "learn returns itself")
        listed = model.recommend([person], n=data.n_items).of(person)
        demand(not set(listed) & set(told), "an item rated online is still recommended")

    @only_if(lambda cls: issubclass(cls, LearnsOnline))
    def test_learning_online_is_reproducible_and_leaves_the_data_alone(self) -> None:
        data = ragged()
        person, items = data.user_ids.values[PERSON], data.item_ids.values[[3, 60, 3]]
        before = data.by_user.copy()
        models = [self.fitted(data).learn([person] * 3, items, [5.0, 1.0, 2.0]) for _ in range(2)]
        found = differences(*(learned(model) for model in models))
        demand(not found, f"learning the same twice differs in {', '.join(found)}")
        history = models[0].histories_[[PERSON]]
        if self.recommender.reads_order:
            demand(history.indices[-3:].tolist() == [3, 60, 3], "what is learned online must be the latest, in order")
        else:
            row = history.toarray()[0]
            demand(row[60] == 1.0 and row[3] == 2.0, "of an item rated twice the last rating counts")
        same = np.array_equal(before.data, data.by_user.data) and np.array_equal(before.indices, data.by_user.indices)
        demand(same, "learning online changed the training data")

    @only_if(lambda cls: issubclass(cls, LearnsOnline))
    def test_what_cannot_be_learned_changes_nothing(self) -> None:
        data = ragged()
        model, person, item = self.fitted(data), data.user_ids.values[PERSON], data.item_ids.values[3]
        before = learned(model)
        refused(UnknownIdError, model.learn, ["nobody"], [item], [4.0])
        refused(UnknownIdError, model.learn, [person], [-1], [4.0])
        refused(DataError, model.learn, [person], [item], [4.0, 3.0])
        for rating in (float("nan"), float("inf")):
            refused(DataError, model.learn, [person], [item], [rating])
        demand(not differences(before, learned(model)), "what was refused changed the model")
