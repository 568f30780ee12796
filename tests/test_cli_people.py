"""The verbs `behavior`, `sheet` and `answers` as a person uses them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import longtail as lt
from longtail import cli
from longtail.cli.behavior import _range
from longtail.cli.perceived import _asked_for

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["longtail", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "ratings.csv"
    lt.datasets.synthetic(users=60, items=50, ratings=900, seed=3).to_frame().write_csv(path)
    return path


def test_behavior_shows_both_tables_for_each_algorithm(run: Run, ratings: Path) -> None:
    code, out, _ = run(
        "behavior", ratings, "-a", "popular", "-a", "svd:factors=4,epochs=2", "--probes", "3", "--retrains", "1"
    )
    assert code == 0
    assert out.count("Churn") == out.count("Responsiveness") == 2
    assert "svd:factors=4,epochs=2, lists of 10" in out
    assert "it has no seed" in out


def test_labels_of_a_bakeoff_are_found_in_a_sheet() -> None:
    assert _asked_for("svd (epochs=5, factors=8)") == "svd:epochs=5,factors=8"
    assert _asked_for("item-knn") == "item-knn"


def test_nothing_has_no_sign() -> None:
    row = {"gain": -0.2, "gain_low": -1.6, "gain_high": 0.4}
    assert _range(row, "gain", "{:+.0f}") == "0 [-2, 0]"
    assert _range({**row, "gain_low": None}, "gain", "{:+.1f}") == "-0.2"
    assert _range({"gain": 0.001, "gain_low": None, "gain_high": None}, "gain", "{:.0%}") == "0%"


def test_behavior_as_json(run: Run, ratings: Path) -> None:
    code, out, _ = run("behavior", ratings, "-a", "random", "--probes", "2", "--retrains", "0", "-n", "5", "--json")
    (found,) = json.loads(out)["behaviors"]
    assert (code, found["algorithm"], found["n"]) == (0, "random", 5)
    ways = {way["way"]: way["missing"] for way in found["ways"]}
    assert ways == {"fold-in": "", "online": "it does not learn online", "retrain": "not asked for"}


def test_behavior_refuses_before_the_work(run: Run, ratings: Path) -> None:
    code, out, err = run("behavior", ratings, "-a", "popular", "-a", "content-knn")
    assert (code, out) == (2, "")
    assert "needs a catalog" in err
    code, _, err = run("behavior", ratings, "-a", "popular", "--days", "0", "--retrains", "0", "--probes", "1")
    assert (code, err) == (2, "longtail: days must be above 0 and finite, not 0.0\n")


def answered(sheet: Path, rater: str, value: int) -> Path:
    """The sheet filled in with one and the same answer, but for the last row."""
    rows = list(csv.reader(sheet.read_text(encoding="utf-8-sig").splitlines()))
    first = next(place for place, name in enumerate(rows[0]) if name.startswith("relevance"))
    for number, row in enumerate(rows[1:]):
        row[1] = rater
        row[first : first + 4] = [str(value if number % 3 else value - 1)] * 4
    path = sheet.with_name(f"{rater}.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def test_from_the_sheet_to_the_answers(run: Run, ratings: Path, tmp_path: Path) -> None:
    names = ("popular", "bias", "random")
    chosen = [part for name in names for part in ("-a", name)]
    files = ("-o", tmp_path / "sheet.html", "-o", tmp_path / "sheet.csv", "--key", tmp_path / "key.json")
    code, out, _ = run("sheet", ratings, *chosen, "--users", "3", "-n", "2", *files)
    assert code == 0
    assert "recommendations to 3 people" in out
    for blind in ("sheet.html", "sheet.csv"):
        text = (tmp_path / blind).read_text(encoding="utf-8")
        assert not any(f'"{name}"' in text or f",{name}," in text for name in names)
    bakeoff = tmp_path / "bakeoff.json"
    assert run("bakeoff", ratings, *chosen, "-o", bakeoff)[0] == 0
    filled = [answered(tmp_path / "sheet.csv", rater, value) for rater, value in (("ann", 4), ("bob", 5))]
    code, out, _ = run("answers", *filled, "--key", tmp_path / "key.json", "--bakeoff", bakeoff)
    assert code == 0
    for said in ("2 raters", "Agreement", "Mean answer", "3 algorithms are too few to conclude anything", "popularity"):
        assert said in " ".join(out.split())
    code, out, _ = run("answers", *filled, "--key", tmp_path / "key.json", "--json")
    found = json.loads(out)["questions"]["relevance"]
    assert [one["algorithm"] for one in found["algorithms"]] == list(names)
    assert -1 <= found["agreement"]["value"] <= 1
    assert found["offline"] == []
    code, _, err = run("answers", *filled, "--key", tmp_path / "key.json", "--bakeoff", bakeoff, "--metric", "taste")
    assert code == 2
    assert "--metric taste" in err


def test_sheet_for_people_named_and_their_own(run: Run, ratings: Path, tmp_path: Path) -> None:
    files = ("-o", tmp_path / "s.csv", "--key", tmp_path / "k.json")
    code, out, _ = run("sheet", ratings, "-a", "popular", "-u", "7", "-u", "9", "--own", "-n", "2", *files, "--json")
    assert (code, json.loads(out)["people"]) == (0, 2)
    assert "suit you?" in (tmp_path / "s.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "sheet.txt", "--key", "key.json"), "must end in .html or .csv"),
        (("-o", "sheet.csv", "--key", "key.txt"), "must end in .json"),
        (("-o", "nowhere/sheet.csv", "--key", "key.json"), "there is no folder"),
        (("-a", "svd", "-a", "svd", "-o", "sheet.csv", "--key", "key.json"), "svd stands there twice"),
        (("-u", "999", "-o", "sheet.csv", "--key", "key.json"), "unknown user 999"),
    ],
)
def test_a_sheet_that_cannot_be_is_one_line(
    run: Run, ratings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("sheet", ratings, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_answers_that_cannot_be_are_one_line(run: Run, ratings: Path, tmp_path: Path) -> None:
    files = ("-o", tmp_path / "s.csv", "--key", tmp_path / "k.json")
    assert run("sheet", ratings, "-a", "popular", "--users", "2", *files)[0] == 0
    for wrong in ((tmp_path / "s.csv",), (tmp_path / "k.json",), (tmp_path / "none.csv",)):
        code, out, err = run("answers", *wrong, "--key", tmp_path / "k.json")
        assert (code, out, err.count("\n")) == (2, "", 1)
    code, _, err = run("answers", tmp_path / "s.csv", "--key", tmp_path / "s.csv")
    assert "is not the key of a sheet" in err
