"""Tuning: choose hyperparameters by validation nested inside the training data, on Optuna (extra `tune`).

`Tuner` runs trials and returns a `TuningResult`; `search_space` reads what can be tried from an algorithm's fields.
"""

from longtail.evaluation.tuning.result import TuningResult
from longtail.evaluation.tuning.space import search_space
from longtail.evaluation.tuning.trials import Trial
from longtail.evaluation.tuning.tuner import Tuner

__all__ = ["Trial", "Tuner", "TuningResult", "search_space"]
