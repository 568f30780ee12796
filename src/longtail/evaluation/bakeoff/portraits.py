"""What an algorithm would list for each of the people looked at, with predicted ratings and reasons where known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from longtail.algorithms.base import Recommender
from longtail.algorithms.powers import Explains, PredictsRatings
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.evaluation import people
from longtail.evaluation.people import Person
from longtail.evaluation.protocols import Fold

__all__ = ["portraits"]


def portraits(model: Recommender, fold: Fold, lists: TopN, who: Sequence[Person]) -> list[list[dict[str, Any]]]:
    """A list for each person: item, title, whether it is hidden, and where known rating and reason.

    Args:
        model: fitted on the fold's training data.
        fold: of whose people there are lists.
        lists: of everyone the fold asks for.
        who: the people; for one whom the fold does not ask for, the list is empty.
    """
    return [_portrait(model, fold, lists, person) for person in who]


def _portrait(model: Recommender, fold: Fold, lists: TopN, person: Person) -> list[dict[str, Any]]:
    assert fold.test is not None
    user, most = person["id"], people.REASONS_OF_CANDIDATES if person["candidate"] else people.REASONS
    index = int(fold.test.user_ids.index([user])[0])
    hidden = fold.test.item_ids[fold.test.items[fold.test.users == index]].tolist()
    lines = people.listed(lists, user, hidden)
    if fold.train.user_counts[index]:
        return _told(model, fold.train, user, lines, most)
    return _told_of_history(model, fold.given, index, lines, most)


def _told(
    model: Recommender, train: Interactions, user: Any, lines: list[dict[str, Any]], most: int
) -> list[dict[str, Any]]:
    """With what the model says of one of its own users."""
    if lines and isinstance(model, PredictsRatings) and train.feedback == "explicit":
        ratings = model.predict([user] * len(lines), [line["item"] for line in lines]).tolist()
        lines = [{**line, "rating": rating} for line, rating in zip(lines, ratings, strict=True)]
    if isinstance(model, Explains):
        told = [{**line, "reason": model.explain(user, line["item"]).text} for line in lines[:most]]
        lines = told + lines[most:]
    return lines


def _told_of_history(
    model: Recommender, given: Interactions | None, index: int, lines: list[dict[str, Any]], most: int
) -> list[dict[str, Any]]:
    """With what the model says of somebody it knows only by a history."""
    if given is None or not given.user_counts[index]:
        return lines
    rows = given.users == index
    history = dict(zip(given.item_ids[given.items[rows]].tolist(), given.values[rows].tolist(), strict=True))
    if lines and isinstance(model, PredictsRatings) and given.feedback == "explicit":
        ratings = model.predict_for(history, [line["item"] for line in lines]).tolist()
        lines = [{**line, "rating": rating} for line, rating in zip(lines, ratings, strict=True)]
    if isinstance(model, Explains):
        told = [{**line, "reason": model.explain_for(history, line["item"]).text} for line in lines[:most]]
        lines = told + lines[most:]
    return lines
