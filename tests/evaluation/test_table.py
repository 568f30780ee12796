"""The terminal: marks that need no colour, widths that hold, and titles that are only text."""

from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from longtail.evaluation.bakeoff import BakeoffResult
from longtail.evaluation.findings import Outcome
from longtail.evaluation.sample_user import Pick, RatedItem


def shown(result: BakeoffResult, width: int = 120, encoding: str = "utf-8") -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    result.show(Console(file=file, width=width, force_terminal=False, legacy_windows=False))
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def row(text: str, label: str, line: int = 0) -> str:
    return [found for found in text.splitlines() if found.startswith(label)][line]


def test_the_best_is_marked_with_a_star(result: BakeoffResult) -> None:
    text = shown(result)
    assert "0.0000*" in row(text, "Known")
    assert "*" not in row(text, "Reasoning").split()[1:3]
    assert "* best" in text


def test_ties_are_all_marked(result: BakeoffResult) -> None:
    for outcome, rmse in zip(result.outcomes, (0.123463, 0.2, 0.123458), strict=False):
        outcome.values["rmse"] = rmse
    assert shown(result).count("0.1235*") == 2


def test_one_that_failed_wins_nothing(result: BakeoffResult) -> None:
    result.outcomes[4].values["rmse"] = -1.0
    text = shown(result)
    assert "-1.0000" in text
    assert "-1.0000*" not in text
    assert row(text, "Known").count("0.0000*") == 2


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(result: BakeoffResult, width: int) -> None:
    result.outcomes[1].label = "Reasoning (offset=0.5, and_much_more=0.123456789)"
    lines = shown(result, width).splitlines()
    assert max(map(len, lines)) <= width
    assert "RMSE" in "".join(lines)
    assert "…" not in "".join(lines)


def test_wide_terminals_need_fewer_tables(result: BakeoffResult) -> None:
    headings = [sum(line.startswith("algorithm") for line in shown(result, width).splitlines()) for width in (80, 120)]
    assert headings[1] == 2 < headings[0]


def test_rows_line_up_below_a_long_label(result: BakeoffResult) -> None:
    result.outcomes[0].label = "Known (with a very long list of parameters)"
    text = shown(result)
    assert row(text, "popular").count(".") >= 6
    assert "0.0000*" in row(text, "Known (with a")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_long_label_is_cut_between_its_parameters(result: BakeoffResult, width: int) -> None:
    result.outcomes[0].label = "user-knn (similarity=cosine, neighbors=10, ranking=similarity)"
    words = shown(result, width).split()
    shares = [("similarity=", "cosine,"), ("(similarity=cosine,",)]
    assert any(set(share) <= {word.lstrip("(") for word in words} | set(words) for share in shares)
    assert {"user-knn", "neighbors=10,", "ranking=similarity)"} <= set(words)


def test_nothing_is_marked_where_all_are_alike(result: BakeoffResult) -> None:
    for outcome in result.outcomes:
        outcome.values["rmse"] = 0.5
    text = shown(result)
    assert "0.5000" in text
    assert "0.5000*" not in text


def test_failures_notes_and_interrupts_are_told(result: BakeoffResult) -> None:
    result.not_run = ["svd"]
    text = " ".join(shown(result).split())
    assert "Broken failed: ZeroDivisionError: no such thing <b>as</b> [red]zero[/red]" in text
    assert "Refusing failed: these data are not for me" in text
    assert "NoRatings predicts no ratings" in text
    assert "Interrupted; not run: svd" in text


def test_what_holds_of_several_is_said_once(result: BakeoffResult) -> None:
    for outcome in result.outcomes[:3]:
        outcome.notes, outcome.error = ["predicts no ratings"], None
    for outcome in result.outcomes[3:]:
        outcome.notes = []
    one, two, three = (outcome.label for outcome in result.outcomes[:3])
    assert result.remarks == [f"Each of {one}, {two} and {three} predicts no ratings"]


def test_titles_are_text_not_markup(result: BakeoffResult) -> None:
    result.outcomes = [dataclasses.replace(outcome, label=f"[red]{outcome.label}[/red]") for outcome in result.outcomes]
    text = " ".join(shown(result).split())
    assert "[red]popular[/red]" in text
    assert "[bold]co[/bold]" in text


def test_titles_cannot_command_the_terminal(result: BakeoffResult) -> None:
    result.outcomes[0].picks = [Pick(1, "\x1b[2Jgone\x07 é")]
    result.sample = dataclasses.replace(result.sample, loved=[RatedItem(1, "\x1b]0;mine\x07", 5.0)])
    text = shown(result)
    assert "\x1b" not in text
    assert "1  [2Jgone  é" in text


def test_every_heading_is_spelled_out(result: BakeoffResult) -> None:
    text = " ".join(shown(result).split())
    for short in ("RMSE root mean squared error", "HR hit rate", "uCov user coverage", "higher is better"):
        assert short in text


def test_plain_arrows_where_there_are_no_others(result: BakeoffResult) -> None:
    text = shown(result, encoding="ascii")
    assert "RMSE v" in text
    assert "?" not in text


def test_nothing_measured_is_no_error(result: BakeoffResult) -> None:
    result.outcomes = [Outcome("a", "a", {}, error="no"), Outcome("b", "b", {}, error="no")]
    assert "a failed: no" in shown(result)


def test_the_sample_user_comes_last(result: BakeoffResult) -> None:
    text = shown(result)
    assert text.index("loved") < text.index("hated") < text.index("1 <script>")
    assert f"User {result.sample.id}" in text


def test_accepted_leaks_are_one_line_with_the_largest_share(result: BakeoffResult) -> None:
    leak = {"name": "future", "severity": "fail", "accepted": True, "title": "training after test time"}
    rows = "of 2,000 training rows"
    result.audit["findings"] = [
        {**leak, "sentence": f"90 {rows} (4.5%) are later"},
        {**leak, "sentence": f"1,020 {rows} (51%) are later"},
        {**leak, "title": "one user's weight", "sentence": "user 7 weighs much"},
        {**leak, "accepted": False, "title": "something else", "sentence": "it is not accepted"},
    ]
    told = "training after test time (up to 51% of training rows), one user's weight; details in the report."
    assert [line for line in shown(result, 200).splitlines() if "leaks" in line] == [
        f"Accepted leaks: {told}".ljust(200)
    ]
    result.audit = {}
    assert "Accepted" not in shown(result)


def test_differences_of_shares_are_in_points(result: BakeoffResult) -> None:
    verdicts = shown(result, 200).split("which differences are real: ")
    (hits,) = [text for text in verdicts if text.startswith("hit rate")]
    (error,) = [text for text in verdicts if text.startswith("root mean squared error")]
    assert "less the best (pp)" in hits
    assert "(pp)" not in error


@pytest.mark.parametrize(("width", "lettered"), [(60, False), (200, True)])
def test_letters_are_explained_only_where_there_are_some(result: BakeoffResult, width: int, lettered: bool) -> None:
    text = " ".join(shown(result, width).split())
    assert ("letters" in text) is lettered
    assert ("Algorithms that share a letter" in text) is lettered
    assert "The same users are compared in pairs" in text


def test_how_many_seeds_is_told(result: BakeoffResult) -> None:
    assert "lists of 10, seed 0\n" in shown(result).replace("  ", "").replace(" \n", "\n")
    figures = next(iter(result.comparisons["figures"].values()))
    figures[next(iter(figures))] *= 3
    assert "3 seeds for each algorithm that draws at random, from 0 on" in " ".join(shown(result).split())


def test_learning_curves_are_shown(result: BakeoffResult) -> None:
    assert "learning curve" not in shown(result)
    result.curve = {"shares": [0.25, 1.0], "order": "random"}
    for outcome, hits in zip(result.outcomes, (0.125, 0.25), strict=False):
        points = [(share, {"hit_rate": {"value": hits * share, "users": 9}}) for share in (0.25, 1.0)]
        outcome.curve = [{"share": share, "rows": 9, "figures": figures} for share, figures in points]
    text = shown(result).split("learning curve of HR, by share of the training rows")[1]
    assert text.split()[:3] == ["algorithm", "25%", "100%"]
    assert row(text, result.outcomes[1].label).split()[-2:] == ["6.25%", "25.00%"]
    assert text.count("%") == 6
