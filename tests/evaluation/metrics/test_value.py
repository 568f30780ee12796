import json
import pickle

import numpy as np
import polars as pl
import pytest

from longtail.evaluation import metrics
from longtail.evaluation.metrics.value import METRICS, MetricValue


def test_a_value_is_a_float_with_the_users_behind_it() -> None:
    value = MetricValue.over_users("hit_rate", users=[3, 1, 2], per_user=[1.0, np.nan, 0.0])
    assert isinstance(value, float)
    assert value == 0.5
    assert value.name == "hit_rate"
    assert value.users.dtype == np.int32
    assert value.users.tolist() == [3, 1, 2]
    assert np.isnan(value.per_user[1])
    assert value.info is METRICS["hit_rate"]


def test_a_value_goes_wherever_a_float_goes() -> None:
    value = MetricValue.over_users("hit_rate", [0], [0.25])
    assert json.dumps({"HR": value}) == '{"HR": 0.25}'
    assert f"{value:.1%}" == "25.0%"
    assert pl.DataFrame({"HR": [value]}).item() == 0.25


def test_a_value_survives_pickling_between_processes() -> None:
    value = MetricValue.over_users("mrr", [0, 4], [0.5, 1.0])
    back = pickle.loads(pickle.dumps(value))
    assert (back, back.name, back.users.tolist(), back.per_user.tolist()) == (0.75, "mrr", [0, 4], [0.5, 1.0])


@pytest.mark.parametrize("per_user", [[], [np.nan, np.nan]])
def test_a_value_nobody_defines_is_nan(per_user: list[float]) -> None:
    assert np.isnan(MetricValue.over_users("recall", range(len(per_user)), per_user))


def test_the_columns_cannot_be_changed_afterwards() -> None:
    value = MetricValue.over_users("mrr", [0], [1.0])
    with pytest.raises(ValueError, match="read-only"):
        value.per_user[0] = 0.0


def test_every_entry_names_a_metric_function_and_says_all_there_is_to_say() -> None:
    for name, info in METRICS.items():
        assert info.name == name
        assert callable(getattr(metrics, name))
        for text in (info.short, info.title, info.unit, info.formula, info.meaning):
            assert text.strip() == text
            assert text
    assert len({info.short for info in METRICS.values()}) == len(METRICS)
    lower = {name for name, info in METRICS.items() if info.higher_is_better is False}
    neither = {name for name, info in METRICS.items() if info.higher_is_better is None}
    assert lower == {"rmse", "mae", "log_loss", "calibration", "exposure_disparity", "user_group_gap"}
    assert neither == {
        *("diversity", "intra_list_diversity", "novelty", "self_information", "mean_inverse_user_frequency"),
        *("unexpectedness", "unexpectedness_by_history", "average_recommendation_popularity", "long_tail_share"),
        *("gini", "item_exposure"),
        *("rank_biased_overlap", "top_n_change", "kendall_tau_top"),
    }


def test_metrics_exports_what_it_says() -> None:
    assert sorted(metrics.__all__, key=str.lower) == sorted(set(metrics.__all__), key=str.lower)
    assert set(METRICS) < set(metrics.__all__)
    assert all(hasattr(metrics, name) for name in metrics.__all__)


def test_the_mean_of_users_and_the_undefined() -> None:
    pooled = MetricValue(0.9, "rmse", [0, 1, 2], [1.0, 0.5, np.nan])
    assert (float(pooled), pooled.user_mean) == (0.9, 0.75)
    counted = pooled.counting_undefined()
    assert (float(counted), counted.per_user.tolist(), counted.users.tolist()) == (0.5, [1.0, 0.5, 0.0], [0, 1, 2])
    assert pooled.counting_undefined(3.0) == 1.5
    nobody = MetricValue.over_users("recall", [], [])
    assert np.isnan(nobody.user_mean)
    assert np.isnan(nobody.counting_undefined())
