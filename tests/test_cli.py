"""The command line as a person uses it: what it prints, its exit codes, and one clear line for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import longtail as lt
from longtail import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["longtail", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        code = stopped.value.code
        return int(code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "ratings.csv"
    lt.datasets.synthetic(users=60, items=50, ratings=900, seed=3).to_frame().write_csv(path)
    return path


@pytest.fixture(scope="module")
def model(ratings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "svd"
    lt.SVD(factors=4, epochs=3).fit(lt.datasets.load(str(ratings))).save(path)
    return path


def test_help_names_every_verb() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "longtail.cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for verb in ("bakeoff", "recommend", "similar", "fit", "evaluate", "split", "algorithms", "data"):
        assert verb in shown


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['longtail', '--help']\n"
        "from longtail.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'numpy', 'numba', 'polars', 'scipy', 'plotly'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"longtail {lt.__version__}\n", "")


def test_bakeoff_prints_a_table_and_writes_reports(run: Run, ratings: Path, tmp_path: Path) -> None:
    html, found, table = tmp_path / "r.html", tmp_path / "r.json", tmp_path / "r.csv"
    outputs = [argument for path in (html, found, table) for argument in ("-o", str(path))]
    code, out, _ = run("bakeoff", str(ratings), "-a", "popular", "-a", "svd:factors=4,epochs=3", *outputs)
    assert code == 0
    assert "RMSE" in out
    assert "popular" in out
    assert html.read_text().lower().startswith("<!doctype html>")
    assert json.loads(found.read_text())
    assert len(table.read_text().splitlines()) == 3


def test_bakeoff_json_is_only_json(run: Run, ratings: Path) -> None:
    code, out, _ = run("bakeoff", str(ratings), "-a", "popular", "--json")
    assert code == 0
    assert json.loads(out)


def test_recommend_shows_a_person_and_ten_titles(run: Run, ratings: Path) -> None:
    code, out, _ = run("recommend", str(ratings), "--user", "1", "-a", "svd:factors=4,epochs=3")
    assert code == 0
    assert out.index("Loved") < out.index("Recommended")


def test_recommend_json_for_somebody_new(run: Run, model: Path) -> None:
    item = lt.load(model).item_ids_[0]
    code, out, _ = run("recommend", "-m", str(model), "--rated", f"{item}=5", "-n", "4", "--json")
    page = json.loads(out)
    assert code == 0
    assert [entry["rank"] for entry in page["recommendations"]] == [1, 2, 3, 4]
    assert item not in [entry["item"] for entry in page["recommendations"]]


def test_similar_by_id(run: Run, model: Path) -> None:
    item = lt.load(model).item_ids_[0]
    code, out, _ = run("similar", str(item), "-m", str(model), "--json")
    assert code == 0
    assert len(json.loads(out)) == 10
    assert item not in [row["item"] for row in json.loads(out)]


def test_split_fit_evaluate(run: Run, ratings: Path, tmp_path: Path) -> None:
    parts, saved = tmp_path / "parts", tmp_path / "model"
    assert run("split", str(ratings), "-o", str(parts), "--seed", "1")[0] == 0
    assert run("fit", str(parts / "train.csv"), "-a", "bias", "-o", str(saved))[0] == 0
    code, out, _ = run("evaluate", str(parts / "test.csv"), "-m", str(saved), "--json")
    scores = json.loads(out)
    assert code == 0
    assert 0.3 < scores["rmse"] < 1.5
    assert 0 <= scores["ndcg"] <= 1


def test_evaluate_saved_lists(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("user,item,rating\n1,10,5\n2,20,4\n")
    (tmp_path / "lists.csv").write_text("user,rank,item\n1,1,30\n1,2,10\n2,1,30\n")
    code, out, _ = run("evaluate", str(tmp_path / "test.csv"), "--lists", str(tmp_path / "lists.csv"), "--json")
    assert code == 0
    scores = json.loads(out)
    assert scores["hit_rate"] == 0.5
    assert scores["arhr"] == 0.25


@pytest.mark.parametrize("verb", [("data", "info"), ("algorithms",), ("data", "list")])
def test_json_of_the_listing_verbs(run: Run, ratings: Path, verb: tuple[str, ...]) -> None:
    arguments = (*verb, str(ratings)) if verb == ("data", "info") else verb
    code, out, _ = run(*arguments, "--json")
    assert code == 0
    assert json.loads(out)
    assert run(*arguments)[0] == 0


def _bad_inputs(folder: Path) -> dict[str, tuple[list[str], str]]:
    files = {
        "empty": "",
        "header": "user,item,rating\n",
        "no_item": "user,rating\n1,5\n",
        "text": "user,item,rating\n1,10,5\n1,20,good\n",
        "nan": "user,item,rating\n1,10,5\n1,20,NaN\n",
        "twice": "user,item,rating\n1,10,5\n1,10,4\n2,10,3\n",
        "fine": "user,item,rating\n1,10,5\n1,20,4\n2,10,3\n2,30,2\n",
    }
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "foreign").mkdir()
    (folder / "foreign" / "notes.txt").write_text("mine")

    def path(name: str) -> str:
        return str(folder / f"{name}.csv")

    return {
        "empty file": (["data", "info", path("empty")], "empty"),
        "header only": (["data", "info", path("header")], "rows"),
        "missing column": (["data", "info", path("no_item")], "item"),
        "text in a rating": (["data", "info", path("text")], "good"),
        "NaN": (["data", "info", path("nan")], "rating"),
        "duplicate pair": (["data", "info", path("twice")], "duplicate"),
        "no such file": (["data", "info", path("absent")], "absent"),
        "unknown data set": (["data", "info", "ml-100q"], "ml-100k"),
        "unknown algorithm": (["recommend", path("fine"), "-u", "1", "-a", "svdd"], "svd"),
        "unknown parameter": (["recommend", path("fine"), "-u", "1", "-a", "svd:factor=3"], "factors"),
        "parameter out of range": (["recommend", path("fine"), "-u", "1", "-a", "svd:factors=0"], "factors"),
        "unknown user": (["recommend", path("fine"), "-u", "9", "-a", "popular"], "unknown user 9"),
        "n = 0": (["recommend", path("fine"), "-u", "1", "-n", "0", "-a", "popular"], "at least 1"),
        "nobody": (["recommend", path("fine")], "--user"),
        "unknown item": (["similar", "77", path("fine")], "77"),
        "rating without a number": (["recommend", path("fine"), "--rated", "10=good"], "--rated"),
        "foreign artifact": (["similar", "10", "-m", str(folder / "foreign")], "not a saved model"),
        "no artifact": (["similar", "10", "-m", str(folder / "none")], "no saved model"),
        "artifact over something else": (["fit", path("fine"), "-o", str(folder / "foreign")], "not a saved model"),
        "report without a folder": (["bakeoff", path("fine"), "-o", str(folder / "x" / "r.html")], "folder"),
        "report of another kind": (["bakeoff", path("fine"), "-o", "r.pdf"], ".html"),
        "unknown option": (["bakeoff", "--fast"], "--fast"),
        "unknown verb": (["cook"], "cook"),
    }


def test_bad_input_gets_one_clear_line_and_exit_code_2(run: Run, tmp_path: Path) -> None:
    failures = []
    for name, (arguments, word) in _bad_inputs(tmp_path).items():
        code, out, err = run(*arguments)
        if code != 2 or err.count("\n") != 1 or word not in err or out:
            failures.append(f"{name}: exit {code}, expected {word!r} in one line: {err!r} {out[:100]!r}")
    assert not failures, "\n".join(failures)


def test_n_beyond_the_catalogue_gives_a_short_list(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,10,5\n1,20,4\n2,10,3\n2,30,2\n")
    code, out, _ = run("recommend", str(tmp_path / "r.csv"), "-u", "1", "-n", "99999999", "-a", "popular", "--json")
    assert code == 0
    assert [entry["item"] for entry in json.loads(out)["recommendations"]] == [30]


def test_duplicates_and_bad_rows_can_be_resolved_and_are_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,10,5\n1,10,4\n2,10,x\n2,30,2\n")
    code, out, err = run(
        "data", "info", str(tmp_path / "r.csv"), "--duplicates", "last", "--bad-rows", "drop", "--json"
    )
    assert code == 0
    assert json.loads(out)["interactions"] == 2
    assert "1 bad dropped" in err
    assert "1 merged" in err


def test_without_network_the_default_falls_back_in_plain_words(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LONGTAIL_DATA", raising=False)
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path))
    monkeypatch.setenv("LONGTAIL_MOVIELENS_URL", "http://127.0.0.1:9/")
    code, _, err = run("data", "info")
    assert code == 0
    assert "generated data set" in err
    code, _, err = run("data", "fetch", "ml-100k")
    assert code == 2
    assert err.count("\n") == 1
