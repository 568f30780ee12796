"""The leakage audit in words: what failed, what the protocol accepts, what a reader should know."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from longtail.evaluation.findings import Findings
from longtail.evaluation.report.chart import Figures
from longtail.evaluation.report.page import Part, items, table

__all__ = ["audit", "leaks"]


def leaks(findings: Findings) -> list[str]:
    """What fails the audit, a sentence each; empty where it passed or was not made."""
    return [_sentence(one) for one in findings.audit.get("findings", []) if _fails(one)]


def audit(findings: Findings) -> Part | None:
    """The section; None where no audit was made."""
    made = findings.audit
    if not made:
        return None
    found = made.get("findings", [])
    groups = {
        "Leaks": [one for one in found if _fails(one)],
        "Accepted by the protocol": [one for one in found if one.get("accepted")],
        "Good to know": [one for one in found if not _fails(one) and not one.get("accepted")],
    }
    parts = [f'<p class="lead">{_verdict(groups["Leaks"])}</p>']
    for title, members in groups.items():
        if members:
            parts.append(f"<h3>{title}</h3><ul>{''.join(_item(kind) for kind in _by_name(members))}</ul>")
    counts = {name: sizes for name, sizes in made.get("counts", {}).items() if sizes}
    if counts:
        names = list(dict.fromkeys(name for sizes in counts.values() for name in sizes))
        rows = [
            [fold or "all", *(f"{sizes[name]:,}" if name in sizes else "-" for name in names)]
            for fold, sizes in counts.items()
        ]
        headings = ["fold", *(name.replace("_", " ") for name in names)]
        parts.append(
            f"<h3>Rows, users and items of each fold</h3>{table('Sizes of the folds', Figures(headings, rows))}"
        )
    if findings.treatment:
        parts.append(f"<h3>Users and items that only test has</h3><ul>{items(findings.treatment)}</ul>")
    unseen = [f"{name}: {why}" for name, why in made.get("unseen", {}).items()]
    if unseen:
        parts.append(f"<details><summary>Not looked at</summary><ul>{items(unseen)}</ul></details>")
    return Part("audit", "Leakage audit", "".join(parts))


def _fails(finding: Mapping[str, Any]) -> bool:
    return finding.get("severity") == "fail" and not finding.get("accepted")


def _verdict(failed: list[Mapping[str, Any]]) -> str:
    if failed:
        count = len(failed)
        leaks_found = f"{count} leak{'' if count == 1 else 's'} found"
        return f"The audit FAILED: {leaks_found}. The figures are better than they should be."
    return "The audit passed: nothing of the test data was found where an algorithm could learn from it unasked."


def _sentence(finding: Mapping[str, Any]) -> str:
    where = f"{finding['where']}: " if finding.get("where") else ""
    text = f"{where}{finding['sentence']}"
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _by_name(members: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The findings of each check together."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in members:
        found.setdefault(str(one.get("name")), []).append(one)
    return list(found.values())


def _item(kind: list[Mapping[str, Any]]) -> str:
    """What a check found in every fold, and once what it means and what to do."""
    first = kind[0]
    title = f"<strong>{escape(str(first['title']))}.</strong> " if first.get("title") else ""
    advice = [str(first[name]).rstrip(".") + "." for name in ("meaning", "fix") if first.get(name)]
    fix = f"<small>{escape(' '.join(advice))}</small>" if advice else ""
    return f"<li>{title}{escape(' '.join(map(_sentence, kind)))}{fix}</li>"
