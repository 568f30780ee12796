"""Fetching and unpacking, against a server and archives that misbehave."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import socket
import stat
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from longtail.data import download, zipped
from longtail.errors import ConfigError, DownloadError

CONTENT = bytes(range(256)) * 4_000
MD5 = hashlib.md5(CONTENT).hexdigest()


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.zip"


@pytest.fixture
def url(server: Any) -> str:
    server.files["/file.zip"] = CONTENT
    return f"{server.url}/file.zip"


def test_a_file_is_fetched_and_nothing_else_left(url: str, target: Path) -> None:
    download.fetch(url, target, md5=MD5)
    assert target.read_bytes() == CONTENT
    assert listed(target.parent) == ["file.zip"]


def test_a_cut_connection_is_taken_up_where_it_broke_off(server: Any, url: str, target: Path) -> None:
    server.cut_after = [300_000, 200_000]
    download.fetch(url, target, md5=MD5)
    assert target.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=300000-", "bytes=500000-"]


def test_a_server_that_keeps_cutting_is_given_up_and_a_later_call_goes_on(server: Any, url: str, target: Path) -> None:
    server.cut_after = [100_000, 100_000, 100_000]
    with pytest.raises(DownloadError, match=r"broke off 3 times, last at 300,000 bytes .* try again to go on"):
        download.fetch(url, target, md5=MD5)
    assert listed(target.parent) == ["file.zip.part"]
    download.fetch(url, target, md5=MD5)
    assert target.read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=300000-"


def test_a_server_without_ranges_starts_over(server: Any, url: str, target: Path) -> None:
    server.ranges, server.cut_after = False, [300_000]
    download.fetch(url, target, md5=MD5)
    assert target.read_bytes() == CONTENT


def test_a_continuation_at_the_wrong_place_is_not_believed(server: Any, url: str, target: Path) -> None:
    server.cut_after, server.shift = [300_000], 5
    download.fetch(url, target, md5=MD5)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more", b"another file", CONTENT[:-1]])
def test_whatever_part_lies_there_the_file_comes_out_right(url: str, target: Path, left: bytes) -> None:
    target.parent.mkdir()
    target.with_name("file.zip.part").write_bytes(left)
    download.fetch(url, target, md5=MD5)
    assert target.read_bytes() == CONTENT
    assert listed(target.parent) == ["file.zip"]


def test_a_complete_part_is_not_fetched_again(server: Any, url: str, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("file.zip.part").write_bytes(CONTENT)
    download.fetch(url, target, md5=MD5)
    assert len(server.asked) == 1


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(url: str, target: Path) -> None:
    with pytest.raises(DownloadError, match=f"has the checksum {MD5}, not 0123: damaged or not the published file"):
        download.fetch(url, target, md5="0123")
    assert listed(target.parent) == []


def test_an_error_status_is_passed_on(server: Any, target: Path) -> None:
    with pytest.raises(DownloadError, match=r"none\.zip answered 404 Not Found"):
        download.fetch(f"{server.url}/none.zip", target, md5=None)


def test_no_network(target: Path) -> None:
    with socket.socket() as taken:  # bound but not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/file.zip"
        with pytest.raises(DownloadError, match=r"no connection to http://127\.0\.0\.1.*refused"):
            download.fetch(address, target, md5=None)
        with pytest.raises(DownloadError, match="no connection"):
            download.published_md5(address)


def test_a_server_that_does_not_answer_is_given_up(target: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(DownloadError, match=r"no connection .*timed out"):
            download.fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/f.zip", target, md5=None, timeout=0.05)


@pytest.mark.parametrize("address", ["ftp://example.org/file.zip", "file:///etc/hostname", "ml-1m.zip"])
def test_other_addresses_are_refused(address: str, target: Path) -> None:
    with pytest.raises(ConfigError, match="is not an http or https address"):
        download.fetch(address, target, md5=None)
    with pytest.raises(ConfigError, match="is not an http or https address"):
        download.published_md5(address)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_full_disk_is_one_line_and_leaves_no_part(url: str, target: Path) -> None:
    target.parent.mkdir()
    part = target.with_name("file.zip.part")
    part.symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"cannot write .*file\.zip\.part \(No space left on device\)"):
        download.fetch(url, target, md5=MD5)
    assert listed(target.parent) == []


def test_a_folder_that_cannot_be_made_is_one_line(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="cannot write"):
        download.fetch(url, tmp_path / "file" / "x.zip", md5=None)


def test_an_interruption_keeps_the_part_for_later(url: str, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = download._chunks

    def interrupted(answer: Any) -> Any:
        yield next(real(answer))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(download, "_chunks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            download.fetch(url, target, md5=MD5)
    assert listed(target.parent) == ["file.zip.part"]
    download.fetch(url, target, md5=MD5)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("published", "md5"),
    [
        (b"MD5 (file.zip) = 0E33842E24A9C977BE4E0107933C0723\n", "0e33842e24a9c977be4e0107933c0723"),
        (b"0e33842e24a9c977be4e0107933c0723  file.zip\n", "0e33842e24a9c977be4e0107933c0723"),
        (b"<html>nothing here</html>", None),
        (b"", None),
        (None, None),
    ],
)
def test_published_checksum(server: Any, published: bytes | None, md5: str | None) -> None:
    if published is not None:
        server.files["/file.zip.md5"] = published
    assert download.published_md5(f"{server.url}/file.zip") == md5


def test_a_lock_makes_others_wait(tmp_path: Path) -> None:
    events = []

    def second() -> None:
        with download.locked(tmp_path / "lock"):
            events.append("second")

    with download.locked(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.05)
        events.append("first")
    thread.join()
    assert events == ["first", "second"]


def test_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("LONGTAIL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert download.cache_folder() == Path("/x/longtail")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/ann")
    assert download.cache_folder() == Path("/home/ann/.cache/longtail")
    monkeypatch.setattr("sys.platform", "darwin")
    assert download.cache_folder() == Path("/home/ann/Library/Caches/longtail")
    monkeypatch.setenv("LONGTAIL_CACHE", "~/mine")
    assert download.cache_folder() == Path("/home/ann/mine")


def archive(folder: Path, *entries: tuple[str | zipfile.ZipInfo, bytes | str]) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return path


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def test_one_folder_round_everything_is_left_out(tmp_path: Path) -> None:
    path = archive(tmp_path, ("top/a.txt", "A"), ("top/sub/b.txt", "B"))
    zipped.unpack(path, tmp_path / "out")
    assert (tmp_path / "out" / "sub" / "b.txt").read_text() == "B"
    several = archive(tmp_path, ("a.txt", "A"), ("b/c.txt", "C"))
    zipped.unpack(several, tmp_path / "out")
    assert listed(tmp_path / "out") == ["a.txt", "b"]
    assert listed(tmp_path) == ["a.zip", "out"]


EVIL: dict[str, tuple[list[tuple[str | zipfile.ZipInfo, bytes | str]], str]] = {
    "parent": ([("../evil.txt", "x")], r"'\.\./evil\.txt', which leads out of it"),
    "deep parent": ([("a/../../evil.txt", "x")], "leads out"),
    "absolute": ([("/tmp/evil.txt", "x")], "leads out"),
    "backslash": ([("..\\evil.txt", "x")], "leads out"),
    "drive": ([("C:evil.txt", "x")], "leads out"),
    "link": ([(link("evil"), "/etc/passwd")], "leads out"),
    "bomb": ([("zeros", bytes(50_000_000))], "unpacks to far more than its"),
    "many files": ([(f"{k}", "") for k in range(1_001)], "holds 1,001 files; at most 1,000"),
    "a file that is also a folder": ([("a", "x"), ("b", "y"), ("a/b", "z")], "cannot write"),
}


@pytest.mark.parametrize("kind", EVIL)
def test_an_archive_that_would_do_harm_is_not_unpacked(tmp_path: Path, kind: str) -> None:
    entries, words = EVIL[kind]
    inside = tmp_path / "x" / "y"
    inside.mkdir(parents=True)
    path = archive(inside, *entries)
    with pytest.raises(DownloadError, match=words):
        zipped.unpack(path, inside / "out")
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == ["x/y/a.zip"]


def test_a_total_beyond_the_limit_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "MAX_BYTES", 1_000)
    path = archive(tmp_path, ("a", os.urandom(1_001)))
    with pytest.raises(DownloadError, match="far more"):
        zipped.unpack(path, tmp_path / "out")


def damaged(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize("damage", ["text", "empty", "half", "data"])
def test_a_damaged_archive_leaves_what_was_there(tmp_path: Path, damage: str) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.txt", os.urandom(5_000))
    whole = held.getvalue()
    contents = {"text": b"no zip", "empty": b"", "half": whole[: len(whole) // 2], "data": damaged(whole, 2_000)}
    (tmp_path / "a.zip").write_bytes(contents[damage])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with pytest.raises(DownloadError, match=r"a\.zip is not a sound zip archive"):
        zipped.unpack(tmp_path / "a.zip", tmp_path / "out")
    assert listed(tmp_path) == ["a.zip", "out"]
    assert listed(tmp_path / "out") == ["old"]


@pytest.mark.parametrize("problem", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()])
def test_a_full_disk_or_an_interruption_leaves_nothing_half_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    path = archive(tmp_path, ("a.txt", "A"), ("b.txt", "B"))
    real = Path.open

    def failing(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if self.name == "b.txt" and mode == "xb":
            raise problem
        return real(self, mode, *args, **options)

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises((DownloadError, KeyboardInterrupt), match=r"^$|cannot write .*out \(No space left on device\)"):
        zipped.unpack(path, tmp_path / "out")
    assert listed(tmp_path) == ["a.zip"]
