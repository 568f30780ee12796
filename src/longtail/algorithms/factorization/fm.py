"""Factorization machine: ratings from any features of users, items and times, each with a vector of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.factorization.fm_features import (
    Attributes,
    Block,
    attribute_features,
    id_features,
    implicit_features,
)
from longtail.algorithms.factorization.fm_learning import Design, Parameters, alternate, descend, initial, sample
from longtail.algorithms.factorization.fm_model import FactorizationMachine, as_vector
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.memory import require_memory
from longtail.params import hyper
from longtail.types import BoolArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["FM"]

SECONDS = {"hour": 3_600, "day": 86_400, "week": 7 * 86_400}


@dataclass(kw_only=True)
class FM(FactorizationMachine):
    """Factorization machine of order two, over users, items, what is known of them, and time (Rendle 2010, equation 1).

        y = w_0 + sum over features j of w_j x_j + sum over pairs j < k of <v_j, v_k> x_j x_k

    The features x of a rating are those of its user (the id; with `implicit`, the items rated, |N(u)|^-1/2 each;
    attributes), of its item (the id; with `flipped`, the users who rated it; attributes) and of its time. Ids alone are
    biased matrix factorization, `implicit` adds SVD++, both are "SVD++ flipped" (Rendle, Zhang and Koren 2019).

    "mcmc" draws all parameters and their priors from the posterior by Gibbs sampling (Rendle 2012) and
    predicts the mean over `samples` of the draws; it needs no learning rate and no regularization. "als" and "sgd"
    minimize the sum over ratings of e^2 + regularization (w_j^2 + |v_j|^2 of the features j of the rating).

    Of someone new, the id's w and v are solved for in every draw (see `fm_fold_in`), beside what `implicit` says of
    the history; attributes are unknown. With "mcmc" known users are solved for in the same way, which has the same
    mean as their draws, and less variance. An item without ratings is scored by its attributes, and not without.

    Attributes:
        solver: how to learn.
        factors: length of v_j.
        burn_in: sweeps of draws of all parameters before the first that is kept ("mcmc").
        samples: draws kept.
        thinning: sweeps from one draw kept to the next.
        prior_rate: of the gamma prior of the precisions of all priors; small lets factors of no use fade ("mcmc").
        epochs: visits of all parameters by "als", of all ratings by "sgd".
        learning_rate: of "sgd".
        regularization: of "als" and "sgd".
        implicit: whether the items a user has rated are features of the user.
        flipped: whether the users who rated an item are features of the item.
        item_attributes: names of columns of the catalog's items, "none", or "auto" for all of use, if there are any.
        user_attributes: columns of the catalog's users, likewise.
        context: the period of time whose mood a user's ratings share. It counts where times are known, in
            `predict_ratings`; everything else is predicted for no particular time.
        init_std: standard deviation of the normal distribution v_j starts from.
        seed: of that start, and of all draws.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = FM(factors=4, burn_in=400).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    solver: Literal["mcmc", "als", "sgd"] = "mcmc"
    factors: int = hyper(24, at_least=1, search=(8, 32), log=True)
    burn_in: int = hyper(30, at_least=0)
    samples: int = hyper(40, at_least=1)
    thinning: int = hyper(3, at_least=1)
    prior_rate: float = hyper(0.003, at_least=1e-9, search=(0.001, 0.1), log=True)
    epochs: int = hyper(30, at_least=1)
    learning_rate: float = hyper(0.003, at_least=0.0)
    regularization: float = hyper(0.15, at_least=0.0)
    implicit: bool = True
    flipped: bool = True
    item_attributes: Attributes = "auto"
    user_attributes: Attributes = "auto"
    context: Literal["none", "hour", "day", "week"] = "none"
    init_std: float = hyper(0.1, at_least=0.0)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        train = train.take(np.lexsort((train.items, train.users)))  # by user, as in `by_user`
        users, items = self._user_block(train, catalog), self._item_block(train, catalog)
        blocks, rows = [users, items], [train.users, train.items]
        self.periods_, when = np.zeros(0, dtype=np.int64), None
        if self.context != "none":
            self.periods_, when = np.unique(self._period(train.users, train.times), return_inverse=True)
            blocks.append(Block({"id": id_features(len(self.periods_))}))
            rows.append(when.astype(np.int32))
        self._require_memory(train)
        design = Design(blocks, rows)
        solved = users.columns("id") if self.solver == "mcmc" else slice(0)
        draws = [_rows(design, draw, users, solved) for draw in self._draws(design, train.values)]
        stacked = {name: np.stack([draw[name] for draw in draws], axis=-2) for name in draws[0]}
        if not all(np.isfinite(part).all() for part in stacked.values()):
            raise ConfigError(f"FM: learning diverged with learning_rate {self.learning_rate}; choose a lower one")
        self.user_known_ = (train.user_counts > 0) | _described(users)
        self.item_known_ = (train.item_counts > 0) | _described(items)
        self._keep(stacked)
        self._place_users(train, stacked, when)

    def _require_memory(self, train: Interactions) -> None:
        draws = self.samples if self.solver == "mcmc" else 1
        rows = 2 * train.n_users + 3 * train.n_items + len(self.periods_)
        require_memory(4 * draws * (self.factors + 1) * rows, f"FM with {draws} samples of {self.factors} factors")

    def _keep(self, rows: dict[str, FloatArray]) -> None:
        flat = rows["items"].reshape(len(rows["items"]), -1)
        self.item_vectors_ = np.concatenate([flat, np.ones((len(flat), 1), dtype=np.float32)], axis=1)
        self.implicit_rows_, self.context_rows_ = rows["implicit"], rows["context"]
        self.precision_ = rows["precision"][:, 0]
        self.prior_means_, self.prior_precisions_ = rows["prior_means"], rows["prior_precisions"]
        self.prior_per_rating_ = self.solver != "mcmc"
        if self.prior_per_rating_:
            self.prior_precisions_ = np.full_like(self.prior_means_, self.regularization)

    def _place_users(self, train: Interactions, rows: dict[str, FloatArray], when: LongArray | None) -> None:
        """Vectors of the known users: those learned, or where many are drawn, those to be expected in each draw."""
        if self.solver == "mcmc":
            self.user_vectors_ = self._solved(train.by_user, rows["users"], when)
        else:
            alone, sums = rows["users"][:, :, 0].copy(), rows["users"]
            sums[:, :, 0] = 1.0
            self.user_vectors_ = as_vector(sums, alone).astype(np.float32)

    # -- what is learned from ----------------------------------------------------------------------------------------

    def _user_block(self, train: Interactions, catalog: Catalog | None) -> Block:
        groups = {"id": id_features(train.n_users)}
        if self.implicit:
            groups["implicit"] = implicit_features(train.by_user)
        return Block(groups | attribute_features(catalog, "user", train.user_ids, self.user_attributes))

    def _item_block(self, train: Interactions, catalog: Catalog | None) -> Block:
        groups = {"id": id_features(train.n_items)}
        if self.flipped:
            groups["implicit"] = implicit_features(sparse.csr_array(train.by_item.T))
        return Block(groups | attribute_features(catalog, "item", train.item_ids, self.item_attributes))

    def _period(self, users: IntArray, times: LongArray | None) -> LongArray:
        """A number for every pair of a user and a period of time."""
        if times is None:
            raise DataError(f"FM: context={self.context} needs to know when things happened; there is no timestamp")
        return users.astype(np.int64) * 2**32 + times // SECONDS[self.context]

    def _draws(self, design: Design, ratings: FloatArray) -> Iterator[Parameters]:
        """What predictions are averaged over: Gibbs draws, or the one solution of the other solvers."""
        start = initial(design, ratings, self.factors, self.init_std, self.seed)
        if self.solver == "als":
            yield alternate(design, ratings, start, self.epochs, self.regularization)
        elif self.solver == "sgd":
            yield descend(design, ratings, start, self.epochs, self.learning_rate, self.regularization, self.seed)
        else:
            sweeps = self.burn_in + 1 + self.thinning * (self.samples - 1)
            drawn = sample(design, ratings, start, sweeps, self.prior_rate, self.seed)
            yield from islice(drawn, self.burn_in, None, self.thinning)


def _described(block: Block) -> BoolArray:
    """(n_rows,) whether there is an attribute."""
    attributes = [matrix for name, matrix in block.groups.items() if name not in ("id", "implicit")]
    found: BoolArray = np.zeros(next(iter(block.groups.values())).shape[0], dtype=np.bool_)
    for matrix in attributes:
        found |= np.diff(matrix.indptr) > 0
    return found


def _rows(design: Design, draw: Parameters, users: Block, solved: slice) -> dict[str, FloatArray]:
    """What is kept of one draw: rows of what something adds by itself and its sum of v_j x_j (see the model).

    Of users, without the features that are to be `solved` for.
    """

    def block(b: int, without: slice = slice(0)) -> RealArray:
        sums, alone = draw.of_block(design, b, without)
        return np.concatenate([alone[:, None], sums], axis=1)

    items = block(1)
    items[:, 0] += draw.bias
    implicit = draw.of_features(design, users.columns("implicit")) if "implicit" in users.groups else items[:0]
    return {
        name: rows.astype(np.float32)
        for name, rows in {
            "items": items,
            "users": block(0, solved),
            "implicit": implicit,
            "context": block(2) if len(design.rows) > 2 else items[:0],
            "precision": np.array([draw.precision]),
            "prior_means": draw.prior_means[:, 0],
            "prior_precisions": draw.prior_precisions[:, 0],
        }.items()
    }
