"""A cleaning step, and what it leaves: the data that stay, the rows taken out, and the way back."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from longtail import params
from longtail.data.cleaning.report import CleaningReport, StepReport, figures
from longtail.data.interactions import Interactions, LoadReport
from longtail.errors import DataError
from longtail.types import BoolArray, LongArray

__all__ = ["Cleaned", "Marked", "Removal", "Step", "Suspect", "clean"]

_COLUMNS = ("users", "items", "values", "times", "sessions")


@dataclass(frozen=True)
class Suspect:
    """A user (by index) who stands out.

    Attributes:
        user: index into `user_ids`.
        kind: in which way, in a word or two, such as "too fast".
        why: the evidence, in words with figures.
    """

    user: int
    kind: str
    why: str


@dataclass(frozen=True, eq=False)
class Marked:
    """What a step would take out.

    Attributes:
        rows: (n,) True for the rows to take out.
        suspects: the users who stand out, and why; a user may stand there for several reasons.
        notes: what the step could not look at, in sentences.
    """

    rows: BoolArray
    suspects: tuple[Suspect, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def users(cls, data: Interactions, suspects: Iterable[Suspect], notes: Iterable[str] = ()) -> Marked:
        """All rows of the suspects."""
        found = tuple(suspects)
        mask = np.zeros(data.n_users, dtype=np.bool_)
        mask[[suspect.user for suspect in found]] = True
        return cls(mask[data.users], found, tuple(notes))


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """A way of cleaning: a frozen value whose fields are its thresholds; it never sees who is guilty, only the data."""

    name: ClassVar[str]

    def __post_init__(self) -> None:
        params.validate(self)

    @abstractmethod
    def mark(self, data: Interactions) -> Marked:
        """What this step would take out of the data, and why."""

    def apply(self, data: Interactions) -> Cleaned:
        """The data without what this step marks.

        Raises:
            DataError: if nothing would be left, or the data have no rows.
        """
        return clean(data, [self])

    @property
    def spec(self) -> str:
        """The step as the command line writes it, with the thresholds that are not the defaults.

        Examples:
            >>> from longtail.data.cleaning import Bots
            >>> Bots(too_many=900).spec
            'bots:too_many=900'
        """
        usual = {field.name: field.default for field in dataclasses.fields(self)}
        unusual = {name: value for name, value in params.values(self).items() if value != usual[name]}
        pairs = ",".join(
            f"{name}={value if isinstance(value, str) else params.written(value)}" for name, value in unusual.items()
        )
        return self.name + (f":{pairs}" if pairs else "")


@dataclass(frozen=True, eq=False)
class Removal:
    """What one step took out.

    Attributes:
        step: the step as the command line writes it.
        rows: the rows taken out.
        positions: where they stood in the data that the step was given, ascending.
        suspects: who stands out, and why.
        notes: what the step could not look at.
        before: figures of the data given.
        after: figures of the data left.
    """

    step: str
    rows: Interactions
    positions: LongArray
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]

    def undone(self, left: Interactions) -> Interactions:
        """The data that the step was given, from those it left."""
        n = len(left) + len(self.rows)
        stayed = np.ones(n, dtype=np.bool_)
        stayed[self.positions] = False
        merged: dict[str, Any] = {}
        for name in _COLUMNS:
            if getattr(left, name) is not None:
                column = np.empty(n, dtype=getattr(left, name).dtype)
                column[stayed], column[self.positions] = getattr(left, name), getattr(self.rows, name)
                merged[name] = column
        return dataclasses.replace(left, **merged)

    def report(self) -> StepReport:
        """The same in plain values."""
        ids, counts = self.rows.user_ids, self.rows.user_counts
        suspects = [
            {"user": ids[found.user].item(), "rows": int(counts[found.user]), "kind": found.kind, "why": found.why}
            for found in self.suspects
        ]
        removed = {what: self.before[what] - self.after[what] for what in ("rows", "users", "items")}
        return StepReport(self.step, removed, suspects, list(self.notes), self.before, self.after)


@dataclass(frozen=True, eq=False, repr=False)
class Cleaned:
    """Data after some steps, with all it takes to undo them.

    Attributes:
        data: the rows that stay; ids, scale and catalog are those of the whole.
        removals: what each step took out, in order.
        loading: the loading report of the original data.

    Examples:
        >>> from longtail.data.cleaning import OutlierUsers
        >>> rows = {"user": [0] * 40 + list(range(1, 21)), "item": [*range(40), *range(20)], "rating": [4.0] * 60}
        >>> data = Interactions.from_frame(rows)
        >>> cleaned = OutlierUsers().apply(data)
        >>> len(cleaned.data), cleaned.removed.users_present()
        (20, [0])
        >>> cleaned.restore().fingerprint == data.fingerprint
        True
    """

    data: Interactions
    removals: tuple[Removal, ...] = ()
    loading: LoadReport | None = None

    def then(self, step: Step) -> Cleaned:
        """One more step.

        Raises:
            DataError: if nothing would be left, or there was nothing to begin with.
        """
        data = self.data
        if not len(data):
            raise DataError("there is nothing to clean: the data have no rows")
        marked = step.mark(data)
        if marked.rows.all():
            raise DataError(f"{step.spec} would take out all {len(data):,} rows; loosen its thresholds")
        left, rows = data.take(~marked.rows), data.take(marked.rows)
        positions = np.flatnonzero(marked.rows)
        removal = Removal(step.spec, rows, positions, marked.suspects, marked.notes, figures(data), figures(left))
        return Cleaned(left, (*self.removals, removal), self.loading)

    def undo(self) -> Cleaned:
        """Without the last step.

        Raises:
            DataError: if there is no step to undo.
        """
        if not self.removals:
            raise DataError("there is no step to undo")
        *before, last = self.removals
        return Cleaned(last.undone(self.data), tuple(before), self.loading)

    def restore(self) -> Interactions:
        """The data as they were before the first step: same rows, same order, same fingerprint."""
        data = self.data
        for removal in reversed(self.removals):
            data = removal.undone(data)
        return dataclasses.replace(data, report=self.loading)

    @property
    def removed(self) -> Interactions:
        """All rows taken out, step after step."""
        parts = [removal.rows for removal in self.removals] or [self.data.take(np.empty(0, dtype=np.int64))]
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in _COLUMNS
            if getattr(self.data, name) is not None
        }
        return dataclasses.replace(self.data, **joined)

    def report(self) -> CleaningReport:
        """Figures before and after, and what each step took out and why."""
        after = figures(self.data)
        before = self.removals[0].before if self.removals else after
        return CleaningReport(before, after, [removal.report() for removal in self.removals])

    def __repr__(self) -> str:
        rows = sum(len(removal.rows) for removal in self.removals)
        return f"Cleaned({len(self.data):,} rows stay, {rows:,} taken out by {len(self.removals)} steps)"


def clean(data: Interactions, steps: Iterable[Step]) -> Cleaned:
    """The data after some steps, one after another; each sees what those before it left.

    Raises:
        DataError: if a step would leave nothing.

    Examples:
        >>> from longtail.data.cleaning import Bots, MinimumRatings
        >>> from longtail.data.synthetic import synthetic
        >>> cleaned = clean(synthetic(users=80, items=60, ratings=900), [Bots(), MinimumRatings(users=5, items=5)])
        >>> print(cleaned.report())
        before: 900 rows, 80 users, 60 items, mean rating 3.608
        bots: took out 0 rows, 0 users, 0 items
        minimum:items=5: took out 75 rows, 27 users, 0 items
        after: 825 rows, 53 users, 60 items, mean rating 3.639
    """
    cleaned = Cleaned(dataclasses.replace(data, report=None), loading=data.report)
    for step in steps:
        cleaned = cleaned.then(step)
    return cleaned
