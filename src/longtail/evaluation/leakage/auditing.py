"""`audit`: look for leaks between two parts of a split; `Audit`: what was found."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from longtail.data import splits
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import LeakageError
from longtail.evaluation import export
from longtail.evaluation.leakage.checks import CHECKS, named
from longtail.evaluation.leakage.cut import Cold, Cut
from longtail.evaluation.leakage.finding import Severity, Unseen
from longtail.types import AnyArray

__all__ = ["Audit", "Finding", "audit", "look"]


@dataclass(frozen=True)
class Finding:
    """One leak that was found.

    Attributes:
        name: which of `CHECKS`.
        severity: "fail", or "note" for what a reader should know.
        sentence: what it is, with its counts, in words.
        count: how many rows, users, items or models it concerns.
        examples: some of them, in the user's own ids.
        accepted: whether somebody accepted it beforehand.
        where: the fold it was found in; empty where there is only one.
    """

    name: str
    severity: Severity
    sentence: str
    count: int
    examples: Sequence[Mapping[str, Any]] = ()
    accepted: bool = False
    where: str = ""

    @property
    def fails(self) -> bool:
        """Whether it fails the audit: not a note, and not accepted."""
        return self.severity == "fail" and not self.accepted

    @property
    def meaning(self) -> str:
        """Why it matters."""
        return CHECKS[self.name].meaning

    @property
    def fix(self) -> str:
        """What to do about it."""
        return CHECKS[self.name].fix

    def to_dict(self) -> dict[str, Any]:
        """As plain values, with its meaning and its fix."""
        plain = {**dataclasses.asdict(self), "examples": [dict(example) for example in self.examples]}
        return {**plain, "title": CHECKS[self.name].title, "meaning": self.meaning, "fix": self.fix}


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        findings: the leaks, those that fail first.
        unseen: checks that could not look, and why.
        counts: rows of both parts, test users and items, and those that train does not know; by fold.
        accepted: names of the leaks that somebody accepted beforehand.
        seconds: what it took, on the clock.
    """

    findings: tuple[Finding, ...] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    seconds: float = 0.0

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that fail it; empty where it passed."""
        return tuple(finding for finding in self.findings if finding.fails)

    def __add__(self, other: Audit) -> Audit:
        """Both together: of several folds, or before and after the fit."""
        unseen = {name: why for name, why in self.unseen.items() if name in other.unseen}
        counts = {**self.counts, **other.counts}
        findings = _failing_first([*self.findings, *other.findings])
        return Audit(findings, unseen, counts, self.accepted | other.accepted, self.seconds + other.seconds)

    def sentences(self) -> list[str]:
        """What was found, a sentence a finding; what could not be looked at comes last."""
        said = [_sentence(finding) for finding in self.findings]
        if not self.failed:
            accepted = any(finding.accepted for finding in self.findings)
            said.insert(0, "No leak was found but those accepted." if accepted else "No leak was found.")
        if self.unseen:
            reasons: dict[str, list[str]] = {}
            for name, why in self.unseen.items():
                reasons.setdefault(why, []).append(CHECKS[name].title)
            why = "; ".join(f"{', '.join(titles)} ({reason})" for reason, titles in reasons.items())
            said.append(f"Not looked at: {why}.")
        return said

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "failed": bool(self.failed),
            "accepted": sorted(self.accepted),
            "findings": [finding.to_dict() for finding in self.findings],
            "unseen": dict(self.unseen),
            "counts": {name: dict(counts) for name, counts in self.counts.items()},
            "seconds": round(self.seconds, 3),
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """`to_dict` as JSON; also written to `path` when given."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, default=str, indent=1)
        if path is not None:
            export.write_text(path, text + "\n")
        return text

    def raise_if_failed(self) -> Audit:
        """Itself, where nothing failed.

        Raises:
            LeakageError: naming the first leak, how many more there are, and what to do.
        """
        if not self.failed:
            return self
        first, others = self.failed[0], len(self.failed) - 1
        more = f" ({others} more {'leak' if others == 1 else 'leaks'} found)" if others else ""
        raise LeakageError(
            f"{first.name}: {_place(first)}{first.sentence}{_example(first)}{more}. {first.fix.rstrip('.')}; to go on "
            f"all the same, accept={sorted({finding.name for finding in self.failed})}"
        )


def audit(
    train: Any,
    test: Any,
    *,
    given: Interactions | None = None,
    candidates: Sequence[Any] | AnyArray | None = None,
    negatives: AnyArray | None = None,
    catalog: Catalog | None = None,
    cold: Cold | None = None,
    popularity: Interactions | TopN | AnyArray | None = None,
    models: Mapping[str, Any] | Sequence[Any] = (),
    accept: Iterable[str] = (),
) -> Audit:
    """Look for leaks between training and test data, and in what comes with them.

    Args:
        train: `Interactions`, or a table as `Interactions.from_frame` takes it.
        test: likewise; ids need not be train's.
        given: histories of people who are folded in.
        candidates: external ids of the only items that may be listed.
        negatives: (test users in index order, m) item indices, the only wrong answers.
        catalog: what is known of items and users; by default train's.
        cold: what is promised to be new, "users" or "items".
        popularity: what popularity is taken from: interactions, a number for each item of train, or popular lists.
        models: fitted models, what a `Tuner` returned, or its JSON read back; under labels, or a list.
        accept: names of leaks that are so by design, such as "future" for a random split.

    Raises:
        ConfigError: for a leak to accept that there is not.
        DataError: for parts that do not fit together.

    Examples:
        >>> train = {"user": [1, 1, 2, 2], "item": [1, 2, 1, 3], "rating": [5.0, 3.0, 4.0, 2.0]}
        >>> found = audit(train, {"user": [1, 2], "item": [3, 1], "rating": [4.0, 4.0]})
        >>> found.failed[0].name, found.failed[0].examples[0]
        ('pair-in-both', {'user': 2, 'item': 1})
        >>> found.sentences()[0]
        '1 of 2 test rows (50%) are in train too: the same user with the same item, such as user 2, item 1.'
    """
    accepted = named(accept)
    if not _share_ids(train, test):
        train, test = splits.predefined(train, test)
    cut = Cut(
        train=train,
        test=test,
        given=None if given is None else given if _share_ids(train, given) else splits.predefined(train, given)[1],
        candidates=None if candidates is None else train.item_ids.index(candidates),
        negatives=negatives,
        catalog=train.catalog if catalog is None else catalog,
        cold=cold,
        popularity=popularity,
        fitted=_labelled(models),
    )
    return look(cut, accepted)


def look(cut: Cut, accepted: frozenset[str] = frozenset(), where: str = "", only: Iterable[str] = CHECKS) -> Audit:
    """The audit of one cut.

    Args:
        cut: what to look at.
        accepted: names of leaks that are so by design.
        where: what the fold is called.
        only: names of the checks to make.
    """
    began = time.perf_counter()
    findings, unseen = [], {}
    for name in only:
        check = CHECKS[name]
        answer = check.look(cut)
        if isinstance(answer, Unseen):
            unseen[name] = answer.why
            continue
        for found in answer:
            severity = found.severity or check.severity
            examples = tuple(found.examples)
            findings.append(Finding(name, severity, found.sentence, found.count, examples, name in accepted, where))
    counts = {where: sizes(cut.train, cut.test)}
    return Audit(_failing_first(findings), unseen, counts, accepted, time.perf_counter() - began)


def sizes(train: Interactions, test: Interactions) -> dict[str, int]:
    """Rows of both parts, test users and items, and those that only test has, with their rows."""
    cold_users, cold_items = (train.user_counts == 0), (train.item_counts == 0)
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        "test_users": int(np.count_nonzero(test.user_counts)),
        "test_items": int(np.count_nonzero(test.item_counts)),
        "cold_users": int(np.count_nonzero((test.user_counts > 0) & cold_users)),
        "cold_items": int(np.count_nonzero((test.item_counts > 0) & cold_items)),
        "rows_of_cold_users": int(test.user_counts[cold_users].sum()),
        "rows_of_cold_items": int(test.item_counts[cold_items].sum()),
    }


def _share_ids(one: Any, other: Any) -> bool:
    both = isinstance(one, Interactions) and isinstance(other, Interactions)
    return both and one.user_ids == other.user_ids and one.item_ids == other.item_ids


def _labelled(models: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    if isinstance(models, Mapping):
        return dict(models)
    return {f"{type(model).__name__} {number}": model for number, model in enumerate(models, 1)}


def _failing_first(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (not finding.fails, finding.severity != "fail")))


def _sentence(finding: Finding) -> str:
    text = f"{_place(finding)}{finding.sentence}{_example(finding)}"
    text = text if finding.where else text[:1].upper() + text[1:]
    return f"Accepted ({finding.name}): {text}." if finding.accepted else f"{text}."


def _place(finding: Finding) -> str:
    return f"{finding.where}: " if finding.where else ""


def _example(finding: Finding) -> str:
    if not finding.examples or finding.name == "dominating" or {"column", "algorithm"} & set(finding.examples[0]):
        return ""
    return ", such as " + ", ".join(f"{noun} {name}" for noun, name in finding.examples[0].items())
