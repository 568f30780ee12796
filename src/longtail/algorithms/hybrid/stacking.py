"""Stacking: how to combine the ratings members predict, learned on ratings that the members did not see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import lsq_linear

from longtail.algorithms.base import Recommender
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.hybrid.hybrid import Hybrid
from longtail.algorithms.hybrid.profiles import profiles, standardized
from longtail.algorithms.lists import dense
from longtail.algorithms.powers import Explains, PredictsRatings
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.kernels.parallel import single_blas
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import BoolArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["Stack", "constrained_ridge"]


@dataclass(kw_only=True)
class Stack(Hybrid, PredictsRatings, Explains, ABC):
    """A linear model on top of the members' estimates: r_ui = mu + sum over k of theta_k x_k(u, i)  (Wolpert 1992).

    The columns x are what a subclass makes of the estimates e_m(u, i) - mu and of facts about the user and the item:
    number, mean and spread of their ratings (`profiles`), standardized over the training ratings.
    The training data are cut into `folds` parts at random. The rows of each part are estimated by members that were
    fitted on the others; theta is the ridge regression of the ratings on these estimates, drawn towards the plain mean
    of the members:

        sum over ratings of (r_ui - mu - theta . x)^2 + regularization |theta - theta_0|^2

    Then the members are fitted once more, on everything: folds + 1 fits each.

    An explanation is that of the member of greatest weight among those that explain by items.

    Sources: D. Wolpert, "Stacked Generalization", Neural Networks 5(2), 1992; L. Breiman, "Stacked Regressions",
    Machine Learning 24, 1996 (held-out estimates, weights that are not negative).

    Attributes:
        folds: parts for learning theta; 1 learns nothing and takes the plain mean.
        regularization: how strongly theta is drawn towards the plain mean.
        non_negative: forbid a weight below zero for a member's estimate.
        seed: of the cut into parts; members keep seeds of their own.
        theta_: (n_columns,) float32.
        weights_: (n_members,) float32, the weight of each member for the average rating.
        user_facts_: (n_users, at least 3) float32, what the columns are made of.
        item_facts_: (n_items, at least 3) float32, likewise.
    """

    folds: int = hyper(5, at_least=1, at_most=50)
    regularization: float = hyper(30.0, at_least=0.0, search=(1.0, 1000.0), log=True)
    non_negative: bool = False
    seed: int = hyper(0, at_least=0)

    # -- what a subclass states ----------------------------------------------------------------------------------------

    @abstractmethod
    def _columns(self, estimates: list[FloatArray], user: FloatArray, item: FloatArray) -> list[FloatArray]:
        """The columns x, of shapes that broadcast together.

        Args:
            estimates: of each member, less mu.
            user: facts about the user, in the last axis.
            item: facts about the item, in the last axis.
        """

    @abstractmethod
    def _prior(self) -> tuple[RealArray, BoolArray]:
        """theta_0, and which columns are a member's estimate itself."""

    def _parts(self, n_rows: int) -> int:
        """Parts that so many training rows are cut into."""
        return min(self.folds, n_rows)

    # -- learning ------------------------------------------------------------------------------------------------------

    def _check_member(self, spec: str, member: Recommender) -> None:
        if not isinstance(member, PredictsRatings):
            name = type(self).__name__
            raise ConfigError(f"{name}: member {spec!r} predicts no ratings; rank-fusion combines lists of any kind")

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_members(train, catalog)
        self.item_facts_ = self._fit_facts(train, catalog)
        self.user_facts_ = self._user_facts(self.histories_)
        theta, own = self._prior()
        if self._parts(len(train)) > 1:
            x, y = self._held_out(train, catalog, self._parts(len(train)))
            lower = np.where(own & self.non_negative, 0.0, -np.inf)
            theta = constrained_ridge(x, y, theta, self.regularization, lower)
        self.theta_ = theta.astype(np.float32)
        self.weights_ = self.theta_[own]

    def _fit_facts(self, train: Interactions, catalog: Catalog | None) -> FloatArray:
        """Facts about the items (n_items, at least 3), and what those about people need."""
        self.deviation_ = float(train.values.std(dtype=np.float64))
        overall = self.mean_, self.deviation_
        user = profiles(train.users, train.values, train.n_users, *overall)[train.users]
        item = profiles(train.items, train.values, train.n_items, *overall)
        self.user_norm_ = np.stack([user.mean(axis=0), user.std(axis=0)])
        rated = item[train.items]
        return standardized(item, np.stack([rated.mean(axis=0), rated.std(axis=0)]))

    def _user_facts(self, histories: sparse.csr_array) -> FloatArray:
        """Facts about people (n, at least 3) from their histories."""
        overall = self.mean_, self.deviation_
        return standardized(
            profiles(row_numbers(histories), histories.data, histories.shape[0], *overall), self.user_norm_
        )

    def _held_out(self, train: Interactions, catalog: Catalog | None, folds: int) -> tuple[RealArray, RealArray]:
        """Columns (n, n_columns) and ratings less mu (n,) of every training row, by members that never saw it."""
        part = generator(self.seed, "stacking").permutation(len(train)) % folds
        columns, targets = [], []
        for fold in range(folds):
            asked = train.take(part == fold)
            model = self.clone(folds=1).fit(train.take(part != fold), catalog)
            estimates, _ = model._estimates(asked.users, asked.items, asked.times)
            facts = model.user_facts_[asked.users], model.item_facts_[asked.items]
            made = np.broadcast_arrays(*model._columns(estimates, *facts))
            columns.append(np.stack(made, axis=1).astype(np.float64))
            targets.append(asked.values - model.mean_)
        return np.concatenate(columns), np.concatenate(targets)

    # -- ratings -------------------------------------------------------------------------------------------------------

    def _estimates(
        self, users: IntArray, items: IntArray, times: LongArray | None
    ) -> tuple[list[FloatArray], BoolArray]:
        """Each member's estimates less mu, and where all of them had nothing to go by."""
        found = [member._estimate(users, items, times) for member in self.members_]
        impossible: BoolArray = np.all([nothing for _, nothing in found], axis=0)
        return [estimates - np.float32(self.mean_) for estimates, _ in found], impossible

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        return self._predict(users, items, None)

    def _predict_at(self, users: IntArray, items: IntArray, times: LongArray) -> tuple[FloatArray, BoolArray]:
        return self._predict(users, items, times)

    def _predict(self, users: IntArray, items: IntArray, times: LongArray | None) -> tuple[FloatArray, BoolArray]:
        estimates, impossible = self._estimates(users, items, times)
        combined = self._combined(estimates, self.user_facts_[users], self.item_facts_[items])
        return np.where(impossible, np.float32(self.mean_), combined), impossible

    def _score_users(self, users: IntArray) -> FloatArray:
        rows = [dense(member._rate_users(users)) for member in self.members_]
        return self._rows(rows, self.user_facts_[users])

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        rows = [dense(member._rate_histories(histories)) for member in self.members_]
        return self._rows(rows, self._user_facts(histories))

    def _rows(self, rows: list[FloatArray], facts: FloatArray) -> FloatArray:
        """Combined ratings (n, n_items); -inf where a member has nothing to say."""
        known = np.all([np.isfinite(ratings) for ratings in rows], axis=0)
        estimates = [np.where(known, self._on_scale(ratings), 0) - np.float32(self.mean_) for ratings in rows]
        combined = self._combined(estimates, facts[:, None], self.item_facts_)
        return np.where(known, combined, np.float32(-np.inf))

    def _combined(self, estimates: list[FloatArray], user: FloatArray, item: FloatArray) -> FloatArray:
        total = np.full(estimates[0].shape, self.mean_, dtype=np.float32)
        for theta, column in zip(self.theta_, self._columns(estimates, user, item), strict=True):
            if theta:
                total += theta * column
        return total

    # -- reasons -------------------------------------------------------------------------------------------------------

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        for place in np.argsort(-self.weights_, kind="stable"):
            member = self.members_[place]
            if isinstance(member, Explains) and member.reason_kind == "item":
                return member._reasons(history, item)
        return np.empty(0, np.int32), np.empty(0)


def constrained_ridge(
    x: RealArray, y: RealArray, prior: RealArray, regularization: float, lower: RealArray
) -> RealArray:
    """The theta >= lower that minimizes |y - x theta|^2 + regularization |theta - prior|^2.

    Args:
        x: (n, k) columns.
        y: (n,) targets.
        prior: (k,) what theta is drawn towards.
        regularization: how strongly.
        lower: (k,) least values; -inf for none.

    Examples:
        >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> free = np.full(2, -np.inf)
        >>> constrained_ridge(x, np.array([2.0, -1.0]), np.zeros(2), 1.0, free).tolist()
        [1.0, -0.5]
        >>> constrained_ridge(x, np.array([2.0, -1.0]), np.zeros(2), 1.0, np.zeros(2)).round(6).tolist()
        [1.0, 0.0]
    """
    with single_blas():
        gram, moment = x.T @ x, x.T @ (y - x @ prior)
        gram.flat[:: len(gram) + 1] += max(regularization, 1e-9 * max(1.0, float(np.trace(gram))))
        moved = np.linalg.solve(gram, moment)
        if (moved + prior >= lower).all():
            return np.asarray(prior + moved)
        root = np.linalg.cholesky(gram).T  # |root move - root^-T moment|^2 is the objective but for a constant
        found = lsq_linear(root, np.linalg.solve(root.T, moment), (lower - prior, np.inf), tol=1e-12)
    return np.maximum(prior + found.x, lower)
