"""Choose the hyperparameters of `translation.py`, inside the training parts alone.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/translation.py --seconds 300 --json translation-sweep.json
```

Data sets and models take turns. The first trial of each has the defaults, the others are drawn at random. Every
finished trial is appended to the file; a run with the same file goes on where the last one stopped. Films are judged
by NDCG@10, clicks by MRR@20.
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

import translation
from longtail import params

MODELS = ("transrec", "fpmc")


def main() -> None:
    """Trials until the time is up, then the best of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    parser.add_argument("--data", nargs="*", default=translation.DATA, choices=translation.DATA)
    parser.add_argument("--models", nargs="*", default=MODELS)
    chosen = parser.parse_args()
    began, asked = time.perf_counter(), {name: translation.asked(name, validation=True) for name in chosen.data}
    kept: list[dict[str, Any]] = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    turns = [(data, model) for data in chosen.data for model in chosen.models]
    trial = len(kept)
    while time.perf_counter() - began < chosen.seconds:
        data, model = turns[trial % len(turns)]
        given = drawn(model, data, np.random.default_rng([trial, 11])) if trial >= len(turns) else {}
        spec = model + "".join(f"{',' if n else ':'}{k}={params.written(v)}" for n, (k, v) in enumerate(given.items()))
        kept.append(translation.measured(data, spec, *asked[data], seeds=1))
        print(json.dumps({key: kept[-1][key] for key in ("data", "model", "hit_rate", "ndcg", "mrr")}), flush=True)
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        trial += 1
    for data, model in turns:
        own = [run for run in kept if run["data"] == data and run["model"].partition(":")[0] == model]
        if own:
            judge = "mrr" if data == "yoochoose" else "ndcg"
            best = max(own, key=lambda run: run[judge])
            print(f"{data}: {judge} {best[judge]:.4f} of {len(own)} trials: {best['model']}")


def drawn(model: str, data: str, rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a trial."""

    def between(low: float, high: float) -> float:
        return float(f"{10 ** rng.uniform(np.log10(low), np.log10(high)):.2g}")

    films = data != "yoochoose"
    found: dict[str, Any] = {
        "factors": int(rng.choice([32, 64, 128, 200])),
        "epochs": int(rng.choice([10, 20, 40])),
        "negatives": int(rng.choice([1, 8, 32, 64])),
        "learning_rate": between(2e-3, 2e-2),
        "regularization": between(1e-6, 1e-2),
        "exponent": float(rng.choice([0.0, 0.25, 0.5, 0.75])),
        "personal": films or bool(rng.random() < 0.25),
        "against": str(rng.choice(["unmet", "others"])),
    }
    if found["personal"]:
        found["user_regularization"] = between(1e-4, 1.0)
    if model == "transrec":
        found |= {"radius": between(1.0, 10.0), "distance": "l2"}
    else:
        found["basket"] = int(rng.choice([1, 2, 3, 5]))
    return found


if __name__ == "__main__":
    main()
