"""Users who do far more than others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from longtail import params
from longtail.data.cleaning.pace import busiest_window
from longtail.data.cleaning.steps import Marked, Step, Suspect
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.types import AnyArray, RealArray

__all__ = ["OutlierUsers", "Rule", "robust_scores", "robust_spread"]

Rule = Literal["mean+3sd", "mad", "iqr", "log-mad"]

_USUAL: dict[str, float] = {"mean+3sd": 3.0, "mad": 3.5, "iqr": 1.5, "log-mad": 3.5}
_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class OutlierUsers(Step):
    """Users whose activity is beyond what the others' suggests.

    | rule | a user is out above | made for |
    |---|---|---|
    | `mean+3sd` | mean + 3 sd | normal figures; the outliers themselves widen it |
    | `mad` | median + 3.5 x 1.4826 MAD (Iglewicz and Hoaglin 1993) | symmetric figures with outliers |
    | `iqr` | Q3 + 1.5 (Q3 - Q1) (Tukey 1977) | the same |
    | `log-mad` | exp of the `mad` rule on the logarithm | activity, which is heavy-tailed: the default |

    Activity has a long tail, so the three rules on the plain scale call a good part of every community's regulars
    outliers. Only the upper side is looked at: too few rows is what `MinimumRatings` is for.

    Attributes:
        by: "activity" (rows of a user) or "day" (rows within the busiest 24 hours, which takes times).
        rule: see the table.
        width: how many deviations or ranges; None for the rule's usual number.

    Examples:
        >>> rows = {"user": [0] * 40 + list(range(1, 21)), "item": [*range(40), *range(20)], "rating": [4.0] * 60}
        >>> marked = OutlierUsers(rule="mad").mark(Interactions.from_frame(rows))
        >>> marked.suspects[0].kind, int(marked.rows.sum())
        ('too active', 40)
    """

    name: ClassVar[str] = "outliers"

    by: Literal["activity", "day"] = "activity"
    rule: Rule = "log-mad"
    width: float | None = params.hyper(None, at_least=0.0)

    def mark(self, data: Interactions) -> Marked:
        """The rows of users above the limit."""
        present = np.flatnonzero(data.user_counts)
        amounts = self._amounts(data)[present]
        limit = self.limit(amounts)
        noun = "rows" if self.by == "activity" else "rows within 24 hours"
        found = [
            Suspect(int(user), "too active", f"{amount:,} {noun}; the limit is {limit:,.0f}")
            for user, amount in zip(present, amounts, strict=True)
            if amount > limit
        ]
        return Marked.users(data, found)

    def limit(self, amounts: AnyArray) -> float:
        """The most a user may do.

        Args:
            amounts: (n,) positive activity of each user.

        Examples:
            >>> OutlierUsers(rule="iqr").limit(np.array([1, 2, 3, 4, 5]))
            7.0
        """
        figures = np.log(amounts) if self.rule == "log-mad" else np.asarray(amounts, dtype=np.float64)
        if self.rule == "mean+3sd":
            edge = figures.mean() + self._width * figures.std()
        elif self.rule == "iqr":
            low, high = np.quantile(figures, (0.25, 0.75))
            edge = high + self._width * (high - low)
        else:
            edge = np.median(figures) + self._width * robust_spread(figures)
        return float(np.exp(edge) if self.rule == "log-mad" else edge)

    @property
    def _width(self) -> float:
        return _USUAL[self.rule] if self.width is None else self.width

    def _amounts(self, data: Interactions) -> AnyArray:
        if self.by == "activity":
            return data.user_counts
        if data.times is None:
            raise DataError("outliers by=day needs times, and these data have none; use by=activity")
        return busiest_window(data, _DAY)


def robust_spread(figures: RealArray) -> float:
    """1.4826 MAD: the standard deviation of normal figures, whatever a minority of them does.

    Where more than half of the figures are equal it is 1.2533 times the mean absolute deviation (Iglewicz and Hoaglin).
    """
    away = np.abs(figures - np.median(figures))
    return float(1.4826 * np.median(away) or 1.253314 * away.mean())


def robust_scores(figures: RealArray) -> RealArray:
    """(n,) distances from the median in `robust_spread`s; all 0 where the figures are equal.

    Examples:
        >>> robust_scores(np.array([1.0, 2.0, 3.0, 4.0, 50.0])).round(1).tolist()
        [-1.3, -0.7, 0.0, 0.7, 31.7]
    """
    spread = robust_spread(figures)
    scores: RealArray = (figures - np.median(figures)) / spread if spread else np.zeros_like(figures)
    return scores
