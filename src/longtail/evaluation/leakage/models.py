"""What algorithms bring along: parameters chosen on test rows, and models that learned from other rows than train."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from longtail import params
from longtail.data.interactions import Interactions
from longtail.evaluation.leakage.cut import Cut, among
from longtail.evaluation.leakage.finding import Answer, Found, Unseen, share
from longtail.evaluation.leakage.seen import Seen, seen_by

__all__ = ["fitted_before", "learned_elsewhere", "tuned_on_test", "unknown_parameters"]

NO_MODELS = "no algorithms are named"
DEEPEST = 4


def tuned_on_test(cut: Cut) -> Answer:
    """Algorithms whose parameters were chosen by somebody who saw test rows."""
    models = {**cut.entries, **cut.fitted}
    if not models:
        return Unseen(NO_MODELS)
    found = []
    for label, model in models.items():
        seen = model if isinstance(model, Seen) else seen_by(model)
        if seen is None:
            continue
        rows, known = np.flatnonzero(seen.among(cut.test)), int(seen.covers(cut.test).sum())
        if len(rows):
            said = (
                f"the parameters of {label} were chosen by {seen.by}, which saw {share(len(rows), known, 'test rows')}"
            )
            found.append(Found(said, len(rows), cut.examples(cut.test, rows)))
    return found


def unknown_parameters(cut: Cut) -> Answer:
    """Algorithms with parameters of their own, of which nobody can say what was seen while choosing them."""
    models = {**cut.entries, **cut.fitted}
    if not models:
        return Unseen(NO_MODELS)
    labels = [label for label, model in models.items() if not isinstance(model, Seen) and _of_unknown_origin(model)]
    if not labels:
        return []
    said = (
        f"nobody can say on which rows the parameters of {', '.join(labels)} were chosen: not the defaults, not tuned"
    )
    return [Found(f"{said} here", len(labels), [{"algorithm": label} for label in labels[:3]])]


def _of_unknown_origin(model: Any) -> bool:
    if seen_by(model) is not None or not hasattr(type(model), "__dataclass_fields__"):
        return False
    usual = {name: field.default for name, field in type(model).__dataclass_fields__.items()}
    return any(value != usual[name] for name, value in params.values(model).items() if name != "seed")


def fitted_before(cut: Cut) -> Answer:
    """Algorithms that were handed in fitted, or that hold fitted models where a copy would keep them."""
    if not cut.entries:
        return Unseen("no algorithms are to be fitted")
    found = []
    for label, model in cut.entries.items():
        if not isinstance(model, Seen) and _is_fitted(model):
            said = f"{label} was fitted when it was handed in: a fresh copy learns train"
            found.append(Found(said, 1, [{"algorithm": label}], "note"))
        for inner in _inside(_parameters(model)):
            rows = _learned(cut.test, inner)
            verb = f"learned {share(len(rows), len(cut.test), 'test rows')}" if len(rows) else "learned no test row"
            said = f"a parameter of {label} is a model that was fitted before and {verb}"
            found.append(Found(said, max(len(rows), 1), cut.examples(cut.test, rows), None if len(rows) else "note"))
    return found


def learned_elsewhere(cut: Cut) -> Answer:
    """Fitted models, or models inside them, that learned test rows, or other rows than train."""
    if not cut.fitted:
        return Unseen("no fitted models are at hand")
    found = []
    for label, model in cut.fitted.items():
        if isinstance(model, Seen):
            continue
        for held, inner in ((label, model), *((f"a model inside {label}", inner) for inner in _inside(model))):
            if not _is_fitted(inner) or inner.fingerprint_ == cut.train.fingerprint:
                continue
            rows = _learned(cut.test, inner)
            if len(rows):
                said = f"{held} learned {share(len(rows), len(cut.test), 'test rows')}: it was fitted on other data"
                found.append(Found(said, len(rows), cut.examples(cut.test, rows)))
            elif inner is model and not _learned_exactly(cut.train, inner):
                said = f"{held} was fitted on other data than train ({inner.fingerprint_}), though on no test row"
                found.append(Found(said, 1, [{"algorithm": label}], "note"))
    return found


def _parameters(model: Any) -> dict[str, Any]:
    """What a copy keeps."""
    return params.values(model) if hasattr(type(model), "__dataclass_fields__") else {}


def _is_fitted(model: Any) -> bool:
    return hasattr(model, "fingerprint_") and hasattr(model, "histories_")


def _learned_exactly(train: Interactions, model: Any) -> bool:
    """Whether its histories are train's: the fingerprint of equal rows is another where there are more ids."""
    complete = len(_learned(train, model)) == len(train)
    return bool(complete and model.histories_.nnz in (len(train), len(train.once)))


def _learned(part: Interactions, model: Any) -> Any:
    """The rows of a part that stand in a fitted model's histories."""
    users = model.user_ids_.index(part.user_ids.values, missing=-1)[part.users]
    items = model.item_ids_.index(part.item_ids.values, missing=-1)[part.items]
    histories: sparse.csr_array = model.histories_
    n_items = histories.shape[1]
    owners = np.repeat(np.arange(histories.shape[0], dtype=np.int64), np.diff(histories.indptr))
    known = among(users.astype(np.int64) * n_items + items, owners * n_items + histories.indices)
    return np.flatnonzero(known & (users >= 0) & (items >= 0))


def _inside(value: Any, depth: int = 0) -> Iterator[Any]:
    """The fitted models held in a model's attributes, in lists, tuples and dicts as well."""
    if depth >= DEEPEST:
        return
    held = list(vars(value).values()) if hasattr(value, "__dict__") else value
    for inner in held.values() if isinstance(held, dict) else held:
        if _is_fitted(inner):
            yield inner
            yield from _inside(inner, depth + 1)
        elif isinstance(inner, (list, tuple, dict)) and len(inner) <= 1000:
            yield from _inside(inner, depth + 1)
