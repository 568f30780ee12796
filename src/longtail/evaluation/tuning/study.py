"""The study: where Optuna keeps the trials, in memory or in a file that a later run can go on with."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from longtail import rng
from longtail.errors import ConfigError
from longtail.evaluation.export import require_writable
from longtail.evaluation.tuning.space import Choices, Range
from longtail.extras import require

__all__ = ["Sampler", "distribution", "open_study", "quiet"]

Sampler = Literal["tpe", "random"]

NAME = "longtail"
DATABASES = (".db", ".sqlite", ".sqlite3")
FACTS = "facts"


def open_study(
    path: Path | None, facts: Mapping[str, Any], *, resume: bool, higher: bool, sampler: Sampler, seed: int
) -> Any:
    """A new study, or the one in the file at `path`, whose facts must be the same.

    Args:
        path: a SQLite database where the name ends in .db, .sqlite or .sqlite3, else Optuna's journal of lines of JSON.
        facts: what makes two studies comparable, as plain values.
        resume: go on with what stands at `path`.
        higher: whether higher values are better.
        sampler: "tpe" (tree-structured Parzen estimator, Bergstra et al. 2011) or "random".
        seed: of the sampler; a resumed study draws other numbers than it did before.

    Raises:
        ConfigError: if there is a file and `resume` is False, or none and it is True, or it holds another study.
        MissingExtraError: if Optuna is not installed.
    """
    optuna = require("optuna", extra="tune")
    exists = path is not None and path.exists()
    if resume and not exists:
        raise ConfigError(f"there is no study to resume at {path}" if path else "to resume, name the file of the study")
    if exists and not resume:
        raise ConfigError(f"{path} is there already; resume it, or name another file for the study")
    if path is not None:
        require_writable(path)
    study = _load(optuna, path, resume, higher)
    if resume:
        _require_same(path, json.loads(study.user_attrs.get(FACTS, "{}")), facts)
        for cut_short in study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
            study.tell(cut_short.number, state=optuna.trial.TrialState.FAIL)
    else:
        study.set_user_attr(FACTS, json.dumps(facts))
    begun = len(study.get_trials(deepcopy=False))
    drawn = int(rng.generator(seed, "tune", begun).integers(2**31))
    samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    if sampler not in samplers:
        raise ConfigError(f"sampler must be tpe or random, not {sampler!r}")
    study.sampler = samplers[sampler](seed=drawn)
    return study


def distribution(entry: Range | Choices) -> Any:
    """A dimension of the search space in Optuna's words."""
    distributions = require("optuna", extra="tune").distributions
    if isinstance(entry, Choices):
        return distributions.CategoricalDistribution(entry.values)
    if entry.whole:
        return distributions.IntDistribution(int(entry.low), int(entry.high), log=entry.log)
    return distributions.FloatDistribution(entry.low, entry.high, log=entry.log)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """While active, Optuna logs errors only: the tuner says what there is to say."""
    logging = require("optuna", extra="tune").logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _load(optuna: Any, path: Path | None, resume: bool, higher: bool) -> Any:
    direction = "maximize" if higher else "minimize"
    if path is not None and resume:
        _require_ours(path)
    try:
        storage = _storage(optuna, path)
        if resume:
            return optuna.load_study(study_name=NAME, storage=storage)
        return optuna.create_study(study_name=NAME, storage=storage, direction=direction)
    except (KeyError, ValueError, TypeError, optuna.exceptions.OptunaError) as error:
        raise ConfigError(f"{path} holds no study of Longtail's: {error}") from error
    except Exception as error:
        if not type(error).__module__.startswith("sqlalchemy"):  # Optuna lets its database's own errors through
            raise
        raise ConfigError(f"cannot keep a study at {path}: {getattr(error, 'orig', error)}") from error


def _storage(optuna: Any, path: Path | None) -> Any:
    if path is None:
        return None
    if path.suffix.lower() in DATABASES:
        return f"sqlite:///{path.resolve()}"
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    return optuna.storages.JournalStorage(backend)


def _require_ours(path: Path) -> None:
    """Look before Optuna does: it would add its tables to any database, and its lines to any file."""
    try:
        if path.suffix.lower() in DATABASES:
            with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
                found = database.execute("SELECT study_name FROM studies").fetchall()
            ours = (NAME,) in found
        else:
            with path.open(encoding="utf-8") as lines:
                ours = json.loads(next(lines, "{}")).get("study_name") == NAME
    except (OSError, sqlite3.Error, ValueError, AttributeError) as error:
        raise ConfigError(f"{path} holds no study: {error}") from error
    if not ours:
        raise ConfigError(f"{path} holds no study of Longtail's")


def _require_same(path: Path | None, kept: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    wanted = json.loads(json.dumps(facts))
    for name, value in wanted.items():
        if kept.get(name) != value:
            raise ConfigError(
                f"{path} is a study with {name} {_short(kept.get(name))}, not {_short(value)}; resume it with the same "
                "algorithm, data and settings, or name another file"
            )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
