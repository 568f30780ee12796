"""What the library's messages call by the names of its arguments, in the words of the command line."""

from __future__ import annotations

import re

__all__ = ["in_options"]


def _accepted(found: re.Match[str]) -> str:
    return "; to go on all the same, " + " ".join(f"--accept {name}" for name in re.findall(r"[\w-]+", found[1]))


_WORDS = (
    (r"\b(bad_rows|duplicates)='(\w+)'", lambda found: f"--{found[1].replace('_', '-')} {found[2]}"),
    (r"^n must be", "-n must be"),
    (r"^k must be", "--folds must be"),
    (r"^fraction must be", "--fraction must be"),
    (r"\bmin_rating=", "--min-rating "),
    (r"\bmin_rating\b", "--min-rating"),
    (r", else pass fit\(train, catalog\)", " (movies.csv beside ratings.csv)"),
    (r"; choose from classic, rating-holdout, .*", "; 'longtail protocols' lists them"),
    (r"; choose from random, popular, .*", "; 'longtail algorithms' lists them"),
    (r", or name it with \w+=", ""),
    (r" or pass header=False", ""),
    (
        r"(by_time|sliding_windows|\w+_(in|of)_session|\w+\(which='(last|newest)'\)) needs times, .* none; load .*",
        "a split by time needs times, and these data have none; add a timestamp column, or hold out rows at random",
    ),
    (r"; to go on all the same, accept=\[(.*)\]", _accepted),
    (r"to resume, name the file of the study", "to resume, name the file: --study FILE"),
    (
        r"is there already; resume it, or name another file for the study",
        "is there already; add --resume, or name another --study",
    ),
    (r"a grid is the whole search: give no space with it", "--grid is the whole search: give no --space with it"),
    (r"give a range, such as name=low:high", "give one a range: --space name=low:high"),
    (r"such as \('svd', 'bias'\)", "such as members=svd+bias"),
)


def in_options(message: str) -> str:
    """A message in one line, with what are options here written as such: bad_rows='drop' is --bad-rows drop.

    Examples:
        >>> in_options("choose duplicates='last'")
        'choose --duplicates last'
    """
    said = " ".join(message.split())
    for written, here in _WORDS:
        said = re.sub(written, here, said)
    return said
