"""Sentences that several protocols say."""

from __future__ import annotations

import inspect
import re
from typing import Any

__all__ = [
    "MIXES_TIMES",
    "NEW_USERS",
    "NO_RATINGS",
    "ONE_RIGHT_ANSWER",
    "attributes",
    "every_hidden",
    "one_hidden",
]

NO_RATINGS = (
    "These data hold no ratings: nothing is predicted and there is no floor, so rating accuracy and what is counted by "
    "rating are left out."
)
MIXES_TIMES = (
    "Random splits mix times: an algorithm may learn from what happened after the interaction it has to foresee, so "
    "every figure is kinder than life. Judge a service on a split by time."
)
ONE_RIGHT_ANSWER = (
    "One hidden item a user is the only right answer: a good item the user has not met counts as a miss, so figures "
    "are low for everyone and favour what is popular."
)
NEW_USERS = "Users whom train has never seen are asked, too, and are answered as newcomers."


def one_hidden(listed: str, *, explicit: bool, relevant: float) -> str:
    """How lists are judged where one item is hidden."""
    counted = f" The cumulative hit rate counts only hidden items rated {relevant:g} or more." if explicit else ""
    return (
        f"For each, {listed} are listed; the hidden one among them is a hit, the better the higher it stands.{counted}"
    )


def every_hidden(listed: str) -> str:
    """How lists are judged where several items are hidden."""
    return f"For each user, {listed} are listed; every hidden item among them is a right answer, whatever its rating."


def attributes(cls: type[Any]) -> dict[str, str]:
    """What a dataclass and its bases say of their parameters, each in a line.

    Examples:
        >>> class Base:
        ...     '''A base.
        ...
        ...     Attributes:
        ...         n: places in
        ...             a list.
        ...     '''
        >>> attributes(Base)
        {'n': 'places in a list'}
    """
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        text = inspect.cleandoc(one.__dict__.get("__doc__") or "")
        section = re.search(r"^Attributes:\n((?:    .*\n?|\n(?=    ))+)", text, re.MULTILINE)
        if section:
            entries = re.findall(r"^    (\w+): ((?:.*\n?)(?:^ {8}.*\n?)*)", section[1], re.MULTILINE)
            found |= {name: " ".join(said.split()).rstrip(".").replace("`", "") for name, said in entries}
    return found
