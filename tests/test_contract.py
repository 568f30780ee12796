"""The contract, kept by every registered algorithm; and the suite itself, on algorithms that break it."""

from __future__ import annotations

import pytest

import longtail.testing

EXEMPT = {
    "popular": {
        "test_recovers_the_explicit_toy_world": "the same list for everyone",
        "test_recovers_the_implicit_toy_world": "the same list for everyone",
        "test_predictions_recover_the_toy_world": "the same prediction for everyone",
    },
}


@pytest.mark.parametrize("case", longtail.testing.cases(exempt=EXEMPT), ids=str)
def test_contract(case: longtail.testing.Case) -> None:
    case()
