"""Shilling: profiles that push an item up or down.

A shilling profile is one target item, rated as the attacker wants it to look, and other items that make it look like a
person: *selected* items with a purpose, and *filler* drawn at random (Lam and Riedl 2004; Mobasher et al. 2007).

| kind | selected items | filler | filler is rated |
|---|---|---|---|
| `random` | none | any item | around the mean of all ratings |
| `average` | none | any item | around the mean of that item |
| `popular-average` | none | the most popular fifth of the items | around the mean of that item |
| `bandwagon` | the most popular, rated highest | any item | around the mean of all ratings |
| `reverse-bandwagon` | well known and badly rated, rated lowest | any item | around the mean of all ratings |
| `love-hate` | none | any item | highest |

`popular-average` is the attack of Hurley, Cheng and Zhang (2009), made to escape detectors. The last two only serve to
push an item down ("nuke").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from longtail.data.attacks.attack import Attack, Intent, Profile, check, joined
from longtail.data.attacks.drawing import Knowledge
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.rng import generator
from longtail.types import AnyArray, LongArray

__all__ = ["Intent", "Kind", "plant"]

Kind = Literal["random", "average", "popular-average", "bandwagon", "reverse-bandwagon", "love-hate"]

_NUKES = ("reverse-bandwagon", "love-hate")
_CLICKS = ("random", "bandwagon")
_SELECTED = 10  # items a bandwagon jumps on


def plant(
    data: Interactions,
    kind: Kind = "average",
    *,
    share: float = 0.03,
    target: Sequence[Any] | None = None,
    filler: float | None = None,
    intent: Intent = "push",
    seed: int = 0,
) -> Attack:
    """Add shilling profiles to the data.

    Every profile rates each target with the highest value of the scale (push) or the lowest (nuke). Ratings are rounded
    to the values that stand in the data. Where there are times, a profile has those of a genuine user chosen at random,
    so its pace gives nothing away. On clicks every value is that of a plain click, and only `random` and `bandwagon`
    are attacks.

    Args:
        data: genuine interactions.
        kind: see the table at the top of this module.
        share: profiles, as a share of the genuine users (the attack size of the literature); at least one profile.
        target: external ids of the items to push or nuke; by default one, drawn among the items of middling popularity
            (between the quartiles).
        filler: filler items of a profile, as a share of all items (the filler size of the literature); by default each
            profile has as many as a genuine user chosen at random has rows.
        intent: "push" or "nuke".
        seed: equal seeds plant equal profiles.

    Raises:
        ConfigError: an unknown kind, a number out of range, or a kind that cannot serve this intent or these data.
        UnknownIdError: for an unknown target.
        DataError: the data have no rows.

    Examples:
        >>> from longtail.data.synthetic import synthetic
        >>> attack = plant(synthetic(users=100, items=80, ratings=2_000), "bandwagon", share=0.05, target=[7])
        >>> rows = attack.data.to_frame().filter(user=attack.planted[0], item=7)
        >>> rows["rating"].to_list()
        [5.0]
    """
    check(data, kind, get_args(Kind), share)
    _check_sense(data, kind, intent, filler)
    known = Knowledge(data, generator(seed, "attack", kind))
    targets = _middling(known) if target is None else np.unique(data.item_ids.index(list(target))).astype(np.int64)
    if not len(targets):
        raise ConfigError("target must name at least one item")
    profiles = []
    for user in known.imitated(share):
        size = int(data.user_counts[user]) if filler is None else max(1, round(filler * len(known.items)))
        items, values = _rated(known, kind, intent, targets, size)
        profiles.append(Profile(items, values, known.borrowed_times(int(user), len(items))))
    return joined(data, profiles, kind, tuple(data.item_ids[targets].tolist()), intent)


def _check_sense(data: Interactions, kind: Kind, intent: Intent, filler: float | None) -> None:
    if intent not in get_args(Intent):
        raise ConfigError(f"intent must be push or nuke, not {intent!r}")
    if filler is not None and (isinstance(filler, (bool, str)) or not 0 < filler <= 1):
        raise ConfigError(f"filler must be a share of the items, above 0 and at most 1, not {filler!r}")
    if kind in _NUKES and intent == "push":
        raise ConfigError(f"{kind} profiles push an item down: pass intent='nuke'")
    if data.feedback == "implicit" and (kind not in _CLICKS or intent == "nuke"):
        raise ConfigError(f"without ratings only {' and '.join(_CLICKS)} can push; {kind} cannot {intent}")


def _middling(known: Knowledge) -> LongArray:
    counts = known.data.item_counts[known.items]
    low, high = np.quantile(counts, (0.25, 0.75))
    middling = known.items[(counts >= low) & (counts <= high)]
    return known.drawn(middling if len(middling) else known.items, 1)


def _rated(known: Knowledge, kind: Kind, intent: Intent, targets: LongArray, size: int) -> tuple[LongArray, AnyArray]:
    """Items and values of one profile: targets, selected, filler."""
    selected = _selected(known, kind, targets)
    pool = known.head if kind == "popular-average" else known.items
    filler = known.drawn(np.setdiff1d(pool, np.concatenate([targets, selected])), size)
    low, high = known.data.scale or (known.one_value(),) * 2
    values = [
        np.full(len(targets), high if intent == "push" else low),
        np.full(len(selected), low if kind == "reverse-bandwagon" else high),
        _filled(known, kind, filler, high),
    ]
    return np.concatenate([targets, selected, filler]), np.concatenate(values)


def _filled(known: Knowledge, kind: Kind, filler: LongArray, high: float) -> AnyArray:
    if known.data.feedback == "implicit" or kind == "love-hate":
        return np.full(len(filler), high)
    if kind in ("average", "popular-average"):
        return known.around_items(filler)
    return known.around_mean(len(filler))


def _selected(known: Knowledge, kind: Kind, targets: LongArray) -> LongArray:
    if kind not in ("bandwagon", "reverse-bandwagon"):
        return np.empty(0, dtype=np.int64)
    ranked = known.by_popularity
    if kind == "reverse-bandwagon":
        ranked = known.head[np.argsort(known.means[known.head], kind="stable")]
    return ranked[~np.isin(ranked, targets)][:_SELECTED]
