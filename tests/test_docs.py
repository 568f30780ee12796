"""The documentation runs: every Python block of every page, in order, in an empty folder.

A page is one namespace. A block with a `title="name"` in its opening line is first written to that file, as the page
asks its reader to do; a `pyproject.toml` written so counts as installed, that is, its entry points are found. A block
below `<!-- no-run: reason -->` is not run.
"""

from __future__ import annotations

import re
import sys
import tomllib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
WITHOUT_CODE: dict[str, str] = {"docs/results.md": "tables of recorded figures"}
"""Pages that need no block, each with the reason; decision records need none."""
NOT_RUN: dict[str, int] = {}
"""How many blocks of a page are marked as not to be run, so that none is marked unseen."""

FENCE = re.compile(r"^```(?P<language>\w*)(?P<rest>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"<!-- no-run: (?P<reason>[^\n]+?) -->\n\Z")
TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line it begins at, the file it is for, why it is not run."""

    language: str
    code: str
    line: int
    file: str | None
    no_run: str | None


def blocks(text: str) -> Iterator[Block]:
    for match in FENCE.finditer(text):
        mark, title = MARK.search(text[: match.start()]), TITLE.search(match["rest"])
        yield Block(
            match["language"],
            match["code"],
            text[: match.start()].count("\n") + 2,
            title[1] if title else None,
            mark["reason"] if mark else None,
        )


def run(page: str, text: str, folder: Path) -> int:
    """Run the blocks of a page in `folder`; the number that were run or written."""
    namespace = vars(types.ModuleType(page))
    done = 0
    for block in blocks(text):
        if block.no_run:
            continue
        if block.file:
            (folder / block.file).write_text(block.code, encoding="utf-8")
            if block.file == "pyproject.toml":
                install(folder)
        if block.language == "python":
            code = "\n" * (block.line - 1) + block.code
            exec(compile(code, page, "exec", dont_inherit=True), namespace)
        done += bool(block.file) or block.language == "python"
    return done


def install(folder: Path) -> None:
    """What an editable installation leaves behind: the metadata, with the entry points."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, points in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory that modules are imported from, without network and without real data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("LONGTAIL_DATA", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def exempt(page: Path) -> bool:
    return "decisions" in page.parts or page.relative_to(ROOT).as_posix() in WITHOUT_CODE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_runs(page: Path, empty: Path) -> None:
    done = run(page.name, page.read_text(encoding="utf-8"), empty)
    assert done or exempt(page), "a page without a block that runs: add one, or name it in WITHOUT_CODE"


def test_blocks_that_are_not_run_are_counted() -> None:
    found = {page.relative_to(ROOT).as_posix(): list(blocks(page.read_text(encoding="utf-8"))) for page in PAGES}
    counts = {name: sum(block.no_run is not None for block in listed) for name, listed in found.items()}
    assert {name: count for name, count in counts.items() if count} == NOT_RUN


def test_exempt_pages_exist_and_have_reasons() -> None:
    assert all(reason and (ROOT / name).is_file() for name, reason in WITHOUT_CODE.items())


# -- the runner itself -------------------------------------------------------------------------------------------------


def test_blocks_share_a_namespace_and_a_failure_shows_its_line(empty: Path) -> None:
    text = "# A page\n\n```python\nx = 1\n```\n\ntext\n\n```python\nassert x == 1\nassert x == 2\n```\n"
    with pytest.raises(AssertionError) as caught:
        run("page.md", text, empty)
    assert caught.traceback[-1].lineno + 1 == 11


def test_marked_blocks_and_other_languages_are_left(empty: Path) -> None:
    text = "<!-- no-run: needs a network -->\n```python\n1 / 0\n```\n```console\n$ rm\n```\n```python\nx = 1\n```\n"
    assert run("page.md", text, empty) == 1
    assert [block.no_run for block in blocks(text)] == ["needs a network", None, None]


def test_titled_blocks_are_written(empty: Path) -> None:
    text = (
        '```python title="titled_here.py"\ny = 2\n```\n```python\nimport titled_here\nassert titled_here.y == 2\n```\n'
    )
    assert run("page.md", text, empty) == 2


def test_a_page_without_blocks_is_noticed(empty: Path) -> None:
    assert run("page.md", "# Only words\n", empty) == 0
