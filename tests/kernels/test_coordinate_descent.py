"""Elastic nets against scikit-learn's, and against the conditions of an optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import ElasticNet as Reference

from longtail.kernels.coordinate_descent import ElasticNet, elastic_nets, elastic_nets_of_neighbors
from longtail.kernels.gram import gram, mirror, sparse_gram

NETS = [
    ElasticNet(l1=2.0, l2=3.0),
    ElasticNet(l1=0.2, l2=0.5),
    ElasticNet(l1=2.0, l2=3.0, non_negative=False),
    ElasticNet(l1=0.0, l2=5.0, non_negative=False),
    ElasticNet(l1=4.0, l2=0.0),
]


@pytest.fixture
def rows(rng: Any) -> sparse.csr_array:
    """150 users with two tastes, 90 items, of which one is met by nobody and one by everybody."""
    taste = rng.random((150, 2)) @ rng.random((2, 90))
    X = np.where(rng.random((150, 90)) < taste / 2, rng.integers(1, 6, size=(150, 90)) / 5, 0.0)
    X[:, 11], X[:, 12] = 0.0, 1.0
    return sparse.csr_array(X.astype(np.float32))


def reference(X: Any, net: ElasticNet, target: int, among: Any) -> Any:
    """Column `target` of B by scikit-learn, from the columns `among` alone."""
    total = net.l1 + net.l2
    model = Reference(
        alpha=total / len(X),
        l1_ratio=net.l1 / total,
        fit_intercept=False,
        positive=net.non_negative,
        tol=1e-10,
        max_iter=100_000,
    )
    b = np.zeros(X.shape[1])
    if len(among):
        b[among] = model.fit(X[:, among], X[:, target]).coef_
    return b


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:Coordinate descent without L1")
@pytest.mark.parametrize("net", NETS, ids=str)
def test_the_coefficients_are_those_of_scikit_learn(rows: sparse.csr_array, net: ElasticNet) -> None:
    G = gram(rows)
    mirror(G)
    B, X = elastic_nets(G, net).toarray(), rows.toarray().astype(np.float64)
    for target in range(0, 90, 6):
        expected = reference(X, net, target, np.delete(np.arange(90), target))
        assert np.abs(B[:, target] - expected).max() < 1e-4
    assert (B.diagonal() == 0).all()
    assert net.non_negative == (B >= 0).all()


@pytest.mark.parametrize("net", NETS, ids=str)
def test_no_weight_would_move_at_the_optimum(rows: sparse.csr_array, net: ElasticNet) -> None:
    G = gram(rows, double=True)
    mirror(G)
    B = elastic_nets(G.astype(np.float32), net).toarray().astype(np.float64)
    pull = G - G @ B - net.l2 * B  # minus the slope of the smooth part
    rest = ~np.eye(90, dtype=np.bool_)
    set_free = (B != 0) & rest
    assert np.abs(pull - net.l1 * np.sign(B))[set_free].max() < 1e-3
    held = (B == 0) & rest
    assert (pull if net.non_negative else np.abs(pull))[held].max(initial=0.0) < net.l1 + 1e-3


@pytest.mark.parametrize("net", NETS[:3], ids=str)
def test_neighbors_only(rows: sparse.csr_array, net: ElasticNet, rng: Any) -> None:
    allowed = (rng.random((90, 90)) < 0.2) & ~np.eye(90, dtype=np.bool_)
    allowed[5] = False
    B = elastic_nets_of_neighbors(sparse_gram(rows), sparse.csr_array(allowed), net)
    assert (B.data != 0).all()
    X = rows.toarray().astype(np.float64)
    for target in range(0, 90, 5):
        expected = reference(X, net, target, np.flatnonzero(allowed[target]))
        assert np.abs(B.toarray()[:, target] - expected).max() < 1e-4


def test_all_the_neighbors_are_all(rows: sparse.csr_array) -> None:
    G = gram(rows)
    mirror(G)
    everyone = sparse.csr_array(~np.eye(90, dtype=np.bool_))
    some = elastic_nets_of_neighbors(sparse_gram(rows), everyone, NETS[0]).toarray()
    assert np.abs(some - elastic_nets(G, NETS[0]).toarray()).max() < 1e-5
