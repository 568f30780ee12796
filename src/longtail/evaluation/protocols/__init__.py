"""Protocols: what is hidden, what is asked and what counts, as small named values that a report prints in full.

A `Protocol` makes the `Fold`s of a bake-off; `PROTOCOLS` holds those that come with Longtail.
"""

from __future__ import annotations

from typing import Any

from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.evaluation.protocols.base import Protocol
from longtail.evaluation.protocols.classic import Classic
from longtail.evaluation.protocols.fold import Fold, Question, ready

__all__ = ["PROTOCOLS", "Classic", "Fold", "Protocol", "Question", "from_plain", "named", "ready"]

PROTOCOLS: dict[str, type[Protocol]] = {kind.name: kind for kind in (Classic,)}
"""The protocols by name."""


def named(name: str, data: Interactions) -> Protocol:
    """The protocol of that name, its levels carried over to the rating scale of the data (`Protocol.suited_to`).

    Raises:
        ConfigError: if there is no such protocol.
    """
    if name not in PROTOCOLS:
        raise ConfigError(f"no protocol {name!r}; choose from {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]().suited_to(data)


def from_plain(name: str, parameters: dict[str, Any]) -> Protocol:
    """The protocol that `Protocol.parameters` wrote down.

    Raises:
        KeyError: if there is no such protocol.
        TypeError: if it takes other parameters.
    """
    return PROTOCOLS[name](**parameters)
