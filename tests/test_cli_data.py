"""`longtail data info` and `longtail data clean` as a person uses them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import longtail as lt
from longtail import cli
from longtail.data import attacks

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["longtail", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def attack() -> attacks.Attack:
    return attacks.plant_bots(lt.datasets.synthetic(users=120, items=300, ratings=3_000, seed=3), "crawler")


@pytest.fixture
def ratings(attack: attacks.Attack, tmp_path: Path) -> Path:
    path = tmp_path / "ratings.csv"
    attack.data.to_frame().write_csv(path)
    return path


def test_info_fits_eighty_columns_and_says_what_it_means(run: Run, ratings: Path) -> None:
    code, out, err = run("data", "info", str(ratings))
    assert code == 0, err
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
    for words in ("density", "long tail", "distribution", "time span", "sessions", "Who stands out", "too fast"):
        assert words in out
    assert "What this means" in out
    assert "With 124 users" in out


@pytest.mark.parametrize(
    "table",
    [
        "user,item\n1,2\n",
        "user,item,rating\n1,2,3\n",
        "user,item,rating,timestamp\n1,2,3,99999999999999999\n2,2,3,0\n",
        "user,item,timestamp\n" + "".join(f"1,{item},{item * 40_000_000}\n" for item in range(80)),
    ],
)
def test_info_of_odd_data(run: Run, tmp_path: Path, table: str) -> None:
    (tmp_path / "odd.csv").write_text(table)
    code, out, err = run("data", "info", str(tmp_path / "odd.csv"))
    assert code == 0, err
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
    assert json.loads(run("data", "info", str(tmp_path / "odd.csv"), "--json")[1])["advice"]


def test_clean_writes_what_stays_and_what_went(run: Run, ratings: Path, attack: attacks.Attack, tmp_path: Path) -> None:
    stays, went = tmp_path / "cleaned.csv", tmp_path / "removed.csv"
    command = ("data", "clean", str(ratings), "-s", "bots", "-s", "minimum:users=2", "-o", str(stays))
    code, out, err = run(*command, "--removed", str(went))
    assert code == 0, err
    assert "too fast" in out
    assert max(len(line.rstrip()) for line in out.splitlines() if not line.startswith("Wrote")) <= 80
    kept, removed = lt.datasets.load(stays), lt.datasets.load(went)
    assert len(kept) + len(removed) == len(attack.data)
    assert not set(attack.planted) & set(kept.users_present())
    assert set(attack.planted) <= set(removed.users_present())
    report = json.loads(run(*command, "--json")[1])
    assert [step["step"] for step in report["steps"]] == ["bots", "minimum:users=2"]
    assert report["after"]["rows"] == len(kept)
    assert {found["user"] for found in report["steps"][0]["suspects"]} == set(attack.planted)


def test_clicks_stay_clicks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("user,item\n" + "".join(f"{n % 5},{n}\n" for n in range(20)))
    code, _, err = run("data", "clean", str(tmp_path / "clicks.csv"), "-s", "minimum", "-o", str(tmp_path / "c.csv"))
    assert code == 2
    assert "would take out all 20 rows" in err
    command = ("data", "clean", str(tmp_path / "clicks.csv"), "-s", "minimum:users=4", "-o", str(tmp_path / "c.csv"))
    assert run(*command)[0] == 0
    assert lt.datasets.load(tmp_path / "c.csv").feedback == "implicit"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "say what to take out: --step outliers"),
        (("-s", "robots"), "did you mean bots"),
        (("-s", "bots:too_fast=soon"), "must be a number or none"),
        (("-s", "minimum:users=100000"), "would take out all"),
        (("-s", "bots", "--removed", "{folder}/out.csv"), "the same file"),
        (("-s", "bots", "--removed", "{folder}/none/removed.csv"), "no folder"),
    ],
)
def test_a_failure_is_one_line_and_writes_nothing(
    run: Run, ratings: Path, tmp_path: Path, options: tuple[str, ...], problem: str
) -> None:
    given = [option.format(folder=tmp_path) for option in options]
    code, out, err = run("data", "clean", str(ratings), "-o", str(tmp_path / "out.csv"), *given)
    assert code == 2
    assert out == ""
    assert problem in err
    assert len(err.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ratings.csv"]
