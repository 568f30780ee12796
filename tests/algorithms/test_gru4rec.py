"""GRU4Rec beside a derivation in NumPy: candidates in columns, one by one, as the papers write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.algorithms.sequence.gru_network import GRUNetwork
from longtail.algorithms.sequence.lane_feed import LaneFeed, by_first_event
from longtail.algorithms.trainer import Chunk, Settings, train
from longtail.kernels.lanes import pooled
from longtail.types import AnyArray

ITEMS, LANES, WIDTH = 30, 4, 5
FREQUENCY = np.arange(1, ITEMS + 1)[::-1] ** 2
INPUT, TARGET, LIVE = np.array([3, 3, 8, 0]), np.array([8, 4, 3, 0]), np.array([1.0, 1.0, 1.0, 0.0])
CARRIED, DRAWN = np.array([1.0, 0.0, 1.0, 0.0]), np.array([4, 9, 4, 11, 20, 8])
LOG_Q, EXPONENT = 0.8, 0.5


class Steps:
    """A feed of given chunks."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk, self.steps = chunk, len(chunk["live"])

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        yield self.chunk


def sigmoid(x: AnyArray) -> AnyArray:
    return 1.0 / (1.0 + np.exp(-x))


def gru(x: AnyArray, h: AnyArray, read: AnyArray | None, carry: AnyArray, b: AnyArray, c: AnyArray) -> AnyArray:
    """One layer; `read` None where x is already what the gates are given."""
    width = h.shape[1]
    given, held = (x if read is None else x @ read) + b, h @ carry + c
    r, z = (sigmoid(given[:, lo : lo + width] + held[:, lo : lo + width]) for lo in (0, width))
    g = np.tanh(given[:, 2 * width :] + r * held[:, 2 * width :])
    return (1 - z) * g + z * h


def layers_of(w: dict[str, AnyArray], x: AnyArray, states: list[AnyArray]) -> list[AnyArray]:
    reached = []
    for n, h in enumerate(states):
        x = gru(x, h, w.get(f"reads.{n}"), w[f"carries.{n}"], w[f"read_biases.{n}"], w[f"carry_biases.{n}"])
        reached.append(x)
    return reached


def plain_loss(w: dict[str, AnyArray], states: list[AnyArray], network: GRUNetwork) -> float:
    """The loss of the step above: a column for the target of each living lane, and one for each item drawn."""
    living = LIVE > 0
    columns = np.concatenate([TARGET[living], DRAWN])
    table = w["vectors"] if network.embedding == "shared" else w["inputs"]
    h = layers_of(w, table[INPUT], [state * CARRIED[:, None] for state in states])[-1][living]
    scores = h @ w["vectors"][columns].T + w["offsets"][columns, 0]
    n, own = len(h), np.arange(int(living.sum()))
    if network.objective == "cross-entropy":
        likely = np.concatenate([FREQUENCY[TARGET[living]], FREQUENCY[DRAWN] ** EXPONENT])
        scores = scores - LOG_Q * np.log(likely)
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return float(-np.log(shares[own, own] + 1e-24).sum() / LANES)
    if network.elu:
        scores = np.where(scores > 0, scores, network.elu * (np.exp(np.minimum(scores, 0)) - 1))
    shares = np.exp(scores)
    shares[own, own] = 0.0
    shares /= shares.sum(axis=1, keepdims=True)
    better = (shares * sigmoid(scores[own, own][:, None] - scores)).sum(axis=1)
    assert n == 3
    return float((-np.log(better + 1e-24) + network.regularization * (shares * scores**2).sum(axis=1)).sum() / LANES)


def chunk_of(network: GRUNetwork) -> Chunk:
    """The step above as the feed would lay it out."""
    log_q = LOG_Q if network.objective == "cross-entropy" else 0.0
    weigh = [(FREQUENCY.astype(np.float64) ** -power).astype(np.float32) for power in (log_q, log_q * EXPONENT)]
    living = LIVE > 0
    read, targets = (np.where(living, given, -1)[None, :] for given in (INPUT, TARGET))
    whole, shared = network.pool == network.n_items, network.embedding == "shared"
    if whole:
        read = np.arange(ITEMS)[None, :]
    elif not shared:
        read = read[:, :0]
    pool, count, place, own = pooled(read, targets, DRAWN[None, :], *weigh, network.pool)
    rows = {
        "live": LIVE[None, :],
        "carried": CARRIED[None, :],
        "likely": (log_q * np.log(FREQUENCY[TARGET]))[None, :],
        "count": count,
        "target": own,
        "input": place if shared and not whole else INPUT[None, :],
    }
    rows |= {} if whole else {"pool": pool}
    return {name: rows[name].astype(np.int32 if name in ("target", "input", "pool") else np.float32) for name in rows}


CASES = [
    ("cross-entropy", "shared", 1, 16, 0.0),
    ("cross-entropy", "shared", 2, ITEMS, 0.0),
    ("cross-entropy", "separate", 1, 12, 0.0),
    ("cross-entropy", "none", 2, 12, 0.0),
    ("bpr-max", "shared", 1, 16, 0.0),
    ("bpr-max", "shared", 1, ITEMS, 0.7),
    ("bpr-max", "separate", 2, 12, 1.0),
    ("bpr-max", "none", 1, ITEMS, 0.5),
]


@pytest.mark.parametrize(("objective", "embedding", "layers", "pool", "elu"), CASES)
def test_loss_and_gradients_are_those_of_the_papers(
    objective: Any, embedding: Any, layers: int, pool: int, elu: float
) -> None:
    """A step of rate 1 down the slope: what the weights lose is their gradient, compared with central differences."""
    network = GRUNetwork(
        n_items=ITEMS, pool=pool, lanes=LANES, factors=WIDTH, layers=layers, embedding=embedding, objective=objective,
        elu=elu, regularization=0.6, dropout_rate=0.0, embedding_dropout=0.0,
    )  # fmt: skip
    rng = np.random.default_rng(3)
    network.assign({name: rng.normal(0, 0.5, v.shape).astype(np.float32) for name, v in network.values().items()})
    states = [rng.normal(0, 0.5, (LANES, WIDTH)).astype(np.float32) for _ in range(layers)]
    for memory, state in zip(network.states, states, strict=True):
        memory.assign(state)
    before = {name: value.astype(np.float64) for name, value in network.values().items()}
    report = train(network, Steps(chunk_of(network)), Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    held = [state.astype(np.float64) for state in states]
    assert report.epochs[0]["loss"] == pytest.approx(plain_loss(before, held, network), abs=1e-5)
    after = network.values()
    for name, value in before.items():
        slope = np.zeros_like(value)
        for place in np.ndindex(*value.shape):
            kept = value[place]
            value[place] = kept + 1e-5
            above = plain_loss(before, held, network)
            value[place] = kept - 1e-5
            slope[place] = (above - plain_loss(before, held, network)) / 2e-5
            value[place] = kept
        np.testing.assert_allclose(value - after[name], slope, atol=2e-5, rtol=1e-4, err_msg=name)
    table = before["vectors"] if embedding == "shared" else before["inputs"]
    reached = layers_of(before, table[INPUT], [state * CARRIED[:, None] for state in held])
    for memory, state in zip(network.states, reached, strict=True):
        np.testing.assert_allclose(np.asarray(memory)[LIVE > 0], state[LIVE > 0], atol=1e-5)


def log_of(sessions: list[list[int]]) -> lt.Interactions:
    rows = [(n, item, 100 * n + at) for n, items in enumerate(sessions) for at, item in enumerate(items)]
    number, item, time = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"session": number, "item": item, "timestamp": time}, duplicates="keep")


def turning(n: int = 60, items: int = 9, length: int = 5) -> lt.Interactions:
    """Sessions of which each item is followed by the next higher one."""
    return log_of([[(start + step) % items for step in range(length)] for start in range(n)])


SMALL: dict[str, Any] = {"factors": 16, "negatives": 12, "dropout": 0.0, "epochs": 15, "batch_size": 8}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"embedding": "separate", "layers": 2, "epochs": 30},
        {"embedding": "none"},
        {"loss": "bpr-max", "regularization": 0.1},
        {"negatives": 0, "log_q": 0.0},
    ],
)
def test_learns_what_comes_next(changes: dict[str, Any]) -> None:
    model = lt.GRU4Rec(**(SMALL | changes)).fit(turning())
    lists = model.recommend_for([[item, (item + 1) % 9] for item in range(9)], n=1)
    assert lists.items[:, 0].tolist() == [(item + 2) % 9 for item in range(9)]
    assert model.training_[-1]["loss"] < model.training_[0]["loss"]


def test_serving_reads_the_history_event_by_event() -> None:
    """States, and with them scores, as a plain loop over each history; alone or among others of other lengths."""
    model = lt.GRU4Rec(**SMALL, layers=2).fit(turning())
    weights = {name: value.astype(np.float64) for name, value in model.weights_.items()}
    histories = [[5, 6, 5], [1], [2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 2, 2], [7, 7, 7, 7, 7], [3, 1]]
    lists = model.recommend_for(histories, n=9, exclude="none")
    for row, history in enumerate(histories):
        states = [np.zeros((1, 16))] * 2
        for item in history:
            states = layers_of(weights, weights["vectors"][[item]], states)
        scores = (states[-1] @ weights["vectors"].T)[0] + weights["offsets"][:, 0]
        np.testing.assert_allclose(lists.scores[row], np.sort(scores)[::-1], atol=1e-4)
        alone = model.recommend_for([history], n=9, exclude="none")
        np.testing.assert_allclose(alone.scores[0], lists.scores[row], atol=1e-5)
    last = lt.GRU4Rec(**SMALL, layers=2, max_length=2).fit(turning())
    short, long = (last.recommend_for([history], n=9, exclude="none") for history in ([6, 5], [0, 4, 6, 5]))
    np.testing.assert_array_equal(short.scores, long.scores)


def test_feed_lays_out_lanes_and_weighs_candidates() -> None:
    log = log_of([[0, 1, 2], [3, 4], [5], [6, 0, 6, 1]])
    sequences = log.sequences.rows(log.n_items)
    feed = LaneFeed(sequences, np.arange(4), 2, 0, 0.0, 1.0, shared=True)
    (chunk,) = feed.epoch(np.random.default_rng(0))
    assert feed.steps == 2  # in a third, one lane would be alone: nothing to tell its target from
    assert feed.pool == 4
    assert np.take_along_axis(chunk["pool"], chunk["input"], axis=1).tolist() == [[0, 3], [1, 6]]
    assert np.take_along_axis(chunk["pool"], chunk["target"], axis=1).tolist() == [[1, 4], [2, 0]]
    assert chunk["carried"].tolist() == [[0, 0], [1, 0]]
    with_draws = LaneFeed(sequences, np.arange(4), 2, 3, 0.5, 1.0, shared=True)
    assert with_draws.steps == 4
    assert with_draws.pool == log.n_items
    (chunk,) = with_draws.epoch(np.random.default_rng(0))
    frequency = np.array([2, 2, 1, 1, 1, 1, 2])
    target = np.zeros(7)
    for item in (1, 4):
        target[item] += 1 / frequency[item]
    rest = (chunk["count"][0] - target) * np.sqrt(frequency)
    np.testing.assert_allclose(rest, np.round(rest), atol=1e-5)
    assert rest.round().sum() == 3
    np.testing.assert_allclose(chunk["likely"][0], np.log(frequency[[1, 4]]), rtol=1e-6)


def test_pool_holds_all_draws_of_a_large_catalogue() -> None:
    rng = np.random.default_rng(0)
    log = log_of(rng.integers(0, 3000, (400, 5)).tolist())
    feed = LaneFeed(log.sequences.rows(log.n_items), np.arange(400), 8, 200, 0.5, 0.0, shared=True)
    assert 8 + 8 + 150 < feed.pool <= 8 + 8 + 200
    for chunk in feed.epoch(rng):
        np.testing.assert_allclose(chunk["count"].sum(axis=1), 200 + chunk["live"].sum(axis=1))
        assert (np.take_along_axis(chunk["count"], chunk["target"], axis=1) >= chunk["live"]).all()


def test_dropout_works_on_what_is_carried() -> None:
    log = turning(8, 9, 3)
    feed = LaneFeed(log.sequences.rows(9), np.arange(8), 8, 0, 0.0, 0.0, shared=True)
    network = GRUNetwork(
        n_items=9, pool=9, lanes=8, factors=50, layers=1, embedding="shared", objective="cross-entropy", elu=0.0,
        regularization=0.0, dropout_rate=0.4, embedding_dropout=0.0,
    )  # fmt: skip
    train(network, feed, Settings(epochs=1, learning_rate=0.1))
    assert 0.3 < np.mean(np.asarray(network.states[0]) == 0.0) < 0.5


def test_sessions_are_taken_in_order_of_their_first_event() -> None:
    rows = {"session": [1, 1, 2, 2, 3], "item": [7, 8, 7, 9, 7], "timestamp": [50, 60, 10, 90, 20]}
    log = lt.Interactions.from_frame(rows, duplicates="keep")
    assert by_first_event(log).tolist() == [1, 2, 0]
    assert by_first_event(dataclasses.replace(log, times=None)).tolist() == [0, 1, 2]


def test_training_walks_sessions_in_that_order(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[Any] = []
    monkeypatch.setattr(lt.GRU4Rec, "_train", lambda self, feed, score: fed.append(feed))
    rows = {"session": [1, 1, 2, 2, 3, 3], "item": [7, 8, 5, 9, 6, 7], "timestamp": [50, 60, 10, 90, 20, 30]}
    log = lt.Interactions.from_frame(rows, duplicates="keep")
    lt.GRU4Rec(factors=2, batch_size=2, negatives=4).fit(log)
    (chunk,) = fed[0].epoch(np.random.default_rng(0))
    assert log.item_ids[chunk["input"][0]].tolist() == [5, 6]


def test_patience_keeps_the_best_epoch() -> None:
    model = lt.GRU4Rec(**SMALL | {"epochs": 60, "patience": 2}).fit(turning())
    scores = [epoch["score"] for epoch in model.training_]
    assert len(scores) < 60
    assert model.report is not None
    assert model.report.best == int(np.argmax(scores)) + 1 == len(scores) - 2
    assert model.recommend_for([[3, 4]], n=1).of(0) == [5]


@pytest.mark.parametrize("objective", ["cross-entropy", "bpr-max"])
def test_a_target_that_is_all_but_impossible_moves_nothing(objective: Any) -> None:
    network = GRUNetwork(
        n_items=ITEMS, pool=ITEMS, lanes=LANES, factors=WIDTH, layers=1, embedding="shared", objective=objective,
        elu=0.0, regularization=0.0, dropout_rate=0.0, embedding_dropout=0.0,
    )  # fmt: skip
    weights = network.values()
    weights["offsets"] = np.full((ITEMS, 1), 90.0, dtype=np.float32)
    weights["offsets"][[3, 4, 8]] = -90.0
    network.assign(weights)
    report = train(network, Steps(chunk_of(network)), Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    assert report.epochs[0]["loss"] == pytest.approx(3 / 4 * 24 * np.log(10), rel=1e-5)
    for name, value in network.values().items():
        np.testing.assert_allclose(value, weights[name], atol=1e-6)
