"""The plots of a study as plotly figures in plain dictionaries, with the colour tokens of the other charts."""

from __future__ import annotations

import math
from typing import Any

from longtail import params
from longtail.evaluation.report.chart import Chart
from longtail.evaluation.tuning.findings import Findings
from longtail.evaluation.tuning.trials import Trial, mean_value

__all__ = ["grid", "history", "importances", "parallel", "slices"]

SCALE = [[0.0, "@line"], [1.0, "@heat"]]


def history(findings: Findings) -> Chart:
    """Every trial's value in the order tried, the best so far, and the current parameters as a line."""
    complete = [trial for trial in findings.trials if trial.value is not None]
    pruned = [trial for trial in findings.trials if trial.state == "pruned"]
    better = max if findings.metric.higher_is_better else min
    best = [better(_value(one) for one in complete[: place + 1]) for place in range(len(complete))]
    numbers = [trial.number for trial in complete]
    traces = [
        _points(pruned, [mean_value(trial.folds) for trial in pruned], "@muted", "x", "pruned", findings),
        _points(complete, [_value(trial) for trial in complete], "@heat", "circle", "complete", findings),
        {"type": "scatter", "mode": "lines", "x": numbers, "y": best, "name": "best so far"}
        | {"line": {"shape": "hv", "color": "@best"}, "hoverinfo": "skip"},
    ]
    if findings.defaults is not None:
        ends = [0, max(trial.number for trial in findings.trials)]
        traces.append(
            {"type": "scatter", "mode": "lines", "x": ends, "y": [findings.defaults.value] * 2, "hoverinfo": "skip"}
            | {"name": "current parameters", "line": {"dash": "dot", "color": "@ink"}}
        )
    layout = {
        "xaxis": {"title": {"text": "trial"}},
        "yaxis": {"title": {"text": findings.metric.short}},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.15},
    }
    return Chart("History", traces, layout, 380)


def slices(findings: Findings) -> list[Chart]:
    """One plot for each searched parameter: the value of every complete trial against it."""
    charts = []
    for name in findings.searched:
        trials = [trial for trial in findings.trials if trial.value is not None]
        given = [trial.parameters[name] for trial in trials]
        axis: dict[str, Any] = {"title": {"text": name}}
        if _is_log(findings, name, given):
            axis["type"] = "log"
        trace = _points(trials, [_value(trial) for trial in trials], "@heat", "circle", "", findings)
        trace["x"] = [value if _is_number(value) else params.written(value) for value in given]
        layout = {"xaxis": axis, "yaxis": {"title": {"text": findings.metric.short}}}
        charts.append(Chart(name, [trace], layout, 260))
    return charts


def parallel(findings: Findings) -> Chart:
    """Parallel coordinates: a line for each complete trial through its parameters to its value."""
    trials = sorted(findings.ranked, key=lambda trial: trial.number)
    values = [_value(trial) for trial in trials]
    dimensions = [
        _dimension(findings, name, [trial.parameters[name] for trial in trials]) for name in findings.searched
    ]
    dimensions.append({"label": findings.metric.short, "values": values})
    line = {"color": values, "colorscale": SCALE, "reversescale": not findings.metric.higher_is_better}
    trace = {"type": "parcoords", "line": line, "dimensions": dimensions}
    return Chart("Parallel coordinates", [trace], {"margin": {"l": 60, "r": 40, "t": 50, "b": 30}}, 400)


def importances(findings: Findings) -> Chart:
    """How much of the differences between trials each parameter explains, the most important on top."""
    ordered = sorted(findings.importances.items(), key=lambda entry: entry[1])
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [share for _, share in ordered],
        "y": [name for name, _ in ordered],
        "marker": {"color": "@heat"},
    }
    return Chart("Importance", [trace], {"xaxis": {"tickformat": ".0%"}}, 80 + 34 * len(ordered))


def grid(findings: Findings) -> Chart:
    """A grid: of one parameter a line, of more a heat map of the first two (of the others, the best)."""
    names = findings.searched
    trials = [
        one for one in findings.ranked if all(findings.space[name].contains(one.parameters[name]) for name in names)
    ]
    if len(names) == 1:
        ordered = sorted(trials, key=lambda trial: _order(trial.parameters[names[0]]))
        trace = _points(ordered, [_value(trial) for trial in ordered], "@heat", "circle", "", findings)
        trace |= {"mode": "lines+markers", "x": [str(trial.parameters[names[0]]) for trial in ordered]}
        axes = {"xaxis": {"type": "category", "title": {"text": names[0]}}}
        return Chart("The grid", [trace], axes | {"yaxis": {"title": {"text": findings.metric.short}}}, 340)
    across, down = ([*dict.fromkeys(trial.parameters[name] for trial in trials)] for name in names[:2])
    across, down = sorted(across, key=_order), sorted(down, key=_order)
    cells = [[_cell(findings, {names[0]: x, names[1]: y}) for x in across] for y in down]
    trace = {
        "type": "heatmap",
        "x": [str(x) for x in across],
        "y": [str(y) for y in down],
        "z": cells,
        "colorscale": SCALE,
        "reversescale": not findings.metric.higher_is_better,
        "texttemplate": "%{z:.4f}",
        "hoverongaps": False,
    }
    axes = {
        "xaxis": {"type": "category", "title": {"text": names[0]}},
        "yaxis": {"type": "category", "title": {"text": names[1]}},
    }
    return Chart("The grid", [trace], axes, 120 + 60 * len(down))


def _cell(findings: Findings, setting: dict[str, Any]) -> float | None:
    same = [one for one in findings.ranked if all(one.parameters[name] == value for name, value in setting.items())]
    return same[0].value if same else None


def _points(trials: list[Trial], values: list[float], colour: str, symbol: str, name: str, findings: Findings) -> Any:
    hover = ["<br>".join(f"{key} {trial.parameters[key]}" for key in findings.searched) for trial in trials]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [trial.number for trial in trials],
        "y": values,
        "name": name,
        "marker": {"color": colour, "symbol": symbol, "size": 8},
        "text": hover,
        "hovertemplate": f"{findings.metric.short} %{{y:.5f}}<br>%{{text}}<extra></extra>",
    }


def _dimension(findings: Findings, name: str, given: list[Any]) -> dict[str, Any]:
    """One upright axis: choices at even steps, a logarithmic range by its logarithm."""
    if not all(_is_number(value) for value in given):
        kinds = sorted({params.written(value) for value in given})
        places = [kinds.index(params.written(value)) for value in given]
        return {"label": name, "values": places, "tickvals": list(range(len(kinds))), "ticktext": kinds}
    if not _is_log(findings, name, given):
        return {"label": name, "values": given}
    ticks = sorted(
        {min(given), max(given), *(10.0**power for power in range(-9, 10) if min(given) < 10.0**power < max(given))}
    )
    return {
        "label": name,
        "values": [math.log10(value) for value in given],
        "tickvals": [math.log10(tick) for tick in ticks],
        "ticktext": [f"{tick:g}" for tick in ticks],
    }


def _is_log(findings: Findings, name: str, given: list[Any]) -> bool:
    """Whether an axis is logarithmic: the range was, and a default from outside it does not forbid it."""
    return getattr(findings.space[name], "log", False) and all(_is_number(value) and value > 0 for value in given)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _order(value: Any) -> tuple[int, float, str]:
    return (0, float(value), "") if _is_number(value) else (1, 0.0, str(value))


def _value(trial: Trial) -> float:
    assert trial.value is not None
    return trial.value
