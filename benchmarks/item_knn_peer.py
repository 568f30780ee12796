"""The peer's side of `item_knn.py`: one task with implicit, in an environment of its own. Prints one line of JSON.

```
python item_knn_peer.py TASK DATA.npz OUT.npz
```
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy import sparse

from item_knn import recall
from measure import Meter


def model_of(task):
    weighting, k = task.split("-")
    if weighting == "bm25":
        return BM25Recommender(K=int(k), K1=1.2, B=0.75)
    return {"cosine": CosineRecommender, "tfidf": TFIDFRecommender}[weighting](K=int(k))


def main(task, data, out):
    with np.load(data) as stored:
        parts = {name: stored[name] for name in stored.files}
    cells = parts["train_values"].astype(np.float64), (parts["train_users"], parts["train_items"])
    rows = sparse.csr_matrix(cells, shape=tuple(parts["shape"]))
    users = np.flatnonzero(np.diff(rows.indptr)).astype(np.int32)
    wanted = rows[users]
    meter, model = Meter(), model_of(task)
    with meter.phase("fit"):
        model.fit(rows, show_progress=False)
    with meter.phase("lists"):
        items, _ = model.recommend(users, wanted, N=20)
    similar = model.similarity
    np.savez(out, data=similar.data, indices=similar.indices, indptr=similar.indptr, shape=similar.shape)
    meter.report(recall=recall(users, items, parts))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
