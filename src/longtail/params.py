"""Hyperparameters: stated once as typed dataclass fields, everything else derives from them.

`hyper` declares a field with its allowed and its searched range; `validate` checks an instance; `parse` turns the
strings of a command line into typed values, `written` turns a value into such a string. A tuple is written with `+`
between its entries, and an entry (or a text) that holds one of `:,=+` in square brackets: `[svd:factors=64]+bias`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import math
import numbers
import types
import typing
from typing import Any, Literal, TypeVar

from longtail.errors import ConfigError

__all__ = [
    "allowed",
    "alternatives",
    "choices",
    "described",
    "hyper",
    "parse",
    "parse_spec",
    "positive",
    "split",
    "validate",
    "values",
    "written",
]

T = TypeVar("T")


def hyper(
    default: T,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    search: tuple[float, float] | None = None,
    log: bool = False,
    shared: bool = False,
) -> T:
    """Declare a hyperparameter: its default, the allowed range, and the range a tuner should search.

    One that is `shared` means the same for many algorithms, and is checked with what they share it from.

    Examples:
        >>> @dataclasses.dataclass
        ... class Model:
        ...     factors: int = hyper(64, at_least=1, search=(8, 256), log=True)
        >>> Model().factors
        64
    """
    metadata = {"at_least": at_least, "at_most": at_most, "search": search, "log": log}
    metadata |= {"shared": True} if shared else {}
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
            raise ConfigError(f"{label} must be {described(hint)}, not {value!r}")
        for entry in value if isinstance(value, tuple) else (value,):
            _check_range(label, entry, field.metadata.get("at_least"), field.metadata.get("at_most"))


def _check_range(label: str, value: Any, low: float | None, high: float | None) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
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
            value = _read(_unbracketed(text) if kind is str else text, kind)
            if value is not _UNREADABLE:
                parsed[name] = value
                break
        else:
            raise ConfigError(f"{cls.__name__}: {name} must be {described(hints[name])}, not {text!r}")
    return parsed


def parse_spec(spec: str) -> tuple[str, dict[str, str]]:
    """The name and the parameters, still as text, of something written as `name:parameter=value,parameter=value`.

    Examples:
        >>> parse_spec("svd:factors=8,learning-rate=0.1")
        ('svd', {'factors': '8', 'learning_rate': '0.1'})

    Raises:
        ConfigError: for a parameter without a value, one that stands there twice, or a bracket without its partner.
    """
    name, _, rest = spec.partition(":")
    texts: dict[str, str] = {}
    for pair in filter(None, split(rest, ":,")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"{spec!r}: write parameters as {name}:parameter=value")
        field = key.strip().replace("-", "_")
        if field in texts:
            raise ConfigError(f"{spec!r}: {field} stands there twice; drop one")
        texts[field] = value.strip()
    return name, texts


def written(value: Any) -> str:
    """A value as `parse` reads it.

    Examples:
        >>> written(0.5), written(None), written(("svd:factors=64", "bias"))
        ('0.5', 'none', '[svd:factors=64]+bias')
    """
    if isinstance(value, (tuple, list)):
        return "+".join(_bracketed(entry if isinstance(entry, str) else written(entry)) for entry in value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return _bracketed(value) if isinstance(value, str) else str(value)


def split(text: str, separators: str) -> list[str]:
    """The parts of a text between separators that stand in no brackets.

    Examples:
        >>> split("members=[svd:factors=8,epochs=5]+bias,folds=2", ",")
        ['members=[svd:factors=8,epochs=5]+bias', 'folds=2']

    Raises:
        ConfigError: for a bracket without its partner.
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if depth < 0:
            break
        if letter in separators and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    if depth:
        raise ConfigError(f"{text!r} has a bracket without its partner")
    return parts


def choices(hint: Any) -> tuple[Any, ...]:
    """The values a `Literal` annotation allows; empty for any other annotation."""
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def alternatives(hint: Any) -> list[Any]:
    """The types a union annotation allows; one for any other annotation."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return list(typing.get_args(hint))
    return [hint]


def described(hint: Any) -> str:
    """What an annotation allows, in words.

    Examples:
        >>> described(int | None)
        'a whole number or none'
    """
    words = []
    for kind in alternatives(hint):
        if choices(kind):
            words.append("one of " + ", ".join(str(choice) for choice in choices(kind)))
        elif kind is type(None):
            words.append("none")
        elif _entry(kind) is not None:
            words.append(f"a tuple, each entry {described(_entry(kind))}")
        else:
            words.append(_WORDED.get(kind, str(kind)))
    return " or ".join(words)


def allowed(cls: type[Any], name: str) -> str:
    """What a field of a dataclass may be on a command line, in words.

    Examples:
        >>> @dataclasses.dataclass
        ... class Model:
        ...     factors: int = hyper(64, at_least=1)
        >>> allowed(Model, "factors")
        'a whole number, at least 1'
    """
    metadata = cls.__dataclass_fields__[name].metadata
    limits = (("at least", metadata.get("at_least")), ("at most", metadata.get("at_most")))
    bounds = [f"{side} {limit:g}" for side, limit in limits if limit is not None]
    words = described(typing.get_type_hints(cls)[name]).replace("a tuple, each entry", "entries joined by +, each")
    return ", ".join([words, *bounds])


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
        elif _entry(kind) is not None:
            fits = isinstance(value, tuple) and all(_fits(entry, _entry(kind)) for entry in value)
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
    if _entry(kind) is not None:
        parts = split(text, "+") if text.strip() else []
        entries = tuple(_read(_unbracketed(part.strip()), _entry(kind)) for part in parts)
        return _UNREADABLE if _UNREADABLE in entries else entries
    try:
        return kind(text)
    except (TypeError, ValueError):
        return _UNREADABLE


def _entry(hint: Any) -> Any:
    """What each entry of a `tuple[..., ...]` annotation is; None for any other annotation."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else None


def _bracketed(text: str) -> str:
    return f"[{text}]" if any(letter in text for letter in ":,=+[]") else text


def _unbracketed(text: str) -> str:
    if text[:1] == "[" and text[-1:] == "]":
        with contextlib.suppress(ConfigError):  # in "[a]+[b]" the first and the last are no pair
            return split(text[1:-1], "")[0]
    return text
