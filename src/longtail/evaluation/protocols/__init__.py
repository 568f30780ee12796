"""Protocols: what is hidden, what is asked and what counts, as small named values that a report prints in full.

A `Protocol` makes the `Fold`s of a bake-off; `PROTOCOLS` holds those that come with Longtail.
"""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any

from longtail import params
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.evaluation.protocols.base import Protocol
from longtail.evaluation.protocols.classic import Classic
from longtail.evaluation.protocols.every_click import EveryClick
from longtail.evaluation.protocols.fold import Fold, Question, ready
from longtail.evaluation.protocols.in_time import SlidingWindow, Temporal
from longtail.evaluation.protocols.item_cold_start import ItemColdStart
from longtail.evaluation.protocols.leave_one_out import LeaveLastOut, LeaveOneOut
from longtail.evaluation.protocols.newcomers import StrongGeneralization, UserColdStart
from longtail.evaluation.protocols.ratings import KFold, RatingHoldout
from longtail.evaluation.protocols.sessions import NextItem, RestOfSession

__all__ = [
    "PROTOCOLS",
    "Classic",
    "EveryClick",
    "Fold",
    "ItemColdStart",
    "KFold",
    "LeaveLastOut",
    "LeaveOneOut",
    "NextItem",
    "Protocol",
    "Question",
    "RatingHoldout",
    "RestOfSession",
    "SlidingWindow",
    "StrongGeneralization",
    "Temporal",
    "UserColdStart",
    "from_plain",
    "kind",
    "named",
    "ready",
]

PROTOCOLS: dict[str, type[Protocol]] = {
    one.name: one
    for one in (
        Classic,
        RatingHoldout,
        KFold,
        LeaveOneOut,
        LeaveLastOut,
        Temporal,
        SlidingWindow,
        NextItem,
        EveryClick,
        RestOfSession,
        StrongGeneralization,
        ItemColdStart,
        UserColdStart,
    )
}
"""The protocols by name."""


def kind(name: str) -> type[Protocol]:
    """The class of a protocol.

    Raises:
        ConfigError: if there is none of that name; the message holds the nearest.
    """
    if name not in PROTOCOLS:
        near = difflib.get_close_matches(name, PROTOCOLS, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ConfigError(f"no protocol {name!r}{hint}; choose from {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def named(spec: str, data: Interactions | None = None) -> Protocol:
    """The protocol written as `name` or `name:parameter=value,parameter=value`.

    Its levels are carried over to the rating scale of the data (`Protocol.suited_to`), unless given in the spec.

    Examples:
        >>> named("temporal:fraction=0.1").questions(explicit=False)[0][:57]
        'Ranking: the latest 10% of the interactions are hidden. E'

    Raises:
        ConfigError: if there is no such protocol or parameter, or the parameter cannot have that value.
    """
    name, texts = params.parse_spec(spec)
    cls = kind(name)
    chosen = params.parse(cls, texts)
    usual = cls() if data is None else cls().suited_to(data)
    return dataclasses.replace(usual, **chosen)


def from_plain(name: str, parameters: dict[str, Any]) -> Protocol:
    """The protocol that `Protocol.parameters` wrote down.

    Raises:
        KeyError: if there is no such protocol.
        TypeError: if it takes other parameters.
    """
    return PROTOCOLS[name](**parameters)
