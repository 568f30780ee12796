"""The tables of the pages with results are the recorded figures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_shows_what_is_recorded() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "results_page.py"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr or "a page is out of date: run benchmarks/results_page.py"


def test_every_script_stands_in_the_index() -> None:
    index = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    scripts = [path.name for path in (ROOT / "benchmarks").glob("*.py")]
    assert scripts
    assert [
        name
        for name in scripts
        if f"`{name}`" not in index and not name.endswith(("_peer.py", "_ours.py", "_tasks.py"))
    ] == []
