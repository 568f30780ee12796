"""GRU4Rec as a plain loop in PyTorch, on the same batches: what `gru4rec.py --speed` compares with.

It is written to be fast: it is given the distinct items of each step, reads and updates their rows alone, and lets
autograd see nothing else of the tables. Cross-entropy, one layer, shared vectors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from longtail.types import AnyArray


class TorchGRU4Rec:
    """Weights, what Adagrad remembers of them, and the states of the lanes."""

    def __init__(self, weights: dict[str, AnyArray], lanes: int, dropout: float, learning_rate: float, momentum: float):
        first = {name: torch.tensor(np.array(value)) for name, value in weights.items()}
        self.factors = first["vectors"].shape[1]
        self.tables = {name: first.pop(name) for name in ("vectors", "offsets")}
        self.cell = torch.nn.GRUCell(self.factors, self.factors)
        with torch.no_grad():
            for name, ours in (("ih", "reads.0"), ("hh", "carries.0")):
                getattr(self.cell, f"weight_{name}").copy_(first[ours].T)
            self.cell.bias_ih.zero_()
            self.cell.bias_hh.zero_()
        self.small = list(self.cell.parameters())
        held = [*self.tables.values(), *self.small]
        self.memory = {id(w): (torch.zeros_like(w), torch.zeros_like(w)) for w in held}
        self.state = torch.zeros(lanes, self.factors)
        self.drop = torch.nn.Dropout(dropout)
        self.learning_rate, self.momentum = learning_rate, momentum

    def run(self, chunks: Iterable[dict[str, AnyArray]]) -> float:
        """Train on every step of the chunks; returns the mean loss."""
        losses = []
        for chunk in chunks:
            tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in chunk.items()}
            steps = ({name: array[step] for name, array in tensors.items()} for step in range(len(tensors["live"])))
            losses += [self.step(batch) for batch in steps]
        return float(np.mean([float(loss) for loss in losses]))

    def step(self, batch: dict[str, Any]) -> Any:
        """One step; a pool of items ends where the first of them stands again."""
        pool = batch["pool"].long()
        again = torch.nonzero(pool[1:] == pool[0])
        pool = pool[: int(again[0]) + 1] if len(again) else pool
        rows = {name: table[pool].requires_grad_() for name, table in self.tables.items()}
        before = self.state * batch["carried"][:, None]
        state = self.drop(self.cell(rows["vectors"][batch["input"].long()], before))
        scores = state @ rows["vectors"].T + rows["offsets"].T
        counted = torch.logsumexp(scores + torch.log(batch["count"][: len(pool)]), dim=1)
        own = scores.gather(1, batch["target"].long()[:, None])[:, 0]
        loss = torch.sum((counted - own + batch["likely"]) * batch["live"]) / len(own)
        gradients = torch.autograd.grad(loss, [*rows.values(), *self.small])
        self.state = state.detach()
        with torch.no_grad():
            for table, gradient in zip(self.tables.values(), gradients, strict=False):
                self.update_rows(table, pool, gradient)
            for weight, gradient in zip(self.small, gradients[len(rows) :], strict=True):
                total, moved = self.memory[id(weight)]
                total.addcmul_(gradient, gradient)
                moved.mul_(self.momentum).addcdiv_(gradient, torch.sqrt(total + 1e-6), value=-self.learning_rate)
                weight.add_(moved)
        return loss.detach()

    def update_rows(self, table: Any, pool: Any, gradient: Any) -> None:
        """Adagrad with momentum on some rows."""
        totals, steps = self.memory[id(table)]
        total = totals[pool].addcmul_(gradient, gradient)
        moved = steps[pool].mul_(self.momentum)
        moved.addcdiv_(gradient, torch.sqrt(total + 1e-6), value=-self.learning_rate)
        totals.index_copy_(0, pool, total)
        steps.index_copy_(0, pool, moved)
        table.index_add_(0, pool, moved)
