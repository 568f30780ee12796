"""Popularity, the measure of novelty and of many baselines, taken from train and test together."""

from __future__ import annotations

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.evaluation.leakage.columns import Figure, as_a_function, in_order
from longtail.evaluation.leakage.cut import Cut, among
from longtail.evaluation.leakage.finding import Answer, Found, Unseen, share
from longtail.types import AnyArray, RealArray

__all__ = ["popularity"]


def popularity(cut: Cut) -> Answer:
    """That what popularity is taken from holds test rows, or follows the counts of train and test together."""
    source = cut.popularity
    if source is None:
        return Unseen("nobody said what popularity is taken from")
    if isinstance(source, Interactions):
        return _from_data(cut, source)
    if isinstance(source, TopN):
        return _from_lists(cut, source)
    return _from_numbers(cut, np.asarray(source))


def _from_data(cut: Cut, source: Interactions) -> Answer:
    if source.fingerprint == cut.train.fingerprint:
        return []
    users, items = (
        here.index(there.values, missing=-1)
        for here, there in ((cut.train.user_ids, source.user_ids), (cut.train.item_ids, source.item_ids))
    )
    both = (users[source.users] >= 0) & (items[source.items] >= 0)
    pairs = users[source.users[both]].astype(np.int64) * cut.train.n_items + items[source.items[both]]
    rows = np.flatnonzero(among(cut.test_pairs, pairs) & ~among(cut.test_pairs, cut.train_pairs))
    if not len(rows):
        return []
    of = share(len(rows), len(cut.test), "test rows")
    return [Found(f"{of} are counted in the popularity of items", len(rows), cut.examples(cut.test, rows))]


def _from_numbers(cut: Cut, numbers: AnyArray) -> Answer:
    whole, train = _counts(cut)
    rows = np.flatnonzero(whole)
    values = numbers.astype(np.float64)[rows]
    key = (whole[rows, None], train[rows, None])
    if in_order(values, Figure("", whole[rows], train[rows])) or as_a_function(values, *key):
        return [
            Found(f"the popularity of {len(rows):,} items follows their counts in train and test together", len(rows))
        ]
    return []


def _from_lists(cut: Cut, lists: TopN) -> Answer:
    """Lists in the order of popularity: in which counts does it never rise along a list?"""
    aligned = lists.aligned_to(cut.train.user_ids, cut.train.item_ids)
    rises = []
    for counts in _counts(cut):
        along = np.where(aligned.filled, counts[aligned.items], -1)
        rises.append(int((np.diff(along, axis=1) > 0).sum()))
    if rises[0] or rises[1] < 3:
        return []
    said = f"the popular lists follow the counts of train and test together; by those of train {rises[1]:,} places rise"
    return [Found(said, rises[1])]


def _counts(cut: Cut) -> tuple[RealArray, RealArray]:
    train = np.sum([part.item_counts for part in cut.visible], axis=0).astype(np.float64)
    return train + cut.test.item_counts, train
