"""`filter_bubble`: does the spread of people's recommendations narrow as they follow them?

Nguyen et al. 2014, "Exploring the filter bubble", watched it on real users; Chaney, Stewart & Engelhardt 2018, "How
algorithmic confounding in recommendation systems increases homogeneity and decreases utility", and Jiang et al. 2019,
"Degenerate feedback loops in recommender systems", in simulation. Here the world is `data.synthetic.World`: what people
would like is known, so that "narrower" can be told from "closer to their taste".
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from longtail import params, registry
from longtail.algorithms.base import Recommender
from longtail.data.interactions import Interactions
from longtail.data.synthetic import World
from longtail.data.truth import END, NOISE, SCALE
from longtail.errors import ConfigError
from longtail.evaluation.behavior import bubble_measures
from longtail.evaluation.behavior.bubble_measures import MEASURES, PER_USER, WINDOW, Yardstick
from longtail.evaluation.behavior.bubble_result import FilterBubble, Run
from longtail.evaluation.behavior.policies import Browse, Follow, Oracle, Policy, Update
from longtail.memory import require_memory
from longtail.rng import generator
from longtail.types import BoolArray, FloatArray, IntArray, RealArray

__all__ = ["Simulation", "filter_bubble"]


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """The rules of a simulation; equal ones give equal results.

    Attributes:
        users: people of the world.
        items: items of the world.
        ratings: rows they have before the first round.
        rounds: lists each person gets, one after another.
        n: places in a list.
        picks: items a person takes from a list.
        position_bias: what is at place k is looked at with weight k^-bias; 0: places make no difference.
        temperature: how freely people choose, in stars: of two items, one star better is taken e^(1 / temperature)
            times as often; near 0, always the better.
        update: "retrain", a fit in every round, or "fold-in", one fit before the first round.
        seed: of the world and of every choice; all that are compared meet the same chances.

    Raises:
        ConfigError: a number out of range.
    """

    users: int = 300
    items: int = 400
    ratings: int = 12_000
    rounds: int = 15
    n: int = 10
    picks: int = 1
    position_bias: float = 0.0
    temperature: float = 0.25
    update: Update = "retrain"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("users", "items", "ratings", "rounds", "n", "picks"):
            params.positive(name, getattr(self, name))
        if self.picks > self.n or self.n + self.rounds * self.picks > self.items:
            raise ConfigError(f"{self.rounds} rounds of {self.picks} of {self.n} do not fit {self.items} items")
        if not self.temperature > 0 or not self.position_bias >= 0:
            raise ConfigError("temperature must be above 0 and position_bias at least 0")
        if self.update not in get_args(Update):
            raise ConfigError(f"update must be retrain or fold-in, not {self.update!r}")


def filter_bubble(
    algorithms: Sequence[str | Recommender], simulation: Simulation | None = None, *, controls: bool = True
) -> FilterBubble:
    """Let people follow recommendations for some rounds and measure how wide what they are shown and meet stays.

    In every round each person gets a list, takes `picks` items of it by their true utility (a logit choice: utility /
    temperature, plus chance), rates them, and the recommender learns from that. Two controls meet the same chances:
    "browsing" (lists of items noticed by popularity alone, no recommender) and "true taste" (the best by true utility).

    What it cannot show: tastes of this world stand still, so it tells what people are shown and meet, not what they
    would become.

    Args:
        algorithms: names, specs or unfitted recommenders.
        simulation: the rules; by default those of `Simulation()`.
        controls: whether to run the two controls as well.

    Raises:
        ConfigError: for an unknown algorithm.
        MemoryBudgetError: for a world whose table of utilities would pass the memory budget.

    Examples:
        >>> small = Simulation(users=30, items=60, ratings=600, rounds=2)
        >>> found = filter_bubble(["popular"], small)
        >>> [(run.label, run.control) for run in found.runs]
        [('popular', False), ('browsing', True), ('true taste', True)]
        >>> found.to_frame().height
        9
    """
    rules = Simulation() if simulation is None else simulation
    cells = rules.users * rules.items * 40 + rules.items**2 * 32
    require_memory(cells, f"a simulation of {rules.users:,} users and {rules.items:,} items")
    stage = _Stage.of(rules)
    models = [_model(one) for one in algorithms]
    policies: list[Policy] = [Follow(model, rules.update) for model in models]
    if controls:
        policies += [Browse(stage.world, rules.seed), Oracle(stage.world)]
    return FilterBubble(rules.__dict__.copy(), [stage.run(policy) for policy in policies])


def _model(algorithm: str | Recommender) -> Recommender:
    if isinstance(algorithm, Recommender):
        return algorithm.clone()
    name, hyperparameters = registry.parse(algorithm)
    made: Recommender = registry.make(name, **hyperparameters)
    return made


@dataclass(frozen=True, eq=False)
class _Stage:
    """What all policies share: the world, its truth, the rows before the first round, and the chances.

    Attributes:
        utility: (n_users, n_items) in stars.
        rating: (n_users, n_items) what a user would rate an item, noise and rounding included.
    """

    rules: Simulation
    world: World
    start: Interactions
    utility: FloatArray
    rating: FloatArray
    yardstick: Yardstick

    @classmethod
    def of(cls, rules: Simulation) -> _Stage:
        world = World(rules.users, rules.items, rules.seed)
        seen = world.ratings(min(rules.ratings, rules.users * rules.items // 2))
        start = replace(
            seen,
            users=world.user_ids.index(seen.user_ids[seen.users]),
            items=world.item_ids.index(seen.item_ids[seen.items]),
            user_ids=world.user_ids,
            item_ids=world.item_ids,
            sessions=None,
        )
        utility = world.utility(world.user_ids.values[:, None], world.item_ids.values)
        noise = NOISE * generator(rules.seed, "bubble", "ratings").standard_normal(utility.shape, np.float32)
        rating = np.clip(np.rint(2.0 * (utility + noise)) / 2.0, *SCALE).astype(np.float32)
        return cls(rules, world, start, utility, rating, Yardstick.of(world, rules.seed))

    def run(self, policy: Policy) -> Run:
        """Every round, with one policy."""
        began, rules = time.perf_counter(), self.rules
        data, recent = self.start, _latest(self.start)
        chosen = np.zeros(self.utility.shape, dtype=np.bool_)
        met = _seen(data)
        table = {name: np.full((rules.rounds + 1, rules.users), np.nan) for name in PER_USER}
        whole = {name: np.full(rules.rounds + 1, np.nan) for name in MEASURES if name not in PER_USER}
        self._note_met(table, 0, recent)
        for number in range(1, rules.rounds + 1):
            lists = policy.lists(data, number, rules.n)
            picks = self._choose(lists, number)
            self._note_lists(table, whole, number, lists)
            self._note_picks(table, number, picks, met)
            rows, places = np.nonzero(picks >= 0)
            items = picks[rows, places]
            chosen[rows, items] = met[rows, items] = True
            whole["sameness"][number] = self.yardstick.sameness(chosen)
            recent = _pushed(recent, picks)
            self._note_met(table, number, recent)
            data = self._grown(data, rows.astype(np.int32), items, number)
        return Run(policy.label, policy.control, table, whole, time.perf_counter() - began)

    def _choose(self, lists: IntArray, number: int) -> IntArray:
        """(n_users, picks) what people take: the largest of utility / temperature - bias log(place) + Gumbel noise."""
        chance = generator(self.rules.seed, "bubble", "choice", number).gumbel(size=self.utility.shape)
        rows = np.arange(len(lists))[:, None]
        appeal = self.utility[rows, np.maximum(lists, 0)] / self.rules.temperature + chance[rows, np.maximum(lists, 0)]
        appeal -= self.rules.position_bias * np.log(np.arange(1, lists.shape[1] + 1))
        appeal = np.where(lists >= 0, appeal, -np.inf)
        best = np.argsort(-appeal, axis=1, kind="stable")[:, : self.rules.picks]
        picks: IntArray = np.take_along_axis(lists, best, axis=1)
        return picks

    def _note_lists(
        self, table: dict[str, RealArray], whole: dict[str, RealArray], number: int, lists: IntArray
    ) -> None:
        table["list_spread"][number] = self.yardstick.spread(lists)
        table["list_genres"][number] = self.yardstick.variety(lists)
        whole["coverage"][number] = bubble_measures.coverage(lists, self.rules.items)
        whole["gini"][number] = bubble_measures.gini(lists, self.rules.items)

    def _note_picks(self, table: dict[str, RealArray], number: int, picks: IntArray, met: BoolArray) -> None:
        real = picks >= 0
        worth = np.where(real, self.utility[np.arange(len(picks))[:, None], np.maximum(picks, 0)], 0.0).sum(axis=1)
        count = real.sum(axis=1)
        mean = np.divide(worth, count, out=np.full(len(worth), np.nan), where=count > 0)
        best = np.where(met, -np.inf, self.utility).max(axis=1)
        table["utility"][number], table["regret"][number] = mean, best - mean

    def _note_met(self, table: dict[str, RealArray], number: int, recent: IntArray) -> None:
        table["met_spread"][number] = self.yardstick.spread(recent)
        table["met_entropy"][number] = self.yardstick.entropy(recent)

    def _grown(self, data: Interactions, users: IntArray, items: IntArray, number: int) -> Interactions:
        assert data.times is not None
        return replace(
            data,
            users=np.concatenate([data.users, users]),
            items=np.concatenate([data.items, items]),
            values=np.concatenate([data.values, self.rating[users, items]]),
            times=np.concatenate([data.times, np.full(len(users), END + number, dtype=np.int64)]),
        )


def _seen(data: Interactions) -> BoolArray:
    met = np.zeros((data.n_users, data.n_items), dtype=np.bool_)
    met[data.users, data.items] = True
    return met


def _latest(data: Interactions) -> IntArray:
    """(n_users, WINDOW) the last items of each user, the latest last; -1 in front where there are fewer."""
    assert data.times is not None
    order = np.lexsort((data.times, data.users))
    recent = np.full((data.n_users, WINDOW), -1, dtype=np.int32)
    ends = np.cumsum(data.user_counts)
    back = ends[data.users[order]] - np.arange(len(order)) - 1
    last = back < WINDOW
    recent[data.users[order][last], WINDOW - 1 - back[last]] = data.items[order][last]
    return recent


def _pushed(recent: IntArray, picks: IntArray) -> IntArray:
    """The window moved on by what was taken; who took nothing keeps theirs."""
    moved = recent.copy()
    for row, taken in enumerate(picks):
        real = taken[taken >= 0]
        moved[row] = np.concatenate([recent[row], real])[-WINDOW:]
    return moved
