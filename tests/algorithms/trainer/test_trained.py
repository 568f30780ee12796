"""Weights in a recommender: kept, saved, refused where they do not fit; and what it takes to learn them."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail import params
from longtail.algorithms.deep.mult_dae import DenoisingNetwork
from longtail.algorithms.trainer import Trained
from longtail.errors import ArtifactError, ConfigError

SOURCE = Path(__file__).parents[3] / "src"


@pytest.fixture(scope="module")
def blocks() -> lt.Interactions:
    rows = [(u, i) for u in range(40) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
    users, items = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": users, "item": items})


def small(**options: Any) -> Any:
    return lt.MultDAE(**({"factors": 6, "epochs": 5, "batch_size": 16, "learning_rate": 0.01} | options))


def test_weights_are_arrays_by_name_and_training_is_told(blocks) -> None:
    model = small().fit(blocks)
    shapes = {name: array.shape for name, array in model.weights_.items()}
    assert shapes == {
        "encode.0/kernel": (20, 6),
        "encode.0/bias": (6,),
        "decode.0/kernel": (6, 20),
        "decode.0/bias": (20,),
    }
    assert {array.dtype for array in model.weights_.values()} == {np.dtype(np.float32)}
    assert [epoch["epoch"] for epoch in model.training_] == [1, 2, 3, 4, 5]
    losses = [epoch["loss"] for epoch in model.training_]
    assert losses[-1] < losses[0]
    assert model.interrupted_ is False
    assert model.report.epochs[0]["seconds"] > 0


SHARED = [
    (name, choice)
    for name, hint in typing.get_type_hints(Trained).items()
    for choice in params.choices(hint)
    if name in {field.name for field in dataclasses.fields(Trained) if field.metadata.get("shared")}
]
"""The choices that the contract suite leaves to this file."""


@pytest.mark.parametrize(("name", "choice"), SHARED)
def test_every_choice_of_how_to_train_learns(blocks, name, choice) -> None:
    """Whom it is shown, it learns: the even items for those of the even."""
    model = small(**{"epochs": 80, "dropout": 0.0, "learning_rate": 0.05} | {name: choice}).fit(blocks)
    liked = [item % 2 == user % 2 for user in range(40) for item in model.recommend([user], n=2).of(user)]
    assert np.mean(liked) > 0.9


def test_the_shared_choices_are_those_of_how_to_train() -> None:
    assert {name for name, _ in SHARED} == {"optimizer", "schedule", "precision"}


def test_a_network_keeps_only_what_it_learned(blocks) -> None:
    network = DenoisingNetwork(n_items=20, hidden=(), factors=6, noise=0.5, regularization=0.0)
    assert set(network.values()) == set(small().fit(blocks).weights_)


def test_weights_come_back_from_an_artifact(blocks, tmp_path) -> None:
    model = small().fit(blocks)
    model.save(tmp_path / "model")
    again = lt.load(tmp_path / "model")
    assert set(again.weights_) == set(model.weights_)
    for name, array in model.weights_.items():
        np.testing.assert_array_equal(again.weights_[name], array)
    assert again.training_ == model.training_
    assert again.report is None
    np.testing.assert_array_equal(again.recommend(n=5).items, model.recommend(n=5).items)


def test_a_damaged_file_of_weights_is_refused_in_a_line(blocks, tmp_path) -> None:
    small().fit(blocks).save(tmp_path / "model")
    path = tmp_path / "model" / "arrays.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ArtifactError) as caught:
        lt.load(tmp_path / "model")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "weights",
    [{"encode.0/kernel": np.zeros((20, 5), np.float32)}, {"decode.0/bias": None}, {"more": np.zeros(1, np.float32)}],
    ids=["another shape", "one less", "one more"],
)
def test_weights_of_another_network_are_refused_in_a_line(blocks, weights) -> None:
    model = small().fit(blocks)
    model.weights_ = {name: array for name, array in (model.weights_ | weights).items() if array is not None}
    with pytest.raises(ConfigError, match="DenoisingNetwork: these are not the weights of this network") as caught:
        model.recommend(n=3)
    assert "\n" not in str(caught.value)


def test_the_same_seed_gives_the_same_weights_and_another_one_others(blocks) -> None:
    first, again, other = (small(seed=seed).fit(blocks).weights_ for seed in (1, 1, 2))
    for name, array in first.items():
        np.testing.assert_array_equal(again[name], array)
        assert not np.allclose(other[name], array)


def test_mixed_precision_learns_the_same_within_its_rounding(blocks) -> None:
    """bfloat16 keeps 8 bits: about 1 % of a loss, and lists that agree."""
    full, mixed = (small(epochs=40, dropout=0.0, precision=each).fit(blocks) for each in ("float32", "mixed"))
    a, b = (np.array([epoch["loss"] for epoch in model.training_]) for model in (full, mixed))
    np.testing.assert_allclose(b, a, rtol=0.02)
    assert not np.array_equal(a, b)
    assert {array.dtype for array in mixed.weights_.values()} == {np.dtype(np.float32)}
    tops = [[set(model.recommend([user], n=2).of(user)) for user in range(40)] for model in (full, mixed)]
    assert np.mean([len(one & two) / 2 for one, two in zip(*tops, strict=True)]) > 0.9


def test_an_interrupt_keeps_what_is_learned_and_marks_it(blocks, monkeypatch, caplog) -> None:
    from longtail.algorithms.trainer import loop

    plain, asked = loop._epoch, []

    def epoch(*args: Any) -> Any:
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return plain(*args)

    monkeypatch.setattr(loop, "_epoch", epoch)
    model = small().fit(blocks)
    assert model.interrupted_ is True
    assert len(model.training_) == 2
    assert "interrupted after 2 of 5 epochs" in caplog.text
    monkeypatch.setattr(loop, "_epoch", plain)
    for name, array in small(epochs=2).fit(blocks).weights_.items():
        np.testing.assert_array_equal(model.weights_[name], array)


def test_an_interrupt_in_the_first_epoch_leaves_it_unfitted(blocks, monkeypatch) -> None:
    from longtail.algorithms.trainer import loop

    def epoch(*args: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_epoch", epoch)
    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(blocks)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_a_learning_rate_far_too_high_is_said_in_a_line(blocks) -> None:
    with pytest.raises(ConfigError, match=r"learning diverged in epoch \d") as caught:
        small(optimizer="sgd", learning_rate=1e30, epochs=20).fit(blocks)
    assert "\n" not in str(caught.value)


def without(module: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own where a module is not installed."""
    hidden = f"""
import importlib.abc, sys
class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name.partition(".")[0] == {module!r} else found(name, *a)
"""
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", hidden + code], capture_output=True, text=True, check=False,
        env=environment | {"PYTHONPATH": str(SOURCE)},
    )  # fmt: skip


FIT = """
import longtail as lt
from longtail import params
from longtail.algorithms.trainer import Trained
from longtail.errors import MissingExtraError
data = lt.Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 2, 3]})
assert lt.make("mult-dae", factors=8).factors == 8
try:
    lt.make("mult-dae").fit(data)
except MissingExtraError as error:
    print(error)
"""


def test_without_keras_a_fit_says_what_to_install() -> None:
    told = without("keras", FIT)
    assert told.stdout == "keras is not installed; run: pip install 'longtail[deep]'\n", told.stderr


def test_without_any_backend_a_fit_says_what_to_install() -> None:
    told = without("jax", 'import os; os.environ["KERAS_BACKEND"] = "jax"\n' + FIT)
    assert told.stdout == "jax is not installed; run: pip install 'longtail[deep]'\n", told.stderr


def test_the_algorithms_can_be_listed_without_keras() -> None:
    code = 'from longtail.cli import app\napp(["algorithms", "--json"], standalone_mode=False)'
    told = without("keras", code)
    assert "mult-dae" in {entry["name"] for entry in json.loads(told.stdout)}, told.stderr
