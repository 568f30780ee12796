"""How much a user rates above the mean, and how much an item is rated above it: r_ui is about mu + b_u + b_i.

Two ways to learn the biases: alternating least squares (each side solved in closed form given the other) and
stochastic gradient descent (one rating at a time).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, FloatArray, IntArray, RealArray

__all__ = ["als_biases", "sgd_biases", "solve_biases"]

ROW_TILE = 4096
"""Rows a thread takes at a time: with fewer, to start it takes longer than to solve them."""


def als_biases(
    by_user: sparse.csr_array,
    by_item: sparse.csc_array,
    mean: float,
    *,
    epochs: int = 10,
    reg_user: float = 15.0,
    reg_item: float = 10.0,
) -> tuple[FloatArray, FloatArray]:
    """Biases by alternating least squares; an epoch solves the items, then the users (Koren 2010, section 2.1).

    Minimises sum (r_ui - mu - b_u - b_i)^2 + reg_user sum b_u^2 + reg_item sum b_i^2, by turns with
    b_i = sum_u (r_ui - mu - b_u) / (reg_item + n_i) and b_u = sum_i (r_ui - mu - b_i) / (reg_user + n_u).

    Args:
        by_user: (n_users, n_items) ratings.
        by_item: the same ratings by column.
        mean: mu, the mean of all ratings.
        epochs: how often both sides are solved.
        reg_user: damping of the user biases, in ratings.
        reg_item: damping of the item biases, in ratings.

    Returns:
        user_bias (n_users,) and item_bias (n_items,), float32; 0 for a user or item without ratings.
    """
    columns = sparse.csr_array((by_item.data, by_item.indices, by_item.indptr), shape=by_item.shape[::-1])
    user_bias, item_bias = np.zeros(by_user.shape[0]), np.zeros(by_user.shape[1])
    for _ in range(epochs):
        item_bias = solve_biases(columns, user_bias, mean, reg_item)
        user_bias = solve_biases(by_user, item_bias, mean, reg_user)
    return user_bias.astype(np.float32), item_bias.astype(np.float32)


def solve_biases(rows: sparse.csr_array, column_bias: AnyArray, mean: float, regularization: float) -> RealArray:
    """The bias of each row given those of the columns: sum (r - mu - b_column) / (regularization + n).

    Also the fold-in of a new person: their row, the items' biases fixed.

    Args:
        rows: (n_rows, n_columns) ratings.
        column_bias: (n_columns,).
        mean: mu, the mean of all training ratings.
        regularization: damping, in ratings.

    Returns:
        (n_rows,) float64; 0 for an empty row.
    """
    solved = np.zeros(rows.shape[0])
    other = np.asarray(column_bias, dtype=np.float64)
    parts, rule = (rows.indptr, rows.indices, rows.data), (other, float(mean), float(regularization))
    run_rows(lambda lo, hi: _solve(*parts, *rule, solved, lo, hi), len(solved), tile=ROW_TILE)
    return solved


def sgd_biases(
    users: IntArray,
    items: IntArray,
    values: FloatArray,
    mean: float,
    *,
    shape: tuple[int, int],
    epochs: int = 20,
    learning_rate: float = 0.005,
    regularization: float = 0.02,
) -> tuple[FloatArray, FloatArray]:
    """Biases by stochastic gradient descent: b += learning_rate (error - regularization b) for each rating in turn.

    An epoch goes user by user, in the order the users first appear, each user's ratings in the order given.

    Args:
        users: (n,) row of each rating.
        items: (n,) column of each rating.
        values: (n,) ratings.
        mean: mu, the mean of all ratings.
        shape: (n_users, n_items).
        epochs: passes over the ratings.
        learning_rate: step size.
        regularization: weight of the squared biases in the loss.

    Returns:
        user_bias (n_users,) and item_bias (n_items,), float32; 0 for a user or item without ratings.
    """
    _, first, inverse = np.unique(users, return_index=True, return_inverse=True)
    order = np.argsort(first[inverse], kind="stable")
    user_bias, item_bias = np.zeros(shape[0]), np.zeros(shape[1])
    rates = float(learning_rate), float(regularization)
    _descend(users[order], items[order], values[order], float(mean), epochs, *rates, user_bias, item_bias)
    return user_bias.astype(np.float32), item_bias.astype(np.float32)


@kernel
def _solve(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    other: RealArray,
    mean: float,
    regularization: float,
    solved: RealArray,
    lo: int,
    hi: int,
) -> None:
    for row in range(lo, hi):
        start, end = indptr[row], indptr[row + 1]
        if start == end:
            continue
        total = 0.0
        for place in range(start, end):
            total += values[place] - mean - other[indices[place]]
        solved[row] = total / (regularization + (end - start))


@kernel
def _descend(
    users: IntArray,
    items: IntArray,
    values: FloatArray,
    mean: float,
    epochs: int,
    learning_rate: float,
    regularization: float,
    user_bias: RealArray,
    item_bias: RealArray,
) -> None:
    for _ in range(epochs):
        for row in range(len(users)):
            u, i = users[row], items[row]
            error = values[row] - mean - user_bias[u] - item_bias[i]
            user_bias[u] += learning_rate * (error - regularization * user_bias[u])
            item_bias[i] += learning_rate * (error - regularization * item_bias[i])
