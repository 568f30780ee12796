"""What a bake-off found: plain values that can be shown, written and read back."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import polars as pl

from longtail.errors import DataError
from longtail.evaluation import export, protocols
from longtail.evaluation.leakage.treatment import in_words
from longtail.evaluation.measures import COLUMNS, GROUPS, Column
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.protocols import Protocol
from longtail.evaluation.sample_user import Pick, RatedItem, SampleUser

__all__ = ["FORMAT", "SAMPLED", "Findings", "Outcome"]

FORMAT = 2
SAMPLED = frozenset({"floored", "hits", "ranking"})
"""Groups of columns whose figures a sample of negatives changes."""
KIND = "longtail bake-off"
SHARE = re.compile(r"of [\d,]+ ([a-z ]+) \((?:over )?(\d[\d.]*)%\)")
"""How a finding of the leakage audit tells its share (`leakage.finding.share`): of which rows, and how much."""


@dataclass
class Outcome:
    """What one algorithm did.

    Attributes:
        label: how it is called in this bake-off, unlike any other.
        algorithm: its name in the registry, or its class.
        parameters: every hyperparameter.
        values: figures by the keys of `measures.COLUMNS`; a figure that is missing or None could not be measured.
        users: how many users a figure is a mean of, where it is one.
        spread: the figure of every fold and seed, where there are several.
        by_rating: hit rate by actual rating, under "floored" and "hits" (without the floor).
        segments: figures of new, light and heavy users, of head, mid and tail (`longtail.evaluation.segments.figures`).
        tail: share of all places of its lists that fall to the items up to each popularity rank.
        picks: what it recommends to the sample user.
        people: what it lists for each of `Findings.people`, as plain values.
        curve: figures by the share of the training data: share, rows, and `longtail.evaluation.learning_curve.figures`.
        compile_seconds: seconds spent compiling kernels, in no other figure.
        error: why it failed, in one line; None when it did not.
        notes: what a reader should know before comparing it.
        treated: how it treated users and items that only test has, in counts (`leakage.treatment`).
        per_user: the metrics with the value of each user, averaged over folds and seeds; not part of the JSON, but
            kept with a run in a folder.
        per_seed: the main figures with the value of each user, once for each seed; kept nowhere.
    """

    label: str
    algorithm: str
    parameters: dict[str, Any]
    values: dict[str, float | None] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    spread: dict[str, list[float]] = field(default_factory=dict)
    by_rating: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    segments: dict[str, Any] = field(default_factory=dict)
    tail: list[float] = field(default_factory=list)
    picks: list[Pick] = field(default_factory=list)
    people: list[list[dict[str, Any]]] = field(default_factory=list)
    curve: list[dict[str, Any]] = field(default_factory=list)
    compile_seconds: float = 0.0
    error: str | None = None
    notes: list[str] = field(default_factory=list)
    treated: dict[str, int] = field(default_factory=dict)
    per_user: dict[str, MetricValue] = field(default_factory=dict, compare=False, repr=False)
    per_seed: dict[str, list[MetricValue]] = field(default_factory=dict, compare=False, repr=False)

    def plain(self) -> dict[str, Any]:
        """Everything but the values of each user, as plain values."""
        return dataclasses.asdict(dataclasses.replace(self, per_user={}, per_seed={}), dict_factory=_without_per_user)


@dataclass
class Findings:
    """Every figure of a bake-off, and what was run.

    Attributes:
        name: what the data are called; empty when nobody said.
        protocol: the protocol and its parameters.
        questions: what was measured, in sentences.
        caveats: what the protocol accepts by design, in sentences.
        data: fingerprint, feedback, scale, rows, users, items, and the sizes of the splits.
        environment: versions, platform and threads.
        memory_method: how peak memory was found.
        started: date and time, ISO 8601, UTC.
        seconds: the whole bake-off, on the clock.
        sample: the user whose recommendations stand side by side.
        ranks: popularity ranks at which the long-tail curves are read.
        tail: share of all interactions that fall to the items up to each rank.
        compile_seconds: seconds spent compiling kernels, those of the algorithms and those that judge them; above 0
            on a first run only.
        comparisons: which differences are real, as plain values (`longtail.evaluation.significance.record`).
        audit: what the leakage audit found, likewise: `leakage.Audit.to_dict`, `sentences` and `accepted_in_words`.
        sense: what the data hold, likewise.
        people: others to look at one by one, as plain values (`longtail.evaluation.people`).
        curve: which shares of the training data the learning curves took, and how; empty where none were asked for.
        segments: what makes users new, light or heavy and items head, mid or tail, in words: kind -> segment -> rule.
        outcomes: one for each algorithm that finished or failed.
        not_run: labels of the algorithms that an interrupt left out.
    """

    name: str
    protocol: Protocol
    questions: list[str]
    caveats: list[str]
    data: dict[str, Any]
    environment: dict[str, str]
    memory_method: str
    started: str
    seconds: float
    sample: SampleUser
    ranks: list[int]
    tail: list[float]
    compile_seconds: float = 0.0
    comparisons: dict[str, Any] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    sense: dict[str, Any] = field(default_factory=dict)
    segments: dict[str, Any] = field(default_factory=dict)
    people: list[dict[str, Any]] = field(default_factory=list)
    curve: dict[str, Any] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)

    @property
    def interrupted(self) -> bool:
        """Whether some algorithms are missing because the run was stopped."""
        return bool(self.not_run)

    @property
    def explicit(self) -> bool:
        """Whether the data hold ratings."""
        return bool(self.data["feedback"] == "explicit")

    @property
    def headline(self) -> str:
        """On which data, in one line."""
        noun = "ratings" if self.explicit else "interactions"
        size = f"{self.data['rows']:,} {noun}, {self.data['users']:,} users, {self.data['items']:,} items"
        return f"{self.name}: {size}" if self.name else size

    @property
    def setting(self) -> str:
        """How it was compared, in one line."""
        own = ", ".join(f"{name} {value}" for name, value in self.protocol.own_parameters().items())
        among = f", hidden items ranked among {self.protocol.among} only" if self.protocol.among else ""
        name = f"{self.protocol.name} protocol ({own})" if own else f"{self.protocol.name} protocol"
        seeds = f"seed {self.protocol.seed}"
        if self.repeats > 1:
            seeds = f"{self.repeats} seeds for each algorithm that draws at random, from {self.protocol.seed} on"
        return f"{name}, lists of {self.protocol.n}{among}, {seeds}"

    @property
    def repeats(self) -> int:
        """With how many seeds the algorithms that draw at random were compared; 1 where nothing was compared."""
        figures = self.comparisons.get("figures", {}).values()
        return max((len(seeds) for values in figures for seeds in values.values()), default=1)

    @property
    def ranked_among(self) -> str:
        """What hidden items competed with: "all items", or a sample such as "100 sampled negatives"."""
        return self.protocol.among or "all items"

    def columns(self, group: str) -> list[Column]:
        """The columns of a group in which some algorithm has a value."""
        keys = {key for outcome in self.outcomes for key, value in outcome.values.items() if value is not None}
        return [column for column in COLUMNS if column.group == group and column.key in keys]

    def comparable(self, column: Column) -> list[float | None]:
        """The values that compete for the best of a column: those of the algorithms that did not fail."""
        return [outcome.values.get(column.key) for outcome in self.outcomes if outcome.error is None]

    def group_title(self, group: str) -> str:
        """The heading of a group of columns; one of lists ranked among a sample says so."""
        title = f"hits, predicted {self.protocol.floor:g}+" if group == "floored" else GROUPS[group]
        among = self.protocol.among if group in SAMPLED else ""
        return f"{title}, among {among}" if among else title

    @property
    def remarks(self) -> list[str]:
        """What a reader should know before comparing, in sentences; what holds of several is said once."""
        found: dict[str, list[str]] = {}
        for outcome in self.outcomes:
            for note in outcome.notes if outcome.error is None else []:
                found.setdefault(note, []).append(outcome.label)
        return [f"{_each_of(labels)} {note}" for note, labels in found.items()]

    @property
    def accepted_leaks(self) -> list[str]:
        """The leaks that somebody accepted, a sentence a kind."""
        said: list[str] = self.audit.get("accepted_in_words", [])
        return said

    @property
    def accepted_in_brief(self) -> str:
        """The leaks that somebody accepted, in one line: each with the largest share of rows over all folds."""
        found: dict[str, list[tuple[float, str]]] = {}
        for one in self.audit.get("findings", []):
            if one.get("accepted"):
                share = SHARE.search(one["sentence"])
                found.setdefault(one["title"], []).append((float(share[2]), share[1]) if share else (0.0, ""))
        said = [f"{title}{_up_to(shares)}" for title, shares in found.items()]
        return f"Accepted leaks: {', '.join(said)}; details in the report." if said else ""

    @property
    def treatment(self) -> list[str]:
        """How each algorithm treated users and items that only test has, in sentences; those alike are one."""
        found: dict[str, list[str]] = {}
        for outcome in self.outcomes:
            said = in_words(outcome.treated)
            if said and outcome.error is None:
                found.setdefault(said, []).append(outcome.label)
        return [f"{_each_of(labels)} {said}." for said, labels in found.items()]

    def to_frame(self) -> pl.DataFrame:
        """One row an algorithm: label, name, parameters (JSON), every column, compile seconds and the error.

        Lists ranked among a sample say so in the column `ranked_among`; it is "all items" for the full ranking.
        """
        figures = [*(column.key for column in COLUMNS), "compile_seconds"]
        schema: dict[str, type[pl.DataType]] = {
            **dict.fromkeys(("algorithm", "name", "parameters", "ranked_among"), pl.String),
            **dict.fromkeys(figures, pl.Float64),
            "error": pl.String,
        }
        rows = [
            {
                "algorithm": outcome.label,
                "name": outcome.algorithm,
                "parameters": json.dumps(outcome.parameters, default=str),
                "ranked_among": self.ranked_among,
                **{column.key: outcome.values.get(column.key) for column in COLUMNS},
                "compile_seconds": outcome.compile_seconds,
                "error": outcome.error,
            }
            for outcome in self.outcomes
        ]
        return pl.DataFrame(rows, schema=schema)

    def to_json(self, path: str | Path | None = None) -> str:
        """Everything, as JSON that `from_json` reads back; also written to `path` when given."""
        own = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}
        own |= {
            "protocol": {"name": self.protocol.name, **self.protocol.parameters()},
            "sample": dataclasses.asdict(self.sample),
            "outcomes": [outcome.plain() for outcome in self.outcomes],
        }
        said = {"interrupted": self.interrupted, "ranked_among": self.ranked_among}
        plain = {"kind": KIND, "format": FORMAT, **said, **own}
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, default=str, indent=1)
        if path is not None:
            export.write_text(path, text + "\n")
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A result written by `to_json`, to be shown or reported again.

        Raises:
            DataError: if the text is not the JSON of a bake-off of this format.
        """
        try:
            plain = json.loads(text)
            if (plain.pop("kind"), plain.pop("format")) != (KIND, FORMAT):
                raise DataError(f"not a bake-off of format {FORMAT}")
            plain.pop("interrupted"), plain.pop("ranked_among", None)
            sample, outcomes, protocol = (plain.pop(part) for part in ("sample", "outcomes", "protocol"))
            loved, hated = ([RatedItem(**item) for item in sample.pop(part)] for part in ("loved", "hated"))
            picks = [[Pick(**pick) for pick in outcome.pop("picks")] for outcome in outcomes]
            return cls(
                **plain,
                protocol=protocols.from_plain(protocol.pop("name"), protocol),
                sample=SampleUser(**sample, loved=loved, hated=hated),
                outcomes=[Outcome(**outcome, picks=made) for outcome, made in zip(outcomes, picks, strict=True)],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"this is not the JSON of a bake-off: {error}") from error

    def to_csv(self, path: str | Path) -> Path:
        """Write the rows of `to_frame` as CSV."""
        return export.write_text(path, self.to_frame().write_csv())


def _without_per_user(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if name not in ("per_user", "per_seed")}


def _up_to(shares: list[tuple[float, str]]) -> str:
    """The largest share, in brackets; nothing where none is known."""
    share, noun = max(shares)
    return f" ({'up to ' if len(shares) > 1 else ''}{share:g}% of {noun})" if noun else ""


def _each_of(labels: list[str]) -> str:
    return labels[0] if len(labels) == 1 else f"Each of {', '.join(labels[:-1])} and {labels[-1]}"
