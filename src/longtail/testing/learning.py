"""Checks of learning: hyperparameters, fitting, seeds, threads, and whether the right thing is learned."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import typing
from typing import Any

import numpy as np
import polars as pl

from longtail import params, registry
from longtail.algorithms.base import FoldIn, Recommender
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError, NotFittedError
from longtail.testing.compare import demand, differences, learned, refused, same_lists, well_formed
from longtail.testing.subject import Subject, histories_of, only_if, thread_count
from longtail.testing.worlds import ToyWorld, ragged, toy_worlds

__all__ = ["LearningChecks"]


def _fields(cls: type[Recommender]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(cls) if field.init]


class LearningChecks(Subject):
    """What must hold of hyperparameters and of `fit`."""

    def test_is_a_recommender(self) -> None:
        cls = self.recommender
        demand(issubclass(cls, Recommender), f"{cls.__name__} must be a Recommender")
        demand(not inspect.isabstract(cls), f"{cls.__name__} leaves abstract methods open")
        demand("__dataclass_fields__" in vars(cls), f"{cls.__name__} must be a dataclass itself")
        demand(all(field.kw_only for field in _fields(cls)), f"{cls.__name__}: hyperparameters must be keyword-only")
        demand(
            registry.name_of(cls) == self.algorithm, f"the name of {cls.__name__} must lead back to {self.algorithm}"
        )
        demand(getattr(cls, "fold_in", None) in typing.get_args(FoldIn), f"{cls.__name__} must declare fold_in")
        demand(bool(inspect.getdoc(cls)), f"{cls.__name__} needs a docstring")

    def test_hyperparameters_are_stored_as_given(self) -> None:
        given = {field.name: field.default for field in _fields(self.recommender)} | dict(self.hyperparameters)
        model = self.new()
        demand(params.values(model) == given, f"hyperparameters {params.values(model)} are not those given, {given}")
        model.fit(toy_worlds()["explicit"].train)
        demand(params.values(model) == given, "fit changed a hyperparameter; what is learned ends in an underscore")

    def test_hyperparameters_are_checked(self) -> None:
        refused(ConfigError, self.new, no_such_parameter=1)
        for field in _fields(self.recommender):
            refused(ConfigError, self.new, **{field.name: object()})
            low = field.metadata.get("at_least")
            if low is not None:
                refused(ConfigError, self.new, **{field.name: low - 1})

    def test_every_choice_fits(self) -> None:
        hints = typing.get_type_hints(self.recommender)
        for name in (field.name for field in _fields(self.recommender) if not field.metadata.get("shared")):
            for choice in params.choices(hints[name]):
                model = self.new(**{name: choice}).fit(toy_worlds()["explicit"].train)
                well_formed(model.recommend(n=5), f"{name}={choice}")

    def test_clone_is_unfitted_and_equal(self) -> None:
        model = self.fitted(toy_worlds()["explicit"].train)
        twin = model.clone()
        demand(type(twin) is type(model) and twin is not model, "clone must make another model of the same class")
        demand(params.values(twin) == params.values(model), "clone must keep the hyperparameters")
        demand(not learned(twin), "a clone must not have learned anything")

    def test_repr_can_be_read_back(self) -> None:
        model = self.new()
        written = ", ".join(f"{name}={value!r}" for name, value in params.values(model).items())
        demand(
            repr(model) == f"{type(model).__name__}({written})", f"repr must list the hyperparameters, not {model!r}"
        )

    def test_unfitted_is_refused(self) -> None:
        model, asked = self.new(), ["anyone"]
        questions: dict[str, tuple[Any, ...]] = {
            "recommend": (asked,),
            "recommend_for": ([{}],),
            "predict": (asked, asked),
            "predict_ratings": (ragged(),),
            "similar_items": (asked,),
            "explain": ("anyone", "anything"),
            "explain_for": ({}, "anything"),
            "save": ("unfitted",),
        }
        for name, arguments in questions.items():
            if hasattr(model, name):
                refused(NotFittedError, getattr(model, name), *arguments)

    def test_fit_returns_itself(self) -> None:
        model = self.new()
        demand(model.fit(toy_worlds()["explicit"].train) is model, "fit must return the model")

    def test_nothing_to_learn_from(self) -> None:
        train = toy_worlds()["explicit"].train
        nothing = train.take(np.zeros(len(train), dtype=np.bool_))
        refused(DataError, self.new().fit, nothing)
        model = self.fitted(train)
        lists = model.recommend(n=5)
        refused(DataError, model.fit, nothing)
        demand(same_lists(lists, model.recommend(n=5)), "a fit that is refused must leave the model as it was")

    def test_fit_leaves_its_input_alone(self) -> None:
        train = copy.deepcopy(ragged())
        rows, columns = copy.deepcopy(train.by_user), copy.deepcopy(train.by_item)
        self.new().fit(train)
        demand(dataclasses.replace(train).fingerprint == ragged().fingerprint, "fit changed its training data")
        before, after = {"by_user": rows, "by_item": columns.T.tocsr()}, {"by_user": train.by_user}
        after["by_item"] = train.by_item.T.tocsr()
        demand(not differences(before, after), "fit changed the cached by_user or by_item of its training data")

    def test_refit_leaves_no_trace(self) -> None:
        world = toy_worlds()["explicit"].train
        again, fresh = self.fitted(ragged()).fit(world), self.new().fit(world)
        different = differences(learned(again), learned(fresh))
        demand(not different, f"a second fit keeps something of the first in {', '.join(different)}")

    def test_same_seed_same_model(self) -> None:
        one, two = self.new().fit(ragged()), self.new().fit(ragged())
        different = differences(learned(one), learned(two))
        demand(not different, f"two fits with the same seed differ in {', '.join(different)}")
        demand(same_lists(one.recommend(n=20), two.recommend(n=20)), "the same model gives different lists")

    @only_if(lambda cls: "seed" in cls.__dataclass_fields__)
    def test_other_seeds_work(self) -> None:
        well_formed(self.new(seed=12345).fit(ragged()).recommend(n=10), "with another seed")
        refused(ConfigError, lambda: self.new(seed=-1).fit(ragged()))

    def test_thread_count_changes_nothing(self) -> None:
        answers = []
        for number in (1, 3):
            with thread_count(number):
                model = self.new().fit(ragged())
                new = model.recommend_for(histories_of(ragged()), n=20)
                answers.append((model.recommend(n=20), new, model))
        (one, one_new, _), (three, three_new, _) = answers
        demand(same_lists(one, three), "recommend gives other lists on three threads than on one")
        demand(same_lists(one_new, three_new), "recommend_for gives other lists on three threads than on one")
        if hasattr(self.recommender, "predict_ratings"):
            single, triple = (model.predict_ratings(ragged()).estimated for *_, model in answers)
            demand(np.array_equal(single, triple), "predictions differ between one thread and three")

    def test_recovers_the_explicit_toy_world(self) -> None:
        self._recovers(toy_worlds()["explicit"])

    def test_recovers_the_implicit_toy_world(self) -> None:
        self._recovers(toy_worlds()["implicit"])

    def _recovers(self, world: ToyWorld) -> None:
        share = world.share_liked(self.fitted(world.train).recommend(n=5))
        demand(share >= self.floor, f"only {share:.0%} of recommended items are liked in the {world.name} toy world")

    def test_handles_implicit_data(self) -> None:
        model = self.fitted(toy_worlds()["implicit"].train)
        well_formed(model.recommend(n=10), "on implicit data")

    def test_one_user(self) -> None:
        train = toy_worlds()["explicit"].train
        self._copes_with(train.take(train.users == 0), "the ratings of a single user")

    def test_one_item(self) -> None:
        train = toy_worlds()["explicit"].train
        self._copes_with(train.take(train.items == 0), "the ratings of a single item")

    def test_one_rating(self) -> None:
        catalog = Catalog(pl.DataFrame({"item": [7], "title": ["Seven"], "year": [1995], "genres": [["drama"]]}))
        row = {"user": ["ann"], "item": [7], "rating": [4.0], "timestamp": [0]}
        world = Interactions.from_frame(row, catalog=catalog)
        lists = self._copes_with(world, "a single rating")
        demand(not lists.filled.any(), "the only item there is has been seen, so the list is empty")

    def test_all_ratings_equal(self) -> None:
        train = toy_worlds()["explicit"].train
        flat = dataclasses.replace(train, values=np.full(len(train), 3.0, dtype=np.float32), scale=(1.0, 5.0))
        self._copes_with(flat, "ratings that are all equal")

    def _copes_with(self, train: Interactions, what: str) -> Any:
        model = self.new().fit(train)
        lists = model.recommend(n=5)
        well_formed(lists, what)
        well_formed(model.recommend_for([{}, *histories_of(train, [train.users[0]])], n=5), what)
        if hasattr(model, "predict_ratings"):
            estimated = model.predict_ratings(train).estimated
            demand(bool(np.isfinite(estimated).all()), f"with {what}, a prediction is not finite")
        return lists
