"""With patience, what is held out is not among what a network learns from, whatever feeds it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.algorithms.trainer import Trained
from longtail.testing import toy_worlds

SMALL: dict[str, dict[str, Any]] = {
    "mult-dae": {"factors": 2},
    "mult-vae": {"factors": 2},
    "cdae": {"factors": 2},
    "neumf": {"factors": 2, "hidden": (4, 2)},
    "two-tower": {"factors": 2},
    "watch-time": {"factors": 2, "hidden": (2,)},
    "lightgcn": {"factors": 2},
    "click-fm": {"factors": 2},
    "rbm": {"factors": 2},
    "conditional-rbm": {"factors": 2},
    "autorec": {"factors": 2},
}
OF_ROWS = ("click-fm", "rbm", "conditional-rbm", "autorec")
"""They hold out a tenth of the rows; the others a row of a tenth of the people."""


@pytest.fixture
def feeds(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What networks are trained on."""
    seen: list[Any] = []
    plain = Trained._train

    def train(self: Any, feed: Any, *more: Any) -> None:
        seen.append(feed)
        plain(self, feed, *more)

    monkeypatch.setattr(Trained, "_train", train)
    return seen


def size(feed: Any) -> int:
    """Events that a feed has to learn from."""
    for name in ("histories", "weights"):
        if hasattr(feed, name):
            return int(getattr(feed, name).nnz)
    return len(next(iter(feed.columns.values())))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("patience", [0, 1])
def test_what_is_held_out_is_not_learned_from(name: str, patience: int, feeds: list[Any]) -> None:
    data = toy_worlds()["explicit" if name in OF_ROWS[1:] else "implicit"].train
    lt.make(name, epochs=1, patience=patience, **SMALL[name]).fit(data)
    able = int(np.sum(data.user_counts >= 2))
    out = round(0.1 * len(data)) if name in OF_ROWS else round(0.1 * able)
    assert out > 1
    assert [size(feed) for feed in feeds] == [len(data) - out * patience]


def test_what_is_held_out_of_impressions_is_not_learned_from(feeds: list[Any]) -> None:
    clicks = lt.Impressions.from_frame({"label": [1, 0] * 50, "hour": [8, 9, 9, 8] * 25})
    lt.ClickLR(epochs=1, patience=1).fit_clicks(clicks)
    assert [size(feed) for feed in feeds] == [90]
