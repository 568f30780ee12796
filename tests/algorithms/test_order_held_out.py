"""What models of order hold out to stop early by: the last events, which then are no part of any batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.algorithms.trainer import Trained
from longtail.algorithms.trainer.validation import hold_out

pytest.importorskip("jax")

PEOPLE = 40
READ = ("item", "target", "input", "previous", "basket", "next")
MODELS: dict[str, dict[str, Any]] = {
    "gru4rec": {"factors": 4, "negatives": 8},
    "sasrec": {"factors": 4, "length": 4, "layers": 1},
    "bert4rec": {"factors": 4, "length": 4, "layers": 1},
    "transrec": {"factors": 4},
    "fpmc": {"factors": 4, "basket": 2},
}


def log_of(histories: list[list[int]]) -> lt.Interactions:
    rows = [(u, item, k) for u, history in enumerate(histories) for k, item in enumerate(history)]
    users, met, times = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": users, "item": met, "timestamp": times}, duplicates="keep")


@pytest.mark.parametrize("name", MODELS)
def test_what_is_held_out_is_no_part_of_any_batch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody ends with an item of their own."""
    data = log_of([[0, 1 + u % 3, 4, 5, 100 + u] for u in range(PEOPLE)])
    _, held = hold_out(data.sequences.rows(data.n_items), which="last", seed=3)
    lasts = {int(data.item_ids.index([100 + u])[0]) for u in range(PEOPLE)}
    assert set(held.items.tolist()) < lasts
    fed: list[Any] = []

    class CaughtError(Exception):
        pass

    def caught(self: Any, feed: Any, score: Any = None, start: Any = None) -> None:
        fed.append((feed, score))
        raise CaughtError

    monkeypatch.setattr(Trained, "_train", caught)
    with pytest.raises(CaughtError):
        lt.make(name, patience=2, seed=3, **MODELS[name]).fit(data)
    ((feed, score),) = fed
    assert score is not None
    read: set[int] = set()
    for chunk in feed.epoch(np.random.default_rng(0)):
        read |= {int(item) for kind in READ if kind in chunk for item in np.unique(chunk[kind])}
    assert lasts - read == set(held.items.tolist())


@pytest.mark.parametrize("name", ["gru4rec", "sasrec", "bert4rec"])
def test_where_things_come_again_they_count_when_training_stops(name: str) -> None:
    """Everybody does one thing over and over: a list without what was met could never hold what comes."""
    data = log_of([[u % 4] * 5 for u in range(PEOPLE)])
    model = lt.make(name, patience=3, epochs=8, batch_size=8, **MODELS[name]).fit(data)
    assert max(epoch["score"] for epoch in model.training_) > 0
