"""The choice of members must never see a test file: here there is none to open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def test_members_are_chosen_on_the_training_files(tmp_path: Path, rng: np.random.Generator) -> None:
    folds, likes = tmp_path / "ml-100k", rng.integers(1, 6, 20)
    folds.mkdir()
    for fold in range(1, 3):
        pairs = rng.permutation(400)[:300]
        rows = [f"{pair // 20}\t{pair % 20}\t{likes[pair % 20]}\t0" for pair in pairs]
        (folds / f"u{fold}.base").write_text("\n".join(rows) + "\n")
    output = tmp_path / "steps.json"
    command = [sys.executable, "benchmarks/choose_members.py", "random", "bias", "--folds", "1", "2", "--parts", "2"]
    environment = {**os.environ, "LONGTAIL_DATA": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([*command, "--json", str(output)], cwd=ROOT, env=environment, check=True)
    steps = json.loads(output.read_text())["steps"]
    assert steps[0]["added"] == "bias"
    assert steps[0]["rmse"] < 0.3
    assert len(steps[0]["folds"]) == 2
