"""What hybrids share: their members, and how these are made and fitted."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

from longtail import registry
from longtail.algorithms.base import FoldIn, Recommender, whole
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError

__all__ = ["Hybrid"]


@dataclass(kw_only=True)
class Hybrid(Recommender, ABC):
    """A recommender that combines others, its members (Burke 2002).

    Members are given as specs ("svd:factors=64") or as recommenders, which are turned into specs: they are copied and
    never fitted themselves. A member may be a hybrid. On the command line they stand with `+` between them, those with
    parameters in brackets: `blend:members=[svd:factors=64]+item-knn`.

    Source: R. Burke, "Hybrid Recommender Systems: Survey and Experiments", User Modeling and User-Adapted Interaction
    12(4), 2002.

    Attributes:
        members: specs of the members.
        members_: the members, fitted on all the training data.
    """

    fold_in: ClassVar[FoldIn] = "members"

    members: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.members, (list, tuple)):
            self.members = tuple(_spec(member) for member in self.members)
        super().__post_init__()
        made = self._unfitted()
        if not made:
            raise ConfigError(f"{type(self).__name__}: members must be at least one algorithm, such as ('svd', 'bias')")
        for spec, member in zip(self.members, made, strict=True):
            self._check_member(spec, member)

    def _check_member(self, spec: str, member: Recommender) -> None:
        """Refuse a member this hybrid cannot combine."""

    def _unfitted(self) -> list[Recommender]:
        parsed = [registry.parse(spec) for spec in self.members]
        return [registry.make(name, **hyperparameters) for name, hyperparameters in parsed]

    def _fit_members(self, train: Interactions, catalog: Catalog | None) -> None:
        """Fit the members one after another; each uses all the cores there are."""
        self.members_: list[Any] = []
        for member in self._unfitted():
            whole(member.fit(train, catalog))
            member.titles_ = self.titles_  # one list for all: it is kept, and saved, once
            self.members_.append(member)

    def _check_weights(self, weights: tuple[float, ...]) -> None:
        """Refuse weights that are not one for each member."""
        if weights and (len(weights) != len(self.members) or min(weights) < 0 or not sum(weights)):
            each = f"one for each of the {len(self.members)} members, none negative and not all zero"
            raise ConfigError(f"{type(self).__name__}: weights must be {each}, not {weights!r}")


def _spec(member: Any) -> Any:
    return registry.spec(member) if isinstance(member, Recommender) else member
