"""Names of columns, in one place: what Longtail writes, and what it recognises when it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from longtail.errors import DataError

__all__ = ["ALIASES", "ITEM", "RANK", "RATING", "SCORE", "SESSION", "TIME", "TITLE", "USER", "find", "match"]

USER = "user"
ITEM = "item"
RATING = "rating"
TIME = "timestamp"
SESSION = "session"
RANK = "rank"
SCORE = "score"
TITLE = "title"

ALIASES: dict[str, tuple[str, ...]] = {
    USER: ("user", "userid", "uid", "reviewerid", "customer", "customerid", "visitor", "visitorid", "u"),
    ITEM: ("item", "itemid", "iid", "movieid", "movie", "asin", "product", "productid", "i"),
    RATING: ("rating", "ratings", "value", "overall", "stars", "score", "r"),
    TIME: ("timestamp", "time", "times", "ts", "unixreviewtime", "datetime", "date", "unixtimestamp"),
    SESSION: ("session", "sessionid"),
}


def find(names: Sequence[str], column: str) -> str | None:
    """The first of `names` that is a usual spelling of `column`; None if there is none.

    Case, spaces and punctuation do not matter: `userId`, `user_id` and `User ID` are the same.

    Examples:
        >>> find(["userId", "movieId"], ITEM)
        'movieId'
        >>> find(["userId", "movieId"], TIME) is None
        True
    """
    bare = {"".join(filter(str.isalnum, name)).lower(): name for name in reversed(names)}
    return next((bare[alias] for alias in ALIASES[column] if alias in bare), None)


def match(names: Sequence[str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Which of a table's columns plays which part; where nobody is named, each session is a user.

    Args:
        names: the columns of the table.
        given: for each of our columns, the name the caller says it has, or None to recognise it.

    Raises:
        DataError: if a column that was named is not there, or there is no user or item column.

    Examples:
        >>> match(["who", "movieId", "stars"], {USER: "who", ITEM: None, RATING: None, TIME: None})
        {'user': 'who', 'item': 'movieId', 'rating': 'stars'}
        >>> match(["SessionId", "ItemId"], dict.fromkeys(ALIASES))
        {'user': 'SessionId', 'item': 'ItemId'}
    """
    listed = ", ".join(names)
    for column, name in given.items():
        if name is not None and name not in names:
            raise DataError(f"no column {name!r} for {column}=; found {listed}")
    taken = set(given.values())
    free = [name for name in names if name not in taken]
    chosen: dict[str, str] = {}
    for column, name in given.items():
        source = name if name is not None else find(free, column)
        if source is None and column == USER:  # a log of visits names no person: a session is the user
            source = given.get(SESSION) or find(free, SESSION)
        if source is not None and not (column == SESSION and name is None and source == chosen.get(USER)):
            chosen[column] = source
        elif column in (USER, ITEM):
            raise DataError(f"no {column} column; found {listed}; rename one to {column}, or name it with {column}=")
    return chosen
