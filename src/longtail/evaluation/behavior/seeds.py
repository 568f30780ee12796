"""`reseeded`: the same recommender with other chances."""

from __future__ import annotations

import dataclasses
from typing import Any

from longtail import registry
from longtail.algorithms.base import Recommender

__all__ = ["reseeded"]


def reseeded(model: Recommender, by: int = 1) -> Recommender | None:
    """An unfitted copy whose seed, and those of its members, are so much higher; None where nothing has a seed.

    Examples:
        >>> reseeded(registry.make("svd", seed=3)).seed, reseeded(registry.make("popular"))
        (4, None)
        >>> reseeded(registry.make("cascade", members=("ease", "svd"))).members
        ('ease', 'svd:seed=1')
    """
    names = {field.name for field in dataclasses.fields(model)}
    others: dict[str, Any] = {}
    if "seed" in names:
        others["seed"] = model.seed + by  # type: ignore[attr-defined]
    if "members" in names:
        specs = tuple(model.members)  # type: ignore[attr-defined]
        members = tuple(_reseeded_spec(spec, by) for spec in specs)
        if members != specs:
            others["members"] = members
    return model.clone(**others) if others else None


def _reseeded_spec(spec: str, by: int) -> str:
    name, hyperparameters = registry.parse(spec)
    other = reseeded(registry.make(name, **hyperparameters), by)
    return spec if other is None else registry.spec(other)
