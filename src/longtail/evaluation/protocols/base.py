"""`Protocol`: what is hidden, what is asked and what counts, as a few named values that a report prints in full."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from longtail import params
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.evaluation import negatives
from longtail.evaluation.negatives import Sampling
from longtail.evaluation.protocols import wording
from longtail.evaluation.protocols.fold import Fold, Question

__all__ = ["ANY_TIME", "Cold", "Protocol"]

Cold = Literal["users", "items"]
"""What a protocol promises to be new."""

FIVE_STARS = 5.0
ANY_TIME = frozenset({"future", "own-future", "split-session"})
"""What a split accepts that draws rows whatever their time."""


@dataclass(frozen=True, kw_only=True)
class Protocol(ABC):
    """A way to compare: what an algorithm learns from, what it is asked, and what counts.

    A subclass adds its parameters as fields and states `_folds`, `_questions` and `_caveats`.

    Attributes:
        n: places in a list.
        floor: an item predicted to be rated lower is not listed, where the floor applies; None for no floor at all.
        relevant: an actual rating from which a hit counts towards the cumulative hit rate.
        sampled: rank a user's hidden items among so many items drawn from those the user has not met, instead of among
            all; None for the full ranking. Whatever was ranked so says so.
        sampling: how those items are drawn: "uniform", or by "popularity" in train.
        seed: of everything drawn at random.

    Class attributes:
        name: what it is called.
        question: what it answers, in a line.
        leaks: what a model knows that it could not have known, in a line.
        suits: when to use it, in a line.
        asks: the questions that some of its folds ask.
        accepts: the leaks it accepts by design, by the names of `longtail.evaluation.leakage`.
        shares: the parameters that lie strictly between 0 and 1.
        cold: what of its test parts is promised to be new to train.
        keeps_repeats: whether events of the same user and item stay as many; else the pair stands once.
    """

    name: ClassVar[str]
    question: ClassVar[str]
    leaks: ClassVar[str]
    suits: ClassVar[str]
    asks: ClassVar[tuple[Question, ...]]
    accepts: ClassVar[frozenset[str]] = frozenset()
    shares: ClassVar[tuple[str, ...]] = ()
    cold: ClassVar[Cold | None] = None
    keeps_repeats: ClassVar[bool] = False

    n: int = params.hyper(10, at_least=1)
    floor: float | None = None
    relevant: float = 4.0
    sampled: int | None = params.hyper(None, at_least=1)
    sampling: Sampling = "uniform"
    seed: int = params.hyper(0, at_least=0)

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 1:
            raise ConfigError(f"n must be a whole number of at least 1, not {self.n!r}")
        params.validate(self)
        for name in self.shares:
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"{name} must lie between 0 and 1, such as 0.25, not {getattr(self, name)!r}")
        if self.sampled is not None and set(self.asks) == {"ratings"}:
            raise ConfigError(f"{self.name} makes no lists, so nothing can be ranked among sampled items; drop sampled")

    # -- what a protocol states --------------------------------------------------------------------------------------

    @abstractmethod
    def _folds(self, data: Interactions) -> list[Fold]:
        """The folds, with the full ranking."""

    @abstractmethod
    def _questions(self, *, explicit: bool) -> list[str]:
        """What is measured, in plain sentences; `explicit` says whether the data hold ratings."""

    @abstractmethod
    def _caveats(self, *, explicit: bool) -> list[str]:
        """What the protocol accepts by design, in plain sentences."""

    def view(self, data: Interactions) -> Interactions:
        """The data as the protocol sees them; one that asks sessions makes each of them a user."""
        return data

    def seen(self, data: Interactions) -> Interactions:
        """The data as `view` shows them, each pair of user and item once unless the protocol keeps repeats."""
        return self.view(data) if self.keeps_repeats else self.view(data).once

    # -- what every protocol does ------------------------------------------------------------------------------------

    def folds(self, data: Interactions) -> list[Fold]:
        """The folds, made once for all algorithms; `data` as given, or as `seen` shows them.

        Raises:
            DataError: for data in which nothing can be hidden this way.
            ConfigError: if the floor or the relevant rating lies above the rating scale.
        """
        self._require_levels_on_scale(data)
        seen = self.seen(data)
        return [self._sampled(fold, seen) for fold in self._folds(seen)]

    def questions(self, *, explicit: bool) -> list[str]:
        """What is measured, in plain sentences; `explicit` says whether the data hold ratings."""
        return self._questions(explicit=explicit)

    def caveats(self, *, explicit: bool) -> list[str]:
        """What the protocol accepts by design, in plain sentences."""
        own = self._caveats(explicit=explicit)
        sampled = (
            f"Hidden items are ranked among {self.among} only, not among the whole catalogue: figures are far higher, "
            "and may put algorithms in another order (Krichene and Rendle 2020). Do not compare them with a full "
            "ranking."
        )
        tuned = "Every algorithm ran with the parameters printed here; the bake-off tunes nothing."
        return [*own, *([sampled] if self.among else []), tuned]

    @property
    def among(self) -> str:
        """What hidden items are ranked among where that is a sample, such as "100 sampled negatives"; else empty.

        Examples:
            >>> from longtail.evaluation.protocols import named
            >>> named("leave-one-out:sampled=100,sampling=popularity").among
            '100 sampled negatives (by popularity)'
        """
        drawn = "" if self.sampling == "uniform" else " (by popularity)"
        return "" if self.sampled is None else f"{self.sampled:,} sampled negatives{drawn}"

    def _listed(self, which: str = "the user has not met") -> str:
        """How a list is made, for a sentence."""
        if self.among:
            return f"the {self.n} best of the hidden items and {self.among}, which {which},"
        return f"the {self.n} best items {which}"

    def _sampled(self, fold: Fold, data: Interactions) -> Fold:
        """The fold with negatives where it asks for hidden items and a sample is wanted.

        They are drawn from what a user has no row for in all the data or, where those who are asked are no users of
        the data, in what is given and hidden. What lies beyond accuracy is not asked of lists that hold a sample.
        """
        if self.sampled is None or fold.test is None or not set(fold.asks) & {"hits", "ranking"}:
            return fold
        weights = (fold.train if self.sampling == "popularity" else data).item_counts.astype(np.float64)
        if self.sampling == "uniform":
            weights = np.minimum(weights, 1.0)
        if fold.candidates is not None:
            allowed = np.zeros_like(weights)
            allowed[fold.candidates] = 1.0
            weights *= allowed
        if not weights.any():
            raise DataError(f"no item of the fold {fold.name} can be drawn by popularity; use sampling=uniform")
        asked = np.flatnonzero(fold.test.user_counts)
        if fold.test.n_users == data.n_users or fold.given is None:
            met = data.by_user[asked]
        else:
            met = fold.given.by_user[asked] + fold.test.by_user[asked]
        drawn = negatives.draw(met, min(self.sampled, data.n_items), weights, seed=self.seed)
        asks = tuple(question for question in fold.asks if question != "beyond")
        return dataclasses.replace(fold, negatives=drawn, asks=asks)

    def parameters(self) -> dict[str, Any]:
        """Its values by name, as plain JSON."""
        return dataclasses.asdict(self)

    def own_parameters(self) -> dict[str, str]:
        """The values of those parameters that not every protocol has and that are not none, as on the command line."""
        shared = {entry.name for entry in dataclasses.fields(Protocol)}
        own = {name: value for name, value in self.parameters().items() if name not in shared and value is not None}
        return {name.replace("_", " "): params.written(value) for name, value in own.items()}

    def described(self) -> list[tuple[str, str, str]]:
        """Every parameter: its name, its value as on the command line, and what it means."""
        meanings = wording.attributes(type(self))
        return [(name, params.written(value), meanings.get(name, "")) for name, value in self.parameters().items()]

    def suited_to(self, data: Interactions) -> Self:
        """The same protocol, its 4.0 of five stars carried over to the rating scale of the data.

        On a scale that ends elsewhere than at five stars, floor and relevant rating are 80 % of its highest rating;
        without ratings there is no floor.
        """
        if data.feedback == "implicit":
            return dataclasses.replace(self, floor=None)
        highest = data.scale[1] if data.scale else FIVE_STARS
        if 4.0 <= highest <= FIVE_STARS:
            return self
        level = highest - 0.2 * abs(highest)
        return dataclasses.replace(self, floor=None if self.floor is None else level, relevant=level)

    def _require_levels_on_scale(self, data: Interactions) -> None:
        """Refuse a floor or a relevant rating that no rating can reach."""
        if data.feedback == "implicit" or data.scale is None:
            return
        for what, value in (("floor", self.floor), ("relevant rating", self.relevant)):
            if value is not None and value > data.scale[1]:
                raise ConfigError(f"a {what} of {value:g} is above the highest rating, {data.scale[1]:g}")
