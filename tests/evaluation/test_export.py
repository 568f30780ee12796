"""Writing: complete or not at all, and one line when it cannot be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from longtail.errors import ConfigError, DataError
from longtail.evaluation.export import require_writable, write_text


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert write_text(path, "one\n") == path
    first = path.stat().st_ino
    write_text(str(path), "zwei é\n")
    assert path.stat().st_ino != first  # another file took its place, so that no reader sees half of one
    assert path.read_bytes() == "zwei é\n".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"cannot write .*a\.txt: No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("wrong", ["missing/a.txt", "."])
def test_impossible_paths(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ConfigError, match="cannot write"):
        require_writable(tmp_path / wrong)
    with pytest.raises(ConfigError, match="cannot write"):
        write_text(tmp_path / wrong, "x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_is_written_to_not_replaced() -> None:
    with pytest.raises(DataError, match="No space left"):
        write_text("/dev/full", "x")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # root may write anywhere
    with pytest.raises(ConfigError, match="you may not write to the folder"):
        require_writable(tmp_path / "a.txt")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
