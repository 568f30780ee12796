"""Where factor models gain from time, inside the training file of the first published fold of MovieLens 100K.

```
python benchmarks/time_gain.py
```

RMSE for two parts hidden from that file: a fifth of the rows at random, so that the other ratings of the same user and
day were learned from; and the last day of everyone with several, so that none were. Models that know of time are asked
at the times of the hidden rows ("at"), at those of other rows of the same user ("mixed"), and at none ("none"). No test
file is opened.
"""

from __future__ import annotations

import dataclasses

import numpy as np

import longtail as lt
import movielens_100k

DAY = 86_400
IDS = {"implicit": False, "flipped": False, "item_attributes": "none", "user_attributes": "none"}
MODELS = {
    "svdpp": lt.SVDpp(),
    "timesvdpp, days only": lt.TimeSVDpp(bin_regularization=50.0, drift_regularization=50.0),
    "timesvdpp": lt.TimeSVDpp(),
    "fm, ids only": lt.FM(**IDS),
    "fm, ids and implicit": lt.FM(**IDS | {"implicit": True}),
    "fm, ids and flipped": lt.FM(**IDS | {"flipped": True}),
    "fm, all but attributes": lt.FM(**IDS | {"implicit": True, "flipped": True}),
    "fm": lt.FM(),
    "fm:context=day": lt.FM(context="day"),
    "fm:context=hour": lt.FM(context="hour"),
}


def main() -> None:
    data, rng = movielens_100k.training(1), np.random.default_rng(0)
    days = data.times // DAY
    last = np.full(data.n_users, days.min())
    np.maximum.at(last, data.users, days)
    first = np.full(data.n_users, days.max())
    np.minimum.at(first, data.users, days)
    print(f"users who rated on one day only: {np.mean(first == last):.0%}")
    hidden = {
        "random rows": rng.random(len(data)) < 0.2,
        "last days": (days == last[data.users]) & (first < last)[data.users],
    }
    for name, rows in hidden.items():
        train, test = data.take(~rows), data.take(rows)
        mixed = dataclasses.replace(test, times=mixed_within_users(test, rng))
        print(f"\n{name}: {len(test)} hidden\n{'':<22}  at      mixed   none")
        for label, model in MODELS.items():
            model.fit(train)
            asked = test, mixed, dataclasses.replace(test, times=None)
            errors = [lt.metrics.rmse(model.predict_ratings(rows)) for rows in asked]
            print(f"{label:<22}" + "".join(f"  {error:.4f}" for error in errors), flush=True)


def mixed_within_users(data: lt.Interactions, rng: np.random.Generator) -> np.ndarray:
    """The times of the rows, dealt anew among the rows of each user."""
    times = data.times.copy()
    times[np.argsort(data.users, kind="stable")] = data.times[np.lexsort((rng.random(len(data)), data.users))]
    return times


if __name__ == "__main__":
    main()
