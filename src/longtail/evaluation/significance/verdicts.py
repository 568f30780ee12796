"""What comparisons say, in words: one sentence a pair, who cannot be told apart from the best, and a table."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from longtail.evaluation.measures import COLUMNS, Column
from longtail.evaluation.metrics.value import METRICS
from longtail.evaluation.significance.comparison import Comparison
from longtail.evaluation.significance.letters import letters
from longtail.evaluation.significance.record import read

__all__ = ["Ranking", "how_compared", "matrix", "oriented", "rankings", "sentence", "sentences"]

_BY_KEY = {column.key: column for column in COLUMNS}
NAMED = 4
"""Algorithms named one by one; more are counted."""


def sentence(pair: Comparison) -> str:
    """A comparison as a plain sentence, without the full stop.

    Examples:
        >>> pair = Comparison("ndcg", "ndcg", "svd", "svdpp", 943, 0, 0.002, 0.95, low=-0.001, high=0.005, p=0.2,
        ...     adjusted_p=0.2, tests=1, verdict="cannot be told apart")
        >>> sentence(pair)
        'svd and svdpp cannot be told apart on this data (difference 0.0020, 95% interval -0.0010 to 0.0050)'
    """
    title = METRICS[pair.metric].title
    if pair.verdict == "unknown":
        return f"{pair.a} and {pair.b} cannot be compared: fewer than two users have a {title} in both"
    if pair.verdict == "identical":
        return f"{pair.a} and {pair.b} have the same {title} for every one of {pair.users:,} users"
    if pair.verdict == "told apart":
        first = pair if pair.winner == pair.a else oriented(pair, pair.b)
        word = {True: "better", False: "better", None: "higher"}[METRICS[pair.metric].higher_is_better]
        return f"{first.a} has a {word} {title} than {first.b} ({_found(first)}, p {_p(first.adjusted_p)})"
    return f"{pair.a} and {pair.b} cannot be told apart on this data ({_found(pair)}{_alone(pair)})"


def oriented(pair: Comparison, first: str) -> Comparison:
    """The same comparison with `first` as its a."""
    if pair.a == first:
        return pair
    return dataclasses.replace(
        pair,
        a=pair.b,
        b=pair.a,
        difference=-pair.difference,
        low=-pair.high,
        high=-pair.low,
        effect=-pair.effect,
        superiority=1.0 - pair.superiority,
        better=pair.worse,
        worse=pair.better,
        seeds=pair.seeds[::-1],
    )


@dataclass(frozen=True)
class Ranking:
    """The algorithms by one figure, best first, and what is known of the differences.

    Attributes:
        key: the figure.
        values: label -> the value with each seed, best mean first.
        pairs: all comparisons by it.
    """

    key: str
    values: dict[str, list[float]]
    pairs: tuple[Comparison, ...]

    @property
    def column(self) -> Column:
        """How the figure is called and shown."""
        return _BY_KEY[self.key]

    @property
    def best(self) -> str:
        """Who has the best value, whether or not anybody can be told apart from it."""
        return next(iter(self.values))

    @property
    def behind(self) -> list[Comparison]:
        """Each other algorithm less the best, in order."""
        found = {one.a: one for one in (oriented(pair, _other(pair, self.best)) for pair in self._of_best)}
        return [found[label] for label in self.values if label in found]

    @property
    def tied(self) -> list[str]:
        """Those that are not told apart from the best."""
        return [one.a for one in self.behind if one.verdict in ("cannot be told apart", "identical")]

    @property
    def _of_best(self) -> list[Comparison]:
        return [pair for pair in self.pairs if self.best in (pair.a, pair.b)]

    def rows(self) -> list[list[str]]:
        """A row an algorithm: label, value, letters, less the best, interval, adjusted p, verdict; as texts.

        The first is "best" where it is better than all others, else "first". Who is compared with nobody has no letter.
        """
        known = {label for pair in self.pairs if pair.verdict != "unknown" for label in (pair.a, pair.b)}
        marks = {label: own if label in known else "-" for label, own in letters(self.pairs, [*self.values]).items()}
        word = "best" if len(self._worse) == len(self.behind) else "first"
        first = [self.best, self._value(self.best), marks[self.best], "", "", "", word]
        return [first, *(self._row(one, marks[one.a]) for one in self.behind)]

    def headings(self) -> list[str]:
        """Of `rows`; differences of shares are in percentage points (pp)."""
        unit = " (pp)" if _is_share(self.key) else ""
        level = f"{100 * self.pairs[0].level:g}% interval{unit}"
        return ["compared", self.column.short, "letters", f"less the best{unit}", level, "p", "verdict"]

    def sentence(self) -> str:
        """Who is first, who cannot be told apart from it, who is worse; empty where nothing can be said."""
        name, ahead = METRICS[self.pairs[0].metric].title, [one.a for one in self.behind if one.winner == one.a]
        if ahead:
            be = "is" if len(ahead) == 1 else "are"
            said = f"{self.best} has the best mean, but {_and(ahead)} {be} better than it on the users both have"
            return f"By {name}, {said}, beyond chance."
        if self.tied:
            return f"By {name}, {self._ties()}.{self._rest()}"
        if not self._worse:
            return ""
        whom = self._worse
        if 1 < len(whom) == len(self.behind):
            return f"By {name}, {self.best} is better than each of the {len(whom)} others, beyond chance."
        return f"By {name}, {self.best} is better than {_and(whom)}, beyond chance."

    def _ties(self) -> str:
        tied = self.tied
        if len(tied) == 1:
            return sentence(oriented(next(one for one in self.behind if one.a == tied[0]), self.best))
        named = tied if len(tied) <= NAMED else [*tied[: NAMED - 1], f"{len(tied) - NAMED + 1} more"]
        return f"{self.best} is first, but {_and(named)} cannot be told apart from it on this data"

    def _rest(self) -> str:
        """Who is worse, after who is tied."""
        worse = self._worse
        if not worse:
            return ""
        if len(worse) == 1:
            return f" {worse[0]} is worse, beyond chance."
        left = "The other" if len(worse) + len(self.tied) == len(self.behind) else "Of the others"
        return f" {left} {len(worse)} are worse, beyond chance."

    @property
    def _worse(self) -> list[str]:
        """Those that the first is better than, beyond chance."""
        return [one.a for one in self.behind if one.winner == self.best]

    def _value(self, label: str) -> str:
        seeds = self.values[label]
        shown = self.column.show(statistics.fmean(seeds))
        return f"{shown} ± {self.column.show(statistics.stdev(seeds))}" if len(seeds) > 1 else shown

    def _row(self, one: Comparison, mark: str) -> list[str]:
        if one.verdict == "unknown":
            return [one.a, self._value(one.a), mark, "-", "-", "-", "too few users"]
        words = {"told apart": "better" if one.winner == one.a else "worse", "identical": "the same"}
        interval = f"{_shown(self.key, one.low)} to {_shown(self.key, one.high)}"
        p, verdict = _p(one.adjusted_p).removeprefix("= "), words.get(one.verdict, one.verdict)
        return [one.a, self._value(one.a), mark, _shown(self.key, one.difference), interval, p, verdict]


def rankings(recorded: Mapping[str, Any]) -> list[Ranking]:
    """The rankings of a bake-off by each main figure, from `Findings.comparisons`; none where nothing was compared."""
    pairs, found = read(recorded), []
    for key, values in recorded.get("figures", {}).items():
        own = tuple(pair for pair in pairs if pair.key == key)
        sign = 1.0 if _BY_KEY[key].higher_is_better is False else -1.0
        known = {label: seeds for label, seeds in values.items() if None not in seeds}
        order = sorted(known, key=lambda label: sign * statistics.fmean(known[label]))
        if len(order) > 1:
            found.append(Ranking(key, {label: known[label] for label in order}, own))
    return found


def sentences(recorded: Mapping[str, Any]) -> list[str]:
    """A sentence for each main figure: who is best, and who cannot be told apart from it."""
    return [words for ranking in rankings(recorded) if (words := ranking.sentence())]


def matrix(ranking: Ranking) -> list[list[str]]:
    """A row and a column an algorithm, best first: "+" the row's is better, "-" worse, "=" not told apart."""
    found = {(pair.a, pair.b): pair for pair in ranking.pairs}

    def sign(row: str, column: str) -> str:
        pair = found.get((row, column)) or found.get((column, row))
        if pair is None or pair.verdict == "unknown":
            return ""
        return "=" if pair.winner is None else "+" if pair.winner == row else "-"

    return [[sign(row, column) for column in ranking.values] for row in ranking.values]


def how_compared(recorded: Mapping[str, Any], *, lettered: bool = True) -> str:
    """How the verdicts were found and how to read them, in sentences.

    Args:
        recorded: `Findings.comparisons`.
        lettered: whether there are tables with letters to read.
    """
    pairs = read(recorded)
    tests = pairs[0].tests
    if not tests:
        return "Nothing can be told: no two algorithms have values for the same two users."
    corrections = {"holm": " (Holm)", "benjamini-hochberg": " (Benjamini and Hochberg)", "none": ""}
    letters_mean = "Algorithms that share a letter cannot be told apart. " if lettered else ""
    corrected = f", p corrected for {tests} comparisons{corrections[recorded['correction']]}"
    words = [
        f"{letters_mean}The same users are compared in pairs, by a randomization test"
        f"{corrected if tests > 1 and recorded['correction'] != 'none' else ''}.",
        f"Each interval, by a paired bootstrap over users, holds the true difference in {100 * recorded['level']:g}% "
        "of such studies; it is for that pair alone.",
    ]
    if lettered and any(_is_share(pair.key) for pair in pairs):
        words.append("pp: percentage points.")
    if any(max(pair.seeds) > 1 for pair in pairs):
        words.append(
            "Values are means over seeds, ± their standard deviation; the verdicts allow for the noise of the seeds."
        )
    return " ".join(words)


def _other(pair: Comparison, label: str) -> str:
    return pair.b if pair.a == label else pair.a


def _found(pair: Comparison) -> str:
    unit = " percentage points" if _is_share(pair.key) else ""
    ends = f"{_shown(pair.key, pair.low)} to {_shown(pair.key, pair.high)}"
    return f"difference {_shown(pair.key, pair.difference)}{unit}, {100 * pair.level:g}% interval {ends}"


def _alone(pair: Comparison) -> str:
    if pair.tests < 2 or pair.p > 1.0 - pair.level:
        return ""
    return f"; alone the pair would be, with p {_p(pair.p)}, but not as one of {pair.tests} comparisons"


def _shown(key: str, value: float) -> str:
    """A difference with the digits of its figure; of a share, in percentage points."""
    return f"{100 * value:z.2f}" if _is_share(key) else f"{value:z.4f}"


def _is_share(key: str) -> bool:
    return key in _BY_KEY and _BY_KEY[key].digits in ("percent", "share")


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _and(labels: list[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
