"""Steps by the names the command line knows them by."""

from __future__ import annotations

import difflib

from longtail import params
from longtail.data.cleaning.bots import Bots
from longtail.data.cleaning.minimum import MinimumRatings
from longtail.data.cleaning.outliers import OutlierUsers
from longtail.data.cleaning.shilling import ShillingProfiles
from longtail.data.cleaning.steps import Step
from longtail.errors import ConfigError

__all__ = ["STEPS", "parse"]

STEPS: dict[str, type[Step]] = {step.name: step for step in (OutlierUsers, Bots, ShillingProfiles, MinimumRatings)}


def parse(spec: str) -> Step:
    """A step as the command line writes it.

    Examples:
        >>> parse("outliers:rule=iqr,width=3")
        OutlierUsers(by='activity', rule='iqr', width=3.0)

    Raises:
        ConfigError: for an unknown step or threshold, or a value that does not fit.
    """
    name, _, rest = spec.strip().partition(":")
    if name not in STEPS:
        near = difflib.get_close_matches(name, STEPS, n=1)
        raise ConfigError(f"no cleaning step {name!r}; {'did you mean ' + near[0] + '?' if near else _listed()}")
    texts: dict[str, str] = {}
    for pair in filter(None, params.split(rest, ":,")):
        key, equals, value = pair.partition("=")
        field = key.strip().replace("-", "_")
        if not equals or field in texts:
            raise ConfigError(f"{spec!r}: write each threshold once, as {name}:threshold=value")
        texts[field] = value.strip()
    return STEPS[name](**params.parse(STEPS[name], texts))


def _listed() -> str:
    return f"there are {', '.join(STEPS)}"
