"""Choose the hyperparameters of the click-through models of `frappe.py`, on the validation file alone.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/clicks.py --seconds 300 --json clicks-sweep.json
```

Models take turns. The first trial of each are the settings of `frappe.py`, the others are drawn at random around them:
regularization, epochs until the learning rate is 0, number and place of crosses. Every finished trial is appended to
the file, with its AUC on the validation file; a run with the same file goes on where the last one stopped. Nothing is
measured on the test file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import frappe
from longtail import params

DEEP = ("wide-deep", "deepfm", "dcn")


def main() -> None:
    """Trials until the time is up, then the best of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    parser.add_argument("--models", nargs="*", default=list(frappe.CHOSEN))
    chosen = parser.parse_args()
    began = time.perf_counter()
    train, valid, _ = frappe.parts(Path(os.environ.get("LONGTAIL_DATA", "data")) / "frappe")
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    trial = len(kept)
    while time.perf_counter() - began < chosen.seconds:
        name, turn = chosen.models[trial % len(chosen.models)], trial // len(chosen.models)
        given = drawn(name, np.random.default_rng([trial, 5])) if turn else {}
        spec = name + "".join(f"{',' if n else ':'}{k}={params.written(v)}" for n, (k, v) in enumerate(given.items()))
        kept.append(frappe.run(spec, 0, train, valid, valid))
        print(json.dumps(kept[-1]), flush=True)
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        trial += 1
    for name in chosen.models:
        own = [run for run in kept if run["model"].partition(":")[0] == name]
        if own:
            best = max(own, key=lambda run: run["validation_auc"])
            print(f"{best['validation_auc']:.5f} of {len(own)} trials: {best['model']}")


def drawn(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a trial."""
    if name not in DEEP:
        return {"regularization": float(f"{10 ** rng.uniform(-7, -4):.2g}")}
    found: dict[str, Any] = {"regularization": float(f"{10 ** rng.uniform(-2, -0.7):.2g}")}
    found["epochs"] = int(rng.choice([20, 30, 45]))
    if name == "dcn":
        found |= {"crosses": int(rng.integers(1, 6)), "structure": str(rng.choice(["parallel", "stacked"]))}
    return found


if __name__ == "__main__":
    main()
