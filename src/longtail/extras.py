"""Optional dependencies that explain themselves when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from longtail.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`, or say which extra of Longtail installs it.

    Examples:
        >>> require("json", extra="serve").__name__
        'json'
        >>> require("no_such_module", extra="deep")
        Traceback (most recent call last):
        ...
        longtail.errors.MissingExtraError: no_such_module is not installed; run: pip install 'longtail[deep]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"{module} is not installed; run: pip install 'longtail[{extra}]'") from error
