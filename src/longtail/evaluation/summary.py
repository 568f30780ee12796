"""What a bake-off found, in plain sentences."""

from __future__ import annotations

from longtail.evaluation import significance
from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.intervals import wilson
from longtail.evaluation.measures import COLUMNS, best

__all__ = ["sentences"]

COMPILED = 1.0
"""Seconds of compiling that are worth a word."""
_BY_KEY = {column.key: column for column in COLUMNS}


def sentences(findings: Findings) -> list[str]:
    """A summary for someone who will read nothing else, the verdicts first; only what the figures say."""
    verdicts = significance.sentences(findings.comparisons)
    found = [
        *verdicts,
        _accuracy(findings),
        _hits(findings),
        "" if verdicts else _noise(findings),
        _compared(findings),
        _beyond(findings),
        _cost(findings),
        _missing(findings),
    ]
    return [sentence for sentence in found if sentence]


def _compared(findings: Findings) -> str:
    count, data = len(findings.outcomes), findings.data
    noun = "ratings" if findings.explicit else "interactions without ratings"
    algorithms = "one algorithm" if count == 1 else f"{count} algorithms"
    return (
        f"This compares {algorithms} on {data['rows']:,} {noun} by {data['users']:,} users of {data['items']:,} items."
    )


def _accuracy(findings: Findings) -> str:
    winners = _winners(findings, "rmse")
    if not winners:
        return ""
    error, off = (_show(winners[0], key) for key in ("rmse", "mae"))
    return f"Hidden ratings were predicted best by {_named(winners)}: off by {off} on average (RMSE {error})."


def _hits(findings: Findings) -> str:
    winners = _winners(findings, "hit_rate")
    if not winners or not winners[0].values["hit_rate"]:
        return ""
    share, n, protocol = _show(winners[0], "hit_rate"), findings.protocol.n, findings.protocol
    among = f", ranked among {protocol.among} only" if protocol.among else ""
    what = "The one hidden item of each user was" if "hits" in protocol.asks else "Hidden items of a user were"
    return f"{what} found most often by {_named(winners)}: in {share} of lists of {n}{among}."


def _noise(findings: Findings) -> str:
    winners = _winners(findings, "hit_rate")
    if not winners or not winners[0].values["hit_rate"]:
        return ""
    users = winners[0].users["hit_rate"]
    low, high = wilson(winners[0].values["hit_rate"] or 0.0, users)
    return f"With {users:,} users the 95% interval of that figure goes from {100 * low:.1f} to {100 * high:.1f}%."


def _beyond(findings: Findings) -> str:
    known = [outcome for outcome in findings.outcomes if outcome.values.get("novelty") is not None]
    if len(known) < 2:
        return ""
    known.sort(key=lambda outcome: outcome.values["novelty"] or 0.0)
    first, last = known[0], known[-1]
    return (
        f"{first.label} keeps to what everybody knows (mean popularity rank {_show(first, 'novelty')}); "
        f"{last.label} goes furthest into the long tail (rank {_show(last, 'novelty')})."
    )


def _cost(findings: Findings) -> str:
    known = [outcome for outcome in findings.outcomes if outcome.values.get("cpu_seconds") is not None]
    if not known:
        return ""
    dearest = max(known, key=lambda outcome: outcome.values["cpu_seconds"] or 0.0)
    compiled = findings.compile_seconds
    first = (
        f", {compiled:.1f} s of them for compiling on a first run" if COMPILED <= compiled <= findings.seconds else ""
    )
    return (
        f"The whole bake-off took {findings.seconds:.1f} s{first}; the dearest algorithm, {dearest.label}, "
        f"{_show(dearest, 'cpu_seconds')} s of processor time."
    )


def _missing(findings: Findings) -> str:
    failed = [outcome.label for outcome in findings.outcomes if outcome.error]
    parts = [f"Failed: {', '.join(failed)}."] if failed else []
    if findings.interrupted:
        parts.append(f"The run was interrupted; not run: {', '.join(findings.not_run)}.")
    return " ".join(parts)


def _winners(findings: Findings, key: str) -> list[Outcome]:
    column = _BY_KEY[key]
    marked = best(column, findings.comparable(column))
    return [outcome for outcome in findings.outcomes if not outcome.error and _show(outcome, key) in marked]


def _show(outcome: Outcome, key: str) -> str:
    return _BY_KEY[key].show(outcome.values.get(key))


def _named(outcomes: list[Outcome]) -> str:
    return " and ".join(outcome.label for outcome in outcomes)
