"""EASE and SLIM beside what they are made of: the bare linear algebra, and scikit-learn's elastic net.

    python benchmarks/linear.py --items 5000 10000
    python benchmarks/linear.py --only slim

EASE: `fit` against the bare Gram product plus Cholesky inverse of the same size, in the same precision and in place:
SciPy's sparse product, BLAS on dense blocks of users, or our own kernel, then LAPACK's potrf and potri. SLIM: `fit`,
per item, against scikit-learn's `ElasticNet` on the same sparse columns (a sample of them), and the largest difference
of a coefficient, from scikit-learn at its default tolerance and at a tight one. The two sides take turns in one
process; wall-clock and processor seconds are printed, and their ratios. Unset OPENBLAS_CORETYPE: it can slow BLAS down.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import blas, lapack

import longtail as lt
from longtail.data.synthetic import World
from longtail.kernels.gram import gram

SAMPLE = 40
USER_BLOCK = 512
Seconds = tuple[float, float]


def timed(work: Callable[[], Any]) -> tuple[Seconds, Any]:
    """Wall-clock and processor seconds, and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return (time.perf_counter() - wall, time.process_time() - cpu), result


def best(runs: list[Seconds]) -> Seconds:
    return min(wall for wall, _ in runs), min(cpu for _, cpu in runs)


def told(name: str, ours: Seconds, theirs: Seconds) -> None:
    ratios = ours[0] / theirs[0], ours[1] / theirs[1]
    print(
        f"{name}: ours {ours[0]:.3g} s ({ours[1]:.3g} cpu), theirs {theirs[0]:.3g} s ({theirs[1]:.3g} cpu), "
        f"ratio {ratios[0]:.3f} ({ratios[1]:.3f} cpu)",
        flush=True,
    )


# -- EASE --------------------------------------------------------------------------------------------------------------


def sparse_product(X: sparse.csr_array) -> Any:
    return np.asfortranarray((X.T @ X).toarray())


def dense_product(X: sparse.csr_array) -> Any:
    G = np.zeros((X.shape[1],) * 2, dtype=X.dtype, order="F")
    for start in range(0, X.shape[0], USER_BLOCK):
        block = X[start : start + USER_BLOCK].toarray()
        blas.ssyrk(1.0, block.T, beta=1.0, c=G, lower=1, overwrite_c=1)
    return G


def bare_ease(X: sparse.csr_array, product: Callable[[sparse.csr_array], Any], ridge: float) -> Any:
    """The lower triangle of (X'X + ridge I)^-1."""
    G = product(X)
    G[np.diag_indices_from(G)] += ridge
    factor, failed = lapack.spotrf(G, lower=1, clean=0, overwrite_a=1)
    P, failed_too = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("no inverse")
    return P


def compare_ease(n_items: int, repeats: int) -> None:
    data = World(users=3 * n_items, items=n_items).ratings(150 * n_items)
    X = sparse.csr_array(data.by_user / np.float32(data.scale[1]))
    products = {"SciPy's": sparse_product, "BLAS's": dense_product, "our": lambda X: gram(X).T}
    runs: dict[str, list[Seconds]] = {name: [] for name in ("ours", *products)}
    for _ in range(repeats):
        took, _ = timed(lambda: lt.EASE(regularization=400.0).fit(data))
        runs["ours"].append(took)
        for name, product in products.items():
            runs[name].append(timed(lambda product=product: bare_ease(X, product, 400.0))[0])
    print(f"EASE, {n_items:,} items, {data.n_users:,} users, {len(data):,} ratings")
    for name in products:
        told(f"  fit / bare with {name} product", best(runs["ours"]), best(runs[name]))


# -- SLIM --------------------------------------------------------------------------------------------------------------


def elastic_net(X: sparse.csc_matrix, item: int, model: Any) -> Any:
    """The coefficients of an item's column on the others."""
    target = X[:, [item]].toarray().ravel()
    place = slice(X.indptr[item], X.indptr[item + 1])
    kept = X.data[place].copy()
    X.data[place] = 0.0
    model.fit(X, target)
    X.data[place] = kept
    return model.coef_.copy()


def compare_slim(name: str, data: lt.Interactions, l1: float, l2: float) -> None:
    from sklearn.linear_model import ElasticNet

    slim = lt.SLIM(l1_regularization=l1, regularization=l2)
    slim.clone().fit(data)  # compile
    ours, model = timed(lambda: slim.fit(data))
    X = sparse.csc_matrix(slim._preferences(data.by_user).astype(np.float64))
    alpha, ratio = (l1 + l2) / data.n_users, l1 / (l1 + l2)
    options = {"alpha": alpha, "l1_ratio": ratio, "fit_intercept": False, "positive": True, "copy_X": False}
    sample = np.random.default_rng(0).choice(data.n_items, min(SAMPLE, data.n_items), replace=False)
    warnings.simplefilter("ignore")
    usual, tight = ElasticNet(**options), ElasticNet(**options, tol=1e-9, max_iter=20_000)
    theirs, found = timed(lambda: [elastic_net(X, item, usual) for item in sample.tolist()])
    exact = [elastic_net(X, item, tight) for item in sample.tolist()]
    B = model.weights_[:, sample].toarray().T
    each = model.weights_.nnz / data.n_items
    print(f"SLIM, {name}: {data.n_items:,} items, l1 {l1:g}, l2 {l2:g}, {each:.0f} weights an item")
    told(
        "  seconds an item", (ours[0] / data.n_items, ours[1] / data.n_items), (theirs[0] / SAMPLE, theirs[1] / SAMPLE)
    )
    away, apart = (np.abs(B - np.array(other)).max() for other in (found, exact))
    print(f"  largest difference of a coefficient: {away:.1e} from the default tolerance, {apart:.1e} from a tight one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("ease", "slim"))
    parser.add_argument("--items", type=int, nargs="+", default=[5000, 10_000])
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    if "OPENBLAS_CORETYPE" in os.environ:
        print("OPENBLAS_CORETYPE is set: both sides use the kernels it names")
    lt.EASE().fit(World(users=100, items=50).ratings(1000))  # compile
    if chosen.only != "slim":
        for n_items in chosen.items:
            compare_ease(n_items, chosen.repeats)
    if chosen.only != "ease":
        for l1, l2 in ((2.0, 20.0), (0.5, 50.0)):
            compare_slim("as MovieLens 100K", World(users=943, items=1682).ratings(100_000), l1, l2)
        compare_slim("a larger catalogue", World(users=20_000, items=5000).ratings(1_000_000), 2.0, 50.0)


if __name__ == "__main__":
    main()
