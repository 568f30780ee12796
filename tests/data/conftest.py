"""A web server on this machine that behaves as badly as told, and MovieLens releases in miniature."""

from __future__ import annotations

import contextlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@dataclass
class Server:
    """What it serves, how it misbehaves, and what it was asked.

    Attributes:
        url: its address.
        files: content by path.
        ranges: whether it continues a file from a byte on.
        cut_after: bytes after which it closes the connection, one entry an answer; None for never.
        shift: bytes by which a continuation starts too late.
        asked: path and `Range` of every request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut_after: list[int | None] = field(default_factory=list)
    shift: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.asked.append((self.path, wanted))
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
            if start and start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                start += state.shift
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            cut = state.cut_after.pop(0) if state.cut_after else None
            with contextlib.suppress(OSError):  # whoever asked may be gone
                self.wfile.write(content[start:][:cut])

        def log_message(self, *_: Any) -> None:
            pass

    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    state.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    running.shutdown()
    thread.join()
    running.server_close()


CSV: dict[str, bytes | str] = {
    "ratings.csv": "userId,movieId,rating,timestamp\r\n1,10,2.5,1260759144\r\n1,20,4.0,1260759179\r\n2,10,0.5,5\r\n",
    "movies.csv": (
        'movieId,title,genres\r\n10,"American President, The (1995) ",Comedy|Drama\r\n'
        '20,"Say ""Hi"" :: (2006\u20132007)",(no genres listed)\r\n30,Hyena Road,IMAX\r\n'
    ),
    "links.csv": "movieId,imdbId,tmdbId\r\n10,0112346,9087\r\n20,0000001,\r\n",
    "tags.csv": 'userId,movieId,tag,timestamp\r\n1,10,"funny, ""very""",5\r\n2,20,é,6\r\n',
}
DAT_1M: dict[str, bytes | str] = {
    "ratings.dat": "1::10::3::978300760\n1::20::5::978302109\n2::10::1::978301968\n",
    "movies.dat": "10::Misérables, Les (1995)::Drama|Musical\n20::Mission: Impossible :: 2 (2000)::Action\n".encode(
        "latin-1"
    ),
    "users.dat": "1::F::1::10::48067\n2::M::56::16::70072-1234\n",
}
DAT_10M: dict[str, bytes | str] = {
    "ratings.dat": "1::10::0.5::978300760\n1::20::5::978302109\n2::10::1.5::978301968\n",
    "movies.dat": "é".join(["10::Mis", "rables, Les (1995)::Drama\n"])
    + '20::"Great" One, The (2000)::(no genres listed)\n',
    "tags.dat": '1::10::it\'s "great"::1215184630\n2::20::a::b: c::1215184631\n',
}
_FLAGS = "|".join("0" * 19)
OLD_100K: dict[str, bytes | str] = {
    "u.data": "1\t10\t3\t881250949\n1\t20\t5\t891717742\n2\t10\t1\t878887116\n",
    "u.item": (
        f"10|Misérables, Les (1995)|01-Jan-1995||http://x/?é%20(1995)|{_FLAGS[:-3]}|1\n20|unknown||||1|{_FLAGS[2:]}\n"
    ).encode("latin-1"),
    "u.user": "1|24|M|technician|05201\n2|53|F|other|T8H1N\n",
}
RELEASES: dict[str, tuple[str, dict[str, bytes | str]]] = {
    "latest-small": ("ml-latest-small", CSV),
    "100k": ("ml-100k", OLD_100K),
    "1m": ("ml-1m", DAT_1M),
    "10m": ("ml-10M100K", DAT_10M),
    "20m": ("ml-20m", CSV),
    "25m": ("ml-25m", CSV),
    "32m": ("ml-32m", CSV),
}


@dataclass(frozen=True)
class Release:
    """A MovieLens release in miniature: its files, and the name of the folder they have in their archive."""

    folder: str
    files: dict[str, bytes | str]

    def unpacked(self, folder: Path) -> Path:
        """The folder, with the files in it."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    def zipped(self) -> bytes:
        """The archive."""
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.files.items():
                archive.writestr(f"{self.folder}/{name}", content)
        return held.getvalue()


@pytest.fixture
def releases() -> dict[str, Release]:
    """Every MovieLens release in miniature, by name."""
    return {name: Release(folder, files) for name, (folder, files) in RELEASES.items()}
