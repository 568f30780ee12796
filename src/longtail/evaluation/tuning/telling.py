"""A line on standard error for every trial that is over."""

from __future__ import annotations

from rich.console import Console

from longtail import params
from longtail.evaluation.metrics.value import MetricInfo
from longtail.evaluation.tuning.trials import Trial

__all__ = ["Telling", "figures"]


class Telling:
    """Prints `number value seconds parameters`; a star marks the best so far.

    Args:
        metric: what is tuned for.
        searched: the parameters to show.
        show: False for silence.
        console: where to print; by default standard error.
    """

    def __init__(
        self, metric: MetricInfo, searched: list[str], *, show: bool = True, console: Console | None = None
    ) -> None:
        self._metric, self._searched, self._show = metric, searched, show
        self._console = console or Console(stderr=True)

    def finished(self, trial: Trial, best: Trial | None) -> None:
        """Say what became of a trial."""
        if not self._show:
            return
        said = trial.state if trial.value is None else f"{self._metric.short} {trial.value:.5f}"
        star = " *" if trial is best else ""
        why = f"  {trial.error}" if trial.error else f"  {figures(trial, self._searched)}"
        line = f"{trial.number:4d}  {said + star:<16} {trial.wall:7.1f} s{why}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def figures(trial: Trial, searched: list[str]) -> str:
    """The searched parameters of a trial, as `name=value name=value`."""
    return " ".join(f"{name}={params.written(trial.parameters[name])}" for name in searched)
