"""The rating sheet in a real browser: by keyboard, on a phone, light and dark, and what it saves is read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import browser
import pytest

import longtail as lt
from longtail.evaluation.perceived import Answers, Key, Sheet, make_sheet

pytestmark = pytest.mark.skipif(browser.executable() is None, reason="no Chromium on this machine")

TYPE = (
    "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true, cancelable: true}))"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    one = browser.Browser()
    yield one
    one.close()


@pytest.fixture(scope="module")
def made() -> tuple[Sheet, Key]:
    data = lt.datasets.synthetic(users=30, items=40, ratings=500, seed=2)
    lists = {name: lt.make(name).fit(data).recommend([1, 2], 3) for name in ("popular", "bias")}
    return make_sheet(lists, data, n=3)


@pytest.fixture(scope="module")
def page(made: tuple[Sheet, Key], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheet") / "sheet.html"
    made[0].to_html(path)
    return path


def begin(chromium: browser.Browser, name: str) -> None:
    chromium.run(f"state = {{rater: '', row: 0, answers: {{}}, comments: {{}}}}; at('rater').value = '{name}'; 1")
    chromium.run("at('rater').focus(); 1")
    chromium.press("Enter")
    assert chromium.run("at('rating').hidden") is False


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_and_fetches_nothing(chromium: browser.Browser, page: Path, width: int, dark: bool) -> None:
    chromium.open(page, width=width, height=844, dark=dark)
    paper = chromium.run("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") is not dark
    assert chromium.run("document.documentElement.scrollWidth") == width
    begin(chromium, "ann")
    assert chromium.run("document.documentElement.scrollWidth") == width
    smallest = "Math.min(...[...document.querySelectorAll('.scale span')].map((one) => one.getBoundingClientRect().%s))"
    assert min(chromium.run(smallest % "height"), chromium.run(smallest % "width")) >= 44  # a thumb finds it
    chromium.run("open(sheet.rows.length); 1")
    assert chromium.run("at('end').hidden") is False
    assert chromium.run("document.documentElement.scrollWidth") == width
    assert chromium.requests == []
    assert chromium.complaints == []


def test_the_keyboard_is_enough_and_the_file_is_read_back(
    chromium: browser.Browser, page: Path, made: tuple[Sheet, Key], tmp_path: Path
) -> None:
    chromium.open(page)
    begin(chromium, 'Ann; "A"')
    for key in "3425":
        chromium.run(TYPE % key)
    assert chromium.run("document.activeElement.id") == "next"
    chromium.press("Enter")
    assert chromium.run("state.row") == 1
    for key in "17":  # there is no 7
        chromium.run(TYPE % key)
    chromium.run("at('comment').value = '=1+1, \"so\"'; at('comment').dispatchEvent(new Event('input')); 1")
    chromium.run(TYPE % "Backspace")
    assert chromium.run("state.row") == 0
    assert chromium.run("unsaved") is True
    chromium.run("unsaved = false; 1")  # else the page asks before it is left
    path = tmp_path / "saved.csv"
    path.write_text(chromium.run("table()"), encoding="utf-8", newline="")
    found = Answers.from_csv(path, made[1])
    first, second = (row.code for row in made[0].rows[:2])
    said = [(row, question, value) for _, row, question, value in found.table.rows()]
    assert sorted(said) == sorted(
        [(first, question.name, value) for question, value in zip(made[0].questions, (3, 4, 2, 5), strict=True)]
        + [(second, "relevance", 1)]
    )
    assert found.raters == ['Ann; "A"']
    assert found.comments["comment"].to_list() == ['\'=1+1, "so"']


def test_answers_are_kept_in_the_browser_and_recalled(chromium: browser.Browser, page: Path) -> None:
    """Without leaving the page: when a browser shows a page of its disk what another one wrote is its own affair."""
    chromium.open(page)
    chromium.run("localStorage.clear(); others = {}; 1")  # of the tests before
    begin(chromium, "bob")
    chromium.run(TYPE % "2")
    assert chromium.run("unsaved") is True
    forget = "state = fresh(''); others = {}; count()"
    assert chromium.run(forget) == 0
    assert chromium.run("recall(); count()") == 1
    assert chromium.run("state.rater") == "bob"
    assert chromium.run("Object.values(state.answers)[0].relevance") == 2
    chromium.run("localStorage.clear(); 1")
    assert chromium.run(f"{forget}; recall(); count()") == 0
    chromium.run("unsaved = false; 1")


def test_two_raters_on_one_device_are_never_mixed(chromium: browser.Browser, page: Path) -> None:
    chromium.open(page)
    chromium.run("localStorage.clear(); others = {}; 1")
    begin(chromium, "ann")
    chromium.run(TYPE % "2")
    assert "ann" in chromium.run("table()")
    chromium.run("at('rater').value = '__proto__'; at('who').requestSubmit(); 1")
    assert chromium.run("count()") == 0
    assert chromium.run("table().trim().split('\\n').length") == 1  # the heading alone
    chromium.run(TYPE % "5")
    chromium.run("recall(); at('rater').value = 'ann'; at('who').requestSubmit(); 1")
    assert chromium.run("Object.values(state.answers)[0].relevance") == 2
    chromium.run("at('rater').value = '__proto__'; at('who').requestSubmit(); 1")
    assert chromium.run("Object.values(state.answers)[0].relevance") == 5
    assert "ann" not in chromium.run("table()")
    chromium.run("localStorage.clear(); unsaved = false; 1")


def test_a_person_is_shown_once_on_a_phone_and_always_on_a_desk(
    chromium: browser.Browser, page: Path, made: tuple[Sheet, Key]
) -> None:
    second_person = next(place for place, row in enumerate(made[0].rows) if row.person == 1)
    for width, folded in ((390, False), (1280, True)):
        chromium.open(page, width=width)
        begin(chromium, "cy")
        shown = [chromium.run("at('person').open")]
        for row in (1, second_person):
            chromium.run(f"open({row}); 1")
            shown.append(chromium.run("at('person').open"))
        assert shown == [True, folded, True]
        assert chromium.run("unsaved = false; unsaved") is False
