"""Every definition of every metric, beside an implementation of somebody else, or a loop written from its source."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import fmean
from typing import Any

import ir_measures as ir
import numpy as np
from sklearn import metrics as sk

import longtail as lt
from agreement import live, loops, recorded
from agreement.views import TIERS, Figures, View
from agreement.worlds import LIKED, World, worlds
from longtail.evaluation.metrics import MetricValue
from longtail.evaluation.metrics.similarity import genre_jaccard, vector_cosine

m = lt.metrics
ROOT = Path(__file__).resolve().parents[3]
LIST_RECORDS = ("rectools", "ranx", "recommenders", "implicit", "lenskit")
OWN = "own loop from the source's formula"


@dataclass(frozen=True, eq=False)
class Check:
    """One definition, computed twice.

    Attributes:
        metric: a function of `longtail.metrics`.
        definition: the parameters that choose it; empty for the default.
        peer: the other implementation, in words.
        ours: Longtail's figures of a world.
        theirs: the other's, from the number of the world.
        only: whom the comparison can be about, where the other program has an answer of its own kind for the rest.
        whom: the same in words.
        least: the lowest rating of a relevant item.
    """

    metric: str
    definition: str
    peer: str
    ours: Callable[[View], Figures]
    theirs: Callable[[int], Figures]
    only: Callable[[World, int], bool] = lambda world, user: True
    whom: str = ""
    least: float = 0.0

    def __str__(self) -> str:
        return "-".join(filter(None, (self.metric, self.definition, self.peer, self.whom))).replace(" ", "_")


@cache
def drawn() -> list[World]:
    return worlds()


@cache
def views() -> list[View]:
    return [View(world) for world in drawn()]


@cache
def version(package: str) -> str:
    """The version that the project is tested with."""
    found = re.search(
        rf"^{re.escape(package)}==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found, f"{package} has no line in constraints.txt"
    return found[1]


def listed(world: World, user: int) -> bool:
    return bool(world.listed(user))


def filled(world: World, user: int) -> bool:
    """Whether the longer of the two lists fills every place."""
    return max(len(world.lists[user]), len(world.after[user])) == world.n


# -- how a figure is asked for -----------------------------------------------------------------------------------------


def asked_of(view: View, metric: Callable[..., Any], parts: tuple[str, ...], parameters: dict[str, Any]) -> Any:
    """The metric of those parts of the view; `among` names a part, too."""
    named = {name: getattr(view, value) if name == "among" else value for name, value in parameters.items()}
    return metric(*(getattr(view, part) for part in parts), **named)


def by_user(metric: Callable[..., MetricValue], *parts: str, zero: bool = False, **parameters: Any) -> Any:
    """Longtail's value of each user; with `zero`, undefined users count 0."""

    def ask(view: View) -> Figures:
        value = asked_of(view, metric, parts, parameters)
        return view.figures(value.counting_undefined() if zero else value, whole=False)

    return ask


def whole(metric: Callable[..., MetricValue], *parts: str, user_mean: bool = False, **parameters: Any) -> Any:
    """The same, with the value of all, and the mean over users where that is something else."""

    def ask(view: View) -> Figures:
        value = asked_of(view, metric, parts, parameters)
        return view.figures(value) | ({"user mean": value.user_mean} if user_mean else {})

    return ask


def alone(metric: Callable[..., MetricValue], *parts: str, **parameters: Any) -> Any:
    """Only the value of all."""
    return lambda view: {"all": float(asked_of(view, metric, parts, parameters))}


def with_mean(answer: Callable[[World], Figures]) -> Callable[[int], Figures]:
    """The users' figures and their mean, as everybody takes it."""

    def ask(number: int) -> Figures:
        found = answer(drawn()[number])
        return found | {"all": fmean(found.values())}

    return ask


def of_world(answer: Callable[[World], Figures]) -> Callable[[int], Figures]:
    return lambda number: answer(drawn()[number])


IR_MEASURES, SKLEARN = f"ir_measures {version('ir_measures')}", f"scikit-learn {version('scikit-learn')}"
TREC, SCIPY = f"{IR_MEASURES}, by trec_eval", f"SciPy {version('scipy')}"
UNDEFINED = ".counting_undefined()"


def from_record(library: str, name: str, turn: Callable[[float], float] = lambda value: value) -> Any:
    return lambda number: {user: turn(value) for user, value in recorded.figures(library, name, number).items()}


def said_by(library: str, name: str) -> str:
    return f"{recorded.record(library)['library']} {recorded.record(library)['version']}, {name}"


# -- the checks --------------------------------------------------------------------------------------------------------

ON_LISTS = ("lists", "test")


def trec_checks() -> list[Check]:
    """Relevance from all test items, and from those rated 4 or more, where trec_eval counts users without one as 0."""
    by_name: list[tuple[Any, dict[str, Any], Callable[[int, int], Any]]] = [
        (m.precision, {}, lambda n, rel: ir.P(rel=rel) @ n),
        (m.precision, {"divisor": "list"}, lambda n, rel: ir.SetP(rel=rel)),
        (m.recall, {}, lambda n, rel: ir.R(rel=rel) @ n),
        (m.mean_average_precision, {"divisor": "relevant"}, lambda n, rel: ir.AP(rel=rel) @ n),
        (m.mrr, {}, lambda n, rel: ir.RR(rel=rel)),
    ]
    found = []
    for metric, parameters, measure in by_name:
        definition = written(parameters)
        name = re.sub(r"@\d+|\(.*\)", "", str(measure(5, 1)))
        plain = live.trec(lambda n, measure=measure: measure(n, 1))
        liked = live.trec(lambda n, measure=measure: measure(n, round(2 * LIKED)), graded=True)
        found += [
            Check(
                metric.__name__,
                definition,
                f"{TREC} ({name})",
                whole(metric, *ON_LISTS, **parameters),
                with_mean(plain),
            ),
            Check(
                metric.__name__,
                ", ".join(filter(None, (definition, f"min_rating=4.0, {UNDEFINED}"))),
                f"{TREC} ({name})",
                by_user(metric, *ON_LISTS, min_rating=LIKED, zero=True, **parameters),
                of_world(liked),
                least=LIKED,
            ),
        ]
    ndcgs = [("", {}, ir.nDCG, True, False), ('gains="linear"', {"gains": "linear"}, ir.nDCG, True, True)]
    ndcgs += [
        ('ideal="all"', {"ideal": "all"}, ir.nDCG, False, False),
        ('gains="linear", ideal="all"', {"gains": "linear", "ideal": "all"}, ir.nDCG, False, True),
    ]
    for definition, parameters, ndcg, cut, graded in ndcgs:
        answer = live.trec(lambda n, ndcg=ndcg, cut=cut: ndcg @ n if cut else ndcg, graded=graded)
        ours = whole(m.ndcg, *ON_LISTS, **parameters)
        found.append(Check("ndcg", definition, f"{TREC} (nDCG{'@n' if cut else ', no cut'})", ours, with_mean(answer)))
    return found


def written(parameters: dict[str, Any]) -> str:
    return ", ".join(
        f'{name}="{value}"' if isinstance(value, str) and name != "among" else f"{name}={value}"
        for name, value in parameters.items()
    )


def success(keep: Any = lambda world, pair: True) -> Callable[[World], Figures]:
    return live.trec(lambda n: ir.Success @ n, keep=keep)


def rates(metric: Callable[..., dict[float, MetricValue]], truth: str) -> Callable[[View], Figures]:
    """`rating_hit_rate`: each rating's value of each of its users."""

    def ask(view: View) -> Figures:
        found = metric(view.lists, getattr(view, truth))
        return {
            f"{rating}, {user}": hit
            for rating, value in found.items()
            for user, hit in view.figures(value, whole=False).items()
        }

    return ask


def half_star(world: World, pair: tuple[int, int]) -> float:
    return int(2 * world.estimates[pair] + 0.5) / 2


def accuracy_checks() -> list[Check]:
    def root(a: Any, b: Any) -> float:
        return float(sk.root_mean_squared_error(a, b))

    asked = [("rmse", m.rmse, root, "root_mean_squared_error"), ("mae", m.mae, sk.mean_absolute_error, None)]
    found = [
        Check(
            name,
            "pooled, and .user_mean",
            f"{SKLEARN} ({title or 'mean_absolute_error'})",
            whole(metric, "predictions", user_mean=True),
            of_world(live.errors(measure)),
        )
        for name, metric, measure, title in asked
    ]
    own = Check(
        "prediction_coverage",
        "",
        OWN,
        whole(m.prediction_coverage, "predictions"),
        of_world(loops.prediction_coverage),
    )
    return [*found, own]


def click_checks() -> list[Check]:
    asked = [("auc", m.auc, sk.roc_auc_score, "roc_auc_score"), ("log_loss", m.log_loss, sk.log_loss, "log_loss")]
    return [
        Check(
            name,
            "pooled, and .user_mean",
            f"{SKLEARN} ({title})",
            whole(metric, "clicks", user_mean=True),
            of_world(live.clicks(measure)),
        )
        for name, metric, measure, title in asked
    ]


def hit_checks() -> list[Check]:
    rated_liked, expected_liked = success(live.liked), success(live.expected)

    def zero_for_others(answer: Callable[[World], Figures]) -> Callable[[int], Figures]:
        return lambda number: dict.fromkeys(drawn()[number].test_users, 0.0) | answer(drawn()[number])

    one_item = partial(lambda world, user: len(world.truth(user)) == 1)
    return [
        Check("hit_rate", "", f"{TREC} (Success)", whole(m.hit_rate, *ON_LISTS), with_mean(success())),
        Check(
            "hit_rate",
            'over="interactions"',
            f"{SKLEARN} (recall_score, micro)",
            whole(m.hit_rate, *ON_LISTS, over="interactions"),
            of_world(live.micro_recall),
        ),
        Check(
            "cumulative_hit_rate",
            UNDEFINED,
            f"{TREC} (Success of what was rated 4 or more)",
            by_user(m.cumulative_hit_rate, *ON_LISTS, zero=True),
            zero_for_others(rated_liked),
            least=LIKED,
        ),
        Check(
            "cumulative_hit_rate",
            "",
            f"{TREC} (Success of what was rated 4 or more)",
            by_user(m.cumulative_hit_rate, *ON_LISTS),
            of_world(rated_liked),
            only=loops.likes,
            whom="users who liked something",
        ),
        Check(
            "cumulative_hit_rate_by_prediction",
            UNDEFINED,
            f"{TREC} (Success of what was predicted 4 or more)",
            by_user(m.cumulative_hit_rate_by_prediction, "lists", "predictions", zero=True),
            zero_for_others(expected_liked),
        ),
        Check(
            "cumulative_hit_rate_by_prediction",
            "",
            f"{TREC} (Success of what was predicted 4 or more)",
            by_user(m.cumulative_hit_rate_by_prediction, "lists", "predictions"),
            of_world(expected_liked),
            only=loops.expects,
            whom="users of whom something was predicted so",
        ),
        Check(
            "rating_hit_rate",
            "",
            f"{TREC} (Success of what was rated so)",
            rates(m.rating_hit_rate, "test"),
            of_world(live.trec_by_rating(lambda world, pair: world.test[pair])),
        ),
        Check(
            "rating_hit_rate_by_prediction",
            "",
            f"{TREC} (Success of what was predicted so)",
            rates(m.rating_hit_rate_by_prediction, "predictions"),
            of_world(live.trec_by_rating(half_star)),
        ),
        Check("arhr", "", OWN, whole(m.arhr, *ON_LISTS), of_world(loops.over_test_users(loops.arhr))),
        Check(
            "arhr",
            "",
            f"{TREC} (RR of each test item, summed)",
            by_user(m.arhr, *ON_LISTS),
            of_world(live.trec_reciprocal_ranks),
        ),
        Check(
            "arhr",
            "one test item: MRR",
            f"{TREC} (RR)",
            by_user(m.arhr, *ON_LISTS),
            of_world(live.trec(lambda n: ir.RR)),
            only=one_item,
            whom="users with one test item",
        ),
    ]


def sklearn_checks() -> list[Check]:
    def exponential(rating: float) -> float:
        return 2.0**rating - 1.0

    gains: list[tuple[str, Callable[[float], float]]] = [
        ("binary", lambda rating: 1.0),
        ("linear", lambda rating: rating),
        ("exponential", exponential),
    ]
    found = [
        Check(
            "ndcg",
            "" if name == "binary" else written({"gains": name}),
            f"{SKLEARN} (ndcg_score, ignore_ties)",
            whole(m.ndcg, *ON_LISTS, gains=name),
            with_mean(live.ndcg(gain)),
        )
        for name, gain in gains
    ]
    found += [
        Check(
            "ndcg",
            'gains="exponential", min_rating=4.0, ' + UNDEFINED,
            f"{SKLEARN} (ndcg_score, ignore_ties)",
            by_user(m.ndcg, *ON_LISTS, gains="exponential", min_rating=LIKED, zero=True),
            of_world(live.ndcg(exponential, least=LIKED)),
            least=LIKED,
        ),
        Check(
            "ndcg",
            "mean over all orders of tied scores",
            f"{SKLEARN} (ndcg_score)",
            mean_over_orders,
            of_world(live.ndcg(lambda rating: 1.0, ties=True)),
        ),
        Check(
            "precision",
            'divisor="list"',
            f"{SKLEARN} (precision_score)",
            by_user(m.precision, *ON_LISTS, divisor="list"),
            of_world(live.sets(sk.precision_score)),
        ),
        Check(
            "recall",
            "",
            f"{SKLEARN} (recall_score)",
            by_user(m.recall, *ON_LISTS),
            of_world(live.sets(sk.recall_score)),
        ),
        Check(
            "mean_average_precision",
            'divisor="hits"',
            f"{SKLEARN} (average_precision_score of the list)",
            by_user(m.mean_average_precision, *ON_LISTS, divisor="hits"),
            of_world(live.average_precision_of_hits),
        ),
    ]
    return found


def mean_over_orders(view: View) -> Figures:
    """Longtail's NDCG of every order that equal scores can stand in."""
    world, sums = view.world, dict.fromkeys(view.world.test_users, 0.0)
    for user in world.test_users:
        runs = [list(run) for _, run in itertools.groupby(world.lists.get(user, []), key=lambda entry: entry[1])]
        orders = list(itertools.product(*(itertools.permutations(run) for run in runs)))
        for order in orders:
            one = View(World(**{**vars(world), "lists": {user: list(itertools.chain(*order))}}))
            sums[user] += one.figures(m.ndcg(one.lists, view.test), whole=False)[user] / len(orders)
    return dict(sums)


def recorded_checks() -> list[Check]:
    """RecTools, ranx, recommenders, implicit and LensKit, from their recorded figures."""
    found = []

    def add(
        library: str, name: str, metric: Any, *parts: str, whom: str = "", only: Any = None, **options: Any
    ) -> None:
        turn, zero = options.pop("turn", None), options.pop("zero", False)
        definition = written(options)
        if zero:
            definition = ", ".join(filter(None, (definition, UNDEFINED)))
        theirs = from_record(library, name, turn[1]) if turn else from_record(library, name)
        ours = by_user(metric, *parts, zero=zero, **options)
        if "all" in recorded.figures(library, name, 0):
            ours = alone(metric, *parts, **options)
        check = Check(
            metric.__name__,
            definition,
            said_by(library, turn[0] if turn else name),
            ours,
            theirs,
            only or (lambda w, u: True),
            whom,
        )
        found.append(check)

    test_rows = [
        ("precision", m.precision, {}),
        ("precision, r_precision", m.precision, {"divisor": "reachable"}),
        ("precision, r_precision", m.recall, {"divisor": "reachable"}),
        ("recall", m.recall, {}),
        ("hit_rate", m.hit_rate, {}),
        ("mrr", m.mrr, {}),
        ("map", m.mean_average_precision, {"divisor": "relevant"}),
        ("map, divide_by_k", m.mean_average_precision, {"divisor": "places"}),
        ("ndcg", m.ndcg, {"ideal": "full"}),
        ("ndcg, divide_by_achievable", m.ndcg, {}),
    ]
    for name, metric, options in test_rows:
        add("rectools", name, metric, *ON_LISTS, **options)
    add("rectools", "covered_users", m.user_coverage, "lists", among="test")
    nonempty = {"whom": "users with a list that is not empty", "only": listed}
    add("rectools", "covered_users, of the lists", m.user_coverage, "lists")
    add("rectools", "catalog_coverage", m.catalogue_coverage, "lists")
    add("rectools", "catalog_coverage, of train", m.catalogue_coverage, "lists", among="train")
    add("rectools", "mean_inv_user_freq", m.self_information, "lists", "train", **nonempty)
    add("rectools", "mean_inv_user_freq", m.mean_inverse_user_frequency, "lists", "train", **nonempty)
    add("rectools", "avg_rec_popularity", m.average_recommendation_popularity, "lists", "train", **nonempty)
    popular = m.average_recommendation_popularity
    add("rectools", "avg_rec_popularity, normalize", popular, "lists", "train", normalized=True, **nonempty)
    asked = {"whom": "users with a list and a test item", "only": lambda w, u: listed(w, u) and bool(w.truth(u))}
    by_popularity = m.serendipity_by_popularity
    add("rectools", "serendipity", by_popularity, "lists", "test", "train", divisor="list", **asked)
    away = ("1 - intersection", lambda value: 1.0 - value)
    again = {"whom": "users with a list that is not empty", "only": listed, "turn": away}
    add("rectools", "intersection", m.top_n_change, "lists", "after", **again)
    add("rectools", "intersection", m.unexpectedness, "lists", "after", **again)
    add("rectools", "intra_list_diversity", features_apart, "lists", "features", zero=True, **nonempty)

    for name, metric, options in [
        ("precision", m.precision, {}),
        ("recall", m.recall, {}),
        ("hit_rate", m.hit_rate, {}),
        ("mrr", m.mrr, {}),
        ("map", m.mean_average_precision, {"divisor": "relevant"}),
        ("ndcg", m.ndcg, {"gains": "linear"}),
    ]:
        add("ranx", name, metric, *ON_LISTS, **options, **nonempty)
    add("ranx", "ndcg_burges", m.ndcg, "lists", "doubled", gains="exponential", **nonempty)

    for name, metric, options in [
        ("precision_at_k", m.precision, {}),
        ("recall_at_k", m.recall, {}),
        ("map", m.mean_average_precision, {"divisor": "relevant"}),
        ("map_at_k", m.mean_average_precision, {}),
        ("ndcg_at_k", m.ndcg, {}),
        ("ndcg_at_k, raw", m.ndcg, {"gains": "linear"}),
        ("ndcg_at_k, exp", m.ndcg, {"gains": "exponential"}),
    ]:
        add("recommenders", name, metric, *ON_LISTS, **options, **nonempty)

    add("implicit", "precision", m.precision, *ON_LISTS, divisor="reachable")
    add("implicit", "map", m.mean_average_precision, *ON_LISTS)
    add("implicit", "ndcg", m.ndcg, *ON_LISTS)

    add("lenskit", "Hit", m.hit_rate, *ON_LISTS)
    add("lenskit", "Recall", m.recall, *ON_LISTS, divisor="reachable")
    add("lenskit", "RecipRank", m.mrr, *ON_LISTS)
    add("lenskit", "Precision", m.precision, *ON_LISTS, divisor="list", **nonempty)
    whole_lists = {"whom": "users whose list fills every place", "only": lambda w, u: len(w.listed(u)) == w.n}
    add("lenskit", "AveragePrecision", m.mean_average_precision, *ON_LISTS, **whole_lists)
    add("lenskit", "NDCG", m.ndcg, *ON_LISTS, discount="log2(rank)")
    add("lenskit", "NDCG, gain", m.ndcg, *ON_LISTS, gains="linear", discount="log2(rank)")
    add("lenskit", "NDCG, offset", m.ndcg, *ON_LISTS)
    add("lenskit", "gini", m.gini, "lists")
    overlap = {"whom": "users with a list that fills every place", "only": filled}
    add("lenskit", "rank_biased_overlap", m.rank_biased_overlap, "lists", "after", p=0.85, form="normalized", **overlap)
    return found


class Apart:
    """1 - the number of features that two items differ in."""

    def __init__(self, lists: Any, features: np.ndarray) -> None:
        self.item_ids, self.features = lists.item_ids, features

    def pairs(self, a: Any, b: Any) -> np.ndarray:
        return 1.0 - (self.features[a] != self.features[b]).sum(axis=1)


def features_apart(lists: Any, features: np.ndarray) -> MetricValue:
    return m.intra_list_diversity(lists, Apart(lists, features))


features_apart.__name__ = "intra_list_diversity"


def distance_checks() -> list[Check]:
    """Distances of SciPy and scikit-learn, pooled and by user."""
    kinds = [
        ("genre_jaccard", genre_jaccard, live.genre_jaccard_distance, f"{SCIPY} (cdist, jaccard)"),
        ("vector_cosine", vector_cosine, live.whole_column_distance, f"{SKLEARN} (cosine_distances)"),
    ]
    found = []
    for name, similarity, distance, peer in kinds:
        answer = live.pooled_distance(distance)

        def ours(view: View, metric: Any = m.diversity, similarity: Any = similarity, mean: bool = True) -> Figures:
            value = metric(view.lists, similarity(view.train))
            return view.figures(value) | ({"user mean": value.user_mean} if mean else {})

        def by_users(number: int, answer: Any = answer) -> Figures:
            apart = answer(drawn()[number])
            return {user: value for user, value in apart.items() if user not in ("all", "user mean")} | {
                "all": apart["user mean"]
            }

        found += [
            Check("diversity", f"{name}, pooled, and .user_mean", peer, ours, of_world(answer)),
            Check(
                "intra_list_diversity", name, peer, partial(ours, metric=m.intra_list_diversity, mean=False), by_users
            ),
        ]
    for nearest in (False, True):
        to = "nearest" if nearest else "mean"
        found.append(
            Check(
                "unexpectedness_by_history",
                f'genre_jaccard, to="{to}"',
                f"{SCIPY} (cdist, jaccard)",
                partial(unlike_the_known, to=to),
                of_world(live.distance_to_history(nearest)),
            )
        )
    return found


def unlike_the_known(view: View, to: Any) -> Figures:
    return view.figures(m.unexpectedness_by_history(view.lists, view.train, genre_jaccard(view.train), to=to))


def beyond_checks() -> list[Check]:
    lists_train = ("lists", "train")
    found = [
        Check(
            "user_coverage", "", OWN, whole(m.user_coverage, "lists"), of_world(loops.over_lists(loops.got_something))
        ),
        Check("catalogue_coverage", "", OWN, alone(m.catalogue_coverage, "lists"), of_world(loops.catalogue)),
        Check(
            "novelty", "", f"{SCIPY} (rankdata, ordinal)", whole(m.novelty, *lists_train), of_world(live.ordinal_ranks)
        ),
        Check(
            "long_tail_share",
            "",
            OWN,
            whole(m.long_tail_share, *lists_train),
            of_world(loops.over_lists(loops.tail_share)),
        ),
        Check(
            "unexpectedness",
            "",
            OWN,
            whole(m.unexpectedness, "lists", "after"),
            of_world(loops.over_lists(loops.new_in_list)),
        ),
        Check(
            "top_n_change",
            "",
            OWN,
            whole(m.top_n_change, "lists", "after"),
            of_world(loops.over_lists(loops.new_in_list)),
        ),
    ]
    surprising: list[tuple[Any, str, Callable[..., float]]] = [
        (m.serendipity, "after", loops.serendipity),
        (m.serendipity_by_popularity, "train", loops.serendipity_by_popularity),
    ]
    for metric, third, loop in surprising:
        for least in (None, LIKED):
            options = {} if least is None else {"min_rating": least}
            of = loops.over_test_users(partial(loop, least=least or 0.0))
            ours = whole(metric, "lists", "test", third, **options)
            found.append(Check(metric.__name__, written(options), OWN, ours, of_world(of), least=least or 0.0))
    surprises: list[dict[str, Any]] = [{}, {"share_of": "interactions"}, {"unseen": "skipped"}, {"base": 10.0}]
    for options in surprises:
        share_of, skip, base = options.get("share_of", "users"), "unseen" in options, options.get("base", 2.0)
        answer = partial(loops.surprise, share_of=share_of, skip=skip, base=base)
        ours = whole(m.self_information, *lists_train, **options)
        found.append(Check("self_information", written(options), OWN, ours, of_world(answer)))
    for corrected in (False, True):
        definition = "corrected=True" if corrected else ""
        ours = alone(m.gini, "lists", corrected=corrected)
        found.append(Check("gini", definition, OWN, ours, of_world(partial(loops.gini, corrected=corrected))))
    found.append(
        Check(
            "gini",
            "1 - 2 (area under lorenz_curve)",
            f"{SKLEARN} (auc)",
            alone(m.gini, "lists"),
            lambda number: live.area_above_the_curve(
                m.lorenz_curve(views()[number].lists, points=len(drawn()[number].items) + 1)
            ),
        )
    )
    calibrations: list[dict[str, Any]] = [{}, {"weights": "equal"}, {"discounted": True}]
    for options in calibrations:
        answer = live.genre_divergence(equal="weights" in options, discounted="discounted" in options)
        ours = whole(m.calibration, *lists_train, **options)
        found.append(Check("calibration", written(options), f"{SCIPY} (entropy)", ours, of_world(answer)))
    return found


def fairness_checks() -> list[Check]:
    def shares(view: View, discount: Any) -> Figures:
        found = m.item_exposure(view.lists, view.item_groups, discount=discount)
        return {name: float(share) for name, share in found.items()}

    def apart(view: View, by_merit: bool) -> Figures:
        merit = view.test if by_merit else None
        return {"all": float(m.exposure_disparity(view.lists, view.item_groups, merit=merit))}

    def gap(view: View) -> Figures:
        return {"all": float(m.user_group_gap(m.hit_rate(view.lists, view.test), view.user_groups))}

    exposed = [
        Check(
            "item_exposure",
            "" if discount == "log" else 'discount="none"',
            OWN,
            partial(shares, discount=discount),
            of_world(partial(loops.item_exposure, names=TIERS, discounted=discount == "log")),
        )
        for discount in ("log", "none")
    ]
    disparities = [
        Check(
            "exposure_disparity",
            "merit=test" if by_merit else "",
            OWN,
            partial(apart, by_merit=by_merit),
            of_world(partial(loops.exposure_disparity, names=TIERS, by_merit=by_merit)),
        )
        for by_merit in (False, True)
    ]
    gaps = Check("user_group_gap", "of hit_rate", OWN, gap, of_world(partial(loops.group_gap, names=TIERS)))
    return [*exposed, *disparities, gaps]


def comparison_checks() -> list[Check]:
    both = ("lists", "after")
    found = [
        Check(
            "rank_biased_overlap",
            'p=0.8, form="normalized"',
            f"{IR_MEASURES} (Compat)",
            by_user(m.rank_biased_overlap, *both, p=0.8, form="normalized"),
            of_world(live.trec_compat),
            only=lambda world, user: bool(world.lists[user] and world.after[user]),
            whom="users with two lists that are not empty",
        )
    ]
    for form in ("extrapolated", "truncated"):
        of = partial(loops.overlap, p=0.9, extrapolated=form == "extrapolated")
        definition = "" if form == "extrapolated" else 'form="truncated"'
        ours = whole(m.rank_biased_overlap, *both, form=form)
        found.append(Check("rank_biased_overlap", definition, OWN, ours, of_world(loops.over_lists(of))))
    for penalty in (0.5, 0.0):
        definition = "" if penalty else "penalty=0.0"
        ours = whole(m.kendall_tau_top, *both, penalty=penalty)
        of = partial(loops.kendall, penalty=penalty)
        found.append(Check("kendall_tau_top", definition, OWN, ours, of_world(loops.over_lists(of))))
    return found


@cache
def checks() -> list[Check]:
    """All of them, in the order of `METRICS`."""
    everything = [
        *accuracy_checks(),
        *click_checks(),
        *hit_checks(),
        *trec_checks(),
        *sklearn_checks(),
        *beyond_checks(),
        *distance_checks(),
        *fairness_checks(),
        *comparison_checks(),
        *recorded_checks(),
    ]
    order = {name: place for place, name in enumerate(m.METRICS)}
    return sorted(everything, key=lambda check: (order[check.metric], check.definition))
