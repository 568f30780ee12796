"""The kinds of leaks, each with its name, what it means, what to do about it, and what finds it."""

from __future__ import annotations

from collections.abc import Iterable

from longtail.errors import ConfigError
from longtail.evaluation.leakage import candidates, features, models, pairs, popularity, times, twins, weight
from longtail.evaluation.leakage.finding import Check

__all__ = ["CHECKS", "named"]

_ALL = (
    Check(
        "pair-in-both",
        "a pair in train and test",
        "A model may remember the answer; and a list leaves out what train holds, so such a row can never be a hit.",
        "Drop the rows from train, or from test.",
        pairs.pair_in_both,
    ),
    Check(
        "repeated-pair",
        "a pair twice in test",
        "One right or wrong answer counts several times.",
        "Keep one row of each pair: load the part with duplicates='last'.",
        pairs.repeated_pair,
    ),
    Check(
        "twin-users",
        "a user under two ids",
        "What is tested under one id is learned under the other: neighborhoods look up the answer.",
        "Merge the two ids before splitting, or drop one.",
        twins.twin_users,
    ),
    Check(
        "twin-items",
        "an item under two ids",
        "The user has met the item under its other id: to find it again is no discovery.",
        "Merge the ids of one title and year before splitting.",
        twins.twin_items,
    ),
    Check(
        "future",
        "training after test time",
        "A model learns what others did later: trends and hits that nobody could have known.",
        "Split by time (splits.by_time), or accept 'future' and say so.",
        times.future,
    ),
    Check(
        "own-future",
        "a user's later rows in train",
        "A model learns what the user did after the moment it has to foresee.",
        "Test each user's last rows, split by time, or accept 'own-future' and say so.",
        times.own_future,
    ),
    Check(
        "split-session",
        "a session's later rows in train",
        "What follows in a session gives away what came before.",
        "Keep a session's rows after the cut together in test, or accept 'split-session' and say so.",
        times.split_session,
    ),
    Check(
        "given-hidden",
        "hidden rows among those given",
        "The answer is in the question.",
        "Take the hidden rows out of the given histories.",
        pairs.given_hidden,
    ),
    Check(
        "given-in-train",
        "new people who are not new",
        "Strong generalization asks about people a model has never seen; these it has.",
        "Take all rows of the people who are given out of train.",
        pairs.given_in_train,
    ),
    Check(
        "not-cold",
        "cold users or items that are not cold",
        "What should be new has been learned, so the figure is not that of a cold start.",
        "Take all rows of the cold users or items out of train.",
        pairs.not_cold,
    ),
    Check(
        "features",
        "features computed on all the data",
        "A column of the catalog tells what test holds: how often, or how well, an item will be rated.",
        "Compute the column from train alone, once for each fold.",
        features.features,
    ),
    Check(
        "popularity",
        "popularity computed on all the data",
        "A baseline or a measure of novelty knows which items test holds.",
        "Take popularity from train alone.",
        popularity.popularity,
    ),
    Check(
        "tuned-on-test",
        "tuning that saw test rows",
        "Parameters were chosen by the answers, so the figure is the best of many tries, not what to expect.",
        "Tune on train alone (the Tuner divides it once more), then test once.",
        models.tuned_on_test,
    ),
    Check(
        "learned-elsewhere",
        "a model that learned other rows",
        "A model that learned test rows remembers them.",
        "Fit it on train.",
        models.learned_elsewhere,
    ),
    Check(
        "fitted-before",
        "a model handed in fitted",
        "What it learned before may hold test rows.",
        "Hand in unfitted algorithms.",
        models.fitted_before,
    ),
    Check(
        "candidates",
        "candidates chosen by test",
        "Only right answers of somebody may be listed, which makes the task far easier than life.",
        "Let every item be listed, or choose candidates without looking at test, or accept 'candidates' and say so.",
        candidates.candidates,
    ),
    Check(
        "negatives",
        "negatives that are none",
        "A sampled negative from train can never be listed, and one from test is no wrong answer: both are free gifts.",
        "Draw negatives from the items the user has met in neither part.",
        candidates.negatives,
    ),
    Check(
        "dominating",
        "one user, item or second dominates",
        "The figures are mostly about one of them.",
        "Cap its rows, or judge by figures that count each user once.",
        weight.dominating,
    ),
    Check(
        "unknown-parameters",
        "parameters of unknown origin",
        "They may have been chosen on test rows, and nothing can tell.",
        "Hand in what a Tuner returns (TuningResult.model()), or say where they come from.",
        models.unknown_parameters,
        "note",
    ),
)

CHECKS: dict[str, Check] = {check.name: check for check in _ALL}
"""The kinds of leaks by name, in the order they are looked for."""


def named(names: Iterable[str]) -> frozenset[str]:
    """The names, if there are such leaks.

    Raises:
        ConfigError: for a name that is none, or that is a note and need not be accepted.
    """
    if isinstance(names, str):
        raise ConfigError(f"accept must be a list, such as [{names!r}]")
    chosen = frozenset(names)
    for name in sorted(chosen):
        if name not in CHECKS:
            raise ConfigError(f"there is no leak {name!r} to accept; choose from {', '.join(CHECKS)}")
    return chosen
