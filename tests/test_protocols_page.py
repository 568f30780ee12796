"""docs/protocols.md says of every protocol what the protocol says of itself; this file writes and checks those parts.

After a change: `python tests/test_protocols_page.py` writes them anew.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from longtail import params
from longtail.evaluation.protocols import PROTOCOLS, Protocol

PAGE = Path(__file__).parents[1] / "docs" / "protocols.md"
PART = "<!-- {name}: written by tests/test_protocols_page.py -->\n"


def overview() -> str:
    """The table of all protocols."""
    rows = [
        f"| [`{name}`](#{name}) | {kind.question} | {kind.leaks} | {kind.suits} |" for name, kind in PROTOCOLS.items()
    ]
    return "\n".join(["| protocol | question it answers | what leaks | when to use it |", "|---|---|---|---|", *rows])


def shared() -> str:
    """The parameters that every protocol has."""
    names = [field.name for field in dataclasses.fields(Protocol)]
    return _table([entry for entry in PROTOCOLS["leave-one-out"]().described() if entry[0] in names])


def one(name: str) -> str:
    """What is measured, what is accepted, and the parameters of a protocol's own."""
    protocol = PROTOCOLS[name]()
    names = {field.name for field in dataclasses.fields(Protocol)}
    own = [entry for entry in protocol.described() if entry[0] not in names]
    if protocol.floor != Protocol.__dataclass_fields__["floor"].default:
        own = [entry for entry in protocol.described() if entry[0] == "floor"] + own
    source = re.search(r"Source: (.*?)(?=\n\n|\Z)", params_doc(name), re.DOTALL)
    explicit = True
    lines = [f"- {sentence}" for sentence in protocol.questions(explicit=explicit)]
    told = [f"Source: {' '.join(source[1].split())}"] if source else []
    return "\n".join([*lines, "", _table(own), *(["", *told] if told else [])])


def params_doc(name: str) -> str:
    return PROTOCOLS[name].__doc__ or ""


def _table(entries: list[tuple[str, str, str]]) -> str:
    rows = [f"| `{name}` | {params.written(value)} | {meaning} |" for name, value, meaning in entries]
    return "\n".join(["| parameter | default | what it means |", "|---|---|---|", *rows])


def parts() -> dict[str, str]:
    return {"overview": overview(), "shared": shared(), **{name: one(name) for name in PROTOCOLS}}


def written(page: str) -> str:
    """The page with every part written anew."""
    for name, text in parts().items():
        start = PART.format(name=name)
        assert page.count(start) == 1, f"the page has no place for {name}"
        before, after = page.split(start)
        rest = after[after.index("<!-- end -->") :]
        page = f"{before}{start}{text}\n{rest}"
    return page


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "run: python tests/test_protocols_page.py"


def test_a_stale_page_is_noticed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page.replace("what happens after today?", "what happened before?")) == page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
