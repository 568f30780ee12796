"""Who takes part in a bake-off, each under a label unlike any other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from longtail import params, registry
from longtail.algorithms.base import Recommender
from longtail.errors import ConfigError

__all__ = ["Entry", "entries"]


@dataclass(frozen=True)
class Entry:
    """An algorithm that takes part.

    Attributes:
        label: its name, and the parameters that differ from their defaults.
        name: its name in the registry, or its class where it is not registered.
        model: an unfitted recommender; it is copied, never fitted itself.
    """

    label: str
    name: str
    model: Recommender

    def seeds(self, repeats: int) -> list[int | None]:
        """The seeds it runs with: its own and the ones that follow; a single None where it has no seed."""
        seed = getattr(self.model, "seed", None)
        return [None] if seed is None else [seed + further for further in range(repeats)]


def entries(algorithms: Sequence[str | Recommender] | None, seed: int) -> list[Entry]:
    """The entries of a bake-off: names, specs or recommenders; None for the line-up of the registry.

    Examples:
        >>> [entry.label for entry in entries(["popular", "popular:damping=0"], seed=0)]
        ['popular', 'popular (damping=0.0)']

    Raises:
        ConfigError: for an unknown name or parameter, an empty list, or the same algorithm twice alike.
    """
    if isinstance(algorithms, str):
        raise ConfigError(f"algorithms must be a list, such as [{algorithms!r}]")
    found = [_entry(given, seed) for given in (registry.LINEUP if algorithms is None else algorithms)]
    if not found:
        raise ConfigError(f"no algorithm to run; choose from {', '.join(registry.names())}")
    labels = [entry.label for entry in found]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigError(f"{label} stands twice among the algorithms, with the same parameters; drop one")
    return found


def _entry(given: str | Recommender, seed: int) -> Entry:
    if isinstance(given, str):
        name, chosen = registry.parse(given)
        cls = registry.get(name)
        if "seed" in cls.__dataclass_fields__:
            chosen = {"seed": seed, **chosen}
        model = registry.make(name, **chosen)
    elif isinstance(given, Recommender):
        name, model = _name(type(given)), given
    else:
        raise ConfigError(f"an algorithm is a name, a spec such as 'svd:factors=64' or a recommender, not {given!r}")
    return Entry(_label(name, model, seed), name, model)


def _label(name: str, model: Recommender, seed: int) -> str:
    usual = {field.name: field.default for field in dataclasses.fields(model)} | {"seed": seed}
    unusual = [f"{key}={params.written(value)}" for key, value in params.values(model).items() if value != usual[key]]
    return f"{name} ({', '.join(unusual)})" if unusual else name


def _name(cls: type[Recommender]) -> str:
    try:
        return registry.name_of(cls)
    except ConfigError:
        return cls.__name__
