"""What differs between the settings of runs, and what that does to their figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from longtail.evaluation.findings import Findings

__all__ = ["Change", "Effect", "changes", "warnings", "written"]

Effect = Literal["figures", "seconds", "memory", "chance", "none"]
"""What a change leaves incomparable: every figure, seconds, memory, nothing but luck (other rows hidden), nothing."""

MISSING = "-"
MACHINE = ("platform", "processors", "threads")
DATA = ("fingerprint", "feedback", "scale", "rows", "users", "items")


@dataclass(frozen=True)
class Change:
    """Something that is not the same in every run.

    Attributes:
        part: "data", "protocol", "versions", "machine", "splits" or "algorithms".
        what: its name.
        values: what it is in each run, as text.
        effect: what it leaves incomparable.
    """

    part: str
    what: str
    values: list[str]
    effect: Effect


def changes(runs: Sequence[Findings]) -> list[Change]:
    """Everything that differs: what makes figures incomparable first."""
    order = ("figures", "chance", "seconds", "memory", "none")
    found = [*_data(runs), *_protocol(runs), *_splits(runs), *_environment(runs), *_algorithms(runs)]
    return sorted(found, key=lambda change: order.index(change.effect))


def warnings(found: Sequence[Change]) -> list[str]:
    """What a reader must know before looking at any difference, in sentences, the gravest first."""
    said = []
    broken = {change.part for change in found if change.effect == "figures"}
    if "data" in broken:
        said.append(
            "These runs are NOT COMPARABLE: the data differ. A difference tells about the data, not the algorithms."
        )
    if "protocol" in broken:
        names = ", ".join(change.what for change in found if change.part == "protocol" and change.effect == "figures")
        said.append(
            f"These runs are NOT COMPARABLE: the protocols differ ({names}). A figure of one answers another question "
            "than the same figure of the other."
        )
    if "splits" in broken and not {"data", "protocol"} & broken:
        said.append("These runs are NOT COMPARABLE: their splits are of different sizes.")
    if any(change.effect == "chance" for change in found):
        said.append(
            "The seeds differ, so other rows are hidden: a difference holds the luck of the draw, and nobody is paired "
            "with themselves."
        )
    if any(change.effect == "seconds" for change in found):
        said.append("The machines differ, so seconds and memory tell about the machines.")
    elif any(change.effect == "memory" for change in found):
        said.append("Peak memory was found in different ways, so it cannot be compared.")
    return said


def _differing(
    part: str, tables: Sequence[dict[str, Any]], names: Sequence[str], effect: Callable[[str], Effect]
) -> Iterator[Change]:
    for name in names:
        values = [written(table.get(name, MISSING)) for table in tables]
        if len(set(values)) > 1:
            yield Change(part, name.replace("_", " "), values, effect(name))


def _data(runs: Sequence[Findings]) -> Iterator[Change]:
    yield from _differing("data", [{"name": run.name} for run in runs], ["name"], lambda _: "none")
    yield from _differing("data", [run.data for run in runs], DATA, lambda _: "figures")
    yield from _differing("data", [run.data for run in runs], ["similarity"], lambda _: "none")


def _protocol(runs: Sequence[Findings]) -> Iterator[Change]:
    tables = [{"protocol": run.protocol.name, **run.protocol.parameters()} for run in runs]
    names = list(dict.fromkeys(name for table in tables for name in table))
    yield from _differing("protocol", tables, names, lambda name: "chance" if name == "seed" else "figures")
    yield from _differing(
        "protocol",
        [{"seeds of each algorithm": run.repeats} for run in runs],
        ["seeds of each algorithm"],
        lambda _: "none",
    )


def _splits(runs: Sequence[Findings]) -> Iterator[Change]:
    tables = [run.data.get("splits", {}) for run in runs]
    names = list(dict.fromkeys(name for table in tables for name in table))
    usual: Effect = "none" if len({run.protocol.seed for run in runs}) > 1 else "figures"
    yield from _differing("splits", tables, names, lambda _: usual)


def _environment(runs: Sequence[Findings]) -> Iterator[Change]:
    tables = [run.environment for run in runs]
    names = [name for name in dict.fromkeys(key for table in tables for key in table) if name not in MACHINE]
    yield from _differing("versions", tables, names, lambda _: "none")
    yield from _differing("machine", tables, MACHINE, lambda _: "seconds")
    methods = [{"memory method": run.memory_method} for run in runs]
    yield from _differing("machine", methods, ["memory method"], lambda _: "memory")


def _algorithms(runs: Sequence[Findings]) -> Iterator[Change]:
    for what, labels in (
        ("finished", [[one.label for one in run.outcomes if one.error is None] for run in runs]),
        ("failed", [[one.label for one in run.outcomes if one.error is not None] for run in runs]),
        ("not run", [run.not_run for run in runs]),
    ):
        missing = [[label for other in labels for label in other if label not in own] for own in labels]
        if any(missing):
            everywhere = set(labels[0]).intersection(*labels[1:])
            only = [", ".join(label for label in own if label not in everywhere) or MISSING for own in labels]
            yield Change("algorithms", f"{what}, not in every run", only, "none")


def written(value: Any) -> str:
    """A value of a setting as text.

    Examples:
        >>> written([1.0, 5.0]), written(100000), written({"train_rows": 5})
        ('1.0 to 5.0', '100,000', 'train rows 5')
    """
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {written(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return " to ".join(map(str, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, default=str)
