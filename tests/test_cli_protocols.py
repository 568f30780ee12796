"""Protocols on the command line: the list, the page of one, and specs after `--protocol`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import longtail as lt
from longtail import cli, registry
from longtail.evaluation.protocols import PROTOCOLS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["longtail", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of visits: sessions, items and times, and no users."""
    path = tmp_path_factory.mktemp("cli") / "clicks.csv"
    log = lt.datasets.World(users=70, items=60, seed=5).clicks(1_200).to_frame()
    log.select("session", "item", "timestamp").write_csv(path)
    return path


def test_the_list(run: Run) -> None:
    code, out, _ = run("protocols")
    assert code == 0
    assert all(f"\n{name} " in out for name in PROTOCOLS)
    assert "what happens after today?" in out
    found = json.loads(run("protocols", "--json")[1])
    assert [entry["name"] for entry in found] == list(PROTOCOLS)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_a_page(run: Run, name: str) -> None:
    code, out, _ = run("protocols", name)
    assert code == 0
    assert all(f"\n{parameter} " in out for parameter in PROTOCOLS[name]().parameters())
    assert "Measured: " in out
    assert "Accepted: " in out
    assert json.loads(run("protocols", name, "--json")[1])["parameters"] == PROTOCOLS[name]().parameters()


def test_the_page_of_a_spec(run: Run) -> None:
    out = run("protocols", "temporal:fraction=0.1")[1]
    assert "the latest 10% of the interactions" in out
    assert "a number between 0 and 1" in out


def test_an_unknown_name(run: Run) -> None:
    line = "longtail: no protocol 'tempral' (did you mean temporal?); 'longtail protocols' lists them\n"
    assert run("protocols", "tempral") == (2, "", line)
    code, _, err = run("bakeoff", "synthetic:users=40,items=30,ratings=400", "-a", "popular", "--protocol", "tempral")
    assert (code, err) == (2, line)


def test_a_log_of_visits_and_a_spec(run: Run, clicks: Path) -> None:
    spec = "next-item:fraction=0.3,which=random"
    code, out, _ = run("bakeoff", str(clicks), "-a", "popular", "-a", "rp3beta", "--protocol", spec, "-n", "5")
    assert code == 0
    assert "next-item protocol (fraction 0.3, which random, min length 2), lists of 5, seed 0" in out


def test_places_and_seed_of_a_spec_hold_unless_there_is_an_option(run: Run) -> None:
    arguments = ["bakeoff", "synthetic:users=40,items=30,ratings=400", "-a", "popular", "--protocol"]
    assert "lists of 7, seed 3" in run(*arguments, "leave-one-out:n=7,seed=3")[1]
    assert "lists of 4, seed 3" in run(*arguments, "leave-one-out:n=7,seed=3", "-n", "4")[1]
    assert "lists of 10, seed 9" in run(*arguments, "leave-one-out", "--seed", "9")[1]


def test_a_parameter_that_cannot_be(run: Run) -> None:
    code, _, err = run("bakeoff", "synthetic:users=40,items=30,ratings=400", "--protocol", "k-fold:k=1")
    assert (code, err) == (2, "longtail: KFold: k must be at least 2, not 1\n")


def test_a_bakeoff_of_sessions(run: Run, clicks: Path) -> None:
    code, out, err = run("bakeoff", str(clicks), "--sessions", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["protocol"]["name"] == "every-click"
    assert found["data"]["rows"] == len(clicks.read_text().splitlines()) - 1
    assert [one["algorithm"] for one in found["outcomes"]] == list(registry.SESSIONS)
    assert not any(one["error"] for one in found["outcomes"])
    _, out, _ = run("bakeoff", str(clicks), "--sessions", "--protocol", "rest-of-session", "-a", "markov", "--json")
    chosen = json.loads(out)
    assert chosen["protocol"]["name"] == "rest-of-session"
    assert [one["algorithm"] for one in chosen["outcomes"]] == ["markov"]


def test_a_bakeoff_of_sessions_reads_the_logs_of_the_field(run: Run, tmp_path: Path) -> None:
    """Tabs, the usual names, times in parts of a second, and second clicks, which stay."""
    rows = [(s, 100 + (s + k // 2) % 5, 1_400_000_000.25 + 1_000 * s + 10 * k) for s in range(1, 41) for k in range(6)]
    text = "\n".join(["SessionId\tItemId\tTime", *(f"{s}\t{i}\t{t:.3f}" for s, i, t in rows)])
    (tmp_path / "clicks.txt").write_text(text + "\n", encoding="utf-8")
    code, out, err = run("bakeoff", str(tmp_path / "clicks.txt"), "--sessions", "-a", "markov", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["data"]["rows"], found["data"]["users"]) == (240, 40)
    assert found["data"]["splits"]["every click"]["test_rows"] == 8 * 5
    merged = run(
        "bakeoff", str(tmp_path / "clicks.txt"), "--sessions", "-a", "markov", "--duplicates", "last", "--json"
    )
    assert json.loads(merged[1])["data"]["rows"] == 120


def test_ratings_are_sessions_too_where_somebody_says_so(run: Run, tmp_path: Path) -> None:
    rows = ["user,item,rating,timestamp", *(f"{u},{(u + k) % 9},4,{1000 * u + k}" for u in range(30) for k in range(5))]
    (tmp_path / "ratings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for data in (str(tmp_path / "ratings.csv"), "synthetic:users=60,items=40,ratings=900"):
        code, out, err = run("bakeoff", data, "--sessions", "-a", "markov", "--json")
        assert code == 0, err
        assert json.loads(out)["protocol"]["name"] == "every-click"


def test_a_named_data_set_takes_no_policy(run: Run) -> None:
    for data in ("synthetic:users=60,items=40,ratings=900", "ml-100k"):
        code, _, err = run("bakeoff", data, "--duplicates", "last")
        assert code == 2
        assert "has no bad rows and no duplicates, so it takes no duplicates" in err


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("temporal", "a split by time needs times, and these data have none; add a timestamp column"),
        ("sliding-window", "a split by time needs times, and these data have none; add a timestamp column"),
        ("next-item", "a split by time needs times, and these data have none; add a timestamp column"),
        ("rest-of-session", "a split by time needs times, and these data have none; add a timestamp column"),
        ("leave-last-out", "a split by time needs times, and these data have none; add a timestamp column"),
        ("user-cold-start:which=last", "a split by time needs times, and these data have none; add a timestamp"),
        ("item-cold-start:which=newest", "a split by time needs times, and these data have none; add a timestamp"),
        ("k-fold:k=99", "k-fold hides every row in one of 99 turns, and there are 16 rows"),
    ],
)
def test_data_that_a_protocol_cannot_divide(
    run: Run, small: lt.Interactions, tmp_path: Path, spec: str, problem: str
) -> None:
    small.to_frame().write_csv(tmp_path / "untimed.csv")
    code, out, err = run("bakeoff", str(tmp_path / "untimed.csv"), "-a", "popular", "--protocol", spec)
    assert (code, out) == (2, "")
    assert err.startswith(f"longtail: {problem}")
    assert len(err.splitlines()) == 1


def test_a_moment_beyond_any_calendar(run: Run) -> None:
    assert "what came from 99999999999999999 on" in " ".join(
        run("protocols", "temporal:at=99999999999999999")[1].split()
    )
