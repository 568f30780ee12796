"""Formulas written out in plain Python, for metrics that no library has: each from the words of its source.

They share nothing with Longtail: no containers, no arrays, no helpers of its.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from agreement.views import Figures, mean
from agreement.worlds import LIKED, N_FEATURES, World

Answer = Callable[[World], Figures]


def over_test_users(of: Callable[[World, int], float]) -> Answer:
    def answer(world: World) -> Figures:
        found: Figures = {user: of(world, user) for user in world.test_users}
        return found | {"all": mean(list(found.values()))}

    return answer


def over_lists(of: Callable[[World, int], float]) -> Answer:
    def answer(world: World) -> Figures:
        found: Figures = {user: of(world, user) for user in world.lists}
        return found | {"all": mean(list(found.values()))}

    return answer


def prediction_coverage(world: World) -> Figures:
    rows = {user: [float(p not in world.impossible) for p in world.test if p[0] == user] for user in world.test_users}
    found: Figures = {user: mean(mine) for user, mine in rows.items()}
    return found | {"all": mean(list(itertools.chain(*rows.values())))}


def arhr(world: World, user: int) -> float:
    """Each hit adds 1 / its position (Deshpande & Karypis 2004, equation 7), however many a user has."""
    truth = world.truth(user)
    return sum(1 / rank for rank, item in enumerate(world.listed(user), start=1) if item in truth)


def got_something(world: World, user: int) -> float:
    return float(len(world.listed(user)) > 0)


def catalogue(world: World) -> Figures:
    return {"all": len({item for user in world.lists for item in world.listed(user)}) / len(world.items)}


def surprise(world: World, *, share_of: str, skip: bool, base: float) -> Figures:
    """-log(share of the users, or of the interactions, that met the item)."""
    whole = len({user for user, _ in world.train}) if share_of == "users" else len(world.train)
    listed: dict[int, list[float]] = {user: [] for user in world.lists}
    for user in world.lists:
        for item in world.listed(user):
            met = world.raters[item]
            if met or not skip:
                listed[user].append(-math.log(max(met, 1) / whole, base))
    found: Figures = {user: mean(mine) for user, mine in listed.items()}
    return found | {"all": mean(list(itertools.chain(*listed.values())))}


def serendipity(world: World, user: int, *, least: float = 0.0) -> float:
    """Ge et al. 2010: what is listed, useful, and not on the primitive list, over the places."""
    useful, usual = world.truth(user, least), {item for item, _ in world.after.get(user, [])}
    if not useful:
        return math.nan
    return sum(item in useful and item not in usual for item in world.listed(user)) / world.n


def serendipity_by_popularity(world: World, user: int, *, least: float = 0.0) -> float:
    """Each hit counts how far its place in the list, as a share of the catalogue, is above that by popularity."""
    useful, m = world.truth(user, least), len(world.items)
    if not useful:
        return math.nan
    counts = sorted({count for count in world.raters.values() if count}, reverse=True)
    total = 0.0
    for place, item in enumerate(world.listed(user), start=1):
        met = world.raters[item]
        usual = (m + 1 - (1 + counts.index(met))) / m if met else 0.0
        total += max((m + 1 - place) / m - usual, 0.0) if item in useful else 0.0
    return total / world.n


def new_in_list(world: World, user: int) -> float:
    usual = {item for item, _ in world.after[user]}
    return mean([float(item not in usual) for item in world.listed(user)])


def tail_share(world: World, user: int) -> float:
    """Abdollahpouri et al. 2017: the head are the most popular items that make up 80 % of the interactions."""
    head, held = set(), 0
    for item in sorted(world.items, key=lambda item: -world.raters[item]):
        if held < 0.8 * len(world.train) and world.raters[item]:
            head.add(item)
            held += world.raters[item]
    return mean([float(item not in head) for item in world.listed(user)])


def gini(world: World, *, corrected: bool) -> Figures:
    """Half the relative mean absolute difference of the times each item of the catalogue is listed."""
    shown = [sum(item in world.listed(user) for user in world.lists) for item in world.items]
    m, total = len(shown), sum(shown)
    if not total:
        return {"all": float("nan")}
    apart = sum(abs(a - b) for a in shown for b in shown) / (2 * m * total)
    return {"all": apart * m / (m - 1) if corrected else apart}


def genre_shares(world: World, weights: dict[int, float]) -> list[float] | None:
    """Steck 2018, equations 2 and 3: each item spreads its weight evenly over its genres; None without any."""
    sums = [0.0] * N_FEATURES
    for item, weight in weights.items():
        genres = world.features[item]
        for genre in range(N_FEATURES):
            sums[genre] += weight * genres[genre] / max(sum(genres), 1)
    return [value / sum(sums) for value in sums] if sum(sums) > 0 else None


def exposure(world: World, tiers: dict[int, str | None], *, discounted: bool) -> tuple[dict[str, float], float]:
    """Exposure of each group of items and of everything (Singh & Joachims 2018, with their logarithmic bias)."""
    groups, whole = {tier: 0.0 for tier in tiers.values() if tier}, 0.0
    for user in world.lists:
        for rank, item in enumerate(world.listed(user), start=1):
            seen = 1 / math.log2(1 + rank) if discounted else 1.0
            whole += seen
            if tiers[item]:
                groups[tiers[item]] += seen
    return groups, whole


def tiers_of(ids: list[int], names: tuple[str | None, ...]) -> dict[int, str | None]:
    return {one: names[place % len(names)] for place, one in enumerate(ids)}


def item_exposure(world: World, names: tuple[str | None, ...], *, discounted: bool) -> Figures:
    groups, whole = exposure(world, tiers_of(world.items, names), discounted=discounted)
    return {name: share / whole if whole else float("nan") for name, share in groups.items()}


def exposure_disparity(world: World, names: tuple[str | None, ...], *, by_merit: bool) -> Figures:
    tiers = tiers_of(world.items, names)
    groups, _ = exposure(world, tiers, discounted=True)
    deserved = dict.fromkeys(groups, 0)
    for item in [item for _, item in world.test] if by_merit else world.items:
        if tiers[item]:
            deserved[tiers[item]] += 1
    rates = [groups[name] / deserved[name] for name in groups if deserved[name]]
    shown = sum(groups.values()) > 0 and len(rates) > 1
    return {"all": 1 - min(rates) / max(rates) if shown and max(rates) > 0 else float("nan")}


def group_gap(world: World, names: tuple[str | None, ...]) -> Figures:
    """The largest difference between two groups' hit rates."""
    tiers = tiers_of(world.users, names)
    hits: dict[str, list[float]] = {}
    for user in world.test_users:
        if tiers[user]:
            found = any(item in world.truth(user) for item in world.listed(user))
            hits.setdefault(tiers[user], []).append(float(found))
    rates = [mean(mine) for mine in hits.values()]
    return {"all": max(rates) - min(rates) if len(rates) > 1 else float("nan")}


def overlap(world: World, user: int, *, p: float, extrapolated: bool) -> float:
    """Webber, Moffat & Zobel 2010: equation 4 cut at the longer list, or equation 32."""
    one, two = ([item for item, _ in lists[user]] for lists in (world.lists, world.after))
    short, long = sorted((len(one), len(two)))
    if not long:
        return float("nan")

    def common(depth: int) -> int:
        return len(set(one[:depth]) & set(two[:depth]))

    if not extrapolated:
        return (1 - p) * sum(p ** (d - 1) * common(d) / d for d in range(1, long + 1))
    if not short:
        return 0.0
    seen = sum(common(d) / d * p**d for d in range(1, long + 1))
    beyond = sum(common(short) * (d - short) / (short * d) * p**d for d in range(short + 1, long + 1))
    return (1 - p) / p * (seen + beyond) + ((common(long) - common(short)) / long + common(short) / short) * p**long


def kendall(world: World, user: int, *, penalty: float) -> float:
    """Fagin, Kumar & Sivakumar 2003, section 3.1: the four cases of a pair; divided by the value of disjoint lists."""
    one, two = ([item for item, _ in lists[user]] for lists in (world.lists, world.after))
    total = 0.0
    for i, j in itertools.combinations(sorted(set(one) | set(two)), 2):
        in_one, in_two = [k for k in (i, j) if k in one], [k for k in (i, j) if k in two]
        if len(in_one) == len(in_two) == 2:
            total += (one.index(i) < one.index(j)) != (two.index(i) < two.index(j))
        elif {len(in_one), len(in_two)} == {1, 2}:
            both, single = (one, in_two[0]) if len(in_one) == 2 else (two, in_one[0])
            other = j if single == i else i
            total += both.index(other) < both.index(single)
        elif len(in_one) == len(in_two) == 1:
            total += in_one != in_two
        else:
            total += penalty
    most = len(one) * len(two) + penalty * (math.comb(len(one), 2) + math.comb(len(two), 2))
    return 1 - total / most if most else float("nan")


def likes(world: World, user: int) -> bool:
    """Whether the user has a test item rated `LIKED` or more."""
    return bool(world.truth(user, LIKED))


def expects(world: World, user: int) -> bool:
    """Whether the user has a test item predicted at `LIKED` or more."""
    return any(world.estimates[pair] >= LIKED for pair in world.test if pair[0] == user)
