"""The audit inside a bake-off, a tuner's mark on what it hands out, and the verb `audit`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

import longtail as lt
from longtail import cli
from longtail.algorithms.base import FoldIn, Recommender
from longtail.data.interactions import Interactions
from longtail.data.synthetic import World
from longtail.errors import ConfigError, LeakageError
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.leakage import seen_by, treatment
from longtail.evaluation.protocols import Fold, Protocol

Run = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True, kw_only=True)
class Spoiled(Protocol):
    """Hides the last rows, some of which train as well."""

    name: ClassVar[str] = "spoiled"
    asks: ClassVar[tuple[str, ...]] = ("hits",)
    part: float = 0.1

    def _folds(self, data: Interactions) -> list[Fold]:
        train, test = lt.splits.by_time(data)
        both = np.union1d(np.flatnonzero(np.isin(data.users, train.users)), np.arange(round(self.part * len(data))))
        return [Fold(name="spoiled", train=data.take(both), test=test, asks=("hits",))]

    def _questions(self, *, explicit: bool) -> list[str]:
        return []

    _caveats = _questions


@dataclass(frozen=True, kw_only=True)
class ByTime(Spoiled):
    """The same without the spoil."""

    name: ClassVar[str] = "by-time"

    def _folds(self, data: Interactions) -> list[Fold]:
        train, test = lt.splits.by_time(data)
        return [Fold(name="later", train=train, test=test, asks=("hits",))]


@dataclass(kw_only=True)
class Secretive(Recommender):
    """Keeps a model that was fitted elsewhere, on all there is."""

    fold_in: ClassVar[FoldIn] = "fallback"
    kept: ClassVar[Recommender]

    def _fit(self, train, catalog):
        self.inner_ = [self.kept]

    def _score_histories(self, histories):
        return self.kept._score_histories(histories)


@pytest.fixture(scope="module")
def ratings() -> Interactions:
    return World(120, 60, 4).ratings(2_500)


def test_classic_says_which_leaks_it_accepts(ratings: Interactions) -> None:
    result = Bakeoff(ratings, ["popular"]).run(progress=False)
    assert {finding["name"] for finding in result.audit["findings"]} == {"future", "own-future", "split-session"}
    assert all(finding["accepted"] for finding in result.audit["findings"])
    assert len(result.accepted_leaks) == 3
    assert result.accepted_leaks[0].startswith("Accepted leak, training after test time: hidden ratings: ")
    assert result.accepted_leaks[0].endswith(", and 1 more like it."), "that of the other fold"
    assert set(result.audit["counts"]) == {"hidden ratings", "one left out"}
    assert BakeoffResult.from_json(result.to_json()) == result


def test_a_leak_stops_the_run_before_anything_is_fitted(ratings: Interactions, recommenders: SimpleNamespace) -> None:
    bakeoff = Bakeoff(ratings, [recommenders.Stopped()], protocol=Spoiled())
    with pytest.raises(LeakageError, match=r"^pair-in-both: spoiled: [\d,]+ of 500 test rows"):
        bakeoff.run(progress=False)


def test_what_is_accepted_runs_and_is_said(ratings: Interactions) -> None:
    accept = ["pair-in-both", "own-future", "future", "split-session"]
    result = Bakeoff(ratings, ["popular"], protocol=Spoiled(), accept=accept).run(progress=False)
    assert any("in train too" in said for said in result.accepted_leaks)
    assert result.audit["accepted"] == sorted(accept)
    with pytest.raises(ConfigError, match="no leak 'everything'"):
        Bakeoff(ratings, ["popular"], accept=["everything"])


def test_a_model_that_learned_test_rows_is_disqualified(ratings: Interactions) -> None:
    Secretive.kept = lt.Popular().fit(ratings)
    result = Bakeoff(ratings, [Secretive(), "popular"], protocol=ByTime()).run(progress=False)
    disqualified, fine = result.outcomes
    assert disqualified.error is not None
    assert disqualified.error.startswith("learned-elsewhere: a model inside Secretive learned 500 of 500 test rows")
    assert fine.error is None
    accepted = Bakeoff(ratings, [Secretive()], protocol=ByTime(), accept=["learned-elsewhere"]).run(progress=False)
    assert accepted.outcomes[0].error is None
    assert "learned 500 of 500 test rows" in accepted.outcomes[0].notes[0]


@dataclass(kw_only=True)
class Borrowing(Secretive):
    """Has a model as a parameter, which a copy keeps."""

    lender: Recommender | None = None

    def _fit(self, train, catalog):
        self.lends_ = [self.lender]


def test_a_model_that_a_copy_would_keep_is_looked_at(ratings: Interactions) -> None:
    train, _ = lt.splits.by_time(ratings)
    for data, name in ((ratings, "fitted-before"), (train, None)):
        found = Bakeoff(ratings, [Borrowing(lender=lt.Popular().fit(data))], protocol=ByTime()).audit
        assert [one.name for one in found.failed] == [name] * (name is not None)
    (finding,) = Bakeoff(ratings, [Borrowing(lender=lt.Popular().fit(ratings))], protocol=ByTime()).audit.failed
    assert "learned 500 of 500 test rows" in finding.sentence


def test_a_fitted_hybrid_is_copied_and_no_leak(ratings: Interactions) -> None:
    hybrid = lt.RankFusion(members=["popular", "random"]).fit(ratings)
    assert Bakeoff(ratings, [hybrid], protocol=ByTime()).audit.failed == ()


def test_a_fitted_model_is_handed_in(ratings: Interactions) -> None:
    found = Bakeoff(ratings, [lt.Popular().fit(ratings)]).audit
    assert [one.name for one in found.findings if not one.accepted] == ["fitted-before"]
    assert not found.failed


def test_how_unknown_users_were_treated_is_measured(ratings: Interactions) -> None:
    result = Bakeoff(ratings, ["popular", "item-knn", "random"], protocol=ByTime()).run(progress=False)
    popular, knn, random = (outcome.treated for outcome in result.outcomes)
    counts = result.audit["counts"]["later"]
    assert popular["cold_users"] == knn["cold_users"] == counts["cold_users"] > 1
    assert (popular["distinct"], popular["popular"]) == (1, popular["places"])
    assert random["distinct"] == counts["cold_users"]
    assert any("popular" in said and "one and the same list, 100% of it" in said for said in result.treatment)


def test_who_is_treated_is_counted_once_however_many_seeds(ratings: Interactions) -> None:
    once, twice = (
        Bakeoff(ratings, ["random"], protocol=ByTime(), repeats=repeats).run(progress=False).outcomes[0].treated
        for repeats in (1, 2)
    )
    assert once == twice != {}


def test_treatment_counts_places_and_predictions_by_hand() -> None:
    rows = {"user": [1, 1, 2, 3, 3], "item": [10, 20, 10, 10, 30], "rating": [5.0, 4.0, 3.0, 2.0, 1.0]}
    data = Interactions.from_frame(rows)
    train, test = data.take([0, 1, 2]), data.take([3, 4])
    lists = lt.TopN([2, 0], [[0, 2], [2, -1]], [[2.0, 1.0], [1.0, -np.inf]], data.user_ids, data.item_ids)
    assert treatment.of_lists(lists, train, test) == {
        "cold_users": 1,
        "empty": 0,
        "distinct": 1,
        "places": 2,
        "popular": 1,
        "cold_items": 1,
        "places_of_all": 3,
        "places_of_cold_items": 2,
    }
    assert treatment.of_lists(lists, train, test, given=test)["cold_items"] == 1
    assert "cold_users" not in treatment.of_lists(lists, train, test, given=test)
    predictions = lt.RatingPredictions(
        test.users, test.items, test.values, test.values, np.array([True, False]), data.user_ids, data.item_ids
    )
    found = treatment.of_predictions(predictions, train)
    assert found == {
        "rows_of_cold_users": 2,
        "impossible_for_cold_users": 1,
        "rows_of_cold_items": 1,
        "impossible_for_cold_items": 0,
    }
    assert treatment.in_words(found) == (
        "had nothing to go by for 1 of 2 ratings of users unknown to train; predicted all 1 ratings of items unknown "
        "to train"
    )


# -- a tuner leaves its mark -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tuned(ratings: Interactions) -> SimpleNamespace:
    train, test = lt.splits.by_time(ratings)

    def search(data: Interactions) -> lt.evaluation.tuning.TuningResult:  # type: ignore[name-defined]
        return lt.Tuner("bias", data, metric="rmse", space={"reg_user": "1:20"}).run(trials=2, progress=False)

    return SimpleNamespace(train=train, test=test, rightly=search(train), wrongly=search(ratings))


def test_what_a_tuner_hands_out_says_what_it_saw(tuned: SimpleNamespace, ratings: Interactions) -> None:
    seen = seen_by(tuned.rightly.model())
    assert seen is not None
    assert (seen.by, seen.rows) == ("a search of bias for RMSE", len(tuned.train))
    assert lt.audit(tuned.train, tuned.test, models=[tuned.rightly.model()]).failed == ()
    (finding,) = lt.audit(tuned.train, tuned.test, models={"bias": tuned.wrongly.model()}).failed
    assert finding.sentence == (
        "the parameters of bias were chosen by a search of bias for RMSE, which saw 500 of 500 test rows (100%)"
    )


def test_a_bakeoff_of_what_was_tuned_on_its_test_is_stopped(tuned: SimpleNamespace, ratings: Interactions) -> None:
    with pytest.raises(LeakageError, match=r"^tuned-on-test: later: the parameters of bias"):
        Bakeoff(ratings, [tuned.wrongly.model()], protocol=ByTime()).run(progress=False)
    result = Bakeoff(ratings, [tuned.rightly.model()], protocol=ByTime()).run(progress=False)
    assert result.audit["findings"] == []


# -- the verb ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["longtail", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture
def files(tuned: SimpleNamespace, ratings: Interactions, tmp_path: Path) -> Path:
    for name, part in (("train", tuned.train), ("test", tuned.test), ("all", ratings)):
        part.to_frame().drop("session").write_csv(tmp_path / f"{name}.csv")
    return tmp_path


def test_a_clean_pair_of_files(run: Run, files: Path) -> None:
    code, out, err = run("audit", files / "train.csv", files / "test.csv")
    assert (code, err) == (0, "")
    assert out.startswith("No leak was found.\nNot looked at: ")


def test_a_leak_is_told_in_one_line_and_code_2(run: Run, files: Path) -> None:
    code, out, err = run("audit", files / "all.csv", files / "test.csv")
    assert code == 2
    assert out.startswith("500 of 500 test rows (100%) are in train too")
    assert err.startswith("longtail: 1 kind of leak found: pair-in-both; to go on all the same, --accept pair-in-both")
    assert err.count("\n") == 1
    assert run("audit", files / "all.csv", files / "test.csv", "--accept", "pair-in-both")[0] == 0
    assert "choose from" in run("audit", files / "all.csv", files / "test.csv", "--accept", "x")[2]


def test_json_is_only_json(run: Run, files: Path) -> None:
    code, out, _ = run("audit", files / "train.csv", files / "test.csv", "--json")
    assert code == 0
    assert json.loads(out)["failed"] is False


def test_a_saved_model_and_a_tuning_are_looked_at(run: Run, files: Path, tuned: SimpleNamespace) -> None:
    parts = (files / "train.csv", files / "test.csv")
    for name in ("train", "all"):
        lt.Popular().fit(Interactions.from_csv(files / f"{name}.csv")).save(files / f"model of {name}")
    tuned.wrongly.to_json(files / "wrong.json")
    tuned.rightly.to_json(files / "right.json")
    assert run("audit", *parts, "-m", files / "model of train", "--tuned", files / "right.json")[0] == 0
    for option, name, kind, words in (
        ("-m", "model of all", "learned-elsewhere", "learned 500 of 500 test rows"),
        ("--tuned", "wrong.json", "tuned-on-test", "which saw "),
    ):
        code, out, err = run("audit", *parts, option, files / name)
        assert (code, err.count("\n")) == (2, 1)
        assert kind in err
        assert words in out
    (files / "other.json").write_text("[]")
    for other in ("other.json", "missing.json"):
        code, _, err = run("audit", *parts, "--tuned", files / other)
        assert (code, err.count("\n")) == (2, 1)
        assert other in err


def test_a_bakeoff_takes_what_to_accept(run: Run, files: Path) -> None:
    assert run("bakeoff", files / "all.csv", "-a", "popular", "--accept", "dominating")[0] == 0
    code, _, err = run("bakeoff", files / "all.csv", "-a", "popular", "--accept", "x")
    assert (code, err.count("\n")) == (2, 1)
