"""Our side: the same tasks as `surprise_peer.py`, on the same files, after the kernels have been compiled.

```
python longtail_peer.py TASK TRAIN.csv TEST.csv
```
"""

from __future__ import annotations

import sys
from typing import Any

import polars as pl

import longtail as lt
from longtail.testing import toy_worlds
from measure import Meter

SURPRISE_SVD = {
    "factors": 100,
    "epochs": 20,
    "learning_rate": 0.005,
    "learning_rate_decay": 1.0,
    "regularization": 0.02,
    "init_std": 0.1,
}
SURPRISE_SVDPP = {**SURPRISE_SVD, "factors": 20, "learning_rate": 0.007}
SURPRISE_KNN = {
    "neighbors": 40,
    "min_neighbors": 1,
    "min_support": 1,
    "damping": 0.0,
    "reg_user": 15.0,
    "reg_item": 10.0,
    "epochs": 10,
}
"""The peer's defaults."""


def model_of(task: str) -> Any:
    if task in ("svd", "top10"):
        return lt.make("svd", **SURPRISE_SVD)
    if task == "svdpp":
        return lt.make("svdpp", **SURPRISE_SVDPP)
    _, side, variant, similarity = task.split("-")
    shrinkage = 100.0 if similarity == "pearson_baseline" else None
    return lt.make(f"{side}-knn", variant=variant, similarity=similarity, shrinkage=shrinkage, **SURPRISE_KNN)


def read(path: str) -> pl.DataFrame:
    return pl.read_csv(path, has_header=False, new_columns=["user", "item", "rating"])


def predict(task: str, train: lt.Interactions, test: lt.Interactions) -> None:
    toy = toy_worlds()["explicit"]
    model_of(task).fit(toy.train).predict_ratings(toy.test)  # loads the compiled kernels
    meter, model = Meter(), model_of(task)
    with meter.phase("fit"):
        model.fit(train)
    with meter.phase("predict"):
        predictions = model.predict_ratings(test)
    meter.report(rmse=float(((predictions.actual - predictions.estimated) ** 2).mean() ** 0.5))


def top10(train: lt.Interactions) -> None:
    model_of("top10").fit(toy_worlds()["explicit"].train).recommend(n=10).to_frame()
    model = model_of("top10").fit(train)
    meter = Meter()
    with meter.phase("lists"):
        lists = model.recommend(n=10).to_frame()
    meter.report(lists=lists["user"].n_unique())


def bakeoff(data: lt.Interactions) -> None:
    svd = "svd:" + ",".join(f"{name}={value}" for name, value in SURPRISE_SVD.items())
    lt.Bakeoff(toy_worlds()["explicit"].train, [svd, "random"], protocol="classic").run()
    meter = Meter()
    with meter.phase("bakeoff"):
        result = lt.Bakeoff(data, [svd, "random"], protocol="classic").run()
    meter.report(figures=result.to_json())


def main() -> None:
    task, train, test = sys.argv[1:]
    if task == "version":
        print(f"Longtail {lt.__version__}")
    elif task == "bakeoff":
        bakeoff(lt.Interactions.from_frame(read(train)))
    elif task == "top10":
        top10(lt.Interactions.from_frame(read(train)))
    else:
        predict(task, *lt.splits.predefined(read(train), read(test)))


if __name__ == "__main__":
    main()
