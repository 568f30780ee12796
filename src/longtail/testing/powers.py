"""Checks of the extra powers: predicting ratings, finding similar items, explaining."""

from __future__ import annotations

import dataclasses

import numpy as np

from longtail.algorithms.powers import Explains, PredictsRatings, SimilarItems
from longtail.testing.compare import demand, score_table, well_formed
from longtail.testing.subject import Subject, histories_of, only_if
from longtail.testing.worlds import ragged, toy_worlds

__all__ = ["PowerChecks"]

TOLERANCE = 1e-3
"""Of a prediction made on its own and one read from a list."""


class PowerChecks(Subject):
    """What must hold of `PredictsRatings`, `SimilarItems` and `Explains`, where an algorithm has the power."""

    @only_if(lambda cls: issubclass(cls, PredictsRatings))
    def test_predictions_are_finite_and_on_the_scale(self) -> None:
        data = ragged()
        users = np.repeat(data.user_ids.values, data.n_items)
        found = self.fitted(data).predict(users, np.tile(data.item_ids.values, data.n_users))
        demand(found.dtype == np.float32 and found.shape == users.shape, "predictions must be (n,) float32")
        demand(bool(np.isfinite(found).all()), "a prediction is not finite")
        demand(bool((found >= 0.5).all() and (found <= 5.0).all()), "a prediction is off the rating scale")

    @only_if(lambda cls: issubclass(cls, PredictsRatings))
    def test_predictions_do_not_depend_on_company(self) -> None:
        data = dataclasses.replace(ragged(), times=None)  # a model that knows of time is asked at no particular one
        model, predictions = self.fitted(ragged()), self.fitted(ragged()).predict_ratings(data)
        users, items = data.user_ids.values[data.users], data.item_ids.values[data.items]
        demand(np.array_equal(model.predict(users, items), predictions.estimated), "predict and predict_ratings differ")
        backwards = model.predict(users[::-1], items[::-1])[::-1]
        demand(
            np.array_equal(backwards, predictions.estimated), "a prediction depends on the pairs asked for beside it"
        )
        demand(model.predict([], []).shape == (0,), "no pairs, no predictions")

    @only_if(lambda cls: issubclass(cls, PredictsRatings))
    def test_an_impossible_prediction_is_the_training_mean(self) -> None:
        data = ragged()
        everything = np.ones((data.n_users, data.n_items), dtype=np.bool_)
        users, items = np.nonzero(everything)
        raw, impossible = self.fitted(data)._predict_pairs(users.astype(np.int32), items.astype(np.int32))
        mean = float(data.values.mean(dtype=np.float64))
        off = np.abs(raw[impossible] - mean) > TOLERANCE
        demand(not off.any(), f"{off.sum()} impossible estimates are not the training mean {mean:.4f}")

    @only_if(lambda cls: issubclass(cls, PredictsRatings))
    def test_predictions_recover_the_toy_world(self) -> None:
        world = toy_worlds()["explicit"]
        found = self.fitted(world.train).predict_ratings(world.test)
        right = ((found.estimated > 3.0) == (world.test.values > 3.0)).mean()
        demand(right >= self.floor, f"only {right:.0%} of held-out ratings are predicted on the right side of 3")

    @only_if(lambda cls: issubclass(cls, PredictsRatings))
    def test_rows_of_ratings_agree_with_predictions(self) -> None:
        data = ragged()
        model = self.fitted(data)
        rows = model._rate_users(np.arange(data.n_users, dtype=np.int32))
        rows = np.clip(rows if isinstance(rows, np.ndarray) else rows.dense(), 0.5, 5.0)
        rated = np.repeat(data.user_ids.values, data.n_items), np.tile(data.item_ids.values, data.n_users)
        predicted = model.predict(*rated).reshape(rows.shape)
        lists = model.recommend(n=data.n_items)
        listed = np.zeros(rows.shape, dtype=np.bool_)
        people, places = np.nonzero(lists.filled)
        listed[lists.users[people], lists.items[people, places]] = True
        off = listed & (np.abs(rows - predicted) > TOLERANCE)
        demand(not off.any(), f"{off.sum()} of {listed.sum()} ratings that a floor goes by are not the predicted ones")
        if model.scores_are_ratings:
            off = np.abs(np.clip(score_table(lists), 0.5, 5.0) - predicted[lists.users]) > TOLERANCE
            demand(not (off & listed[lists.users]).any(), "a score of a list is not the predicted rating")

    @only_if(lambda cls: issubclass(cls, PredictsRatings) and cls.fold_in == "exact")
    def test_ratings_of_strangers_agree_with_predictions(self) -> None:
        data = ragged()
        model, items = self.fitted(data), data.item_ids.values
        for user in (0, 5, 299):
            known = model.predict(np.repeat(data.user_ids.values[user], data.n_items), items)
            off = np.abs(model.predict_for(histories_of(data, [user])[0], items) - known) > TOLERANCE
            demand(not off.any(), f"{off.sum()} of {off.size} ratings by a training history are not the user's own")

    @only_if(lambda cls: issubclass(cls, SimilarItems))
    def test_similar_items_are_well_formed(self) -> None:
        data = ragged()
        model = self.fitted(data)
        lists = model.similar_items(data.item_ids.values, n=data.n_items + 3)
        well_formed(lists, "similar_items")
        table = np.isfinite(score_table(lists))
        demand(not np.diagonal(table).any(), "an item is listed as similar to itself")
        demand(np.array_equal(lists.users, np.arange(data.n_items)), "lists must stand in the order asked for")

    @only_if(lambda cls: issubclass(cls, SimilarItems))
    def test_similar_items_share_a_group(self) -> None:
        world = toy_worlds()["explicit"]
        lists = self.fitted(world.train).similar_items(world.train.item_ids.values, n=5)
        same = (lists.items % 2 == lists.users[:, None] % 2) & lists.filled
        demand(same.mean() >= self.floor, f"only {same.mean():.0%} of similar items are of the same group")

    @only_if(lambda cls: issubclass(cls, Explains))
    def test_reasons_are_well_formed(self) -> None:
        data = ragged()
        model = self.fitted(data)
        for user in (0, 298, 297, 299):
            person, history = data.user_ids.values[user], histories_of(data, [user])[0]
            for item in data.item_ids.values[[3, 60, 149]].tolist():
                self._reasonable(model.explain(person, item, n=4), item, history)
                self._reasonable(model.explain_for(history, item, n=4), item, history)

    def _reasonable(self, found: object, item: int, history: dict[object, float]) -> None:
        said = f"the explanation {found}"
        reasons, text = getattr(found, "reasons", []), getattr(found, "text", None)
        weights = [reason.weight for reason in reasons]
        demand(getattr(found, "item", None) == item, f"{said} is not of item {item}")
        demand(len(reasons) <= 4 and weights == sorted(weights, reverse=True), f"{said} must list the weightiest first")
        demand(all(np.isfinite(weights)), f"{said} has a weight that is not finite")
        demand(isinstance(text, str) and bool(reasons or not text), f"{said} has a text without a reason")
        ids = [reason.id for reason in reasons if reason.kind == "item"]
        demand(
            set(ids) <= set(history) - {item}, f"{said} names an item that is not in the history, or the item itself"
        )

    @only_if(lambda cls: issubclass(cls, Explains) and cls.reason_kind == "item")
    def test_reasons_are_of_the_same_taste(self) -> None:
        world = toy_worlds()["explicit"]
        model = self.fitted(world.train)
        person = world.train.user_ids.values[0]
        item = model.recommend([person], n=1).of(person)[0]
        reasons = model.explain(person, item, n=3).reasons
        index = world.train.item_ids.index([reason.id for reason in reasons])
        demand(bool(len(index)) and bool(world.liked[0, index].all()), f"item {item} is explained by {reasons}")
