"""Choose the hyperparameters of `lightgcn` on MovieLens 100K, inside the training part of `ranking.py`.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/graphs.py --seconds 120 --json graphs-sweep.json
```

The training part is the one of the protocol `per-item`; a fifth of its rows, drawn at random, is left out to score
with. The first trial are the defaults, the others are drawn at random around them. Every finished trial is appended to
the file, with its NDCG@10; a run with the same file goes on where the last one stopped. Rows of the test part are not
read.
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


def main() -> None:
    """Trials until the time is up, then the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    chosen = parser.parse_args()
    began = time.perf_counter()
    train, _ = ranking.PROTOCOLS["per-item"](lt.datasets.movielens("100k"))
    learned, asked = lt.splits.random_holdout(train, 0.2, seed=1)
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    while time.perf_counter() - began < chosen.seconds:
        given = drawn(np.random.default_rng([len(kept), 13])) if kept else {}
        started = time.perf_counter()
        model = lt.make("lightgcn", **given).fit(learned)
        ndcg = float(lt.metrics.ndcg(model.recommend(asked.users_present(), n=10), asked))
        seconds = round(time.perf_counter() - started, 1)
        kept.append({"model": "lightgcn", "parameters": given, "ndcg": round(ndcg, 5), "seconds": seconds})
        print(json.dumps(kept[-1]), flush=True)
        chosen.json.write_text("[\n" + ",\n".join(map(json.dumps, kept)) + "\n]\n", encoding="utf-8")
    best = max(kept, key=lambda run: run["ndcg"])
    print(f"{best['ndcg']:.5f}, best of {len(kept)} trials: {best['parameters']}")


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a trial; few sizes, so that few programs are compiled."""
    return {
        "factors": int(rng.choice([128, 256])),
        "layers": int(rng.choice([2, 3, 4])),
        "epochs": int(rng.choice([30, 40, 60, 100])),
        "batch_size": int(rng.choice([1024, 4096])),
        "learning_rate": _between(rng, 5e-3, 0.04),
        "regularization": _between(rng, 5e-4, 5e-3),
        "schedule": str(rng.choice(["constant", "cosine"])),
    }


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.2g}")


if __name__ == "__main__":
    main()
