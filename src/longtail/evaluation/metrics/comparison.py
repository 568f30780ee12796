"""How alike two sets of lists are: of two models, of two seeds, of today and yesterday."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from longtail.data.ids import Ids
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import BoolArray, IntArray, LongArray, RealArray

__all__ = ["OverlapForm", "kendall_tau_top", "rank_biased_overlap", "top_n_change"]

OverlapForm = Literal["extrapolated", "truncated", "normalized"]

CELLS_AT_ONCE = 1 << 22


def rank_biased_overlap(lists: TopN, other: TopN, p: float = 0.9, *, form: OverlapForm = "extrapolated") -> MetricValue:
    """How much two rankings agree, the top counting most: 1 for equal lists, 0 for lists without a common item.

    With S and T the two lists of a user, s and l the shorter and the longer length, X_d = |S[:d] and T[:d]|:

    - "truncated": RBO = (1 - p) sum over d = 1..l of p^(d-1) X_d / d (eq. 4, cut at the end of the lists), which cannot
      exceed 1 - p^l even for equal lists;
    - "normalized": the truncated one divided by 1 - p^l, so that equal lists have 1;
    - "extrapolated": RBO_ext = (1 - p)/p [sum over d = 1..l of p^d X_d / d + sum over d = s+1..l of
      p^d X_s (d - s) / (s d)] + p^l [(X_l - X_s) / l + X_s / s] (eq. 32), what would come out if the agreement seen at
      the end went on for ever; for lists of one length k it is eq. 23, p^k X_k / k + (1 - p)/p sum of p^d X_d / d.

    A user's value is NaN where `other` has no list of theirs, or both lists are empty; one empty list gives 0.
    Symmetric. Source: Webber, Moffat & Zobel 2010, "A similarity measure for indefinite rankings".

    Args:
        lists: one list a user; no item twice in a list.
        other: lists of the same users, by external id, in any order.
        p: how patient the reader is, between 0 and 1: they look at the next depth with this probability. With 0.9 the
            first ten places hold 86 % of the weight.
        form: "extrapolated", "truncated" or "normalized".

    Raises:
        ConfigError: if p is not between 0 and 1, or the form is none of these.
        DataError: if a user has more than one list, or a list an item twice or an empty place before an item.

    Examples:
        Agreement is 0 at depth 1 and 1 at depth 2: p^2 + (1 - p)/p p^2 1 = p.

        >>> ids = Ids(["ann"]), Ids([10, 20])
        >>> one, two = (TopN([0], [items], [[2.0, 1.0]], *ids) for items in ([0, 1], [1, 0]))
        >>> round(rank_biased_overlap(one, two, p=0.9), 6)
        0.9
        >>> round(rank_biased_overlap(one, two, p=0.9, form="truncated"), 6)
        0.09
    """
    if not 0.0 < p < 1.0:
        raise ConfigError(f"p must lie between 0 and 1, not {p!r}")
    if form not in get_args(OverlapForm):
        raise ConfigError(f"form must be one of {', '.join(get_args(OverlapForm))}, not {form!r}")
    return _over_pairs("rank_biased_overlap", lists, other, lambda pair: pair.rank_biased(p, form))


def top_n_change(lists: TopN, other: TopN) -> MetricValue:
    """The share of the items of `lists` that do not stand in `other`: with `other` the older lists, what is new.

    Chg = mean over users of |L(u) without L'(u)| / |L(u)|. Order does not count. For lists of one length it is
    symmetric. A user's value is NaN where `other` has no list of theirs, or `lists` has an empty one.
    Source: half the symmetric difference of top-k lists, relative to k (Fagin, Kumar & Sivakumar 2003).

    Raises:
        DataError: if a user has more than one list, or a list an item twice or an empty place before an item.

    Examples:
        Of ann's two items one is new.

        >>> ids = Ids(["ann"]), Ids([10, 20, 30])
        >>> before, after = (TopN([0], [items], [[2.0, 1.0]], *ids) for items in ([0, 1], [2, 0]))
        >>> top_n_change(after, before)
        0.5
    """
    return _over_pairs("top_n_change", lists, other, _Pair.share_new)


def kendall_tau_top(lists: TopN, other: TopN, *, penalty: float = 0.5) -> MetricValue:
    """How much two top lists agree on who comes before whom: 1 for equal lists, 0 for lists without a common item.

    tau = 1 - K / K_max. K counts the pairs of items of either list that the two order differently; an item that is not
    listed stands below all that are. A pair of which one list holds both and the other none counts `penalty`: nobody
    knows. K_max = |S| |T| + penalty [C(|S|, 2) + C(|T|, 2)] is K of lists without a common item. Symmetric; NaN where
    `other` has no list of the user's, or K_max is 0. Lists of one item cannot disagree otherwise than by not having it.
    Source: Fagin, Kumar & Sivakumar 2003, "Comparing top k lists" (K^(p)), which leaves the scale open;
    divided by its largest value as in McCown & Nelson 2007.

    Args:
        lists: one list a user; no item twice in a list.
        other: lists of the same users, by external id, in any order.
        penalty: from 0 ("optimistic") to 1; 1/2 is the neutral value of the paper.

    Raises:
        ConfigError: if the penalty is not from 0 to 1.
        DataError: if a user has more than one list, or a list an item twice or an empty place before an item.

    Examples:
        Of the pairs of 10, 20 and 30 the lists (10, 20) and (10, 30) order only 20 and 30 differently: 1 - 1 / 5.

        >>> ids = Ids(["ann"]), Ids([10, 20, 30])
        >>> one, two = (TopN([0], [items], [[2.0, 1.0]], *ids) for items in ([0, 1], [0, 2]))
        >>> kendall_tau_top(one, two)
        0.8
    """
    if not 0.0 <= penalty <= 1.0:
        raise ConfigError(f"penalty must be from 0 to 1, not {penalty!r}")
    return _over_pairs("kendall_tau_top", lists, other, lambda pair: pair.kendall(penalty))


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two lists of each of m users: how long they are, and where the items of one stand in the other.

    Attributes:
        places: (m, n) the place, from 0, in `other` of each item of `lists`; `absent` where it has none.
        places_back: (m, n') likewise, of the items of `other` in `lists`.
        lengths: (m,) of the lists.
        lengths_back: (m,) of the others.
        absent: larger than every place.
    """

    places: IntArray
    places_back: IntArray
    lengths: LongArray
    lengths_back: LongArray
    absent: int

    def rank_biased(self, p: float, form: OverlapForm) -> RealArray:
        """(m,) RBO."""
        found = self.places < self.absent
        depth = np.maximum(self.places, np.arange(self.places.shape[1]))
        common = np.zeros((len(depth), self.absent))
        np.add.at(common, (np.nonzero(found)[0], depth[found]), 1.0)
        common = common.cumsum(axis=1)
        d = np.arange(1.0, self.absent + 1.0)
        short, long = np.minimum(self.lengths, self.lengths_back), np.maximum(self.lengths, self.lengths_back)
        agreement = common
        if form == "extrapolated":
            at_short = np.take_along_axis(common, np.maximum(short - 1, 0)[:, None], axis=1)
            beyond = np.maximum(d - short[:, None], 0.0)
            agreement = common + at_short * beyond / np.maximum(short, 1)[:, None]
        weights = (1.0 - p) * p ** (d - 1.0) / d
        value = np.where(d <= long[:, None], agreement * weights, 0.0).sum(axis=1)
        if form == "extrapolated":
            at_end = np.take_along_axis(agreement, np.maximum(long - 1, 0)[:, None], axis=1)[:, 0]
            value += p**long * at_end / np.maximum(long, 1)
        elif form == "normalized":
            value /= 1.0 - p ** np.maximum(long, 1)
        return np.where(long > 0, value, np.nan)

    def share_new(self) -> RealArray:
        """(m,) the share of the items of `lists` that `other` lacks."""
        new = self.lengths - (self.places < self.absent).sum(axis=1)
        share: RealArray = np.divide(new, self.lengths, out=np.full(len(new), np.nan), where=self.lengths > 0)
        return share

    def kendall(self, penalty: float) -> RealArray:
        """(m,) 1 - K / K_max."""
        apart, unknown = _discordant(self.places, self.absent, self.lengths)
        both_new, unknown_back = _discordant(self.places_back, self.absent, self.lengths_back, only_mixed=True)
        alone = self.lengths - (self.places < self.absent).sum(axis=1)
        alone_back = self.lengths_back - (self.places_back < self.absent).sum(axis=1)
        disagreement = apart + both_new + alone * alone_back + penalty * (unknown + unknown_back)
        pairs = _pairs(self.lengths) + _pairs(self.lengths_back)
        most = self.lengths * self.lengths_back + penalty * pairs
        share: RealArray = np.divide(disagreement, most, out=np.full(len(most), np.nan), where=most > 0)
        agreement: RealArray = 1.0 - share
        return agreement


def _discordant(
    places: IntArray, absent: int, lengths: LongArray, *, only_mixed: bool = False
) -> tuple[LongArray, LongArray]:
    """(m,) pairs of one list that the other orders differently, and pairs that it knows nothing of.

    With `only_mixed`, of the first only those with one item that the other lacks (the rest was counted from its side).
    """
    first, second = np.triu_indices(places.shape[1], k=1)
    a, b = places[:, first], places[:, second]
    real = second < lengths[:, None]
    unknown = real & (a == absent) & (b == absent)
    apart = real & (a > b) & ((a == absent) if only_mixed else True)
    return apart.sum(axis=1), unknown.sum(axis=1)


def _pairs(lengths: LongArray) -> LongArray:
    return lengths * (lengths - 1) // 2


def _over_pairs(name: str, lists: TopN, other: TopN, measure: Callable[[_Pair], RealArray]) -> MetricValue:
    per_user = np.full(len(lists), np.nan)
    for rows, pair in _compared(lists, other):
        per_user[rows] = measure(pair)
    return MetricValue.over_users(name, lists.users, per_user)


def _compared(lists: TopN, other: TopN) -> Iterator[tuple[LongArray, _Pair]]:
    """The users with a list in both, in blocks: their rows in `lists`, and the two lists."""
    first, second, partner = _in_step(lists, other)
    absent = max(first.shape[1], second.shape[1], 1)
    rows = np.flatnonzero(partner >= 0)
    step = max(1, CELLS_AT_ONCE // max(1, first.shape[1] * second.shape[1]))
    for lo in range(0, len(rows), step):
        part = rows[lo : lo + step]
        a, b = first[part], second[partner[part]]
        same = (a[:, :, None] == b[:, None, :]) & (a >= 0)[:, :, None]
        places, places_back = _first(same, 2, absent), _first(same, 1, absent)
        yield part, _Pair(places, places_back, (a >= 0).sum(axis=1), (b >= 0).sum(axis=1), absent)


def _first(same: BoolArray, axis: int, absent: int) -> IntArray:
    if not same.shape[axis]:
        return np.full(np.delete(same.shape, axis), absent, dtype=np.int32)
    return np.where(same.any(axis=axis), same.argmax(axis=axis), absent).astype(np.int32)


def _in_step(lists: TopN, other: TopN) -> tuple[IntArray, IntArray, LongArray]:
    """The items of both in common indices, and for each list the row of its user's in `other` (-1: there is none)."""
    row_of = {}
    for which in (lists, other):
        _check(which)
        names = which.user_ids[which.users].tolist()
        row_of = {name: row for row, name in enumerate(names)}
        if len(row_of) < len(names):
            twice = next(name for row, name in enumerate(names) if row_of[name] != row)
            raise DataError(f"user {twice} has more than one list; keep one list for each user")
    partner = np.array([row_of.get(name, -1) for name in lists.user_ids[lists.users].tolist()], dtype=np.int64)
    if lists.item_ids == other.item_ids:
        return lists.items, other.items, partner
    both = lists.item_ids.union(other.item_ids)
    return _recoded(lists, both), _recoded(other, both), partner


def _check(lists: TopN) -> None:
    """Refuse what the formulas have no place for: an overlap of sets would count an item twice, and exceed 1."""
    ordered, filled = np.sort(lists.items, axis=1), lists.filled
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    gap = filled[:, 1:] & ~filled[:, :-1]
    for wrong, words in ((twice, "the same item twice"), (gap, "an empty place before an item")):
        rows = np.flatnonzero(wrong.any(axis=1))
        if len(rows):
            raise DataError(f"the list of user {lists.user_ids[lists.users[rows[0]]]} holds {words}")


def _recoded(lists: TopN, item_ids: Ids) -> IntArray:
    return lists.aligned_to(lists.user_ids, item_ids).items
