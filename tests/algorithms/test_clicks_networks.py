"""The networks over fields beside derivations in NumPy: answers, losses, and gradients by finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from longtail.algorithms.clicks.dcn import CrossNetwork
from longtail.algorithms.clicks.deepfm import DeepFMNetwork
from longtail.algorithms.clicks.logistic import LogisticNetwork
from longtail.algorithms.clicks.machine import MachineNetwork
from longtail.algorithms.clicks.skeleton import FieldNetwork
from longtail.algorithms.clicks.wide_deep import WideDeepNetwork
from longtail.algorithms.trainer import RowFeed, Settings, answers, train

SLOTS, N_FEATURES, FACTORS, ROWS, CANDIDATES, MET = (1, 2, 1), 9, 3, 6, 2, 4
REGULARIZATION = 0.3
DEEP = {"hidden": (5, 4), "dropout_rate": 0.0, "batch_norm": True}
NETWORKS: dict[str, tuple[type[FieldNetwork], dict[str, Any]]] = {
    "lr": (LogisticNetwork, {}),
    "fm": (MachineNetwork, {}),
    "wide-deep": (WideDeepNetwork, DEEP),
    "deepfm": (DeepFMNetwork, DEEP),
    "dcn parallel": (CrossNetwork, DEEP | {"crosses": 2, "rank": 0, "structure": "parallel"}),
    "dcn stacked": (CrossNetwork, DEEP | {"crosses": 2, "rank": 2, "structure": "stacked"}),
    "dcn alone": (CrossNetwork, DEEP | {"crosses": 2, "rank": 0, "structure": "parallel", "hidden": ()}),
    "plain layers": (WideDeepNetwork, DEEP | {"batch_norm": False}),
}


def network(name: str, history: bool = True) -> FieldNetwork:
    cls, more = NETWORKS[name]
    made = cls(
        slots=SLOTS, n_features=N_FEATURES, factors=FACTORS if cls.has_vectors else 0, history=history,
        regularization=REGULARIZATION, **more,
    )  # fmt: skip
    rng = np.random.default_rng(1)
    made.assign({key: far(key, rng.normal(0.0, 0.5, value.shape)) for key, value in made.values().items()})
    return made


def far(key: str, value: np.ndarray) -> np.ndarray:
    """Values far from those a network starts with; a variance is positive."""
    return (np.abs(value) + 0.5 if "variance" in key else value).astype(np.float32)


def batch(history: bool = True) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    made = {
        "features": rng.integers(0, N_FEATURES, (ROWS, CANDIDATES, sum(SLOTS))).astype(np.int32),
        "amounts": rng.choice([0.0, 0.7, 1.0], (ROWS, CANDIDATES, sum(SLOTS))).astype(np.float32),
        "label": rng.integers(0, 2, (ROWS, CANDIDATES)).astype(np.float32),
        "weight": np.array([1.0, 0.5, 1.0, 2.0, 1.0, 1.0], dtype=np.float32),
    }
    if history:
        made["history"] = rng.integers(0, N_FEATURES, (ROWS, MET)).astype(np.int32)
        made["shares"] = rng.random((ROWS, MET)).astype(np.float32)
    return made


# -- the same in NumPy, a row and a field at a time --------------------------------------------------------------------


def read(values: dict[str, np.ndarray], row: dict[str, np.ndarray], candidate: int) -> tuple[np.ndarray, float]:
    """Vectors of the fields, and what the features add by themselves."""
    fields, alone, place = [], 0.0, 0
    groups = []
    for width in SLOTS:
        groups.append(
            [(row["features"][candidate, s], row["amounts"][candidate, s]) for s in range(place, place + width)]
        )
        place += width
    if "history" in row:
        groups.append(list(zip(row["history"], row["shares"], strict=True)))
    for group in groups:
        if "vectors" in values:
            fields.append(sum(amount * values["vectors"][feature] for feature, amount in group))
        if "weights" in values:
            alone += sum(amount * values["weights"][feature, 0] for feature, amount in group)
    return np.array(fields), alone


def logits(name: str, values: dict[str, np.ndarray], rows: dict[str, np.ndarray], training: bool) -> np.ndarray:
    values = {key: value.astype(np.float64) for key, value in values.items()}
    shape = rows["features"].shape[:2]
    pairs = [({key: value[n] for key, value in rows.items()}, c) for n in range(shape[0]) for c in range(shape[1])]
    both = [read(values, row, candidate) for row, candidate in pairs]
    alone = np.array([each for _, each in both]) + values["bias"][0]
    if name == "lr":
        return alone.reshape(shape)
    fields = np.array([each for each, _ in both])
    x = fields.reshape(len(fields), -1)
    pairwise = np.array([sum(e[i] @ e[j] for i in range(len(e)) for j in range(i)) for e in fields])
    if name == "fm":
        return (alone + pairwise).reshape(shape)
    crossed = x
    for layer in range(2 if name.startswith("dcn") else 0):
        parts = sorted(key for key in values if key.startswith(f"cross.{layer}/kernel"))
        W = values[parts[0]] if len(parts) == 1 else low_rank([values[part] for part in parts])
        crossed = x * (crossed @ W + values[f"cross.{layer}/bias"]) + crossed
    h = crossed if name == "dcn stacked" else x
    for layer in range(0 if name == "dcn alone" else 2):
        h = h @ values[f"layers.{layer}.dense/kernel"] + values[f"layers.{layer}.dense/bias"]
        if f"layers.{layer}.norm/gamma" in values:
            norm = {
                key: values[f"layers.{layer}.norm/{key}"] for key in ("gamma", "beta", "moving_mean", "moving_variance")
            }
            mean, variance = (h.mean(0), h.var(0)) if training else (norm["moving_mean"], norm["moving_variance"])
            h = norm["gamma"] * (h - mean) / np.sqrt(variance + 1e-5) + norm["beta"]
        h = np.maximum(h, 0.0)
    if name == "dcn parallel":
        h = np.concatenate([crossed, h], axis=1)
    if name == "dcn alone":
        h = crossed
    deep = (h @ values["last/kernel"] + values["last/bias"])[:, 0]
    return (alone + deep + (pairwise if name == "deepfm" else 0.0)).reshape(shape)


def low_rank(parts: list[np.ndarray]) -> np.ndarray:
    """Down, then up: the one with few columns first."""
    down, up = sorted(parts, key=lambda part: part.shape[1])
    return down @ up


def loss(name: str, values: dict[str, np.ndarray], rows: dict[str, np.ndarray]) -> float:
    z = logits(name, values, rows, training=True)
    p = 1.0 / (1.0 + np.exp(-z))
    each = -(rows["label"] * np.log(p) + (1 - rows["label"]) * np.log(1 - p)).mean(axis=1)
    squares = sum(np.sum(values[key].astype(np.float64) ** 2) for key in ("weights", "vectors") if key in values)
    return float(np.sum(each * rows["weight"]) / rows["weight"].sum() + 0.5 * REGULARIZATION * squares)


# -- they agree --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("history", [True, False])
def test_answers_are_those_of_the_derivation(name: str, history: bool) -> None:
    net, rows = network(name, history), batch(history)
    single = {key: value[:, :1] if value.ndim == 3 else value for key, value in rows.items() if key != "label"}
    expected = logits(name, net.values(), single, training=False)[:, 0]
    assert answers(net, single) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_history_may_be_given_as_its_vector(name: str) -> None:
    net, rows = network(name), batch()
    single = {key: value[:, :1] if value.ndim == 3 else value for key, value in rows.items() if key != "label"}
    values, bags = net.values(), {}
    for bag, key in (("bag", "vectors"), ("bag_alone", "weights")):
        if key in values:
            bags[bag] = np.einsum("nm,nmf->nf", rows["shares"], values[key][rows["history"]])
    named = {"features": single["features"], "amounts": single["amounts"], **bags}
    assert answers(net, named) == pytest.approx(answers(net, single), abs=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_loss_and_gradients_are_those_of_the_derivation(name: str) -> None:
    net, rows = network(name), batch()
    before = net.values()
    report = train(net, OneBatch(rows), Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    assert report.epochs[0]["loss"] == pytest.approx(loss(name, before, rows), abs=1e-5)
    after = net.values()
    for key, value in before.items():
        if "moving" in key:
            continue
        gradient = differences(lambda changed, key=key: loss(name, {**before, key: changed}, rows), value)
        assert before[key] - after[key] == pytest.approx(gradient, abs=1e-4), key


class OneBatch:
    """An epoch of one step."""

    steps = 1

    def __init__(self, rows: dict[str, np.ndarray]) -> None:
        self.rows = rows

    def epoch(self, rng: np.random.Generator) -> Any:
        yield {key: value[None] for key, value in self.rows.items()}


def differences(function: Callable[[np.ndarray], float], at: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """The gradient by central differences."""
    found = np.zeros(at.shape)
    for place in np.ndindex(*at.shape):
        moved = [at.astype(np.float64) for _ in range(2)]
        moved[0][place] += step
        moved[1][place] -= step
        found[place] = (function(moved[0]) - function(moved[1])) / (2 * step)
    return found


def test_moving_averages_follow_the_batches_and_are_kept() -> None:
    net, rows = network("wide-deep"), batch()
    before = net.values()
    train(net, OneBatch(rows), Settings(epochs=1, learning_rate=0.0, optimizer="sgd"))
    values = {key: value.astype(np.float64) for key, value in before.items()}
    pairs = [({key: value[n] for key, value in rows.items()}, c) for n in range(ROWS) for c in range(CANDIDATES)]
    x = np.array([read(values, row, candidate)[0].ravel() for row, candidate in pairs])
    h = x @ values["layers.0.dense/kernel"] + values["layers.0.dense/bias"]
    for key, seen in (("moving_mean", h.mean(0)), ("moving_variance", h.var(0))):
        name = f"layers.0.norm/{key}"
        assert net.values()[name] == pytest.approx(0.9 * before[name] + 0.1 * seen, abs=1e-5)


def test_features_that_a_step_does_not_read_stay_as_they_are() -> None:
    """With many features a step works on the rows that it reads, the penalty on them included."""
    net = MachineNetwork(slots=(1, 1), n_features=5000, factors=3, history=False, regularization=0.1)
    before = net.values()
    columns = {
        "features": np.array([[[0, 3000]], [[1, 3001]]], dtype=np.int32),
        "amounts": np.ones((2, 1, 2), dtype=np.float32),
        "label": np.array([[1.0], [0.0]], dtype=np.float32),
    }
    train(net, RowFeed(columns, batch_size=2), Settings(epochs=3, learning_rate=0.1))
    changed = np.flatnonzero((net.values()["vectors"] != before["vectors"]).any(axis=1))
    assert changed.tolist() == [0, 1, 3000, 3001]
