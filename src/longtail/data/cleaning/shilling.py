"""Fake profiles that push an item up or down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from longtail import params
from longtail.data.cleaning.outliers import robust_scores
from longtail.data.cleaning.profiles import component_weight, degree_of_similarity, rating_deviation
from longtail.data.cleaning.steps import Marked, Step, Suspect
from longtail.data.cleaning.targets import Campaign, campaigns
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.types import RealArray

__all__ = ["Detector", "ShillingProfiles"]

Detector = Literal["deviation", "components", "similarity"]

_LEAST_USERS = 20
_ODDNESS: dict[str, Callable[[Interactions], RealArray]] = {
    "deviation": lambda data: np.log(np.maximum(rating_deviation(data), 1e-12)),
    "components": lambda data: -np.log(np.maximum(component_weight(data), 1e-12)),
    "similarity": degree_of_similarity,
}


@dataclass(frozen=True, kw_only=True)
class ShillingProfiles(Step):
    """Odd profiles that agree on one item: the work of an attacker who pushes it up or down.

    Two findings together make a suspect; one alone does not.

    1. The profile is odd. `deviation`: RDMA, far from the mean on items that few have rated. `components`: it hardly
       takes part in the first principal components of the users (PCA VarSelect). `similarity`: DegSim, too similar to
       its nearest neighbors. Odd is more than `oddness` robust standard deviations from the median (see `outliers`).
    2. Odd profiles agree on a target: one item has far more of the highest (or the lowest) ratings from them than
       their share of all such ratings explains: a binomial test of every item and both ends of the scale, corrected for
       their number (Bonferroni), as in the target item analysis of Zhou et al. (2015). See `targets`.

    So nobody is taken out for a strange taste alone. What it cannot see: most profiles that rate what everybody rates
    (`popular-average` in `attacks`), a handful of profiles, and clicks, which have no two ends.

    Attributes:
        detectors: which oddities to look for; each finds targets of its own, and the suspects are put together.
        oddness: robust standard deviations from the median from which on a profile is odd.
        error: the chance of one false target in clean data, for each detector, if profiles were independent.

    Examples:
        >>> from longtail.data.attacks import plant
        >>> from longtail.data.synthetic import synthetic
        >>> attack = plant(synthetic(users=300, items=200, ratings=12_000), "random", share=0.05)
        >>> cleaned = ShillingProfiles().apply(attack.data)
        >>> len(set(cleaned.removed.users_present()) & set(attack.planted)), len(attack.planted)
        (14, 15)
    """

    name: ClassVar[str] = "shilling"

    detectors: tuple[Detector, ...] = params.hyper(("deviation", "components", "similarity"))
    oddness: float = params.hyper(1.5, at_least=0.0)
    error: float = params.hyper(0.001, at_least=0.0, at_most=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.detectors:
            raise ConfigError(f"shilling: name at least one detector of {', '.join(_ODDNESS)}")

    def mark(self, data: Interactions) -> Marked:
        """All rows of the odd profiles behind a target."""
        if data.feedback != "explicit":
            raise DataError("shilling needs ratings: clicks have no highest and lowest value; use bots or outliers")
        present = np.flatnonzero(data.user_counts)
        if len(present) < _LEAST_USERS or (data.values == data.values[0]).all():
            why = f"fewer than {_LEAST_USERS} users" if len(present) < _LEAST_USERS else "all ratings are equal"
            return Marked.users(data, [], [f"{why}: nothing can be told"])
        found: dict[int, Suspect] = {}
        for detector in dict.fromkeys(self.detectors):
            scores = np.full(data.n_users, -np.inf)
            scores[present] = robust_scores(_ODDNESS[detector](data)[present])
            for campaign in campaigns(data, scores, self.oddness, self.error):
                for user in campaign.users:
                    found.setdefault(user, _suspect(data, detector, user, float(scores[user]), campaign))
        return Marked.users(data, [found[user] for user in sorted(found)])


def _suspect(data: Interactions, detector: str, user: int, score: float, campaign: Campaign) -> Suspect:
    item, size = data.item_ids[campaign.item], len(campaign.users)
    way = "pushed" if campaign.value == data.values.max() else "nuked"
    return Suspect(user, "shilling", f"item {item} {way} by {size} odd profiles; {detector} {score:.1f} sd from usual")
