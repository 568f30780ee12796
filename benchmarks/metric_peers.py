"""Record what other libraries say of the random worlds that certify the metrics.

```
PEER/bin/python benchmarks/metric_peers.py rectools ranx recommenders implicit lenskit
```

Each library is named where it is installed (RecTools and ranx want an older pandas or NumPy than Longtail does, LensKit
pulls in PyTorch, implicit is built for one NumPy), so this script needs Python, the library and nothing of Longtail's.
The figures go to `tests/golden/metrics/NAME.json` with the library's version and the fingerprint of the worlds, and
`tests/evaluation/test_agreement.py` compares Longtail with them.

A figure is kept for each world as `{user: value}`, under "all" where it is one number for everybody. What a library
does with users that have no list or no test item is left as it is: the comparison says how Longtail asks the same.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "tools"))

from agreement.worlds import N_FEATURES, World, fingerprint, worlds  # noqa: E402

Figures = dict[str, dict[str, float]]


def rectools(world: World) -> Figures:
    import pandas as pd
    from rectools import Columns
    from rectools import metrics as m

    def interactions(pairs: Any) -> Any:
        return pd.DataFrame(list(pairs), columns=[Columns.User, Columns.Item])

    def reco(lists: Any) -> Any:
        rows = [(u, i, place) for u, listed in lists.items() for place, (i, _) in enumerate(listed, start=1)]
        return pd.DataFrame(rows, columns=[Columns.User, Columns.Item, Columns.Rank]).astype(int)

    shown, train, test, k = reco(world.lists), interactions(world.train), interactions(world.test), world.n
    warm = shown[shown[Columns.Item].isin({item for _, item in world.train})]
    features = pd.DataFrame.from_dict(world.features, orient="index", columns=list(range(N_FEATURES)))
    hamming = m.PairwiseHammingDistanceCalculator(features)
    by_truth = {
        "precision": m.Precision(k),
        "precision, r_precision": m.Precision(k, r_precision=True),
        "recall": m.Recall(k),
        "hit_rate": m.HitRate(k),
        "mrr": m.MRR(k),
        "map": m.MAP(k),
        "map, divide_by_k": m.MAP(k, divide_by_k=True),
        "ndcg": m.NDCG(k),
        "ndcg, divide_by_achievable": m.NDCG(k, divide_by_achievable=True),
        "covered_users": m.CoveredUsers(k),
    }
    found = {name: metric.calc_per_user(shown, test).to_dict() for name, metric in by_truth.items()}
    everybody = interactions((user, world.items[0]) for user in world.lists)
    found |= {
        "covered_users, of the lists": m.CoveredUsers(k).calc_per_user(shown, everybody).to_dict(),
        "intra_list_diversity": m.IntraListDiversity(k, hamming).calc_per_user(shown).to_dict() if len(shown) else {},
        "mean_inv_user_freq": m.MeanInvUserFreq(k).calc_per_user(shown, train).to_dict(),
        "avg_rec_popularity": m.AvgRecPopularity(k).calc_per_user(shown, train).to_dict(),
        "avg_rec_popularity, normalize": m.AvgRecPopularity(k, normalize=True).calc_per_user(shown, train).to_dict(),
        "serendipity": m.Serendipity(k).calc_per_user(shown, test, train, world.items).to_dict(),
        "intersection": m.Intersection(k).calc_per_user(shown, reco(world.after)).to_dict(),
        "catalog_coverage": {"all": m.CatalogCoverage(k, normalize=True).calc(shown, world.items)},
        "catalog_coverage, of train": {
            "all": m.CatalogCoverage(k, normalize=True).calc(warm, {item for _, item in world.train})
        },
    }
    return found


def ranx(world: World) -> Figures:
    import numpy as np
    from ranx import Qrels, Run, evaluate

    names = ["precision", "recall", "hit_rate", "mrr", "map", "ndcg", "ndcg_burges"]
    found: Figures = {}
    for user in world.test_users:
        if not world.listed(user):
            continue  # a run without documents cannot be written down for one query
        qrels = Qrels({str(user): {str(i): round(2 * rating) for i, rating in world.truth(user).items()}})
        run = Run({str(user): {str(i): -float(place) for place, i in enumerate(world.listed(user))}})
        for name in names:
            value = float(np.asarray(evaluate(qrels, run, f"{name}@{world.n}")))
            found.setdefault(name, {})[user] = value
    return found


def recommenders(world: World) -> Figures:
    import pandas as pd
    from recommenders.evaluation import python_evaluation as e

    found: Figures = {}
    for user in world.test_users:
        if not world.listed(user):
            continue  # it leaves out users who are not in both tables
        truth = pd.DataFrame(
            [(user, i, r) for i, r in world.truth(user).items()], columns=["userID", "itemID", "rating"]
        )
        rows = [(user, i, -float(place)) for place, i in enumerate(world.listed(user))]
        shown = pd.DataFrame(rows, columns=["userID", "itemID", "prediction"])
        measured = {
            "map": e.map(truth, shown, k=world.n),
            "map_at_k": e.map_at_k(truth, shown, k=world.n),
            "precision_at_k": e.precision_at_k(truth, shown, k=world.n),
            "recall_at_k": e.recall_at_k(truth, shown, k=world.n),
            "ndcg_at_k": e.ndcg_at_k(truth, shown, k=world.n),
            "ndcg_at_k, raw": e.ndcg_at_k(truth, shown, k=world.n, score_type="raw"),
            "ndcg_at_k, exp": e.ndcg_at_k(truth, shown, k=world.n, score_type="exp"),
        }
        for name, value in measured.items():
            found.setdefault(name, {})[user] = float(value)
    return found


def implicit(world: World) -> Figures:
    import numpy as np
    from implicit.evaluation import ranking_metrics_at_k
    from scipy import sparse

    place = {item: index for index, item in enumerate(world.items)}
    found: Figures = {}

    class Listed:
        def __init__(self, items: list[int]) -> None:
            row = [place[item] for item in items] + [-1] * (world.n - len(items))
            self.ids, self.scores = np.array([row], np.int32), -np.arange(world.n, dtype=np.float32)[None]

        def recommend(self, *_: Any, **__: Any) -> Any:
            return self.ids, self.scores

    for user in world.test_users:
        row = np.zeros((1, len(world.items) + 1), np.float32)  # one item more, or its AUC divides by 0
        row[0, [place[item] for item in world.truth(user)]] = 1.0
        empty = sparse.csr_matrix(np.zeros_like(row))
        listed = Listed(world.listed(user))
        measured = ranking_metrics_at_k(
            listed, empty, sparse.csr_matrix(row), K=world.n, show_progress=False, num_threads=1
        )
        for name in ("precision", "map", "ndcg"):
            found.setdefault(name, {})[user] = float(measured[name])
    return found


def lenskit(world: World) -> Figures:
    import numpy as np
    from lenskit.data import ItemList
    from lenskit.metrics import NDCG, Hit, Precision, Recall, RecipRank, reranking
    from lenskit.metrics.ranking._map import AveragePrecision
    from lenskit.metrics.ranking._weighting import LogRankWeight
    from lenskit.stats import gini

    n = world.n
    metrics = {
        "Hit": Hit(n),
        "Precision": Precision(n),
        "Recall": Recall(n),
        "RecipRank": RecipRank(n),
        "AveragePrecision": AveragePrecision(n),
        "NDCG": NDCG(n),
        "NDCG, gain": NDCG(n, gain="rating"),
        "NDCG, offset": NDCG(n, weight=LogRankWeight(offset=1)),
    }
    found: Figures = {}
    for user in world.test_users:
        truth = world.truth(user)
        test = ItemList(item_ids=list(truth), rating=np.array(list(truth.values()), np.float64))
        listed = ItemList(item_ids=np.array(world.listed(user), np.int64), ordered=True)
        for name, metric in metrics.items():
            found.setdefault(name, {})[user] = float(metric.measure_list(listed, test))
    for user in world.lists:
        before, after = (
            ItemList(item_ids=np.array([i for i, _ in lists[user]], np.int64), ordered=True)
            for lists in (world.lists, world.after)
        )
        overlap = reranking.rank_biased_overlap(before, after, n=n)
        found.setdefault("rank_biased_overlap", {})[user] = float(overlap)
    counts = dict.fromkeys(world.items, 0)
    for user in world.lists:
        for item in world.listed(user):
            counts[item] += 1
    found["gini"] = {"all": float(gini(np.array(list(counts.values()), np.int32)))}
    return found


LIBRARIES: dict[str, tuple[str, Callable[[World], Figures]]] = {
    "rectools": ("RecTools", rectools),
    "ranx": ("ranx", ranx),
    "recommenders": ("recommenders", recommenders),
    "implicit": ("implicit", implicit),
    "lenskit": ("LensKit", lenskit),
}


def main(names: list[str]) -> None:
    drawn = worlds()
    for name in names:
        title, ask = LIBRARIES[name]
        answers = [ask(world) for world in drawn]
        keys = list(dict.fromkeys(key for answer in answers for key in answer))
        figures = {
            key: [{str(user): tidy(value) for user, value in answer.get(key, {}).items()} for answer in answers]
            for key in keys
        }
        record = {
            "library": title,
            "version": importlib.metadata.version(name),
            "worlds": len(drawn),
            "fingerprint": fingerprint(drawn),
        }
        lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(values)}" for key, values in figures.items())
        head = json.dumps(record, indent=2)[:-2]
        path = ROOT / "tests" / "golden" / "metrics" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'{head},\n  "figures": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {title} {record['version']}, {len(keys)} figures of {len(drawn)} worlds")


def tidy(value: float) -> float | None:
    """Fifteen digits; None for NaN, which JSON does not have."""
    return None if math.isnan(value) else float(f"{float(value):.15g}")


if __name__ == "__main__":
    main(sys.argv[1:])
