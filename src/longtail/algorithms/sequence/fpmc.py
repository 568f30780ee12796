"""FPMC: every person has a Markov chain of their own, and all of them are one factorized cube."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.sequence.personal_chain import PersonalChain, lost, recent
from longtail.algorithms.trainer import Batch, Network, Table, Tensor, keras
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import AnyArray, FloatArray, LongArray

__all__ = ["FPMC", "ChainNetwork"]


@dataclass(eq=False, kw_only=True)
class ChainNetwork(Network):
    """Vectors of people, and three of each item: as what a person wants, as what follows, and as what is followed."""

    n_items: int
    n_people: int
    factors: int
    regularization: float
    user_regularization: float

    def build(self) -> None:
        """Small random vectors."""
        shape = (self.n_items, self.factors)
        self.following = self.weight(shape, self.normal(0.1))
        self.followed = self.weight(shape, self.normal(0.1))
        if self.n_people:
            self.wanted = self.weight(shape, self.normal(0.1))
            self.people = self.weight((self.n_people, self.factors), self.normal(0.1))

    def tables(self) -> tuple[Table, ...]:
        """An event reads its basket, what came next and its negatives, and a person."""
        own = ("wanted",) if self.n_people else ()
        items = Table(("following", "followed", *own), ("basket", "next", "negative"))
        return (items, Table(("people",), ("person",))) if self.n_people else (items,)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """The loss of each event, with the weight of all that it reads."""
        ops = keras.ops
        basket, share = ops.take(self.followed, batch["basket"], axis=0), batch["share"]
        last = ops.sum(basket * share[:, :, None], axis=1)
        own, others, read = self._scores(batch, last, self.following)
        penalty = 0.5 * self.regularization * (read + ops.sum(share * _squares(basket), axis=1))
        if self.n_people:
            person = ops.take(self.people, batch["person"], axis=0)
            more, more_others, read = self._scores(batch, person, self.wanted)
            own, others = own + more, others + more_others
            penalty = penalty + 0.5 * (self.regularization * read + self.user_regularization * _squares(person))
        return lost(own, others) + penalty

    def _scores(self, batch: Batch, left: Tensor, table: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inner products of `left` with what came next and with the negatives, and squared lengths of the read rows."""
        ops = keras.ops
        right, wrong = (ops.take(table, batch[name], axis=0) for name in ("next", "negative"))
        lengths = _squares(right) + ops.mean(_squares(wrong), axis=1)
        return ops.sum(left * right, axis=1), ops.sum(left[:, None, :] * wrong, axis=2), lengths

    def answer(self, batch: Batch) -> Tensor:
        """The vectors of items as what follows."""
        return keras.ops.take(self.following, batch["item"], axis=0)


@dataclass(kw_only=True)
class FPMC(PersonalChain):
    """Factorized personalized Markov chains (Rendle, Freudenthaler and Schmidt-Thieme 2010).

    How likely a person u goes from a basket B, here the last `basket` events, to item j is a cube of which hardly any
    cell was ever seen. It is factorized by pairs (equation 14), and what is the same for all items of a person is left
    out:

        score of j = v_u . w_j + 1/|B| sum over i of B of f_j . l_i

    With v_u = 0 it is a factorized Markov chain of everybody; with an empty basket a matrix factorization. Someone new
    has the v_u of least loss over their own history. The paper draws negatives from all items but those of the next
    basket, which is against="others".

    Attributes:
        preference: see `Sequential`.
        factors: see `PersonalChain`; likewise the hyperparameters that follow.
        basket: the latest events that the next one is said to follow.
        n_people_: how many people have a vector.

    Examples:
        >>> import longtail as lt
        >>> rows = [(user, (3 * user + step) % 12) for user in range(40) for step in range(5)]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = FPMC(factors=8, epochs=60, learning_rate=0.03, batch_size=32).fit(data)
        >>> model.recommend_for([[4, 5], [9, 10]], n=1).of(0)
        [6]
    """

    basket: int = hyper(1, at_least=1, search=(1, 5))
    regularization: float = hyper(3e-3, at_least=0.0, search=(1e-5, 1e-2), log=True)
    user_regularization: float = hyper(3e-3, at_least=0.0, search=(1e-4, 1.0), log=True)

    def _network(self) -> Network:
        return ChainNetwork(
            n_items=len(self.item_ids_), n_people=self.n_people_, factors=self.factors,
            regularization=self.regularization, user_regularization=self.user_regularization,
            precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _before(self, sequences: sparse.csr_array, places: LongArray) -> Mapping[str, AnyArray]:
        items, share = recent(sequences, places, self.basket)
        return {"basket": items, "share": share}

    def _last(self, sequences: sparse.csr_array, places: LongArray) -> FloatArray:
        """(n, factors) the mean vector of the basket of the events at `places`."""
        items, share = recent(sequences, places, self.basket)
        found: FloatArray = np.einsum("nbf,nb->nf", self.weights_["followed"][items], share)
        return found

    def _asked(self, sequences: sparse.csr_array, places: LongArray) -> FloatArray:
        last = self._last(sequences, places)
        return np.concatenate([np.zeros_like(last), last], axis=1)

    def _right(self) -> tuple[FloatArray, FloatArray]:
        parts = [self.weights_[name] for name in (("wanted", "following") if self.personal else ("following",))]
        return np.concatenate(parts, axis=1), np.zeros(len(self.item_ids_), dtype=np.float32)

    def _scale(self) -> float:
        return 1.0

    def _answered(self, sequences: sparse.csr_array, people: FloatArray | None) -> Scores:
        some = np.flatnonzero(np.diff(sequences.indptr))
        last = np.zeros((sequences.shape[0], self.factors), dtype=np.float32)
        last[some] = self._last(sequences, sequences.indptr[some + 1].astype(np.int64) - 1)
        right, offset = self._right()
        return LowRank(last if people is None else np.concatenate([people, last], axis=1), right, offset)


def _squares(vectors: Tensor) -> Tensor:
    return keras.ops.sum(keras.ops.square(vectors), axis=-1)
