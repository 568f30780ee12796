"""What both sides of `implicit_run.py` share: the data, the exact loss, the recall. NumPy and SciPy only."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from scipy import sparse

__all__ = ["loss_of", "read", "recall_of", "timed"]

BLOCK = 2048


def read(path):
    """The training clicks (all of value 1) and the held-out ones, as CSR."""
    file = np.load(path)
    parts = []
    for name in ("train", "test"):
        indices, indptr = file[f"{name}_indices"], file[f"{name}_indptr"]
        ones = np.ones(len(indices), dtype=np.float32)
        parts.append(sparse.csr_matrix((ones, indices, indptr), shape=tuple(file["shape"])))
    return parts


def timed(work):
    """CPU seconds (all threads), wall seconds, and what `work` returns."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def loss_of(clicks, X, Y, alpha, regularization):
    """Sum over all pairs of c (p - x . y)^2, with c = 1 + alpha where p is 1 and else 1, plus the ridge; in double."""
    gram = Y.T.astype(np.float64) @ Y
    total = regularization * (np.square(X, dtype=np.float64).sum() + np.square(Y, dtype=np.float64).sum())
    for lo in range(0, clicks.shape[0], BLOCK):
        x = X[lo : lo + BLOCK].astype(np.float64)
        rows = clicks[lo : lo + BLOCK].tocoo()
        s = np.einsum("nf,nf->n", x[rows.row], Y[rows.col])
        total += np.einsum("uf,uf->", x @ gram, x) + ((1 + alpha) * (1 - s) ** 2 - s**2).sum()
    return float(total)


def recall_of(items, test):
    """Mean over users with held-out items of the part of them that is listed; items (n_users, n), -1 if empty."""
    shares = []
    for user in np.flatnonzero(np.diff(test.indptr)):
        held = test.indices[test.indptr[user] : test.indptr[user + 1]]
        shares.append(np.isin(items[user], held).sum() / min(len(held), items.shape[1]))
    return float(np.mean(shares))


def answer(**facts):
    print(json.dumps(facts))


def options():
    """The task, the file and the settings of the command line."""
    return sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
