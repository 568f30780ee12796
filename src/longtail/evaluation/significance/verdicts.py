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
        """A row an algorithm: label, value, letters, less the best, interval, adjusted p, verdict; as texts."""
        marks = letters(self.pairs, list(self.values))
        first = [self.best, self._value(self.best), marks[self.best], "", "", "", "best"]
        return [first, *(self._row(one, marks[one.a]) for one in self.behind)]

    def headings(self) -> list[str]:
        """Of `rows`."""
        level = f"{100 * self.pairs[0].level:g}% interval"
        return ["compared", self.column.short, "letters", "less the best", level, "p", "verdict"]

    def sentence(self) -> str:
        """Who is best, and who cannot be told apart from it."""
        name, tied = METRICS[self.pairs[0].metric].title, [one for one in self.behind if one.a in self.tied]
        rest = sum(one.verdict == "told apart" for one in self.behind)
        if not tied and not rest:
            return ""
        if not tied:
            return f"By {name}, {self.best} is better than {_others(rest)}, beyond chance."
        if len(tied) == 1:
            return f"By {name}, {sentence(oriented(tied[0], self.best))}.{_worse(rest)}"
        named = [one.a for one in tied[: min(len(tied), NAMED) - 1]]
        last = tied[-1].a if len(tied) <= NAMED else f"{len(tied) - len(named)} more"
        more = f"{', '.join(named)} and {last}"
        return f"By {name}, {self.best} is first, but {more} cannot be told apart from it on this data.{_worse(rest)}"

    def _value(self, label: str) -> str:
        seeds = self.values[label]
        shown = self.column.show(statistics.fmean(seeds))
        return f"{shown} ± {self.column.show(statistics.stdev(seeds))}" if len(seeds) > 1 else shown

    def _row(self, one: Comparison, mark: str) -> list[str]:
        if one.verdict == "unknown":
            return [one.a, self._value(one.a), mark, "-", "-", "-", "too few users"]
        words = {"told apart": "worse", "identical": "the same"}
        interval = f"{_shown(self.key, one.low)} to {_shown(self.key, one.high)}"
        p, verdict = _p(one.adjusted_p).removeprefix("= "), words.get(one.verdict, one.verdict)
        difference = f"{_shown(self.key, one.difference)}{_unit(self.key)}"
        return [one.a, self._value(one.a), mark, difference, interval, p, verdict]


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
    repeated = [pair for pair in pairs if max(pair.seeds) > 1]
    corrections = {"holm": "Holm", "benjamini-hochberg": "Benjamini and Hochberg", "none": "nobody"}
    letters_mean = "Algorithms that share a letter cannot be told apart. " if lettered else ""
    words = [
        f"{letters_mean}The same users are compared in pairs, by a randomization test, with p corrected for "
        f"{pairs[0].tests} comparisons ({corrections[recorded['correction']]}).",
        f"Each interval, by a paired bootstrap over users, holds the true difference in {100 * recorded['level']:g}% "
        "of such studies; it is for that pair alone.",
    ]
    if repeated:
        words.append(
            "Values are means over seeds, ± their standard deviation; the verdicts allow for the noise of the seeds."
        )
    return " ".join(words)


def _other(pair: Comparison, label: str) -> str:
    return pair.b if pair.a == label else pair.a


def _found(pair: Comparison) -> str:
    ends = f"{_shown(pair.key, pair.low)} to {_shown(pair.key, pair.high)}"
    return f"difference {_shown(pair.key, pair.difference)}{_unit(pair.key)}, {100 * pair.level:g}% interval {ends}"


def _alone(pair: Comparison) -> str:
    if pair.tests < 2 or pair.p > 1.0 - pair.level:
        return ""
    return f"; alone the pair would be, with p {_p(pair.p)}, but not as one of {pair.tests} comparisons"


def _shown(key: str, value: float) -> str:
    """A difference with the digits of its figure; of a share, in percentage points."""
    return f"{100 * value:.2f}" if _unit(key) else f"{value:.4f}"


def _unit(key: str) -> str:
    """Of a difference: percentage points where the figure is a share."""
    column = _BY_KEY.get(key)
    return " points" if column is not None and column.digits in ("percent", "share") else ""


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _others(count: int) -> str:
    return "the other one" if count == 1 else f"each of the {count} others"


def _worse(count: int) -> str:
    return "" if not count else f" The other {'one is' if count == 1 else f'{count} are'} worse, beyond chance."
