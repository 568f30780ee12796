"""One algorithm, with one seed, on one fold: fitted, asked, measured and let go."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from longtail.algorithms.base import Recommender, whole
from longtail.algorithms.powers import Explains, PredictsRatings
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import LongtailError
from longtail.evaluation import long_tail, measures, primitive, resources, segments, ties
from longtail.evaluation.bakeoff import new_items
from longtail.evaluation.bakeoff.part import Part
from longtail.evaluation.bakeoff.portraits import portraits
from longtail.evaluation.leakage import folds, treatment
from longtail.evaluation.metrics.similarity import ItemSimilarity
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.people import Person
from longtail.evaluation.progress import Reporter
from longtail.evaluation.protocols import Fold, Protocol
from longtail.evaluation.sample_user import Pick, SampleUser
from longtail.types import AnyArray

__all__ = ["STAGES", "Terms", "Trial"]

T = TypeVar("T")

STAGES = 3
"""Stages of a trial at most: learning, predicting and listing."""


@dataclass(frozen=True)
class Terms:
    """What all trials on a fold have in common.

    Attributes:
        protocol: what counts.
        similarity: of items, for the diversity of lists.
        sample: whose recommendations to keep.
        people: of the fold, whose lists to keep.
        accepted: leaks that do not disqualify an algorithm.
    """

    protocol: Protocol
    similarity: ItemSimilarity
    sample: SampleUser
    people: Sequence[Person] = ()
    accepted: frozenset[str] = frozenset()


class Trial:
    """One algorithm's run on one fold. Nothing it raises escapes, except an interrupt.

    Args:
        label: how the algorithm is called.
        model: the algorithm, unfitted; it is copied.
        seed: of the algorithm, in place of its own; None where it has none.
        fold: what to learn from and what is asked.
        terms: what all trials on the fold have in common.
        reporter: told of every stage.
    """

    def __init__(
        self, label: str, model: Recommender, seed: int | None, fold: Fold, terms: Terms, reporter: Reporter
    ) -> None:
        self.label, self.fold, self.terms, self.reporter = label, fold, terms, reporter
        self.protocol = terms.protocol
        self.part = Part(fold.name, fold.asks, seed)
        self._model = model.clone() if seed is None else model.clone(seed=seed)
        self._predicts = fold.train.feedback == "explicit" and isinstance(model, PredictsRatings)

    def run(self) -> Part:
        """Go through every stage; an error ends the trial and stands in the part, in one line."""
        try:
            self._go_through()
        except LongtailError as error:
            self.part.error = _one_line(str(error))
        except Exception as error:  # a plug-in may raise anything, and the others still want their turn
            self.part.error = _one_line(f"{type(error).__name__}: {error}")
        return self.part

    def _go_through(self) -> None:
        asks = self.fold.asks
        if "ratings" in asks and not self._predicts:
            floor = ", and no floor under its lists" if self.protocol.floor is not None else ""
            self.part.notes.append(f"predicts no ratings: no rating accuracy{floor}")
            if asks == ("ratings",):
                return
        model = self._measured(
            lambda: whole(self._model.fit(self.fold.train)), f"learns: {self.fold.name}", "fit_seconds"
        )
        self.part.notes += folds.require_learned_here(self.fold, self.label, model, self.terms.accepted)
        if "ratings" in asks and self._predicts:
            self._predict(model)
        if set(asks) - {"ratings"}:
            self._list(model)

    def _predict(self, model: Recommender) -> None:
        test = self.fold.test
        assert test is not None
        assert isinstance(model, PredictsRatings)
        predictions = self._measured(lambda: model.predict_ratings(test), "predicts", "predict_seconds")
        self.part.add(measures.accuracy(predictions))
        self._add_segments(segments.of_ratings(predictions, self._parted))
        self.part.treated |= treatment.of_predictions(predictions, self.fold.train)

    def _list(self, model: Recommender) -> None:
        made = self._measured(lambda: self._lists(model), f"lists: {self.fold.name}", "recommend_seconds")
        lists = self._settled(made)
        self.part.notes.extend(new_items.notes(lists, self.fold))
        above = self._above_floor(model, lists) if self._has_floor else None
        if self.fold.test is not None:
            self._look_for_hidden(lists, above, self.fold.test)
        if self.terms.people:
            self.part.people = portraits(model, self.fold, lists, self.terms.people)
        if "beyond" in self.fold.asks:
            self.part.picks = self._picks(model)
            judged = lists if above is None else above
            self.part.add(self._beyond_accuracy(judged))
            self.part.tail = long_tail.recommendation_curve(judged, self.fold.train)

    def _look_for_hidden(self, lists: TopN, above: TopN | None, test: Interactions) -> None:
        """Judge lists, and what of them is above the floor, by what is hidden."""
        self.part.treated |= treatment.of_lists(lists, self.fold.train, test, self.fold.given)
        self._judge(lists, test, "hits")
        if {"hits", "ranking"} & set(self.fold.asks):
            self._add_segments(segments.of_lists(lists, test, self._parted))
        if above is not None:
            self._judge(above, test, "floored", measures.FLOORED)

    @property
    def _parted(self) -> segments.Segments:
        return segments.Segments.of(self.fold.train, self.fold.given)

    def _add_segments(self, found: dict[str, Any]) -> None:
        self.part.segments = segments.summed([self.part.segments, found])

    def _judge(self, lists: TopN, test: Interactions, how: str, prefix: str = "") -> None:
        if "hits" in self.fold.asks:
            self.part.add(measures.hits(lists, test, self.protocol.relevant), prefix)
            self.part.by_rating[how] = measures.by_rating(lists, test)
        if "ranking" in self.fold.asks:
            self.part.add(measures.ranking(lists, test, self.fold.train, self._expected(lists)), prefix)

    def _beyond_accuracy(self, lists: TopN) -> dict[str, MetricValue]:
        train, given, expected = self.fold.train, self.fold.given, self._expected(lists)
        return measures.beyond_accuracy(lists, train, self.terms.similarity, history=given, expected=expected)

    def _expected(self, lists: TopN) -> TopN:
        """What is popular: a list that surprises nobody."""
        fold = self.fold
        among = fold.candidates if fold.negatives is None else fold.allowed
        return primitive.popular_lists(lists, fold.train, fold.given, among)

    # -- lists -------------------------------------------------------------------------------------------------------

    def _lists(self, model: Recommender, min_rating: float | None = None) -> TopN:
        """The lists the fold asks for."""
        fold, n = self.fold, self.protocol.n + (self.fold.ties == "worst")
        options: dict[str, Any] = {"exclude": fold.exclude, "candidates": fold.allowed, "min_rating": min_rating}
        if fold.given is not None:
            found = model.recommend_for(fold.given, n, users=fold.asked, **options)
            return dataclasses.replace(found, user_ids=fold.train.user_ids)
        return model.recommend(fold.asked, n, **options)

    def _settled(self, lists: TopN) -> TopN:
        """Lists as they are judged, hidden items after those of the same score where the fold says so."""
        if self.fold.ties != "worst" or self.fold.test is None:
            return lists
        return ties.hidden_last(lists, self.fold.test)

    @property
    def _has_floor(self) -> bool:
        return self._predicts and self.protocol.floor is not None

    def _above_floor(self, model: Recommender, lists: TopN) -> TopN:
        """The lists without what is predicted below the floor: cut short where the ratings rank, else made anew."""
        floor = self.protocol.floor
        if not model.scores_are_ratings:
            return self._settled(self._lists(model, min_rating=floor))
        above = lists.scores >= np.float32(floor)
        scores = np.where(above, lists.scores, np.float32(-np.inf))
        return dataclasses.replace(lists, items=np.where(above, lists.items, -1), scores=scores)

    @property
    def _candidates(self) -> AnyArray | None:
        """External ids of the only items anybody may be listed; None for all."""
        candidates = self.fold.candidates
        return None if candidates is None else self.fold.train.item_ids[candidates]

    def _picks(self, model: Recommender) -> list[Pick]:
        """The sample user's recommendations, without the floor, with predicted ratings and reasons where known."""
        who, train, given = self.terms.sample.id, self.fold.train, self.fold.given
        index = train.user_ids.index([who])[0]
        known = bool(train.user_counts[index])
        if known:
            made = model.recommend([who], self.protocol.n, exclude=self.fold.exclude, candidates=self._candidates)
        elif given is not None and given.user_counts[index]:
            options: dict[str, Any] = {"exclude": self.fold.exclude, "candidates": self._candidates}
            made = model.recommend_for(given, self.protocol.n, users=[who], **options)
        else:
            return []
        lines = made.to_frame().rows(named=True)
        items = [line["item"] for line in lines]
        ratings: list[float | None] = [None] * len(lines)
        if known and isinstance(model, PredictsRatings) and self._predicts:
            ratings = model.predict([who] * len(items), items).tolist()
        picks = []
        for line, rating in zip(lines, ratings, strict=True):
            reason = model.explain(who, line["item"]).text if known and isinstance(model, Explains) else ""
            picks.append(Pick(line["item"], line.get("title") or str(line["item"]), rating, reason))
        return picks

    # -- measuring ---------------------------------------------------------------------------------------------------

    def _measured(self, work: Callable[[], T], stage: str, key: str) -> T:
        self.reporter.stage(self.label, stage)
        with resources.measure() as usage:
            self.part.usages.append(usage)
            made = work()
        self.part.seconds[key] = usage.wall
        return made


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
