"""BPR: vectors that put what a person has met before what they have not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.algorithms.factorization.pairwise_model import Entries, Negatives, PairwiseModel, Rows, key_of, rows_of
from longtail.algorithms.powers import LearnsOnline
from longtail.kernels.pairwise import bpr_rows, bpr_steps
from longtail.kernels.strata import place_of
from longtail.params import hyper
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["BPR"]


@dataclass(kw_only=True)
class BPR(PairwiseModel, LearnsOnline):
    """Bayesian personalized ranking with matrix factorization (Rendle et al. 2009, figure 4 and section 4.3.1).

    With s_ui = x_u . y_i + b_i, for a drawn interaction (u, i) and an item j that u has not met, or prefers less, one
    step ascends

        ln sigmoid(s_ui - s_uj) - regularization / 2 (|x_u|^2 + |y_i|^2 + |y_j|^2 + b_i^2 + b_j^2)

    `learn` takes as many such steps for each new interaction as the training has epochs, with negatives drawn anew.

    Attributes:
        factors: length of x_u and y_i.
        epochs: steps for each interaction, on average.
        learning_rate: step size.
        regularization: weight of the squared parameters, counted in each step that meets them.
        negatives: j is drawn from all items alike ("uniform"), or as often as it is met ("popular").
        contenders: negatives drawn a step, of which the one with the highest score is taken (Zhang et al. 2013).
        seed: of the start and of all draws.
        negatives_: int32, what the negatives of people met later are drawn from.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = BPR(factors=8).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    factors: int = hyper(64, at_least=1, search=(16, 256), log=True)
    epochs: int = hyper(100, at_least=1, search=(30, 200), log=True)
    learning_rate: float = hyper(0.02, at_least=0.0, search=(0.005, 0.1), log=True)
    regularization: float = hyper(0.015, at_least=0.0, search=(0.003, 0.1), log=True)
    negatives: Negatives = "uniform"
    contenders: int = hyper(1, at_least=1, search=(1, 4))
    seed: int = hyper(0, at_least=0)

    def _by_popularity(self) -> bool:
        return self.negatives == "popular"

    def _steps(
        self, people: IntArray, places: LongArray, pool: IntArray, number: int, rows: Rows,
        X: FloatArray, Y: FloatArray, bias: FloatArray, key: np.uint64,
    ) -> None:  # fmt: skip
        rate, decay = self.learning_rate, self.regularization
        bpr_steps(people, places, pool, number, key, *rows, X, Y, bias, rate, rate, decay, self.contenders)

    def _row_steps(self, lo: int, hi: int, rows: Entries, pool: IntArray, key: np.uint64, X: FloatArray) -> None:
        Y, bias, rate, decay = self.item_vectors_, self.item_bias_, self.learning_rate, self.regularization
        bpr_rows(lo, hi, *rows, pool, self.epochs, key, X, Y, bias, rate, decay, self.contenders)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        counts = np.bincount(self.histories_.indices, minlength=len(self.item_ids_))
        self.popularity_ = (counts / counts.max()).astype(np.float32)
        rows = rows_of(self._preferences(self.histories_))
        X, Y, bias = self.user_vectors_.copy(), self.item_vectors_.copy(), self.item_bias_.copy()
        key = key_of(self.seed, "online", self.histories_.nnz)
        people = users.astype(np.int32)
        places = np.array([place_of(rows[1], rows[0][u], rows[0][u + 1], i) for u, i in zip(users, items, strict=True)])
        people, places = people[places >= 0], places[places >= 0]
        self._steps(people, places, self.negatives_, self.epochs * len(people), rows, X, Y, bias, key)
        self._learned(X, Y, bias)
