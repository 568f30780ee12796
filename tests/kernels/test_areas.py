import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from longtail.kernels.areas import areas


def plain(labels: np.ndarray, scores: np.ndarray) -> float:
    """Every pair, one by one."""
    pairs = [(p, n) for p in scores[labels == 1] for n in scores[labels == 0]]
    return float(np.mean([(p > n) + 0.5 * (p == n) for p, n in pairs])) if pairs else np.nan


@pytest.mark.parametrize("seed", range(5))
def test_each_group_agrees_with_all_its_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(0, 2, 200), rng.integers(0, 60, 200)
    scores = rng.integers(0, 8, 200) / 8
    found = areas(labels, scores, groups, 61)
    expected = [plain(labels[groups == g], scores[groups == g]) for g in range(61)]
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert np.isnan(found[60])
    assert np.isnan(found).sum() > 3


def test_agrees_with_scikit_learn_on_many() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 20_000)
    scores = np.round(rng.normal(size=20_000) + labels, 1).astype(np.float32)
    assert areas(labels, scores)[0] == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_nothing_is_undefined() -> None:
    assert np.isnan(areas(np.zeros(0), np.zeros(0))).all()
    assert np.isnan(areas(np.ones(3), np.arange(3.0))).all()
