"""End to end on a small world: right figures, nothing lost when something fails, and the same again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import longtail as lt
from longtail.data import splits
from longtail.errors import ConfigError, DataError, UnknownIdError
from longtail.evaluation import metrics
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.bakeoff.entries import entries
from longtail.evaluation.measures import COLUMNS
from longtail.evaluation.metrics.similarity import rating_cosine
from longtail.evaluation.protocols import Classic

HITS = ("hit_rate", "arhr", "cumulative_hit_rate")


def run(data: lt.Interactions, *algorithms: object, **options: object) -> BakeoffResult:
    return Bakeoff(data, list(algorithms), **options).run(progress=False)


# -- figures -------------------------------------------------------------------------------------------------------


def test_figures_equal_the_metrics_called_directly(films: lt.Interactions) -> None:
    found = run(films, "popular", seed=5, n=4).outcomes[0].values
    train, test = splits.random_holdout(films, 0.25, seed=5)
    predictions = lt.make("popular").fit(train).predict_ratings(test)
    for metric in (metrics.rmse, metrics.mae, metrics.prediction_coverage):
        assert found[metric.__name__] == float(metric(predictions))
    train, test = splits.leave_one_out(films, seed=5)
    model = lt.make("popular").fit(train)
    for prefix, floor in (("", None), ("floored_", 4.0)):
        lists = model.recommend(test.users_present(), 4, min_rating=floor)
        expected = (metrics.hit_rate(lists, test), metrics.arhr(lists, test), metrics.cumulative_hit_rate(lists, test))
        assert [found[prefix + name] for name in HITS] == list(map(float, expected))
    lists = lt.make("popular").fit(films).recommend(n=4, min_rating=4.0)
    assert found["user_coverage"] == float(metrics.user_coverage(lists))
    assert found["catalogue_coverage"] == float(metrics.catalogue_coverage(lists))
    assert found["diversity"] == float(metrics.diversity(lists, rating_cosine(films)))
    assert found["novelty"] == float(metrics.novelty(lists, films))
    assert found["self_information"] == float(metrics.self_information(lists, films))


def test_the_floor_cuts_lists_ranked_by_ratings_as_recommend_does(
    films: lt.Interactions, recommenders: SimpleNamespace
) -> None:
    model = recommenders.Known(offset=0.5)
    found = run(films, model, n=6).outcomes[0]
    train, test = splits.leave_one_out(films, seed=0)
    lists = model.clone().fit(train).recommend(test.users_present(), 6, min_rating=4.0)
    assert found.values["floored_hit_rate"] == float(metrics.hit_rate(lists, test))
    assert found.values["floored_hit_rate"] < found.values["hit_rate"]
    whole = model.clone().fit(films).recommend(n=6, min_rating=4.0)
    assert found.values["user_coverage"] == float(metrics.user_coverage(whole))


def test_whoever_knows_the_truth_wins(result: BakeoffResult) -> None:
    known = result.outcomes[0].values
    assert known["rmse"] == known["mae"] == 0.0
    assert known["hit_rate"] == known["arhr"] == known["prediction_coverage"] == 1.0
    assert known["floored_cumulative_hit_rate"] == 1.0
    assert known["floored_hit_rate"] < 1.0


def test_hit_rate_by_rating_counts_every_user_once(result: BakeoffResult) -> None:
    cells = result.outcomes[2].by_rating["hits"]
    assert [cell["rating"] for cell in cells] == sorted(cell["rating"] for cell in cells)
    users = result.data["splits"]["one left out"]["test_users"]
    assert sum(cell["users"] for cell in cells) == users
    hits = sum(cell["users"] * cell["hit_rate"] for cell in cells)
    assert hits / users == pytest.approx(result.outcomes[2].values["hit_rate"])


def test_equal_seeds_give_equal_figures_and_others_do_not(films: lt.Interactions) -> None:
    timed = {"fit_seconds", "predict_seconds", "recommend_seconds", "cpu_seconds", "peak_mb"}
    first, again, other = (run(films, "popular", seed=seed).outcomes[0].values for seed in (1, 1, 2))
    assert {k: v for k, v in first.items() if k not in timed} == {k: v for k, v in again.items() if k not in timed}
    assert first["rmse"] != other["rmse"]


def test_repeats_run_with_one_seed_after_another(films: lt.Interactions) -> None:
    repeated = run(films, "random:seed=4", repeats=3).outcomes[0]
    alone = [run(films, f"random:seed={seed}").outcomes[0].values for seed in (4, 5, 6)]
    for key in ("rmse", "hit_rate", "novelty"):
        assert repeated.spread[key] == [values[key] for values in alone]
        assert repeated.values[key] == pytest.approx(np.mean(repeated.spread[key]))
    assert len(set(repeated.spread["rmse"])) == 3


def test_costs_are_measured(films: lt.Interactions, recommenders: SimpleNamespace) -> None:
    found = run(films, recommenders.Known(), recommenders.Hungry())
    for key in ("fit_seconds", "predict_seconds", "recommend_seconds", "cpu_seconds"):
        assert found.outcomes[0].values[key] > 0
    assert found.outcomes[1].values["peak_mb"] >= 200 > 100 > found.outcomes[0].values["peak_mb"]
    assert found.seconds > 0
    assert found.memory_method


def test_data_without_ratings(clicks: lt.Interactions) -> None:
    found = run(clicks, "popular")
    values = found.outcomes[0].values
    assert not {"rmse", "mae", "cumulative_hit_rate", "floored_hit_rate"} & set(values)
    assert values["hit_rate"] > 0
    assert values["diversity"] > 0
    assert "no ratings" in found.caveats[0]
    assert not any("floor" in question for question in found.questions)
    assert found.sample.hated == []


def test_one_that_predicts_no_ratings_is_measured_without_them(result: BakeoffResult) -> None:
    outcome = result.outcomes[3]
    assert "rmse" not in outcome.values
    assert "floored_hit_rate" not in outcome.values
    assert outcome.values["hit_rate"] is not None
    assert "predicts no ratings" in outcome.notes[0]


def test_more_places_than_items(films: lt.Interactions) -> None:
    assert run(films, "popular", n=1_000).outcomes[0].values["hit_rate"] == 1.0


# -- who takes part ------------------------------------------------------------------------------------------------


def test_labels_tell_the_same_algorithm_apart(recommenders: SimpleNamespace) -> None:
    found = entries(["popular", "popular:damping=2", recommenders.Known(), recommenders.Known(offset=1.0)], seed=0)
    assert [entry.label for entry in found] == ["popular", "popular (damping=2.0)", "Known", "Known (offset=1.0)"]


def test_a_seed_goes_to_those_that_were_given_none(films: lt.Interactions, recommenders: SimpleNamespace) -> None:
    found = entries(["svd", "svd:seed=3", recommenders.Known()], seed=7)
    assert [entry.model.seed for entry in found] == [7, 3, 0]
    assert [entry.label for entry in found] == ["svd", "svd (seed=3)", "Known (seed=0)"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["popular", "popular"], "stands twice"),
        ([], "no algorithm"),
        ("popular", "must be a list"),
        (["populr"], "did you mean popular"),
        (["popular:damp=3"], "damping"),
        ([lt.Popular], "a recommender, not"),
        ([3], "a recommender, not"),
    ],
)
def test_impossible_entries(given: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        entries(given, seed=0)


def test_a_recommender_given_is_not_fitted(films: lt.Interactions, recommenders: SimpleNamespace) -> None:
    model = recommenders.Known()
    run(films, model)
    assert not hasattr(model, "kept_")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"protocol": "modern"}, ConfigError),
        ({"n": 0}, ConfigError),
        ({"seed": -1}, ConfigError),
        ({"user": 1}, UnknownIdError),
        ({"protocol": Classic(floor=6.0)}, ConfigError),
    ],
)
def test_impossible_options(films: lt.Interactions, options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        Bakeoff(films, ["popular"], **options)
    assert "\n" not in str(caught.value)


def test_a_protocol_of_ones_own(films: lt.Interactions) -> None:
    found = run(films, "popular", protocol=Classic(n=3, floor=None, holdout=0.5, seed=9))
    assert "floored_hit_rate" not in found.outcomes[0].values
    assert found.protocol.n == 3
    assert found.data["splits"]["hidden ratings"]["test_rows"] == pytest.approx(len(films) / 2, abs=1)


# -- when something goes wrong -------------------------------------------------------------------------------------


def test_one_that_fails_is_reported_and_stops_nobody(films: lt.Interactions, recommenders: SimpleNamespace) -> None:
    found = run(films, recommenders.Broken(), recommenders.Refusing(), "popular")
    errors = [outcome.error for outcome in found.outcomes]
    assert errors == [
        "ZeroDivisionError: no such thing <b>as</b> [red]zero[/red]",
        "these data are not for me",
        None,
    ]
    assert not found.interrupted
    assert found.outcomes[2].values["hit_rate"] > 0


def test_an_interrupt_leaves_what_is_finished(
    films: lt.Interactions, recommenders: SimpleNamespace, tmp_path: Path
) -> None:
    found = run(films, "popular", recommenders.Stopped(), recommenders.Known())
    assert found.interrupted
    assert [outcome.label for outcome in found.outcomes] == ["popular"]
    assert found.not_run == ["Stopped", "Known"]
    assert BakeoffResult.from_json(found.to_json()) == found
    assert "Stopped, Known" in found.to_html(tmp_path / "partial.html").read_text(encoding="utf-8")


def test_interrupted_at_once(films: lt.Interactions, recommenders: SimpleNamespace, tmp_path: Path) -> None:
    found = run(films, recommenders.Stopped())
    assert found.to_frame().is_empty()
    assert found.to_html(tmp_path / "nothing.html").exists()


# -- the sample user -----------------------------------------------------------------------------------------------


def test_picks_are_what_the_model_recommends(
    result: BakeoffResult, films: lt.Interactions, recommenders: SimpleNamespace
) -> None:
    user = result.sample.id
    picks = result.outcomes[2].picks
    assert [pick.item for pick in picks] == lt.make("popular").fit(films).recommend([user]).of(user)
    assert all(1 <= pick.rating <= 5 for pick in picks)
    assert not any(pick.reason for pick in picks)
    model = recommenders.Reasoning(offset=0.5).fit(films)
    for pick in result.outcomes[1].picks:
        assert pick.rating == model.predict([user], [pick.item])[0]
        assert pick.reason == model.explain(user, pick.item).text
        assert pick.reason.startswith("because you liked")


def test_the_user_asked_for_may_be_written_as_text(films: lt.Interactions) -> None:
    assert Bakeoff(films, ["popular"], user="107").sample.id == 107


# -- writing -------------------------------------------------------------------------------------------------------


def test_frame_has_a_row_an_algorithm_and_every_column(result: BakeoffResult, tmp_path: Path) -> None:
    frame = result.to_frame()
    figures = [column.key for column in COLUMNS]
    assert frame.columns == ["algorithm", "name", "parameters", "ranked_among", *figures, "compile_seconds", "error"]
    assert frame["algorithm"].to_list() == [outcome.label for outcome in result.outcomes]
    assert json.loads(frame["parameters"][1]) == {"offset": 0.5, "seed": 0}
    written = pl.read_csv(result.to_csv(tmp_path / "figures.csv"))
    assert written["rmse"].to_list() == pytest.approx(frame["rmse"].to_list(), nan_ok=True)


def test_json_is_strict_and_reads_back(result: BakeoffResult, tmp_path: Path) -> None:
    text = result.to_json(tmp_path / "result.json")
    assert BakeoffResult.from_json((tmp_path / "result.json").read_text(encoding="utf-8")) == result

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    plain = json.loads(text, parse_constant=refuse)
    assert set(plain) == {
        *(
            "kind",
            "format",
            "interrupted",
            "ranked_among",
            "name",
            "protocol",
            "questions",
            "caveats",
            "data",
            "environment",
        ),
        *("memory_method", "started", "seconds", "compile_seconds", "sample", "ranks", "tail", "outcomes", "not_run"),
        *("comparisons", "audit", "sense", "segments", "people", "curve"),
    }
    assert set(plain["outcomes"][0]) == {
        *("label", "algorithm", "parameters", "values", "users", "by_rating", "tail", "picks", "compile_seconds"),
        *("error", "notes", "spread", "segments", "people", "curve", "treated"),
    }
    assert plain["format"] == 2
    assert plain["data"]["fingerprint"]
    assert {"longtail", "python", "numpy", "numba", "platform"} <= set(plain["environment"])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "longtail bake-off", "format": 99}', '{"kind": "else"'])
def test_foreign_json_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(DataError, match="bake-off") as caught:
        BakeoffResult.from_json(text)
    assert "\n" not in str(caught.value)


def test_show_prints(result: BakeoffResult) -> None:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=120)
    result.show(console)
    assert "popular" in console.file.getvalue()


def test_long_tail_curves_end_at_everything(result: BakeoffResult, films: lt.Interactions) -> None:
    assert result.ranks[0] == 1
    assert result.ranks[-1] == films.n_items
    for curve in (result.tail, result.outcomes[2].tail, result.outcomes[3].tail):
        assert curve[-1] == 1.0
        assert np.all(np.diff(curve) >= 0)
        assert len(curve) == len(result.ranks)
