"""The report in a real browser: nothing fetched, nothing thrown, no page wider than a phone, sorting by keyboard."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import browser
import pytest

from longtail.evaluation.bakeoff import BakeoffResult
from longtail.evaluation.comparing import compare
from longtail.evaluation.measures import GROUPS

pytestmark = pytest.mark.skipif(browser.executable() is None, reason="no Chromium on this machine")

SORTED = "[...document.querySelectorAll('#figures tbody tr')].map((row) => row.cells[0].dataset.value)"
FOCUS = "document.activeElement.textContent.trim()"


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    one = browser.Browser()
    yield one
    one.close()


@pytest.fixture(scope="module")
def report(finished: BakeoffResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished.to_html(tmp_path_factory.mktemp("report") / "report.html")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_whole_at_every_width_and_in_both_themes(
    chromium: browser.Browser, report: Path, width: int, dark: bool
) -> None:
    chromium.open(report, width=width, dark=dark)
    assert chromium.requests == []
    assert chromium.complaints == []
    assert chromium.run("document.documentElement.scrollWidth") == width
    drawn, places = chromium.run(
        "[document.querySelectorAll('.chart .main-svg:first-child').length, document.querySelectorAll('.chart').length]"
    )
    assert drawn == places >= 10
    paper = chromium.run("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") is not dark


def test_a_request_or_a_complaint_would_be_seen(chromium: browser.Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<img src='http://127.0.0.1:9/x.png'><script>console.error('no'); lost.thing</script>")
    chromium.open(page)
    assert chromium.requests == ["http://127.0.0.1:9/x.png"]
    assert len(chromium.complaints) >= 2


def test_the_first_stop_of_the_keyboard_leads_past_the_contents(chromium: browser.Browser, report: Path) -> None:
    chromium.open(report)
    chromium.press("Tab")
    assert chromium.run(FOCUS) == "Skip to the results"
    assert chromium.run("document.activeElement.getBoundingClientRect().top") >= 0
    chromium.press("Enter")
    chromium.press("Tab")
    assert chromium.run("document.activeElement.closest('main') !== null")


def test_a_column_is_sorted_by_keyboard(chromium: browser.Browser, report: Path, finished: BakeoffResult) -> None:
    chromium.open(report)
    assert chromium.run(SORTED) == [outcome.label for outcome in finished.outcomes]
    chromium.run("document.querySelector('#figures thead button').focus()")
    chromium.press("Tab")
    assert chromium.run(FOCUS) == "RMSE ↓"
    assert chromium.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    values = {outcome.label: outcome.values.get("rmse") for outcome in finished.outcomes}
    known = sorted((value, label) for label, value in values.items() if value is not None)
    chromium.press("Enter")
    assert chromium.run(SORTED)[: len(known)] == [label for _, label in known]
    assert chromium.run("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"
    chromium.press(" ")
    assert chromium.run(SORTED)[: len(known)] == [label for _, label in reversed(known)]
    assert chromium.run("document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"
    assert chromium.run("document.querySelectorAll('[aria-sort]').length") == 1
    assert chromium.run("document.querySelectorAll('#figures tbody th[scope=row]').length") == len(values)


def test_people_are_picked_by_keyboard(chromium: browser.Browser, report: Path) -> None:
    chromium.open(report)
    shown = "[...document.querySelectorAll('.person')].filter((one) => one.offsetHeight).map((one) => one.id)"
    assert chromium.run(shown) == ["person-0"]
    chromium.run("document.querySelector('input[name=person]').focus()")
    chromium.press("ArrowDown")
    assert chromium.run(shown) == ["person-1"]
    assert chromium.run("document.activeElement.value") == "person-1"
    chromium.press("Tab")
    chromium.press(" ")
    assert chromium.run("document.querySelectorAll('.without-why').length") == 1
    chromium.run("dispatchEvent(new Event('beforeprint'))")
    chromium.call("Emulation.setEmulatedMedia", media="print")
    assert len(chromium.run(shown)) == chromium.run("document.querySelectorAll('.person').length") > 2
    chromium.call("Emulation.setEmulatedMedia", media="")


def test_nothing_moves_where_people_asked_for_that(chromium: browser.Browser, report: Path) -> None:
    chromium.open(report)
    chromium.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    moving = "[...document.querySelectorAll('body *')].filter((one) => one.getAnimations().length).length"
    assert chromium.run(moving) == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_a_comparison_is_whole_too(
    chromium: browser.Browser, finished: BakeoffResult, tmp_path: Path, width: int
) -> None:
    other = copy.deepcopy(finished)
    other.outcomes[2].values["rmse"] -= 0.1
    other.data["fingerprint"] = "another"
    chromium.open(compare([finished, other]).to_html(tmp_path / "made.html"), width=width)
    assert (chromium.requests, chromium.complaints) == ([], [])
    assert chromium.run("document.documentElement.scrollWidth") == width
    chromium.run("document.querySelector('table.figures thead button').focus()")
    chromium.press("Enter")
    assert chromium.run("document.querySelector('[aria-sort]') !== null")


def test_without_scripts_every_figure_is_still_there(chromium: browser.Browser, report: Path) -> None:
    chromium.open(report, script=False)
    document = chromium.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    found = chromium.call("DOM.querySelectorAll", nodeId=document, selector="noscript p, details.data table")
    assert len(found["nodeIds"]) >= 11


def test_paper_is_light_and_shows_what_is_folded(chromium: browser.Browser, report: Path) -> None:
    chromium.open(report, dark=True)
    chromium.run("dispatchEvent(new Event('beforeprint'))")
    assert chromium.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.run("document.querySelectorAll('details:not(.data):not([open])').length") == 0
    chromium.run("dispatchEvent(new Event('afterprint'))")
    assert chromium.run("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"


def test_columns_come_and_go_by_keyboard(chromium: browser.Browser, report: Path, finished: BakeoffResult) -> None:
    every = [column for group in GROUPS for column in finished.columns(group)]
    usual = [column for column in every if column.in_terminal]
    costs = [column for column in usual if column.group == "cost"]
    assert 0 < len(usual) < len(every)
    chromium.open(report)
    seen = "[...document.querySelectorAll('#figures thead tr:nth-child(2) th')].filter((one) => one.offsetWidth).length"
    spans = (
        "[...document.querySelectorAll('#figures thead .group th')].filter((one) => one.offsetWidth)"
        ".reduce((sum, one) => sum + one.colSpan, 0)"
    )
    cells = "[...document.querySelectorAll('#figures tbody tr:last-child td')].filter((one) => one.offsetWidth).length"
    shown = f"[{seen} - 1, {spans}, {cells}]"
    assert chromium.run(shown) == [len(usual)] * 3
    for value, left in (("rarer", len(every)), ("rarer", len(usual)), ("cost", len(usual) - len(costs))):
        chromium.run(f"document.querySelector('#figures input[value={value}]').focus()")
        chromium.press(" ")
        assert chromium.run(shown) == [left] * 3
    assert chromium.run("document.documentElement.scrollWidth") <= chromium.run("innerWidth")
