"""Planted profiles are what the literature says they are, and nothing of the genuine data changes."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import attacks
from longtail.data.attacks import Attack, BotKind, Kind
from longtail.data.synthetic import World, synthetic
from longtail.errors import ConfigError, DataError, UnknownIdError

SHILLING: tuple[Kind, ...] = get_args(Kind)
BOTS: tuple[BotKind, ...] = get_args(BotKind)
NUKES = ("reverse-bandwagon", "love-hate")


@pytest.fixture(scope="module")
def genuine() -> lt.Interactions:
    return synthetic(users=200, items=150, ratings=6_000, seed=5)


def made(data: lt.Interactions, kind: Any, **options: Any) -> Attack:
    return attacks.plant(data, kind, intent="nuke" if kind in NUKES else "push", **options)


def planted_rows(attack: Attack) -> lt.Interactions:
    return attack.data.take(attack.is_planted[attack.data.users])


@pytest.mark.parametrize("kind", SHILLING)
def test_the_genuine_rows_stay_as_they_are(genuine: lt.Interactions, kind: Kind) -> None:
    attack = made(genuine, kind, share=0.05)
    assert len(attack.planted) == 10
    assert not set(attack.planted) & set(genuine.user_ids)
    kept = attack.data.take(~attack.is_planted[attack.data.users])
    for name in ("users", "items", "values", "times", "sessions"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(genuine, name))


@pytest.mark.parametrize("kind", SHILLING)
def test_every_profile_rates_the_target_as_intended(genuine: lt.Interactions, kind: Kind) -> None:
    attack = made(genuine, kind, share=0.05, target=[7, 9])
    rows = planted_rows(attack).to_frame().filter(pl.col("item").is_in([7, 9]))
    assert len(rows) == 20
    assert set(rows["rating"]) == {0.5 if kind in NUKES else 5.0}
    assert attack.targets == (7, 9)


@pytest.mark.parametrize("kind", [*SHILLING, *BOTS])
def test_equal_seeds_plant_equal_profiles(genuine: lt.Interactions, kind: Any) -> None:
    plant = attacks.plant_bots if kind in BOTS else lambda data, kind, seed: made(data, kind, seed=seed)
    first, again, other = (plant(genuine, kind, seed=seed).data.fingerprint for seed in (1, 1, 2))
    assert first == again != other


def test_filler_follows_its_model(genuine: lt.Interactions) -> None:
    means = np.bincount(genuine.items, genuine.values) / genuine.item_counts
    found = {}
    for kind in ("random", "average"):
        rows = planted_rows(attacks.plant(genuine, kind, share=1.0, target=[1], filler=0.5))
        filler = rows.take(rows.items != genuine.item_ids.index([1])[0])
        assert set(np.unique(filler.values)) <= set(np.unique(genuine.values))
        given = np.bincount(filler.items, filler.values, minlength=genuine.n_items)
        counts = np.bincount(filler.items, minlength=genuine.n_items)
        often = counts >= 40
        found[kind] = np.corrcoef((given / np.maximum(1, counts))[often], means[often])[0, 1]
        assert (rows.user_counts[rows.user_counts > 0] == 76).all()  # half of 150 items and the target
    assert found["average"] > 0.9
    assert abs(found["random"]) < 0.3


def test_popular_filler_is_popular_and_a_bandwagon_is_jumped_on(genuine: lt.Interactions) -> None:
    by_rank = np.argsort(-genuine.item_counts, kind="stable")
    rows = planted_rows(attacks.plant(genuine, "popular-average", share=0.1, target=[int(by_rank[-1]) + 1]))
    assert set(rows.items) - {by_rank[-1]} <= set(by_rank[:30])
    rows = planted_rows(attacks.plant(genuine, "bandwagon", share=0.1))
    jumped = np.isin(rows.items, by_rank[:10])
    assert (rows.values[jumped] == 5).all()
    assert jumped.sum() == 10 * 20


def test_a_popular_target_is_rated_once_and_ten_others_are_jumped_on(genuine: lt.Interactions) -> None:
    by_rank = np.argsort(-genuine.item_counts, kind="stable")
    target = genuine.item_ids[by_rank[:1]].tolist()
    rows = planted_rows(attacks.plant(genuine, "bandwagon", share=0.1, target=target))
    pairs = set(zip(rows.users.tolist(), rows.items.tolist(), strict=True))
    assert len(pairs) == len(rows)
    assert np.isin(rows.items, by_rank[:11]).sum() == 11 * 20  # the target, and the ten after it


def test_a_reverse_bandwagon_runs_down_what_is_known_and_disliked(genuine: lt.Interactions) -> None:
    means = np.bincount(genuine.items, genuine.values) / genuine.item_counts
    head = np.argsort(-genuine.item_counts, kind="stable")[:30]
    disliked = head[np.argsort(means[head], kind="stable")][:10]
    rows = planted_rows(made(genuine, "reverse-bandwagon", share=0.1, target=[int(head[-1]) + 1]))
    chosen = np.isin(rows.items, np.setdiff1d(disliked, head[-1:]))
    assert (rows.values[chosen] == 0.5).all()
    assert chosen.sum() == 20 * len(np.setdiff1d(disliked, head[-1:]))


def test_filler_varies_as_people_do(genuine: lt.Interactions) -> None:
    rows = planted_rows(attacks.plant(genuine, "average", share=1.0, target=[1], filler=0.5))
    known = np.argsort(-genuine.item_counts, kind="stable")
    for item in known[known != genuine.item_ids.index([1])[0]][:5]:
        given, own = rows.values[rows.items == item], genuine.values[genuine.items == item]
        assert given.std() == pytest.approx(own.std(), rel=0.4)


def test_the_usual_target_is_of_middling_popularity(genuine: lt.Interactions) -> None:
    low, high = np.quantile(genuine.item_counts[genuine.item_counts > 0], (0.25, 0.75))
    for seed in range(12):
        (target,) = attacks.plant(genuine, "random", share=0.01, seed=seed).targets
        assert low <= genuine.item_counts[genuine.item_ids.index([target])[0]] <= high


def test_times_are_those_of_people(genuine: lt.Interactions) -> None:
    attack = attacks.plant(genuine, "random", share=0.2)
    rows = planted_rows(attack)
    assert rows.times is not None
    assert genuine.times is not None
    assert genuine.times.min() <= rows.times.min() <= rows.times.max() <= genuine.times.max()
    assert rows.sessions is not None
    assert len(np.unique(rows.sessions)) == 40


@pytest.mark.parametrize("kind", BOTS)
def test_bots_are_as_said(genuine: lt.Interactions, kind: BotKind) -> None:
    attack = attacks.plant_bots(genuine, kind, share=0.02)
    rows = planted_rows(attack)
    assert len(attack.planted) == 4
    for index in np.flatnonzero(rows.user_counts):
        own = rows.take(rows.users == index)
        assert own.times is not None
        assert (len(np.unique(own.values)) == 1) == (kind in ("crawler", "uniform"))
        assert (np.ptp(own.times) <= len(own)) == (kind in ("crawler", "fast"))
    if kind == "many":
        assert rows.user_counts.max() == 150


def test_clicks_and_text_ids_and_no_times() -> None:
    clicks = World(users=80, items=60, seed=2).clicks(1_000)
    rows = planted_rows(attacks.plant(clicks, "bandwagon", share=0.05))
    assert set(rows.values) == {1.0}
    frame = {"user": ["planted-1", "bo", "cy"], "item": ["x", "y", "x"], "rating": [1.0, 2.0, 3.0]}
    attack = attacks.plant(lt.Interactions.from_frame(frame), "random", share=1.0)
    assert attack.planted == ("planted-2", "planted-3", "planted-4")
    assert attack.data.times is None
    assert attacks.plant_bots(lt.Interactions.from_frame(frame)).data.times is None


def test_continuous_ratings_stay_within_the_scale() -> None:
    rng = np.random.default_rng(0)
    frame = {"user": np.repeat(np.arange(30), 10), "item": np.tile(np.arange(10), 30), "rating": rng.random(300)}
    data = lt.Interactions.from_frame(frame, scale=(0, 1))
    values = planted_rows(attacks.plant(data, "average", share=0.5)).values
    assert values.min() >= 0
    assert values.max() <= 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kind": "clever"}, "kind must be one of random"),
        ({"share": 0}, "share must be"),
        ({"share": True}, "share must be"),
        ({"share": 1.5}, "share must be"),
        ({"filler": 0.0}, "filler must be"),
        ({"filler": "many"}, "filler must be"),
        ({"intent": "praise"}, "intent must be push or nuke"),
        ({"kind": "love-hate"}, "intent='nuke'"),
        ({"target": []}, "at least one item"),
    ],
)
def test_what_cannot_be_planted(genuine: lt.Interactions, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        attacks.plant(genuine, **options)


def test_more_that_cannot_be_planted(genuine: lt.Interactions) -> None:
    with pytest.raises(UnknownIdError):
        attacks.plant(genuine, target=[99_999])
    with pytest.raises(DataError, match="no rows"):
        attacks.plant(genuine.take([]))
    with pytest.raises(ConfigError, match="without ratings"):
        attacks.plant(World(users=20, items=20).clicks(100), "average")
    with pytest.raises(ConfigError, match="kind must be one of crawler"):
        attacks.plant_bots(genuine, "spider")  # type: ignore[arg-type]
