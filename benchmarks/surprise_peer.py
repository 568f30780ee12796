"""The peer's side: one task with scikit-surprise, in an environment of its own. Prints one line of JSON.

```
python surprise_peer.py TASK TRAIN.csv TEST.csv
```

The files have the columns user, item, rating, without a header.
"""

from __future__ import annotations

import csv
import itertools
import random
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import surprise
from surprise import SVD, Dataset, KNNBaseline, KNNBasic, KNNWithMeans, KNNWithZScore, NormalPredictor, Reader, SVDpp

from measure import Meter

VARIANTS = {"basic": KNNBasic, "mean": KNNWithMeans, "zscore": KNNWithZScore, "baseline": KNNBaseline}


def read(path):
    with Path(path).open(newline="") as file:
        return [(user, item, float(rating), None) for user, item, rating in csv.reader(file)]


def trainset_of(rows):
    data = Dataset(Reader(rating_scale=(min(row[2] for row in rows), max(row[2] for row in rows))))
    return data.construct_trainset(rows)


def algorithm_of(task):
    if task in ("svd", "top10"):
        return SVD(random_state=0)
    if task == "svdpp":
        return SVDpp(random_state=0)
    _, side, variant, similarity = task.split("-")
    options = {"name": similarity, "user_based": side == "user"}
    return VARIANTS[variant](k=40, min_k=1, sim_options=options, verbose=False)


def rmse(predictions):
    return float(np.sqrt(np.mean([(p.r_ui - p.est) ** 2 for p in predictions])))


def top(predictions, n=10, least=None):
    """The n best items of each user: {user: [(item, estimate)]}."""
    lists = defaultdict(list)
    for p in predictions:
        if least is None or p.est >= least:
            lists[p.uid].append((p.iid, p.est))
    for items in lists.values():
        items.sort(key=lambda entry: entry[1], reverse=True)
        del items[n:]
    return lists


def predict(task, train, test):
    trainset, testset = trainset_of(train), [row[:3] for row in test]
    meter, algorithm = Meter(), algorithm_of(task)
    with meter.phase("fit"):
        algorithm.fit(trainset)
    with meter.phase("predict"):
        predictions = algorithm.test(testset)
    meter.report(rmse=rmse(predictions))


def top10(train):
    trainset = trainset_of(train)
    algorithm = algorithm_of("top10").fit(trainset)
    meter = Meter()
    with meter.phase("lists"):
        lists = top(algorithm.test(trainset.build_anti_testset()))
    meter.report(lists=len(lists))


def leave_one_out(rows, rng):
    """One random row of each user, and the others."""
    by_user = defaultdict(list)
    for number, row in enumerate(rows):
        by_user[row[0]].append(number)
    held = {rng.choice(numbers) for numbers in by_user.values() if len(numbers) > 1}
    return [row for n, row in enumerate(rows) if n not in held], [rows[n] for n in sorted(held)]


def hits(lists, left_out):
    return sum(item in [listed for listed, _ in lists.get(user, ())] for user, item, *_ in left_out)


def diversity(lists, trainset, similarities):
    """1 - mean similarity of all pairs within a list."""
    total = count = 0
    for items in lists.values():
        inner = [trainset.to_inner_iid(item) for item, _ in items]
        for a, b in itertools.combinations(inner, 2):
            total += similarities[a][b]
            count += 1
    return 1 - total / count if count else 0.0


def novelty(lists, ranks):
    listed = [ranks[item] for items in lists.values() for item, _ in items]
    return float(np.mean(listed)) if listed else 0.0


def bakeoff(rows):
    """The classic protocol over SVD and random: hold-out accuracy, leave-one-out hits, lists over all the data."""
    rng = random.Random(0)
    meter = Meter()
    figures = {}
    with meter.phase("bakeoff"):
        shuffled = rng.sample(rows, len(rows))
        cut = len(rows) * 3 // 4
        train, test = trainset_of(shuffled[:cut]), [row[:3] for row in shuffled[cut:]]
        loo_rows, left_out = leave_one_out(rows, rng)
        loo, full = trainset_of(loo_rows), trainset_of(rows)
        cosine = KNNBasic(sim_options={"name": "cosine", "user_based": False}, verbose=False).fit(full).sim
        counts = defaultdict(int)
        for row in rows:
            counts[row[1]] += 1
        ranks = {item: rank for rank, item in enumerate(sorted(counts, key=lambda i: -counts[i]), start=1)}
        for name, algorithm in (("svd", SVD(random_state=0)), ("random", NormalPredictor())):
            predictions = algorithm.fit(train).test(test)
            algorithm.fit(loo)
            candidates = algorithm.test(loo.build_anti_testset())
            found = hits(top(candidates, least=4.0), left_out)
            algorithm.fit(full)
            lists = top(algorithm.test(full.build_anti_testset()), least=4.0)
            figures[name] = {
                "rmse": rmse(predictions),
                "hit_rate": found / len(left_out),
                "coverage": len(lists) / full.n_users,
                "diversity": diversity(lists, full, cosine),
                "novelty": novelty(lists, ranks),
            }
    meter.report(figures=figures)


def main():
    task, train, test = sys.argv[1:]
    if task == "version":
        print(f"scikit-surprise {surprise.__version__}")
    elif task == "bakeoff":
        bakeoff(read(train))
    elif task == "top10":
        top10(read(train))
    else:
        predict(task, read(train), read(test))


if __name__ == "__main__":
    main()
