"""Fixtures every test may use. Tests of real data skip, with the reason, when `LONGTAIL_DATA` names no folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import longtail as lt

# A busy machine is no reason to fail: speed is shown by benchmarks, never by a test.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(42)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets (`LONGTAIL_DATA`)."""
    folder = os.environ.get("LONGTAIL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("LONGTAIL_DATA names no folder of data sets")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def golden(real_data: Path) -> Path:
    """The folder of reference results, beside the data sets."""
    folder = real_data.parent / "golden"
    if not folder.is_dir():
        pytest.skip("no reference results beside LONGTAIL_DATA")
    return folder


@pytest.fixture
def small() -> lt.Interactions:
    """Five users, six items, sixteen ratings: small enough to compute by hand."""
    rows = [
        (1, 10, 5.0), (1, 20, 4.0), (1, 30, 1.0), (2, 10, 4.0), (2, 20, 5.0), (2, 40, 2.0), (3, 30, 5.0), (3, 40, 4.0),
        (3, 50, 4.5), (4, 30, 4.0), (4, 50, 5.0), (4, 10, 1.0), (5, 60, 3.0), (5, 10, 3.5), (5, 20, 4.0), (5, 30, 2.0),
    ]  # fmt: skip
    users, items, ratings = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": list(users), "item": list(items), "rating": list(ratings)})
