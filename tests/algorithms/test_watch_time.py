"""Ranking by watch time: its derivation in NumPy, and worlds whose expected watch time is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.algorithms.deep.two_heads import TwoHeads
from longtail.algorithms.trainer import Chunk, Settings, answers, train
from longtail.errors import DataError, UnknownIdError
from longtail.types import AnyArray

SIZES: dict[str, Any] = {
    "n_items": 5, "factors": 2, "hidden": (4, 3), "negatives": 2, "second_weight": 0.7, "regularization": 0.2,
    "dropout_rate": 0.0,
}  # fmt: skip
Weights = dict[str, AnyArray]


@dataclass
class Once:
    """One step with these arrays."""

    batch: dict[str, AnyArray]
    steps: int = 1

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        yield {name: array[None] for name, array in self.batch.items()}


def heads(w: Weights, bag: AnyArray, item: int) -> AnyArray:
    """The logits of a pair."""
    vector = w["items"][item]
    layer = np.concatenate([bag, vector, bag * vector])
    n = sum(name.startswith("kernels.") for name in w)
    for at in range(n):
        layer = layer @ w[f"kernels.{at}"] + w[f"shifts.{at}"]
        layer = np.maximum(layer, 0) if at < n - 1 else layer
    return layer


def lost(logits: AnyArray, amount: float) -> float:
    """Of a pair watched for `amount`, or not."""
    chances = 1.0 / (1.0 + np.exp(-logits))
    if amount > 0:
        return float(-amount * np.log(chances[0]) - SIZES["second_weight"] * np.log(chances[1]))
    return float(-np.log(1 - chances[0]) - SIZES["second_weight"] * np.log(1 - chances[1]))


def loss(w: Weights, batch: dict[str, AnyArray]) -> float:
    total = 0.0
    for row, weight in enumerate(batch["weight"]):
        amounts = batch["history_weight"][row].astype(np.float64)
        bag = amounts @ w["met"][batch["history"][row]] / max(float(amounts.sum()), 1e-9)
        offset, item = float(batch["offset"][row]), batch["item"][row]
        of_row = lost(heads(w, bag, item) + offset, float(batch["amount"][row]))
        drawn = batch["drawn"][row] if "drawn" in batch else []
        of_row += float(batch["share"][row]) * sum(lost(heads(w, bag, other) + offset, 0.0) for other in drawn)
        of_row += 0.5 * SIZES["regularization"] * float(bag @ bag + w["items"][item] @ w["items"][item])
        total += float(weight) * of_row / float(batch["weight"].sum())
    return total


@pytest.mark.parametrize("negatives", [2, 0])
def test_loss_and_gradients_are_those_derived(negatives: int) -> None:
    network, rng = TwoHeads(**{**SIZES, "negatives": negatives}), np.random.default_rng(1)
    network.assign({name: rng.normal(0, 0.6, v.shape).astype(np.float32) for name, v in network.values().items()})
    batch = {
        "item": np.array([0, 3, 4], dtype=np.int32),
        "history": np.array([[1, 2], [4, 0], [0, 0]], dtype=np.int32),
        "history_weight": np.array([[1.0, 0.5], [2.0, 0.0], [0.0, 0.0]], dtype=np.float32),
        "amount": np.array([2.5, 0.0 if not negatives else 0.3, 1.0], dtype=np.float32),
        "offset": np.array([0.0, 1.2, -0.4], dtype=np.float32),
        "share": np.array([1.0, 0.3, 2.0], dtype=np.float32),
        "weight": np.array([1.0, 1.0, 0.5], dtype=np.float32),
    }
    if negatives:
        batch["drawn"] = np.array([[1, 2], [0, 0], [2, 3]], dtype=np.int32)
    before = network.values()
    weights = {name: value.astype(np.float64) for name, value in before.items()}
    bags = rng.normal(size=(3, 2)).astype(np.float32)
    wanted = [[heads(weights, bag, item) for item in range(5)] for bag in bags]
    np.testing.assert_allclose(answers(network, {"bag": bags}), wanted, rtol=1e-4, atol=1e-5)
    report = train(network, Once(batch), Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    assert report.epochs[0]["loss"] == pytest.approx(loss(weights, batch), rel=1e-5)
    for name, value in weights.items():
        slope = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = {**weights, name: value.copy()}
                moved[name][at] += step
                ends.append(loss(moved, batch))
            slope[at] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(before[name] - network.values()[name], slope, atol=3e-5, rtol=1e-4, err_msg=name)


# -- worlds whose truth is known ---------------------------------------------------------------------------------------

ITEMS, PEOPLE = 12, 1200
LENGTHS = np.linspace(20.0, 240.0, ITEMS)
"""Mean seconds for which those watch an item who watch it."""
SMALL: dict[str, Any] = {
    "factors": 4, "hidden": (16,), "epochs": 20, "batch_size": 256, "learning_rate": 0.01, "schedule": "linear",
    "regularization": 0.0,
}  # fmt: skip


def chances(tastes: int) -> AnyArray:
    """(2, items) of watching, by taste: one likes even items, the other one odd ones; all alike, where there is one."""
    liked = np.equal.outer(np.arange(2), np.arange(ITEMS) % 2) if tastes == 2 else np.ones((2, ITEMS))
    return np.where(liked, 0.85, 0.1) * np.linspace(1.0, 0.6, ITEMS)


def watched(shown: bool, tastes: int = 2) -> lt.Interactions:
    """Everything was shown to everybody; rows of 0 seconds are there if `shown`, else only what was watched."""
    rng = np.random.default_rng(0)
    taste = np.arange(PEOPLE) % 2
    seen = rng.random((PEOPLE, ITEMS)) < chances(tastes)[taste]
    seconds = np.where(seen, rng.exponential(LENGTHS, (PEOPLE, ITEMS)) + 1e-3, 0.0)
    users, items = np.nonzero(np.ones_like(seen) if shown else seen)
    columns = {"user": users, "item": items, "seconds": seconds[users, items]}
    return lt.Interactions.from_frame(columns, rating="seconds", feedback="implicit")


def unmet(data: lt.Interactions, values: AnyArray) -> AnyArray:
    """(2, items) means, by taste, of values (people * items) over those who have not watched the item."""
    met = np.zeros((PEOPLE, ITEMS), dtype=np.bool_)
    met[data.user_ids.values[data.users[data.values > 0]], data.item_ids.values[data.items[data.values > 0]]] = True
    table = np.where(met, np.nan, values.reshape(PEOPLE, ITEMS))
    return np.stack([np.nanmean(table[taste::2], axis=0) for taste in (0, 1)])


PAIRS = [part.ravel() for part in np.indices((PEOPLE, ITEMS))]


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("tastes", [1, 2])
def test_the_estimate_is_the_expected_watch_time(shown: bool, tastes: int) -> None:
    """Also where only what was watched is known, and a few of the other items are drawn to stand for all of them.

    Two tastes can be told by the history, but not always, so that a disliked item is thought a little better of.
    """
    data, chance = watched(shown, tastes), chances(tastes)
    model = lt.make("watch-time", negatives=0 if shown else 2, **SMALL).fit(data)
    found, truth, much = unmet(data, model.expected(*PAIRS)), chance * LENGTHS, chance > 0.4
    assert np.abs(found / truth - 1.0)[much].mean() < (0.1 if tastes == 1 else 0.15)
    assert (np.abs(found - truth) / LENGTHS)[~much].sum() < 0.05 * ITEMS
    likely = unmet(data, model.chance(*PAIRS))
    assert np.abs(likely - chance).mean() < 0.05
    odds = found / (1.0 - likely)  # what the first head alone would say
    assert (odds[much] / truth[much]).min() > 1.5


def test_it_ranks_by_watch_time_and_not_by_watching() -> None:
    """The longest of the items somebody likes comes first, though a short one is watched by more."""
    data = watched(shown=False)
    model = lt.make("watch-time", negatives=2, **SMALL).fit(data)
    lists = model.recommend(n=1, exclude="none")
    first = np.array([lists.of(user)[0] for user in data.user_ids.values.tolist()])
    likes = np.where(np.array(data.user_ids.values) % 2, ITEMS - 1, ITEMS - 2)
    assert np.mean(first == likes) > 0.7
    likely = unmet(data, model.chance(*PAIRS))
    assert likely.argmax(axis=1).tolist() == [0, 1]


def test_it_is_the_second_of_two_stages() -> None:
    """It ranks what another model proposes, by hand and within a cascade."""
    data = watched(shown=False)
    ranker = lt.make("watch-time", **{**SMALL, "epochs": 5}).fit(data)
    proposed = lt.make("popular").fit(data).recommend([0, 1], n=3)
    pairs = proposed.to_frame().select("user", "item")
    lists = ranker.recommend([0, 1], n=3, candidates=lt.Interactions.from_frame(pairs))
    for user in (0, 1):
        assert sorted(lists.of(user)) == sorted(proposed.of(user))
        values = ranker.expected([user] * len(lists.of(user)), lists.of(user))
        assert (np.diff(values) <= 0).all()
    cascade = lt.make("cascade", members=("popular", ranker.clone()), candidates=3).fit(data)
    assert cascade.recommend([0, 1], n=3).of(0) == lists.of(0)


def test_a_rater_is_asked_in_stars() -> None:
    """Of ratings, the estimate is the chance of a rating times its mean."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((600, 10)) < 0.5)
    ratings: dict[str, AnyArray] = {"user": users, "item": items, "rating": np.where(items < 5, 5.0, 1.0)}
    data = lt.Interactions.from_frame(ratings, scale=(1.0, 5.0))
    model = lt.make("watch-time", negatives=2, **SMALL).fit(data)
    found = [float(model.expected(data.user_ids.values, [item] * data.n_users).mean()) for item in range(10)]
    np.testing.assert_allclose(found, [2.5] * 5 + [0.5] * 5, rtol=0.2)


def test_what_cannot_be_is_refused() -> None:
    data = watched(shown=False)
    with pytest.raises(DataError, match="value 0"):
        lt.make("watch-time", negatives=0).fit(data)
    model = lt.make("watch-time", **{**SMALL, "epochs": 1}).fit(data)
    with pytest.raises(UnknownIdError):
        model.expected([0], ["nothing"])
    with pytest.raises(DataError, match="equally long"):
        model.chance([0, 1], [1])


def test_without_layers_the_heads_are_linear_in_history_item_and_product() -> None:
    data = watched(shown=False)
    model = lt.make("watch-time", **{**SMALL, "epochs": 1, "hidden": ()}).fit(data)
    w, rows = model.weights_, model._shares(model.histories_)
    mine = slice(*model.histories_.indptr[:2])
    bag = rows[mine] @ w["met"][model.histories_.indices[mine]] / rows[mine].sum()
    expected = [heads(w, bag, item)[1] for item in range(ITEMS)]
    found = model.chance([data.user_ids[0]] * ITEMS, data.item_ids.values)
    assert found == pytest.approx(1 / (1 + np.exp(-np.array(expected))), abs=1e-5)


def test_a_row_is_learned_from_the_rest_of_its_history() -> None:
    data = watched(shown=False)
    model = lt.make("watch-time", **{**SMALL, "epochs": 1, "history": 50}).fit(data)
    chunk = next(iter(model._feed(model._preferences(model.histories_)).epoch(np.random.default_rng(0))))
    people = {tuple(model.histories_[[user]].indices.tolist()) for user in range(data.n_users)}
    for item, history, share in zip(chunk["item"][0], chunk["history"][0], chunk["history_weight"][0], strict=True):
        rest = history[share > 0].tolist()
        assert item not in rest
        assert tuple(sorted([item, *rest])) in people
