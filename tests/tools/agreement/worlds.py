"""Small random worlds for metrics, full of what implementations disagree on. Only Python's own library is needed.

The same worlds are drawn here, where Longtail is tested, and in the environments of libraries that cannot be installed
beside it (`benchmarks/metric_peers.py`), so this module imports neither NumPy nor Longtail. `fingerprint` tells whether
both sides have drawn the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from random import Random

HALF_STARS = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
LIKED = 4.0
N_FEATURES = 4

Pair = tuple[int, int]


@dataclass(frozen=True)
class World:
    """One data set with the lists and predictions that somebody made for it.

    Attributes:
        n: places in a list.
        users: ids of the users, in order.
        items: ids of the items of the catalogue, in order.
        train: rating of each (user, item), in order; some items have none.
        test: likewise, what was held out.
        estimates: the predicted rating of each test row.
        impossible: the test rows whose prediction was a fallback.
        lists: user -> [(item, score)], best first, of up to n items; scores repeat. Equal scores stand in the order of
            `str(item)` from behind, as trec_eval puts them. Some users have no list, some an empty one.
        after: the same users' lists a day later.
        features: item -> 0 or 1 for each of `N_FEATURES`.
    """

    n: int
    users: list[int]
    items: list[int]
    train: dict[Pair, float]
    test: dict[Pair, float]
    estimates: dict[Pair, float]
    impossible: set[Pair]
    lists: dict[int, list[tuple[int, float]]]
    after: dict[int, list[tuple[int, float]]]
    features: dict[int, list[int]]

    def truth(self, user: int, least: float = 0.0) -> dict[int, float]:
        """The user's test items rated at least `least`, with their ratings."""
        return {item: rating for (owner, item), rating in self.test.items() if owner == user and rating >= least}

    def listed(self, user: int) -> list[int]:
        """The user's list, best first; empty where there is none."""
        return [item for item, _ in self.lists.get(user, [])]

    @property
    def test_users(self) -> list[int]:
        """Users with a test row, in the order of `users`."""
        owners = {user for user, _ in self.test}
        return [user for user in self.users if user in owners]

    @property
    def raters(self) -> dict[int, int]:
        """How many users rated each item in train."""
        counts = dict.fromkeys(self.items, 0)
        for _, item in self.train:
            counts[item] += 1
        return counts


def worlds(count: int = 60, seed: int = 4) -> list[World]:
    """The first `count` worlds; every eighth has one user, every fifth one test row a user."""
    return [draw(Random(f"{seed}-{number}"), number) for number in range(count)]


def draw(rng: Random, number: int) -> World:
    users = rng.sample(range(100, 200), 1 if number % 8 == 3 else rng.randint(2, 9))
    items = rng.sample(range(5, 120), rng.randint(6, 14))
    n = rng.randint(1, 6)
    known = items[: len(items) - rng.randint(0, 2)]  # the others are cold: nobody rated them in train
    pairs = [(user, item) for user in users for item in items]
    train = {(u, i): rng.choice(HALF_STARS) for u, i in pairs if i in known and rng.random() < 0.35}
    train = train or {(users[0], items[0]): 3.0}
    left = [pair for pair in pairs if pair not in train]
    # Nothing is held out of one user in seven, one item of each user in every fifth world, and few or many elsewhere.
    test: dict[Pair, float] = {}
    for user in users:
        mine = [pair for pair in left if pair[0] == user]
        if mine and rng.random() > 1 / 7:
            many = 1 if number % 5 == 2 else rng.randint(1, len(mine))
            test |= {pair: rng.choice(HALF_STARS) for pair in rng.sample(mine, many)}
    test = test or {left[0]: 5.0}
    lists = {user: _list(rng, n, items, test, user) for user in users if rng.random() > 0.15}
    return World(
        n=n,
        users=users,
        items=items,
        train=train,
        test=test,
        estimates={pair: rng.choice([rng.uniform(0.5, 5.0), 3.25, 4.0, 4.75]) for pair in test},
        impossible={pair for pair in test if rng.random() < 0.2},
        lists=lists,
        after={user: _changed(rng, n, items, listed) for user, listed in lists.items()},
        features={item: [int(rng.random() < 0.5) for _ in range(N_FEATURES)] for item in items},
    )


def _list(rng: Random, n: int, items: list[int], test: dict[Pair, float], user: int) -> list[tuple[int, float]]:
    """Up to n items, those of the test part twice as likely; a quarter of the lists is short, some are empty."""
    length = rng.randint(0, n) if rng.random() < 0.4 else n
    pool = items + [item for owner, item in test if owner == user]
    chosen = list(dict.fromkeys(rng.choice(pool) for _ in range(4 * n)))[:length]
    return _ordered([(item, rng.choice([1.0, 2.0, 2.5, 3.0, 4.0])) for item in chosen])


def _changed(rng: Random, n: int, items: list[int], listed: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The list with some items gone, some new ones and other scores."""
    kept = [item for item, _ in listed if rng.random() < 0.7]
    new = [item for item in rng.sample(items, rng.randint(0, 3)) if item not in kept]
    return _ordered([(item, rng.choice([1.0, 2.0, 3.0, 4.0])) for item in (kept + new)[:n]])


def _ordered(scored: list[tuple[int, float]]) -> list[tuple[int, float]]:
    return sorted(sorted(scored, key=lambda entry: str(entry[0]), reverse=True), key=lambda entry: -entry[1])


def fingerprint(drawn: list[World]) -> str:
    """Sixteen digits that differ when anything in the worlds does."""
    plain = [
        {key: sorted(value) if isinstance(value, set) else value for key, value in dataclasses.asdict(world).items()}
        for world in drawn
    ]
    text = json.dumps([[repr(value) for value in world.values()] for world in plain])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
