"""What a tuner may try: the searched parameters of an algorithm, read from the fields of its dataclass."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from longtail import params
from longtail.errors import ConfigError

__all__ = ["Choices", "Given", "Range", "Space", "grid_space", "search_space"]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; `log` spreads trials evenly over the orders of magnitude.

    Examples:
        >>> Range(0.001, 1.0, log=True).value(0.0123456)
        0.01235
        >>> Range(8, 256, log=True, whole=True).text
        '8:256:log'
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def value(self, drawn: float) -> float:
        """The drawn number as it is tried: whole, or of four digits and within the range."""
        return int(drawn) if self.whole else min(max(float(f"{drawn:.4g}"), self.low), self.high)

    def contains(self, value: Any) -> bool:
        """Whether it could have been drawn."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and self.low <= value <= self.high

    @property
    def text(self) -> str:
        """As written on a command line."""
        return f"{self.low:g}:{self.high:g}{':log' if self.log else ''}"


@dataclass(frozen=True)
class Choices:
    """One of a few values."""

    values: tuple[Any, ...]

    def value(self, drawn: Any) -> Any:
        """The drawn value as it is tried."""
        return drawn

    def contains(self, value: Any) -> bool:
        """Whether it could have been drawn."""
        return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.values)

    @property
    def text(self) -> str:
        """As written on a command line."""
        return ",".join(str(value).lower() if isinstance(value, bool) else str(value) for value in self.values)


Space: TypeAlias = dict[str, Range | Choices]
Given: TypeAlias = Mapping[str, "str | Sequence[Any] | Range | Choices"]


def search_space(cls: type[Any], given: Given | None = None, *, without: Sequence[str] = ()) -> Space:
    """The searched parameters of `cls`: those with a `search` range, the choices of a `Literal`, and the booleans.

    Args:
        cls: an algorithm.
        given: ranges and choices that replace or add to those of the fields, by name: a text as on the command line
            ("16:128", "0.001:1:log", "16,32,64"), a tuple (low, high) or (low, high, "log"), or a list of choices.
        without: parameters not to search.

    Raises:
        ConfigError: for an unknown parameter, or a range or choice that cannot be.

    Examples:
        >>> from longtail.algorithms.baseline import Bias
        >>> space = search_space(Bias, {"epochs": "5,10"}, without=["learning_rate", "regularization"])
        >>> {name: entry.text for name, entry in space.items()}
        {'method': 'als,sgd', 'reg_user': '0.5:30:log', 'reg_item': '0.5:30:log', 'epochs': '5,10'}
    """
    hints, given = typing.get_type_hints(cls), given or {}
    fields = [field for field in dataclasses.fields(cls) if field.init]
    params.parse(cls, {name: "" for name in given if name not in {field.name for field in fields}})
    space: Space = {}
    for field in fields:
        if field.name in without:
            continue
        if field.name in given:
            space[field.name] = _checked(cls, field.name, _given(cls, field.name, given[field.name]))
        elif field.metadata.get("search"):
            low, high = field.metadata["search"]
            space[field.name] = Range(low, high, bool(field.metadata.get("log")), _whole(hints[field.name]))
        elif params.choices(hints[field.name]):
            space[field.name] = Choices(params.choices(hints[field.name]))
        elif hints[field.name] is bool:
            space[field.name] = Choices((False, True))
    return space


def grid_space(cls: type[Any], given: Given) -> Space:
    """The choices of a grid: every given parameter with its values, in the order given.

    Raises:
        ConfigError: for an unknown parameter, or a range where values are wanted.
    """
    whole = search_space(cls, given)
    for name in given:
        if not isinstance(whole[name], Choices):
            raise ConfigError(f"a grid takes values, such as {name}=1,2,3, not the range {name}={given[name]}")
    return {name: whole[name] for name in given}


def _given(cls: type[Any], name: str, entry: Any) -> Range | Choices:
    if isinstance(entry, (Range, Choices)):
        return entry
    if isinstance(entry, str):
        if ":" not in entry:
            return Choices(tuple(params.parse(cls, {name: part.strip()})[name] for part in entry.split(",")))
        low, high, *rest = entry.split(":")
        return _range(cls, name, entry, low, high, rest)
    if isinstance(entry, tuple) and len(entry) in (2, 3):
        return _range(cls, name, entry, entry[0], entry[1], list(entry[2:]))
    if isinstance(entry, list) and entry:
        return Choices(tuple(entry))
    raise ConfigError(f"{name}={entry!r}: write (low, high), (low, high, 'log') or [a, b, c]")


def _range(cls: type[Any], name: str, entry: Any, low: Any, high: Any, rest: list[Any]) -> Range:
    how = f"{name}={entry!r}: write {name}=low:high, {name}=low:high:log or {name}=a,b,c"
    if rest not in ([], ["log"]):
        raise ConfigError(how)
    try:
        ends = float(low), float(high)
    except (TypeError, ValueError):
        raise ConfigError(how) from None
    hint = typing.get_type_hints(cls)[name]
    if not {int, float} & set(params.alternatives(hint)):
        raise ConfigError(f"{cls.__name__}: {name} is no number, so it takes choices: {name}=a,b,c")
    whole = _whole(hint)
    if not all(math.isfinite(end) and (not whole or end.is_integer()) for end in ends):
        raise ConfigError(f"{name}={entry!r}: the ends must be {'whole' if whole else 'finite'} numbers")
    if ends[0] > ends[1] or (rest and ends[0] <= 0):
        raise ConfigError(f"{name}={entry!r}: low must not be above high{', and above 0 for log' * bool(rest)}")
    if whole:
        return Range(int(ends[0]), int(ends[1]), log=bool(rest), whole=True)
    return Range(*ends, log=bool(rest))


def _checked(cls: type[Any], name: str, entry: Range | Choices) -> Range | Choices:
    """The entry, once its ends or values are allowed by the field itself."""
    usual = params.values(cls())
    for value in (entry.low, entry.high) if isinstance(entry, Range) else entry.values:
        cls(**{**usual, name: value})
    return entry


def _whole(hint: Any) -> bool:
    return int in params.alternatives(hint) and float not in params.alternatives(hint)
