"""What was run, on what, with which parameters, and what the protocol accepts by design."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from longtail.evaluation.findings import Findings
from longtail.evaluation.report.chart import Figures
from longtail.evaluation.report.page import Part, items, table

__all__ = ["what_was_run"]


def what_was_run(findings: Findings) -> Part:
    """What was run, on what, with which parameters, and what the protocol accepts by design."""
    compiled = (
        f"{findings.compile_seconds:.1f} s of compiling kernels (a first run) stand in no other figure"
        if findings.compile_seconds
        else "all kernels came from the cache"
    )
    facts = {
        **{name.replace("_", " "): value for name, value in findings.data.items() if name != "splits"},
        **{f"split, {name.replace('_', ' ')}": _sizes(sizes) for name, sizes in findings.data["splits"].items()},
        "protocol": f"{findings.protocol.name}: {findings.protocol.question}",
        **{f"protocol, {name}": f"{value}: {meaning}" for name, value, meaning in findings.protocol.described()},
        "protocol, leaks": findings.protocol.leaks,
        "started": findings.started,
        "took": f"{findings.seconds:.1f} s; {compiled}",
        "peak memory": findings.memory_method,
        **findings.environment,
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(_plain(value))}</dd>" for name, value in facts.items())
    rows = [[outcome.label, outcome.algorithm, _plain(outcome.parameters)] for outcome in findings.outcomes]
    parameters = table("Parameters", Figures(["algorithm", "class", "parameters"], rows), classes="words")
    body = f"""<h3>Measured</h3><ul>{items(findings.questions)}</ul>
<h3>Accepted by design</h3><ul>{items(findings.caveats)}</ul>
<h3>Data, protocol and machine</h3><dl>{listed}</dl>
<h3>Parameters</h3>{parameters}"""
    return Part("run", "What was run", body)


def _sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {size:,}" for name, size in sizes.items())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {json.dumps(entry, default=str)}" for name, entry in value.items()) or "none"
    if isinstance(value, list):
        return " to ".join(str(entry) for entry in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
