"""Hyperparameters: declared once, checked, and read from text."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtail import params
from longtail.errors import ConfigError
from longtail.params import hyper


@dataclass(kw_only=True)
class Model:
    factors: int = hyper(64, at_least=1, at_most=512, search=(8, 256), log=True)
    rate: float = hyper(0.1, at_least=0.0)
    share: float = hyper(0.5, at_most=1.0)
    biased: bool = True
    method: Literal["als", "sgd"] = "als"
    name: str = "plain"
    limit: int | None = None
    parts: tuple[str, ...] = ()
    sizes: tuple[int, ...] = hyper((8, 4), at_least=1)

    def __post_init__(self) -> None:
        params.validate(self)


def test_declared_once() -> None:
    metadata = {field.name: dict(field.metadata) for field in dataclasses.fields(Model)}
    assert metadata["factors"] == {"at_least": 1, "at_most": 512, "search": (8, 256), "log": True}
    assert params.values(Model(rate=0.2)) == {
        "factors": 64, "rate": 0.2, "share": 0.5, "biased": True, "method": "als", "name": "plain", "limit": None,
        "parts": (), "sizes": (8, 4),
    }  # fmt: skip
    assert params.choices(Literal["als", "sgd"]) == ("als", "sgd")
    assert params.choices(int) == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"factors": 0}, "Model: factors must be at least 1 and at most 512, not 0"),
        ({"factors": 513}, "Model: factors must be at least 1 and at most 512, not 513"),
        ({"factors": 8.0}, "Model: factors must be a whole number, not 8.0"),
        ({"factors": True}, "Model: factors must be a whole number, not True"),
        ({"factors": "8"}, "Model: factors must be a whole number, not '8'"),
        ({"factors": None}, "Model: factors must be a whole number, not None"),
        ({"rate": -0.1}, "Model: rate must be at least 0.0, not -0.1"),
        ({"rate": float("nan")}, "Model: rate must be a finite number, not nan"),
        ({"rate": float("inf")}, "Model: rate must be a finite number, not inf"),
        ({"share": float("nan")}, "Model: share must be a finite number, not nan"),
        ({"rate": False}, "Model: rate must be a number, not False"),
        ({"share": 1.5}, "Model: share must be at most 1.0, not 1.5"),
        ({"biased": 1}, "Model: biased must be true or false, not 1"),
        ({"method": "adam"}, "Model: method must be one of als, sgd, not 'adam'"),
        ({"name": 3}, "Model: name must be a text, not 3"),
        ({"limit": "all"}, "Model: limit must be a whole number or none, not 'all'"),
        ({"parts": "svd"}, "Model: parts must be a tuple, each entry a text, not 'svd'"),
        ({"parts": ("svd", 3)}, "Model: parts must be a tuple, each entry a text, not ('svd', 3)"),
        ({"sizes": (8, 0)}, "Model: sizes must be at least 1, not 0"),
        ({"sizes": (8, 0.5)}, "Model: sizes must be a tuple, each entry a whole number, not (8, 0.5)"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Model(**given)
    assert str(caught.value) == said


def test_what_can_work_is_kept_as_given() -> None:
    model = Model(factors=512, rate=1, share=np.float64(0.25), limit=3)
    assert type(model.rate) is int
    assert type(model.share) is np.float64


@pytest.mark.parametrize(
    ("text", "value"),
    [("factors=8", 8), ("rate=1e-3", 0.001), ("rate=2", 2.0), ("biased=no", False), ("biased=TRUE", True),
     ("method=sgd", "sgd"), ("name=a b", "a b"), ("limit=none", None), ("limit=7", 7),
     ("name=[a+b]", "a+b"), ("parts=", ()), ("parts=a+b", ("a", "b")),
     ("parts=[a:x=1,y=[2+3]] + b", ("a:x=1,y=[2+3]", "b")), ("parts=[a]+[b]", ("a", "b")), ("sizes=64+[32]", (64, 32))],
)  # fmt: skip
def test_parse(text: str, value: Any) -> None:
    name, _, written = text.partition("=")
    (found,) = params.parse(Model, {name: written}).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("factors=eight", "Model: factors must be a whole number, not 'eight'"),
        ("factors=8.0", "Model: factors must be a whole number, not '8.0'"),
        ("biased=maybe", "Model: biased must be true or false, not 'maybe'"),
        ("method=adam", "Model: method must be one of als, sgd, not 'adam'"),
        ("limit=x", "Model: limit must be a whole number or none, not 'x'"),
        ("sizes=8+x", "Model: sizes must be a tuple, each entry a whole number, not '8+x'"),
        ("parts=[a", "'[a' has a bracket without its partner"),
        ("parts=a]+[b", "'a]+[b' has a bracket without its partner"),
        ("factor=8", "Model has no parameter 'factor'; did you mean factors?"),
    ],
)
def test_parse_refuses(text: str, said: str) -> None:
    name, _, written = text.partition("=")
    with pytest.raises(ConfigError) as caught:
        params.parse(Model, {name: written})
    assert str(caught.value) == said


@given(st.integers(1, 512), st.floats(0, 1e6), st.booleans(), st.sampled_from(["als", "sgd"]))
def test_what_is_printed_can_be_parsed(factors: int, rate: float, biased: bool, method: str) -> None:
    given = {"factors": factors, "rate": rate, "biased": biased, "method": method}
    assert params.parse(Model, {name: str(value) for name, value in given.items()}) == given


PARTS = st.lists(st.text(alphabet="ab:,=+ 1", min_size=1).map(str.strip).filter(bool), max_size=4).map(tuple)


@given(PARTS, st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3).map(tuple))
def test_tuples_come_back_from_what_is_written(parts: tuple[str, ...], numbers: tuple[float, ...]) -> None:
    @dataclass(kw_only=True)
    class Lists:
        parts: tuple[str, ...] = ()
        numbers: tuple[float, ...] = ()

    Lists.__annotations__ = {"parts": tuple[str, ...], "numbers": tuple[float, ...]}
    found = params.parse(Lists, {"parts": params.written(parts), "numbers": params.written(numbers)})
    assert found == {"parts": parts, "numbers": numbers}


def test_nested_brackets_come_back() -> None:
    nested = params.written(("blend:members=" + params.written(("svd:factors=8", "bias")), "popular"))
    assert nested == "[blend:members=[svd:factors=8]+bias]+popular"
    assert params.split(nested, "+") == ["[blend:members=[svd:factors=8]+bias]", "popular"]


@pytest.mark.parametrize("value", [1, 10, np.int32(3)])
def test_positive(value: Any) -> None:
    assert params.positive("n", value) == value
    assert type(params.positive("n", value)) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None, np.float64(2)])
def test_positive_refuses(value: Any) -> None:
    with pytest.raises(ConfigError, match="n must be a whole number of at least 1, not "):
        params.positive("n", value)
