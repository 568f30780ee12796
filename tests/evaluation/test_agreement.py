"""Every definition of every metric agrees with an implementation of somebody else (`tests/tools/agreement`)."""

from __future__ import annotations

import dataclasses
import re

import pytest
from agreement import recorded
from agreement.checks import LIST_RECORDS, OWN, Check, checks, drawn
from agreement.table import measured
from agreement.views import View
from agreement.worlds import World, fingerprint

from longtail.evaluation.metrics import METRICS

CHECKS = checks()
WITHOUT_A_LIBRARY = {
    *("prediction_coverage", "serendipity", "long_tail_share"),
    *("item_exposure", "exposure_disparity", "user_group_gap", "kendall_tau_top"),
}
"""Metrics that none of the libraries has: their second implementation is a loop of our own, and the table says so."""


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_agrees(check: Check) -> None:
    found = measured(check)
    assert found.difference <= 1e-12, found.example
    assert found.defined >= 20


def test_every_metric_is_certified_and_nearly_every_one_by_a_library() -> None:
    by_metric = {name: {check.peer for check in CHECKS if check.metric == name} for name in METRICS}
    assert [name for name, peers in by_metric.items() if not peers] == []
    assert {name for name, peers in by_metric.items() if peers == {OWN}} == WITHOUT_A_LIBRARY
    assert len({str(check) for check in CHECKS}) == len(CHECKS)


def test_what_a_metric_says_without_parameters_is_certified() -> None:
    harmless = re.compile(r'\b(p|to)="?[\w.]+"?')
    usual = {check.metric for check in CHECKS if "=" not in harmless.sub("", check.definition)}
    assert set(METRICS) - usual == set()


def test_the_worlds_hold_what_implementations_disagree_on() -> None:
    worlds = drawn()
    lists = [(world, user, listed) for world in worlds for user, listed in world.lists.items()]
    assert sum(len({score for _, score in listed}) < len(listed) for *_, listed in lists) > 100
    assert sum(0 < len(listed) < world.n for world, _, listed in lists) > 40
    assert sum(not listed for *_, listed in lists) > 15
    assert sum(not world.truth(user) for world, user, _ in lists) > 20
    assert sum(not world.listed(user) and user not in world.lists for world in worlds for user in world.test_users) > 30
    assert sum(world.raters[item] == 0 for world, _, listed in lists for item, _ in listed) > 100
    assert sum(len(world.users) == 1 for world in worlds) >= 5
    assert sum(not any(item in world.truth(u) for u in world.users for item in world.listed(u)) for world in worlds) > 2
    assert sum(len(world.truth(user)) == 1 for world in worlds for user in world.test_users) > 50
    assert sum(len(world.truth(user)) > world.n for world in worlds for user in world.test_users) > 50
    assert sum(len(set(world.raters.values())) < len(world.items) for world in worlds) > 50
    assert len({rating for world in worlds for rating in world.test.values()}) == 10


@pytest.mark.parametrize("library", LIST_RECORDS)
def test_what_is_recorded_is_of_these_worlds(library: str) -> None:
    """Else: run `benchmarks/metric_peers.py` again, where the libraries are."""
    kept = recorded.record(library)
    assert kept["fingerprint"] == fingerprint(drawn())
    assert all(len(values) == kept["worlds"] == len(drawn()) for values in kept["figures"].values())


def backwards(world: World) -> World:
    """The same world with every list, prediction and history the other way round."""
    turned = {user: [(i, -s) for i, s in reversed(listed)][: world.n - 1] for user, listed in world.lists.items()}
    return dataclasses.replace(
        world,
        lists=turned,
        estimates={pair: 5.5 - estimate for pair, estimate in world.estimates.items()},
        impossible=set(world.test) - world.impossible,
    )


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_comparison_can_fail(check: Check) -> None:
    """With other inputs the figures are no longer those of the other side: it is the inputs that they agree on."""
    for number, world in enumerate(drawn()):
        ours, theirs = check.ours(View(backwards(world))), check.theirs(number)
        both = [key for key in ours.keys() & theirs.keys() if isinstance(key, str) or check.only(world, key)]
        if any(abs(ours[key] - theirs[key]) > 1e-6 for key in both):
            return
    pytest.fail("nothing changed")
