"""Fetch a file once: into a `.part` file, taken up again where it broke off, checked, and only then given its name."""

from __future__ import annotations

import contextlib
import hashlib
import http
import http.client
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from longtail.errors import ConfigError, DownloadError

__all__ = ["cache_folder", "disk_errors", "fetch", "locked", "published_md5"]

CHUNK_BYTES = 1 << 18
ATTEMPTS = 3
TIMEOUT_SECONDS = 30.0


class _CutError(Exception):
    """The connection broke off while a file came in."""


def cache_folder() -> Path:
    """Where downloads are kept: `LONGTAIL_CACHE`, or the platform's cache directory of the user."""
    chosen = os.environ.get("LONGTAIL_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "longtail" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "longtail"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "longtail"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, so that of several processes one downloads and the others wait for it."""
    if sys.platform == "win32":  # two processes may then both download
        yield
        return
    import fcntl

    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(url: str, target: Path, *, md5: str | None, timeout: float = TIMEOUT_SECONDS) -> None:
    """Download `url` to the file `target`, with a progress bar where there is a terminal.

    A transfer that breaks off is taken up again, up to three times, and by the next call. A file taken up that then
    does not match its checksum is fetched once more from the start.

    Args:
        url: an http or https address.
        target: the file to write; it appears when it is complete.
        md5: the checksum it must have; None if none is known.
        timeout: seconds without an answer after which the server is given up.

    Raises:
        DownloadError: no connection, an error status, a transfer that keeps breaking off, a wrong checksum, a disk
            that is full or not writable.
        ConfigError: if the address is not http or https.
    """
    part = target.with_name(target.name + ".part")
    with disk_errors(part):
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.exists() and part.stat().st_size > 0
        _complete(url, part, timeout)
        found = _md5(part)
        if resumed and md5 not in (None, found):
            part.unlink()
            _complete(url, part, timeout)
            found = _md5(part)
        if md5 not in (None, found):
            part.unlink()
            raise DownloadError(f"{url} has the checksum {found}, not {md5}: damaged or not the published file")
        part.replace(target)


def published_md5(url: str, *, timeout: float = TIMEOUT_SECONDS) -> str | None:
    """The checksum published beside a file, at its address with `.md5` behind; None if there is none."""
    try:
        with _open(url + ".md5", timeout) as answer:
            found = re.search(rb"\b[0-9a-fA-F]{32}\b", next(_chunks(answer), b""))
    except _CutError as error:
        raise DownloadError(f"{url}.md5 broke off ({error})") from None
    except urllib.error.HTTPError as error:
        error.close()
        return None
    return found.group().decode().lower() if found else None


def _complete(url: str, part: Path, timeout: float) -> None:
    """Bring the `.part` file to its full length, taking it up again where the connection is cut."""
    for _ in range(ATTEMPTS):
        try:
            if _continue(url, part, timeout):
                return
            problem = "the connection was closed"
        except _CutError as error:
            problem = str(error)
    have = part.stat().st_size if part.exists() else 0
    raise DownloadError(f"{url} broke off {ATTEMPTS} times, last at {have:,} bytes ({problem}); try again to go on")


def _continue(url: str, part: Path, timeout: float) -> bool:
    """Receive what is missing of the file; whether it is then complete."""
    have = part.stat().st_size if part.exists() else 0
    try:
        answer = _open(url, timeout, start=have)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise DownloadError(f"{url} answered {error.code} {error.reason}") from None
        whole = error.headers.get("Content-Range") == f"bytes */{have}"
        if not whole:
            part.unlink(missing_ok=True)
        return whole
    with answer:
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink()
            return False
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with part.open("ab" if have else "wb") as sink, _progress(url, have, total) as advance:
            for chunk in _chunks(answer):
                sink.write(chunk)
                have += len(chunk)
                advance(len(chunk))
    return total is None or have == total


def _open(url: str, timeout: float, *, start: int = 0) -> Any:
    if not url.startswith(("https://", "http://")):
        raise ConfigError(f"{url!r} is not an http or https address")
    headers = {"User-Agent": "longtail", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme is checked
    try:
        return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"no connection to {url} ({_reason(error)})") from None


def _chunks(answer: Any) -> Iterator[bytes]:
    while True:
        try:
            chunk = answer.read(CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _CutError(_reason(error)) from None
        if not chunk:
            return
        yield chunk


@contextlib.contextmanager
def _progress(url: str, have: int, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    shown = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*shown, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(url.rpartition("/")[2], total=total, completed=have)
        yield lambda received: bar.advance(task, received)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """A full or read-only disk as one line; a part that cannot be finished is removed to make room."""
    try:
        yield
    except DownloadError:
        raise
    except OSError as error:
        if path.suffix == ".part":
            with contextlib.suppress(OSError):
                path.unlink()
        raise DownloadError(f"cannot write {path} ({error.strerror or error})") from None


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None) or error
    return str(getattr(inner, "strerror", None) or inner or type(inner).__name__)
