"""Users who stand out, by kind: what the cleaning steps would find, without taking anybody out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from longtail.data.cleaning import Bots, OutlierUsers, ShillingProfiles, Step
from longtail.data.interactions import Interactions
from longtail.errors import DataError

__all__ = ["STEPS", "suspicious_users"]

STEPS: tuple[Step, ...] = (OutlierUsers(), Bots(), ShillingProfiles())
"""The steps asked, with their usual thresholds."""
_TOO_LARGE = 2_000_000  # rows from which on the search for shilling profiles takes minutes
_EXAMPLES = 5


def suspicious_users(data: Interactions, steps: Sequence[Step] = STEPS) -> dict[str, Any]:
    """Who stands out, by kind.

    Returns:
        `users`, how many stand out at all; `kinds`, for each kind its `step`, `kind`, number of `users` and up to five
        `examples` (external ids); `notes`, what could not be looked at, in sentences.
    """
    kinds: dict[tuple[str, str], list[int]] = {}
    notes = []
    for step in steps:
        if isinstance(step, ShillingProfiles) and len(data) > _TOO_LARGE:
            notes.append("shilling: not looked for in so many rows; ask 'longtail data clean --step shilling'")
            continue
        try:
            marked = step.mark(data)
        except DataError as error:  # this step cannot be asked of these data
            notes.append(str(error) if str(error).startswith(step.name) else f"{step.name}: {error}")
            continue
        notes += [f"{step.name}: {note}" for note in marked.notes]
        for suspect in marked.suspects:
            found = kinds.setdefault((step.name, suspect.kind), [])
            if suspect.user not in found[-1:]:
                found.append(suspect.user)
    return {
        "users": len({user for users in kinds.values() for user in users}),
        "kinds": [
            {
                "step": step,
                "kind": kind,
                "users": len(set(users)),
                "examples": data.user_ids[list(dict.fromkeys(users))[:_EXAMPLES]].tolist(),
            }
            for (step, kind), users in kinds.items()
        ],
        "notes": notes,
    }
