"""`Protocol`: what is hidden, what is asked and what counts, as a few named values that a report prints in full."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.evaluation.protocols.fold import Fold, Question

__all__ = ["Protocol"]

FIVE_STARS = 5.0


@dataclass(frozen=True, kw_only=True)
class Protocol(ABC):
    """A way to compare: what an algorithm learns from, what it is asked, and what counts.

    A subclass adds its parameters as fields and states `folds`, `questions` and `caveats`.

    Attributes:
        n: places in a list.
        floor: an item predicted to be rated lower is not listed, where the floor applies; None for no floor at all.
        relevant: an actual rating from which a hit counts towards the cumulative hit rate.
        seed: of everything drawn at random.

    Class attributes:
        name: what it is called.
        asks: the questions that some of its folds ask.
        accepts: the leaks it accepts by design, by the names of `longtail.evaluation.leakage`.
    """

    name: ClassVar[str]
    asks: ClassVar[tuple[Question, ...]]
    accepts: ClassVar[frozenset[str]] = frozenset()

    n: int = 10
    floor: float | None = None
    relevant: float = 4.0
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 1:
            raise ConfigError(f"n must be a whole number of at least 1, not {self.n!r}")

    @abstractmethod
    def folds(self, data: Interactions) -> list[Fold]:
        """The folds, made once for all algorithms.

        Raises:
            DataError: for data in which nothing can be hidden this way.
            ConfigError: if the floor or the relevant rating lies above the rating scale.
        """

    @abstractmethod
    def questions(self, *, explicit: bool) -> list[str]:
        """What is measured, in plain sentences; `explicit` says whether the data hold ratings."""

    @abstractmethod
    def caveats(self, *, explicit: bool) -> list[str]:
        """What the protocol accepts by design, in plain sentences."""

    def parameters(self) -> dict[str, Any]:
        """Its values by name, as plain JSON."""
        return dataclasses.asdict(self)

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
