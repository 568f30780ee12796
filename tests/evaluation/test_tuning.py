"""The tuner on recommenders whose best setting is known, and which write down what they were shown."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import optuna
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs
from rich.console import Console

import longtail as lt
from longtail.algorithms.base import FoldIn, Recommender
from longtail.algorithms.powers import PredictsRatings
from longtail.errors import ConfigError, DataError, LongtailError, MissingExtraError
from longtail.evaluation.tuning import Tuner, TuningResult, search_space
from longtail.evaluation.tuning.examination import METRIC_NAMES, Examination, inner_splits, metric_named
from longtail.evaluation.tuning.space import Choices, Range
from longtail.evaluation.tuning.uncertainty import aggregate, paired_difference
from longtail.params import hyper

STILL = {"x": 1.0, "y": 2, "kind": "a"}
WAYS = ("holdout", "folds", "leave-one-out", "last", "time")


@dataclass(kw_only=True)
class Planted(PredictsRatings):
    """Misses every rating by how far its parameters are from x = 7, y = 32, kind = b; keeps a diary."""

    fold_in: ClassVar[FoldIn] = "fallback"
    diary: ClassVar[list[tuple[str, Any]]] = []

    x: float = hyper(1.0, search=(0.0, 10.0))
    y: int = hyper(2, at_least=1, search=(1, 1024), log=True)
    kind: Literal["a", "b"] = "a"
    bold: bool = False
    untouched: int = 5

    def _fit(self, train, catalog):
        self.diary.append(("fit", pairs(train)))
        self.miss_ = 0.1 * abs(self.x - 7) + 0.1 * abs(math.log2(self.y / 32)) + 0.3 * (self.kind != "b")

    def _score_histories(self, histories):
        return np.tile(np.arange(histories.shape[1], dtype=np.float32), (histories.shape[0], 1))

    def _predict_pairs(self, users, items):
        asked = zip(self.user_ids_.values[users].tolist(), self.item_ids_.values[items].tolist(), strict=True)
        self.diary.append(("asked", set(asked)))
        return np.full(len(users), 3.0 + self.miss_, np.float32), np.zeros(len(users), bool)


@dataclass(kw_only=True)
class Listing(Planted):
    """Has a parameter that is a tuple."""

    members: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Ranks(Recommender):
    """Predicts no ratings; with `how` a setting that cannot be, or a fit that fails."""

    fold_in: ClassVar[FoldIn] = "fallback"

    how: Literal["well", "badly", "not"] = "well"

    def __post_init__(self):
        super().__post_init__()
        if self.how == "not":
            raise ConfigError("how must not be not")

    def _fit(self, train, catalog):
        if self.how == "badly":
            raise ValueError("this went\nbadly")

    def _score_histories(self, histories):
        return np.tile(np.arange(histories.shape[1], dtype=np.float32), (histories.shape[0], 1))


def pairs(data: lt.Interactions) -> set[tuple[Any, Any]]:
    return set(zip(data.user_ids.values[data.users].tolist(), data.item_ids.values[data.items].tolist(), strict=True))


@pytest.fixture(autouse=True)
def clean_diary() -> None:
    Planted.diary.clear()


@pytest.fixture(scope="module")
def train() -> lt.Interactions:
    """Ratings around 3 on a wide scale, so that no miss is clipped."""
    rng = np.random.default_rng(5)
    cells = rng.permutation(40 * 30)[:500]
    rows = {"user": cells // 30 + 1, "item": cells % 30 + 100, "rating": 3 + rng.normal(0, 0.1, 500)}
    return lt.Interactions.from_frame(rows | {"timestamp": rng.permutation(500)}, scale=(0.0, 10.0))


def numbers(result: TuningResult) -> list[int]:
    return [trial.number for trial in result.trials]


# -- the search space --------------------------------------------------------------------------------------------------


def test_the_space_comes_from_the_fields() -> None:
    assert search_space(Planted) == {
        "x": Range(0.0, 10.0),
        "y": Range(1, 1024, log=True, whole=True),
        "kind": Choices(("a", "b")),
        "bold": Choices((False, True)),
    }


@pytest.mark.parametrize(
    ("given", "entry"),
    [
        ({"x": "2:3"}, Range(2.0, 3.0)),
        ({"x": "0.5:8:log"}, Range(0.5, 8.0, log=True)),
        ({"x": (2, 3)}, Range(2.0, 3.0)),
        ({"y": (2, 8, "log")}, Range(2, 8, log=True, whole=True)),
        ({"y": "4,8,16"}, Choices((4, 8, 16))),
        ({"kind": ["a"]}, Choices(("a",))),
        ({"untouched": "1:9"}, Range(1, 9, whole=True)),
        ({"bold": "true"}, Choices((True,))),
    ],
)
def test_ranges_and_choices_can_be_given(given: dict[str, Any], entry: Any) -> None:
    assert search_space(Planted, given)[next(iter(given))] == entry


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"z": "1:2"}, "no parameter 'z'"),
        ({"x": "a:b"}, "write x=low:high"),
        ({"x": "1:2:lin"}, "write x=low:high"),
        ({"x": "3:2"}, "low must not be above high"),
        ({"x": "0:2:log"}, "above 0 for log"),
        ({"y": "1.5:3"}, "whole numbers"),
        ({"y": "0:3"}, "at least 1"),
        ({"y": "0,3"}, "at least 1"),
        ({"y": [1.5]}, "whole number"),
        ({"kind": "a,c"}, "one of a, b"),
        ({"kind": "1:2"}, "takes choices"),
        ({"x": []}, "write"),
    ],
)
def test_what_cannot_be_searched_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        search_space(Planted, given)


def test_a_range_keeps_to_its_ends() -> None:
    assert Range(0.98764, 1.5).value(0.98764) == 0.98764  # 0.9876 would be below
    assert Range(0.1, 0.98766).value(0.98766) == 0.98766
    assert Range(0.1, 1.0).value(0.123456) == 0.1235
    assert isinstance(Range(1, 9, whole=True).value(3), int)


# -- finding -----------------------------------------------------------------------------------------------------------


def test_the_planted_optimum_is_found(train: lt.Interactions) -> None:
    result = Tuner(Planted, train, metric="rmse", seed=1).run(40, progress=False)
    assert numbers(result) == list(range(40))
    assert (result.trials[0].origin, result.trials[0].parameters["x"]) == ("defaults", 1.0)
    assert result.parameters["kind"] == "b"
    assert abs(result.parameters["x"] - 7) < 1.5
    assert 8 <= result.parameters["y"] <= 128
    assert result.parameters["untouched"] == 5
    assert result.model() == Planted(**result.parameters)
    assert result.best is not None
    assert result.best.value == min(trial.value for trial in result.trials if trial.value is not None)


def test_equal_seeds_find_equally(train: lt.Interactions) -> None:
    runs = [Tuner(Planted, train, metric="mae", sampler="random", seed=3).run(5, progress=False) for _ in range(2)]
    assert [trial.parameters for trial in runs[0].trials] == [trial.parameters for trial in runs[1].trials]
    other = Tuner(Planted, train, metric="mae", sampler="random", seed=4).run(5, progress=False)
    assert [trial.parameters for trial in runs[0].trials[1:]] != [trial.parameters for trial in other.trials[1:]]


def test_a_better_ndcg_is_higher(train: lt.Interactions) -> None:
    result = Tuner("popular", train, metric="NDCG", validation="leave-one-out").run(6, progress=False)
    assert result.best is not None
    assert result.best.value == max(trial.value or 0 for trial in result.trials)


def test_fixed_parameters_and_a_starting_point_stay(train: lt.Interactions) -> None:
    start = Planted(x=2.0, untouched=9)
    result = Tuner(start, train, metric="rmse", fixed={"kind": "b"}, space={"x": "6:8"}).run(4, progress=False)
    assert all(trial.parameters["kind"] == "b" and trial.parameters["untouched"] == 9 for trial in result.trials)
    assert result.trials[0].parameters["x"] == 2.0  # outside the range, and tried all the same
    assert all(6 <= trial.parameters["x"] <= 8 for trial in result.trials[1:])


def test_a_spec_fixes_what_it_gives(train: lt.Interactions) -> None:
    tuner = Tuner("svd:epochs=2,factors=4", train, metric="rmse")
    assert not {"epochs", "factors"} & set(tuner.space)
    assert (tuner.base.epochs, tuner.base.factors) == (2, 4)


# -- nested validation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_trial_is_judged_by_training_rows_it_did_not_learn_from(train: lt.Interactions, way: Any) -> None:
    given, outside = lt.splits.random_holdout(train, 0.3, seed=2)
    Tuner(Planted, given, metric="rmse", validation=way, folds=3, prune=None).run(3, progress=False)
    learned, asked = Planted.diary[::2], Planted.diary[1::2]
    assert len(learned) == len(asked) == 3 * (3 if way == "folds" else 1)
    for (what, fitted), (then, questions) in zip(learned, asked, strict=True):
        assert (what, then) == ("fit", "asked")
        assert fitted
        assert questions
        assert not fitted & questions
        assert fitted | questions == pairs(given)
        assert not (fitted | questions) & pairs(outside)
    assert len({frozenset(fitted) for _, fitted in learned}) == (3 if way == "folds" else 1)


def test_splits_of_ones_own(train: lt.Interactions) -> None:
    split = lt.splits.random_holdout(train, 0.5, seed=9)
    Tuner(Planted, splits=[split], metric="rmse").run(1, progress=False)
    assert Planted.diary == [("fit", pairs(split[0])), ("asked", pairs(split[1]))]


# -- scores and their uncertainty --------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_sums_by_group_make_the_metric_again(train: lt.Interactions, metric: str) -> None:
    examination = Examination(inner_splits(train, "folds", folds=3), metric)
    scores = list(examination.scores(lt.Bias()))
    again = [aggregate(metric, [(score.sums, score.counts)]) for score in scores]
    assert again == pytest.approx([score.value for score in scores], rel=1e-9)
    assert all(score.value > 0 for score in scores)


def test_the_standard_error_of_a_mean_is_the_textbooks() -> None:
    """With groups of one size, the jackknife of a mean is the standard deviation over the root of their number."""
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(size=20), rng.normal(size=20)
    difference, error = paired_difference("mae", [(ours, np.ones(20))], [(theirs, np.ones(20))])
    assert difference == pytest.approx((ours - theirs).mean())
    assert error == pytest.approx((ours - theirs).std(ddof=1) / math.sqrt(20))


def test_the_difference_to_the_defaults(train: lt.Interactions) -> None:
    result = Tuner(Planted, train, metric="rmse", validation="folds", folds=3).run(12, progress=False)
    assert result.best is not None
    assert result.defaults is not None
    assert result.difference is not None
    difference, error = result.difference
    assert difference == pytest.approx(result.best.value - result.defaults.value)  # type: ignore[operator]
    assert 0 < error < abs(difference)


def test_one_group_of_users_leaves_the_error_open() -> None:
    assert math.isnan(paired_difference("mae", [([1.0, 0.0], [2.0, 0.0])], [([2.0, 0.0], [2.0, 0.0])])[1])


@pytest.mark.parametrize(("text", "name"), [("map", "mean_average_precision"), ("HR", "hit_rate"), ("p", "precision")])
def test_metrics_by_name_or_code(text: str, name: str) -> None:
    assert metric_named(text).name == name


# -- pruning -----------------------------------------------------------------------------------------------------------


def test_a_trial_that_lags_the_best_on_the_same_folds_is_given_up(train: lt.Interactions) -> None:
    margin = 0.02
    result = Tuner(Planted, train, metric="rmse", validation="folds", folds=4, prune=margin).run(25, progress=False)
    states = {trial.state for trial in result.trials}
    assert states == {"complete", "pruned"}
    best = result.trials[0]
    for trial in result.trials[1:]:
        lags = [
            np.mean([score.value for score in trial.folds[:done]]) - np.mean([one.value for one in best.folds[:done]])
            for done in range(1, len(trial.folds) + 1)
        ]
        if trial.state == "pruned":
            assert lags[-1] > margin
            assert trial.value is None
            lags.pop()
        assert all(lag <= margin for lag in lags[:3])
        if trial.value is not None and trial.value < best.value:  # type: ignore[operator]
            best = trial
    assert result.count("pruned") + result.count("complete") == 25


def test_the_median_rule_prunes_and_none_does_not(train: lt.Interactions) -> None:
    tuner = Tuner(Planted, train, metric="rmse", validation="folds", folds=3, sampler="random")
    assert tuner.run(20, progress=False).count("pruned") > 3
    plain = Tuner(Planted, train, metric="rmse", validation="folds", folds=3, sampler="random", prune=None)
    assert plain.run(20, progress=False).count("pruned") == 0


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_trial_that_fails_is_recorded_and_the_others_go_on(train: lt.Interactions) -> None:
    result = Tuner(Ranks, train, sampler="random", seed=1).run(12, progress=False)
    errors = {trial.parameters["how"]: trial.error for trial in result.trials}
    assert errors == {"well": "", "badly": "ValueError: this went badly", "not": "how must not be not"}
    assert result.count("failed") + result.count("complete") == 12


def test_if_none_comes_through_the_reason_is_said(train: lt.Interactions) -> None:
    with pytest.raises(LongtailError, match="no trial came through; the first: ValueError: this went badly"):
        Tuner(Ranks(how="badly"), train, space={"how": ["badly"]}).run(2, progress=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "novelty"}, "cannot tune for 'novelty'"),
        ({"validation": "twice"}, "validation must be"),
        ({"sampler": "best"}, "sampler must be"),
        ({"prune": -1.0}, "prune must be"),
        ({"prune": "often"}, "prune must be"),
        ({"n": 0}, "n must be"),
        ({"fixed": {"z": 1}}, "no parameter 'z'"),
        ({"fixed": {"x": 1.0, "y": 1, "kind": "a", "bold": True}}, "no parameter to search"),
        ({"grid": {"x": [1.0]}, "space": {"y": "1:2"}}, "whole search"),
        ({"grid": {"x": [1.0]}, "fixed": {"x": 2.0}}, "whole search"),
        ({"grid": {"x": "1:2"}}, "a grid takes values"),
        ({"min_rating": 4.0, "metric": "rmse"}, "min_rating=4 needs"),
        ({"min_rating": 4.0, "metric": "hit_rate"}, "min_rating=4 needs"),
        ({"resume": True}, "name the file"),
        ({"splits": []}, "training data, or splits"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(train: lt.Interactions, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        Tuner(Planted, train, **{"metric": "rmse", **options}).run(1, progress=False)
    assert "\n" not in str(caught.value)


def test_ratings_are_not_asked_of_what_has_none(train: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match="Ranks predicts no ratings"):
        Tuner(Ranks, train, metric="rmse")
    clicks = lt.Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 2]})
    with pytest.raises(ConfigError, match="hold no ratings"):
        Tuner(Planted, clicks, metric="rmse", fraction=0.5)
    with pytest.raises(DataError, match="needs times"):
        Tuner(Ranks, clicks, validation="time")


@pytest.mark.parametrize("numbers", [{"trials": 0}, {"jobs": 0}, {"seconds": 0}, {"seconds": math.inf}])
def test_a_run_of_nothing_is_refused(train: lt.Interactions, numbers: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Tuner(Planted, train, metric="rmse").run(progress=False, **numbers)


def test_a_setting_drawn_again_is_not_fitted_again(train: lt.Interactions) -> None:
    result = Tuner(Planted, train, metric="rmse", space={"bold": [True]}, fixed=STILL).run(6, progress=False)
    assert [trial.state for trial in result.trials] == ["complete"] * 6
    assert len(Planted.diary) == 2 * 2
    assert [trial.wall for trial in result.trials[2:]] == [0.0] * 4


def test_the_clock_does_not_stop_the_defaults(train: lt.Interactions) -> None:
    tuner = Tuner(Planted, train, metric="rmse", validation="folds", folds=3)
    result = tuner.run(5, seconds=1e-4, progress=False)
    assert [trial.origin for trial in result.trials] == ["defaults"]
    assert result.count("failed") == 0


def test_parameters_that_json_does_not_know(train: lt.Interactions, tmp_path: Path) -> None:
    options: dict[str, Any] = {"metric": "rmse", "study": tmp_path / "tune.log"}
    start = Listing(members=("a", "b"))
    Tuner(start, train, **options).run(2, progress=False)
    result = Tuner(start, train, **options, resume=True).run(4, progress=False)
    assert result.parameters["members"] == ("a", "b")
    result.to_json()


def test_the_clock_ends_a_run(train: lt.Interactions) -> None:
    result = Tuner(Planted, train, metric="rmse").run(100_000, seconds=0.3, progress=False)
    assert 0 < len(result.trials) < 100_000
    assert result.seconds < 10


def test_without_optuna_the_extra_is_named(train: lt.Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"longtail\[tune\]"):
        Tuner(Planted, train)


# -- studies that go on ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tune.db", "tune.log"])
def test_a_study_is_resumed(train: lt.Interactions, tmp_path: Path, name: str) -> None:
    options: dict[str, Any] = {"metric": "rmse", "sampler": "random", "study": tmp_path / name}
    first = Tuner(Planted, train, **options).run(4, progress=False)
    fits = len(Planted.diary)
    with pytest.raises(ConfigError, match="is there already"):
        Tuner(Planted, train, **options).run(4, progress=False)
    second = Tuner(Planted, train, **options, resume=True).run(7, progress=False)
    assert numbers(second) == list(range(7))
    assert [trial.to_dict() for trial in second.trials[:4]] == [trial.to_dict() for trial in first.trials]
    assert [trial.origin for trial in second.trials] == ["defaults"] + ["search"] * 6
    drawn = [tuple(trial.parameters.values()) for trial in second.trials]
    assert len(set(drawn)) == 7  # the sampler does not begin again
    assert len(Planted.diary) == fits + 2 * 3
    assert len(Tuner(Planted, train, **options, resume=True).run(7, progress=False).trials) == 7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metric": "mae"}, "metric"),
        ({"seed": 9}, "seed"),
        ({"fraction": 0.4}, "validation"),
        ({"space": {"x": "1:2"}}, "space"),
        ({"fixed": {"untouched": 1}}, "start"),
    ],
)
def test_another_study_is_not_resumed(
    train: lt.Interactions, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    options: dict[str, Any] = {"metric": "rmse", "study": tmp_path / "tune.log"}
    Tuner(Planted, train, **options).run(1, progress=False)
    with pytest.raises(ConfigError, match=f"is a study with {said}"):
        Tuner(Planted, train, **{**options, **change}, resume=True).run(2, progress=False)
    with pytest.raises(ConfigError, match="is a study with data"):
        Tuner(Planted, train.take(np.arange(400)), **options, resume=True).run(2, progress=False)
    with pytest.raises(ConfigError, match="is a study with algorithm"):
        Tuner("bias", train, **options, resume=True).run(2, progress=False)


@pytest.mark.parametrize("name", ["tune.db", "tune.log"])
def test_a_foreign_file_is_left_alone(train: lt.Interactions, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for text in ("", "something else\n", '{"study_name": "other"}\n', "[1]\n"):
        path.write_text(text)
        with pytest.raises(ConfigError, match="holds no study"):
            Tuner(Planted, train, metric="rmse", study=path, resume=True).run(1, progress=False)
        assert path.read_text() == text
    with pytest.raises(ConfigError, match="no study to resume"):
        Tuner(Planted, train, metric="rmse", study=tmp_path / "none.db", resume=True).run(1, progress=False)
    with pytest.raises(ConfigError, match="no folder"):
        Tuner(Planted, train, metric="rmse", study=tmp_path / "no" / "tune.db").run(1, progress=False)


def test_an_interrupt_keeps_what_is_through(
    train: lt.Interactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"metric": "rmse", "study": tmp_path / "tune.log"}
    fit, count = Planted._fit, iter(range(100))

    def interrupted(self, train, catalog):
        if next(count) == 3:
            raise KeyboardInterrupt
        fit(self, train, catalog)

    monkeypatch.setattr(Planted, "_fit", interrupted)
    result = Tuner(Planted, train, **options).run(8, progress=False)
    assert result.interrupted
    assert [trial.state for trial in result.trials] == ["complete"] * 3 + ["failed"]
    assert result.count("failed") == 0
    again = Tuner(Planted, train, **options, resume=True).run(8, progress=False)
    assert not again.interrupted
    assert again.count("complete") == 8


def test_a_killed_run_loses_its_running_trials_only(train: lt.Interactions, tmp_path: Path) -> None:
    options: dict[str, Any] = {"metric": "rmse", "study": tmp_path / "tune.db"}
    Tuner(Planted, train, **options).run(2, progress=False)
    left = optuna.load_study(study_name="longtail", storage=f"sqlite:///{tmp_path / 'tune.db'}")
    left.ask({"x": optuna.distributions.FloatDistribution(0.0, 10.0)})  # as a kill leaves it: running for ever
    result = Tuner(Planted, train, **options, resume=True).run(4, progress=False)
    assert [trial.error for trial in result.trials] == ["", "", "interrupted", "", ""]
    assert result.count("complete") == 4
    assert json.loads(result.to_json())["trials"][2]["error"] == "interrupted"
    result.to_frame()
    result.to_html(tmp_path / "report.html")


def test_defaults_that_were_cut_short_are_tried_again(
    train: lt.Interactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self, train, catalog):
        raise KeyboardInterrupt

    options: dict[str, Any] = {"metric": "rmse", "study": tmp_path / "tune.log"}
    with monkeypatch.context() as patch:
        patch.setattr(Planted, "_fit", interrupted)
        nothing = Tuner(Planted, train, **options).run(3, progress=False)
    assert nothing.best is None
    assert nothing.parameters["x"] == 1.0
    nothing.to_html(tmp_path / "nothing.html")
    result = Tuner(Planted, train, **options, resume=True).run(3, progress=False)
    assert result.defaults is not None
    assert (result.defaults.number, result.count("complete")) == (1, 3)


# -- processes ---------------------------------------------------------------------------------------------------------

MORTAL = '''
import os
from dataclasses import dataclass

import longtail as lt
from longtail.params import hyper


@dataclass(kw_only=True)
class Mortal(lt.Popular):
    """Ends its process where `damping` is 13, and writes its number of threads to a file where it is 14."""

    def _fit(self, train, catalog):
        if self.damping == 13:
            os._exit(7)
        super()._fit(train, catalog)
'''


def test_two_jobs_do_what_one_does(train: lt.Interactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mortal.py").write_text(MORTAL)
    monkeypatch.syspath_prepend(tmp_path)
    from mortal import Mortal  # type: ignore[import-not-found]

    options: dict[str, Any] = {"metric": "rmse", "validation": "folds", "folds": 2}
    grid = {"damping": [1.0, 2.0, 13.0, 4.0]}
    ours = Tuner(Mortal, train, grid=grid, **options).run(jobs=2, progress=False)
    theirs = Tuner("popular", train, grid=grid, **options).run(progress=False)
    found = {trial.parameters["damping"]: trial for trial in ours.trials}
    assert sorted(found) == [1.0, 2.0, 4.0, 5.0, 13.0]
    assert found[13.0].state == "failed"
    assert "exit code 7" in found[13.0].error
    assert found[5.0].origin == "defaults"
    for trial in theirs.trials:
        if trial.parameters["damping"] != 13.0:
            assert found[trial.parameters["damping"]].value == trial.value


# -- the grid ----------------------------------------------------------------------------------------------------------


def test_a_grid_tries_the_product_and_the_defaults(train: lt.Interactions, tmp_path: Path) -> None:
    grid = {"x": [5.0, 7.0], "kind": "a,b", "y": [16, 32, 64]}
    options: dict[str, Any] = {"metric": "rmse", "grid": grid, "study": tmp_path / "grid.log"}
    result = Tuner(Planted, train, **options).run(trials=1, progress=False)
    tried = {(trial.parameters["x"], trial.parameters["kind"], trial.parameters["y"]) for trial in result.trials}
    assert len(result.trials) == len(tried) == 13
    assert tried == {(x, kind, y) for x in (5.0, 7.0) for kind in "ab" for y in (16, 32, 64)} | {(1.0, "a", 2)}
    assert {name: result.parameters[name] for name in grid} == {"x": 7.0, "kind": "b", "y": 32}
    assert len(Tuner(Planted, train, **options, resume=True).run(progress=False).trials) == 13


def test_defaults_within_the_grid_are_tried_once(train: lt.Interactions) -> None:
    result = Tuner(Planted, train, metric="rmse", grid={"x": [1.0, 2.0]}).run(progress=False)
    assert [trial.parameters["x"] for trial in result.trials] == [1.0, 2.0]


# -- what comes out ----------------------------------------------------------------------------------------------------


@pytest.fixture
def found(train: lt.Interactions) -> TuningResult:
    tuner = Tuner(Planted, train, metric="rmse", validation="folds", folds=3, seed=2, name="<b>rows</b>")
    return tuner.run(15, progress=False)


@pytest.fixture
def grid(train: lt.Interactions) -> TuningResult:
    return Tuner(Planted, train, metric="rmse", grid={"x": [5.0, 7.0, 9.0], "kind": ["a", "b"]}).run(progress=False)


def printed(result: TuningResult, width: int = 200) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        result.show(console)
        return console.export_text()


def test_the_terminal_says_what_was_won_and_how_far_to_trust_it(found: TuningResult) -> None:
    said = printed(found)
    assert "RMSE" in said
    assert "standard error" in said
    assert "flattering" in said
    assert "not used here" in said
    assert "Use it: Planted:" in said
    assert "current" in said


def test_the_table_of_a_grid_is_whole(grid: TuningResult) -> None:
    said = printed(grid)
    assert re.search(r"kind \\ x +5 +7 +9", said)
    for trial in grid.trials:
        assert f"{trial.value:.5f}" in said


def test_json_is_strict_and_whole(found: TuningResult, tmp_path: Path) -> None:
    text = found.to_json(tmp_path / "study.json")
    assert (tmp_path / "study.json").read_text() == text
    plain = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert len(plain["trials"]) == 15
    assert plain["best"]["value"] == found.best.value  # type: ignore[union-attr]
    assert plain["trials"][0]["origin"] == "defaults"
    assert plain["space"]["y"] == "1:1024:log"
    assert abs(sum(plain["importances"].values()) - 1) < 1e-6
    assert {"seconds", "cpu_seconds", "folds", "state", "error"} <= set(plain["trials"][0])


def test_a_frame_has_a_row_a_trial(found: TuningResult) -> None:
    frame = found.to_frame()
    assert frame.height == 15
    assert frame.columns == ["number", "state", "origin", "rmse", "seconds", "x", "y", "kind", "bold"]


def charts_of(html: str) -> dict[str, Any]:
    match = re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)
    assert match
    charts: dict[str, Any] = json.loads(match[1])
    return charts


@pytest.mark.parametrize("which", ["found", "grid"])
def test_the_report_needs_nothing_from_elsewhere(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    result: TuningResult = request.getfixturevalue(which)
    html = result.to_html(tmp_path / "study.html").read_text()
    own = html.replace(get_plotlyjs(), "")
    assert html.count(get_plotlyjs()) == 1
    assert not re.search(r"""(src|action)\s*=|href\s*=\s*"[^#]|url\(|@import|https?://""", own)
    assert "<b>rows" not in own
    for name in charts_of(html):
        assert f'id="{name}"' in own


def themed(node: Any) -> Any:
    """A figure with a colour in the place of each token."""
    if isinstance(node, str) and re.fullmatch(r"@[a-z0-9]+", node):
        return "#123456"
    if isinstance(node, list):
        return [themed(entry) for entry in node]
    return {key: themed(value) for key, value in node.items()} if isinstance(node, dict) else node


def test_the_charts_are_figures_and_show_the_trials(found: TuningResult, grid: TuningResult, tmp_path: Path) -> None:
    charts = charts_of(found.to_html(tmp_path / "study.html").read_text())
    assert {name.split("-")[1] for name in charts} == {"history", "slices", "parallel", "importance"}
    for chart in charts.values():
        go.Figure(themed(chart["traces"]), themed(chart["layout"]))  # fails for what plotly does not know
    complete = [trial for trial in found.trials if trial.value is not None]
    assert charts["chart-history-0"]["traces"][1]["y"] == [trial.value for trial in complete]
    best = charts["chart-history-0"]["traces"][2]["y"]
    assert best == sorted(best, reverse=True)
    assert [entry["label"] for entry in charts["chart-parallel-0"]["traces"][0]["dimensions"]] == [
        *("x", "y", "kind", "bold"),
        "RMSE",
    ]
    heat = charts_of(grid.to_html(tmp_path / "grid.html").read_text())["chart-grid-0"]["traces"][0]
    assert (heat["x"], heat["y"]) == (["5.0", "7.0", "9.0"], ["a", "b"])
    assert heat["z"][1][1] == grid.best.value  # type: ignore[union-attr]
    assert go.Heatmap(themed(heat))


def test_a_line_for_each_trial(train: lt.Interactions, capsys: pytest.CaptureFixture[str]) -> None:
    Tuner(Planted, train, metric="rmse").run(3)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["0", "1", "2"]
    assert all("RMSE" in line and "kind=" in line for line in lines)
