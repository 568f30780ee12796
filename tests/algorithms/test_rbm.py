"""The machines beside sums over all their states, and contrastive divergence beside its textbook form."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.deep import boltzmann
from longtail.algorithms.deep.boltzmann import levels_of
from longtail.algorithms.deep.boltzmann_network import BoltzmannFeed, BoltzmannNetwork
from longtail.algorithms.trainer import Settings, answers, keras, train
from longtail.algorithms.trainer.histories import HistoryFeed
from longtail.algorithms.trainer.validation import hold_out_rows
from longtail.errors import UnknownIdError

RATINGS = (1.0, 3.0, 4.0)
LEVELS, ITEMS, UNITS = len(RATINGS), 4, 3
RNG = np.random.default_rng


def network(seed: int, conditional: bool = False, scale: float = 0.8, n_items: int = ITEMS, **options: Any) -> Any:
    """A machine with weights far from zero."""
    made = BoltzmannNetwork(n_items=n_items, ratings=RATINGS, factors=UNITS, conditional=conditional, **options)
    made.assign({name: RNG(seed).normal(0, scale, w.shape).astype(np.float32) for name, w in made.values().items()})
    return made


def energy(weights: dict[str, Any], levels: dict[int, int], h: Any, rated: set[int] = frozenset()) -> float:  # type: ignore[assignment]
    """E(v, h) as the paper writes it; `rated` are further items known to be rated."""
    total = -sum(weights["c"][j] * h[j] for j in range(UNITS))
    for item, k in levels.items():
        total -= weights["b"][item * LEVELS + k]
        total -= sum(weights["W"][item * LEVELS + k, j] * h[j] for j in range(UNITS))
    if "D" in weights:
        total -= sum(weights["D"][item, j] * h[j] for item in {*levels, *rated} for j in range(UNITS))
    return float(total)


def all_hidden() -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=UNITS))


def batch_of(people: list[dict[int, int]], rounds: int = 1, seed: int = 0) -> dict[str, Any]:
    """One step, everyone in the order given; a level of -1 stands for an item without one."""
    rows = [(at, item, k) for at, person in enumerate(people) for item, k in person.items()] + [(len(people), 0, 0)]
    row, item, level = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    rng = RNG(seed)
    return {
        "row": row,
        "item": item,
        "level": level,
        "unit": item[:, None] * LEVELS + np.arange(LEVELS, dtype=np.int32),
        "weight": np.ones(len(people), dtype=np.float32),
        "gibbs": np.int32(rounds),
        "hidden draw": rng.random((rounds, len(people), UNITS), dtype=np.float32),
        "rating draw": rng.random((rounds, len(row)), dtype=np.float32),
    }


PEOPLE = [{0: 2, 3: 0}, {1: 1}, {0: 0, 1: 2, 2: 1, 3: 2}]


@pytest.mark.parametrize("conditional", [False, True])
def test_the_free_energy_is_a_sum_over_all_hidden_states(conditional: bool) -> None:
    made = network(1, conditional)
    batch = batch_of(PEOPLE)
    chosen = np.take_along_axis(batch["unit"], batch["level"][:, None], 1)[:, 0]
    found, squares = (keras.ops.convert_to_numpy(part) for part in made.energy(batch, chosen))
    weights = made.values()
    expected = [-np.log(sum(np.exp(-energy(weights, person, h)) for h in all_hidden())) for person in PEOPLE]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    rows = [[weights["W"][i * LEVELS + k] for i, k in person.items()] for person in PEOPLE]
    if conditional:
        rows = [[*own, *(weights["D"][i] for i in person)] for own, person in zip(rows, PEOPLE, strict=True)]
    per_person = [sum(float(np.sum(row**2)) for row in own) for own in rows]
    np.testing.assert_allclose(squares, per_person, rtol=1e-5)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("prediction", ["mean-field", "exact"])
def test_predictions_are_those_of_all_states(conditional: bool, prediction: str) -> None:
    made = network(2, conditional, prediction=prediction)
    weights, history = made.values(), {0: 2, 3: 0}
    inputs = weights["c"] + sum(weights["W"][i * LEVELS + k] for i, k in history.items())
    rated = set(history)
    if conditional:
        inputs = inputs + sum(weights["D"][item] for item in rated)
    found = answers(made, {"inputs": inputs[None]})[0]
    for item in range(ITEMS):
        if prediction == "exact":  # p(v_i = k | V), a new unit of the item with what is known besides
            chances = [
                sum(np.exp(-energy(weights, history, h) + _unit(weights, item, k, h)) for h in all_hidden())
                for k in range(LEVELS)
            ]
        else:  # p(v_i = k | h) at the probabilities of h, themselves summed over all states
            joint = np.array([np.exp(-energy(weights, history, h)) for h in all_hidden()])
            on = joint @ np.array(all_hidden()) / joint.sum()
            chances = [np.exp(_unit(weights, item, k, on)) for k in range(LEVELS)]
        expected = np.dot(chances, RATINGS) / np.sum(chances)
        np.testing.assert_allclose(found[item], expected, rtol=1e-5)


def _unit(weights: dict[str, Any], item: int, k: int, h: Any) -> float:
    """What unit (item, k) adds to -E."""
    at = item * LEVELS + k
    return float(weights["b"][at] + sum(weights["W"][at, j] * h[j] for j in range(UNITS)))


def fantasies(weights: dict[str, Any], batch: dict[str, Any], people: list[dict[int, int]]) -> list[dict[int, int]]:
    """Gibbs chains in loops, with the same uniform draws."""
    state = [dict(person) for person in people]
    for at in range(int(batch["gibbs"])):
        entry, after = 0, []
        for number, person in enumerate(state):
            h = [int(batch["hidden draw"][at, number, j] < p) for j, p in enumerate(on(weights, person))]
            drawn = {}
            for item, k in person.items():
                chances = np.exp([_unit(weights, item, level, h) for level in range(LEVELS)])
                below = np.cumsum(chances / chances.sum())
                drawn[item] = k if k < 0 else int(np.searchsorted(below[:-1], batch["rating draw"][at, entry], "right"))
                entry += 1
            after.append(drawn)
        state = after
    return state


def on(weights: dict[str, Any], person: dict[int, int]) -> Any:
    """p(h_j = 1 | V)."""
    inputs = weights["c"].astype(np.float64)
    for item, k in person.items():
        inputs = inputs + (weights["W"][item * LEVELS + k] if k >= 0 else 0)
        inputs = inputs + (weights["D"][item] if "D" in weights else 0)
    return 1 / (1 + np.exp(-inputs))


def statistics(weights: dict[str, Any], people: list[dict[int, int]]) -> dict[str, Any]:
    """<v h>, <v>, <h> and <r h>: means over people."""
    found = {name: np.zeros(value.shape) for name, value in weights.items()}
    for person in people:
        h = on(weights, person)
        found["c"] += h
        for item, k in person.items():
            if k >= 0:
                found["W"][item * LEVELS + k] += h
                found["b"][item * LEVELS + k] += 1
            if "D" in weights:
                found["D"][item] += h
    return {name: value / len(people) for name, value in found.items()}


class OneStep:
    """A feed of a single step."""

    steps = 1

    def __init__(self, batch: dict[str, Any]) -> None:
        self.batch = batch

    def epoch(self, rng: Any) -> Any:
        """That step."""
        yield {name: np.asarray(array)[None] for name, array in self.batch.items()}


@pytest.mark.parametrize(
    ("conditional", "rounds", "n_items", "regularization"),
    [(False, 1, ITEMS, 0.0), (False, 3, ITEMS, 0.0), (True, 2, 500, 0.0), (True, 1, ITEMS, 0.3)],
)
def test_a_step_is_that_of_contrastive_divergence(
    conditional: bool, rounds: int, n_items: int, regularization: float
) -> None:
    """Also where rows of large tables are updated alone, and where an item is known to be rated, not how."""
    people = [*PEOPLE, {0: 1, 2: -1}] if conditional else PEOPLE
    made = network(3, conditional, n_items=n_items, regularization=regularization)
    before, batch = made.values(), batch_of(people, rounds, seed=5)
    model = fantasies(before, batch, people)
    assert model != people
    rate = 0.5
    train(made, OneStep(batch), Settings(epochs=1, learning_rate=rate, optimizer="sgd"))
    data, drawn = statistics(before, people), statistics(before, model)
    steps = {name: data[name] - drawn[name] for name in before}
    for person in [*people, *model]:
        for item, k in person.items():
            if k >= 0:
                place = item * LEVELS + k
                steps["W"][place] -= 0.5 * regularization * before["W"][place] / len(people)
            if conditional:
                steps["D"][item] -= 0.5 * regularization * before["D"][item] / len(people)
    for name, after in made.values().items():
        np.testing.assert_allclose(after, before[name] + rate * steps[name], atol=2e-6, err_msg=name)


def test_learning_raises_the_exact_likelihood() -> None:
    """Three items, 27 ways to rate them; mostly the third is rated as the first, and the second the other way."""
    rng, items = RNG(0), 3
    first = rng.integers(0, LEVELS, 400)
    noise = rng.integers(0, LEVELS, (400, items))
    levels = np.where(rng.random((400, items)) < 0.1, noise, np.stack([first, LEVELS - 1 - first, first], axis=1))
    made = BoltzmannNetwork(n_items=items, ratings=RATINGS, factors=4)
    every = np.array(list(itertools.product(range(LEVELS), repeat=items)))

    def likelihood() -> float:
        w = made.values()
        places = np.arange(items) * LEVELS

        def minus_free_energy(rows: Any) -> Any:
            units = rows + places
            return w["b"][units].sum(1) + np.logaddexp(0, w["c"] + w["W"][units].sum(1)).sum(1)

        return float(np.mean(minus_free_energy(levels)) - np.log(np.exp(minus_free_energy(every)).sum()))

    rows = np.repeat(np.arange(400), items), np.tile(np.arange(items), 400)
    data = sparse.csr_array((levels.ravel().astype(np.float32), rows), shape=(400, items))
    start = likelihood()
    feed = BoltzmannFeed(data, batch_size=40, levels=LEVELS, factors=4, rounds=(1, 1, 3))
    train(made, feed, Settings(epochs=60, learning_rate=0.05))
    counts = np.stack([(levels == k).mean(0) for k in range(LEVELS)])
    independent = float(np.sum(counts * np.log(counts)))
    best = np.unique(levels, axis=0, return_counts=True)[1] / 400
    entropy = float(np.sum(best * np.log(best)))
    assert start < independent
    assert likelihood() > independent + 0.8 * (entropy - independent)


def ratings_of(seed: int = 0, users: int = 30, items: int = 12) -> lt.Interactions:
    rng = RNG(seed)
    met = rng.random((users, items)) < 0.6
    u, i = np.nonzero(met)
    values = np.where((u + i) % 2 == 0, 4.5, 1.5) + rng.choice([-0.5, 0.0, 0.5], len(u))
    return lt.Interactions.from_frame({"user": u, "item": i, "rating": values})


def test_half_stars_are_levels_and_other_ratings_count_as_the_nearest() -> None:
    model = lt.RBM(factors=4, epochs=2).fit(ratings_of())
    assert model.levels_.tolist() == [1.0, 1.5, 2.0, 4.0, 4.5, 5.0]
    near, same = model.predict_for({3: 4.4}, [5]), model.predict_for({3: 4.5}, [5])
    assert near == same != model.predict_for({3: 4.0}, [5])


def test_exact_predictions_for_many_are_made_a_few_people_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = lt.RBM(factors=4, epochs=3, prediction="exact").fit(ratings_of())
    inputs, sizes, plain = model._inputs(model.histories_), [], model._answers
    whole = plain({"inputs": inputs})

    def answers_of(batch: Any) -> Any:
        sizes.append(len(batch["inputs"]))
        return plain(batch)

    monkeypatch.setattr(model, "_answers", answers_of)
    monkeypatch.setattr(boltzmann, "CELLS", 5 * model.weights_["W"].size)
    np.testing.assert_allclose(model._score_histories(model.histories_), whole, rtol=1e-5)
    assert sizes == [4] * 7 + [2]


def test_many_values_make_groups_of_like_size() -> None:
    levels, edges = levels_of(RNG(0).normal(size=1000).astype(np.float32), most=4)
    values = RNG(0).normal(size=1000).astype(np.float32)
    counts = np.bincount(np.searchsorted(edges, values))
    assert len(levels) == 4
    assert np.all(np.abs(counts - 250) <= 1)
    assert np.all(np.diff(levels) > 0)


def test_the_first_biases_are_the_counts_of_each_item() -> None:
    data = ratings_of()
    model = lt.RBM(factors=4, epochs=1, learning_rate=0.0).fit(data)
    b = np.exp(model.weights_["b"].reshape(12, 6))
    np.testing.assert_allclose(b.sum(1), 1.0, rtol=1e-5)
    shares = (np.unique(data.values, return_counts=True)[1] + 1) / (len(data) + 6)
    mine = data.values[data.items == 7]
    expected = ((mine[:, None] == model.levels_).sum(0) + 5 * shares) / (len(mine) + 5)
    np.testing.assert_allclose(b[7], expected, rtol=1e-4)


def test_rounds_of_sampling_grow_over_the_epochs() -> None:
    rows = sparse.csr_array(np.ones((5, 3), dtype=np.float32))
    feed = BoltzmannFeed(rows, batch_size=2, levels=2, factors=3, rounds=(1, 2, 5))
    seen = [int(next(feed.epoch(RNG(0)))["gibbs"][0]) for _ in range(4)]
    assert seen == [1, 2, 5, 5]


def test_what_is_only_viewed_counts_without_its_ratings() -> None:
    data = ratings_of()
    train_rows = RNG(1).random(len(data)) < 0.7
    train_part, rest = data.take(train_rows), data.take(~train_rows)
    made = {"factors": 4, "epochs": 5, "batch_size": 10, "learning_rate": 0.01}
    alone = lt.ConditionalRBM(**made).fit(train_part)
    told = lt.ConditionalRBM(**made).fit(train_part, viewed=rest)
    lies = lt.Interactions(
        users=rest.users, items=rest.items, values=np.ones_like(rest.values),
        user_ids=rest.user_ids, item_ids=rest.item_ids, feedback="implicit",
    )  # fmt: skip
    again = lt.ConditionalRBM(**made).fit(train_part, viewed=lies)
    pairs = data.user_ids.values[rest.users], data.item_ids.values[rest.items]
    assert alone.viewed_.nnz == 0
    assert told.viewed_.nnz == len(rest)
    np.testing.assert_array_equal(told.predict(*pairs), again.predict(*pairs))
    assert np.abs(told.predict(*pairs) - alone.predict(*pairs)).max() > 1e-4
    assert lt.ConditionalRBM(**made).fit(train_part, viewed=train_part).viewed_.nnz == 0
    stranger = lt.Interactions.from_frame({"user": [0], "item": [99], "rating": [3.0]})
    with pytest.raises(UnknownIdError):
        lt.ConditionalRBM(**made).fit(train_part, viewed=stranger)


def test_patience_stops_and_keeps_the_best() -> None:
    model = lt.RBM(factors=8, epochs=300, batch_size=10, learning_rate=0.05, patience=3).fit(ratings_of())
    scores = [epoch["score"] for epoch in model.training_]
    assert len(scores) < 300
    assert len(scores) - 1 - int(np.argmax(scores)) == 3


def test_patience_scores_with_what_is_only_viewed_and_without_what_is_held_out() -> None:
    data = ratings_of()
    train_rows = RNG(1).random(len(data)) < 0.7
    known, rest = data.take(train_rows), data.take(~train_rows)
    model = lt.ConditionalRBM(factors=4, epochs=1, batch_size=10, learning_rate=0.1, patience=1)
    w = model.fit(known, viewed=rest).weights_
    out = hold_out_rows(len(known), seed=0)
    errors = []
    for user, item, value in zip(known.users[out], known.items[out], known.values[out], strict=True):
        left = ~out & (known.users == user)
        units = known.items[left] * len(model.levels_) + np.searchsorted(model.edges_, known.values[left])
        seen = np.concatenate([known.items[left], rest.items[rest.users == user]])
        h = 1 / (1 + np.exp(-(w["c"] + w["W"][units].sum(0) + w["D"][seen].sum(0))))
        own = slice(item * len(model.levels_), (item + 1) * len(model.levels_))
        chances = np.exp(w["b"][own] + w["W"][own] @ h)
        errors.append(chances @ model.levels_ / chances.sum() - value)
    assert np.abs(w["D"]).max() > 0.05
    assert model.training_[0]["score"] == pytest.approx(-np.sqrt(np.mean(np.square(errors))), rel=3e-5)


@pytest.mark.parametrize("n", [1, 7, 100, 103])
def test_even_batches_hold_everyone_once_and_fill_up_less(n: int) -> None:
    rng = RNG(n)
    lengths = np.minimum(rng.geometric(0.05, n), 200)
    items = np.concatenate([np.sort(rng.choice(200, size, replace=False)) for size in lengths])
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    rows = sparse.csr_array((np.arange(len(items), dtype=np.float32), items, indptr), shape=(n, 200))
    size = min(10, n)
    even, plain = HistoryFeed(rows, size, even=True), HistoryFeed(rows, size)
    chunks = list(even.epoch(rng))
    here = np.concatenate([chunk["weight"].ravel() for chunk in chunks]) > 0
    assert sorted(np.concatenate([chunk["person"].ravel() for chunk in chunks])[here].tolist()) == list(range(n))
    real = np.concatenate([chunk["value"][chunk["row"] < size] for chunk in chunks])
    np.testing.assert_array_equal(np.sort(real), rows.data)
    assert even.capacity <= plain.capacity
    assert even.capacity <= len(items) / even.steps + lengths.max() + size
    if n == 100:
        first, second = (next(even.epoch(RNG(seed)))["person"] for seed in (1, 2))
        assert not np.array_equal(first, second)
