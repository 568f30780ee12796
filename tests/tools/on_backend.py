"""A few networks on the backend named by KERAS_BACKEND, as JSON: which cases of the contract fail, what is learned.

KERAS_BACKEND=torch python tests/tools/on_backend.py
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any
from unittest import SkipTest

import longtail as lt
import longtail.testing

NETWORKS: dict[str, dict[str, Any]] = {
    "mult-dae": {"batch_size": 64, "epochs": 40, "learning_rate": 0.05},
    "neumf": {"batch_size": 512, "epochs": 15, "learning_rate": 0.05},
    "sasrec": {"batch_size": 64, "epochs": 60, "learning_rate": 0.02},
    "deepfm": {"batch_size": 512, "epochs": 30, "learning_rate": 0.05},
}
"""A representative few, with hyperparameters on top of those of the contract suite, for few steps."""


def learned(name: str) -> dict[str, Any]:
    """Losses of a short training, and the scores of lists."""
    data = lt.datasets.synthetic(users=50, items=40, ratings=900, seed=2)
    known: dict[str, Any] = {"epochs": 3, "batch_size": 32, "learning_rate": 0.05, "factors": 8, "seed": 5}
    # Adam moves rows that a step does not read, too, where tables are updated whole; and it makes much of rounding.
    known["optimizer"] = "sgd"
    model = lt.make(name, **known).fit(data)
    lists = model.recommend(n=5)
    return {"losses": [epoch["loss"] for epoch in model.training_], "scores": lists.scores.ravel().tolist()}


def failures(name: str) -> tuple[list[str], int]:
    """Cases of the contract that fail, each with its error, and how many cases there are."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from test_contract import EXEMPT, SMALL

    chosen = SMALL[name] | NETWORKS[name]
    cases = longtail.testing.cases(
        [name], exempt={name: EXEMPT[name]} if name in EXEMPT else {}, hyperparameters={name: chosen}
    )
    found = []
    for case in cases:
        try:
            case()
        except SkipTest:
            continue
        except Exception:
            found.append(f"{case}: {traceback.format_exc(limit=-3)}")
    return found, len(cases)


def main() -> None:
    told: dict[str, Any] = {}
    for name in [argument for argument in sys.argv[1:] if argument != "--contract"]:
        if "--contract" in sys.argv:
            failed, n = failures(name)
            told[name] = {"failures": failed, "cases": n}
        else:
            told[name] = learned(name)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
