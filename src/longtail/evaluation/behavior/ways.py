"""The three ways in which a new rating can reach a list: folded in, learned online, or by fitting anew."""

from __future__ import annotations

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from longtail.algorithms.base import Recommender, whole
from longtail.algorithms.powers import LearnsOnline
from longtail.data.results import TopN
from longtail.evaluation.behavior.probes import Probes
from longtail.types import IntArray

__all__ = ["WAYS", "Answer", "Way"]


@dataclass(frozen=True, eq=False)
class Answer:
    """What one probe did to its user's ranking.

    Attributes:
        before: item indices, best first, without the item that is then rated (that it goes is no change).
        after: likewise, with the rating.
        seconds: from the rating to the new list of n.
    """

    before: IntArray
    after: IntArray
    seconds: float


class Way(ABC):
    """One way, for one model fitted on the data without the probes."""

    name: ClassVar[str]

    def __init__(self, model: Recommender, probes: Probes, n: int) -> None:
        self.model, self.probes, self.n = model, probes, n

    @property
    def missing(self) -> str:
        """Why the model lacks this way; empty where it does not."""
        return ""

    @abstractmethod
    def before(self, probe: int, n: int) -> TopN:
        """The list of a probe's user without the rating."""

    @abstractmethod
    def after(self, probe: int) -> Callable[[int], TopN]:
        """Take in the rating; returns what makes lists of a length."""

    def ask(self, probe: int) -> Answer:
        """Give the rating, with the clock running until the list of n is there; then look at the whole ranking."""
        began = time.perf_counter()
        lists = self.after(probe)
        lists(self.n)
        seconds = time.perf_counter() - began
        whole = len(self.probes.data.item_ids)
        before = _ranking(self.before(probe, whole))
        return Answer(before[before != self.probes.item_index(probe)], _ranking(lists(whole)), seconds)

    def warm_up(self) -> None:
        """Do it once before the clock counts: what is compiled or cached on first use is no part of the answer."""
        self.after(0)(self.n)


class FoldIn(Way):
    """`recommend_for`: the model stays as it is and is handed the longer history."""

    name = "fold-in"

    def before(self, probe: int, n: int) -> TopN:
        """The list from the user's other ratings."""
        return self.model.recommend_for([self.probes.history(probe)], n)

    def after(self, probe: int) -> Callable[[int], TopN]:
        """Folding in happens when the list is made."""
        history = {**self.probes.history(probe), self.probes.item(probe): self.probes.value(probe)}
        return lambda n: self.model.recommend_for([history], n)


class Online(Way):
    """`learn`: the model takes in the rating. It is done to a copy, which shares all that learning does not replace."""

    name = "online"

    @property
    def missing(self) -> str:
        """Why it is missing: not every model learns online."""
        return "" if isinstance(self.model, LearnsOnline) else "it does not learn online"

    def before(self, probe: int, n: int) -> TopN:
        """The list of the model as it was fitted."""
        return self.model.recommend([self.probes.user(probe)], n)

    def after(self, probe: int) -> Callable[[int], TopN]:
        """A copy learns the rating."""
        model, user = copy.copy(self.model), self.probes.user(probe)
        assert isinstance(model, LearnsOnline)
        model.learn([user], [self.probes.item(probe)], [self.probes.value(probe)])
        return lambda n: model.recommend([user], n)


class Retrain(Way):
    """`fit` on all the data and the rating, with the same seed."""

    name = "retrain"

    def before(self, probe: int, n: int) -> TopN:
        """The list of the model as it was fitted."""
        return self.model.recommend([self.probes.user(probe)], n)

    def after(self, probe: int) -> Callable[[int], TopN]:
        """A copy is fitted on all and the rating."""
        user = self.probes.user(probe)
        model = whole(self.model.clone().fit(self.probes.with_rating(probe)))
        return lambda n: model.recommend([user], n)

    def warm_up(self) -> None:
        """Nothing to do: the model has been fitted once already."""


WAYS: tuple[type[Way], ...] = (FoldIn, Online, Retrain)


def _ranking(lists: TopN) -> IntArray:
    items: IntArray = lists.items[0][lists.filled[0]]
    return items.astype(np.int32, copy=False)
