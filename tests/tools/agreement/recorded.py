"""The figures that `benchmarks/metric_peers.py` recorded, of libraries that are not installed here."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from agreement.views import Figures

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "metrics"


@cache
def record(library: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{library}.json").read_text(encoding="utf-8"))
    return loaded


def figures(library: str, name: str, world: int) -> Figures:
    """What a library said of one world: user -> value, or "all" -> value."""
    kept = record(library)["figures"][name][world]
    return {
        user if user == "all" else int(user): math.nan if value is None else float(value)
        for user, value in kept.items()
    }
