"""Two towers beside their derivation in NumPy; what the correction by log q does; features and items nobody has met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.algorithms.deep.towers import Towers
from longtail.algorithms.trainer import Chunk, Settings, train
from longtail.errors import ConfigError, DataError
from longtail.testing.worlds import ragged, toy_worlds
from longtail.types import AnyArray

SIZES: dict[str, Any] = {
    "n_items": 5, "n_terms": 0, "n_user_terms": 0, "factors": 3, "hidden": (), "normalized": False, "temperature": 1.0,
    "in_batch": True, "dropout_rate": 0.0, "regularization": 0.0,
}  # fmt: skip


@dataclass
class Once:
    """One step with these arrays."""

    batch: dict[str, AnyArray]
    steps: int = 1

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        yield {name: array[None] for name, array in self.batch.items()}


def gradients(network: Towers, batch: dict[str, AnyArray]) -> tuple[float, dict[str, AnyArray]]:
    """Loss and gradients as the trainer sees them: by one step of plain descent of size 1, then undone."""
    before = network.values()
    report = train(network, Once(batch), Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    after = network.values()
    network.assign(before)
    return report.epochs[0]["loss"], {name: before[name] - after[name] for name in before}


def some_batch(rng: np.random.Generator, rows: int = 4, drawn: int = 2) -> dict[str, AnyArray]:
    return {
        "item": rng.integers(0, 5, rows).astype(np.int32),
        "history": rng.integers(0, 5, (rows, 3)).astype(np.int32),
        "history_weight": np.array([[1, 0.5, 0], [1, 1, 1], [0, 0, 0], [2, 0, 0]], dtype=np.float32),
        "log_q": rng.normal(size=rows).astype(np.float32),
        "drawn": rng.integers(0, 5, drawn).astype(np.int32),
        "drawn_log_q": rng.normal(size=drawn).astype(np.float32),
        "weight": np.array([1, 2, 1, 0], dtype=np.float32),
        "term": rng.integers(0, 4, (rows, 2)).astype(np.int32),
        "term_weight": rng.random((rows, 2)).astype(np.float32),
        "drawn_term": rng.integers(0, 4, (drawn, 2)).astype(np.int32),
        "drawn_term_weight": rng.random((drawn, 2)).astype(np.float32),
        "user_term": rng.integers(0, 3, (rows, 2)).astype(np.int32),
        "user_term_weight": rng.random((rows, 2)).astype(np.float32),
    }


def derived(network: Towers, w: dict[str, AnyArray], batch: dict[str, AnyArray]) -> float:
    """The loss of the docstring of `TwoTower`, row by row and candidate by candidate, in double precision."""

    def tower(name: str, vector: AnyArray) -> AnyArray:
        for n in range(len(network.hidden) + 1 if network.hidden else 0):
            vector = vector @ w[f"{name}.{n}/kernel"] + w[f"{name}.{n}/bias"]
            vector = np.maximum(vector, 0) if n < len(network.hidden) else vector
        return vector / np.sqrt(vector @ vector + 1e-9) if network.normalized else vector

    def item(at: int, kind: str) -> tuple[AnyArray, float]:
        number = batch["drawn" if kind else "item"][at]
        vector = w["items"][number].copy()
        if network.n_terms:
            for term, weight in zip(batch[kind + "term"][at], batch[kind + "term_weight"][at], strict=True):
                vector += weight * w["terms"][term]
        return tower("item_tower", vector), float(w["biases"][number, 0] - batch[kind + "log_q"][at])

    rows, total, weight_sum = len(batch["item"]), 0.0, float(batch["weight"].sum())
    drawn = [item(k, "drawn_") for k in range(len(batch["drawn"]))]
    for row in range(rows):
        amounts = batch["history_weight"][row].astype(np.float64)
        bag = amounts @ w["met"][batch["history"][row]] / max(amounts.sum(), 1e-9)
        person = bag + w["nobody"]
        if network.n_user_terms:
            person = person + batch["user_term_weight"][row] @ w["user_terms"][batch["user_term"][row]]
        person = tower("user_tower", person)
        own = item(row, "")
        others = [item(at, "") for at in range(rows) if batch["weight"][at] > 0] if network.in_batch else [own]
        scores = [person @ vector / network.temperature + rest for vector, rest in [*others, *drawn]]
        right = person @ own[0] / network.temperature + own[1]
        lost = np.log(np.exp(scores).sum()) - right
        lost += 0.5 * network.regularization * (bag @ bag + own[0] @ own[0])
        total += float(batch["weight"][row]) * lost / weight_sum
    return total


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"in_batch": False, "regularization": 0.3},
        {"hidden": (4,), "normalized": True, "temperature": 0.5, "n_terms": 4, "n_user_terms": 3},
    ],
)
def test_loss_and_gradients_are_those_derived(changes: dict[str, Any]) -> None:
    network, rng = Towers(**{**SIZES, **changes}, seed=3), np.random.default_rng(0)
    network.assign({name: rng.normal(0, 0.5, v.shape).astype(np.float32) for name, v in network.values().items()})
    batch = some_batch(rng)
    if not network.n_terms:
        batch = {name: array for name, array in batch.items() if "term" not in name}
    weights = {name: value.astype(np.float64) for name, value in network.values().items()}
    loss, found = gradients(network, batch)
    assert loss == pytest.approx(derived(network, weights, batch), rel=1e-5)
    for name, value in weights.items():
        wanted = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = {**weights, name: value.copy()}
                moved[name][at] += step
                ends.append(derived(network, moved, batch))
            wanted[at] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(found[name], wanted, atol=2e-5, rtol=1e-4, err_msg=name)


# -- the correction by log q -------------------------------------------------------------------------------------------

CHANCES = np.array([[0.5, 0.3, 0.1, 0.1], [0.2, 0.2, 0.2, 0.4]])
"""P(item | history) of two histories, as likely as each other."""
POPULARITY = CHANCES.mean(axis=0)


def scoring(scores: AnyArray, in_batch: bool) -> Towers:
    """A network whose score of item i after history x is scores[x, i]."""
    network = Towers(**{**SIZES, "n_items": 4, "factors": 4, "in_batch": in_batch})
    met = np.zeros((4, 4))
    met[: len(scores)] = scores
    given = {"met": met, "items": np.eye(4), "biases": np.zeros((4, 1)), "nobody": np.zeros(4)}
    network.assign({name: value.astype(np.float32) for name, value in given.items()})
    return network


def pairs(histories: AnyArray, items: AnyArray, log_q: AnyArray, drawn: AnyArray, weights: AnyArray) -> Any:
    return {
        "item": items.astype(np.int32),
        "history": histories.astype(np.int32)[:, None],
        "history_weight": np.ones((len(items), 1), dtype=np.float32),
        "log_q": log_q[items].astype(np.float32),
        "drawn": drawn.astype(np.int32),
        "drawn_log_q": log_q[drawn].astype(np.float32),
        "weight": weights.astype(np.float32),
    }


def expected_gradient(scores: AnyArray, log_q: AnyArray, in_batch: bool) -> AnyArray:
    """By the scores, over all batches of two pairs, or of all pairs and one drawn item, as likely as they are."""
    network, total = scoring(scores, in_batch), np.zeros((2, 4))
    x, y = (part.ravel() for part in np.indices((2, 4)))
    chances = 0.5 * CHANCES.ravel()
    if not in_batch:
        for drawn in range(4):
            batch = pairs(x, y, log_q, np.array([drawn]), chances)
            total += POPULARITY[drawn] * gradients(network, batch)[1]["met"][:2]
        return total
    for one, two in np.ndindex(8, 8):
        both = np.array([one, two])
        batch = pairs(x[both], y[both], log_q, np.array([0]), np.ones(2))
        batch["drawn_log_q"] = np.array([1e9], dtype=np.float32)  # none is drawn
        total += chances[one] * chances[two] * gradients(network, batch)[1]["met"][:2]
    return total


@pytest.mark.parametrize("in_batch", [True, False])
def test_with_the_correction_the_truth_is_where_descent_stops(in_batch: bool) -> None:
    """The expected gradient is zero at log P, with as few as one negative; without log q, at log P - log popularity."""
    truth, log_q, without = np.log(CHANCES), np.log(POPULARITY), np.zeros(4)
    assert np.abs(expected_gradient(truth, log_q, in_batch)).max() < 1e-6
    assert np.abs(expected_gradient(truth, without, in_batch)).max() > 0.01
    assert np.abs(expected_gradient(truth - log_q, without, in_batch)).max() < 1e-6
    wrong = expected_gradient(truth, without, in_batch).sum(axis=0)  # descent takes from the score where this is > 0
    assert wrong[np.argmax(POPULARITY)] > 0 > wrong[np.argmin(POPULARITY)]


def test_with_the_correction_many_negatives_give_the_gradient_of_the_full_softmax() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2, 4))
    x, y = (part.ravel() for part in np.indices((2, 4)))
    full = 0.5 * (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True) - CHANCES)
    wrong = {}
    for k in (20, 20_000):
        drawn = rng.choice(4, size=k, p=POPULARITY)
        for log_q in (np.log(POPULARITY), np.zeros(4)):
            batch = pairs(x, y, log_q, drawn, 0.5 * CHANCES.ravel())
            _, found = gradients(scoring(scores, in_batch=False), batch)
            wrong[k, bool(log_q.any())] = np.abs(found["met"][:2] - full).max() / np.abs(full).max()
    assert wrong[20_000, True] < 0.03 < 0.1 < wrong[20_000, False]
    assert wrong[20_000, True] < wrong[20, True]


def test_without_the_correction_popular_items_are_pushed_down() -> None:
    """Where taste is chance, scores grow as the logarithm of popularity; uncorrected, they are lower by just that."""
    rng = np.random.default_rng(0)
    chances = 1.0 / np.arange(2, 62)
    items = np.concatenate([rng.choice(60, 5, replace=False, p=chances / chances.sum()) for _ in range(1500)])
    data = lt.Interactions.from_frame({"user": np.repeat(np.arange(1500), 5), "item": items})
    slopes = {}
    for log_q in (1.0, 0.0):
        model = lt.make("two-tower", factors=4, negatives=0, log_q=log_q, epochs=15, learning_rate=0.01)
        scores = model.fit(data)._score_users(np.arange(1500, dtype=np.int32)).dense().mean(axis=0)
        slopes[log_q] = np.polyfit(np.log(data.item_counts), scores, 1)[0]
    assert slopes[1.0] > 0.8
    assert slopes[1.0] - slopes[0.0] == pytest.approx(1.0, abs=0.15)


def test_a_pair_is_learned_from_the_rest_of_its_history_among_candidates_as_frequent_as_said() -> None:
    data = ragged()
    size: dict[str, Any] = {"factors": 2, "negatives": 40, "popularity_exponent": 0.5, "history": 200, "batch_size": 64}
    model = lt.make("two-tower", epochs=1, **size).fit(data)
    nothing = np.zeros((data.n_items, 1))
    feed = model._feed(model.histories_, nothing.astype(np.int32), nothing.astype(np.float32))
    people = {tuple(row.indices.tolist()) for row in (model.histories_[[user]] for user in range(data.n_users))}
    steps, seen, said = 0, np.zeros(data.n_items), np.full(data.n_items, np.nan)
    for chunk in (chunk for epoch in range(12) for chunk in feed.epoch(np.random.default_rng(epoch))):
        steps += len(chunk["item"])
        seen += sum(np.bincount(chunk[kind].ravel(), minlength=data.n_items) for kind in ("item", "drawn"))
        said[chunk["item"]], said[chunk["drawn"]] = np.exp(chunk["log_q"]), np.exp(chunk["drawn_log_q"])
    assert np.all((seen > 0) == (said > 0))
    often = seen > 400
    assert often.sum() > 50
    np.testing.assert_allclose(said[often], (seen / steps)[often], rtol=0.15)
    for item, history, weight in zip(chunk["item"][0], chunk["history"][0], chunk["history_weight"][0], strict=True):
        rest = history[weight > 0].tolist()
        assert item not in rest
        assert tuple(sorted([item, *rest])) in people


# -- features ----------------------------------------------------------------------------------------------------------


def test_items_nobody_has_met_are_listed_by_what_the_catalog_says() -> None:
    world = toy_worlds()["implicit"].train  # its catalog says comedy or drama, which is the taste of each user
    new = {"item": [1, 2, 3], "title": ["A", "B", "C"], "year": [1990] * 3, "genres": [["comedy"], ["drama"], []]}
    catalog = lt.Catalog(pl.concat([world.catalog.items, pl.DataFrame(new)]))
    data = world.with_items([1, 2, 3])
    small: dict[str, Any] = {"factors": 8, "epochs": 30, "batch_size": 64, "learning_rate": 0.02}
    model = lt.make("two-tower", features="genres", **small).fit(data, catalog)
    lists = model.recommend(candidates=[1, 2, 3], n=3)
    first = np.array([lists.of(user)[0] for user in world.user_ids.values.tolist()])
    assert np.mean(first == np.where(np.arange(40) % 2, 1, 2)) == 1.0
    assert not any(3 in lists.of(user) for user in world.user_ids.values.tolist())
    assert model.similar_items([1], n=5).of(1)[0] % 2 == 1
    plain = lt.make("two-tower", **small).fit(data, catalog)
    assert not plain.recommend(candidates=[1, 2, 3], n=3).filled.any()


def test_an_item_nobody_has_met_says_nothing_in_a_history() -> None:
    data = ragged()  # its last items are unmet
    model = lt.make("two-tower", factors=4, epochs=1).fit(data)
    known, unmet = data.item_ids.values[3], data.item_ids.values[-1]
    one, both = (model._score_histories(model.fold([items])).left for items in ([known], [known, unmet]))
    assert one == pytest.approx(both, abs=1e-6)


def test_features_of_users_count() -> None:
    """Two hundred users with a taste, and four who have met nothing but one item of neither."""
    rng, everyone = np.random.default_rng(0), np.arange(204)
    catalog = lt.Catalog(
        pl.DataFrame({"item": np.arange(21)}),
        pl.DataFrame({"user": everyone, "group": ["a" if user % 2 else "b" for user in everyone]}),
    )
    liked = [rng.choice(np.arange(user % 2, 20, 2), 4, replace=False) for user in range(200)]
    items = np.concatenate([*liked, np.full(4, 20)])
    data = lt.Interactions.from_frame({"user": np.repeat(everyone, [4] * 200 + [1] * 4), "item": items})
    model = lt.make("two-tower", user_features="group", factors=8, epochs=40, batch_size=64, learning_rate=0.02)
    model.fit(data, catalog)
    for user in range(200, 204):
        assert all(item % 2 == user % 2 for item in model.recommend([user], n=5).of(user))


def test_impossible_settings_are_refused() -> None:
    data = toy_worlds()["implicit"].train
    with pytest.raises(ConfigError, match="negatives"):
        lt.make("two-tower", in_batch=False, negatives=0)
    with pytest.raises(ConfigError, match="joined"):
        lt.make("two-tower", features="genres++years")
    with pytest.raises(DataError, match="no catalog of users"):
        lt.make("two-tower", user_features="age").fit(data)
    with pytest.raises(DataError, match="no column 'mood'"):
        lt.make("two-tower", features="mood").fit(data)
