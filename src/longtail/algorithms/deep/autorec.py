"""AutoRec: an autoencoder of ratings that learns only from the cells that are rated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.deep.autoencoder import noisy_history, squares
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.powers import PredictsRatings
from longtail.algorithms.trainer import Batch, Network, Tensor, Trained, keras
from longtail.algorithms.trainer.histories import HistoryFeed
from longtail.algorithms.trainer.optimizers import Schedule
from longtail.algorithms.trainer.validation import hold_out_rows, rmse
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.bias import als_biases, solve_biases
from longtail.kernels.parallel import run_rows, single_blas
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import BoolArray, FloatArray, IntArray

__all__ = ["AutoRec"]

Side = Literal["user", "item"]
Center = Literal["none", "mean", "biases"]
Activation = Literal["sigmoid", "tanh", "linear"]

ROWS_AT_ONCE = 1024
PAIRS_TILE = 4096
PEOPLE_TILE = 16
LEAST_RIDGE = 1e-6


@dataclass(eq=False, kw_only=True)
class RatingNetwork(Network):
    """A row of ratings -> code -> a rating for every column.

    Attributes:
        width: columns, at both ends.
        factors: units of the code.
        activation: of the code.
        noise: share of the ratings that is dropped from the input in training; all of them are to be predicted.
        regularization: weight of half the squared weights.
    """

    width: int
    factors: int
    activation: Activation
    noise: float
    regularization: float

    def build(self) -> None:
        """One layer in, one layer out."""
        self.noisy = self.dropout(self.noise)
        self.encode = self.dense(self.width, self.factors, self.activation)
        self.decode = self.dense(self.factors, self.width)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """(batch,): the squared errors of the rated cells of each row, summed. No other cell is looked at."""
        ops, rows = keras.ops, batch["weight"].shape[0]
        found = self.decode(self.encode(noisy_history(batch, self.width, self.noisy, training, scaled=False)))
        place = ops.minimum(batch["row"], rows - 1) * self.width + batch["item"]
        errors = ops.take(ops.reshape(found, (-1,)), place) - batch["value"]
        return ops.segment_sum(ops.square(errors), batch["row"], num_segments=rows + 1)[:rows]

    def penalty(self, batch: Batch) -> Tensor:
        """Half the squared weights of both layers."""
        return 0.5 * self.regularization * squares([self.encode, self.decode])

    def answer(self, batch: Batch) -> Tensor:
        """(n, factors): the codes of rows of ratings (n, width)."""
        return self.encode(batch["ratings"])


@dataclass(kw_only=True)
class AutoRec(Trained, PredictsRatings):
    """Autoencoder of ratings (Sedhain, Menon, Sanner and Xie 2015), of the rows of users or the columns of items.

    With r a row of ratings, 0 where there is none, the loss of a row is (equation 2)

        h(r) = W g(V r + m) + b,    sum over the rated cells j of (r_j - h(r)_j)^2

    averaged over rows, plus regularization / 2 (|W|^2 + |V|^2). Cells without a rating have no part in it. A row is an
    item's (`side="item"`: ratings by all users, more accurate where items have more ratings than users) or a user's.
    `center` takes out first what a rating is without taste: an empty cell, 0 to the network, then stands for average.
    The paper takes out nothing, so that the input also says which cells are empty; nor does it use `dropout`.

    Either way a rating is an inner product: of the code of its row and the output weights of its column. So someone new
    is answered without training:

    - `side="user"`: their ratings are a row of input. Fold-in is exact.
    - `side="item"`: they are a new column, without weights. These are solved for, the codes z of the items fixed: the
      w and c that make sum over their ratings of (r_i - w . z_i - c)^2 + n / 2 regularization |w|^2 smallest, with n
      the number of items. That is the very loss W was trained for, at its exact minimum, while a training user keeps
      the weights the training left off with. (What their ratings would change in the codes of the items is left out.)
      Where their ratings are all alike, that w is 0 and ranks nothing: they get the mean weights, at their own level.

    A row without ratings gets the mean code of the others, a user without ratings the mean weights.

    Attributes:
        side: whose ratings are a row.
        factors: units of the code.
        activation: g.
        center: take out nothing, the mean of all ratings, or also the biases of users and items.
        damping: of those biases, in ratings.
        dropout: share of the ratings dropped from the input in training, to be predicted all the same.
        regularization: weight of the squared weights; the paper's lambda, for the sum over rows, is this times their
            number.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.
        left_: (n_users, factors + 1) float32, of side "item": the weights of users, and what is added to any rating.
        right_: (n_items, factors) float32: the codes of items, or their weights.
        offset_: (n_items,) float32, what is added to a rating of an item.
        item_known_: (n_items,) bool, False where the training data have no row: such an item is never recommended.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.AutoRec(factors=4, center="mean", regularization=0.01, learning_rate=0.03).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "solved"

    side: Side = "item"
    factors: int = hyper(200, at_least=1, search=(20, 600), log=True)
    activation: Activation = "sigmoid"
    center: Center = "none"
    damping: float = hyper(5.0, at_least=0.0, search=(1.0, 20.0), log=True)
    dropout: float = hyper(0.0, at_least=0.0, at_most=0.9, search=(0.0, 0.5))
    regularization: float = hyper(0.05, at_least=0.0, search=(0.01, 0.3), log=True)
    epochs: int = hyper(100, at_least=1, search=(50, 200), log=True)
    learning_rate: float = hyper(3e-3, at_least=0.0, search=(1e-3, 1e-2), log=True)
    schedule: Schedule = hyper("linear", shared=True)

    # -- learning ----------------------------------------------------------------------------------------------------

    def _network(self) -> Network:
        width = len(self.item_ids_ if self.side == "user" else self.user_ids_)
        return RatingNetwork(
            width=width, factors=self.factors, activation=self.activation, noise=self.dropout,
            regularization=self.regularization, precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self.item_known_ = train.item_counts > 0
        self.item_bias_ = np.zeros(train.n_items, dtype=np.float32)
        if self.center == "biases":
            damping = self.damping
            self.item_bias_ = als_biases(train.by_user, train.by_item, self.mean_, reg_user=damping, reg_item=damping)[
                1
            ]
        deviations, levels = self._centered(self.histories_)
        rows = deviations if self.side == "user" else deviations.T.tocsr()
        met = np.diff(rows.indptr) > 0
        self.rows_ = int(met.sum())
        self._learn_rows(rows[met])
        kernel, bias = self._output()
        self.mean_code_ = self._codes_of(rows[met]).mean(axis=0)
        weights = np.concatenate([kernel, bias[:, None]], axis=1)
        if self.side == "user":
            self.right_ = np.ascontiguousarray(kernel)
            self.offset_ = self.item_bias_ + bias
            return
        self.right_ = self._codes(rows)
        self.offset_ = self.item_bias_
        known = train.user_counts > 0
        self.mean_weights_ = weights[known].mean(axis=0)
        self.left_ = np.where(known[:, None], weights, self.mean_weights_)
        self.left_[:, -1] += levels

    def _learn_rows(self, rows: sparse.csr_array) -> None:
        """Train on rows without what is not taste; with `patience` some of their cells tell when to stop."""
        if not self.patience:
            self._train(HistoryFeed(rows, self.batch_size))
            return
        out = hold_out_rows(rows.nnz, seed=self.seed)
        row, column = row_numbers(rows), rows.indices
        left = sparse.csr_array((rows.data[~out], (row[~out], column[~out])), shape=rows.shape)

        def score() -> float:
            kernel, bias = self._output()
            found = np.einsum("nf,nf->n", self._codes_of(left)[row[out]], kernel[column[out]]) + bias[column[out]]
            return -rmse(found, rows.data[out])

        self._train(HistoryFeed(left, self.batch_size), score)

    def _output(self) -> tuple[FloatArray, FloatArray]:
        """W with a row for each column of ratings, and b."""
        values = self._trained_network().values()
        return values["decode/kernel"].T, values["decode/bias"]

    def _centered(self, histories: sparse.csr_array) -> tuple[sparse.csr_array, FloatArray]:
        """Histories without what is not taste, every rated cell still stored; and that of each person, (n,)."""
        level = 0.0 if self.center == "none" else self.mean_
        levels = np.full(histories.shape[0], level)
        if self.center == "biases":
            levels += solve_biases(histories, self.item_bias_, self.mean_, self.damping)
        apart = histories.data - np.repeat(levels, np.diff(histories.indptr)) - self.item_bias_[histories.indices]
        parts = apart.astype(np.float32), histories.indices, histories.indptr
        return sparse.csr_array(parts, shape=histories.shape), levels.astype(np.float32)

    def _codes(self, rows: sparse.csr_array) -> FloatArray:
        """(n, factors): the code of each row; the mean code for one without a rating."""
        codes = self._codes_of(rows)
        codes[np.diff(rows.indptr) == 0] = self.mean_code_
        return codes

    def _codes_of(self, rows: sparse.csr_array) -> FloatArray:
        starts = range(0, rows.shape[0], ROWS_AT_ONCE)
        blocks = [self._answers({"ratings": rows[lo : lo + ROWS_AT_ONCE].toarray()}) for lo in starts]
        return np.concatenate([np.zeros((0, self.factors), dtype=np.float32), *blocks])

    # -- answering ---------------------------------------------------------------------------------------------------

    def _left(self, histories: sparse.csr_array) -> FloatArray:
        """(n, factors + 1): what `right_` is multiplied by for people known by their histories, and what is added."""
        deviations, levels = self._centered(histories)
        if self.side == "user":
            return np.concatenate([self._codes(deviations), levels[:, None]], axis=1)
        solved = np.tile(self.mean_weights_, (len(levels), 1))

        def solve(lo: int, hi: int) -> None:
            for row in range(lo, hi):
                place = slice(deviations.indptr[row], deviations.indptr[row + 1])
                if place.start < place.stop:
                    solved[row] = self._weights(self.right_[deviations.indices[place]], deviations.data[place])

        with single_blas():
            run_rows(solve, len(solved), tile=PEOPLE_TILE)
        solved[:, -1] += levels
        return solved

    def _weights(self, codes: FloatArray, values: FloatArray) -> FloatArray:
        """(factors + 1,): the weights of somebody new, who rates items of these codes so."""
        if np.ptp(values) == 0:
            mean = self.mean_weights_[:-1]
            return np.append(mean, values[0] - codes.mean(axis=0) @ mean)
        return _ridge(codes, values, 0.5 * self.rows_ * self.regularization)

    def _left_of_users(self, users: IntArray) -> FloatArray:
        return self.left_[users] if self.side == "item" else self._left(self.histories_[users])

    def _scores(self, left: FloatArray, offset: FloatArray) -> LowRank:
        ones = np.ones((len(self.right_), 1), dtype=np.float32)
        return LowRank(left, np.concatenate([self.right_, ones], axis=1), offset)

    def _listed(self) -> FloatArray:
        return np.where(self.item_known_, self.offset_, np.float32(-np.inf))

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        return self._scores(self._left(histories), self._listed())

    def _score_users(self, users: IntArray) -> LowRank:
        return self._scores(self._left_of_users(users), self._listed())

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        people, place = np.unique(users, return_inverse=True)
        left = self._left_of_users(people)
        estimates = np.empty(len(users), dtype=np.float32)

        def multiply(lo: int, hi: int) -> None:
            rows, columns = left[place[lo:hi]], self.right_[items[lo:hi]]
            np.einsum("nf,nf->n", rows[:, :-1], columns, out=estimates[lo:hi])
            estimates[lo:hi] += rows[:, -1] + self.offset_[items[lo:hi]]

        run_rows(multiply, len(users), tile=PAIRS_TILE)
        impossible = ~self.item_known_[items]
        estimates[impossible] = self.mean_
        return estimates, impossible


def _ridge(codes: FloatArray, values: FloatArray, weight: float) -> FloatArray:
    """[w, c]: the w (factors,) and c that make |values - codes w - c|^2 + weight |w|^2 smallest."""
    Z, r = codes.astype(np.float64), values.astype(np.float64)
    z, mean = Z.mean(axis=0), r.mean()
    Z, r, ridge = Z - z, r - mean, max(weight, LEAST_RIDGE)
    if len(r) < Z.shape[1]:
        w = Z.T @ np.linalg.solve(Z @ Z.T + ridge * np.eye(len(r)), r)
    else:
        w = np.linalg.solve(Z.T @ Z + ridge * np.eye(Z.shape[1]), Z.T @ r)
    return np.append(w, mean - z @ w).astype(np.float32)
