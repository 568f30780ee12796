"""The tuner must never see a test file: here there is none to open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    folds = tmp_path / "ml-100k"
    folds.mkdir()
    for fold in range(1, 6):
        pairs = rng.permutation(400)[:200]
        rows = [f"{pair // 20}\t{pair % 20}\t{rng.integers(1, 6)}\t0" for pair in pairs]
        (folds / f"u{fold}.base").write_text("\n".join(rows) + "\n")
    return tmp_path


def tune(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/tune.py", *arguments]
    environment = {**os.environ, "LONGTAIL_DATA": str(folder), "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("metric", "better"), [("rmse", min), ("ndcg", max)])
def test_a_study_needs_only_the_training_files(folder: Path, metric: str, better: Callable[..., float]) -> None:
    study = folder / "study.json"
    options = ("--metric", metric, "--trials", "4", "--output", str(study), "--space", "damping=0.1:100:log")
    run = tune(folder, "popular", *options)
    assert run.returncode == 0, run.stderr
    found = json.loads(study.read_text())
    complete = [trial for trial in found["trials"] if trial[metric] is not None]
    assert len(found["trials"]) == 4
    assert found["trials"][0]["parameters"] == {"damping": 5.0}
    assert {"seconds", "cpu_seconds"} <= set(found["trials"][0])
    assert found["best"][metric] == better(trial[metric] for trial in complete)
    assert found["best"][metric] == pytest.approx(np.mean(found["best"]["folds"]), abs=2e-6)
    assert len(found["best"]["folds"]) == 5
    assert sorted(found["data"]) == [f"u{fold}.base" for fold in range(1, 6)]
    assert found["metric"] == metric


def test_what_cannot_be_is_one_line(folder: Path) -> None:
    run = tune(folder, "popular", "--space", "dampin=1:2")
    assert run.returncode == 2
    assert "dampin" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("name", ["svd", "bias", "item-knn"])
def test_kept_studies_stay_readable(name: str) -> None:
    study = json.loads((ROOT / "benchmarks" / "studies" / f"{name}.json").read_text())
    metric = study.get("metric", "rmse")
    assert any(trial[metric] is not None and len(trial["folds"]) == 5 for trial in study["trials"])
