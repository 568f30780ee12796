"""`churn`: how much lists change, when a rating is added, from one day to the next, and by chance alone."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from longtail import params
from longtail.algorithms.base import Recommender, whole
from longtail.algorithms.powers import LearnsOnline
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError
from longtail.evaluation.behavior.probes import Probes
from longtail.evaluation.behavior.responsiveness import Responsiveness, respond
from longtail.evaluation.behavior.seeds import reseeded
from longtail.evaluation.intervals import of_mean
from longtail.evaluation.metrics.comparison import rank_biased_overlap, top_n_change
from longtail.evaluation.metrics.value import MetricValue
from longtail.rng import generator

__all__ = ["ANOTHER_SEED", "Change", "Churn", "churn", "churned"]

DAY = 86_400
ANOTHER_SEED = "another seed"
OLD_RATING = "an old rating again, online"
ONE_RATING = {"fold-in": "one rating, folded in", "online": "one rating, online", "retrain": "one rating, retrained"}


@dataclass(frozen=True, eq=False)
class Change:
    """How much lists changed for one reason.

    Attributes:
        cause: what was different.
        missing: why there is nothing to tell; empty where it was measured.
        overlap: rank-biased overlap of the new lists with the old; 1 is no change.
        changed: share of each new list that the old one lacks.
    """

    cause: str
    missing: str = ""
    overlap: MetricValue | None = None
    changed: MetricValue | None = None

    @classmethod
    def between(cls, cause: str, after: TopN, before: TopN) -> Change:
        """Compare two sets of lists."""
        return cls(cause, "", rank_biased_overlap(after, before), top_n_change(after, before))

    def to_dict(self) -> dict[str, Any]:
        """The means with 95 % intervals, as JSON values."""
        row: dict[str, Any] = {"cause": self.cause, "missing": self.missing, "users": 0} | dict.fromkeys(_FIGURES)
        if self.overlap is None or self.changed is None:
            return row
        row["users"] = int((~np.isnan(self.overlap.per_user)).sum())
        for name, values in (("change", 1.0 - self.overlap.per_user), ("new_items", self.changed.per_user)):
            edges = [None if np.isnan(edge) else float(edge) for edge in of_mean(values, least=0, most=1)]
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), edges, strict=True))
        return row


_FIGURES = ("change", "change_low", "change_high", "new_items", "new_items_low", "new_items_high")
_SCHEMA = {"cause": pl.String, "missing": pl.String, "users": pl.Int64, **dict.fromkeys(_FIGURES, pl.Float64)}


@dataclass(frozen=True, eq=False)
class Churn:
    """How much a recommender's lists change.

    Attributes:
        algorithm: name or spec.
        n: places in a list.
        changes: by cause; the first is what another seed changes, with nothing new to know: noise.
    """

    algorithm: str
    n: int
    changes: list[Change]

    def by(self, cause: str) -> Change:
        """The change for one reason."""
        return next(change for change in self.changes if change.cause == cause)

    @property
    def noise(self) -> Change:
        """What another seed changes: churn below it may be chance."""
        return self.by(ANOTHER_SEED)

    def to_frame(self) -> pl.DataFrame:
        """One row a cause; `change` is 1 - RBO, `new_items` the share of new items."""
        return pl.DataFrame([change.to_dict() for change in self.changes], schema=_SCHEMA)

    def to_json(self) -> str:
        """The same rows, under the algorithm's name."""
        return json.dumps(
            {"algorithm": self.algorithm, "n": self.n, "changes": [change.to_dict() for change in self.changes]}
        )


def churn(
    model: Recommender,
    data: Interactions,
    *,
    n: int = 10,
    users: int = 200,
    probes: int = 30,
    retrains: int = 3,
    days: float = 1.0,
    seed: int = 0,
) -> Churn:
    """How much lists change: by another seed (noise), by one more rating, and between two models a day apart.

    - another seed: two models fitted on the same data, the second and its members with the next seed. All of it is
      noise, and a refit may bring as much without anything new to learn.
    - an old rating again, online: `learn` of a rating that the model was fitted with. All of it comes of how the model
      learns online (such as solving anew for a user whom the fit had left elsewhere): noise too.
    - one rating, folded in, learned online or retrained: see `responsiveness`. The rated item itself does not count.
    - a day later: fitted on what was there a day before the last row, and on all. Those who did something that day and
      those who did nothing stand apart: what changes for the latter, others brought about.

    Args:
        model: unfitted; it is copied.
        data: the ratings.
        n: places in a list.
        users: how many lists to compare for another seed and a day later.
        probes: users who give one more rating.
        retrains: how many of them by fitting anew, each a fit of its own.
        days: how far apart the two models are.
        seed: of every choice of users and ratings.

    Raises:
        ConfigError: if `days` is not positive.
        DataError: as `responsiveness`.

    Examples:
        >>> import longtail as lt
        >>> from longtail.data.synthetic import synthetic
        >>> found = churn(lt.make("popular"), synthetic(users=60, items=40, ratings=900), probes=4, retrains=1)
        >>> found.noise.missing
        'it has no seed: nothing is left to chance'
    """
    chosen = Probes.of(data, probes, seed=seed)
    fitted = whole(model.clone().fit(chosen.base))
    answers = respond(fitted, chosen, n=n, retrains=retrains)
    return churned(fitted, chosen, answers, users=users, days=days, seed=seed)


def churned(
    fitted: Recommender, probes: Probes, answers: Responsiveness, *, users: int, days: float, seed: int
) -> Churn:
    """The same, of a model fitted on `probes.base`, and of what it answered."""
    if not 0 < days < math.inf:
        raise ConfigError(f"days must be above 0 and finite, not {days!r}")
    ratings = [Change(ONE_RATING[one.way], one.missing, one.overlap, one.changed) for one in answers.responses]
    again = _old_rating(fitted, probes, answers.n)
    sample = _Sample(fitted, answers.n, params.positive("users", users), seed)
    changes = [sample.another_seed(probes.base), again, *ratings, *sample.days_apart(probes.data, days)]
    return Churn(answers.algorithm, answers.n, changes)


def _old_rating(fitted: Recommender, probes: Probes, n: int) -> Change:
    """What learning online changes where there is nothing to learn."""
    if not isinstance(fitted, LearnsOnline):
        return Change(OLD_RATING, "it does not learn online")
    users = [probes.user(probe) for probe in range(len(probes))]
    before, rows = fitted.recommend(users, n), []
    for probe, user in enumerate(users):
        item, value = next(iter(probes.history(probe).items()))
        rows.append(copy.copy(fitted).learn([user], [item], [value]).recommend([user], n))
    items, scores = (np.vstack([getattr(row, name) for row in rows]) for name in ("items", "scores"))
    return Change.between(OLD_RATING, dataclasses.replace(before, items=items, scores=scores), before)


@dataclass(frozen=True, eq=False)
class _Sample:
    fitted: Recommender
    n: int
    users: int
    seed: int

    def another_seed(self, data: Interactions) -> Change:
        """What chance alone changes."""
        unfitted = reseeded(self.fitted)
        if unfitted is None:
            return Change(ANOTHER_SEED, "it has no seed: nothing is left to chance")
        other, asked = whole(unfitted.fit(data)), self._of(data)
        return Change.between(ANOTHER_SEED, other.recommend(asked, self.n), self.fitted.recommend(asked, self.n))

    def days_apart(self, data: Interactions, days: float) -> list[Change]:
        """What the last days change, for those who did something in them and for those who did not."""
        span = "a day later" if days == 1 else f"{days:g} days later"
        causes = f"{span}, active users", f"{span}, idle users"
        if data.times is None:
            return [Change(cause, "the data have no times") for cause in causes]
        early = data.times < data.times.max() - int(days * DAY) + 1
        if not early.any():
            return [Change(cause, f"the data span less than {days:g} days") for cause in causes]
        before = whole(self.fitted.clone().fit(data.take(early)))
        after = whole(self.fitted.clone().fit(data))
        active = np.zeros(data.n_users, dtype=np.bool_)
        active[data.users[~early]] = True
        found = []
        for cause, wanted in zip(causes, (active, ~active), strict=True):
            asked = self._of(data.take(early & wanted[data.users]))
            if asked:
                found.append(Change.between(cause, after.recommend(asked, self.n), before.recommend(asked, self.n)))
            else:
                found.append(Change(cause, "there are none"))
        return found

    def _of(self, data: Interactions) -> list[Any]:
        """Some of the users who have rows here, in index order."""
        present = np.flatnonzero(data.user_counts)
        draw = generator(self.seed, "behavior", "users").random(data.n_users)
        chosen = np.sort(present[np.argsort(draw[present], kind="stable")][: self.users])
        listed: list[Any] = data.user_ids[chosen].tolist()
        return listed
