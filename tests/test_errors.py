"""One tree of errors, drawn as it is, and each also an error Python programmers already catch."""

from __future__ import annotations

import re

import pytest

from longtail import errors
from longtail.errors import LongtailError, UnknownIdError

TREE = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("error", TREE)
def test_is_in_the_tree_and_explained(error: type[LongtailError]) -> None:
    assert issubclass(error, LongtailError)
    assert error.__doc__
    assert str(error("one line")) == "one line"


def test_the_drawing_shows_every_error_below_its_parent() -> None:
    drawn = re.findall(r"^(?:│   )?[├└]── (\w+)|^(LongtailError)", str(errors.__doc__), flags=re.MULTILINE)
    assert sorted(a or b for a, b in drawn) == sorted(errors.__all__)
    nested = re.findall(r"^│   [├└]── (\w+)", str(errors.__doc__), flags=re.MULTILINE)
    assert nested == [
        error.__name__ for error in TREE if LongtailError not in error.__bases__ and error is not LongtailError
    ]


@pytest.mark.parametrize(
    ("error", "usual"),
    [
        (errors.ConfigError, ValueError),
        (errors.DataError, ValueError),
        (errors.UnknownIdError, KeyError),
        (errors.NotFittedError, RuntimeError),
        (errors.ArtifactError, OSError),
        (errors.DownloadError, OSError),
        (errors.LeakageError, ValueError),
        (errors.MissingExtraError, ImportError),
        (errors.MemoryBudgetError, MemoryError),
    ],
)
def test_usual_kind(error: type[LongtailError], usual: type[Exception]) -> None:
    assert issubclass(error, usual)


def test_an_unknown_id_prints_as_text_not_as_a_key() -> None:
    assert str(UnknownIdError("unknown user 8")) == "unknown user 8"
    assert str(UnknownIdError()) == ""
