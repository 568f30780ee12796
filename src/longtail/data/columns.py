"""Names of columns, in one place: what Longtail writes, and what it recognises when it reads."""

from __future__ import annotations

__all__ = ["ALIASES", "ITEM", "RANK", "RATING", "SCORE", "SESSION", "TIME", "TITLE", "USER", "find"]

USER = "user"
ITEM = "item"
RATING = "rating"
TIME = "timestamp"
SESSION = "session"
RANK = "rank"
SCORE = "score"
TITLE = "title"

ALIASES: dict[str, tuple[str, ...]] = {
    USER: ("user", "user_id", "userid", "uid", "reviewerid", "customer", "customer_id", "visitorid", "u"),
    ITEM: ("item", "item_id", "itemid", "iid", "movieid", "movie_id", "movie", "asin", "product", "product_id", "i"),
    RATING: ("rating", "ratings", "value", "overall", "stars", "score", "weight", "count", "label", "r"),
    TIME: ("timestamp", "time", "times", "ts", "unixreviewtime", "datetime", "date", "unix_timestamp"),
    SESSION: ("session", "session_id", "sessionid"),
}


def find(names: list[str], column: str) -> str | None:
    """The first of `names` that is a usual spelling of `column`, ignoring case; None if there is none.

    Examples:
        >>> find(["userId", "movieId"], ITEM)
        'movieId'
        >>> find(["userId", "movieId"], TIME) is None
        True
    """
    lowered = {name.strip().lower(): name for name in reversed(names)}
    return next((lowered[alias] for alias in ALIASES[column] if alias in lowered), None)
