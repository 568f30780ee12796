"""Our side of `implicit_run.py`: the same tasks as `implicit_peer.py`, after the kernels have been compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

import longtail as lt
from implicit_tasks import answer, loss_of, options, read, recall_of, timed
from longtail.data.ids import Ids
from longtail.testing import toy_worlds


def interactions(clicks: Any) -> lt.Interactions:
    users = np.repeat(np.arange(clicks.shape[0], dtype=np.int32), np.diff(clicks.indptr))
    return lt.Interactions(
        users=users,
        items=clicks.indices.astype(np.int32),
        values=np.ones(clicks.nnz, dtype=np.float32),
        user_ids=Ids(np.arange(clicks.shape[0]), kind="user"),
        item_ids=Ids(np.arange(clicks.shape[1]), kind="item"),
        feedback="implicit",
    )


def epochs_of(make: Any, path: str, epochs: int) -> tuple[float, float, Any, Any, Any]:
    """CPU and wall seconds of one epoch, the model, the training and the test clicks."""
    train, test = read(path)
    data = interactions(train)
    data.by_user  # noqa: B018 (cached: the peer is handed its matrix, too)
    make(1).fit(toy_worlds()["implicit"].train)
    first, all_of_them = timed(lambda: make(1).fit(data)), timed(lambda: make(1 + epochs).fit(data))
    return (*((b - a) / epochs for a, b in zip(first[:2], all_of_them[:2], strict=True)), all_of_them[2], train, test)


def als(path: str, factors: int, solver: str, epochs: int, alpha: float, regularization: float) -> None:
    def make(n: int) -> Any:
        return lt.make(
            "implicit-als", factors=factors, solver=solver, epochs=n, alpha=alpha, regularization=regularization,
            frequency_scaling=0.0, unseen_weight=1.0, cg_steps=3,
        )  # fmt: skip

    cpu, wall, model, train, test = epochs_of(make, path, epochs)
    vectors = model.user_vectors_, model.item_vectors_
    recall = recall_of(model.recommend(np.arange(train.shape[0]), n=20).items, test)
    answer(cpu=cpu, wall=wall, loss=loss_of(train, *vectors, alpha, regularization), recall=recall)


def bpr(path: str, factors: int, epochs: int, learning_rate: float, regularization: float) -> None:
    def make(n: int) -> Any:
        return lt.make(
            "bpr", factors=factors, epochs=n, learning_rate=learning_rate, regularization=regularization,
        )  # fmt: skip

    cpu, wall, model, train, test = epochs_of(make, path, epochs)
    answer(cpu=cpu, wall=wall, recall=recall_of(model.recommend(np.arange(train.shape[0]), n=20).items, test))


def top(path: str, n: int) -> None:
    """`recommend` for everyone, as the public interface gives it."""
    file = np.load(path)
    ones = np.ones(len(file["seen_indices"]), dtype=np.float32)
    shape = len(file["users"]), len(file["items"])
    clicks = sparse.csr_matrix((ones, file["seen_indices"], file["seen_indptr"]), shape=shape)
    model = lt.make("implicit-als", factors=file["users"].shape[1], epochs=1).fit(toy_worlds()["implicit"].train)
    data = interactions(clicks)
    model.user_ids_, model.item_ids_, model.histories_, model.titles_ = data.user_ids, data.item_ids, data.by_user, None
    model.user_vectors_, model.item_vectors_ = file["users"], file["items"]
    model.item_bias_ = np.zeros(shape[1], dtype=np.float32)
    model.popularity_ = np.ones(shape[1], dtype=np.float32)
    model.recommend(np.arange(5000), n=n)
    cpu, wall, lists = timed(lambda: model.recommend(n=n))
    answer(cpu=cpu, wall=wall, check=int(lists.items[:100].sum()))


def product(path: str, n: int) -> None:
    """The bare float32 product of the same shape, with all BLAS threads and nothing selected."""
    file = np.load(path)
    left, right = file["users"], file["items"]
    left[:100] @ right.T
    cpu, wall, _ = timed(lambda: left @ right.T)
    answer(cpu=cpu, wall=wall)


def main() -> None:
    task, path, settings = options()
    if task == "version":
        print(f"longtail {lt.__version__}")
        return
    {"als": als, "bpr": bpr, "top": top, "product": product}[task](path, **settings)


if __name__ == "__main__":
    main()
