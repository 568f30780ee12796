"""Writing a result to a file: complete or not at all, and one clear line when it cannot be."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from longtail.errors import ConfigError, DataError

__all__ = ["write_text"]


def write_text(path: str | Path, text: str) -> Path:
    """Write UTF-8 text beside its target, sync it and rename it into place; a pipe or device is written directly.

    Returns:
        the path written.

    Raises:
        ConfigError: if the folder does not exist, or the path is a folder.
        DataError: if the disk is full or not writable; what stood at `path` is then unchanged.
    """
    target = Path(path)
    if target.is_dir():
        raise ConfigError(f"cannot write {target}: it is a folder; add a file name")
    if not target.parent.is_dir():
        raise ConfigError(f"cannot write {target}: there is no folder {target.parent}; create it first")
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
        else:
            _replace(target.resolve(), text)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def _replace(target: Path, text: str) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
