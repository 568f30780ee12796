"""What an attack leaves: the data with new users, and who they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.types import AnyArray, BoolArray, LongArray

__all__ = ["Attack", "Intent", "Profile", "check", "joined"]

Intent = Literal["push", "nuke"]


class Profile(NamedTuple):
    """The rows of one planted user: item indices, values, and times where the data have them."""

    items: LongArray
    values: AnyArray
    times: LongArray | None


@dataclass(frozen=True, eq=False, repr=False)
class Attack:
    """Attacked data, and what nobody but its planter knows.

    Attributes:
        data: the genuine rows, in their order, then those of the planted users.
        kind: what was planted.
        planted: external ids of the planted users, in index order.
        targets: external ids of the items that the attack is about; empty for bots.
        intent: "push" or "nuke"; None for bots.

    Examples:
        >>> from longtail.data.attacks import plant
        >>> from longtail.data.synthetic import synthetic
        >>> attack = plant(synthetic(users=100, items=80, ratings=2_000), "average", share=0.05)
        >>> attack
        Attack(average: 5 of 105 users are planted, push 1 item)
        >>> int(attack.is_planted.sum())
        5
    """

    data: Interactions
    kind: str
    planted: tuple[Any, ...]
    targets: tuple[Any, ...] = ()
    intent: Intent | None = None

    @property
    def is_planted(self) -> BoolArray:
        """(n_users,) whether a user of `data` is planted."""
        return np.arange(self.data.n_users) >= self.data.n_users - len(self.planted)

    def __repr__(self) -> str:
        size = f"{len(self.planted):,} of {np.count_nonzero(self.data.user_counts):,} users are planted"
        about = f", {self.intent} {len(self.targets)} item{'s' * (len(self.targets) != 1)}" if self.intent else ""
        return f"Attack({self.kind}: {size}{about})"


def check(data: Interactions, kind: str, kinds: Sequence[str], share: float) -> None:
    """Refuse an unknown kind, a share out of range, and data without rows."""
    if kind not in kinds:
        raise ConfigError(f"kind must be one of {', '.join(kinds)}, not {kind!r}")
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise ConfigError(f"share must be a number above 0 and at most 1, not {share!r}")
    if not len(data):
        raise DataError("there is nothing to attack: the data have no rows")


def joined(
    data: Interactions,
    profiles: Sequence[Profile],
    kind: str,
    targets: tuple[Any, ...] = (),
    intent: Intent | None = None,
) -> Attack:
    """The attack: the data with a new user (and, where there are sessions, a new session) for each profile."""
    owners = np.repeat(np.arange(len(profiles)), [len(profile.items) for profile in profiles])
    new: dict[str, Any] = {
        "users": data.n_users + owners,
        "items": np.concatenate([profile.items for profile in profiles]),
        "values": np.concatenate([profile.values for profile in profiles]),
    }
    if data.times is not None:
        new["times"] = np.concatenate([profile.times for profile in profiles if profile.times is not None])
    if data.sessions is not None:
        new["sessions"] = data.sessions.max() + 1 + owners
    whole: dict[str, Any] = {name: np.concatenate([getattr(data, name), column]) for name, column in new.items()}
    ids = _new_ids(data.user_ids, len(profiles))
    user_ids = Ids(np.concatenate([data.user_ids.values, ids]), kind="user")
    attacked = dataclasses.replace(data, **whole, user_ids=user_ids, report=None)
    return Attack(attacked, kind, tuple(ids.tolist()), targets, intent)


def _new_ids(known: Ids, n: int) -> AnyArray:
    """The next numbers, or `planted-1` and so on, whatever of them is free."""
    if known.is_integer:
        following: AnyArray = known.values.max() + 1 + np.arange(n)
        return following
    taken = set(known.values.tolist())
    free = (name for number in range(1, len(taken) + n + 1) if (name := f"planted-{number}") not in taken)
    return np.array([next(free) for _ in range(n)])
