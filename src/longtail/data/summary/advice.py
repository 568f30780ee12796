"""What the figures of a data set mean for the choice of protocol and algorithm: one table of thresholds.

Every rule looks at one figure of `summarize` and speaks when it lies beyond its threshold. The thresholds are rules of
thumb, each with its reason beside it; a rule that does not speak promises nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["RULES", "Rule", "advice"]

Facts = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One piece of advice and when it is given.

    Attributes:
        name: how the rule is called in JSON.
        about: what it bears on: "protocol", "algorithm" or "data".
        figure: the figure looked at; None where the data have none, and then the rule is silent.
        above: it speaks when the figure is larger than this; None when only `below` counts.
        below: it speaks when the figure is smaller than this.
        says: the sentence.
    """

    name: str
    about: Literal["protocol", "algorithm", "data"]
    figure: Callable[[Facts], float | None]
    above: float | None = None
    below: float | None = None
    says: Callable[[Facts], str]

    def speaks(self, facts: Facts) -> bool:
        """Whether the figure lies beyond the threshold."""
        figure = self.figure(facts)
        if figure is None:
            return False
        over = self.above is not None and figure > self.above
        return over or (self.below is not None and figure < self.below)


def advice(facts: Facts) -> list[dict[str, str]]:
    """What the rules say of these facts: `rule`, `about` and `text`, in the order of the table."""
    return [{"rule": rule.name, "about": rule.about, "text": rule.says(facts)} for rule in RULES if rule.speaks(facts)]


def _untimed(facts: Facts) -> float:
    return float(facts["first"] is None)


def _half_width(users: int, share: float = 0.1) -> float:
    """Percentage points either side within which a hit rate of a tenth is known, 95 % (normal approximation)."""
    return 100 * 1.96 * math.sqrt(share * (1 - share) / users)


def _within(facts: Facts, *keys: str) -> float | None:
    """A figure inside a part that may be missing."""
    value: Any = facts
    for key in keys:
        value = None if value is None else value[key]
    return value if value is None else float(value)


def _relative_bias(facts: Facts) -> float | None:
    spread, scale = facts["rating_spread"], facts["scale"]
    if spread is None or scale[1] <= scale[0]:
        return None
    return float(spread["sd_of_user_means"] / (scale[1] - scale[0]))


def _equal_ratings(facts: Facts) -> float | None:
    spread = facts["rating_spread"]
    return None if spread is None else float(spread["levels"] == 1)


def _odd_scale(facts: Facts) -> float | None:
    """1 for ratings that do not look like a scale people choose from: endless levels, or an end beyond 100."""
    if facts["scale"] is None:
        return None
    endless = facts["ratings"] is None or facts["scale"][1] > 100 or facts["scale"][0] < -10
    return float(endless)


def _lost(facts: Facts) -> float | None:
    if facts["rows_read"] is None:
        return None
    return float((facts["bad_rows"] + facts["duplicates"]) / max(1, facts["rows_read"]))


def _late(facts: Facts, what: str) -> str:
    return f"{facts['newcomers'][what]:.0%} of the last tenth of the rows"


RULES: tuple[Rule, ...] = (
    Rule(  # without times there is no before and after
        name="no times",
        about="protocol",
        figure=_untimed,
        above=0.5,
        says=lambda facts: (
            "There are no times: leave-one-out of the last row, cuts by time, sliding windows and models "
            "that know of time cannot run. Random splits can, and they let a model learn from the future."
        ),
    ),
    Rule(  # a hit rate of 10 % is then known to 1.9 points either side, more than most algorithms differ by
        name="few users",
        about="protocol",
        figure=lambda facts: facts["users"],
        below=1_000,
        says=lambda facts: (
            f"With {facts['users']:,} user{'s' * (facts['users'] != 1)} a hit rate of 10% is known to "
            f"{_half_width(facts['users']):.1f} percentage points either side: look at the intervals, and use k-fold "
            "or several seeds before calling a winner."
        ),
    ),
    Rule(  # a fifth of the rows that no collaborative model can know anything of
        name="new users",
        about="protocol",
        figure=lambda facts: _within(facts, "newcomers", "new_users"),
        above=0.2,
        says=lambda facts: (
            f"{_late(facts, 'new_users')} are of users unseen before: a cut by time measures how "
            "newcomers are served; report warm and cold users apart, or let histories be folded in."
        ),
    ),
    Rule(  # the same for items: only content knows them
        name="new items",
        about="algorithm",
        figure=lambda facts: _within(facts, "newcomers", "new_items"),
        above=0.05,
        says=lambda facts: (
            f"{_late(facts, 'new_items')} are about items unseen before: only content-based methods "
            "and hybrids can recommend those."
        ),
    ),
    Rule(  # then "the last row" of a user is often a matter of how the file was sorted
        name="batch entry",
        about="protocol",
        figure=lambda facts: _within(facts, "same_second", "share"),
        above=0.2,
        says=lambda facts: (
            f"{facts['same_second']['share']:.0%} of the rows share user and second with another (up to "
            f"{facts['same_second']['most']:,}): people enter many at once, so the order within a user says little, "
            "and 'last' and sequence models rest on the order of the file."
        ),
    ),
    Rule(  # ten items at random are then a twentieth of everything
        name="few items",
        about="protocol",
        figure=lambda facts: facts["items"],
        below=200,
        says=lambda facts: (
            f"With {facts['items']:,} item{'s' * (facts['items'] != 1)} a random list of ten already "
            f"holds {min(1.0, 10 / facts['items']):.0%} of them: hit rates look high; compare with 'random', and use "
            "shorter lists."
        ),
    ),
    Rule(  # below five rows a model of one person's taste has almost nothing to go by
        name="short histories",
        about="algorithm",
        figure=lambda facts: facts["per_user"]["median"],
        below=5,
        says=lambda facts: (
            f"Half of the users have {facts['per_user']['median']:g} rows or fewer: prefer models of "
            "items (item-knn, ease, slim, content) and popularity to models of a person (user-knn, svd), and expect "
            "leave-one-out to leave little to learn from."
        ),
    ),
    Rule(  # half of all rows on a tenth of the items
        name="extreme head",
        about="algorithm",
        figure=lambda facts: facts["head_share"],
        above=0.5,
        says=lambda facts: (
            f"The most popular tenth of the items takes {facts['head_share']:.0%} of the rows: "
            "'popular' will look strong in every hit rate; keep it in the line-up, and read coverage and novelty."
        ),
    ),
    Rule(  # a pair of users then shares hardly an item
        name="sparse",
        about="algorithm",
        figure=lambda facts: facts["density"],
        below=0.001,
        says=lambda facts: (
            f"{facts['density']:.3%} of the pairs are known: similarities rest on a handful of common "
            "raters; use shrinkage, and prefer implicit-als, ease or walks to plain neighborhoods."
        ),
    ),
    Rule(  # no ratings: nothing to predict
        name="clicks",
        about="algorithm",
        figure=lambda facts: float(facts["feedback"] == "implicit"),
        above=0.5,
        says=lambda facts: (
            "There are no ratings"
            + (" and every row counts 1" if facts["all_ones"] else "")
            + ": RMSE and floors mean nothing; use algorithms that rank (implicit-als, bpr, ease, rp3beta, "
            "implicit-item-knn)."
        ),
    ),
    Rule(  # one value is no opinion
        name="equal ratings",
        about="data",
        figure=_equal_ratings,
        above=0.5,
        says=lambda facts: "Every rating is the same: these are clicks; load them with feedback='implicit'.",
    ),
    Rule(  # counts and weights in a column called rating
        name="odd scale",
        about="data",
        figure=_odd_scale,
        above=0.5,
        says=lambda facts: (
            "The ratings run from {:g} to {:g}".format(*facts["scale"])
            + (" in more than 20 different values" if facts["ratings"] is None else "")
            + ": if they are counts, load them with feedback='implicit'; if they are ratings, give the scale."
        ),
    ),
    Rule(  # two thirds of the ratings in the top quarter: they tell little but that somebody chose
        name="high ratings",
        about="algorithm",
        figure=lambda facts: None if _equal_ratings(facts) else _within(facts, "rating_spread", "high_share"),
        above=0.65,
        says=lambda facts: (
            f"{facts['rating_spread']['high_share']:.0%} of the ratings lie in the upper quarter of the "
            "scale: whom they come from says more than how high they are; try algorithms for clicks beside those for "
            "ratings."
        ),
    ),
    Rule(  # users' means differ by more than a tenth of the scale
        name="personal scales",
        about="algorithm",
        figure=_relative_bias,
        above=0.1,
        says=lambda facts: (
            "People use the scale differently (their means differ by "
            f"{facts['rating_spread']['sd_of_user_means']:.2f}, standard deviation): use models with user means or "
            "biases, and mind that a fixed floor of relevance asks more of some than of others."
        ),
    ),
    Rule(  # one user in a hundred has more than a fifth of the say
        name="heavy users",
        about="data",
        figure=lambda facts: facts["top_user_share"] if facts["users"] >= 100 else None,
        above=0.2,
        says=lambda facts: (
            f"The busiest hundredth of the users has {facts['top_user_share']:.0%} of the rows: means "
            "over rows are their means; read figures per user, and see whether they are people."
        ),
    ),
    Rule(  # anybody at all
        name="suspicious users",
        about="data",
        figure=lambda facts: _within(facts, "suspicious", "users"),
        above=0,
        says=lambda facts: (
            f"{facts['suspicious']['users']:,} user{'s' * (facts['suspicious']['users'] != 1)} stand"
            f"{'s' * (facts['suspicious']['users'] == 1)} out ("
            + ", ".join(f"{kind['kind']}: {kind['users']:,}" for kind in facts["suspicious"]["kinds"])
            + "): look at them, and measure with and without ("
            + " ".join(
                f"--step {step}" for step in dict.fromkeys(kind["step"] for kind in facts["suspicious"]["kinds"])
            )
            + " of 'longtail data clean')."
        ),
    ),
    Rule(  # more than one row in a hundred did not arrive
        name="lost rows",
        about="data",
        figure=_lost,
        above=0.01,
        says=lambda facts: (
            f"{_lost(facts):.0%} of the rows read were bad or repeated a pair: see that this is as it "
            "should be before measuring anything."
        ),
    ),
)
