"""A handful of people to look at one by one: what they met, what was hidden, and what each algorithm would list.

Means are made of people. Chosen are one who is new, one light and one heavy user, the one of a few drawn at random over
whom the algorithms disagree most, and whoever is asked for. All of them are people of one fold, so that hits show.
Everything is plain values, and short: a report stays small.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.evaluation.protocols import Fold
from longtail.evaluation.segments import USERS, Segments
from longtail.rng import generator
from longtail.types import AnyArray

__all__ = [
    "CANDIDATES",
    "REASONS",
    "REASONS_OF_CANDIDATES",
    "Person",
    "choose",
    "disagreement",
    "fold_for",
    "listed",
    "settled",
]

Person = dict[str, Any]
"""id, chosen (why, in words), candidate, rows, mean, loved, hated, latest, hidden, hidden_count."""

CANDIDATES = 4
"""People drawn at random, of whom the one over whom the algorithms disagree most is shown."""
SHOWN, PLACES = 5, 10
"""Items of a history of each kind, and places of a list, that are kept at most."""
REASONS, REASONS_OF_CANDIDATES = 5, 3
"""Places of a list that are explained: some algorithms take long to say why."""
KINDS = {"new": "new", "light": "a light user", "heavy": "a heavy user"}


def fold_for(folds: Sequence[Fold]) -> Fold | None:
    """The fold whose people are looked at: the first that asks for hidden items."""
    return next((fold for fold in folds if fold.test is not None and {"hits", "ranking"} & set(fold.asks)), None)


def choose(fold: Fold, wanted: Sequence[Any] = (), seed: int = 0, besides: Sequence[Any] = ()) -> list[Person]:
    """The people to look at, those asked for first; none twice.

    Args:
        fold: it hides something.
        wanted: external ids of those asked for.
        seed: of those drawn at random.
        besides: external ids of those who are shown already.

    Raises:
        UnknownIdError: for somebody asked for who is not in the data.
    """
    assert fold.test is not None
    lengths = fold.train.user_counts + (0 if fold.given is None else fold.given.user_counts)
    segment = Segments.of(fold.train, fold.given).users
    tested = np.setdiff1d(np.flatnonzero(fold.test.user_counts), fold.train.user_ids.index(list(besides)))
    ids = fold.train.user_ids
    asked = [ids.parse(one) if isinstance(one, str) else one for one in wanted]
    chosen: dict[int, str] = {int(at): "asked for" for at in ids.index(asked)}
    for at, name in enumerate(USERS):
        members = np.setdiff1d(tested[segment[tested] == at], list(chosen))
        if len(members):
            middle = members[np.argsort(lengths[members], kind="stable")[len(members) // 2]]
            chosen[int(middle)] = f"{KINDS[name]}, in the middle of their kind"
    others = np.setdiff1d(tested, list(chosen))
    drawn = generator(seed, "report", "people").permutation(others)[:CANDIDATES]
    made = [_person(fold, index, why) for index, why in chosen.items()]
    return made + [_person(fold, int(index), "", candidate=True) for index in drawn]


def listed(lists: TopN, user: Any, hidden: Sequence[Any]) -> list[dict[str, Any]]:
    """What stands on one user's list: item, title, and whether it is one of those hidden; empty without a list."""
    row = np.flatnonzero(lists.users == lists.user_ids.index([user])[0])
    if not len(row):
        return []
    places = lists.items[row[0]][lists.filled[row[0]]][:PLACES]
    ids = lists.item_ids[places].tolist()
    known = set(hidden)
    titles = [str(one) for one in ids] if lists.titles is None else [lists.titles[place] for place in places]
    return [{"item": item, "title": title, "hit": item in known} for item, title in zip(ids, titles, strict=True)]


def disagreement(lists: Sequence[Sequence[Any]]) -> float:
    """How little lists have in common: 1 minus the mean Jaccard overlap of each two, from 0 (alike) to 1.

    Examples:
        >>> disagreement([[1, 2], [2, 1]]), disagreement([[1, 2], [3, 4]]), disagreement([[1, 2], [1, 3], [1, 4]])
        (0.0, 1.0, 0.6666666666666667)
    """
    pairs = [(set(one), set(other)) for one, other in itertools.combinations(lists, 2)]
    overlaps = [len(one & other) / len(one | other) if one | other else 1.0 for one, other in pairs]
    return 1 - sum(overlaps) / len(overlaps) if overlaps else 0.0


def settled(people: Sequence[Person], lists: Sequence[Sequence[Sequence[Mapping[str, Any]]]]) -> list[int]:
    """Which people stay once all lists are known: all but the candidates, and of those the most disputed.

    Args:
        people: as chosen.
        lists: for each algorithm, the list of each of them.
    """
    disputes = {
        at: disagreement([[line["item"] for line in own[at]] for own in lists])
        for at, person in enumerate(people)
        if person["candidate"]
    }
    disputed = [max(disputes, key=disputes.__getitem__)] if disputes and len(lists) > 1 else []
    return [at for at, person in enumerate(people) if not person["candidate"]] + disputed


def _person(fold: Fold, index: int, why: str, *, candidate: bool = False) -> Person:
    """What is known of a user: what there was to learn from, and what was hidden."""
    assert fold.test is not None
    known = fold.train if fold.given is None or fold.train.user_counts[index] else fold.given
    met, hidden = (np.flatnonzero(data.users == index) for data in (known, fold.test))
    ratings = known.values[met]
    mean = float(ratings.mean()) if len(met) else None
    explicit = known.feedback == "explicit"
    fame = fold.train.item_counts[known.items[met]]
    best, worst = (
        met[np.lexsort((known.items[met], -fame, -ratings))],
        met[np.lexsort((known.items[met], -fame, ratings))],
    )
    if explicit and mean is not None:
        spread = bool(np.ptp(ratings)) if len(ratings) else False
        best = best[known.values[best] > mean] if spread else best
        worst = worst[known.values[worst] < mean]
    latest = met[:0] if known.times is None else met[np.argsort(-known.times[met], kind="stable")]
    return {
        "id": fold.train.user_ids[index].item(),
        "chosen": why,
        "candidate": candidate,
        "rows": len(met),
        "mean": mean if explicit else None,
        "loved": _items(known, best),
        "hated": _items(known, worst) if explicit else [],
        "latest": _items(known, latest),
        "hidden": _items(fold.test, hidden, PLACES),
        "hidden_count": len(hidden),
    }


def _items(data: Interactions, rows: AnyArray, most: int = SHOWN) -> list[dict[str, Any]]:
    ids = data.item_ids[data.items[rows[:most]]].tolist()
    titles = [data.catalog.title(item) if data.catalog is not None else str(item) for item in ids]
    ratings = data.values[rows[:most]].tolist()
    return [
        {"item": item, "title": title, "rating": rating}
        for item, title, rating in zip(ids, titles, ratings, strict=True)
    ]
