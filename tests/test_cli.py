"""The command line as a person uses it: what it prints, its exit codes, and one clear line for bad input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import longtail as lt
from longtail import cli, registry
from longtail.cli.pages import _digits

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
    for verb in ("bakeoff", "recommend", "similar", "fit", "audit", "evaluate", "split", "algorithms", "data"):
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


def test_recommend_says_what_a_list_is_ranked_by(run: Run, ratings: Path) -> None:
    _, by_rating, _ = run("recommend", str(ratings), "--user", "1", "-a", "bias")
    _, by_score, _ = run("recommend", str(ratings), "--user", "1", "-a", "popular")
    assert "by score" not in by_rating
    assert "score" in by_score.split("Recommended, by score")[1]
    for shown in (by_rating, by_score):
        assert "predicted" in shown
        assert "why" not in shown  # neither says why: no empty column


def test_recommend_from_clicks_speaks_of_no_ratings(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("user,item\n1,10\n1,20\n2,10\n2,30\n3,30\n")
    code, out, _ = run("recommend", str(tmp_path / "clicks.csv"), "-u", "1", "-a", "popular")
    assert code == 0
    assert "User 1: 2 interactions\n\nMet\n" in out
    assert "30" in out.split("Recommended, by score")[1]
    assert "ating" not in out
    assert "1 interaction\n" in run("recommend", str(tmp_path / "clicks.csv"), "-u", "3", "-a", "popular")[1]


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


def test_a_split_of_clicks_stays_one_of_clicks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("user,item\n1,10\n1,20\n2,10\n2,30\n")
    assert run("split", str(tmp_path / "clicks.csv"), "-o", str(tmp_path / "parts"))[0] == 0
    assert lt.datasets.load(tmp_path / "parts" / "train.csv").feedback == "implicit"


def test_a_split_that_cannot_be_finished_leaves_what_was_there(
    run: Run, ratings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, out, err = run("split", str(ratings), "-o", str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot write" in err
    assert "No space left on device" in err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"train.csv": "old", "test.csv": "old"}


def test_an_undefined_score_is_null(run: Run, ratings: Path, model: Path) -> None:
    code, out, _ = run("evaluate", str(ratings), "-m", str(model), "--min-rating", "99", "--json")
    assert code == 0
    assert "NaN" not in out
    assert json.loads(out)["precision"] is None


def test_evaluate_saved_lists(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("user,item,rating\n1,10,5\n2,20,4\n")
    (tmp_path / "lists.csv").write_text("user,rank,item\n1,1,30\n1,2,10\n2,1,30\n")
    code, out, _ = run("evaluate", str(tmp_path / "test.csv"), "--lists", str(tmp_path / "lists.csv"), "--json")
    assert code == 0
    scores = json.loads(out)
    assert scores["hit_rate"] == 0.5
    assert "cumulative_hit_rate" not in scores
    files = (str(tmp_path / "test.csv"), "--lists", str(tmp_path / "lists.csv"))
    liked = json.loads(run("evaluate", *files, "--min-rating", "5", "--json")[1])
    assert (liked["hit_rate"], liked["cumulative_hit_rate"], liked["recall"]) == (0.5, 1.0, 1.0)
    assert scores["arhr"] == 0.25


def test_evaluate_with_the_training_data_looks_beyond_accuracy(run: Run, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("user,item,rating\n1,20,5\n2,10,4\n2,30,1\n3,30,2\n")
    (tmp_path / "test.csv").write_text("user,item,rating\n1,10,5\n2,20,4\n")
    (tmp_path / "lists.csv").write_text("user,rank,item\n1,1,30\n1,2,10\n2,1,20\n")
    parts = [str(tmp_path / f"{name}.csv") for name in ("test", "train", "lists")]
    code, out, _ = run("evaluate", parts[0], "--train", parts[1], "--lists", parts[2], "--json")
    scores = json.loads(out)
    assert code == 0
    assert scores["hit_rate"] == 1.0
    assert scores["average_recommendation_popularity"] == pytest.approx((1.5 + 1) / 2)
    assert scores["unexpectedness"] == 0.0
    shown = run("evaluate", parts[0], "--train", parts[1], "--lists", parts[2])[1]
    assert "Gini index" in shown
    assert "nan" not in shown
    (hits,) = [line.split() for line in shown.splitlines() if line.startswith("hit rate ")]
    assert hits == ["hit", "rate", "100.00%", "higher"]


@pytest.mark.parametrize("verb", [("data", "info"), ("algorithms",), ("data", "list")])
def test_json_of_the_listing_verbs(run: Run, ratings: Path, verb: tuple[str, ...]) -> None:
    arguments = (*verb, str(ratings)) if verb == ("data", "info") else verb
    code, out, _ = run(*arguments, "--json")
    assert code == 0
    assert json.loads(out)
    assert run(*arguments)[0] == 0


def test_algorithms_stand_by_family(run: Run) -> None:
    out = run("algorithms")[1]
    assert all(f"  {name} " in out for name in registry.names())
    assert out.index("Baselines") < out.index("popular") < out.index("Matrix factorization") < out.index("warp")
    assert "Koren" not in out  # sources stand on the page of one


def test_one_algorithm_with_its_parameters(run: Run) -> None:
    code, out, _ = run("algorithms", "ease")
    assert code == 0
    assert "Only ranks; compares items" in " ".join(out.split())
    assert str(lt.EASE().regularization) in out
    assert "regularization" in out
    assert "one of value, binary, liked" in " ".join(out.split())
    found = json.loads(run("algorithms", "ease", "--json")[1])
    assert found["family"] == "linear"
    assert found["parameters"] == {"preference": "value", "regularization": lt.EASE().regularization}
    assert run("algorithms", "eas") == (2, "", "longtail: no algorithm 'eas'; did you mean ease?\n")


@pytest.mark.parametrize("name", registry.names())
def test_every_algorithm_has_a_page(run: Run, name: str) -> None:
    assert run("algorithms", name)[0] == 0


def test_scores_in_a_list_can_be_told_apart() -> None:
    assert [_digits(values) for values in ([341.0, 2.0], [7.43], [0.021, 0.0208], [0.0])] == [0, 2, 4, 2]


def test_evaluating_on_the_training_data_is_told(run: Run, ratings: Path, model: Path) -> None:
    code, _, err = run("evaluate", str(ratings), "--model", str(model))
    assert code == 0
    assert err.startswith("900 of the 900 test rows are among the model's training data")


def test_evaluating_on_other_rows_is_quiet(run: Run, ratings: Path, tmp_path: Path) -> None:
    assert run("split", str(ratings), "-o", str(tmp_path))[0] == 0
    train, test = str(tmp_path / "train.csv"), str(tmp_path / "test.csv")
    assert run("fit", train, "-a", "popular", "-o", str(tmp_path / "model"))[0] == 0
    assert run("evaluate", test, "--model", str(tmp_path / "model"))[2] == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("recommend", "-u", "1", "-a", "ease", "--min-rating", "3"), "EASE predicts no ratings, so it cannot leave"),
        (("similar", "1", "-a", "blend"), "Blend does not compare items"),
    ],
)
def test_what_cannot_be_is_said_before_the_fit(
    run: Run, ratings: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr("longtail.algorithms.base.Recommender.fit", None)
    places = (arguments[0], str(ratings)) if arguments[0] == "recommend" else (*arguments[:2], str(ratings))
    code, out, err = run(*places, *arguments[len(places) - 1 :])
    assert (code, out) == (2, "")
    assert said in err
    assert "min_rating" not in err


def test_letters_that_the_terminal_lacks_are_no_failure(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,é,5\n1,x,4\n2,é,3\n2,y,2\n", encoding="utf-8")

    def shown(*arguments: str) -> str:
        program = [sys.executable, "-m", "longtail.cli", *arguments[:2], str(tmp_path / "r.csv"), *arguments[2:]]
        asked = {**os.environ, "PYTHONIOENCODING": "ascii"}
        return subprocess.run(program, capture_output=True, check=True, env=asked).stdout.decode("ascii")

    assert "####" in shown("data", "info")
    popular = json.loads(shown("data", "info", "--json"))["most_popular"]
    assert popular[0]["title"] == "é"


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
    (folder / "latin.csv").write_bytes("user,item,rating\n1,é,5\n".encode("latin-1"))
    (folder / "binary.csv").write_bytes(bytes(range(256)))
    (folder / "folder.csv").mkdir()
    lt.make("popular").fit(lt.datasets.load(str(folder / "fine.csv"))).save(folder / "saved")
    shutil.copytree(folder / "saved", folder / "cut")
    os.truncate(folder / "cut" / "arrays.safetensors", 100)
    shutil.copytree(folder / "saved", folder / "changed")
    arrays = folder / "changed" / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"\x55")
    (folder / "foreign").mkdir()
    (folder / "foreign" / "notes.txt").write_text("mine")

    def path(name: str) -> str:
        return str(folder / f"{name}.csv")

    return {
        "empty file": (["data", "info", path("empty")], "empty"),
        "header only": (["data", "info", path("header")], "rows"),
        "missing column": (["data", "info", path("no_item")], "item"),
        "text in a rating": (["data", "info", path("text")], "good"),
        "the way out, as an option": (["data", "info", path("text")], "--bad-rows drop"),
        "NaN": (["data", "info", path("nan")], "rating"),
        "duplicate pair": (["data", "info", path("twice")], "--duplicates last"),
        "not UTF-8": (["data", "info", path("latin")], "UTF-8"),
        "binary": (["data", "info", path("binary")], "binary"),
        "a world too large": (["data", "info", "synthetic:users=99999999999,items=9"], "GiB"),
        "a release that is none": (["data", "fetch", "synthetic"], "latest-small"),
        "no such file": (["data", "info", path("absent")], "absent"),
        "unknown data set": (["data", "info", "ml-100q"], "ml-100k"),
        "unknown algorithm": (["recommend", path("fine"), "-u", "1", "-a", "svdd"], "svd"),
        "unknown parameter": (["recommend", path("fine"), "-u", "1", "-a", "svd:factor=3"], "factors"),
        "parameter out of range": (["recommend", path("fine"), "-u", "1", "-a", "svd:factors=0"], "factors"),
        "unknown user": (["recommend", path("fine"), "-u", "9", "-a", "popular"], "unknown user 9"),
        "no algorithm": (["recommend", path("fine"), "-u", "1", "-a", ""], "'longtail algorithms' lists them"),
        "a catalog that is none": (
            ["recommend", path("fine"), "-u", "1", "-a", "content-knn"],
            "brings one (movies.csv",
        ),
        "no times": (["split", path("fine"), "-o", str(folder / "parts"), "--how", "time"], "add a timestamp column"),
        "no members": (["recommend", path("fine"), "-u", "1", "-a", "blend:members="], "members=svd+bias"),
        "n = 0": (["recommend", path("fine"), "-u", "1", "-n", "0", "-a", "popular"], "at least 1"),
        "rating off the scale": (["recommend", path("fine"), "--rated", "10=99"], "between 2 and 5"),
        "rating without an item": (["recommend", path("fine"), "--rated", "10"], "TITLE=5"),
        "item rated twice": (["recommend", path("fine"), "--rated", "10=5", "--rated", "10=2"], "twice"),
        "model and data": (["recommend", path("fine"), "-m", str(folder / "saved"), "-u", "1"], "exclude each other"),
        "model and algorithm": (["similar", "10", "-a", "svd", "-m", str(folder / "saved")], "exclude each other"),
        "truncated artifact": (["recommend", "-m", str(folder / "cut"), "-u", "1"], "truncated"),
        "changed artifact": (["recommend", "-m", str(folder / "changed"), "-u", "1"], "damaged"),
        "NaN as a floor": (["evaluate", path("fine"), "-m", str(folder / "saved"), "--min-rating", "nan"], "finite"),
        "split over a file": (["split", path("fine"), "-o", path("fine")], "name a folder"),
        "nobody": (["recommend", path("fine")], "--user"),
        "unknown item": (["similar", "77", path("fine")], "77"),
        "rating without a number": (["recommend", path("fine"), "--rated", "10=good"], "--rated"),
        "foreign artifact": (["similar", "10", "-m", str(folder / "foreign")], "not a saved model"),
        "no artifact": (["similar", "10", "-m", str(folder / "none")], "no saved model"),
        "artifact over something else": (["fit", path("fine"), "-o", str(folder / "foreign")], "not a saved model"),
        "artifact below a file": (["fit", path("fine"), "-o", path("fine") + "/model"], "not a folder"),
        "report over a folder": (["bakeoff", path("fine"), "-o", path("folder")], "it is a folder"),
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


def test_no_arguments_show_the_help_and_nothing_else(run: Run) -> None:
    code, out, err = run("data")
    assert (code, err) == (2, "")
    assert "fetch" in out


def test_one_failure_is_told_and_all_failures_are_an_error(run: Run, ratings: Path) -> None:
    diverging = "svd:learning_rate=1000"
    code, out, _ = run("bakeoff", str(ratings), "-a", diverging, "-a", "popular")
    assert code == 0
    assert "failed: " in out
    code, out, err = run("bakeoff", str(ratings), "-a", diverging)
    assert code == 2
    assert "failed: " in out
    assert err.splitlines()[-1].startswith("longtail: no algorithm finished")


def test_a_kept_run_says_where_and_how_to_go_on(
    run: Run, ratings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    call = ["bakeoff", str(ratings), "-a", "popular", "-a", "bias", "--run", str(tmp_path / "kept")]
    with monkeypatch.context() as patched:
        patched.setattr("longtail.algorithms.baseline.Bias._fit", interrupt)
        code, out, _ = run(*call)
    assert code == 130
    assert out.splitlines()[-1] == f"The run is kept in {tmp_path / 'kept'}: the same command goes on from there"
    code, out, _ = run(*call)
    assert code == 0
    assert out.splitlines()[-1] == f"The run is kept in {tmp_path / 'kept'}, for longtail compare"


def test_an_audit_says_its_findings_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("user,item,rating\n1,20,5\n2,10,4\n2,30,1\n")
    (tmp_path / "test.csv").write_text("user,item,rating\n1,20,5\n")
    code, out, err = run("audit", str(tmp_path / "train.csv"), str(tmp_path / "test.csv"))
    assert code == 2
    assert "1 of 1 test rows" in out
    assert "1 of 1 test rows" not in err
    assert err.startswith("longtail: 1 kind of leak found: pair-in-both; to go on all the same, --accept pair-in-both")
    assert len(err.splitlines()) == 1


def test_an_interrupt_leaves_what_is_finished(
    run: Run, ratings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("longtail.algorithms.baseline.Bias._fit", interrupt)
    names = [argument for name in ("popular", "bias", "random") for argument in ("-a", name)]
    code, out, _ = run("bakeoff", str(ratings), *names, "-o", str(tmp_path / "r.json"))
    assert code == 130
    assert "Interrupted; not run: bias, random" in out
    found = json.loads((tmp_path / "r.json").read_text())
    assert [outcome["label"] for outcome in found["outcomes"]] == ["popular"]


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
    assert "generated data" in err
    assert "no connection" in err
    code, _, err = run("data", "fetch", "ml-100k")
    assert code == 2
    assert err.count("\n") == 1
