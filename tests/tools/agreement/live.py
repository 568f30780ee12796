"""What scikit-learn, SciPy and ir_measures (through pytrec_eval, that is trec_eval) say of a world."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import ir_measures
import numpy as np
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy, rankdata
from sklearn import metrics as sk
from sklearn.metrics.pairwise import cosine_distances

from agreement.loops import genre_shares
from agreement.views import Figures, mean
from agreement.worlds import LIKED, Pair, World

Truth = dict[int, dict[int, float]]
Answer = Callable[[World], Figures]


def truths(world: World, keep: Callable[[Pair], bool] = lambda pair: True) -> Truth:
    """user -> item -> rating, of the test rows to keep."""
    found: Truth = {}
    for pair, rating in world.test.items():
        if keep(pair):
            found.setdefault(pair[0], {})[pair[1]] = rating
    return found


# -- ir_measures -------------------------------------------------------------------------------------------------------


def trec(
    measure: Callable[[int], Any],
    *,
    graded: bool = False,
    keep: Callable[[World, Pair], bool] = lambda world, pair: True,
) -> Answer:
    """A measure of trec_eval for each test user, from the scores as they stand, ties and all."""

    def answer(world: World) -> Figures:
        judged = truths(world, lambda pair: keep(world, pair))
        qrels = {
            str(user): {str(item): round(2 * rating) if graded else 1 for item, rating in mine.items()}
            for user, mine in judged.items()
        }
        run = {str(u): {str(item): score for item, score in listed} for u, listed in world.lists.items()}
        found = ir_measures.iter_calc([measure(world.n)], qrels, run)
        return {int(figure.query_id): float(figure.value) for figure in found}

    return answer


def liked(world: World, pair: Pair) -> bool:
    return world.test[pair] >= LIKED


def expected(world: World, pair: Pair) -> bool:
    return world.estimates[pair] >= LIKED


def trec_by_rating(rounded: Callable[[World, Pair], float]) -> Answer:
    """Success among the test items of each rating, "rating, user" -> value."""

    def answer(world: World) -> Figures:
        found: Figures = {}
        for rating in sorted({rounded(world, pair) for pair in world.test}):
            ask = trec(lambda n: ir_measures.Success @ n, keep=lambda w, pair, r=rating: rounded(w, pair) == r)
            found |= {f"{rating}, {user}": value for user, value in ask(world).items()}
        return found

    return answer


def trec_reciprocal_ranks(world: World) -> Figures:
    """Each test row asked as a query of its own; the reciprocal ranks of a user's rows summed."""
    qrels = {f"{user}-{item}": {str(item): 1} for user, item in world.test}
    run = {
        f"{user}-{item}": {str(other): score for other, score in world.lists.get(user, [])} for user, item in world.test
    }
    sums: Counter[int] = Counter(dict.fromkeys(world.test_users, 0))
    for figure in ir_measures.iter_calc([ir_measures.RR], qrels, run):
        sums[int(figure.query_id.split("-")[0])] += figure.value
    return dict(sums)


def trec_compat(world: World) -> Figures:
    """Compatibility: rank-biased overlap with the ideal order of graded judgements, here the later list."""
    both = [user for user, listed in world.lists.items() if listed and world.after[user]]
    qrels = {
        str(user): {str(item): len(world.after[user]) - place for place, (item, _) in enumerate(world.after[user])}
        for user in both
    }
    run = {str(user): {str(item): -place for place, (item, _) in enumerate(world.lists[user])} for user in both}
    found = ir_measures.iter_calc([ir_measures.Compat(p=0.8, normalize=False)], qrels, run) if both else []
    return {int(figure.query_id): float(figure.value) for figure in found}


# -- scikit-learn ------------------------------------------------------------------------------------------------------


def errors(measure: Callable[..., float]) -> Answer:
    """An error of each test user, of all ratings and (`user mean`) of all users."""

    def answer(world: World) -> Figures:
        rows = {user: [pair for pair in world.test if pair[0] == user] for user in world.test_users}
        found: Figures = {
            user: float(measure([world.test[p] for p in mine], [world.estimates[p] for p in mine]))
            for user, mine in rows.items()
        }
        pairs = list(world.test)
        pooled = measure([world.test[p] for p in pairs], [world.estimates[p] for p in pairs])
        return found | {"all": float(pooled), "user mean": mean(list(found.values()))}

    return answer


def clicks(measure: Callable[..., float]) -> Answer:
    """As `errors`, of what is liked as clicked, and a tenth of the estimate as its probability."""

    def of(world: World, pairs: list[tuple[int, int]]) -> float:
        clicked = [int(world.test[pair] >= LIKED) for pair in pairs]
        if measure is sk.roc_auc_score and len(set(clicked)) < 2:
            return math.nan
        more = {"labels": [0, 1]} if measure is sk.log_loss else {}
        return float(measure(clicked, [world.estimates[pair] / 10.0 for pair in pairs], **more))

    def answer(world: World) -> Figures:
        own = {user: of(world, [pair for pair in world.test if pair[0] == user]) for user in world.test_users}
        found: Figures = {**own}
        return found | {"all": of(world, list(world.test)), "user mean": mean(list(own.values()))}

    return answer


def _indicators(world: World) -> tuple[np.ndarray, np.ndarray]:
    """(test users, items) which items are relevant, and which are listed."""
    place = {item: index for index, item in enumerate(world.items)}
    wanted, shown = (np.zeros((len(world.test_users), len(world.items)), dtype=int) for _ in range(2))
    for row, user in enumerate(world.test_users):
        wanted[row, [place[item] for item in world.truth(user)]] = 1
        shown[row, [place[item] for item in world.listed(user)]] = 1
    return wanted, shown


def sets(measure: Callable[..., Any]) -> Answer:
    """Precision or recall of the set of listed items, which knows no places; nothing listed counts as 0."""

    def answer(world: World) -> Figures:
        wanted, shown = _indicators(world)  # turned, so that each user is a label
        return dict(zip(world.test_users, _of_labels(measure, wanted.T, shown.T), strict=True))

    return answer


def _of_labels(measure: Callable[..., Any], wanted: np.ndarray, shown: np.ndarray) -> list[float]:
    if wanted.shape[1] > 1:
        return measure(wanted, shown, average=None, zero_division=0.0).tolist()
    return [float(measure(wanted[:, 0], shown[:, 0], zero_division=0.0))]


def micro_recall(world: World) -> Figures:
    wanted, shown = _indicators(world)
    shares = sets(sk.recall_score)(world)
    return shares | {"all": float(sk.recall_score(wanted, shown, average="micro", zero_division=0.0))}


def ndcg(gain: Callable[[float], float], *, ties: bool = False, least: float = 0.0) -> Answer:
    """NDCG of the n best scores, with items without gain between the listed and the others, so that places stay empty.

    Without `ties` the scores fall from place to place; with them they are those of the lists, and scikit-learn takes
    the mean over the orders of equal ones.
    """

    def answer(world: World) -> Figures:
        found: Figures = {}
        for user in world.test_users:
            truth, listed = world.truth(user, least), world.lists.get(user, [])
            scores = {item: score if ties else float(world.n - place) for place, (item, score) in enumerate(listed)}
            gains = [gain(truth[item]) if item in truth else 0.0 for item in world.items]
            padding = [-1.0 - place for place in range(world.n)]
            order = [scores.get(item, -100.0) for item in world.items] + padding
            found[user] = float(sk.ndcg_score([gains + [0.0] * world.n], [order], k=world.n, ignore_ties=not ties))
        return found

    return answer


def average_precision_of_hits(world: World) -> Figures:
    """The mean precision at the hits, among the listed items only; 0 without a hit."""
    found: Figures = {}
    for user in world.test_users:
        truth, listed = world.truth(user), world.listed(user)
        flags = [int(item in truth) for item in listed]
        found[user] = float(sk.average_precision_score(flags, range(len(flags), 0, -1))) if any(flags) else 0.0
    return found


def area_above_the_curve(curve: np.ndarray) -> Figures:
    """Gini from a Lorenz curve: 1 - 2 (the area below it)."""
    return {"all": 1.0 - 2.0 * float(sk.auc(curve[:, 0], curve[:, 1]))}


# -- SciPy, and distances of scikit-learn -----------------------------------------------------------------------------


def genre_jaccard_distance(world: World, items: list[int], others: list[int] | None = None) -> np.ndarray:
    """SciPy's Jaccard distance of genres; 1 where neither item has any, of which SciPy says 0."""
    a = np.array([world.features[item] for item in items], dtype=bool)
    b = a if others is None else np.array([world.features[item] for item in others], dtype=bool)
    apart = cdist(a, b, metric="jaccard")
    apart[~a.any(axis=1)[:, None] & ~b.any(axis=1)[None, :]] = 1.0
    return apart[np.triu_indices(len(items), k=1)] if others is None else apart


def rating_columns(world: World, items: list[int]) -> np.ndarray:
    return np.array([[world.train.get((user, item), 0.0) for user in world.users] for item in items])


def whole_column_distance(world: World, items: list[int]) -> np.ndarray:
    """1 - the cosine of whole rating columns; an item without ratings is unlike everything."""
    return cosine_distances(rating_columns(world, items))[np.triu_indices(len(items), k=1)]


def hamming_distance(world: World, items: list[int]) -> np.ndarray:
    return pdist(np.array([world.features[item] for item in items]), metric="hamming")


def pooled_distance(distance: Callable[[World, list[int]], np.ndarray]) -> Answer:
    """The mean distance within each list, of all pairs of all lists pooled, and of the lists' means."""

    def answer(world: World) -> Figures:
        apart = {
            user: distance(world, world.listed(user)).tolist() for user in world.lists if len(world.listed(user)) > 1
        }
        found: Figures = {user: mean(apart.get(user, [])) for user in world.lists}
        pooled = mean(list(itertools.chain(*apart.values())))
        return found | {"all": pooled, "user mean": mean(list(found.values()))}

    return answer


def distance_to_history(nearest: bool) -> Answer:
    def answer(world: World) -> Figures:
        found: Figures = {}
        for user in world.lists:
            history = [item for owner, item in world.train if owner == user]
            if not world.listed(user) or not history:
                found[user] = float("nan")
                continue
            apart = genre_jaccard_distance(world, world.listed(user), history)
            found[user] = float((apart.min(axis=1) if nearest else apart.mean(axis=1)).mean())
        return found | {"all": mean(list(found.values()))}

    return answer


def ordinal_ranks(world: World) -> Figures:
    """Mean popularity rank: ranks by SciPy, the first of equally popular items being the more popular."""
    counts = np.array([world.raters[item] for item in world.items])
    rank = dict(zip(world.items, rankdata(-counts, method="ordinal").tolist(), strict=True))
    listed = {user: [float(rank[item]) for item in world.listed(user)] for user in world.lists}
    found: Figures = {user: mean(ranks) for user, ranks in listed.items()}
    return found | {"all": mean(list(itertools.chain(*listed.values())))}


def genre_divergence(*, base: float | None = None, equal: bool = False, discounted: bool = False) -> Answer:
    """SciPy's relative entropy of the genre shares."""

    def answer(world: World) -> Figures:
        found: Figures = {}
        for user in world.lists:
            history = {item: rating for (owner, item), rating in world.train.items() if owner == user}
            wanted = genre_shares(world, {item: 1.0 if equal else rating for item, rating in history.items()})
            places = enumerate(world.listed(user), start=1)
            got = genre_shares(world, {item: 1 / np.log2(1 + place) if discounted else 1.0 for place, item in places})
            defined = wanted is not None and got is not None
            mixed = 0.99 * np.array(got) + 0.01 * np.array(wanted) if defined else None
            found[user] = float(entropy(wanted, mixed, base=base)) if defined else float("nan")
        return found | {"all": mean(list(found.values()))}

    return answer
