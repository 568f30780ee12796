"""`longtail compare`: files and folders, names that tell them apart, errors in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import longtail as lt
from longtail.cli import main
from longtail.evaluation.bakeoff import Bakeoff


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    data = lt.datasets.synthetic(users=40, items=30, ratings=500)
    for name, damping in (("one", 5.0), ("two", 50.0)):
        (folder / name).mkdir()
        bakeoff = Bakeoff(data, ["bias", lt.make("popular", damping=damping)], name="small")
        bakeoff.run(progress=False, folder=folder / name / "kept").to_json(folder / name / "run.json")
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["longtail", "compare", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_two_files(runs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, runs / "one/run.json", runs / "two/run.json", "-o", tmp_path / "made.html")
    assert (code, err) == (0, "")
    assert "two/run minus one/run" in " ".join(out.split())
    assert "popular: damping" in out
    assert (tmp_path / "made.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_folders_and_json(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, runs / "one/kept", runs / "two/kept", "--json")
    assert code == 0
    assert json.loads(out)["names"] == ["one/kept", "two/kept"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one/run.json", "none.json"], "cannot read"),
        (["one/run.json", "one"], "there is no bake-off in"),
        (["one/run.json", "bad.json"], "this is not the JSON of a bake-off"),
        (["one/run.json"], "at least two runs"),
        (["one/run.json", "two/run.json", "-o", "made.csv"], "must end in .html or .json"),
    ],
)
def test_errors_are_one_line(
    runs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs / "bad.json").write_text("{}")
    monkeypatch.chdir(runs)
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
