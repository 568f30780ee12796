"""How a candidate is judged: fitted on the inner training part of each split, scored on its inner validation part."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from longtail import params
from longtail.algorithms.base import Recommender, whole
from longtail.algorithms.powers import PredictsRatings
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.data.splits import Split
from longtail.errors import ConfigError
from longtail.evaluation import metrics
from longtail.evaluation.metrics.value import METRICS, MetricInfo, MetricValue
from longtail.types import LongArray, RealArray

__all__ = ["METRIC_NAMES", "Examination", "FoldScore", "Validation", "inner_splits", "metric_named"]

Validation = Literal["holdout", "folds", "leave-one-out", "last", "time"]

OF_RATINGS = ("rmse", "mae")
OF_LISTS = ("ndcg", "precision", "recall", "mean_average_precision", "mrr")
OF_HITS = ("hit_rate", "arhr")
METRIC_NAMES = (*OF_RATINGS, *OF_LISTS, *OF_HITS)
"""What can be tuned for."""

GROUPS = 20
"""Groups of users, by which the uncertainty of a difference is known."""


def metric_named(text: str) -> MetricInfo:
    """A metric to tune for, by its name or its short code, in any case.

    Examples:
        >>> metric_named("MAP").name, metric_named("hit-rate").name
        ('mean_average_precision', 'hit_rate')

    Raises:
        ConfigError: if there is none, or none that can be tuned for.
    """
    wanted = str(text).lower().replace("-", "_")
    for name in METRIC_NAMES:
        if wanted in (name, METRICS[name].short.lower()):
            return METRICS[name]
    raise ConfigError(f"cannot tune for {text!r}; choose from {', '.join(METRIC_NAMES)}")


def inner_splits(
    train: Interactions, validation: Validation = "holdout", *, fraction: float = 0.2, folds: int = 5, seed: int = 0
) -> list[Split]:
    """Divide training data into inner training and inner validation parts; nothing else is ever looked at.

    Args:
        train: the rows that may be used.
        validation: "holdout" (a random `fraction` of the rows), "folds" (each of k parts in turn), "leave-one-out" (a
            random row of each user), "last" (the last row of each user) or "time" (the last `fraction` of all rows).
        fraction: the part held out, for "holdout" and "time".
        folds: k, for "folds".
        seed: of the random ones.

    Raises:
        ConfigError: for an unknown way, or a fraction or k that cannot be.
        DataError: for data that cannot be divided so.
    """
    train = train.once  # or a pair might stand in both parts
    if validation == "folds":
        return list(splits.k_fold(train, folds, seed=seed))
    if validation == "holdout":
        return [splits.random_holdout(train, fraction, seed=seed)]
    if validation == "time":
        return [splits.by_time(train, fraction=fraction)]
    if validation in ("leave-one-out", "last"):
        return [splits.leave_one_out(train, which="last" if validation == "last" else "random", seed=seed)]
    raise ConfigError(f"validation must be holdout, folds, leave-one-out, last or time, not {validation!r}")


@dataclass(frozen=True)
class FoldScore:
    """The score on one split.

    Attributes:
        value: the metric.
        sums: (GROUPS,) over the users of each group: the metric, or the squared or absolute errors of the ratings.
        counts: (GROUPS,) how many users, or ratings, each sum is of.
        wall: seconds on the clock to fit and to score.
        cpu: processor seconds, all threads.
    """

    value: float
    sums: list[float]
    counts: list[float]
    wall: float
    cpu: float


@dataclass(frozen=True)
class Examination:
    """What every trial has to go through.

    Attributes:
        splits: pairs of inner training and inner validation data.
        metric: its name.
        n: places in a list.
        min_rating: held-out ratings from here on are relevant; None makes all of them so.
    """

    splits: Sequence[Split]
    metric: str
    n: int = 10
    min_rating: float | None = None

    def require_fit(self, cls: type[Recommender]) -> None:
        """Say now that these questions cannot be put to this algorithm.

        Raises:
            ConfigError: if it predicts no ratings, or there are none, and the metric needs them.
            DataError: if the data lack what it learns from, such as a catalog.
        """
        cls.require_data(self.splits[0][0])
        params.positive("n", self.n)
        explicit = self.splits[0][0].feedback == "explicit"
        if self.metric in OF_RATINGS:
            if not issubclass(cls, PredictsRatings):
                raise ConfigError(f"{cls.__name__} predicts no ratings, so it has no {self.metric}; tune it for ndcg")
            if not explicit:
                raise ConfigError(f"these data hold no ratings, so there is no {self.metric}; tune for ndcg")
        if self.min_rating is not None and (self.metric not in OF_LISTS or not explicit):
            raise ConfigError(f"min_rating={self.min_rating:g} needs ratings and one of {', '.join(OF_LISTS)}")

    def scores(self, model: Recommender) -> Iterator[FoldScore]:
        """The score on each split in turn; a split is not touched before its score is asked for."""
        for (train, held_out), groups in zip(self.splits, self._groups, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            value = self._measure(whole(model.clone().fit(train)), held_out)
            sums, counts = self._by_group(value, held_out, groups)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            yield FoldScore(float(value), sums.tolist(), counts.tolist(), round(wall, 3), round(cpu, 3))

    def _measure(self, model: Recommender, held_out: Interactions) -> MetricValue:
        measure = getattr(metrics, self.metric)
        if self.metric in OF_RATINGS:
            assert isinstance(model, PredictsRatings)
            of_ratings: MetricValue = measure(model.predict_ratings(held_out))
            return of_ratings
        lists = model.recommend(held_out.users_present(), self.n)
        relevance = {"min_rating": self.min_rating} if self.metric in OF_LISTS else {}
        of_lists: MetricValue = measure(lists, held_out, **relevance)
        return of_lists

    def _by_group(self, value: MetricValue, held_out: Interactions, groups: LongArray) -> tuple[RealArray, RealArray]:
        """Sums and counts of the users' values by group, from which `aggregate` makes the metric again."""
        known = ~np.isnan(value.per_user)
        users, each = value.users[known], value.per_user[known]
        weights = np.ones(len(users))
        if self.metric in OF_RATINGS:
            weights = np.bincount(held_out.users, minlength=held_out.n_users)[users].astype(np.float64)
            each = (each**2 if self.metric == "rmse" else each) * weights
        group = groups[users]
        sums = np.bincount(group, weights=each, minlength=GROUPS).astype(np.float64)
        return sums, np.bincount(group, weights=weights, minlength=GROUPS).astype(np.float64)

    @cached_property
    def _groups(self) -> list[LongArray]:
        """For each split, the group of each user: by the user's id, so that it is the same in every split."""
        by_ids = {id(train.user_ids): train.user_ids for train, _ in self.splits}
        made = {
            key: np.array([zlib.crc32(str(one).encode()) % GROUPS for one in ids.values], dtype=np.int64)
            for key, ids in by_ids.items()
        }
        return [made[id(train.user_ids)] for train, _ in self.splits]
