"""A small world and recommenders that do one thing each, for the bake-off and everything that shows its result."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.base import FoldIn, Recommender
from longtail.algorithms.powers import Explains, PredictsRatings
from longtail.data.catalog import Catalog
from longtail.errors import DataError
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.params import hyper

NASTY = "<script>alert('x')</script> & [bold]co[/bold]"


@dataclass(kw_only=True)
class Known(PredictsRatings):
    """Predicts a table of ratings laid down beforehand, plus `offset`; what it ranks by are those predictions."""

    fold_in: ClassVar[FoldIn] = "fallback"
    table: ClassVar[np.ndarray]

    offset: float = hyper(0.0)
    seed: int = hyper(0)

    def _fit(self, train, catalog):
        self.kept_ = (self.table + self.offset).astype(np.float32)

    def _score_users(self, users):
        return self.kept_[users]

    def _score_histories(self, histories):
        return np.zeros(histories.shape, np.float32)

    def _predict_pairs(self, users, items):
        return self.kept_[users, items], np.zeros(len(users), bool)


@dataclass(kw_only=True)
class Reasoning(Known, Explains):
    """Gives the best-rated item of the history as its reason."""

    def _reasons(self, history, item):
        return history.indices[[np.argmax(history.data)]], np.ones(1)


@dataclass(kw_only=True)
class NoRatings(Recommender):
    """Ranks items by their index and predicts nothing."""

    fold_in: ClassVar[FoldIn] = "fallback"
    scores_are_ratings: ClassVar[bool] = False

    def _fit(self, train, catalog):
        self.order_ = np.arange(train.n_items, dtype=np.float32)

    def _score_histories(self, histories):
        return np.tile(self.order_, (histories.shape[0], 1))


@dataclass(kw_only=True)
class Broken(NoRatings):
    """Fails while learning, with an error of its own."""

    def _fit(self, train, catalog):
        raise ZeroDivisionError("no such\nthing <b>as</b> [red]zero[/red]")


@dataclass(kw_only=True)
class Refusing(NoRatings):
    """Fails on purpose, the way the library fails."""

    def _fit(self, train, catalog):
        raise DataError("these data are not for me")


@dataclass(kw_only=True)
class Stopped(NoRatings):
    """The moment somebody presses Ctrl-C."""

    def _fit(self, train, catalog):
        raise KeyboardInterrupt


@dataclass(kw_only=True)
class Hungry(NoRatings):
    """Takes 200 MB (and a little) while learning, and gives them back."""

    def _fit(self, train, catalog):
        eaten = np.ones(202_000_000, dtype=np.uint8)
        self.order_ = np.full(train.n_items, eaten[-1], np.float32)


@pytest.fixture(scope="session")
def films() -> lt.Interactions:
    """Forty users, thirty films, ratings that mostly follow the film; the first title is a trap for a report."""
    rng = np.random.default_rng(3)
    met = rng.random((40, 30)) < np.linspace(0.9, 0.15, 30)
    liking = rng.normal(3.4, 0.9, (1, 30)) + rng.normal(0, 0.5, (40, 1)) + rng.normal(0, 0.6, (40, 30))
    users, items = np.nonzero(met)
    ratings = np.clip(np.round(liking[users, items]), 1, 5)
    titles = [NASTY, *(f"Film {number}" for number in range(1, 30))]
    frame = {"user": users + 100, "item": items, "rating": ratings}
    catalog = Catalog(pl.DataFrame({"item": list(range(30)), "title": titles}))
    return lt.Interactions.from_frame(frame, scale=(1, 5), catalog=catalog)


@pytest.fixture(scope="session")
def recommenders(films: lt.Interactions) -> SimpleNamespace:
    """The classes above; `Known` holds the true ratings, and 1 where there are none."""
    truth = films.by_user.toarray()
    Known.table = np.where(truth > 0, truth, 1.0)
    classes = (Known, Reasoning, NoRatings, Broken, Refusing, Stopped, Hungry)
    return SimpleNamespace(**{cls.__name__: cls for cls in classes})


@pytest.fixture(scope="session")
def clicks(films: lt.Interactions) -> lt.Interactions:
    """The same encounters without their ratings."""
    return lt.Interactions.from_scipy(sparse.csr_array(np.sign(films.by_user.toarray())), feedback="implicit")


@pytest.fixture(scope="session")
def finished(films: lt.Interactions, recommenders: SimpleNamespace) -> BakeoffResult:
    named = [recommenders.Known(), recommenders.Reasoning(offset=0.5), "popular", recommenders.NoRatings()]
    failing = [recommenders.Broken(), recommenders.Refusing()]
    return Bakeoff(films, [*named, *failing], name="films").run(progress=False)


@pytest.fixture
def result(finished: BakeoffResult) -> BakeoffResult:
    """A bake-off with everything in it: a winner, a baseline, one without ratings, and two that fail."""
    return copy.deepcopy(finished)
