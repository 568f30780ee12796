"""What is known before anything runs: the setting, the data, the audit and the machine; and waking the compiler."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

import longtail
from longtail.data.interactions import Interactions
from longtail.data.summary import summarize
from longtail.evaluation import leakage, long_tail, resources
from longtail.evaluation.bakeoff.result import BakeoffResult
from longtail.evaluation.protocols import Fold, Protocol
from longtail.evaluation.sample_user import SampleUser
from longtail.evaluation.segments import Segments
from longtail.kernels.parallel import threads
from longtail.kernels.topk import top_k

__all__ = ["nothing_yet", "warm_up"]


def nothing_yet(
    data: Interactions, protocol: Protocol, folds: Sequence[Fold], audit: leakage.Audit, sample: SampleUser, name: str
) -> BakeoffResult:
    """The findings before anything ran: what is compared how, on which data, where, and what the audit says.

    Args:
        data: all the interactions, as the protocol sees them.
        protocol: the protocol.
        folds: the folds it made.
        audit: of those folds.
        sample: whose recommendations will be shown.
        name: what the data are called.
    """
    explicit = data.feedback == "explicit"
    return BakeoffResult(
        name=name,
        protocol=protocol,
        questions=protocol.questions(explicit=explicit),
        caveats=protocol.caveats(explicit=explicit),
        data={
            "fingerprint": data.fingerprint,
            "feedback": data.feedback,
            "scale": list(data.scale) if data.scale else None,
            "rows": len(data),
            "users": int(np.count_nonzero(data.user_counts)),
            "items": int(np.count_nonzero(data.item_counts)),
            "splits": {fold.name: fold.sizes() for fold in folds},
            "similarity": "cosine of the ratings of their common raters"
            if explicit
            else "cosine of their whole columns of users",
        },
        environment=_environment(),
        memory_method=resources.memory_method(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        sample=sample,
        ranks=long_tail.rank_ticks(data.n_items),
        tail=long_tail.interaction_curve(data),
        sense=summarize(data),
        segments=_segments(folds),
        audit={
            **audit.to_dict(),
            "sentences": audit.sentences(),
            "accepted_in_words": leakage.accepted_in_words(audit),
        },
    )


def warm_up() -> None:
    """Wake the compiler before anything is measured, so that the first algorithm does not pay for it."""
    nothing_seen = np.zeros(2, np.int32)
    top_k(
        np.zeros((1, 1), np.float32),
        1,
        seen_indptr=nothing_seen,
        seen_indices=nothing_seen[:0],
        blocked=np.zeros(1, np.bool_),
    )


def _segments(folds: Sequence[Fold]) -> dict[str, Any]:
    """What the segments are, in the first fold that hides something."""
    first = next((fold for fold in folds if fold.test is not None), None)
    return Segments.of(first.train, first.given).rules if first is not None else {}


def _environment() -> dict[str, str]:
    return {
        "longtail": longtail.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "numba", "polars")},
        "platform": platform.platform(),
        "processors": str(os.cpu_count()),
        "threads": str(threads()),
    }
