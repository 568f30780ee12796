"""What accuracy does not see: who gets a list, how much of the catalogue is shown, how unlike and how new the items."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError
from longtail.evaluation.metrics.per_list import lengths, mean_of_items, ratio, sum_of_items
from longtail.evaluation.metrics.similarity import ItemSimilarity
from longtail.evaluation.metrics.value import MetricValue
from longtail.kernels.list_pairs import list_pair_sums
from longtail.types import LongArray, RealArray

__all__ = [
    "catalogue_coverage",
    "diversity",
    "intra_list_diversity",
    "mean_inverse_user_frequency",
    "novelty",
    "popularity_ranks",
    "self_information",
    "user_coverage",
]

ShareOf = Literal["users", "interactions"]
Unseen = Literal["once", "skipped"]


def user_coverage(lists: TopN, among: Interactions | None = None) -> MetricValue:
    """The share of lists with at least one item; higher is better.

    uCov = |{u: L(u) not empty}| / |{u: u has a list}|. Lists come out empty where every candidate falls below a
    lowest predicted rating (`recommend(..., min_rating=4.0)`): a value belongs to the floor it was made with.
    Source: Herlocker et al. 2004, section on coverage; counted over users as in Kane's course framework.

    Args:
        lists: the lists.
        among: the share is that of the users with an interaction in these data (`test`, say), instead of the users a
            list was made for: who was left out counts as not covered.

    Raises:
        UnknownIdError: if the lists hold a user or an item that `among` has no id for.

    Examples:
        >>> from longtail.data.ids import Ids
        >>> lists = TopN([0, 1], [[2, 0], [-1, -1]], [[2, 1], [-np.inf] * 2], Ids(["ann", "bob"]), Ids([10, 20, 30]))
        >>> user_coverage(lists)
        0.5
    """
    if among is None:
        return MetricValue.over_users("user_coverage", lists.users, lists.filled.any(axis=1))
    aligned = lists.aligned_to(among.user_ids, among.item_ids)
    served = np.zeros(among.n_users, dtype=bool)
    served[aligned.users] = aligned.filled.any(axis=1)
    asked = np.flatnonzero(among.user_counts)
    return MetricValue.over_users("user_coverage", asked, served[asked])


def catalogue_coverage(lists: TopN, among: Interactions | None = None) -> MetricValue:
    """The share of the catalogue that stands in at least one list; higher is better.

    cCov = |union over u of L(u)| / |I|, I being the items the lists have ids for. It grows with the number of lists:
    compare values over the same users. It is undefined for one user: `per_user` is NaN.
    Source: Ge, Delgado-Battenfeld & Jannach 2010, "Beyond accuracy: evaluating recommender systems by coverage and
    serendipity" (catalog coverage).

    Args:
        lists: the lists.
        among: I is the items with an interaction in these data (`train`, say), instead of all that have an id: items
            nobody has met count neither above nor below.

    Raises:
        UnknownIdError: if the lists hold an item that `among` has no id for.

    Examples:
        Two of three items are listed.

        >>> from longtail.data.ids import Ids
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], Ids(["ann", "bob"]), Ids([10, 20, 30]))
        >>> round(catalogue_coverage(lists), 4)
        0.6667
    """
    aligned = lists if among is None else lists.aligned_to(lists.user_ids, among.item_ids)
    shown = np.zeros(len(aligned.item_ids), dtype=bool)
    shown[aligned.items[aligned.filled]] = True
    if among is not None:
        shown = shown[among.item_counts > 0]
    share = float(shown.mean()) if len(shown) else np.nan
    return MetricValue(share, "catalogue_coverage", lists.users, np.full(len(lists), np.nan))


def diversity(lists: TopN, similarity: ItemSimilarity) -> MetricValue:
    """1 - the mean similarity of two items of one list; whether higher is better depends on what people came for.

    Div = 1 - (sum over u of sum over pairs {a, b} in L(u) of sim(a, b)) / (number of those pairs): all pairs of all
    lists pooled, so that long lists weigh more (the reading of Kane's course framework). A user's value is 1 - the mean
    over their own list, NaN for a list of fewer than two items. Source: Ziegler et al. 2005, "Improving recommendation
    lists through topic diversification" (intra-list similarity); Smyth & McClave 2001.

    Args:
        lists: the lists.
        similarity: of two items, such as `rating_cosine(train)` or `genre_jaccard(train)`.

    Raises:
        UnknownIdError: if the lists hold an item the similarity has no id for.

    Examples:
        Ann's items 10 and 20 have one common rater and so cosine 1; bob's list has no pair.

        >>> from longtail.evaluation.metrics.similarity import rating_cosine
        >>> train = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 30], "rating": [3.0, 4.0, 2.0]})
        >>> lists = TopN([0, 1], [[0, 1, 2], [0, -1, -1]], [[3, 2, 1], [1, 0, 0]], train.user_ids, train.item_ids)
        >>> round(diversity(lists, rating_cosine(train)), 4)
        0.6667
    """
    sums, counts = _pair_similarities(lists, similarity)
    pooled = 1.0 - sums.sum() / counts.sum() if counts.any() else np.nan
    return MetricValue(pooled, "diversity", lists.users, 1.0 - ratio(sums, counts))


def intra_list_diversity(lists: TopN, similarity: ItemSimilarity) -> MetricValue:
    """The mean distance of two items of a list, each user counting once; whether higher is better depends.

    ILD = mean over users of 2 / (|L(u)| (|L(u)| - 1)) sum over pairs {a, b} in L(u) of 1 - sim(a, b). A list of fewer
    than two items is undefined (RecTools counts it as 0). `diversity` has the same values per user and pools the pairs
    of all lists, so that long lists weigh more; with lists of one length the two are equal.
    Source: Smyth & McClave 2001; Zhang & Hurley 2008, "Avoiding monotony"; the mean over users as in Vargas & Castells
    2011, "Rank and relevance in novelty and diversity metrics for recommender systems", and RecTools.

    Args:
        lists: the lists.
        similarity: of two items, any of `rating_cosine`, `vector_cosine`, `rating_pearson_baseline`, `genre_jaccard`,
            `feature_cosine`, `embedding_cosine`, `text_cosine`, or an object of your own.

    Raises:
        UnknownIdError: if the lists hold an item the similarity has no id for.

    Examples:
        Of ann's three pairs one has cosine 1, and bob's only pair has: (2/3 + 0) / 2; pooled, it is 1 - 2/4.

        >>> from longtail.evaluation.metrics.similarity import rating_cosine
        >>> train = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 30], "rating": [3.0, 4.0, 2.0]})
        >>> lists = TopN([0, 1], [[0, 1, 2], [0, 1, -1]], [[3, 2, 1], [1, 0, 0]], train.user_ids, train.item_ids)
        >>> round(intra_list_diversity(lists, rating_cosine(train)), 4), diversity(lists, rating_cosine(train))
        (0.3333, 0.5)
    """
    sums, counts = _pair_similarities(lists, similarity)
    return MetricValue.over_users("intra_list_diversity", lists.users, 1.0 - ratio(sums, counts))


def novelty(lists: TopN, train: Interactions) -> MetricValue:
    """The mean popularity rank of what is recommended; whether higher is better depends on what people came for.

    Nov = mean over all recommendations (u, i) of rank(i), pooled; `popularity_ranks` gives 1 to the most rated item of
    `train`. A user's value is the mean over their own list, NaN for an empty one. The measure of Kane's course
    framework; Celma & Herrera 2008, "A new approach to evaluating novel recommendations", on popularity as its root.

    Raises:
        UnknownIdError: if the lists hold an item that `train` has no id for.

    Examples:
        Item 10 is rated twice and ranks 1, 20 and 30 once and rank 2 and 3: (1 + 3 + 2) / 3.

        >>> train = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [10, 20, 30, 10], "rating": [3, 4, 2, 5]})
        >>> lists = TopN([0, 1], [[0, 2], [1, -1]], [[2, 1], [1, -np.inf]], train.user_ids, train.item_ids)
        >>> novelty(lists, train), novelty(lists, train).per_user.tolist()
        (2.0, [2.0, 2.0])
    """
    return _pooled("novelty", lists, train, popularity_ranks(train).astype(np.float64))


def self_information(
    lists: TopN, train: Interactions, *, share_of: ShareOf = "users", unseen: Unseen = "once", base: float = 2.0
) -> MetricValue:
    """The mean surprise of what is recommended, in bits; whether higher is better depends on what people came for.

    Info = mean over all recommendations (u, i) of -log2(n_i / n), pooled, with n_i the users of `train` who rated i
    and n the users who rated anything. An item nobody rated would be infinitely surprising; it counts as rated once,
    log2(n) bits. A user's value is the mean over their own list, NaN for an empty one.
    Source: Zhou et al. 2010, "Solving the apparent diversity-accuracy dilemma of recommender systems". The mean over
    users of the same quantity is `mean_inverse_user_frequency`.

    Args:
        lists: the lists.
        train: what people have met.
        share_of: what n counts: "users", or all "interactions" (Vargas & Castells 2011, "free discovery").
        unseen: an item that nobody rated counts as rated "once", or it is "skipped".
        base: of the logarithm; 2 gives bits.

    Raises:
        UnknownIdError: if the lists hold an item that `train` has no id for.
        ConfigError: if an argument is none of these, or the base not above 1.

    Examples:
        Both users rated item 10 (0 bits), one of two rated 20 (1 bit): (0 + 1) / 2.

        >>> train = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [3.0, 4.0, 5.0]})
        >>> lists = TopN([0], [[0, 1]], [[2, 1]], train.user_ids, train.item_ids)
        >>> self_information(lists, train)
        0.5
    """
    if share_of not in get_args(ShareOf) or unseen not in get_args(Unseen):
        raise ConfigError(f"share_of is users or interactions and unseen once or skipped, not {share_of!r}, {unseen!r}")
    if not base > 1:
        raise ConfigError(f"base must be above 1, not {base!r}")
    train = train.once if share_of == "users" else train
    whole = np.count_nonzero(train.user_counts) if share_of == "users" else len(train)
    surprise = np.log2(max(int(whole), 1) / np.maximum(train.item_counts, 1)) / np.log2(base)
    if unseen == "skipped":
        surprise[train.item_counts == 0] = np.nan
    return _pooled("self_information", lists, train, surprise)


def mean_inverse_user_frequency(lists: TopN, train: Interactions) -> MetricValue:
    """The mean surprise of what is recommended, in bits, each user counting once; whether higher is better depends.

    MIUF = mean over users of 1/|L(u)| sum over i in L(u) of -log2(n_i / n), with n_i and n as for `self_information`,
    which has the same values per user and pools all recommendations; with lists of one length the two are equal. An
    item nobody rated counts as rated once, an empty list is undefined.
    Source: Castells, Vargas & Wang 2011, "Novelty and diversity metrics for recommender systems: choice, discovery and
    relevance" (inverse user frequency); the MeanInvUserFreq of RecTools.

    Raises:
        UnknownIdError: if the lists hold an item that `train` has no id for.

    Examples:
        Both users rated item 10 (0 bits), one of two rated 20 (1 bit): (1/2 + 1) / 2; pooled, it is 2/3.

        >>> train = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [3.0, 4.0, 5.0]})
        >>> lists = TopN([0, 1], [[0, 1], [1, -1]], [[2, 1], [1, -np.inf]], train.user_ids, train.item_ids)
        >>> mean_inverse_user_frequency(lists, train), round(self_information(lists, train), 4)
        (0.75, 0.6667)
    """
    bits = mean_of_items(lists, train.item_ids, _bits(train))
    return MetricValue.over_users("mean_inverse_user_frequency", lists.users, bits)


def popularity_ranks(train: Interactions) -> LongArray:
    """(n_items,) int64: 1 for the item with most interactions in `train`; ties in order of first appearance.

    Examples:
        >>> train = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [20, 10, 30, 10], "rating": [3, 4, 2, 5]})
        >>> dict(zip(train.item_ids.values.tolist(), popularity_ranks(train).tolist()))
        {20: 2, 10: 1, 30: 3}
    """
    ranks = np.empty(train.n_items, dtype=np.int64)
    ranks[np.argsort(-train.item_counts, kind="stable")] = np.arange(1, train.n_items + 1)
    return ranks


def _pooled(name: str, lists: TopN, train: Interactions, item_values: RealArray) -> MetricValue:
    """The mean of an item's value over all recommendations, and over each list; items without a value do not count."""
    valued = ~np.isnan(item_values)
    counts = lengths(lists) if valued.all() else sum_of_items(lists, train.item_ids, valued.astype(np.float64))
    sums = sum_of_items(lists, train.item_ids, np.where(valued, item_values, 0.0))
    pooled = sums.sum() / counts.sum() if counts.any() else np.nan
    return MetricValue(pooled, name, lists.users, ratio(sums, counts))


def _bits(train: Interactions) -> RealArray:
    """(n_items,) the self-information of meeting each item."""
    raters = max(int(np.count_nonzero(train.user_counts)), 1)
    bits: RealArray = np.log2(raters / np.maximum(train.once.item_counts, 1))
    return bits


def _pair_similarities(lists: TopN, similarity: ItemSimilarity) -> tuple[RealArray, LongArray]:
    """(n_lists,) the sum of the similarities of a list's pairs of items, and (n_lists,) the pairs."""
    items = lists.aligned_to(lists.user_ids, similarity.item_ids).items
    n_items = len(similarity.item_ids)
    sums = list_pair_sums(items, n_items, similarity.pairs)
    size = lengths(lists)
    return sums, size * (size - 1) // 2
