"""`responsiveness`: how soon and how much a new rating changes a list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from longtail import registry
from longtail.algorithms.base import Recommender, whole
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.evaluation.behavior.probes import Probes
from longtail.evaluation.behavior.ways import WAYS, Answer, Way
from longtail.evaluation.intervals import of_mean
from longtail.evaluation.metrics.comparison import rank_biased_overlap, top_n_change
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import IntArray, RealArray

__all__ = ["Response", "Responsiveness", "respond", "responsiveness"]


@dataclass(frozen=True, eq=False)
class Response:
    """What a new rating does, by one way.

    Attributes:
        way: "fold-in", "online" or "retrain".
        missing: why there is nothing to tell; empty where it was measured.
        overlap: rank-biased overlap of each user's list after the rating with the one before; 1 is no change.
        changed: share of the list after the rating that is new.
        gains: (n,) places by which the ten items most like the one just liked moved up, on average, for each probe;
            below 0 they moved down, NaN where nothing is like it.
        milliseconds: (n,) from the rating to the new list.
    """

    way: str
    missing: str = ""
    overlap: MetricValue | None = None
    changed: MetricValue | None = None
    gains: RealArray | None = None
    milliseconds: RealArray | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values: means with 95 % intervals, and the median time."""
        row: dict[str, Any] = {"way": self.way, "missing": self.missing, "probes": 0}
        row |= dict.fromkeys(_FIGURES)
        if self.overlap is None or self.changed is None or self.gains is None or self.milliseconds is None:
            return row
        intervals = {
            "change": of_mean(1.0 - self.overlap.per_user, least=0, most=1),
            "new_items": of_mean(self.changed.per_user, least=0, most=1),
            "rank_gain": of_mean(self.gains),
        }
        row["probes"] = len(self.milliseconds)
        for name, (mean, low, high) in intervals.items():
            row |= {name: _plain(mean), f"{name}_low": _plain(low), f"{name}_high": _plain(high)}
        return row | {"milliseconds": float(np.median(self.milliseconds))}


_FIGURES = (
    *(f"{name}{edge}" for name in ("change", "new_items", "rank_gain") for edge in ("", "_low", "_high")),
    "milliseconds",
)
_SCHEMA = {"way": pl.String, "missing": pl.String, "probes": pl.Int64, **dict.fromkeys(_FIGURES, pl.Float64)}


@dataclass(frozen=True, eq=False)
class Responsiveness:
    """What a new rating does to a recommender's lists, by every way it has.

    Attributes:
        algorithm: name or spec.
        n: places in a list.
        responses: one for each of fold-in, online and retrain.
    """

    algorithm: str
    n: int
    responses: list[Response]

    def by(self, way: str) -> Response:
        """The response by one way."""
        return next(response for response in self.responses if response.way == way)

    def to_frame(self) -> pl.DataFrame:
        """One row a way; `change` is 1 - RBO, `rank_gain` in places, `milliseconds` a median."""
        return pl.DataFrame([response.to_dict() for response in self.responses], schema=_SCHEMA)

    def to_json(self) -> str:
        """The same rows, under the algorithm's name."""
        return json.dumps(
            {"algorithm": self.algorithm, "n": self.n, "ways": [response.to_dict() for response in self.responses]}
        )


def responsiveness(
    model: Recommender, data: Interactions, *, n: int = 10, probes: int = 30, retrains: int = 3, seed: int = 0
) -> Responsiveness:
    """How soon and how much a new rating changes a list: by fold-in, by online learning, by fitting anew.

    One liked rating of each of some users is hidden and the model is fitted on the rest; then each is given, alone, and
    the list before is compared with the list after. The rated item is taken out of both. Whether the change makes sense
    is told by the rank gain: do the items that are most like the one just liked (by the cosine of their columns in the
    data, whatever the model) stand higher than before?

    Args:
        model: unfitted; it is copied.
        data: the ratings.
        n: places in a list.
        probes: users, and so ratings, asked by fold-in and online learning.
        retrains: how many of them by fitting anew, each a fit of its own.
        seed: of the choice of users and ratings.

    Raises:
        DataError: if nobody has five ratings or more, or the model cannot be fitted on the data.

    Examples:
        >>> import longtail as lt
        >>> from longtail.data.synthetic import synthetic
        >>> found = responsiveness(lt.make("popular"), synthetic(users=60, items=40, ratings=900), probes=4, retrains=1)
        >>> found.to_frame().select("way", "probes", "missing").rows()
        [('fold-in', 4, ''), ('online', 4, ''), ('retrain', 1, '')]
    """
    chosen = Probes.of(data, probes, seed=seed)
    return respond(whole(model.clone().fit(chosen.base)), chosen, n=n, retrains=retrains)


def respond(fitted: Recommender, probes: Probes, *, n: int, retrains: int) -> Responsiveness:
    """The same, of a model fitted on `probes.base`."""
    responses = []
    for kind in WAYS:
        way = kind(fitted, probes, n)
        asked = min(retrains, len(probes)) if way.name == "retrain" else len(probes)
        lacking = way.missing or ("" if asked else "not asked for")
        responses.append(Response(way.name, lacking) if lacking else _measured(way, asked))
    return Responsiveness(registry.spec(fitted), n, responses)


def _measured(way: Way, asked: int) -> Response:
    way.warm_up()
    answers = [way.ask(probe) for probe in range(asked)]
    before = _lists(way, [answer.before for answer in answers])
    after = _lists(way, [answer.after for answer in answers])
    return Response(
        way.name,
        overlap=rank_biased_overlap(after, before),
        changed=top_n_change(after, before),
        gains=np.array([_gain(way.probes, probe, answer) for probe, answer in enumerate(answers)]),
        milliseconds=np.array([1000.0 * answer.seconds for answer in answers]),
    )


def _lists(way: Way, rankings: list[IntArray]) -> TopN:
    """The first n of each ranking, under the users of the probes."""
    items = np.full((len(rankings), way.n), -1, dtype=np.int32)
    for row, ranking in enumerate(rankings):
        items[row, : len(ranking[: way.n])] = ranking[: way.n]
    data = way.probes.data
    scores = np.where(items >= 0, -np.arange(way.n, dtype=np.float32), -np.inf)
    return TopN(data.users[way.probes.rows[: len(rankings)]], items, scores, data.user_ids, data.item_ids)


def _gain(probes: Probes, probe: int, answer: Answer) -> float:
    """Places by which the neighbors of the rated item moved up, on average."""
    neighbors, n_items = probes.neighbors(probe), len(probes.data.item_ids)
    if not len(neighbors):
        return np.nan
    places = [_places(ranking, n_items)[neighbors] for ranking in (answer.before, answer.after)]
    return float((places[0] - places[1]).mean())


def _places(ranking: IntArray, n_items: int) -> RealArray:
    """(n_items,) the place of each item; what is not ranked shares the places that are left."""
    places = np.full(n_items, (len(ranking) + 1 + n_items) / 2.0)
    places[ranking] = np.arange(1, len(ranking) + 1)
    return places


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
