"""Detectors beside plain implementations, and whom they accuse: planted profiles, and nobody where none was planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.data import attacks, cleaning
from longtail.data.cleaning import ShillingProfiles
from longtail.data.cleaning import profiles as measures
from longtail.data.cleaning.targets import campaigns
from longtail.data.synthetic import World, synthetic
from longtail.errors import ConfigError, DataError
from longtail.types import RealArray


@pytest.fixture(scope="module")
def world() -> lt.Interactions:
    return synthetic(users=400, items=250, ratings=16_000, seed=8)


@pytest.fixture(scope="module")
def little() -> lt.Interactions:
    return synthetic(users=45, items=30, ratings=500, seed=1)


def table(data: lt.Interactions) -> RealArray:
    return data.by_user.toarray().astype(np.float64)


def test_rating_deviation_beside_its_formula(little: lt.Interactions) -> None:
    ratings = table(little)
    found = measures.rating_deviation(little)
    for user, row in enumerate(ratings):
        items = np.flatnonzero(row)
        terms = [abs(row[i] - ratings[ratings[:, i] > 0, i].mean()) / np.count_nonzero(ratings[:, i]) for i in items]
        assert found[user] == pytest.approx(np.mean(terms) if terms else 0, rel=1e-6)


def test_component_weight_beside_a_dense_decomposition(little: lt.Interactions) -> None:
    present = little.user_counts > 0
    dense = table(little)[present]
    z = (dense - dense.mean(axis=1, keepdims=True)) / dense.std(axis=1, keepdims=True)
    vectors = np.linalg.eigh(z @ z.T)[1][:, -3:]
    found = measures.component_weight(little)
    np.testing.assert_allclose(found[present], (vectors**2).sum(axis=1), atol=1e-8)
    assert (found[~present] == 0).all()


def test_degree_of_similarity_beside_plain_loops(little: lt.Interactions) -> None:
    ratings = table(little)
    met = ratings > 0
    means = ratings.sum(axis=1) / np.maximum(1, met.sum(axis=1))
    expected = []
    for user in range(little.n_users):
        found = []
        for other in np.flatnonzero(met.any(axis=1)):
            both = met[user] & met[other]
            a, b = ratings[user, both] - means[user], ratings[other, both] - means[other]
            norm = np.sqrt((a**2).sum() * (b**2).sum())
            if other != user and both.sum() >= 3 and norm > 0:
                found.append((a * b).sum() / norm)
        expected.append(np.mean(sorted(found)[-25:]) if found else 0.0)
    np.testing.assert_allclose(measures.degree_of_similarity(little), expected, atol=1e-5)


def test_degree_of_similarity_by_sample(world: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measures.degree_of_similarity(world)
    monkeypatch.setattr(measures, "_OTHERS", 200)
    assert np.corrcoef(whole, measures.degree_of_similarity(world))[0, 1] > 0.8


def test_a_target_by_hand() -> None:
    """Eight odd users among 108 give item 5 the highest value, as do two others; everything else is as it may be."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(108), 10)
    items = np.concatenate([rng.choice(np.delete(np.arange(40), 5), 10, replace=False) for _ in range(108)])
    values = rng.integers(1, 6, len(users))
    pushed = [*range(100, 108), 3, 4]
    frame = {
        "user": [*users, *pushed],
        "item": [*items, *[5] * 10],
        "rating": [*values, *[5] * 10],
    }
    data = lt.Interactions.from_frame(frame)
    scores = np.zeros(108)
    scores[100:] = 4.0
    found = list(campaigns(data, scores, 1.5, 0.001))
    assert [(data.item_ids[campaign.item], campaign.value) for campaign in found] == [(5, 5.0)]
    assert found[0].users == tuple(range(100, 108))
    scores[:] = 0.0
    assert not list(campaigns(data, scores, 1.5, 0.001))
    for odd, targets in ((2, set()), (3, {5})):  # two make no campaign, however unlikely
        scores[:] = 0.0
        scores[100 : 100 + odd] = 4.0
        assert {data.item_ids[campaign.item].item() for campaign in campaigns(data, scores, 1.5, 40.0)} >= targets
        assert targets or not list(campaigns(data, scores, 1.5, 40.0))


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_accused_in_clean_worlds(seed: int) -> None:
    data = synthetic(users=300, items=200, ratings=10_000, seed=seed)
    assert not ShillingProfiles().mark(data).suspects


@pytest.mark.parametrize("kind", ["random", "average", "love-hate"])
def test_profiles_are_found(world: lt.Interactions, kind: Any) -> None:
    intent: Any = "nuke" if kind == "love-hate" else "push"
    attack = attacks.plant(world, kind, share=0.04, intent=intent, seed=3)
    found = {attack.data.user_ids[suspect.user].item() for suspect in ShillingProfiles().mark(attack.data).suspects}
    assert len(found & set(attack.planted)) >= 0.8 * len(attack.planted)
    assert len(found - set(attack.planted)) <= 0.01 * world.n_users


def test_the_reason_names_item_and_direction(world: lt.Interactions) -> None:
    attack = attacks.plant(world, "average", share=0.05, target=[17], seed=3)
    reasons = [suspect.why for suspect in ShillingProfiles().mark(attack.data).suspects]
    assert reasons
    assert all("item 17 pushed by" in why for why in reasons)


def test_two_campaigns_are_told_apart(world: lt.Interactions) -> None:
    first = attacks.plant(world, "random", share=0.03, target=[20], seed=1)
    second = attacks.plant(first.data, "average", share=0.03, target=[90], intent="nuke", seed=2)
    found = ShillingProfiles().mark(second.data).suspects
    assert any("item 20 pushed" in suspect.why for suspect in found)
    assert any("item 90 nuked" in suspect.why for suspect in found)


def test_too_little_to_tell() -> None:
    few = lt.Interactions.from_frame({"user": [1, 2, 3], "item": [1, 1, 1], "rating": [1.0, 3.0, 5.0]})
    assert ShillingProfiles().mark(few).notes == ("fewer than 20 users: nothing can be told",)
    equal = lt.Interactions.from_frame({"user": list(range(30)), "item": [1] * 30, "rating": [3.0] * 30})
    assert "all ratings are equal" in ShillingProfiles().mark(equal).notes[0]
    one_item = lt.Interactions.from_frame({"user": list(range(30)), "item": [1] * 30, "rating": [1.0, 5.0] * 15})
    assert not ShillingProfiles().mark(one_item).suspects
    with pytest.raises(DataError, match="shilling needs ratings"):
        ShillingProfiles().mark(World(users=40, items=20).clicks(200))


def test_real_people_are_not_accused(real_data: Path) -> None:
    for name in ("ml-100k", "ml-latest-small"):
        data = lt.datasets.load(real_data / name)
        assert len(ShillingProfiles().mark(data).suspects) <= 0.005 * data.n_users
        assert len({found.user for found in cleaning.Bots().mark(data).suspects}) <= 0.02 * data.n_users


def test_no_detector_is_no_step() -> None:
    for make in (lambda: ShillingProfiles(detectors=()), lambda: cleaning.parse("shilling:detectors=")):
        with pytest.raises(ConfigError, match="name at least one detector of deviation, components, similarity"):
            make()
