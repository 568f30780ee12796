"""Charts and the summary: the figures themselves, in the right order, and words that follow from them."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest

import longtail as lt
from longtail.evaluation import long_tail, summary
from longtail.evaluation.bakeoff import BakeoffResult
from longtail.evaluation.intervals import wilson
from longtail.evaluation.report import charts
from longtail.evaluation.report.label_places import label_places


@pytest.mark.parametrize("users", [1, 20, 671])
def test_an_interval_holds_the_share_and_narrows(users: int) -> None:
    for share in (0.0, 0.03, 0.5, 1.0):
        low, high = wilson(share, users)
        assert 0 <= low <= share <= high <= 1
        wide = wilson(share, max(1, users // 2))
        assert high - low <= wide[1] - wide[0]


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    shares = rng.binomial(300, 0.05, size=2_000) / 300
    covered = [low <= 0.05 <= high for low, high in (wilson(share, 300) for share in shares)]
    assert 0.93 < np.mean(covered) < 0.975


def test_hit_bars_with_and_without_the_floor(result: BakeoffResult) -> None:
    chart = charts.hit_bars(result, "hit_rate")
    bars = [trace for trace in chart.traces if trace["type"] == "bar"]
    plain = sorted((outcome.values["hit_rate"] for outcome in result.outcomes[:4]), reverse=True)
    assert bars[0]["x"] == plain
    assert len(bars[1]["x"]) == 3  # one of them predicts no ratings
    assert "pattern" in bars[1]["marker"]
    assert "pattern" not in bars[0]["marker"]
    for bar in bars:
        assert all(np.array(bar["x"]) + np.array(bar["error_x"]["array"]) <= 1)
    assert all(abs(a - b) > bars[0]["width"] for a, b in itertools.combinations([*bars[0]["y"], *bars[1]["y"]], 2))


def test_a_row_is_as_high_as_its_label(result: BakeoffResult) -> None:
    usual = charts.bars(result, "rmse")
    result.outcomes[0].label = "user-knn (similarity=cosine, neighbors=10, ranking=similarity)"
    axis = charts.bars(result, "rmse").layout["yaxis"]
    assert axis["ticktext"][0] == "user-knn<br>(similarity=cosine,<br>neighbors=10,<br>ranking=similarity)"
    lines = [text.count("<br>") + 1 for text in axis["ticktext"]]
    gaps = np.diff(axis["tickvals"])
    assert all(gaps >= 14 * np.add(lines[1:], lines[:-1]) / 2)
    assert charts.bars(result, "rmse").height > usual.height
    assert charts.by_rating(result).height >= 14 * max(lines) * len(lines)


def test_points_are_the_figures(result: BakeoffResult) -> None:
    trace = charts.trade_off(result, "novelty").traces[0]
    rows = [(outcome.values.get("novelty"), outcome.values.get("floored_hit_rate")) for outcome in result.outcomes]
    assert list(zip(trace["x"], trace["y"], strict=True)) == [row for row in rows if None not in row]
    assert trace["x"]


def _crowd(result: BakeoffResult, count: int) -> None:
    rated = next(
        outcome for outcome in result.outcomes if None not in map(outcome.values.get, ("novelty", "floored_hit_rate"))
    )
    result.outcomes[:] = [copy.deepcopy(rated) for _ in range(count)]
    for place, outcome in enumerate(result.outcomes):
        outcome.label = f"algorithm-{place}"


def test_thirty_lines_are_told_apart(result: BakeoffResult) -> None:
    _crowd(result, 40)
    chart = charts.long_tail(result)
    styles = {(trace["line"]["color"], trace["line"].get("dash")) for trace in chart.traces}
    assert len(styles) == len(chart.traces) == 41
    marker = charts.trade_off(result, "novelty").traces[0]["marker"]
    assert len(set(zip(marker["color"], marker["symbol"], strict=True))) == 40


def test_in_a_crowd_a_label_without_room_is_left_out_and_told_on_pointing(result: BakeoffResult) -> None:
    _crowd(result, 20)  # all in one place
    chart = charts.trade_off(result, "novelty")
    texts = chart.traces[0]["text"]
    assert chart.wide
    assert 0 < sum(map(bool, texts)) < 20
    assert [text.partition("<br>")[0] for text in chart.traces[0]["customdata"]] == [
        outcome.label for outcome in result.outcomes
    ]


def test_heat_is_percent_found_by_rating(result: BakeoffResult) -> None:
    heat, counts = charts.by_rating(result).traces
    assert heat["x"] == counts["x"] == ["1", "2", "3", "4", "5"]
    assert heat["z"][0] == [1.0] * 5
    assert heat["text"][0] == ["100"] * 5
    assert sum(map(int, counts["text"])) == result.data["splits"]["one left out"]["test_users"]


def test_labels_keep_off_lines() -> None:
    point, above, below = (0.5, 0.5), (0.5, 1.0), (0.5, 0.0)
    assert label_places([point], ["one"]) == ["top center"]
    assert label_places([point], ["one"], drawn=[(point, above)]) == ["bottom center"]
    assert label_places([point], ["one"], drawn=[(point, above), (below, point)])[0].startswith("middle")


def test_labels_move_out_of_the_way() -> None:
    places = label_places([(0.5, 0.5), (0.55, 0.5), (0.01, 0.5)], ["one", "two", "a long label"])
    assert places[0] != places[1]
    assert places[2] == "middle right"


def test_interactions_and_lists_by_popularity(small: lt.Interactions) -> None:
    assert long_tail.interaction_curve(small) == pytest.approx(np.cumsum([4, 4, 3, 2, 2, 1]) / 16, abs=1e-5)
    lists = lt.make("popular").fit(small).recommend(n=1)
    curve = long_tail.recommendation_curve(lists, small)
    assert curve[-1] == 1.0
    elsewhere = lt.Ids(small.item_ids.values[::-1])  # the same lists, their items numbered from behind
    assert long_tail.recommendation_curve(lists.aligned_to(lists.user_ids, elsewhere), small) == curve
    assert long_tail.rank_ticks(100_000)[-1] == 100_000
    assert len(long_tail.rank_ticks(100_000)) <= 80


def test_the_summary_says_what_the_figures_say(result: BakeoffResult) -> None:
    text = " ".join(summary.sentences(result))
    assert "6 algorithms on 636 ratings by 40 users of 30 items" in text
    assert "predicted best by Known: off by 0.0000" in text
    assert "Failed: Broken, Refusing." in text
    result.outcomes, result.not_run = result.outcomes[:1], ["svd"]
    text = " ".join(summary.sentences(result))
    assert "one algorithm" in text
    assert "interrupted; not run: svd" in text
    assert "predicted best" not in text
