import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtail.data.ids import Ids
from longtail.data.results import RatingPredictions
from longtail.evaluation.metrics.accuracy import mae, prediction_coverage, rmse
from longtail.evaluation.metrics.value import MetricValue

Row = tuple[int, float, float, bool]  # user, actual, estimated, impossible

ratings = st.sampled_from([0.5, 1.0, 2.5, 4.0, 5.0])
rows_of_predictions = st.lists(st.tuples(st.integers(0, 4), ratings, st.floats(0.5, 5.0, width=32), st.booleans()))


def predictions_of(rows: list[Row]) -> RatingPredictions:
    users, actual, estimated, impossible = zip(*rows, strict=True) if rows else ((), (), (), ())
    return RatingPredictions(
        users=np.array(users, dtype=np.int32),
        items=np.arange(len(rows), dtype=np.int32),
        actual=np.array(actual, dtype=np.float32),
        estimated=np.array(estimated, dtype=np.float32),
        impossible=np.array(impossible, dtype=bool),
        user_ids=Ids(["a", "b", "c", "d", "e"]),
        item_ids=Ids(range(len(rows))),
    )


def plain_rmse(rows: list[Row]) -> float:
    return math.sqrt(sum((estimated - actual) ** 2 for _, actual, estimated, _ in rows) / len(rows))


def plain_mae(rows: list[Row]) -> float:
    return sum(abs(estimated - actual) for _, actual, estimated, _ in rows) / len(rows)


def plain_coverage(rows: list[Row]) -> float:
    return sum(not impossible for *_, impossible in rows) / len(rows)


PLAIN = [(rmse, plain_rmse), (mae, plain_mae), (prediction_coverage, plain_coverage)]


@pytest.mark.parametrize(("metric", "plain"), PLAIN)
@settings(max_examples=60, deadline=None)
@given(rows=rows_of_predictions)
def test_agrees_with_a_plain_loop(
    metric: Callable[[RatingPredictions], MetricValue], plain: Callable[[list[Row]], float], rows: list[Row]
) -> None:
    value = metric(predictions_of(rows))
    by_user: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_user[row[0]].append(row)
    assert value.users.tolist() == sorted(by_user)
    assert value.per_user == pytest.approx([plain(by_user[user]) for user in sorted(by_user)])
    assert value == pytest.approx(plain(rows)) if rows else math.isnan(value)


def test_by_hand() -> None:
    predictions = predictions_of([(0, 3.0, 4.0, False), (0, 4.0, 3.0, False), (3, 5.0, 3.0, True)])
    assert rmse(predictions) == pytest.approx(math.sqrt(2.0))
    assert mae(predictions) == pytest.approx(4 / 3)
    assert prediction_coverage(predictions) == pytest.approx(2 / 3)
    assert rmse(predictions).users.tolist() == [0, 3]
    assert rmse(predictions).per_user.tolist() == [1.0, 2.0]
    assert prediction_coverage(predictions).per_user.tolist() == [1.0, 0.0]


def test_an_impossible_prediction_counts_with_its_fallback() -> None:
    kept = [(0, 3.0, 3.0, False)]
    assert rmse(predictions_of([*kept, (0, 5.0, 3.0, True)])) > rmse(predictions_of(kept))


@settings(max_examples=30, deadline=None)
@given(rows=rows_of_predictions.filter(len))
def test_mae_never_exceeds_rmse_and_order_does_not_matter(rows: list[Row]) -> None:
    predictions = predictions_of(rows)
    assert mae(predictions) <= rmse(predictions) + 1e-12
    assert rmse(predictions_of(rows[::-1])) == pytest.approx(rmse(predictions))
