"""`Bakeoff`: compare recommenders on one data set."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import longtail
from longtail import params
from longtail.algorithms.base import Recommender
from longtail.data.interactions import Interactions
from longtail.evaluation import leakage, learning_curve, people, protocols, resources, sample_user, significance
from longtail.evaluation.bakeoff.entries import Entry, entries
from longtail.evaluation.bakeoff.journal import Journal
from longtail.evaluation.bakeoff.opening import nothing_yet, warm_up
from longtail.evaluation.bakeoff.part import Part, combined
from longtail.evaluation.bakeoff.result import BakeoffResult
from longtail.evaluation.bakeoff.trial import STAGES, Terms, Trial
from longtail.evaluation.findings import Outcome
from longtail.evaluation.learning_curve import Order, checked_shares, smaller
from longtail.evaluation.metrics.similarity import ItemSimilarity, rating_cosine, vector_cosine
from longtail.evaluation.progress import Reporter, reporting
from longtail.evaluation.protocols import Fold, Protocol

__all__ = ["Bakeoff"]

PartOf = Callable[[Entry, int | None, Fold], Part]
"""What an algorithm, with a seed, does on a fold: kept from before, or done now."""


class Bakeoff:
    """Compare recommenders on one data set: the same splits for all, one after another.

    Args:
        data: all the interactions; the protocol splits them.
        algorithms: names ("svd"), specs ("svd:factors=64") or unfitted recommenders; by default the line-up of the
            registry. A recommender is copied, never fitted itself.
        protocol: the name of one of `PROTOCOLS`, a spec ("temporal:fraction=0.1"), or a `Protocol`.
        seed: of the splits, and of every algorithm given by name and without a seed of its own; by default the
            protocol's.
        repeats: how often an algorithm with a seed runs on every fold, each time with the next seed.
        user: external id of the user whose recommendations to show, or a list of several; by default user 85 where
            there is one with at least 20 interactions, else one with a history of median length.
        n: places in a list; by default the protocol's.
        name: what to call the data in the report.
        accept: names of leaks (`leakage.CHECKS`) that are no reason to stop, besides those the protocol accepts.
        curve: shares of the training data, such as (0.1, 0.25, 0.5, 1), for learning curves on the same test part.
        curve_order: what is kept of each user's rows, "random" ones or the "earliest".

    Raises:
        ConfigError: for an unknown algorithm, protocol or hyperparameter, or the same algorithm twice alike.
        UnknownIdError: for an unknown user.
        DataError: for data in which nothing can be hidden.

    Examples:
        >>> from longtail.data.interactions import Interactions
        >>> rows = {"user": [1, 1, 2, 2, 3, 3], "item": [1, 2, 2, 3, 3, 1], "rating": [5.0, 3.0, 4.0, 5.0, 4.0, 2.0]}
        >>> result = Bakeoff(Interactions.from_frame(rows), ["popular"]).run(progress=False)
        >>> result.to_frame()["algorithm"].to_list()
        ['popular']
    """

    def __init__(
        self,
        data: Interactions,
        algorithms: Sequence[str | Recommender] | None = None,
        protocol: str | Protocol = "classic",
        *,
        seed: int | None = None,
        repeats: int = 1,
        user: Any = None,
        n: int | None = None,
        name: str = "",
        accept: Iterable[str] = (),
        curve: Sequence[float] = (),
        curve_order: Order = "random",
    ) -> None:
        chosen = protocols.named(protocol, data) if isinstance(protocol, str) else protocol
        self.name = name
        self.protocol: Protocol = dataclasses.replace(
            chosen, seed=chosen.seed if seed is None else seed, n=chosen.n if n is None else n
        )
        self.repeats = params.positive("repeats", repeats)
        self.entries = entries(algorithms, self.protocol.seed)
        self.data = self.protocol.seen(data)
        wanted = list(user) if isinstance(user, (list, tuple)) else [] if user is None else [user]
        self.sample = sample_user.choose(self.data, wanted[0] if wanted else None)
        self.folds = protocols.ready(self.protocol.folds(self.data))
        self.accepted = leakage.named(accept) | self.protocol.accepts
        self.curve = checked_shares(curve, curve_order)
        self.curve_order: Order = curve_order
        self._curve_folds = {
            (fold.name, share): protocols.ready([smaller(fold, share, curve_order, self.protocol.seed)])[0]
            for fold in learning_curve.folds_for(self.folds)
            for share in self.curve
            if share < 1
        }
        self._looked_at = people.fold_for(self.folds)
        self._people = (
            people.choose(self._looked_at, wanted[1:], self.protocol.seed, besides=[self.sample.id])
            if self._looked_at
            else []
        )
        self._similarities: dict[str, ItemSimilarity] = {}

    @functools.cached_property
    def audit(self) -> leakage.Audit:
        """What the folds, and the algorithms as they were handed in, let a model know that it could not have known."""
        models = {entry.label: entry.model for entry in self.entries}
        return leakage.of_folds(self.folds, models, self.protocol, self.accepted)

    def run(self, *, progress: bool = True, folder: str | Path | None = None) -> BakeoffResult:
        """Run every algorithm and collect the figures.

        An algorithm that fails is reported with its error and does not stop the others. Ctrl-C ends the run and
        leaves what is finished; the labels of the others stand in `result.not_run`.

        Args:
            progress: show a bar on a terminal, a line for each algorithm elsewhere; False for silence.
            folder: keep the run here: what is finished is written at once, and a run of the same data, protocol and
                algorithms goes on from it, repeating nothing.

        Raises:
            LeakageError: if the audit fails; nothing has been fitted then.
            ConfigError: if the folder holds another run.
            DataError: if it cannot be written.
        """
        began = time.perf_counter()
        with resources.compiling() as compiler:
            self.audit.raise_if_failed()
            journal = Journal(folder, self._setting, self.accepted)
            result = nothing_yet(self.data, self.protocol, self.folds, self.audit, self.sample, self.name)
            result.curve = {"shares": list(self.curve), "order": self.curve_order} if self.curve else {}
            warm_up()
            self._run_all(result, journal, progress)
            self._settle_people(result)
            result.comparisons = significance.record(
                {outcome.label: outcome.per_seed for outcome in result.outcomes if not outcome.error}
            )
        result.compile_seconds = journal.compiling + compiler.compiling
        result.seconds = journal.seconds + time.perf_counter() - began
        journal.finish(result)
        return result

    def _run_all(self, result: BakeoffResult, journal: Journal, progress: bool) -> None:
        """Every algorithm, one after another; an interrupt ends it and leaves what is finished."""
        labels = [entry.label for entry in self.entries]
        with resources.frozen_heap(), reporting(len(labels), self._stages, show=progress) as reporter:
            part_of = functools.partial(self._part, journal, reporter)
            try:
                for entry in self.entries:
                    outcome = self._outcome(entry, part_of)
                    result.outcomes.append(outcome)
                    reporter.finished(entry.label, outcome.error or f"{outcome.values['cpu_seconds']:.1f} CPU seconds")
            except KeyboardInterrupt:
                result.not_run = labels[len(result.outcomes) :]

    def _outcome(self, entry: Entry, part_of: PartOf) -> Outcome:
        """An algorithm on every fold, with every seed; the first error ends it."""
        parts: list[Part] = []
        for seed, fold in itertools.product(entry.seeds(self.repeats), self.folds):
            parts.append(part_of(entry, seed, fold))
            if parts[-1].error:
                return combined(entry, parts)
        outcome = combined(entry, parts)
        outcome.curve = self._curve(entry, parts, part_of)
        return outcome

    def _part(self, journal: Journal, reporter: Reporter, entry: Entry, seed: int | None, fold: Fold) -> Part:
        """From the folder where it is kept there, else made now."""
        parameters = params.values(entry.model)
        part = journal.kept(entry.label, parameters, fold.name, seed)
        if part is None:
            part = self._trial(entry, seed, fold, reporter).run()
            journal.keep(entry.label, parameters, part)
        return part

    def _curve(self, entry: Entry, whole: list[Part], part_of: PartOf) -> list[dict[str, Any]]:
        """The figures by share of the training data, with the first seed; a share that fails is left out."""
        seed = entry.seeds(1)[0]
        made = {(part.fold, 1.0): part for part in whole if part.seed == seed}
        for key, fold in self._curve_folds.items():
            made[key] = part_of(entry, seed, fold)
        points = []
        for share in self.curve:
            point: dict[str, Any] = {"share": share, "figures": {}}
            for fold in learning_curve.folds_for(self.folds):
                part = made[fold.name, share]
                if not part.error:
                    point["figures"] |= learning_curve.figures(part.measured)
            points.append(point)
        return points

    def _trial(self, entry: Entry, seed: int | None, fold: Fold, reporter: Reporter) -> Trial:
        shown = self._people if fold is self._looked_at else ()
        terms = Terms(self.protocol, self._similarity(fold.train), self.sample, shown, self.accepted)
        return Trial(entry.label, entry.model, seed, fold, terms, reporter)

    @property
    def _stages(self) -> int:
        return STAGES * (len(self.folds) * self.repeats + len(self._curve_folds))

    @functools.cached_property
    def _setting(self) -> dict[str, Any]:
        """What makes two runs the same: with equal settings, equal algorithms give equal figures."""
        catalog = self.data.catalog
        return {
            "data": self.data.fingerprint,
            "catalog": None if catalog is None else catalog.fingerprint,
            "protocol": {"name": self.protocol.name, **self.protocol.parameters()},
            "user": [self.sample.id, *(person["id"] for person in self._people)],
            "version": longtail.__version__,
        }

    def _similarity(self, train: Interactions) -> ItemSimilarity:
        """How alike two items are: by the ratings of their common raters; without ratings, by who met both."""
        if train.fingerprint not in self._similarities:
            make = rating_cosine if train.feedback == "explicit" else vector_cosine
            self._similarities[train.fingerprint] = make(train)
        return self._similarities[train.fingerprint]

    def _settle_people(self, result: BakeoffResult) -> None:
        """Keep of the people drawn the one over whom the finished algorithms disagree most."""
        finished = [outcome for outcome in result.outcomes if len(outcome.people) == len(self._people)]
        kept = people.settled(self._people, [outcome.people for outcome in finished])
        result.people = [self._people[at] for at in kept]
        for outcome in result.outcomes:
            outcome.people = [outcome.people[at] for at in kept] if outcome in finished else []
