"""One algorithm going through the protocol: fitted, asked, measured and let go, stage after stage."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from longtail import params
from longtail.algorithms.base import Recommender
from longtail.algorithms.powers import Explains, PredictsRatings
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import LongtailError
from longtail.evaluation import long_tail, measures, resources
from longtail.evaluation.bakeoff.entries import Entry
from longtail.evaluation.findings import Outcome
from longtail.evaluation.progress import Reporter
from longtail.evaluation.protocols import Folds, Protocol
from longtail.evaluation.sample_user import Pick, SampleUser
from longtail.evaluation.similarity import ItemSimilarity

__all__ = ["STAGES", "Trial"]

T = TypeVar("T")

STAGES = 6
"""Stages an algorithm goes through at most: learning and answering, on each of three splits."""


class Trial:
    """One algorithm's run. Nothing it raises escapes, except an interrupt.

    Args:
        entry: the algorithm.
        folds: the splits, shared by all.
        protocol: what is measured.
        similarity: of items, for the diversity of lists.
        sample: whose recommendations to keep.
        reporter: told of every stage.
    """

    def __init__(
        self,
        entry: Entry,
        folds: Folds,
        protocol: Protocol,
        similarity: ItemSimilarity,
        sample: SampleUser,
        reporter: Reporter,
    ) -> None:
        self.entry, self.folds, self.protocol = entry, folds, protocol
        self.similarity, self.sample, self.reporter = similarity, sample, reporter
        self.outcome = Outcome(entry.label, entry.name, params.values(entry.model))
        self._predicts = folds.hidden is not None and isinstance(entry.model, PredictsRatings)
        self._usages: list[resources.Usage] = []

    def run(self) -> Outcome:
        """Go through every stage; an error ends the trial and stands in the outcome, in one line."""
        try:
            self._predict_hidden_ratings()
            self._find_hidden_items()
            self._list_for_everyone()
        except LongtailError as error:
            self.outcome.error = _one_line(str(error))
        except Exception as error:  # a plug-in may raise anything, and the others still want their turn
            self.outcome.error = _one_line(f"{type(error).__name__}: {error}")
        self._sum_costs()
        return self.outcome

    def _predict_hidden_ratings(self) -> None:
        if self.folds.hidden is None:
            return
        if not self._predicts:
            self.outcome.notes.append("predicts no ratings: no rating accuracy, and no floor under its lists")
            return
        train, test = self.folds.hidden
        model = self._fitted(train, "learns from part of the ratings")
        assert isinstance(model, PredictsRatings)
        predictions = self._measured(lambda: model.predict_ratings(test), "predicts the others", "predict_seconds")
        self.outcome.add(measures.accuracy(predictions))

    def _find_hidden_items(self) -> None:
        train, test = self.folds.left_out
        model, users = self._fitted(train, "learns from all but one of each user"), test.users_present()
        lists = self._measured(lambda: model.recommend(users, self.protocol.n), "looks for the hidden ones")
        self.outcome.add(measures.hits(lists, test, self.protocol.relevant))
        self.outcome.by_rating["hits"] = measures.by_rating(lists, test)
        if self._has_floor:
            lists = self._above_floor(model, lists)
            self.outcome.add(measures.hits(lists, test, self.protocol.relevant), measures.FLOORED)
            self.outcome.by_rating["floored"] = measures.by_rating(lists, test)

    def _list_for_everyone(self) -> None:
        model = self._fitted(self.folds.whole, "learns from all", "fit_seconds")
        lists = self._measured(lambda: model.recommend(n=self.protocol.n), "lists for everyone", "recommend_seconds")
        self.outcome.picks = self._picks(model, lists)
        if self._has_floor:
            lists = self._above_floor(model, lists)
        self.outcome.add(measures.beyond_accuracy(lists, self.folds.whole, self.similarity))
        self.outcome.tail = long_tail.recommendation_curve(lists, self.folds.whole)

    @property
    def _has_floor(self) -> bool:
        return self._predicts and self.protocol.floor is not None

    def _above_floor(self, model: Recommender, lists: TopN) -> TopN:
        """The lists without what is predicted below the floor: cut short where the ratings rank, else made anew."""
        floor = self.protocol.floor
        if not model.scores_are_ratings:
            return model.recommend(lists.user_ids[lists.users], self.protocol.n, min_rating=floor)
        above = lists.scores >= np.float32(floor)
        scores = np.where(above, lists.scores, np.float32(-np.inf))
        return dataclasses.replace(lists, items=np.where(above, lists.items, -1), scores=scores)

    def _picks(self, model: Recommender, lists: TopN) -> list[Pick]:
        """The sample user's recommendations, without the floor, with predicted ratings and reasons where known."""
        row = np.flatnonzero(lists.users == lists.user_ids.index([self.sample.id])[0])
        mine = dataclasses.replace(lists, users=lists.users[row], items=lists.items[row], scores=lists.scores[row])
        lines = mine.to_frame().rows(named=True)
        items = [line["item"] for line in lines]
        ratings: list[float | None] = [None] * len(lines)
        if isinstance(model, PredictsRatings) and self._predicts:
            ratings = model.predict([self.sample.id] * len(items), items).tolist()
        picks = []
        for line, rating in zip(lines, ratings, strict=True):
            reason = model.explain(self.sample.id, line["item"]).text if isinstance(model, Explains) else ""
            picks.append(Pick(line["item"], line.get("title") or str(line["item"]), rating, reason))
        return picks

    # -- measuring ---------------------------------------------------------------------------------------------------

    def _fitted(self, train: Interactions, stage: str, key: str = "") -> Recommender:
        model = self.entry.model.clone()
        return self._measured(lambda: model.fit(train), stage, key)

    def _measured(self, work: Callable[[], T], stage: str, key: str = "") -> T:
        self.reporter.stage(self.entry.label, stage)
        with resources.measure() as usage:
            self._usages.append(usage)
            made = work()
        if key:
            self.outcome.values[key] = usage.wall
        return made

    def _sum_costs(self) -> None:
        """Sums over the stages; memory is judged on the stages that compiled nothing, where there are any."""
        self.outcome.compile_seconds = sum(usage.compiling for usage in self._usages)
        self.outcome.values["cpu_seconds"] = sum(usage.cpu for usage in self._usages)
        warm = [usage for usage in self._usages if not usage.compiling] or self._usages
        peaks = [usage.peak for usage in warm if usage.peak is not None]
        self.outcome.values["peak_mb"] = max(peaks) / 1e6 if peaks else None


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
