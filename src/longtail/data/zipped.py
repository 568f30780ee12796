"""Unpack a zip archive that came from elsewhere: all of it or nothing, and nowhere but where it was told to.

It is unpacked into a temporary directory beside its target, which is renamed at the end. So a directory that is there
is complete: neither an interrupted process nor a full disk leaves half of one.
"""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from longtail.data.download import disk_errors
from longtail.errors import DownloadError

__all__ = ["MAX_BYTES", "MAX_FILES", "MAX_RATIO", "unpack"]

MAX_BYTES = 4 << 30
MAX_FILES = 1_000
MAX_RATIO = 100  # bytes unpacked for each byte packed; text packs to about a tenth
CHUNK_BYTES = 1 << 18


def unpack(archive: Path, target: Path, *, check: Callable[[Path], None] = lambda folder: None) -> None:
    """Unpack a zip archive into the new directory `target`; one folder that holds everything is left out.

    Args:
        archive: the zip file.
        target: the directory to make; it appears when it is complete.
        check: called with the unpacked directory before it takes its place; may raise.

    Raises:
        DownloadError: not a zip file or a damaged one, a name that leads out of the directory, a link, more files or
            bytes than the limits above allow, or a full disk.
    """
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            fresh = Path(scratch) / "unpacked"
            fresh.mkdir()
            try:
                with zipfile.ZipFile(archive) as opened:
                    _extract(opened, fresh)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
                raise DownloadError(f"{archive.name} is not a sound zip archive ({error})") from None
            inside = list(fresh.iterdir())
            folder = inside[0] if len(inside) == 1 and inside[0].is_dir() else fresh
            check(folder)
            if target.exists():
                target.rename(Path(scratch) / "replaced")
            folder.rename(target)


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    packed = max(1, sum(entry.compress_size for entry in entries))
    allowed = min(MAX_BYTES, MAX_RATIO * packed + CHUNK_BYTES)
    if len(entries) > MAX_FILES:
        raise DownloadError(f"the archive holds {len(entries):,} files; at most {MAX_FILES:,} are unpacked")
    for entry in entries:
        target = folder / _safe(entry)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, target.open("xb") as sink:
            while chunk := source.read(CHUNK_BYTES):
                allowed -= len(chunk)
                if allowed < 0:
                    raise DownloadError(f"the archive unpacks to far more than its {packed:,} bytes; not unpacked")
                sink.write(chunk)


def _safe(entry: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(entry.filename)
    odd = path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename
    if odd or stat.S_ISLNK(entry.external_attr >> 16):
        raise DownloadError(f"the archive holds {entry.filename!r}, which leads out of it; not unpacked")
    return path
