"""SASRec in a plain PyTorch loop: the peer of `sasrec.py`, which starts it. Needs PyTorch, and nothing of Longtail.

```
python benchmarks/sasrec_torch.py task.npz --epochs 3 --threads 2
```

`task.npz` holds the padded rows that `sasrec.py` has laid out: `input` and `target` (n, length), 0 for padding and
items from 1, and the sizes. The network is that of the paper (norm before each sublayer, ReLU, one table for input and
output), the loss the cross-entropy over the whole catalogue, or over negatives drawn for each step, or the paper's. It
prints a JSON line: the seconds of every epoch, and the last loss.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as f


class Block(nn.Module):
    """Attention and a feed-forward network, the norm before each."""

    def __init__(self, factors: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_attention, self.norm_feed = nn.LayerNorm(factors, eps=1e-8), nn.LayerNorm(factors, eps=1e-8)
        self.project = nn.Linear(factors, 3 * factors, bias=False)
        self.first, self.second = nn.Linear(factors, factors), nn.Linear(factors, factors)

    def forward(self, X: torch.Tensor, mask: torch.Tensor, fused: bool) -> torch.Tensor:
        n, size, factors = X.shape
        Q, K, V = self.project(self.norm_attention(X)).view(n, size, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if fused:
            mixed = f.scaled_dot_product_attention(Q, K, V, attn_mask=mask, dropout_p=self.dropout * self.training)
        else:
            scores = Q @ K.transpose(-1, -2) * (factors // self.heads) ** -0.5 + mask
            mixed = f.dropout(scores.softmax(-1), self.dropout, self.training) @ V
        X = X + f.dropout(mixed.transpose(1, 2).reshape(n, size, factors), self.dropout, self.training)
        inside = self.second(torch.relu(self.first(self.norm_feed(X))))
        return X + f.dropout(inside, self.dropout, self.training)


class SASRec(nn.Module):
    """Embeddings of items (0 is padding) and positions, blocks, a last norm."""

    def __init__(self, n_items: int, factors: int, length: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.items, self.positions = nn.Embedding(n_items + 1, factors), nn.Embedding(length, factors)
        self.blocks = nn.ModuleList(Block(factors, heads, dropout) for _ in range(layers))
        self.norm, self.dropout = nn.LayerNorm(factors, eps=1e-8), dropout
        nn.init.normal_(self.items.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)
        causal = torch.triu(torch.full((length, length), -1e9), diagonal=1)
        self.register_buffer("causal", causal[None, None])

    def forward(self, input: torch.Tensor, fused: bool) -> torch.Tensor:  # noqa: A002
        mask = self.causal + torch.where(input == 0, -1e9, 0.0)[:, None, None, :]
        X = f.dropout(self.items(input) + self.positions.weight, self.dropout, self.training)
        for block in self.blocks:
            X = block(X, mask, fused)
        return self.norm(X)


def lost(
    model: SASRec, rows: torch.Tensor, target: torch.Tensor, negatives: torch.Tensor | None, kind: str, fused: bool
) -> torch.Tensor:
    """The mean loss of a batch over the places that hold an item."""
    hidden, there, table = model(rows, fused), target > 0, model.items.weight
    if kind == "softmax":
        return f.cross_entropy(hidden[there] @ table[1:].T, target[there] - 1)
    own = (hidden * model.items(target)).sum(-1)
    if kind == "binary":
        others = (hidden * model.items(negatives)).sum(-1)
        return (f.softplus(-own) + f.softplus(others))[there].mean()
    chosen, wanted = hidden[there], target[there]
    others = chosen @ model.items(negatives).T
    others = others.masked_fill(wanted[:, None] == negatives, -1e9)
    scores = torch.cat([own[there][:, None], others], dim=1)
    return (torch.logsumexp(scores, dim=1) - scores[:, 0]).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("task")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    task = np.load(chosen.task)
    size = {name: int(task[name]) for name in ("n_items", "factors", "length", "layers", "heads")}
    batch, count, kind = int(task["batch_size"]), int(task["negatives"]), str(task["loss"])
    model = SASRec(**size, dropout=float(task["dropout"])).train()
    steps = torch.optim.Adam(model.parameters(), lr=1e-3)
    rows, target = torch.from_numpy(task["input"]).long(), torch.from_numpy(task["target"]).long()

    def epoch(fused: bool, most: int | None = None) -> tuple[float, float]:
        began, total = time.perf_counter(), 0.0
        order = torch.randperm(len(rows))
        for lo in range(0, len(order), batch)[:most]:
            at, negatives = order[lo : lo + batch], None
            if kind == "binary":
                negatives = torch.randint(1, size["n_items"] + 1, target[at].shape)
            elif kind == "sampled":
                negatives = torch.randint(1, size["n_items"] + 1, (count,))
            steps.zero_grad(set_to_none=True)
            loss = lost(model, rows[at], target[at], negatives, kind, fused)
            loss.backward()
            steps.step()
            total += loss.item()
        return time.perf_counter() - began, total / -(-len(order) // batch)

    tried = {}
    for fused in (True, False):  # the faster of two ways to write attention
        epoch(fused, 3)
        tried[fused] = epoch(fused, 10)[0]
    fused = tried[True] < tried[False]
    told = [epoch(fused) for _ in range(chosen.epochs)]
    print(json.dumps({"seconds": [seconds for seconds, _ in told], "loss": told[-1][1], "fused": fused}))


if __name__ == "__main__":
    main()
