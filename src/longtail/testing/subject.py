"""The algorithm under test, as the checks see it."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from longtail import registry
from longtail.algorithms.base import Recommender
from longtail.data.interactions import Interactions
from longtail.testing.worlds import ragged

__all__ = ["Subject", "ask_everything", "histories_of", "only_if", "thread_count"]

F = TypeVar("F", bound=Callable[..., None])


class Subject:
    """Makes and fits the algorithm; the base of all groups of checks."""

    algorithm: ClassVar[str]
    hyperparameters: ClassVar[Mapping[str, Any]] = {}
    exempt: ClassVar[Mapping[str, str]] = {}
    floor: ClassVar[float] = 0.9
    recommender: ClassVar[type[Recommender]]
    _fitted: ClassVar[dict[tuple[type[Any], str], Recommender]] = {}

    def new(self, **changes: Any) -> Any:
        """An unfitted model."""
        return registry.make(self.algorithm, **{**self.hyperparameters, **changes})

    def fitted(self, train: Interactions) -> Any:
        """A model fitted on `train`: a copy of one fitted before, where there is one."""
        key = (type(self), train.fingerprint)
        if key not in self._fitted:
            self._fitted[key] = self.new().fit(train)
        return copy.deepcopy(self._fitted[key])


def only_if(applies: Callable[[type[Recommender]], bool]) -> Callable[[F], F]:
    """Mark a check that is made only of algorithms for which `applies` holds."""

    def mark(check: F) -> F:
        check.applies = applies  # type: ignore[attr-defined]
        return check

    return mark


def histories_of(data: Interactions, users: Any = None) -> list[dict[Any, float]]:
    """The histories of users (by index; everyone when not given) as {item id: rating}, in order of time."""
    rows = range(data.n_users) if users is None else np.asarray(users).tolist()
    return data.sequences.histories(data.item_ids, rows)


def ask_everything(model: Any) -> dict[str, Any]:
    """The arrays of every kind of answer the model gives, by name."""
    data = ragged()
    people, items = data.user_ids.values[-40:], data.item_ids.values[:40]
    lists = {"recommend": model.recommend(people, n=10), "everyone": model.recommend(n=4)}
    lists["recommend_for"] = model.recommend_for(histories_of(data, range(30)), n=10)
    if hasattr(model, "similar_items"):
        lists["similar_items"] = model.similar_items(items, n=10)
    answers = {f"{name}.{part}": getattr(found, part) for name, found in lists.items() for part in ("items", "scores")}
    if hasattr(model, "predict_ratings"):
        answers["predict"] = model.predict(people, items)
        answers["estimated"] = model.predict_ratings(data).estimated
    if hasattr(model, "explain"):
        reasons = model.explain(people[0], items[3]).reasons
        answers["explain"] = np.array([reason.weight for reason in reasons])
    return answers


@contextlib.contextmanager
def thread_count(number: int) -> Iterator[None]:
    """While active, kernels run on that many threads."""
    before = os.environ.get("LONGTAIL_THREADS")
    os.environ["LONGTAIL_THREADS"] = str(number)
    try:
        yield
    finally:
        if before is None:
            del os.environ["LONGTAIL_THREADS"]
        else:
            os.environ["LONGTAIL_THREADS"] = before
