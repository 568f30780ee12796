"""The peer's side of `implicit_run.py`: one task with `implicit`, in an environment of its own. One line of JSON.

```
python implicit_peer.py TASK DATA.npz '{"factors": 64, ...}'
```
"""

from __future__ import annotations

import implicit
import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from scipy import sparse
from threadpoolctl import threadpool_limits

from implicit_tasks import answer, loss_of, options, read, recall_of, timed


def als(path, factors, solver, epochs, alpha, regularization):
    train, test = read(path)
    weighted = train.copy()
    weighted.data[:] = 1.0 + alpha  # what `implicit` takes as c of a seen pair; an unseen one has 1

    def fit(iterations):
        model = AlternatingLeastSquares(
            factors=factors, regularization=regularization, alpha=1.0, use_cg=solver == "cg", iterations=iterations,
            random_state=0,
        )  # fmt: skip
        model.fit(weighted, show_progress=False)
        return model

    first, all_of_them = timed(lambda: fit(1)), timed(lambda: fit(1 + epochs))
    model = all_of_them[2]
    lists, _ = model.recommend(np.arange(train.shape[0]), train, N=20)
    answer(
        cpu=(all_of_them[0] - first[0]) / epochs,
        wall=(all_of_them[1] - first[1]) / epochs,
        loss=loss_of(train, model.user_factors, model.item_factors, alpha, regularization),
        recall=recall_of(lists, test),
    )


def bpr(path, factors, epochs, learning_rate, regularization):
    train, test = read(path)

    def fit(iterations):
        model = BayesianPersonalizedRanking(
            factors=factors, learning_rate=learning_rate, regularization=regularization, iterations=iterations,
            random_state=0,
        )  # fmt: skip
        model.fit(train, show_progress=False)
        return model

    first, all_of_them = timed(lambda: fit(1)), timed(lambda: fit(1 + epochs))
    lists, _ = all_of_them[2].recommend(np.arange(train.shape[0]), train, N=20)
    answer(
        cpu=(all_of_them[0] - first[0]) / epochs,
        wall=(all_of_them[1] - first[1]) / epochs,
        recall=recall_of(lists, test),
    )


def top(path, n):
    file = np.load(path)
    model = AlternatingLeastSquares(factors=file["users"].shape[1])
    model.user_factors, model.item_factors = file["users"], file["items"]
    shape = len(file["users"]), len(file["items"])
    ones = np.ones(len(file["seen_indices"]), dtype=np.float32)
    seen = sparse.csr_matrix((ones, file["seen_indices"], file["seen_indptr"]), shape=shape)
    everyone = np.arange(shape[0])
    model.recommend(everyone[:100], seen[:100], N=n)
    cpu, wall, (items, _) = timed(lambda: model.recommend(everyone, seen, N=n))
    answer(cpu=cpu, wall=wall, check=int(items[:100].sum()))


def main():
    task, path, settings = options()
    if task == "version":
        print(f"implicit {implicit.__version__}")
        return
    with threadpool_limits(1 if task != "top" else None, "blas"):  # its documentation asks for one BLAS thread to fit
        {"als": als, "bpr": bpr, "top": top}[task](path, **settings)


if __name__ == "__main__":
    main()
