"""Candidates and sampled negatives that were chosen with knowledge of what is tested."""

from __future__ import annotations

import numpy as np

from longtail.evaluation.leakage.cut import Cut, among
from longtail.evaluation.leakage.finding import Answer, Found, Unseen, share

__all__ = ["candidates", "negatives"]

SAME = 0.98
"""Candidates are the test items where the two sets share this part of their union."""


def candidates(cut: Cut) -> Answer:
    """That only tested items may be listed, and they are not all there are."""
    if cut.candidates is None:
        return Unseen("every item may be listed")
    if cut.cold == "items":
        return Unseen("only new items are tested")
    allowed = np.unique(cut.candidates)
    tested = np.unique(cut.test.items)
    met = np.flatnonzero(sum(part.item_counts for part in (*cut.visible, cut.test)))
    both = int(among(allowed, tested).sum())
    union = len(allowed) + len(tested) - both
    if both < SAME * union or both >= SAME * len(met):
        return []
    said = (
        f"{share(both, len(allowed), 'candidates')} are test items, and hardly any other of {len(met):,} items is one"
    )
    return [Found(said, both, [{"item": item} for item in cut.train.item_ids[tested[:3]].tolist()])]


def negatives(cut: Cut) -> Answer:
    """Negatives that their user has in train (or was given), or in test."""
    if cut.negatives is None:
        return Unseen("no negatives are sampled")
    users = np.flatnonzero(cut.test.user_counts)
    drawn = np.asarray(cut.negatives)
    pairs = (users[:, None].astype(np.int64) * cut.train.n_items + drawn)[drawn >= 0]
    found = []
    for what, known in (
        ("an item their user has in train", np.concatenate([cut.pairs(part) for part in cut.visible])),
        ("a right answer of their user", cut.test_pairs),
    ):
        wrong = pairs[among(pairs, known)]
        if len(wrong):
            user, item = (wrong[:3] // cut.train.n_items, wrong[:3] % cut.train.n_items)
            ids = zip(cut.train.user_ids[user].tolist(), cut.train.item_ids[item].tolist(), strict=True)
            said = f"{share(len(wrong), len(pairs), 'sampled negatives')} are {what}"
            found.append(Found(said, len(wrong), [{"user": user, "item": item} for user, item in ids]))
    return found
