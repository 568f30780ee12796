"""The area under the ROC curve, of many groups at once."""

from __future__ import annotations

import numpy as np

from longtail.types import AnyArray, RealArray

__all__ = ["areas"]


def areas(labels: AnyArray, scores: AnyArray, groups: AnyArray | None = None, n_groups: int = 1) -> RealArray:
    """For each group, the share of its pairs of a positive and a negative in which the positive has the higher score.

    Half a pair is counted for equal scores (Mann and Whitney 1947): (R - P (P + 1) / 2) / (P N), with R the sum of
    the ranks of the P positives, equal scores sharing their mean rank, and N negatives.

    Args:
        labels: (n,) 0 or 1.
        scores: (n,) higher for what is thought likelier.
        groups: (n,) group of each, from 0; None for one group.
        n_groups: how many there are.

    Returns:
        (n_groups,) float64, NaN for a group without a positive or without a negative.

    Examples:
        >>> areas(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1])).tolist()
        [0.875]
    """
    group = np.zeros(len(labels), dtype=np.int64) if groups is None else np.asarray(groups)
    order = np.lexsort((scores, group))
    group, score, label = group[order], np.asarray(scores)[order], np.asarray(labels, dtype=np.float64)[order]
    counts = np.bincount(group, minlength=n_groups)
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    fresh = np.ones(len(group), dtype=np.bool_)
    fresh[1:] = (group[1:] != group[:-1]) | (score[1:] != score[:-1])
    tie = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(group)) - 1
    ranks = (first + last)[tie] / 2.0 - begins[group] + 1.0
    positives = np.bincount(group, weights=label, minlength=n_groups)
    sums = np.bincount(group, weights=label * ranks, minlength=n_groups)
    pairs = positives * (counts - positives)
    found: RealArray = np.full(n_groups, np.nan)
    np.divide(sums - positives * (positives + 1.0) / 2.0, pairs, out=found, where=pairs > 0)
    return found
