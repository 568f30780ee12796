"""Hyperparameters: stated once as typed dataclass fields, everything else derives from them.

`hyper` declares a field with its allowed and its searched range; `validate` checks an instance; `parse` turns the
strings of a command line into typed values.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import types
import typing
from typing import Any, Literal, TypeVar

from longtail.errors import ConfigError

__all__ = ["alternatives", "choices", "hyper", "parse", "positive", "validate", "values"]

T = TypeVar("T")


def hyper(
    default: T,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    search: tuple[float, float] | None = None,
    log: bool = False,
) -> T:
    """Declare a hyperparameter: its default, the allowed range, and the range a tuner should search.

    Examples:
        >>> @dataclasses.dataclass
        ... class Model:
        ...     factors: int = hyper(64, at_least=1, search=(8, 256), log=True)
        >>> Model().factors
        64
    """
    metadata = {"at_least": at_least, "at_most": at_most, "search": search, "log": log}
    return dataclasses.field(default=default, metadata=metadata)


def values(model: Any) -> dict[str, Any]:
    """The hyperparameters of a model, by name, as given."""
    return {field.name: getattr(model, field.name) for field in dataclasses.fields(model) if field.init}


def validate(model: Any) -> None:
    """Check type and range of every hyperparameter of a dataclass instance.

    Raises:
        ConfigError: naming the parameter, its value and what is allowed.
    """
    hints = typing.get_type_hints(type(model))
    for field in dataclasses.fields(model):
        value, hint = getattr(model, field.name), hints[field.name]
        label = f"{type(model).__name__}: {field.name}"
        if not _fits(value, hint):
            raise ConfigError(f"{label} must be {_describe(hint)}, not {value!r}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = field.metadata.get("at_least"), field.metadata.get("at_most")
            if not math.isfinite(value):
                raise ConfigError(f"{label} must be a finite number, not {value!r}")
            if (low is not None and value < low) or (high is not None and value > high):
                bounds = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
                raise ConfigError(f"{label} must be {' and '.join(bounds)}, not {value!r}")


def positive(name: str, value: Any) -> int:
    """`value` as an int of at least 1.

    Examples:
        >>> positive("n", 10)
        10

    Raises:
        ConfigError: naming `name` and the value.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, not {value!r}")
    return int(value)


def parse(cls: type[Any], texts: dict[str, str]) -> dict[str, Any]:
    """Turn `{"factors": "64"}` into `{"factors": 64}` by the types of `cls`'s fields.

    Raises:
        ConfigError: for an unknown name (with the nearest one) or a text that is not of the field's type.
    """
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls) if field.init]
    parsed = {}
    for name, text in texts.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; it takes {', '.join(names) or 'none'}"
            raise ConfigError(f"{cls.__name__} has no parameter {name!r}{hint}")
        for kind in alternatives(hints[name]):
            value = _read(text, kind)
            if value is not _UNREADABLE:
                parsed[name] = value
                break
        else:
            raise ConfigError(f"{cls.__name__}: {name} must be {_describe(hints[name])}, not {text!r}")
    return parsed


def choices(hint: Any) -> tuple[Any, ...]:
    """The values a `Literal` annotation allows; empty for any other annotation."""
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def alternatives(hint: Any) -> list[Any]:
    """The types a union annotation allows; one for any other annotation."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return list(typing.get_args(hint))
    return [hint]


_UNREADABLE = object()
_WORDED = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def _fits(value: Any, hint: Any) -> bool:
    for kind in alternatives(hint):
        if choices(kind):
            fits = value in choices(kind)
        elif kind is float:
            fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        elif kind is int:
            fits = isinstance(value, int) and not isinstance(value, bool)
        elif kind in (bool, str, type(None)):
            fits = isinstance(value, kind)
        else:
            fits = True
        if fits:
            return True
    return False


def _read(text: str, kind: Any) -> Any:
    if choices(kind):
        return next((choice for choice in choices(kind) if str(choice) == text), _UNREADABLE)
    if kind is type(None):
        return None if text.lower() in ("none", "") else _UNREADABLE
    if kind is bool:
        return _WORDS.get(text.lower(), _UNREADABLE)
    if kind is str:
        return text
    try:
        return kind(text)
    except (TypeError, ValueError):
        return _UNREADABLE


def _describe(hint: Any) -> str:
    words = []
    for kind in alternatives(hint):
        if choices(kind):
            words.append("one of " + ", ".join(str(choice) for choice in choices(kind)))
        elif kind is type(None):
            words.append("none")
        else:
            words.append(_WORDED.get(kind, str(kind)))
    return " or ".join(words)
