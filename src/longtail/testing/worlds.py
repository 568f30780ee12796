"""Small worlds to test on: checkerboards with an obvious right answer, and a ragged one full of odd corners."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.rng import generator
from longtail.types import AnyArray, BoolArray

__all__ = ["ToyWorld", "ragged", "toy_worlds"]

USERS = ITEMS = 40
HELD_OUT = 0.3


@dataclass(frozen=True, eq=False)
class ToyWorld:
    """Two groups of users, each of which likes one of two groups of items and nothing else.

    Attributes:
        name: "explicit" (liked cells are rated 5, the others 1) or "implicit" (only liked cells exist, with value 1).
        train: the cells shown to a recommender; the groups take turns, and user ids are strings, item ids integers.
        test: the cells held out, liked or not.
        liked: (n_users, n_items) the truth.

    Examples:
        >>> world = toy_worlds()["explicit"]
        >>> bool(world.liked[0, 0]), bool(world.liked[0, 1]), world.train.scale
        (True, False, (1.0, 5.0))
        >>> import longtail as lt
        >>> world.share_liked(lt.make("popular").fit(world.train).recommend(n=5)) < 0.9
        True
    """

    name: str
    train: Interactions
    test: Interactions
    liked: BoolArray

    def share_liked(self, lists: TopN) -> float:
        """The share of all places in the lists that hold an item the user likes; an empty place holds none."""
        users = self.train.user_ids.index(lists.user_ids[lists.users])
        hits = self.liked[users[:, None], np.maximum(lists.items, 0)] & lists.filled
        return float(hits.mean())


@cache
def toy_worlds() -> dict[str, ToyWorld]:
    """The checkerboards, by name: 40 users and 40 items, three in ten cells held out.

    Examples:
        >>> {name: (len(world.train), len(world.test)) for name, world in toy_worlds().items()}
        {'explicit': (1120, 480), 'implicit': (560, 480)}
    """
    liked = np.equal.outer(np.arange(USERS) % 2, np.arange(ITEMS) % 2)
    held_out = np.zeros((USERS, ITEMS), dtype=np.bool_)
    draws = generator(0, "checkerboard").random((USERS, ITEMS))
    for taste in (liked, ~liked):  # as many held out of each row's liked cells as of its others
        order = np.argsort(np.where(taste, draws, 2.0), axis=1)[:, : round(HELD_OUT * ITEMS / 2)]
        np.put_along_axis(held_out, order, True, axis=1)
    ratings = np.where(liked, 5.0, 1.0)
    return {
        "explicit": ToyWorld("explicit", _cells(~held_out, ratings), _cells(held_out, ratings), liked),
        "implicit": ToyWorld("implicit", _cells(~held_out & liked), _cells(held_out, ratings), liked),
    }


@cache
def ragged() -> Interactions:
    """Three hundred users, 150 items, half-star ratings, and the corners that break algorithms.

    The last user is known by id but has no rows, the one before has rated everything rated at all, the one before that
    a single item; the last two items are known by id but nobody has rated them.
    """
    rng, users, items = generator(0, "ragged"), 300, 150
    taste, style = rng.normal(size=(users, 2)), rng.normal(size=(items, 2))
    likely = 1.0 / (1.0 + np.arange(items))
    met = rng.random((users, items)) < np.minimum(0.9, 20.0 * likely / likely.sum())
    met[-1], met[-2], met[-3] = False, True, np.arange(items) == 7
    met[:, -2:] = False
    worth = 3.0 + taste @ style.T + 0.5 * rng.normal(size=(users, items))
    return _cells(met, np.clip(np.round(2.0 * worth) / 2.0, 0.5, 5.0))


def _cells(mask: BoolArray, ratings: AnyArray | None = None) -> Interactions:
    """The cells of a mask as interactions; without ratings, implicit ones."""
    users, items = np.nonzero(mask)
    ids = np.arange(1_000, 1_000 + mask.shape[1])
    catalog = Catalog(
        pl.DataFrame(
            {
                "item": ids,
                "title": [f"Film {item} (19{item % 100:02d})" for item in ids.tolist()],
                "year": [1900 + item % 100 for item in ids.tolist()],
                "genres": [["comedy"] if item % 2 else ["drama"] for item in ids.tolist()],
            }
        )
    )
    return Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=(np.ones(len(users)) if ratings is None else ratings[users, items]).astype(np.float32),
        user_ids=Ids([f"person {user}" for user in range(mask.shape[0])], kind="user"),
        item_ids=Ids(ids, kind="item"),
        times=1_000_000_000 + generator(0, "times").integers(3 * 365 * 86_400, size=len(users)),
        feedback="implicit" if ratings is None else "explicit",
        catalog=catalog,
    )
