"""The HTML report: whole, alone, and safe with any title."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from plotly.offline import get_plotlyjs

import longtail as lt
from longtail.evaluation import report
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.findings import Outcome
from longtail.evaluation.report.chart import PALETTE
from longtail.evaluation.report.page import in_script
from longtail.evaluation.sample_user import Pick, RatedItem

CHARTS = ["accuracy", "hits", "trade-off", "long-tail", "by-rating", "price", "cost"]
SECTIONS = ["figures", "verdicts", "sense", "audit", *CHARTS, "segments", "people", "run"]


class Page(HTMLParser):
    """What a browser would see: elements, their attributes and their text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.inside):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def html(result: BakeoffResult) -> str:
    return report.render(result)


def section(html: str, name: str) -> str:
    return re.search(f'<section id="{name}".*?</section>', html, re.DOTALL)[0]


def charts_of(html: str) -> dict[str, dict]:
    return json.loads(re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)[1])


def test_every_section_stands_in_order(html: str) -> None:
    assert [attributes["id"] for attributes in Page(html).all("section")] == SECTIONS


def test_it_needs_nothing_from_elsewhere(html: str) -> None:
    own = html.replace(get_plotlyjs(), "")
    assert len(own) < len(html) / 10
    assert html.count(get_plotlyjs()) == 1
    assert not re.search(r"""(src|action)\s*=|href\s*=\s*"[^#]|url\(|@import|https?://""", own)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {name for name, _ in Page(own).elements}


@pytest.mark.parametrize("place", ["name", "label", "error", "note", "not run", "loved", "hated", "pick", "reason"])
def test_nothing_from_outside_can_become_an_element(result: BakeoffResult, place: str) -> None:
    trap = "<b onclick='x()'>trap</b> &amp; \"quoted\""
    outcome, item = result.outcomes[1], RatedItem(1, trap, 3.0)
    match place:
        case "name":
            result.name = trap
        case "label":
            outcome.label = trap
        case "error":
            outcome.error = trap
        case "note":
            outcome.notes = [trap]
        case "not run":
            result.not_run = [trap]
        case "loved" | "hated":
            result.sample = dataclasses.replace(result.sample, **{place: [item]})
        case "pick":
            outcome.picks = [Pick(1, trap)]
        case "reason":
            outcome.picks = [Pick(1, "title", 4.0, trap)]
    page = Page(report.render(result))
    assert not page.all("b")
    assert trap in "".join(page.text)


def test_data_in_a_script_cannot_end_it() -> None:
    assert json.loads(in_script("</script><!--")) == "</script><!--"
    assert "<" not in in_script("</script><!--")


def test_labels_cannot_end_the_script_they_stand_in(result: BakeoffResult) -> None:
    result.outcomes[0].label = result.name = "</script><script>alert(1)</script>$title"
    html = report.render(result)
    assert len(Page(html).all("script")) == 3
    assert result.name in "".join(Page(html).text)
    names = [trace.get("name", "") for trace in charts_of(html)["chart-long-tail-0"]["traces"]]
    assert names[1].startswith("&lt;/script&gt;")
    assert not any("<script" in tick for tick in charts_of(html)["chart-hits-0"]["layout"]["yaxis"]["ticktext"])


def test_the_table_holds_every_figure_and_marks_the_best(html: str, result: BakeoffResult) -> None:
    cells = re.findall(r'<td([^>]*) data-value="([^"]*)">([^<]*)(?:<span[^<]*</span>)?</td>', section(html, "figures"))
    known = [value for outcome in result.outcomes for value in outcome.values.values() if value is not None]
    assert sorted(float(value) for _, value, _ in cells if value) == sorted(known)
    for style, _, text in cells:
        assert ("best" in style) == text.endswith("★")
    assert any(text.endswith("★") for _, _, text in cells)


def test_sorting_is_for_the_keyboard_too(html: str) -> None:
    page = Page(html)
    assert len(page.all("button")) >= 15
    assert all(attributes.get("type") == "button" for attributes in page.all("button"))
    assert "aria-sort" in html
    assert page.all("html")[0]["lang"] == "en"


def test_every_table_has_a_name_and_headings(html: str) -> None:
    page = Page(html)
    assert len(page.all("caption")) == len(page.all("table")) >= 10
    assert all(attributes["scope"] in ("col", "row", "colgroup") for attributes in page.all("th"))
    regions = [attributes for attributes in page.all("div") if attributes.get("class") == "scroll"]
    assert len(regions) == len(page.all("table"))
    assert all(one["tabindex"] == "0" and one["role"] == "region" and one["aria-label"] for one in regions)
    for rows in re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL):
        assert rows.count("<tr>") == rows.count('<tr><th scope="row"')


def test_landmarks_and_a_way_past_them(html: str) -> None:
    page = Page(html)
    assert [len(page.all(name)) for name in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    targets = [attributes["href"] for attributes in page.all("a")]
    assert targets == ["#results", *(f"#{name}" for name in SECTIONS)]
    assert {target[1:] for target in targets} <= set(identities)
    assert all(attributes["aria-labelledby"] in identities for attributes in page.all("section"))
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_every_chart_has_its_figures_as_a_table(html: str, result: BakeoffResult) -> None:
    after = re.findall(r'id="chart-([a-z-]+)-\d+"[^>]*></div>(<details class="data"><summary>)?', html)
    assert len(after) == len(charts_of(html))
    assert all(details for _, details in after)
    accuracy = html[html.index('id="chart-accuracy-0"') :]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td></tr>', accuracy[: accuracy.index("</table>")])
    known = {one.label: one.values["rmse"] for one in result.outcomes if one.values.get("rmse") is not None}
    assert dict(rows) == {label: f"{value:.4f}" for label, value in known.items()}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out_in_both_themes(html: str, theme: int) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    blocks = re.findall(r":root[^{]*\{(.*?)\}", html, re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", blocks[theme]))
    texts = [(text, paper) for text in ("ink", "muted", "link", "best", "warn") for paper in ("paper", "card")]
    for text, paper in [*texts, ("best", "best-paper"), ("warn", "warn-paper"), ("ink", "warn-paper")]:
        assert contrast(colours[text], colours[paper]) >= 4.5, (text, paper)
    for number in range(PALETTE):
        assert contrast(colours[f"c{number}"], colours["paper"]) >= 3, number


def test_every_chart_has_a_place_a_name_and_a_legend(html: str) -> None:
    page, charts = Page(html), charts_of(html)
    places = {attributes["id"]: attributes for attributes in page.all("div") if attributes.get("role") == "img"}
    assert set(places) == set(charts)
    assert all(attributes["aria-label"] for attributes in places.values())
    assert len(page.all("figcaption")) == len(page.all("figure")) == 9


def test_bars_are_the_figures_best_first(html: str, result: BakeoffResult) -> None:
    bars = charts_of(html)["chart-accuracy-0"]["traces"][0]["x"]
    assert bars == sorted(
        outcome.values["rmse"] for outcome in result.outcomes if outcome.values.get("rmse") is not None
    )


def test_an_algorithm_has_one_colour_in_every_chart(html: str, result: BakeoffResult) -> None:
    charts = charts_of(html)
    tails = {trace["name"]: trace["line"]["color"] for trace in charts["chart-long-tail-0"]["traces"][1:]}
    bars = charts["chart-hits-0"]
    ticks = bars["layout"]["yaxis"]["ticktext"]
    for label, colour in zip(
        (tick.replace("<br>", " ") for tick in ticks), bars["traces"][0]["marker"]["color"], strict=True
    ):
        assert tails[label] == colour
    assert tails["popular"] == "@2"


def test_what_was_run_is_told(html: str, result: BakeoffResult) -> None:
    text = "".join(Page(html).text)
    for fact in (result.data["fingerprint"], result.environment["numba"], "offset = 0.5", *result.caveats):
        assert fact in text
    for question in result.questions:
        assert question in text


def test_a_leak_stands_above_everything(result: BakeoffResult) -> None:
    assert "FAILED" not in report.render(result)
    leak = {
        "name": "pair-in-both",
        "severity": "fail",
        "accepted": False,
        "where": "fold <1>",
        "sentence": "9 <b>rows</b>",
    }
    result.audit = {"findings": [leak, {**leak, "accepted": True, "sentence": "8 rows"}], "counts": {}, "unseen": {}}
    html = report.render(result)
    text = "".join(Page(html).text)
    assert not Page(html).all("b")
    assert text.index("audit FAILED") < text.index("Fold <1>: 9 <b>rows</b>.") < text.index("All figures")
    assert "8 rows" not in text[: text.index("All figures")]
    assert "Accepted by the protocol" in section(html, "audit")


def test_a_segment_that_is_too_small_is_said_to_be(result: BakeoffResult) -> None:
    html = section(report.render(result), "segments")
    sizes = [int(size) for size in re.findall(r"only (\d+) test users?, too few to say anything", html)]
    assert sizes
    assert max(sizes) < 30
    figures = result.outcomes[2].segments["users"]["light"]["hit_rate"]
    assert f'data-value="{figures["value"]!r}"' in html
    result.segments["users"]["light"] = "<b>trap</b>"
    assert not Page(report.render(result)).all("b")


def test_parts_without_figures_are_left_out(result: BakeoffResult) -> None:
    result.audit, result.sense, result.segments, result.comparisons, result.people = {}, {}, {}, {}, []
    ids = [attributes["id"] for attributes in Page(report.render(result)).all("section")]
    assert ids == ["figures", *CHARTS, "people", "run"]


def test_the_price_of_accuracy_has_a_front(html: str, result: BakeoffResult) -> None:
    chart = charts_of(html)["chart-price-0"]
    line, points = chart["traces"]
    assert chart["layout"]["xaxis"]["type"] == "log"
    places = list(zip(points["x"], points["y"], strict=True))
    joined = list(zip(line["x"], line["y"], strict=True))
    for x, y in places:
        beaten = any(a <= x and b >= y and (a, b) != (x, y) for a, b in places)
        assert ((x, y) in joined) is not beaten
    assert len(places) == sum(one.error is None for one in result.outcomes)


def test_an_interrupted_run_says_so_at_the_top(result: BakeoffResult) -> None:
    result.not_run = ["svd", "svdpp"]
    text = "".join(Page(report.render(result)).text)
    assert text.index("The run was interrupted; not run: svd, svdpp.") < text.index("All figures")


def test_data_without_ratings(clicks: lt.Interactions) -> None:
    html = report.render(Bakeoff(clicks, ["popular"]).run(progress=False))
    ids = [attributes["id"] for attributes in Page(html).all("section")]
    assert ids == [name for name in SECTIONS if name not in ("accuracy", "by-rating", "price", "verdicts")]
    assert "These data hold no ratings" in html


def test_nothing_measured(result: BakeoffResult, tmp_path: Path) -> None:
    result.outcomes, result.comparisons = [Outcome("a", "a", {}, error="no")], {}
    path = result.to_html(tmp_path / "report.html")
    ids = [attributes["id"] for attributes in Page(path.read_text(encoding="utf-8")).all("section")]
    assert ids == ["figures", "sense", "audit", "people", "run"]


def test_the_summary_starts_with_the_verdicts(html: str, result: BakeoffResult) -> None:
    said = re.search(r'<div class="summary"><p>(.*?)</p>', html)[1]
    assert said.startswith("By root mean squared error, ")
    assert f"This compares {len(result.outcomes)} algorithms" in html
    result.comparisons = {}
    assert '<div class="summary"><p>Hidden ratings were predicted best by' in report.render(result)


def test_a_segment_with_nobody_has_no_columns(result: BakeoffResult) -> None:
    for outcome in result.outcomes:
        outcome.segments.get("users", {}).pop("new", None)
    html = section(report.render(result), "segments")
    assert "<dt>new</dt>" in html
    assert "Lists: nobody" in html
    assert '<button type="button">new</button>' not in html
    assert '<button type="button">light</button>' in html
