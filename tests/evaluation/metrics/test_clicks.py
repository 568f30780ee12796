import json

import numpy as np
import pytest
from sklearn import metrics as sk

from longtail.data.ids import Ids
from longtail.data.results import ClickPredictions
from longtail.errors import DataError
from longtail.evaluation.metrics import auc, log_loss


def drawn(seed: int, n: int = 300) -> ClickPredictions:
    rng = np.random.default_rng(seed)
    clicked = rng.integers(0, 2, n).astype(np.float32)
    probability = np.round(0.6 * rng.random(n) + 0.3 * clicked, 2)
    return ClickPredictions(clicked, probability, rng.integers(0, 40, n).astype(np.int32), Ids(range(39), kind="user"))


@pytest.mark.parametrize("seed", range(3))
def test_agree_with_scikit_learn_over_all_and_by_user(seed: int) -> None:
    predictions = drawn(seed)
    assert predictions.users is not None
    for metric, other in ((auc, sk.roc_auc_score), (log_loss, lambda y, p: sk.log_loss(y, p, labels=[0, 1]))):
        value = metric(predictions)
        assert value == pytest.approx(other(predictions.clicked, predictions.probability), abs=1e-12)
        assert value.users.tolist() == sorted(set(predictions.users.tolist()))
        for user, own, weight in zip(value.users, value.per_user, value.weights, strict=True):
            mine = predictions.users == user
            assert weight == mine.sum()
            if len(set(predictions.clicked[mine])) == 2:
                expected = other(predictions.clicked[mine], predictions.probability[mine])
                assert own == pytest.approx(expected, abs=1e-12)


def test_certainty_that_is_wrong_costs_much_and_not_all() -> None:
    value = log_loss(ClickPredictions(np.array([1.0]), np.array([0.0])))
    assert value == pytest.approx(-np.log(1e-15))


def test_without_users_or_rows() -> None:
    bare = ClickPredictions(np.array([1.0, 0.0]), np.array([0.7, 0.2]))
    assert (auc(bare), auc(bare).per_user.tolist(), log_loss(bare).users.tolist()) == (1.0, [], [])
    nothing = ClickPredictions(np.zeros(0), np.zeros(0))
    assert np.isnan(auc(nothing))
    assert np.isnan(log_loss(nothing))


def test_as_a_table() -> None:
    predictions = ClickPredictions(np.array([1, 0]), np.array([0.75, 0.5]), np.array([0, 1]), Ids(["ann"], kind="user"))
    assert predictions.to_frame().rows() == [(1, 0.75, "ann"), (0, 0.5, None)]
    assert json.loads(predictions.to_json())[0] == {"clicked": 1, "probability": 0.75, "user": "ann"}
    assert repr(predictions) == "ClickPredictions(2 impressions, 1 clicked)"


@pytest.mark.parametrize(
    ("clicked", "probability", "said"),
    [
        ([1, 0], [0.5], r"probabilities do not fit clicks of shape \(2,\)"),
        ([2], [0.5], "clicked must be 0 or 1"),
        ([1], [1.5], "a probability lies between 0 and 1"),
        ([1], [np.nan], "a probability lies between 0 and 1"),
    ],
)
def test_what_cannot_be(clicked: list, probability: list, said: str) -> None:
    with pytest.raises(DataError, match=said):
        ClickPredictions(np.array(clicked), np.array(probability))
