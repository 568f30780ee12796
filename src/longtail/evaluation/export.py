"""Writing a result to a file: complete or not at all, and one clear line when it cannot be."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from longtail.errors import ConfigError, DataError

__all__ = ["replacing", "require_writable", "write_text"]


def write_text(path: str | Path, text: str) -> Path:
    """Write UTF-8 text beside its target, sync it and rename it into place; a pipe or device is written directly.

    Returns:
        the path written.

    Raises:
        ConfigError: if the folder does not exist, or the path is a folder.
        DataError: if the disk is full or not writable; what stood at `path` is then unchanged.
    """
    target = Path(path)
    with replacing(target) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="")
    return target


def require_writable(path: str | Path) -> None:
    """Say now, and not after an hour of work, that a file cannot be written.

    Raises:
        ConfigError: if the folder does not exist or is not writable, or the path is a folder.
    """
    target = Path(path)
    if target.is_dir():
        raise ConfigError(f"cannot write {target}: it is a folder; add a file name")
    if not target.parent.is_dir():
        raise ConfigError(f"cannot write {target}: there is no folder {target.parent}; create it first")
    if not (target.exists() and not target.is_file()) and not os.access(target.resolve().parent, os.W_OK | os.X_OK):
        raise ConfigError(f"cannot write {target}: you may not write to the folder {target.parent}")


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A path to write to; when the block ends well, what was written there is synced and takes the place of `path`.

    Raises:
        ConfigError: if the folder does not exist or is not writable, or the path is a folder.
        DataError: if the disk is full or not writable; what stood at `path` is then unchanged.
    """
    target = Path(path)
    require_writable(target)
    device = target.exists() and not target.is_file()
    final = target.resolve()
    fresh = target if device else final.with_name(f".{final.name}.{os.getpid()}.tmp")
    try:
        yield fresh
        if not device:
            _sync(fresh)
            fresh.replace(final)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        if not device:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
