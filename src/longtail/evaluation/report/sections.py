"""The sections of the report that are charts: which charts, and the sentence under them that says how to read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from longtail.evaluation.findings import Findings
from longtail.evaluation.report import charts, costs
from longtail.evaluation.report.chart import Chart

__all__ = ["Section", "sections"]


@dataclass(frozen=True)
class Section:
    """A heading, charts side by side, and a legend: what they show, and which way is better."""

    name: str
    title: str
    legend: str
    charts: list[Chart]
    short: str = ""


def sections(findings: Findings) -> list[Section]:
    """The sections for which there are figures, in order."""
    makers = (_accuracy, _hits, _ranking, _trade_off, _long_tail, _by_rating, _price, _cost)
    found = [section for section in (make(findings) for make in makers) if section.charts]
    return [_labelled(section, findings.protocol.among) for section in found]


def _labelled(section: Section, among: str) -> Section:
    """The section, saying in every title that hidden items were ranked among a sample, where they were."""
    if not among or section.name not in ("hits", "ranking", "trade-off", "by-rating", "price"):
        return section
    made = [replace(chart, title=f"{chart.title}, among {among}") for chart in section.charts]
    return replace(section, title=f"{section.title}, among {among}", charts=made)


def _accuracy(findings: Findings) -> Section:
    legend = "How far predicted ratings are from the hidden ones: shorter is better, and the best stands on top."
    return Section("accuracy", "Rating accuracy", legend, _each(charts.bars, findings, "rmse", "mae"))


def _hits(findings: Findings) -> Section:
    hatched = "; hatched: only items predicted to be rated {:g} or more were listed"
    legend = (
        "Share of users whose hidden item was listed: longer is better; thin lines are 95% intervals, and where two "
    )
    legend += "of them overlap widely the order may be chance"
    if findings.columns("floored"):
        legend += hatched.format(findings.protocol.floor)
    made = _each(charts.hit_bars, findings, "hit_rate", "cumulative_hit_rate")
    return Section("hits", "Hit rates", f"{legend}.", made)


def _ranking(findings: Findings) -> Section:
    legend = "How many of the hidden items are listed (recall), and how high up (NDCG): longer is better. Whether a "
    legend += "difference is more than chance stands under the table."
    return Section("ranking", "Ranking", legend, _each(charts.bars, findings, "ndcg", "recall"))


def _trade_off(findings: Findings) -> Section:
    made = _each(charts.trade_off, findings, "novelty", "diversity")
    legend = (
        "Higher finds more of the hidden items; further right lists less known items (novelty) or items less alike "
    )
    legend += f"(diversity); no corner is best for everyone{_with_floor(findings)}."
    left_out = _left_out(findings)
    if left_out:
        legend += f" Not drawn, since they predict no ratings and so have no such lists: {', '.join(left_out)}."
    if any(chart.wide for chart in made):
        legend += " A point without a name tells it when pointed at."
    return Section("trade-off", "Accuracy against novelty and diversity", legend, made, "Novelty and diversity")


def _long_tail(findings: Findings) -> Section:
    legend = (
        "The thick line is what people did: an algorithm above it leans on the best known items more than people do, "
    )
    legend += f"one below it reaches further into the tail, and neither is better in itself{_with_floor(findings)}."
    made = [charts.long_tail(findings)] if any(outcome.tail for outcome in findings.outcomes) else []
    return Section("long-tail", "The long tail", legend, made)


def _by_rating(findings: Findings) -> Section:
    legend = (
        "Percent of hidden items found, without the floor, by the rating the user gave them (n of them): strong colour "
    )
    legend += "on the right is better, on the left it means listing what people come to dislike."
    rated = any(outcome.by_rating.get("hits") for outcome in findings.outcomes)
    return Section("by-rating", "Hit rate by rating", legend, [charts.by_rating(findings)] if rated else [])


def _price(findings: Findings) -> Section:
    known = {key for outcome in findings.outcomes for key, value in outcome.values.items() if value is not None}
    paid = [key for key in costs.COSTS if key in known]
    made = [costs.price(findings, accuracy, key) for accuracy in costs.leading(findings) for key in paid]
    legend = "Further up is better, further left is cheaper; the line joins those that nobody beats on both, and what "
    legend += (
        "lies below it on the right costs more for less. Costs are on a logarithmic scale: a step is ten times as "
    )
    legend += "much. Seconds and memory are of this machine, and small ones are rough."
    return Section(
        "price",
        "Accuracy against time and memory",
        legend,
        made if len(findings.outcomes) > 1 else [],
        "Accuracy and cost",
    )


def _cost(findings: Findings) -> Section:
    legend = "Seconds to learn from all the data, seconds to list items for everyone, and memory: shorter is better."
    made = _each(charts.bars, findings, "fit_seconds", "recommend_seconds", "peak_mb")
    return Section("cost", "Time and memory", legend, made)


def _each(make: Callable[[Findings, str], Chart], findings: Findings, *keys: str) -> list[Chart]:
    known = {key for outcome in findings.outcomes for key, value in outcome.values.items() if value is not None}
    return [make(findings, key) for key in keys if key in known]


def _with_floor(findings: Findings) -> str:
    return " (the lists are those with the floor, where there is one)" if findings.columns("floored") else ""


def _left_out(findings: Findings) -> list[str]:
    """Who has hit rates but none with the floor."""
    if not findings.columns("floored"):
        return []
    known = [outcome for outcome in findings.outcomes if outcome.values.get("hit_rate") is not None]
    return [outcome.label for outcome in known if outcome.values.get("floored_hit_rate") is None]
