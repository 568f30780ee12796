"""The audit of a bake-off: of all its folds before anything is fitted, and of every fitted model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from longtail.errors import LeakageError
from longtail.evaluation.leakage.auditing import Audit, look
from longtail.evaluation.leakage.checks import CHECKS
from longtail.evaluation.leakage.cut import Cut
from longtail.evaluation.protocols import Fold, Protocol

__all__ = ["accepted_in_words", "of_folds", "require_learned_here"]

OF_MODELS = ("learned-elsewhere",)
OF_ENTRIES = ("fitted-before", "unknown-parameters")


def of_folds(
    folds: Iterable[Fold], entries: Mapping[str, Any], protocol: Protocol, accepted: frozenset[str] = frozenset()
) -> Audit:
    """The audit of every fold that hides something, and of the algorithms that are to be fitted on it.

    Args:
        folds: those of the protocol.
        entries: unfitted recommenders by label.
        protocol: what it promises to be new (`cold`), and what it accepts.
        accepted: what is accepted besides.
    """
    allowed = accepted | protocol.accepts
    total = Audit(accepted=allowed)
    hiding = [fold for fold in folds if fold.test is not None]
    for number, fold in enumerate(hiding):
        skipped = OF_MODELS if not number else (*OF_MODELS, *OF_ENTRIES)
        cut = _cut(fold, entries=entries, cold=getattr(protocol, "cold", None))
        found = look(cut, allowed, fold.name, [name for name in CHECKS if name not in skipped])
        total = total + found if number else found
    return total


def require_learned_here(fold: Fold, label: str, model: Any, accepted: frozenset[str] = frozenset()) -> list[str]:
    """What a reader should know of where a fitted model, and the models inside it, learned.

    Raises:
        LeakageError: if one of them learned test rows of the fold, and nobody accepted that.
    """
    if fold.test is None:
        return []
    found = look(_cut(fold, fitted={label: model}), accepted, "", OF_MODELS)
    if found.failed:
        raise LeakageError(f"learned-elsewhere: {found.failed[0].sentence}")
    return [finding.sentence.removeprefix(f"{label} ") for finding in found.findings]


def accepted_in_words(audit: Audit) -> list[str]:
    """The accepted leaks, a sentence a kind, whatever the number of folds."""
    said = []
    for name in dict.fromkeys(finding.name for finding in audit.findings if finding.accepted):
        found = [finding for finding in audit.findings if finding.accepted and finding.name == name]
        others = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
        said.append(f"Accepted leak, {CHECKS[name].title}: {found[0].where}: {found[0].sentence}{others}.")
    return said


def _cut(fold: Fold, **more: Any) -> Cut:
    """A fold as the checks look at it; the metrics take popularity from what it trains on."""
    assert fold.test is not None
    return Cut(
        train=fold.train,
        test=fold.test,
        given=fold.given,
        candidates=fold.candidates,
        negatives=fold.negatives,
        catalog=fold.train.catalog,
        popularity=fold.train,
        **more,
    )
