"""People one by one: what they met, what was hidden, and every algorithm's list side by side, hits marked."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from longtail.evaluation.findings import Findings
from longtail.evaluation.report.chart import PALETTE
from longtail.evaluation.report.figures import swatch
from longtail.evaluation.report.page import Part

__all__ = ["people"]

Line = Mapping[str, Any]


def people(findings: Findings) -> Part:
    """The section: a picker, and a panel a person; the sample user comes first."""
    persons = [(_sample(findings), [[dataclasses.asdict(pick) for pick in one.picks] for one in findings.outcomes])]
    for at, person in enumerate(findings.people):
        persons.append((person, [one.people[at] if at < len(one.people) else [] for one in findings.outcomes]))
    panels = "".join(_panel(findings, number, person, lists) for number, (person, lists) in enumerate(persons))
    lead = "A figure behind a title is the predicted rating, by which not every algorithm ranks"
    if len(findings.outcomes) > 1:
        lead += "; behind that, how many of the algorithms list the title, where several do"
    picker = _picker([person for person, _ in persons]) if len(persons) > 1 else ""
    why = any(line.get("reason") for _, lists in persons for own in lists for line in own)
    body = f'<p class="lead">{lead}.</p>{picker}{_why() if why else ""}<div id="people-lists">{panels}</div>'
    title = "People, one by one" if len(persons) > 1 else f"What user {findings.sample.id} would see"
    return Part("people", title, body, "People")


def _sample(findings: Findings) -> dict[str, Any]:
    """The sample user as one of the people; their lists are made from all the data."""
    sample = findings.sample
    return {
        "id": sample.id,
        "chosen": sample.chosen,
        "rows": sample.interactions,
        "mean": sample.mean if findings.explicit else None,
        "loved": [dataclasses.asdict(item) for item in sample.loved],
        "hated": [dataclasses.asdict(item) for item in sample.hated],
    }


def _picker(persons: Sequence[Mapping[str, Any]]) -> str:
    """Radio buttons: the arrow keys move through them. Without scripts it stays away, and everybody is shown."""
    choices = "".join(
        f'<label><input type="radio" name="person" value="person-{number}"{" checked" if not number else ""}>'
        f"user {escape(str(person['id']))} <small>{escape(_short(person))}</small></label>"
        for number, person in enumerate(persons)
    )
    return f'<fieldset class="picker" data-shows=".person" hidden><legend>Whose lists</legend>{choices}</fieldset>'


def _short(person: Mapping[str, Any]) -> str:
    return _chosen(person).split(",")[0].removesuffix(" of a few drawn at random")


def _chosen(person: Mapping[str, Any]) -> str:
    return str(person["chosen"]) or "the most disputed of a few drawn at random"


def _why() -> str:
    return (
        '<div class="picker" hidden><label><input type="checkbox" data-why="people-lists" checked>'
        "show why each title is listed</label></div>"
    )


def _panel(findings: Findings, number: int, person: Mapping[str, Any], lists: Sequence[Sequence[Line]]) -> str:
    met = "ratings" if findings.explicit else "interactions"
    average = "" if person.get("mean") is None else f", {person['mean']:.2f} on average"
    hidden = person.get("hidden_count", 0)
    what = f"{person['rows']:,} {met}{average}"
    if hidden:
        made = f"From these the lists were made; {hidden:,} more {'was' if hidden == 1 else 'were'} hidden."
    else:
        made = "The lists were made from all of them, without a floor; nothing was hidden."
    heading = f'<h3 id="person-{number}-title">User {escape(str(person["id"]))}: {escape(_chosen(person))}</h3>'
    cards = [
        _items("Loved" if findings.explicit else "Met most", person.get("loved", []), findings.explicit),
        _items("Hated", person.get("hated", []), findings.explicit),
        _items("Latest", person.get("latest", []), findings.explicit),
        _items(_hidden_title(person), person.get("hidden", []), findings.explicit),
    ]
    told = Counter(line["item"] for own in lists for line in own)
    shown = "".join(
        _list(place, findings.outcomes[place].label, own, told, len(findings.outcomes))
        for place, own in enumerate(lists)
        if own
    )
    side = f"Lists for user {escape(str(person['id']), quote=True)}, side by side"
    return (
        f'<article class="person" id="person-{number}" aria-labelledby="person-{number}-title">{heading}'
        f'<p class="note">{what}. {made}</p><div class="cards">{"".join(cards)}</div>'
        f'<div class="lists" role="region" aria-label="{side}" tabindex="0">{shown}</div></article>'
    )


def _hidden_title(person: Mapping[str, Any]) -> str:
    shown, count = len(person.get("hidden", [])), person.get("hidden_count", 0)
    return "Hidden" if shown == count else f"Hidden (the first {shown:,} of {count:,})"


def _items(title: str, items: Sequence[Line], explicit: bool) -> str:
    if not items:
        return ""
    lines = "".join(
        f"<li>{escape(str(item['title']))}{_stars(item['rating'], 'g') if explicit else ''}</li>" for item in items
    )
    return f'<div class="card"><h4>{title}</h4><ul>{lines}</ul></div>'


def _list(place: int, label: str, lines: Sequence[Line], told: Mapping[Any, int], algorithms: int) -> str:
    hits = sum(bool(line.get("hit")) for line in lines)
    found = f' <span class="hit">{hits} hit{"" if hits == 1 else "s"}</span>' if hits else ""
    head = f"{swatch(place)}{escape(label)}{found}"
    made = "".join(_line(line, told[line["item"]], algorithms) for line in lines)
    return f'<div class="card" style="border-color:var(--c{place % PALETTE})"><h4>{head}</h4><ol>{made}</ol></div>'


def _line(line: Line, times: int, algorithms: int) -> str:
    title = escape(str(line["title"]))
    if line.get("hit"):
        title = f'<span class="hit">{title} ✓ <span class="unseen">hidden item found</span></span>'
    aside = [f"★ {line['rating']:.1f}"] if line.get("rating") is not None else []
    aside += [f"{times}/{algorithms}"] if times > 1 else []
    stars = f' <span class="stars">{" · ".join(aside)}</span>' if aside else ""
    reason = f'<small class="why">{escape(str(line["reason"]))}</small>' if line.get("reason") else ""
    return f"<li>{title}{stars}{reason}</li>"


def _stars(rating: float, digits: str) -> str:
    return f' <span class="stars">★ {rating:{digits}}</span>'
