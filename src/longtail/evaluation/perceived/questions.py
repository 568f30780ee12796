"""What a rater is asked: about the recommendation, made to this person, and never about the item as such.

The constructs (relevance, novelty, intention to use, transparency) are those of user-centric evaluation: Pu, Chen & Hu
2011, "A user-centric evaluation framework for recommender systems" (ResQue), and Knijnenburg et al. 2012, "Explaining
the user experience of recommender systems". The wording is our own and has not been validated as a scale: every
question stands for itself and no sum over questions is formed.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from longtail.errors import ConfigError

__all__ = ["QUESTIONS", "RESERVED", "Question", "checked"]

RESERVED = ("sheet", "rater", "row", "person", "loved", "disliked", "recommendation", "about", "comment")
"""Columns of a sheet that are no questions."""


@dataclass(frozen=True)
class Question:
    """A question answered on a scale from 1 to `points`.

    Attributes:
        name: of its column: small letters, digits and underscores.
        text: as put to somebody who judges for another person.
        own: as put to the person whose recommendations they are.
        low: what 1 means.
        high: what the highest answer means.
        points: of the scale, 2 to 9.

    Raises:
        ConfigError: a name that cannot be a column, or a scale that is not one.
    """

    name: str
    text: str
    own: str
    low: str
    high: str
    points: int = 5

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name) or self.name in RESERVED:
            raise ConfigError(f"a question cannot be called {self.name!r}; use small letters, digits and underscores")
        if isinstance(self.points, bool) or not isinstance(self.points, int) or not 2 <= self.points <= 9:
            raise ConfigError(f"a scale has 2 to 9 points, not {self.points!r}")

    def heading(self, *, own: bool) -> str:
        """The question in one line, for the heading of a column.

        Examples:
            >>> print(QUESTIONS[1].heading(own=True))
            novelty: Does it point you to something you would not have found yourself? 1 = not at all, 5 = completely
        """
        return f"{self.name}: {self.own if own else self.text} 1 = {self.low}, {self.points} = {self.high}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


QUESTIONS: tuple[Question, ...] = (
    Question(
        "relevance",
        "How well does this recommendation suit this person?",
        "How well does this recommendation suit you?",
        "not at all",
        "perfectly",
    ),
    Question(
        "novelty",
        "Does it point them to something they would not have found themselves?",
        "Does it point you to something you would not have found yourself?",
        "not at all",
        "completely",
    ),
    Question(
        "intention",
        "Would this person follow the recommendation?",
        "Would you follow the recommendation?",
        "certainly not",
        "certainly",
    ),
    Question(
        "transparency",
        "Can you see why it was recommended to them?",
        "Can you see why it was recommended to you?",
        "no idea why",
        "entirely clear",
    ),
)
"""What is asked unless other questions are given."""


def checked(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    """The questions, if they can stand on one sheet.

    Raises:
        ConfigError: if there is none, or a name stands twice.
    """
    names = [question.name for question in questions]
    if not names:
        raise ConfigError("a sheet needs a question")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ConfigError(f"two questions are called {twice!r}; rename one")
    return tuple(questions)
