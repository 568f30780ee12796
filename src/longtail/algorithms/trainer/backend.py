"""Keras, loaded when it is first used, on JAX unless the environment says otherwise."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from longtail.extras import require

__all__ = ["keras", "name"]

_CACHE = "LONGTAIL_JAX_CACHE"


class _Keras:
    """The module `keras`, imported at the first look at one of its names."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_load(), name)


keras: Any = _Keras()
"""Stands for the module `keras`: a module that defines a network can be imported without the extra `deep`."""


def name() -> str:
    """The backend in use: "jax", "tensorflow" or "torch"."""
    return str(keras.backend.backend())


def _load() -> Any:
    """Keras on the backend named by KERAS_BACKEND; else on JAX, or on the first installed that Keras runs on."""
    if "keras" not in sys.modules and "KERAS_BACKEND" not in os.environ:
        installed = (each for each in ("jax", "torch", "tensorflow") if importlib.util.find_spec(each) is not None)
        if importlib.util.find_spec("keras") is None:
            require("keras", extra="deep")  # says what to install
        os.environ["KERAS_BACKEND"] = next(installed, "jax")
    if os.environ.get("KERAS_BACKEND") == "jax":
        require("jax", extra="deep")
    module = require("keras", extra="deep")
    if module.backend.backend() == "jax":
        _keep_compiled()
    return module


def _keep_compiled() -> None:
    """Compiled steps are kept on disk between processes, as Numba's kernels are, unless the user has said where."""
    jax = importlib.import_module("jax")
    if jax.config.jax_compilation_cache_dir is None:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        jax.config.update("jax_compilation_cache_dir", os.environ.get(_CACHE, str(Path(home) / "longtail" / "jax")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
