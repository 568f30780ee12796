"""A representative few networks on TensorFlow and PyTorch: the whole contract, and the same numbers as on JAX.

Each backend has a process of its own, for Keras takes one at its first import. A backend that is not installed is
skipped with the reason; `make check EXTRAS=dev,backends` installs them.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAM = Path(__file__).parent / "tools" / "on_backend.py"
SOURCE = Path(__file__).parents[1] / "src"
CONTRACT = ("mult-dae", "neumf", "sasrec", "deepfm")
SAME = ("mult-dae", "neumf", "sasrec", "fpmc")


@functools.cache
def told(backend: str, *arguments: str) -> dict[str, Any]:
    """What the program says on a backend, one thread: thousands of small steps gain nothing by more."""
    environment = os.environ | {
        "KERAS_BACKEND": backend, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, check=False, env=environment
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def on(backend: str, *arguments: str) -> dict[str, Any]:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    return told(backend, *arguments)


@pytest.mark.parametrize("name", CONTRACT)
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_the_contract_is_kept(backend: str, name: str) -> None:
    found = on(backend, "--contract", name)[name]
    assert found["cases"] > 30
    assert not found["failures"], "\n".join(found["failures"])


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_losses_and_answers_are_those_on_jax(backend: str, name: str) -> None:
    found, expected = on(backend, *SAME)[name], on("jax", *SAME)[name]
    assert len(expected["losses"]) == 3
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-4)
    np.testing.assert_allclose(found["scores"], expected["scores"], rtol=1e-3, atol=1e-4)
