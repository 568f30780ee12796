"""The tuner must never see a test file: here there is none to open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def test_a_study_needs_only_the_training_files(tmp_path: Path, rng: np.random.Generator) -> None:
    folds = tmp_path / "ml-100k"
    folds.mkdir()
    for fold in range(1, 6):
        pairs = rng.permutation(400)[:200]
        rows = [f"{pair // 20}\t{pair % 20}\t{rng.integers(1, 6)}\t0" for pair in pairs]
        (folds / f"u{fold}.base").write_text("\n".join(rows) + "\n")
    study = tmp_path / "study.json"
    command = [sys.executable, "benchmarks/tune.py", "popular", "--trials", "4", "--output", str(study)]
    environment = {**os.environ, "LONGTAIL_DATA": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([*command, "--space", "damping=0.1:100:log"], cwd=ROOT, env=environment, check=True)
    found = json.loads(study.read_text())
    complete = [trial for trial in found["trials"] if trial["rmse"] is not None]
    assert len(found["trials"]) == 4
    assert found["trials"][0]["parameters"] == {"damping": 5.0}
    assert found["best"]["rmse"] == min(trial["rmse"] for trial in complete)
    assert found["best"]["rmse"] == round(float(np.mean(found["best"]["folds"])), 6)
    assert sorted(found["data"]) == [f"u{fold}.base" for fold in range(1, 6)]
