"""`perceived` and `relation`: how people rated each algorithm, and whether offline metrics say the same."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl

from longtail.errors import DataError
from longtail.evaluation.perceived.answers import Answers
from longtail.evaluation.perceived.correlation import rhos, taus
from longtail.evaluation.perceived.crossed import Crossed
from longtail.evaluation.perceived.key import Key
from longtail.evaluation.significance.correction import holm
from longtail.rng import generator
from longtail.types import AnyArray, RealArray

__all__ = ["Perceived", "Relation", "Tie", "perceived", "relation", "row_relation"]

ALL_ORDERS = 7
"""Up to so many algorithms, every order is tried; beyond, some drawn at random."""
SURE = 0.05


@dataclass(frozen=True)
class Perceived:
    """How people rated one algorithm's recommendations.

    Attributes:
        algorithm: its name in the key.
        mean: of the answers to its recommendations; NaN without any.
        low: lower end of the 95 % interval, over raters and people; NaN where there are too few.
        high: upper end.
        recommendations: of its that were rated.
        answers: to them.
    """

    algorithm: str
    mean: float
    low: float
    high: float
    recommendations: int
    answers: int


@dataclass(frozen=True)
class Tie:
    """How perceived quality goes with one offline figure.

    Attributes:
        name: of the metric, or of the fact about a recommendation.
        kind: "tau" (Kendall's tau-b) or "rho" (Spearman) over algorithms, "within" (correlation within raters) over
            recommendations.
        value: from -1 to 1; NaN where it is undefined.
        low: lower end of the 95 % interval.
        high: upper end.
        count: algorithms, or answers.
        p: of a relation as strong by chance (permutation, two-sided); NaN for "within".
        adjusted: p for having looked at all the metrics asked for (Holm 1979); the words go by it.
        words: what may be concluded.
    """

    name: str
    kind: str
    value: float
    low: float
    high: float
    count: int
    p: float
    adjusted: float
    words: str


@dataclass(frozen=True, eq=False)
class Relation:
    """Perceived quality beside offline metrics.

    Attributes:
        question: what people were asked.
        algorithms: how each was rated, in the order of the key.
        offline: metric -> algorithm -> value.
        ties: how they go together.
    """

    question: str
    algorithms: list[Perceived]
    offline: dict[str, dict[str, float]]
    ties: list[Tie]

    def to_frame(self) -> pl.DataFrame:
        """One row an algorithm: how it was rated, and its offline metrics."""
        rows = [
            asdict(one) | {name: by.get(one.algorithm) for name, by in self.offline.items()} for one in self.algorithms
        ]
        return pl.DataFrame(rows).fill_nan(None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        found = {
            "question": self.question,
            "algorithms": [asdict(one) for one in self.algorithms],
            "offline": self.offline,
            "ties": [asdict(tie) for tie in self.ties],
        }
        plain: dict[str, Any] = _plain(found)
        return plain

    def to_json(self) -> str:
        """Everything, as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def perceived(answers: Answers, key: Key, question: str, *, resamples: int = 1000, seed: int = 0) -> list[Perceived]:
    """The mean answer to each algorithm's recommendations, with an interval.

    A recommendation made by several algorithms counts for each. The interval is the percentile bootstrap that resamples
    raters and people independently (Owen 2007, "The pigeonhole bootstrap"): it is about other raters judging for other
    people, and on the wide side. With one rater it is about other people only, and the other way round.

    Args:
        answers: of the raters.
        key: of the sheet.
        question: name of the question.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        DataError: for a question that the sheet does not ask, or answers to another sheet.
    """
    crossed = _crossed(answers, key, question)
    means, resampled = crossed.means(resamples, seed)
    return [_one(name, k, crossed, means, resampled) for k, name in enumerate(key.algorithms)]


def relation(
    answers: Answers,
    key: Key,
    question: str,
    offline: Mapping[str, Mapping[str, float | None]],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Relation:
    """Whether algorithms that score better offline were rated better by people.

    For each metric, Kendall's tau-b and Spearman's rho between the metric and the mean answer, over algorithms. The
    interval comes from resampling raters and people (see `perceived`), the offline figures standing still; p from
    trying every order of the algorithms. Few algorithms can prove nothing, and the words say so: with three, one order
    in three is at least as extreme as any.

    Args:
        answers: of the raters.
        key: of the sheet.
        question: name of the question.
        offline: metric -> algorithm -> value, such as from a bake-off; None where it is undefined.
        resamples: of the bootstrap.
        seed: of the bootstrap and of orders drawn at random.

    Raises:
        DataError: as `perceived`; if no algorithm of the key has an offline value.
    """
    crossed = _crossed(answers, key, question)
    means, resampled = crossed.means(resamples, seed)
    table = {name: _known(by, key.algorithms) for name, by in offline.items()}
    if offline and not any(table.values()):
        asked = ", ".join(key.algorithms)
        raise DataError(f"the offline figures name none of the algorithms of the key: {asked}")
    values = {name: [by.get(one, np.nan) for one in key.algorithms] for name, by in table.items()}
    found = [
        _adjusted([_over_algorithms(name, kind, x, means, resampled, seed) for name, x in values.items()])
        for kind in ("tau", "rho")
    ]
    ties = [tie for pair in zip(*found, strict=True) for tie in pair]
    rated = [_one(name, k, crossed, means, resampled) for k, name in enumerate(key.algorithms)]
    return Relation(question, rated, table, ties)


def row_relation(
    answers: Answers,
    key: Key,
    question: str,
    facts: Mapping[str, Mapping[str, float]] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Tie]:
    """Whether recommendations are rated better that stood higher, that more algorithms made, or that are more popular.

    The correlation of answer and fact within raters: both are taken relative to the rater's own mean, so that a
    generous rater is no evidence (a random-intercept model with the raters as fixed effects), with the interval of
    `perceived`. Facts: `place` (the best place among the algorithms that made it; below 0 is good), `votes` (how many
    made it), `popularity` (log of the interactions with the item in the data).

    Args:
        answers: of the raters.
        key: of the sheet.
        question: name of the question.
        facts: more of them, or other ones under these names: fact -> row code -> value, NaN where unknown.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        DataError: as `perceived`.
    """
    crossed = _crossed(answers, key, question)
    known: dict[str, Mapping[str, float]] = {
        "place": {code: float(min(row.places.values())) for code, row in key.rows.items()},
        "votes": {code: float(len(row.places)) for code, row in key.rows.items()},
        "popularity": {code: math.log1p(row.popularity) for code, row in key.rows.items()},
    }
    ties = []
    for name, by in {**known, **(facts or {})}.items():
        x = np.array([by.get(code, np.nan) for code in crossed.codes])
        value, resampled = crossed.within_raters(x, resamples, seed)
        low, high = _ends(resampled)
        count = int((~np.isnan(x)).sum())
        words = _within_words(value, low, high)
        ties.append(Tie(name, "within", value, low, high, count, math.nan, math.nan, words))
    return ties


def _crossed(answers: Answers, key: Key, question: str) -> Crossed:
    if answers.sheet != key.sheet:
        raise DataError(f"the answers are to sheet {answers.sheet}, the key is that of sheet {key.sheet}")
    return Crossed.of(answers, key, question)


def _one(name: str, k: int, crossed: Crossed, means: RealArray, resampled: RealArray) -> Perceived:
    low, high = _ends(resampled[:, k])
    made = crossed.made_by[:, k]
    rated = len(set(np.array(crossed.codes)[made].tolist()))
    return Perceived(name, float(means[k]), low, high, rated, int(made.sum()))


def _known(by: Mapping[str, float | None], algorithms: list[str]) -> dict[str, float]:
    values = {name: by.get(name) for name in algorithms}
    return {name: float(value) for name, value in values.items() if value is not None and not math.isnan(value)}


def _over_algorithms(
    name: str, kind: str, offline: list[float], means: RealArray, resampled: RealArray, seed: int
) -> Tie:
    """One metric against the mean answers, over the algorithms that have both."""
    both = ~np.isnan(offline) & ~np.isnan(means)
    x, y, count = np.asarray(offline)[both], means[both], int(both.sum())
    measure = taus if kind == "tau" else rhos
    value = float(measure(x, y[None])[0])
    if math.isnan(value):
        why = "undefined: two algorithms at least must differ in both" if count > 1 else "undefined with one algorithm"
        return Tie(name, kind, value, math.nan, math.nan, count, math.nan, math.nan, why)
    low, high = _ends(measure(x, resampled[:, both]))
    p, least = _chance(x, y, measure, seed)
    few = f"{count} algorithms are too few to conclude anything: at best p = {least:.2f}" if least > SURE else ""
    return Tie(name, kind, value, low, high, count, p, math.nan, few)


def _adjusted(ties: list[Tie]) -> list[Tie]:
    """With p adjusted for their number, and words where there are none yet."""
    adjusted = holm([tie.p for tie in ties]).tolist()
    return [
        replace(tie, adjusted=p, words=tie.words or _words(tie.value, p)) for tie, p in zip(ties, adjusted, strict=True)
    ]


def _chance(
    x: RealArray, y: RealArray, measure: Callable[[AnyArray, AnyArray], RealArray], seed: int
) -> tuple[float, float]:
    """The share of orders with a relation at least as strong, and the smallest share that there can be."""
    if len(x) <= ALL_ORDERS:
        orders = np.array(list(permutations(range(len(x)))))
    else:
        rng = generator(seed, "relation")
        orders = np.array([np.arange(len(x)), *(rng.permutation(len(x)) for _ in range(999))])
    strengths = np.abs(measure(x, y[orders]))
    observed = abs(measure(x, y[None])[0])
    return float((strengths >= observed - 1e-12).mean()), float((strengths >= strengths.max() - 1e-12).mean())


def _words(value: float, p: float) -> str:
    if p > SURE:
        return "no relation can be told from chance"
    return "rated better where the metric is higher" if value > 0 else "rated better where the metric is lower"


def _within_words(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "undefined: it does not vary within any rater"
    if math.isnan(low) or low <= 0 <= high:
        return "no relation can be told from chance"
    return "rated better where it is higher" if value > 0 else "rated better where it is lower"


def _ends(resampled: RealArray) -> tuple[float, float]:
    """The middle 95 %; NaN where it was hardly ever defined or never varied for want of raters and people."""
    values = resampled[~np.isnan(resampled)]
    if len(values) < 20:
        return math.nan, math.nan
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _plain(value: Any) -> Any:
    """NaN as null, for JSON."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
