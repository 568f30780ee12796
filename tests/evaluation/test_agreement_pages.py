"""The pages of the metrics: one each, complete, with the tables that the tests make and versions that are true."""

from __future__ import annotations

import re

import pytest
from agreement.checks import LIST_RECORDS, ROOT, checks, version
from agreement.recorded import record
from agreement.table import LIVE, PAGE, bound, filled, same_libraries

from longtail.evaluation.metrics import METRICS

FOLDER = ROOT / "docs" / "metrics"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}


def test_every_metric_has_a_page_and_every_page_a_metric() -> None:
    assert set(PAGES) == {*METRICS, "index"}


@pytest.mark.parametrize("name", METRICS)
def test_a_page_says_all_there_is_to_say(name: str) -> None:
    info, page = METRICS[name], PAGES[name]
    assert page.startswith(f"# `{name}`: {info.title} ({info.short})\n")
    assert f"\n- **Direction**: {info.direction}\n" in page
    for part in ("Formula", "What high values hide", "Source"):
        assert f"\n- **{part}**: " in page
    by_hand = page.split("\n## By hand\n")[1]
    assert f"m.{name}(" in by_hand.split("```python")[1].split("```")[0]


def parameters(name: str) -> set[str]:
    """Parameters with which a definition of the metric is certified."""
    return {word for check in checks() if check.metric == name for word in re.findall(r'\w+="[^"]+"', check.definition)}


@pytest.mark.parametrize("name", METRICS)
def test_a_page_names_every_definition_that_is_certified(name: str) -> None:
    assert [word for word in parameters(name) if word not in PAGES[name]] == []


def test_versions_of_libraries_are_those_that_were_compared() -> None:
    known = {record(name)["library"]: record(name)["version"] for name in LIST_RECORDS}
    known |= {name: version(package) for name, package in LIVE.items()}
    told = [
        (page, library, number)
        for page, text in PAGES.items()
        for library in known
        for number in re.findall(rf"\b{re.escape(library)} (\d+(?:\.\d+)+)", text)
    ]
    assert len(told) > 50
    assert [(page, library, number) for page, library, number in told if number != known[library]] == []


def test_the_tables_are_those_that_the_checks_make() -> None:
    if not same_libraries():
        pytest.skip("other versions are installed than constraints.txt names")
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page, "docs/metrics/index.md is out of date: run `python tests/tools/agreement`"


def test_a_bound_is_a_power_of_ten() -> None:
    assert [bound(apart) for apart in (0.0, 3e-17, 1e-12, 2e-7, 0.04)] == ["1e-12", "1e-12", "1e-12", "1e-6", "1e-1"]
