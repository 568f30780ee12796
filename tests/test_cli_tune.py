"""`longtail tune` as a person uses it: what it prints and writes, its exit codes, and one clear line for bad input."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import longtail as lt
from longtail import cli, registry
from longtail.algorithms.baseline import Popular

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["longtail", "tune", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("cli") / "ratings.csv"
    lt.datasets.synthetic(users=60, items=50, ratings=900, seed=3).to_frame().write_csv(path)
    return str(path)


def test_a_study_is_printed_and_written(run: Run, ratings: str, tmp_path: Path) -> None:
    html, found = tmp_path / "study.html", tmp_path / "study.json"
    code, out, err = run("popular", ratings, "--metric", "rmse", "--trials", "3", "-o", str(html), "-o", str(found))
    assert code == 0
    assert "RMSE" in out
    assert "flattering" in out
    assert len(err.splitlines()) == 3
    assert html.read_text().startswith("<!doctype html>")
    assert len(json.loads(found.read_text())["trials"]) == 3


def test_json_is_all_that_is_printed(run: Run, ratings: str) -> None:
    code, out, err = run("popular", ratings, "--trials", "2", "-n", "5", "--json")
    assert (code, err) == (0, "")
    plain = json.loads(out)
    assert (plain["metric"], plain["n"], len(plain["trials"])) == ("ndcg", 5, 2)


def test_ranges_constants_and_grids(run: Run, ratings: str) -> None:
    options = ("--metric", "mae", "--json", "--fixed", "method=als", "--fixed", "epochs=2")
    _, out, _ = run("bias:reg-item=3", ratings, *options, "--space", "reg-user=1:2", "--trials", "3")
    plain = json.loads(out)
    assert plain["space"]["reg_user"] == "1:2"
    assert not {"reg_item", "method", "epochs"} & set(plain["space"])
    assert all(1 <= trial["parameters"]["reg_user"] <= 2 for trial in plain["trials"][1:])
    _, out, _ = run("bias", ratings, *options, "--grid", "reg_user=1,2,3", "--grid", "reg_item=1,2")
    assert len(json.loads(out)["trials"]) == 7


def test_a_study_goes_on(run: Run, ratings: str, tmp_path: Path) -> None:
    study = str(tmp_path / "tune.db")
    assert run("popular", ratings, "--trials", "2", "--study", study, "--json")[0] == 0
    code, out, _ = run("popular", ratings, "--trials", "4", "--study", study, "--resume", "--json")
    assert code == 0
    assert [trial["number"] for trial in json.loads(out)["trials"]] == [0, 1, 2, 3]


def test_an_interrupt_prints_what_is_through(run: Run, ratings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fit, count = Popular._fit, iter(range(10))

    def interrupted(self, train, catalog):
        if next(count) == 2:
            raise KeyboardInterrupt
        fit(self, train, catalog)

    monkeypatch.setattr(Popular, "_fit", interrupted)
    code, out, _ = run("popular", ratings, "--trials", "5")
    assert code == 130
    assert "Interrupted" in out
    assert "2 trials (2 complete; 1 interrupted)" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("svdd",), "did you mean svd?"),
        (("svd:factor=3",), "did you mean factors?"),
        (("svd", "--metric", "novelty"), "cannot tune for 'novelty'"),
        (("random",), "no parameter to search"),
        (("svd", "--space", "factors"), "--space 'factors': write it as --space name=value"),
        (("svd", "--space", "factors=1:x"), "write factors=low:high"),
        (("svd", "--space", "factors=1:2", "--space", "factors=3"), "stands there twice"),
        (("svd", "--fixed", "factors=many"), "must be a whole number"),
        (("svd", "--grid", "factors=1:9"), "a grid takes values"),
        (("svd", "--prune", "hard"), "write median, none or a margin"),
        (("svd", "--prune", "-1"), "write median, none or a margin"),
        (("svd", "--trials", "0"), "--trials"),
        (("svd", "--jobs", "0"), "--jobs"),
        (("svd", "--minutes", "0"), "--minutes must be above 0"),
        (("svd", "--fraction", "1.5"), "--fraction must be"),
        (("svd", "--validation", "folds", "--folds", "1"), "--folds must be"),
        (("svd", "--validation", "twice"), "--validation"),
        (("svd", "--min-rating", "4", "--metric", "rmse"), "--min-rating 4 needs"),
        (("svd", "--resume"), "name the file: --study FILE"),
        (("svd", "--study", "no/where.db"), "no folder no"),
        (("svd", "--study", "none.db", "--resume"), "no study to resume at none.db"),
        (("svd", "-o", "no/where.json"), "no folder no"),
        (("svd", "-o", "study.csv"), "must end in .json or .html"),
    ],
)
def test_bad_input_is_one_line(
    run: Run, ratings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(arguments[0], ratings, *arguments[1:])
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_study_of_something_else_is_not_resumed(run: Run, ratings: str, tmp_path: Path) -> None:
    study = str(tmp_path / "tune.log")
    run("popular", ratings, "--trials", "1", "--study", study)
    for arguments, said in (
        (("bias", ratings), "algorithm popular, not bias"),
        (("popular", "synthetic:ratings=2000"), "a study with data"),
        (("popular", ratings, "--metric", "mrr"), "metric ndcg, not mrr"),
    ):
        code, _, err = run(*arguments, "--study", study, "--resume")
        assert code == 2
        assert said in err
    code, _, err = run("popular", ratings, "--study", study)
    assert code == 2
    assert "is there already" in err


def test_a_database_that_cannot_be_opened_is_one_line(
    run: Run, ratings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr("sqlite3.dbapi2.connect", refuse)
    monkeypatch.setattr("sqlite3.connect", refuse)
    code, out, err = run("popular", ratings, "--study", str(tmp_path / "tune.db"))
    assert (code, out) == (2, "")
    assert err.startswith("longtail: cannot keep a study at")
    assert err.endswith("unable to open database file\n")


def test_the_setting_of_a_hybrid_can_be_used(run: Run, ratings: str) -> None:
    spec = "blend:members=[svd:factors=2,epochs=2]+bias,folds=2,non_negative=true"
    code, out, _ = run(spec, ratings, "--trials", "1")
    assert code == 0
    used = "".join(out.partition("Use it: ")[2].split())
    assert registry.parse(used) == registry.parse(spec)


@pytest.mark.parametrize(("algorithm", "said"), [("content-knn", "needs a catalog"), ("timesvdpp", "no timestamp")])
def test_data_that_lack_something_are_refused_at_once(run: Run, tmp_path: Path, algorithm: str, said: str) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,10,5\n1,20,4\n2,10,3\n2,20,2\n")
    code, out, err = run(algorithm, str(tmp_path / "r.csv"))
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
