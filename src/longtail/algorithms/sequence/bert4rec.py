"""BERT4Rec: attention in both directions, learned by filling in what was hidden from a sequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.sequence.attentive import Attentive
from longtail.algorithms.sequence.choices import sampled_softmax_loss, softmax_loss
from longtail.algorithms.sequence.transformer import Transformer
from longtail.algorithms.sequence.window_feeds import ClozeFeed
from longtail.algorithms.sequence.windows import Rows, latest
from longtail.algorithms.trainer import Batch, Network, Sampler, Table, Tensor, keras
from longtail.params import hyper
from longtail.types import FloatArray

__all__ = ["BERT4Rec", "ClozeNetwork"]


@dataclass(eq=False, kw_only=True)
class ClozeNetwork(Transformer):
    """What stands at a place whose item is hidden: act(h W + b) times the items, plus a number of each item's own."""

    def build(self) -> None:
        """The layers, what stands for a hidden item, and the last layer."""
        super().build()
        self.hidden = self.weight((1, self.factors), self.normal(0.02))
        self.offset = self.weight((self.n_items,))
        self.last = {"kernel": self.weight((self.factors, self.factors), self.glorot())}
        self.last["bias"] = self.weight((self.factors,))

    def tables(self) -> tuple[Table, ...]:
        """The items, where a loss does not read them all."""
        names = ("item", "target", "negatives")
        return (Table(weights=("items", "offset"), indices=names),) if self.negatives else ()

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """(k,) of each hidden place."""
        ops, target = keras.ops, batch["target"]
        vectors = self.read(batch, ops.take(self.positions, batch["position"], axis=0))
        X = self.encoded(vectors, batch["window"], training)
        found = self.guesses(ops.take(ops.reshape(X, (-1, self.factors)), batch["place"], axis=0))
        if not self.negatives:
            return softmax_loss(found, target, self.items, self.offset)
        own = ops.sum(found * ops.take(self.items, target, axis=0), axis=-1) + ops.take(self.offset, target, axis=0)
        drawn = batch["negatives"]
        others = ops.matmul(found, ops.transpose(ops.take(self.items, drawn, axis=0)))
        others = others + ops.take(self.offset, drawn, axis=0)
        return sampled_softmax_loss(own, others, batch["log_expected"], ops.equal(target[:, None], drawn))

    def answer(self, batch: Batch) -> Tensor:
        """(n, factors) the guess at the last place, which is hidden."""
        width = batch["item"].shape[1]
        vectors = self.read(batch, self.positions[self.size - width :])
        return self.guesses(self.encoded(vectors, batch["window"], training=False)[:, -1])

    def read(self, batch: Batch, positions: Tensor) -> Tensor:
        """(n, size, factors) of items, or of what stands for a hidden one, and of positions."""
        hidden, items = batch["masked"][:, :, None], keras.ops.take(self.items, batch["item"], axis=0)
        return items * (1.0 - hidden) + self.hidden * hidden + positions

    def guesses(self, X: Tensor) -> Tensor:
        """(n, factors) act(h W + b) of vectors of places."""
        X = keras.ops.cast(X, "float32")
        return keras.ops.gelu(keras.ops.matmul(X, self.last["kernel"]) + self.last["bias"], approximate=False)


@dataclass(kw_only=True)
class BERT4Rec(Attentive):
    """Bidirectional encoder representations for sequential recommendation (Sun and others 2019).

    Some items of a history are hidden, and what stood there is guessed from all others, before and after. With h the
    vector that layers of attention (see `Transformer`, the norm after each) give the place, and M the table of items,

        score of j there = gelu(h W + b) . M_j + o_j

    and the loss is the cross-entropy of the items hidden, which are drawn anew in every epoch. To foresee what comes
    next, a hidden place is put at the end. It takes far more epochs than `SASRec` (Petrov and Macdonald 2022), as of an
    epoch it learns from a share of the events only. Windows and answers are as for `SASRec`.

    Attributes:
        preference: see `Sequential`.
        factors: see `Attentive`; likewise `length`, `layers`, `heads`, `dropout`, `negatives` and `exponent`.
        masked: share of the events that are hidden.
        last: how often only the last event of a window is, as it is when asked what comes next.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> rows = [(user, (user + step) % 6) for user in range(12) for step in range(4)]
        >>> users, items = zip(*rows, strict=True)
        >>> model = BERT4Rec(factors=16, length=5, layers=1, epochs=150, learning_rate=0.01, dropout=0.0, last=0.5)
        >>> model = model.fit(lt.Interactions.from_frame({"user": users, "item": items}))
        >>> model.recommend_for([[0, 1, 2], [2, 3, 4]], n=1).items[:, 0].tolist()
        [3, 5]
    """

    heads: int = hyper(2, at_least=1)
    masked: float = hyper(0.2, at_least=0.0, at_most=1.0, search=(0.1, 0.6))
    last: float = hyper(0.1, at_least=0.0, at_most=1.0)
    epochs: int = hyper(200, at_least=1, search=(50, 500), log=True)

    def _network(self) -> Network:
        n_items = len(self.item_ids_)
        return ClozeNetwork(
            n_items=n_items, factors=self.factors, size=self.length, layers=self.layers, heads=self.heads,
            inner=4 * self.factors, rate=self.dropout, negatives=self._samples(n_items), causal=False,
            normalize_first=False, project=True, activation="gelu", precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _feed(self, sequences: sparse.csr_array) -> ClozeFeed:
        rows, sampler = Rows.of(sequences, self.length, self.batch_size), None
        if self._samples(sequences.shape[1]):
            sampler = Sampler(np.bincount(sequences.indices, minlength=sequences.shape[1]), self.exponent)
        return ClozeFeed(sequences, rows, self.masked, self.last, sampler, self.negatives)

    def _items(self) -> tuple[FloatArray, FloatArray]:
        return self._learned("items"), self._learned("offset")

    def _asked(self, histories: sparse.csr_array) -> Batch:
        """The last events, one fewer than `length`, and a hidden place."""
        known, end = latest(histories, self.length - 1), {"item": 0, "window": 1}
        asked = {name: np.pad(known[name], ((0, 0), (0, 1)), constant_values=value) for name, value in end.items()}
        return asked | {
            "masked": np.pad(np.zeros(known["item"].shape, np.float32), ((0, 0), (0, 1)), constant_values=1)
        }
