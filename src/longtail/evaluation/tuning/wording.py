"""What a study says in plain sentences: how it was judged, what was won, and how far to trust it."""

from __future__ import annotations

import math

from longtail import params
from longtail.evaluation.tuning.findings import Findings
from longtail.evaluation.tuning.trials import INTERRUPTED

__all__ = ["caveat", "judged", "setting", "won"]


def judged(result: Findings) -> str:
    """What was tried and how it was judged."""
    counts = [f"{result.count('complete')} complete"]
    counts += [f"{result.count(state)} {state}" for state in ("pruned", "failed") if result.count(state)]
    places = "" if result.metric.name in ("rmse", "mae") else f"@{result.facts['n']}"
    interrupted = sum(trial.error == INTERRUPTED for trial in result.trials)
    tried = len(result.trials) - interrupted
    cut = f"; {interrupted} interrupted" if interrupted else ""
    return (
        f"{result.algorithm}: {tried} {'trial' if tried == 1 else 'trials'} ({', '.join(counts)}{cut}), judged by "
        f"{result.metric.short}{places} ({result.metric.direction}) on inner validation: {result.facts['validation']}."
    )


def won(result: Findings) -> str:
    """The best against the defaults, on the same validation rows."""
    if result.best is None:
        return "No trial has come through yet."
    if result.difference is None or result.defaults is None:
        return f"The best is {result.best.value:.5f}; the current parameters have no value to compare it with."
    if result.best.number == result.defaults.number:
        return f"Nothing beat the current parameters ({result.defaults.value:.5f}); keep them."
    difference, error = result.difference
    sure = "" if math.isnan(error) else f" (standard error {error:.5f}, paired by groups of users)"
    small = not math.isnan(error) and abs(difference) < 2 * error
    verdict = " That is within two standard errors: perhaps chance." if small else ""
    return (
        f"The best is {result.best.value:.5f}, the current parameters {result.defaults.value:.5f} on the same rows: "
        f"{difference:+.5f}{sure}.{verdict}"
    )


def caveat(result: Findings) -> str:
    """Why the best value is too good."""
    tried = len(result.ranked)
    if tried < 2:
        return "Judge on data that were not used here."
    return (
        f"The best of {tried} is flattering: it was picked for this number, luck included. Judge it on data that were "
        "not used here."
    )


def setting(result: Findings) -> str:
    """The best setting as a spec for the command line, with what differs from the class's own defaults.

    A value that a spec cannot hold stays out of it.
    """
    usual = params.values(type(result.base)())
    unusual = [f"{name}={params.written(value)}" for name, value in result.parameters.items() if value != usual[name]]
    return f"{result.algorithm}:{','.join(unusual)}" if unusual else result.algorithm
