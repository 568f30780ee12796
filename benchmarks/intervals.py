"""How often the predictive intervals of Bayesian PMF hold the rating, on the five published folds of MovieLens 100K.

```
python benchmarks/intervals.py
python benchmarks/intervals.py bpmf:factors=8 --levels 0.5 0.9
```

Only to report: it opens the test files. For each level, the share of test ratings inside their interval and the mean
width of the intervals in stars, after clipping to the scale; and the share of a calibrated normal model, which is the
level itself.
"""

from __future__ import annotations

import argparse

import numpy as np

import longtail as lt
import movielens_100k
from longtail import registry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("algorithm", nargs="?", default="bpmf", help="a name with parameters, such as bpmf:factors=8")
    parser.add_argument("--levels", nargs="+", type=float, default=[0.5, 0.8, 0.9, 0.95])
    options = parser.parse_args()
    name, chosen = registry.parse(options.algorithm)
    inside = {level: [] for level in options.levels}
    widths = {level: [] for level in options.levels}
    for fold in movielens_100k.FOLDS:
        train, test = movielens_100k.train_and_test(fold)
        model = lt.make(name, **chosen).fit(train)
        pairs = test.user_ids.values[test.users], test.item_ids.values[test.items]
        for level in options.levels:
            low, high = model.predict_interval(*pairs, level=level)
            inside[level].append(np.mean((low <= test.values) & (test.values <= high)))
            widths[level].append(np.mean(high - low))
    print("level  inside  (lowest and highest fold)  width in stars")
    for level in options.levels:
        shares = inside[level]
        ends = f"({min(shares):.4f} to {max(shares):.4f})"
        print(f"{level:<5}  {np.mean(shares):.4f}  {ends:<26}  {np.mean(widths[level]):.3f}")


if __name__ == "__main__":
    main()
