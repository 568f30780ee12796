"""`make_sheet`: a blind, shuffled rating sheet from the lists of several algorithms, and the key to it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from longtail import params
from longtail.data.catalog import split_title
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError
from longtail.evaluation.export import write_text
from longtail.evaluation.perceived.cells import no_formula
from longtail.evaluation.perceived.key import Key, RowKey
from longtail.evaluation.perceived.questions import QUESTIONS, RESERVED, Question, checked
from longtail.evaluation.report.page import in_script
from longtail.rng import generator

__all__ = ["Person", "Row", "Sheet", "make_sheet"]

LOVED, DISLIKED = 8, 4
LETTERS = "23456789CFGHJKMPQRVWX"  # none looks like another, and they spell no word


@dataclass(frozen=True)
class Person:
    """Somebody to whom things are recommended, as a rater gets to know them.

    Attributes:
        met: what they met, in words.
        loved: titles they rated highest (or met most), best known first among equals.
        disliked: titles they rated lowest, below their mean.
    """

    met: str
    loved: list[str]
    disliked: list[str]


@dataclass(frozen=True)
class Row:
    """One recommendation to rate.

    Attributes:
        code: names the row; it tells nothing of where it came from.
        person: index into the people of the sheet.
        title: of the item.
        about: year and genres, where known.
    """

    code: str
    person: int
    title: str
    about: str


@dataclass(frozen=True)
class Sheet:
    """Recommendations to rate, without a word on who made them.

    Attributes:
        sheet: the name of the sheet, the same for the same content.
        people: to whom things are recommended.
        rows: person by person, shuffled within each.
        questions: what is asked of every row.
        own: whether raters judge their own recommendations.
    """

    sheet: str
    people: list[Person]
    rows: list[Row]
    questions: tuple[Question, ...]
    own: bool = False

    def __repr__(self) -> str:
        return f"Sheet({self.sheet}; {len(self.rows)} recommendations to {len(self.people)} people)"

    @property
    def codes(self) -> Iterable[str]:
        """The codes of the rows."""
        return [row.code for row in self.rows]

    def to_csv(self, path: str | Path | None = None) -> str:
        """A table to fill in with a spreadsheet: one line a recommendation; also written to `path` where one is given.

        A text that a spreadsheet would take for a formula has an apostrophe before it.
        """
        out = io.StringIO()
        writer = csv.writer(out)
        asked = [question.heading(own=self.own) for question in self.questions]
        writer.writerow([*RESERVED[:-1], *asked, RESERVED[-1]])
        for row in self.rows:
            person = self.people[row.person]
            known = ("; ".join(person.loved), "; ".join(person.disliked))
            cells = [self.sheet, "", row.code, f"{row.person + 1}", *known, row.title, row.about]
            writer.writerow([*map(no_formula, cells), *[""] * (len(asked) + 1)])
        return _written(out.getvalue(), path, bom=True)

    def to_html(self, path: str | Path | None = None) -> str:
        """A page to fill in with a browser, also on a phone, that saves the answers as a file and needs no network."""
        parts = {name: _part(f"sheet.{name}") for name in ("css", "js")}
        page = Template(_part("sheet.html")).substitute(
            sheet=escape(self.sheet), data=in_script(self.to_dict()), **parts
        )
        return _written(page, path)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def to_json(self, path: str | Path | None = None) -> str:
        """As JSON, for `Questionnaire`; also written to `path` where one is given."""
        return _written(json.dumps(self.to_dict(), ensure_ascii=False), path)

    @classmethod
    def from_json(cls, path: str | Path) -> Sheet:
        """Read a sheet from a file.

        Raises:
            DataError: if there is no such file, or it is no sheet.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(
                str(found["sheet"]),
                [Person(**person) for person in found["people"]],
                [Row(**row) for row in found["rows"]],
                tuple(Question(**question) for question in found["questions"]),
                bool(found["own"]),
            )
        except OSError as error:
            raise DataError(f"cannot read the sheet {path}: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            raise DataError(f"{path} is not a sheet; Sheet.to_json writes one") from error


def make_sheet(
    lists: Mapping[str, TopN],
    data: Interactions,
    users: Sequence[Any] | None = None,
    *,
    n: int = 5,
    questions: Sequence[Question] = QUESTIONS,
    own: bool = False,
    seed: int = 0,
) -> tuple[Sheet, Key]:
    """A rating sheet of the first n recommendations of each algorithm to each user, and the key to it.

    What several algorithms recommend to a user stands there once. Rows are shuffled within a user and bear codes, so
    that neither order nor name tells where they come from.

    Args:
        lists: algorithm -> its lists, made with the ids of `data`.
        data: what the users have met: it is shown to raters, who judge for them.
        users: external ids; by default everyone who has a list from each algorithm.
        n: places taken of each list.
        questions: what is asked.
        own: whether the raters are the users themselves: they are addressed as "you".
        seed: of shuffling and codes.

    Raises:
        ConfigError: without lists or questions, or for n below 1.
        DataError: if a user has no list from some algorithm, or nothing was recommended.

    Examples:
        >>> import longtail as lt
        >>> data = lt.datasets.synthetic(users=40, items=30, ratings=600)
        >>> lists = {name: lt.make(name).fit(data).recommend([1, 2], 3) for name in ("popular", "bias")}
        >>> sheet, key = make_sheet(lists, data, n=3)
        >>> len(sheet.people), 6 <= len(sheet.rows) <= 12, key.algorithms
        (2, True, ['popular', 'bias'])
        >>> sorted(key.codes) == sorted(sheet.codes)
        True
    """
    n, asked = params.positive("n", n), checked(tuple(questions))
    if not lists:
        raise ConfigError("a sheet needs the lists of an algorithm")
    chosen = _users(lists) if users is None else list(dict.fromkeys(users))
    drafts = [draft for number, user in enumerate(chosen) for draft in _recommended(lists, data, user, number, n)]
    if not drafts:
        raise DataError("nothing was recommended to these users, so there is nothing to rate")
    rng = generator(seed, "sheet")
    order = np.lexsort((rng.random(len(drafts)), np.array([person for person, _ in drafts])))
    drafts = [drafts[place] for place in order]
    codes = _codes(len(drafts), rng)
    about = _About(data)
    rows = []
    for code, (person, behind) in zip(codes, drafts, strict=True):
        item = int(data.item_ids.index([behind.item])[0])
        rows.append(Row(code, person, *about(item)))
    people = [_person(data, user, about) for user in chosen]
    name = _name(repr((people, rows, asked, own)))
    behind_codes = dict(zip(codes, (behind for _, behind in drafts), strict=True))
    return Sheet(name, people, rows, asked, own), Key(name, list(lists), n, asked, behind_codes)


def _users(lists: Mapping[str, TopN]) -> list[Any]:
    """Those who have a list from each, in the order of the first."""
    theirs = [made.user_ids[made.users].tolist() for made in lists.values()]
    return [user for user in theirs[0] if all(user in others for others in theirs[1:])]


def _recommended(
    lists: Mapping[str, TopN], data: Interactions, user: Any, number: int, n: int
) -> list[tuple[int, RowKey]]:
    places: dict[Any, dict[str, int]] = {}
    for name, made in lists.items():
        for place, item in enumerate(made.head(n).of(user), start=1):
            places.setdefault(item, {})[name] = place
    counts = data.item_counts[data.item_ids.index(list(places))].tolist()
    return [
        (number, RowKey(user, item, found, count)) for (item, found), count in zip(places.items(), counts, strict=True)
    ]


class _About:
    """Title, and year and genres, of items by index."""

    def __init__(self, data: Interactions) -> None:
        catalog = data.catalog
        self.titles = catalog.titles(data.item_ids) if catalog else [str(item) for item in data.item_ids.values]
        self.genres: Sequence[Sequence[str]] = catalog.genres(data.item_ids) if catalog else [()] * data.n_items
        years = catalog.rows(data.item_ids)["year"].to_list() if catalog and "year" in catalog.items.columns else None
        self.years: Sequence[int | None] = years or [None] * data.n_items

    def __call__(self, item: int) -> tuple[str, str]:
        title = self.titles[item]
        year = self.years[item] if split_title(title)[1] is None else None
        facts = [str(year) if year is not None else "", ", ".join(self.genres[item])]
        return title, " \u00b7 ".join(filter(None, facts))


def _person(data: Interactions, user: Any, about: _About) -> Person:
    row = data.by_user[[int(data.user_ids.index([user])[0])]]
    items, ratings = row.indices, row.data
    fame = data.item_counts[items]
    best = items[np.lexsort((items, -fame, -ratings))]
    worst = items[np.lexsort((items, -fame, ratings))]
    explicit = data.feedback == "explicit"
    mean = float(ratings.mean()) if len(ratings) else 0.0
    liked = {int(item) for item, rating in zip(items, ratings, strict=True) if rating >= mean or not explicit}
    noun = "rating" if explicit else "interaction"
    met = f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}" + (f", {mean:.1f} on average" if explicit else "")
    disliked = [int(item) for item in worst if int(item) not in liked]
    return Person(
        met,
        [about(int(item))[0] for item in best if int(item) in liked][:LOVED],
        [about(item)[0] for item in disliked[:DISLIKED]],
    )


def _codes(n: int, rng: np.random.Generator) -> list[str]:
    """Distinct codes of four signs."""
    numbers = rng.choice(len(LETTERS) ** 4, size=n, replace=False)
    return [
        "".join(LETTERS[number // len(LETTERS) ** power % len(LETTERS)] for power in range(4)) for number in numbers
    ]


def _name(content: str) -> str:
    """Eight signs that stand for the content; a letter first, so that no spreadsheet takes them for a number."""
    number = int.from_bytes(hashlib.sha256(content.encode()).digest()[:8], "big")
    signs = [LETTERS[number // len(LETTERS) ** power % len(LETTERS)] for power in range(7)]
    return "".join(["S", *signs])


def _part(name: str) -> str:
    return files("longtail.evaluation.perceived").joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def _written(text: str, path: str | Path | None, *, bom: bool = False) -> str:
    """The text, also written; with the mark at the front by which spreadsheets know UTF-8."""
    if path is not None:
        write_text(path, ("\ufeff" if bom else "") + text)
    return text
