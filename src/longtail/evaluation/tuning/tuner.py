"""`Tuner`: choose an algorithm's hyperparameters by validation nested inside the training data."""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import longtail
from longtail import params, registry
from longtail.algorithms.base import Recommender
from longtail.data.interactions import Interactions
from longtail.data.splits import Split
from longtail.errors import ConfigError, LongtailError
from longtail.evaluation.leakage.seen import Seen
from longtail.evaluation.tuning.examination import Examination, Validation, inner_splits, metric_named
from longtail.evaluation.tuning.result import TuningResult
from longtail.evaluation.tuning.session import Prune, Session
from longtail.evaluation.tuning.space import Given, grid_space, search_space
from longtail.evaluation.tuning.study import Sampler, open_study, quiet
from longtail.evaluation.tuning.telling import Telling
from longtail.evaluation.tuning.trials import INTERRUPTED, Trial, plain
from longtail.evaluation.tuning.workers import workers
from longtail.extras import require

__all__ = ["Tuner"]


class Tuner:
    """Search the hyperparameters of one algorithm on one training set.

    The training data are divided once into inner training and inner validation parts; every trial fits on the first and
    is scored on the second. Give it training data only: what is held out for the final judgement must stay outside.
    The first trial is always the current parameters.

    Args:
        algorithm: a name ("svd"), a spec ("svd:epochs=20", whose parameters stay fixed), a class, or an unfitted
            recommender, which is copied.
        data: the training data; None where `splits` are given.
        metric: what to tune for: rmse, mae, ndcg, precision, recall, map, mrr, hit_rate or arhr.
        n: places in a list, for the metrics of lists.
        min_rating: held-out ratings from here on are relevant; None makes every held-out row relevant.
        validation: "holdout", "folds", "leave-one-out", "last" or "time", as `inner_splits` explains.
        fraction: the part held out, for "holdout" and "time".
        folds: how many, for "folds".
        splits: pairs (inner training, inner validation) of your own instead of all that.
        space: ranges and choices that replace those of the fields, as `search_space` takes them.
        fixed: parameters that keep one value.
        grid: parameters with lists of values: every combination is tried, and nothing else.
        sampler: "tpe" or "random".
        prune: give a trial up between two splits: "median" where its mean is worse than the median of the others' on
            the same splits, a number where it lags the best by more than that, None never.
        seed: of the inner splits and of the sampler.
        study: a file to keep the study in, so that it can be resumed; None keeps it in memory.
        resume: go on with the study in that file.
        name: what to call the data.

    Raises:
        ConfigError: for anything that cannot be: an unknown algorithm, metric or parameter, nothing to search, ratings
            asked of an algorithm that predicts none, a study of something else.
        DataError: for data that cannot be divided so.
        MissingExtraError: if Optuna is not installed.

    Examples:
        >>> import longtail as lt
        >>> train = lt.datasets.synthetic(users=60, items=40, ratings=900, seed=1)
        >>> result = lt.Tuner("bias", train, metric="rmse", seed=1).run(trials=4, progress=False)
        >>> len(result.trials), result.best.value <= result.defaults.value
        (4, True)
        >>> result.trials[0].origin
        'defaults'
    """

    def __init__(
        self,
        algorithm: str | type[Recommender] | Recommender,
        data: Interactions | None = None,
        *,
        metric: str = "ndcg",
        n: int = 10,
        min_rating: float | None = None,
        validation: Validation = "holdout",
        fraction: float = 0.2,
        folds: int = 5,
        splits: Sequence[Split] | None = None,
        space: Given | None = None,
        fixed: Mapping[str, Any] | None = None,
        grid: Given | None = None,
        sampler: Sampler = "tpe",
        prune: Prune = "median",
        seed: int = 0,
        study: str | Path | None = None,
        resume: bool = False,
        name: str = "",
    ) -> None:
        require("optuna", extra="tune")
        self.metric = metric_named(metric)
        self.base, fixed = _base(algorithm, fixed or {})
        self.algorithm, cls = _name(type(self.base)), type(self.base)
        self.space = grid_space(cls, grid) if grid else search_space(cls, space, without=list(fixed))
        self.fixed, self.is_grid, self.name = fixed, bool(grid), name
        self.sampler, self.prune, self.seed = sampler, _prune(prune), seed
        self.study, self.resume = Path(study) if study is not None else None, resume
        if grid and (space or set(fixed) & set(grid)):
            raise ConfigError("a grid is the whole search: give no space with it, and fix none of its parameters")
        if not self.space:
            raise ConfigError(f"{self.algorithm} has no parameter to search; give a range, such as name=low:high")
        if (data is None) == (splits is None):
            raise ConfigError("give the training data, or splits of your own")
        made = splits or inner_splits(data, validation, fraction=fraction, folds=folds, seed=seed)  # type: ignore[arg-type]
        self._parts = [data] if data is not None else [part for pair in made for part in pair]
        self.examination = Examination(list(made), self.metric.name, n, min_rating)
        self.examination.require_fit(cls)
        how = {
            "holdout": f"holdout of {fraction:g}",
            "time": f"the last {fraction:g} by time",
            "folds": f"{folds} folds",
        }
        self.facts = {
            "algorithm": self.algorithm,
            "data": [part.fingerprint for part in self._parts],
            "metric": self.metric.name,
            "n": n,
            "min_rating": min_rating,
            "validation": how.get(validation, validation) if splits is None else f"{len(made)} splits",
            "seed": seed,
            "grid": self.is_grid,
            "space": {name: entry.text for name, entry in self.space.items()},
            "start": plain(params.values(self.base)),
        }

    def run(
        self, trials: int = 50, *, jobs: int = 1, seconds: float | None = None, progress: bool = True
    ) -> TuningResult:
        """Run trials until the study has as many, and say what was found.

        Ctrl-C ends the run and keeps the trials that are through. With more than one job the result is not
        reproducible: which trials the sampler knows of when it proposes the next depends on the clock.

        Args:
            trials: how many in all, with those of a resumed study; without effect on a grid.
            jobs: trials at the same time, each a process of its own when there are two or more (a script then needs
                `if __name__ == "__main__":`).
            seconds: begin nothing new after so long; None for no limit. A trial stops at its next split.
            progress: print a line for each trial to standard error.

        Raises:
            ConfigError: for a number below 1, or a study that cannot be opened.
            LongtailError: if no trial came through; the first reason is named.
        """
        trials, jobs = params.positive("trials", trials), params.positive("jobs", jobs)
        if seconds is not None and not (seconds > 0 and math.isfinite(seconds)):
            raise ConfigError(f"seconds must be above 0, not {seconds!r}")
        began = time.perf_counter()
        with quiet():
            study = self._open()
            telling = Telling(self.metric, list(self.space), show=progress)
            session = Session(
                study,
                self.base,
                self.space,
                self._plan(study),
                only_plan=self.is_grid,
                n_splits=len(self.examination.splits),
                higher=bool(self.metric.higher_is_better),
                prune=None if self.is_grid else self.prune,
                finished=telling.finished,
            )
            with workers(self.examination, jobs) as crew:
                interrupted = session.run(crew, trials, began + seconds if seconds else math.inf)
            result = self._result(study, session, interrupted, time.perf_counter() - began)
        if result.best is None and not interrupted:
            reason = next((trial.error for trial in result.trials if trial.error), "there was no time for one")
            raise LongtailError(f"no trial came through; the first: {reason}")
        return result

    def _open(self) -> Any:
        higher = bool(self.metric.higher_is_better)
        study = open_study(
            self.study, self.facts, resume=self.resume, higher=higher, sampler=self.sampler, seed=self.seed
        )
        pruners = require("optuna", extra="tune").pruners
        study.pruner = pruners.MedianPruner() if self.prune == "median" else pruners.NopPruner()
        self.resume = self.study is not None  # a second run goes on with the first
        return study

    def _plan(self, study: Any) -> list[tuple[str, dict[str, Any]]]:
        """What to try before the sampler is asked: the current parameters, then the grid; less what is through."""
        usual = params.values(self.base)
        plan = [("defaults", {name: usual[name] for name in self.space})]
        if self.is_grid:
            values = [entry.values for entry in self.space.values() if hasattr(entry, "values")]
            points = [dict(zip(self.space, point, strict=True)) for point in itertools.product(*values)]
            plan += [("grid", point) for point in points if point != plan[0][1]]
        kept = [Trial.of(one, usual) for one in study.get_trials(deepcopy=False) if one.state.is_finished()]
        through = [{name: one.parameters[name] for name in self.space} for one in kept if one.error != INTERRUPTED]
        return [(origin, setting) for origin, setting in plan if setting not in through]

    def _result(self, study: Any, session: Session, interrupted: bool, seconds: float) -> TuningResult:
        return TuningResult(
            algorithm=self.algorithm,
            name=self.name,
            metric=self.metric,
            facts={**self.facts, "longtail": longtail.__version__},
            space=self.space,
            fixed=self.fixed,
            sampler="grid" if self.is_grid else self.sampler,
            trials=sorted(session.trials, key=lambda trial: trial.number),
            importances=_importances(study),
            interrupted=interrupted,
            seconds=seconds,
            study=str(self.study) if self.study else None,
            base=self.base,
            seen=Seen.of(f"a search of {self.algorithm} for {self.metric.short}", self._parts),
        )


def _base(algorithm: Any, fixed: Mapping[str, Any]) -> tuple[Recommender, dict[str, Any]]:
    """The recommender to start from, and the parameters that stay as they are."""
    if isinstance(algorithm, str):
        name, given = registry.parse(algorithm)
        fixed = {**given, **fixed}
        model: Recommender = registry.make(name, **fixed)
        return model, fixed
    is_class = isinstance(algorithm, type) and issubclass(algorithm, Recommender)
    if not is_class and not isinstance(algorithm, Recommender):
        raise ConfigError(f"an algorithm is a name such as 'svd', a class or a recommender, not {algorithm!r}")
    model = algorithm() if isinstance(algorithm, type) else algorithm
    params.parse(type(model), {name: "" for name in fixed if name not in params.values(model)})
    return model.clone(**fixed), dict(fixed)


def _name(cls: type[Recommender]) -> str:
    try:
        return registry.name_of(cls)
    except ConfigError:
        return cls.__name__


def _prune(rule: Any) -> Prune:
    is_margin = isinstance(rule, (int, float)) and not isinstance(rule, bool) and rule >= 0
    if rule is None or rule == "median" or is_margin:
        return rule  # type: ignore[no-any-return]
    raise ConfigError(f"prune must be median, none or a margin of at least 0, not {rule!r}")


def _importances(study: Any) -> dict[str, float]:
    """How much of the differences each parameter explains; empty where there are too few trials to tell."""
    optuna = require("optuna", extra="tune")
    through = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    if len(through) < 10:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that few trials make it rough, which the report says, too
            found = optuna.importance.get_param_importances(study)
    except (ValueError, RuntimeError):  # all values alike
        return {}
    return {name: float(share) for name, share in found.items() if math.isfinite(share)}
