"""The benchmark's arithmetic and its meter; what it measures is for `make bench` to say."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from longtail.data.synthetic import synthetic

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_run", BENCHMARKS / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured(fit: float, predict: float, above: int, rmse: float | None = None) -> dict[str, Any]:
    phases = {"fit": fit, "predict": predict}
    return {"cpu": phases, "wall": phases, "memory": {"peak": above + 100, "above": above}, "rmse": rmse}


def test_ratios_are_medians_of_rounds(bench: ModuleType) -> None:
    peer = [measured(1.0, 1.0, 100, 0.9), measured(3.0, 1.0, 300, 0.9), measured(8.0, 1.0, 200, 0.9)]
    ours = [measured(0.5, 0.5, 50, 0.8), measured(0.5, 0.5, 30, 0.8), measured(0.5, 0.5, 100, 0.8)]
    row = bench.summary("svd", {"ours": ours, "peer": peer})
    assert row["cpu"] == {"peer": 4.0, "ours": 1.0, "ratio": 4.0}
    assert row["memory"] == {"peer": 200, "ours": 50, "ratio": 2.0}
    assert row["peak"] == {"ours": 150, "peer": 300}
    assert row["rmse"] == {"ours": 0.8, "peer": 0.9}


def test_without_movielens_the_world_is_generated(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LONGTAIL_DATA", str(tmp_path))
    monkeypatch.setattr(
        bench.lt.datasets, "synthetic", lambda **size: synthetic(users=40, items=30, ratings=300, seed=0)
    )
    train, test = bench.write_files("u1", tmp_path, quick=False)
    assert len(train.read_text().splitlines()) + len(test.read_text().splitlines()) == 300
    assert "using a generated world of 943 users and 1682 items" in capsys.readouterr().out
    whole, nothing = bench.write_files("bakeoff", tmp_path, quick=True)
    assert 0 < len(whole.read_text().splitlines()) < 300
    assert nothing.read_text() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak can be forgotten only on Linux")
def test_the_meter_counts_what_comes_after_it() -> None:
    code = (
        "from measure import Meter\n"
        "b = bytearray(200 * 2**20); b[::4096] = b'x' * len(b[::4096]); del b\n"
        "meter = Meter()\n"
        "with meter.phase('work'):\n"
        "    b = bytearray(64 * 2**20); b[::4096] = b'x' * len(b[::4096])\n"
        "meter.report(found=1)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, capture_output=True, text=True, check=True)
    report = json.loads(run.stdout)
    assert 64 <= report["memory"]["above"] / 2**20 < 80
    assert report["found"] == 1
    assert set(report["cpu"]) == set(report["wall"]) == {"work"}


def test_an_unknown_task_is_named() -> None:
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--tasks", "svdd", "--peer", sys.executable]
    environment = {"PYTHONPATH": str(BENCHMARKS.parent / "src")}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 2
    assert "no task svdd; choose from svd, svdpp, top10" in run.stderr
