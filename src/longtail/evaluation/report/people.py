"""The sample user: what they loved and hated, and every algorithm's recommendations side by side."""

from __future__ import annotations

from html import escape

from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.report.chart import PALETTE
from longtail.evaluation.report.figures import swatch
from longtail.evaluation.report.page import Part
from longtail.evaluation.sample_user import Pick, RatedItem

__all__ = ["people"]


def people(findings: Findings) -> Part:
    """The sample user: what they loved and hated, and every algorithm's recommendations side by side."""
    sample, explicit = findings.sample, findings.explicit
    met = f"ratings, {sample.mean:.2f} on average" if explicit else "interactions"
    cards = [
        _rated("Loved" if explicit else "Met most", sample.loved, explicit),
        _rated("Hated", sample.hated, explicit),
    ]
    picks = "".join(_picks(place, outcome) for place, outcome in enumerate(findings.outcomes) if outcome.picks)
    body = f"""<p class="lead">One user to get to know ({escape(sample.chosen)}): {sample.interactions:,} {met}. The
lists are made from all the data, without a floor; a figure behind a title is the predicted rating, by which not every
algorithm ranks.</p>
<div class="cards">{"".join(cards)}</div>
<div class="lists" role="region" aria-label="Lists side by side" tabindex="0">{picks}</div>"""
    return Part("user", f"What user {sample.id} would see", body)


def _rated(title: str, items: list[RatedItem], explicit: bool) -> str:
    if not items:
        return ""
    lines = "".join(f"<li>{escape(item.title)}{_stars(item.rating, 'g') if explicit else ''}</li>" for item in items)
    return f'<div class="card"><h3>{title}</h3><ul>{lines}</ul></div>'


def _picks(place: int, outcome: Outcome) -> str:
    lines = "".join(_pick(pick) for pick in outcome.picks)
    head = f"{swatch(place)}{escape(outcome.label)}"
    return f'<div class="card" style="border-color:var(--c{place % PALETTE})"><h3>{head}</h3><ol>{lines}</ol></div>'


def _pick(pick: Pick) -> str:
    stars = _stars(pick.rating, ".1f") if pick.rating is not None else ""
    reason = f"<small>{escape(pick.reason)}</small>" if pick.reason else ""
    return f"<li>{escape(pick.title)}{stars}{reason}</li>"


def _stars(rating: float, digits: str) -> str:
    return f' <span class="stars">★ {rating:{digits}}</span>'
