"""Where the lists of a simulation come from: a recommender, the truth, or the shelves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np

from longtail import registry
from longtail.algorithms.base import Recommender, whole
from longtail.data.interactions import Interactions
from longtail.data.synthetic import World
from longtail.evaluation.behavior.seeds import reseeded
from longtail.rng import generator
from longtail.types import IntArray

__all__ = ["Browse", "Follow", "Oracle", "Policy", "Update"]

Update = Literal["retrain", "fold-in"]


class Policy(ABC):
    """Makes a list for every user of a world, round after round, of items that the user has not met."""

    label: str
    control: bool

    @abstractmethod
    def lists(self, data: Interactions, round_number: int, n: int) -> IntArray:
        """(n_users, n) item indices, best first; -1 where a list is shorter. `data` are all rows so far."""


class Follow(Policy):
    """The lists of a recommender, fitted again in every round with a seed of its own, or once and then folded in."""

    control = False

    def __init__(self, model: Recommender, update: Update) -> None:
        self.label, self.model, self.update = registry.spec(model), model, update
        self._fitted: Recommender | None = None

    def lists(self, data: Interactions, round_number: int, n: int) -> IntArray:
        """The lists of the recommender, fitted on `data` or handed the longer histories."""
        if self.update == "fold-in" and self._fitted is not None:
            histories = data.once.sequences.histories(data.item_ids, range(data.n_users))
            return self._fitted.recommend_for(histories, n).items
        self._fitted = whole((reseeded(self.model, round_number) or self.model.clone()).fit(data))
        return self._fitted.recommend(data.user_ids.values, n).items


class Oracle(Policy):
    """A control that knows: the items of the highest true utility."""

    label, control = "true taste", True

    def __init__(self, world: World) -> None:
        self.world = world

    def lists(self, data: Interactions, round_number: int, n: int) -> IntArray:
        """The best by true utility."""
        return self.world.top_n(self.world.user_ids.values, n, exclude=data).items


class Browse(Policy):
    """A control without recommendations: items noticed by their popularity alone, as the world's people notice them."""

    label, control = "browsing", True

    def __init__(self, world: World, seed: int) -> None:
        self.popularity, self.seed = world.supply.popularity, seed

    def lists(self, data: Interactions, round_number: int, n: int) -> IntArray:
        """What is noticed first, in a race by popularity."""
        rng = generator(self.seed, "bubble", "shelves", round_number)
        arrival = rng.standard_exponential((data.n_users, data.n_items)) / self.popularity
        arrival[data.users, data.items] = np.inf
        best = np.argsort(arrival, axis=1, kind="stable")[:, :n]
        found: IntArray = np.where(np.isfinite(np.take_along_axis(arrival, best, axis=1)), best, -1).astype(np.int32)
        return found
