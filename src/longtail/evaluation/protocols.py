"""Protocols: what is hidden, what is asked and what counts, as a few named values that a report prints in full."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError

__all__ = ["PROTOCOLS", "Folds", "Protocol", "named"]

FIVE_STARS = 5.0


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """The classic protocol and its parameters: three questions, each on its own split, shared by all algorithms.

    1. Rating accuracy, where a share of the ratings, drawn at random, is hidden (explicit data only).
    2. Hit rates, where one random rating of each user is hidden, with and without a floor under the predictions.
    3. Coverage, diversity and novelty of lists made from all the data.

    Attributes:
        name: what the protocol is called.
        n: places in a list.
        floor: an item predicted to be rated lower is not listed, where the floor applies; None for no floor at all.
        relevant: an actual rating from which a hit counts towards the cumulative hit rate.
        holdout: share of the ratings hidden for rating accuracy.
        seed: of the random splits.

    Examples:
        >>> Protocol(n=5).n, PROTOCOLS["classic"].floor
        (5, 4.0)
    """

    name: str = "classic"
    n: int = 10
    floor: float | None = 4.0
    relevant: float = 4.0
    holdout: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 1:
            raise ConfigError(f"n must be a whole number of at least 1, not {self.n!r}")
        if not 0 < self.holdout < 1:
            raise ConfigError(f"holdout must lie between 0 and 1, such as 0.25, not {self.holdout!r}")

    def split(self, data: Interactions) -> Folds:
        """The splits, made once for all algorithms, with the views that every algorithm reads already built.

        Raises:
            DataError: if no user has two interactions, so that none can be hidden.
            ConfigError: if the floor or the relevant rating lies above the rating scale.
        """
        explicit = data.feedback == "explicit"
        if explicit and data.scale is not None:
            for what, value in (("floor", self.floor), ("relevant rating", self.relevant)):
                if value is not None and value > data.scale[1]:
                    raise ConfigError(f"a {what} of {value:g} is above the highest rating, {data.scale[1]:g}")
        if not (data.user_counts > 1).any():
            raise DataError("no user has two interactions, so there is none to hide; a bake-off needs longer histories")
        hidden = splits.random_holdout(data, self.holdout, seed=self.seed) if explicit else None
        left_out = splits.leave_one_out(data, which="random", seed=self.seed)
        folds = Folds(data, hidden, left_out)
        for train in folds.training_sets:
            train.by_user, train.by_item, train.user_counts, train.item_counts, train.fingerprint  # noqa: B018
        return folds

    def questions(self, *, explicit: bool) -> list[str]:
        """What is measured, in plain sentences."""
        listed = f"the {self.n} best items the user has not met"
        floor = f"predicted rating at least {self.floor:g}" if explicit and self.floor is not None else ""
        accuracy = (
            f"Rating accuracy: {self.holdout:.0%} of the ratings, drawn at random, are hidden. Each algorithm learns "
            "from the rest and predicts them."
        )
        hits = f"Hit rates: one random interaction of every user with two or more is hidden. From the rest, {listed}"
        hits += " are listed; the hidden one among them is a hit."
        if explicit:
            hits += f" The cumulative hit rate counts only hidden items rated {self.relevant:g} or more."
        if floor:
            hits += f" Measured twice: with a floor ({floor}) and without."
        beyond = f"Beyond accuracy: from all the data, {listed} are listed for everyone"
        beyond += f", with the floor ({floor})." if floor else "."
        return [*([accuracy] if explicit else []), hits, beyond]

    def caveats(self, *, explicit: bool) -> list[str]:
        """What the protocol accepts by design, in plain sentences."""
        missing = (
            "These data hold no ratings: nothing is predicted and there is no floor, so rating accuracy, the "
            "cumulative hit rate and the hit rate by rating are left out."
        )
        return [
            *([] if explicit else [missing]),
            "Random splits mix times: an algorithm may learn from what happened after the interaction it has to "
            "foresee, so every figure is kinder than life. Judge a service on a split by time.",
            "One hidden item a user is the only right answer: a good item the user has not met counts as a miss, so "
            "hit rates are low for everyone and favour what is popular.",
            "Every algorithm ran with the parameters printed here; the bake-off tunes nothing.",
        ]


PROTOCOLS: dict[str, Protocol] = {"classic": Protocol()}


def named(name: str, data: Interactions) -> Protocol:
    """The protocol of that name, its 4.0 of five stars carried over to the rating scale of the data.

    On a scale that ends elsewhere than at five stars, floor and relevant rating are 80 % of its highest rating.

    Raises:
        ConfigError: if there is no such protocol.
    """
    if name not in PROTOCOLS:
        raise ConfigError(f"no protocol {name!r}; choose from {', '.join(PROTOCOLS)}")
    protocol = PROTOCOLS[name]
    if data.feedback == "implicit":
        return dataclasses.replace(protocol, floor=None)
    highest = data.scale[1] if data.scale else FIVE_STARS
    if 4.0 <= highest <= FIVE_STARS:
        return protocol
    level = highest - 0.2 * abs(highest)
    return dataclasses.replace(protocol, floor=level, relevant=level)


@dataclass(frozen=True)
class Folds:
    """The data of a bake-off, split.

    Attributes:
        whole: all the data.
        hidden: (train, test) for rating accuracy; None for implicit data.
        left_out: (train, test) for hit rates: one row a user in the test.
    """

    whole: Interactions
    hidden: tuple[Interactions, Interactions] | None
    left_out: tuple[Interactions, Interactions]

    @property
    def training_sets(self) -> list[Interactions]:
        """Everything an algorithm will learn from."""
        return [*([self.hidden[0]] if self.hidden else []), self.left_out[0], self.whole]

    def summary(self) -> dict[str, dict[str, int]]:
        """Per split: training and test rows, and the test users and items that the training part has never seen."""
        named = {"hidden": self.hidden, "left_out": self.left_out}
        return {name: _sizes(*pair) for name, pair in named.items() if pair is not None}


def _sizes(train: Interactions, test: Interactions) -> dict[str, int]:
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        "test_users": int(np.count_nonzero(test.user_counts)),
        "cold_users": int(np.count_nonzero((test.user_counts > 0) & (train.user_counts == 0))),
        "cold_items": int(np.count_nonzero((test.item_counts > 0) & (train.item_counts == 0))),
    }
