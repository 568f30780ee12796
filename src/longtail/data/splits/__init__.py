"""Train and test: every way to divide interactions, into parts that share ids, catalog and scale.

What a split lets a model know that it could not have known decides what its figures are worth:

| split | question it answers | what leaks |
|---|---|---|
| `random_holdout`, `k_fold` | how well are missing ratings filled in? | the future: train has rows later than test's |
| `leave_one_out(which="random")` | is a hidden favourite found? | the future, as above |
| `leave_one_out(which="last")` | what does each user do next? | other users' later rows |
| `by_time`, `sliding_windows` | what happens after today? | nothing; users and items may be new, though |
| `next_in_session`, `every_click`, `rest_of_session` | what does a visitor do next? | nothing |
| `unseen_users` | are people served whom the model never saw? | the future; with "last", only other users' later rows |
| `cold_users` | what of people on their first visits? | the same |
| `cold_items` | are items found that nobody has met? | the future |

A split is a `Split` (train, test), a `Window` (train, test, start, end) or, where people are asked who are not in
train, a `GivenSplit` (train, given, test). Rows keep their order within each part.
"""

from longtail.data.splits.arrivals import Arrivals, cold_items
from longtail.data.splits.every_click import every_click, named_sessions
from longtail.data.splits.moments import Window, by_time, sliding_windows
from longtail.data.splits.parts import GivenSplit, Split, Which, places
from longtail.data.splits.people import cold_users, unseen_users
from longtail.data.splits.rows import Per, k_fold, leave_one_out, predefined, random_holdout
from longtail.data.splits.sessions import next_in_session, rest_of_session, sessions_as_users

__all__ = [
    "Arrivals",
    "GivenSplit",
    "Per",
    "Split",
    "Which",
    "Window",
    "by_time",
    "cold_items",
    "cold_users",
    "every_click",
    "k_fold",
    "leave_one_out",
    "named_sessions",
    "next_in_session",
    "places",
    "predefined",
    "random_holdout",
    "rest_of_session",
    "sessions_as_users",
    "sliding_windows",
    "unseen_users",
]
