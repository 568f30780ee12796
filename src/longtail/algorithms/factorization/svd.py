"""SVD: a vector for every user and item, learned by stochastic gradient descent (biased matrix factorization)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.algorithms.factorization.descent import DescentModel, initial_vectors
from longtail.algorithms.factorization.factor_model import mean_rating
from longtail.algorithms.factorization.online import LearnsItemsOnline
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.sgd import group_by_user, svd_epoch
from longtail.params import hyper

__all__ = ["SVD"]


@dataclass(kw_only=True)
class SVD(DescentModel, LearnsItemsOnline):
    """Biased matrix factorization, known as Funk's SVD (Koren, Bell and Volinsky 2009, equations 4 and 5).

    r_ui = mu + b_u + b_i + p_u . q_i, learned by minimizing, rating by rating with stochastic gradient descent,

        sum over ratings of (r_ui - mu - b_u - b_i - p_u . q_i)^2 + regularization (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2)

    Each epoch visits users as they first appear and each one's ratings in their order, as Surprise does.

    A rating learned online is solved for, users first: see `LearnsItemsOnline`.

    Attributes:
        factors: length of p_u and q_i.
        epochs: passes over the ratings.
        learning_rate: step of the first epoch.
        learning_rate_decay: what the step is multiplied by after each epoch; 1 keeps it.
        regularization: weight of the squared parameters, counted once for each rating.
        fold_in_regularization: the same for the vector of someone new, which is solved for and not stopped early.
        init_std: standard deviation of the normal distribution p_u and q_i start from.
        biased: False drops mu, b_u and b_i. That is often called PMF; `PMF` is the model of the paper of that name.
        seed: of that start.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = SVD(factors=4).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    factors: int = hyper(100, at_least=1, search=(32, 128), log=True)
    epochs: int = hyper(40, at_least=1, search=(20, 60))
    learning_rate: float = hyper(0.025, at_least=0.0, search=(0.005, 0.05), log=True)
    learning_rate_decay: float = hyper(0.95, at_least=0.0, at_most=1.0, search=(0.93, 1.0))
    regularization: float = hyper(0.06, at_least=0.0, search=(0.02, 0.2), log=True)
    fold_in_regularization: float = hyper(0.1, at_least=0.0)
    init_std: float = hyper(0.005, at_least=0.0, search=(0.002, 0.05), log=True)
    biased: bool = True
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        P = initial_vectors(self.seed, "users", self.factors, self.init_std, train.user_counts > 0)
        Q = initial_vectors(self.seed, "items", self.factors, self.init_std, train.item_counts > 0)
        user_bias = np.zeros(train.n_users, dtype=np.float32)
        item_bias = np.zeros(train.n_items, dtype=np.float32)
        mean = mean_rating(train) if self.biased else 0.0
        visits = group_by_user(train.users, train.items, train.values, train.n_users)
        for epoch in range(self.epochs):
            rate = self.learning_rate * self.learning_rate_decay**epoch
            svd_epoch(*visits, P, Q, user_bias, item_bias, mean, rate, self.regularization, self.biased)
        self._learned(train, P, Q, user_bias, item_bias)
