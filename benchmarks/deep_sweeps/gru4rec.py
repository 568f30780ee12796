"""Choose the hyperparameters of `gru4rec` on yoochoose-100k, by the validation part of its training data.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/gru4rec.py --seconds 300 --json gru4rec-sweep.json
```

It learns from `train_tr` and asks `train_valid`, as `benchmarks/gru4rec.py` learns and asks, and ranks by MRR@20. The
first trials are the two settings of the authors, the others are drawn at random around them. Every finished trial is
appended to the file; a run with the same file goes on where the last one stopped. Test data are not read.
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

import gru4rec
import longtail as lt


def main() -> None:
    """Trials until the time is up, then the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    chosen = parser.parse_args()
    began = time.perf_counter()
    train, prefixes, following = gru4rec.asked("train_tr", "train_valid")
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    first = [gru4rec.SETTINGS[name] for name in ("authors", "authors, BPR-max")]
    while time.perf_counter() - began < chosen.seconds:
        trial = len(kept)
        given = first[trial] if trial < len(first) else drawn(np.random.default_rng([trial, 3]))
        started = time.perf_counter()
        figures = gru4rec.figures_of(lt.GRU4Rec(**given).fit(train), prefixes, following)
        kept.append({"hyperparameters": given, **figures, "seconds": round(time.perf_counter() - started, 1)})
        print(json.dumps(kept[-1]), flush=True)
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    best = max(kept, key=lambda run: run["mrr@20"])
    print(f"best of {len(kept)}: {json.dumps(best)}")


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a trial. Few sizes, because a new size is compiled anew."""
    found: dict[str, Any] = {
        "factors": int(rng.choice([100, 200, 400])),
        "batch_size": int(rng.choice([32, 64])),
        "learning_rate": round(float(np.exp(rng.uniform(np.log(0.05), np.log(0.3)))), 3),
        "momentum": round(float(rng.uniform(0.0, 0.6)), 2),
        "dropout": round(float(rng.uniform(0.2, 0.6)), 2),
        "embedding_dropout": float(rng.choice([0.0, 0.2, 0.4])),
        "popularity_exponent": float(rng.choice([0.3, 0.5, 0.75])),
        "epochs": int(rng.choice([7, 10, 15])),
    }
    if rng.random() < 0.3:
        found |= {"loss": "bpr-max", "regularization": round(float(rng.uniform(0.3, 1.5)), 2)}
        found["learning_rate"] = round(found["learning_rate"] / 3, 3)
    return found


if __name__ == "__main__":
    main()
