"""SASRec: self-attention over what was met before, to say at every event what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.histories import row_numbers
from longtail.algorithms.sequence.attentive import Attentive
from longtail.algorithms.sequence.choices import binary_loss, sampled_softmax_loss, softmax_loss
from longtail.algorithms.sequence.transformer import Transformer
from longtail.algorithms.sequence.window_feeds import NextFeed
from longtail.algorithms.sequence.windows import Rows, latest
from longtail.algorithms.trainer import Batch, Network, Sampler, Table, Tensor, keras
from longtail.params import hyper

__all__ = ["NextNetwork", "SASRec"]


@dataclass(eq=False, kw_only=True)
class NextNetwork(Transformer):
    """The vector of a place, times those of the items: how likely each comes next."""

    objective: str
    weight_of_target: float

    def tables(self) -> tuple[Table, ...]:
        """The items, where a loss does not read them all."""
        names = ("item", "target", "negatives")
        return (Table(weights=("items",), indices=names),) if self.negatives else ()

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """(rows, size) of each place."""
        ops, target = keras.ops, batch["target"]
        shape = target.shape
        vectors = ops.take(self.items, batch["item"], axis=0) + ops.take(self.positions, batch["position"], axis=0)
        hidden = ops.cast(self.encoded(vectors, batch["window"], training), "float32")
        if not self.negatives:
            flat = ops.reshape(hidden, (-1, self.factors)), ops.reshape(target, (-1,))
            return ops.reshape(softmax_loss(*flat, self.items), shape)
        own = ops.sum(hidden * ops.take(self.items, target, axis=0), axis=-1)
        others = ops.take(self.items, batch["negatives"], axis=0)
        if self.objective == "binary":
            return binary_loss(own, ops.einsum("bsf,bskf->bsk", hidden, others), self.weight_of_target)
        flat = ops.reshape(hidden, (-1, self.factors)), ops.reshape(target, (-1,))
        scores, same = ops.matmul(flat[0], ops.transpose(others)), ops.equal(flat[1][:, None], batch["negatives"])
        return ops.reshape(sampled_softmax_loss(ops.reshape(own, (-1,)), scores, batch["log_expected"], same), shape)

    def answer(self, batch: Batch) -> Tensor:
        """(n, factors) the vector of the last place of rows as `latest` lays them out."""
        ops, width = keras.ops, batch["item"].shape[1]
        vectors = ops.take(self.items, batch["item"], axis=0) + self.positions[self.size - width :]
        return ops.cast(self.encoded(vectors, batch["window"], training=False)[:, -1], "float32")


@dataclass(kw_only=True)
class SASRec(Attentive):
    """Self-attentive sequential recommendation (Kang and McAuley 2018).

    The item after each event of a history is foreseen from that event and the ones before it: with h the vector that
    layers of causal attention (see `Transformer`, the norm before each) give the place of the event and M the table of
    items, which is also what they read,

        score of j next = h . M_j

    All events of a window of `length` are learned from at once. A longer history is several windows, so that every
    event of it counts; it is answered from its last `length` events.

    Attributes:
        preference: see `Sequential`.
        factors: see `Attentive`; likewise `length`, `layers`, `heads`, `dropout`, and of the softmax loss `negatives`
            and `exponent`.
        loss: "softmax" over the catalogue (cross-entropy), which ranks far better than the paper's "binary"
            cross-entropy with few negatives (Klenitskiy and Vasilev 2023).
        unseen: of the binary loss, negatives of each event, drawn evenly from what the person never meets.
        calibration: of the binary loss, t in the paper on gSASRec (Petrov and Macdonald 2023): how far the share of the
            target is lowered against overconfidence; 0 is the loss of SASRec.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> rows = [(user, (user + step) % 6) for user in range(12) for step in range(4)]
        >>> users, items = zip(*rows, strict=True)
        >>> model = SASRec(factors=16, length=4, layers=1, epochs=60, learning_rate=0.01, dropout=0.0)
        >>> model = model.fit(lt.Interactions.from_frame({"user": users, "item": items}))
        >>> model.recommend_for([[0, 1], [4]], n=1).items[:, 0].tolist()
        [2, 5]
    """

    loss: Literal["softmax", "binary"] = "softmax"
    unseen: int = hyper(1, at_least=1)
    calibration: float = hyper(0.0, at_least=0.0, at_most=1.0)

    def _network(self) -> Network:
        n_items = len(self.item_ids_)
        return NextNetwork(
            n_items=n_items, factors=self.factors, size=self.length, layers=self.layers, heads=self.heads,
            inner=self.factors, rate=self.dropout, negatives=self.loss == "binary" or self._samples(n_items),
            causal=True, normalize_first=True, project=False, activation="relu", objective=self.loss,
            weight_of_target=self._weight_of_target(n_items), precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _weight_of_target(self, n_items: int) -> float:
        """Beta of gSASRec: a (t (1 - 1/a) + 1/a), a the share of the other items that are drawn."""
        share = min(1.0, self.unseen / max(1, n_items - 1))
        return 1.0 - self.calibration * (1.0 - share) if self.loss == "binary" else 1.0

    def _feed(self, sequences: sparse.csr_array) -> NextFeed:
        rows = Rows.of(sequences, self.length, self.batch_size, leave=1)
        counts = np.bincount(sequences.indices, minlength=sequences.shape[1])
        if self.loss == "binary":
            ones = np.ones(sequences.nnz, dtype=np.float32), (row_numbers(sequences), sequences.indices)
            met = sparse.csr_array(ones, shape=sequences.shape)
            met.sum_duplicates()
            return NextFeed(sequences, rows, Sampler(counts), self.unseen, met)
        if self._samples(sequences.shape[1]):
            return NextFeed(sequences, rows, Sampler(counts, self.exponent), self.negatives)
        return NextFeed(sequences, rows)

    def _asked(self, histories: sparse.csr_array) -> Batch:
        return latest(histories, self.length)
