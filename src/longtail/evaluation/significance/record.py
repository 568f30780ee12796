"""The comparisons of a bake-off as plain values: what is compared, and how it is written and read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.significance.bootstrap import RESAMPLES
from longtail.evaluation.significance.comparison import Comparison, compare_all
from longtail.evaluation.significance.correction import Correction
from longtail.evaluation.significance.folds import over_folds

__all__ = ["FIGURES", "by_seed", "read", "record"]

FIGURES = ("rmse", "hit_rate", "ndcg")
"""The main figures: those on which algorithms are compared, where a protocol measures them."""

LEVEL, SEED = 0.95, 0
CORRECTION: Correction = "holm"


def by_seed(parts: Iterable[tuple[int | None, Mapping[str, MetricValue]]]) -> dict[str, list[MetricValue]]:
    """The main figures of one algorithm, all folds of a seed taken together: figure -> one value for each seed.

    Args:
        parts: for each fold and seed, the seed and what was measured.
    """
    found: dict[str, dict[int | None, list[MetricValue]]] = {}
    for seed, measured in parts:
        for key in FIGURES:
            if key in measured:
                found.setdefault(key, {}).setdefault(seed, []).append(measured[key])
    return {key: [over_folds(folds) for folds in seeds.values()] for key, seeds in found.items()}


def record(algorithms: Mapping[str, Mapping[str, Sequence[MetricValue]]]) -> dict[str, Any]:
    """Every pair of algorithms by every main figure, with one correction over all, as plain values.

    Args:
        algorithms: label -> figure -> one value for each seed (`by_seed`).

    Returns:
        level, correction, resamples, seed; `figures`: figure -> label -> the value with each seed; `pairs`: the fields
        of each `Comparison`, None for NaN. Empty where there is nothing to compare.
    """
    metrics = {key: {label: own[key] for label, own in algorithms.items() if key in own} for key in FIGURES}
    metrics = {key: own for key, own in metrics.items() if len(own) > 1}
    if not metrics:
        return {}
    pairs = compare_all(metrics, level=LEVEL, correction=CORRECTION, resamples=RESAMPLES, seed=SEED)
    return {
        "level": LEVEL,
        "correction": CORRECTION,
        "resamples": RESAMPLES,
        "seed": SEED,
        "figures": {
            key: {label: [_known(float(one)) for one in seeds] for label, seeds in own.items()}
            for key, own in metrics.items()
        },
        "pairs": [_plain(pair) for pair in pairs],
    }


def read(recorded: Mapping[str, Any]) -> list[Comparison]:
    """The comparisons of `record`, in the same order."""
    return [_comparison(pair) for pair in recorded.get("pairs", [])]


def _plain(pair: Comparison) -> dict[str, Any]:
    fields = {**dataclasses.asdict(pair), "seeds": list(pair.seeds)}
    return {name: _known(value) for name, value in fields.items()}


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _comparison(plain: Mapping[str, Any]) -> Comparison:
    fields: dict[str, Any] = {name: math.nan if value is None else value for name, value in plain.items()}
    return Comparison(**{**fields, "seeds": tuple(plain["seeds"])})
