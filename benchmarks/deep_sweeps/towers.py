"""Choose the hyperparameters of `neumf` and `two-tower` on MovieLens 100K, inside the training part of `ranking.py`.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/towers.py --seconds 300 --json towers-sweep.json
```

The training part is the one of the protocol `per-item`; a fifth of its rows, drawn at random, is left out to score
with. Models take turns; the first trial of each are its defaults, the others are drawn at random around them. Every
finished trial is appended to the file, with its NDCG@10; a run with the same file goes on where the last one stopped.
Rows of the test part are not read.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import longtail as lt
import ranking
from longtail import params

MODELS = ("two-tower", "neumf")


def main() -> None:
    """Trials until the time is up, then the best of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    chosen = parser.parse_args()
    began = time.perf_counter()
    train, _ = ranking.PROTOCOLS["per-item"](lt.datasets.movielens("100k"))
    learned, asked = lt.splits.random_holdout(train, 0.2, seed=1)
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    trial = len(kept)
    while time.perf_counter() - began < chosen.seconds:
        name, turn = chosen.models[trial % len(chosen.models)], trial // len(chosen.models)
        given = drawn(name, np.random.default_rng([trial, 9])) if turn else {}
        started = time.perf_counter()
        lists = lt.make(name, **given).fit(learned).recommend(asked.users_present(), n=10)
        spec = name + "".join(f"{',' if n else ':'}{k}={params.written(v)}" for n, (k, v) in enumerate(given.items()))
        found = {"model": spec, "ndcg": round(float(lt.metrics.ndcg(lists, asked)), 5)}
        kept.append(found | {"seconds": round(time.perf_counter() - started, 1)})
        print(json.dumps(kept[-1]), flush=True)
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        trial += 1
    for name in chosen.models:
        own = [run for run in kept if run["model"].partition(":")[0] == name]
        if own:
            best = max(own, key=lambda run: run["ndcg"])
            print(f"{best['ndcg']:.5f} of {len(own)} trials: {best['model']}")


def drawn(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a trial."""
    found: dict[str, Any] = {
        "epochs": int(rng.choice([15, 25, 40, 60])),
        "schedule": str(rng.choice(["constant", "cosine"])),
    }
    if name == "neumf":
        size = int(rng.choice([16, 32, 64]))
        return found | {
            "factors": size,
            "hidden": (2 * size, size, size // 2),
            "learning_rate": _between(rng, 5e-4, 5e-3),
            "regularization": _between(rng, 3e-3, 0.1),
            "negatives": int(rng.choice([4, 6, 10])),
            "pretraining": bool(rng.random() < 0.3),
        }
    found |= {
        "factors": int(rng.choice([32, 64, 128, 256])),
        "learning_rate": _between(rng, 2e-3, 1e-2),
        "regularization": _between(rng, 0.03, 0.3),
        "negatives": int(rng.choice([0, 256, 1024])),
        "history": int(rng.choice([50, 100, 200])),
    }
    return found | ({"features": "genres+years"} if rng.random() < 0.5 else {})


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.2g}")


if __name__ == "__main__":
    main()
