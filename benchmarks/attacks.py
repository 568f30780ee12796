"""Planted attacks and bots: who finds them, who is falsely accused, and what an attack does to the lists.

```
python benchmarks/attacks.py --quick                                            # minutes: one seed, two shares
python benchmarks/attacks.py --json benchmarks/results/attacks.json             # everything; goes on where it stopped
python benchmarks/attacks.py --show benchmarks/results/attacks.json             # the tables, as Markdown
```

Detection: the share of planted users found (recall), the share of those accused who are planted (precision), and the
share of genuine users accused (false alarms). Every detector has its usual thresholds. They were settled while looking
at attacks with the seeds 1 and 2; the seeds here are others.

Effect: one random row of each user is hidden, the attack is planted in the other rows, and lists of ten are made for
the genuine users. `target` is the share of those who have not met the target and get it in their list (the hit ratio of
Mobasher et al. 2007), `hit_rate` the share whose hidden item is in their list, `shift` the mean change of the predicted
rating of the target (prediction shift). Targets are drawn anew with each seed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
from longtail import registry
from longtail.algorithms.powers import PredictsRatings
from longtail.data import attacks, cleaning
from longtail.data.cleaning import Bots, OutlierUsers, ShillingProfiles, Step

N = 10
WORLDS = 200
SHARES = (0.01, 0.02, 0.03, 0.05)
SEEDS = (10, 11, 12)
PUSHES = ("random", "average", "bandwagon", "popular-average")
NUKES = ("love-hate", "reverse-bandwagon")
BOTS = ("crawler", "fast", "many", "uniform")
EFFECTS = ("average", "bandwagon", "popular-average")
ALGORITHMS = (
    "user-knn",
    "user-knn:ranking=rating",
    "item-knn",
    "item-knn:ranking=rating",
    "svd",
    "implicit-als",
)
STATES = ("clean", "attacked", "cleaned")
DATA = ("ml-100k", "synthetic")
BASELINES = ("ml-100k", "ml-latest-small", "synthetic")
SHILLING: dict[str, Step] = {
    "deviation": ShillingProfiles(detectors=("deviation",)),
    "components": ShillingProfiles(detectors=("components",)),
    "similarity": ShillingProfiles(detectors=("similarity",)),
    "all three": ShillingProfiles(),
}
AUTOMATA: dict[str, Step] = {
    "bots": Bots(),
    **{f"outliers, {rule}": OutlierUsers(rule=rule) for rule in ("mean+3sd", "mad", "iqr", "log-mad")},
}
Record = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="where to keep the records, and which not to repeat")
    parser.add_argument("--show", type=Path, help="only print the tables of these records")
    parser.add_argument("--quick", action="store_true", help="one seed, 1 and 5 percent")
    options = parser.parse_args(arguments)
    if options.show:
        records = json.loads(options.show.read_text(encoding="utf-8"))
        print("\n\n".join(table(records) for table in (baseline, detection, effect)))
        return 0
    kept = options.json and options.json.is_file()
    records = json.loads(options.json.read_text(encoding="utf-8")) if kept else []
    for number, record in enumerate(measured(records, options.quick), start=1):
        records.append(record)
        print(json.dumps(record), file=sys.stderr, flush=True)
        if options.json and number % 10 == 0:
            write(records, options.json)
    if options.json:
        write(records, options.json)
    print("\n\n".join(table(records) for table in (baseline, detection, effect)))
    return 0


def write(records: list[Record], path: Path) -> None:
    lines = ",\n".join(json.dumps(entry) for entry in records)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def measured(known: list[Record], quick: bool) -> Iterator[Record]:
    """Every record that is not there yet."""
    done = {_key(record) for record in known}
    shares, seeds = (SHARES[::3], SEEDS[:1]) if quick else (SHARES, SEEDS)
    for name in BASELINES:
        if ("baseline", name, "", 0, 0) not in done:
            yield false_alarms(name)
    if ("worlds", "synthetic", "", 0, 0) not in done:
        yield clean_worlds(10 if quick else WORLDS)
    cells = [
        (name, kind, share, seed)
        for seed in seeds
        for name in DATA
        for share in shares
        for kind in (*PUSHES, *NUKES, *BOTS)
    ]
    for cell in cells:
        if ("detection", *cell) not in done:
            yield detected(*cell)
    for cell in cells:
        if cell[1] in EFFECTS and ("effect", *cell) not in done:
            yield affected(*cell)


def _key(record: Record) -> tuple[Any, ...]:
    return tuple(record.get(field, "" if field == "kind" else 0) for field in ("what", "data", "kind", "share", "seed"))


@cache
def loaded(name: str) -> lt.Interactions:
    return lt.datasets.load(name)


def false_alarms(name: str) -> Record:
    """The share of users accused where nobody was planted."""
    data = loaded(name)
    return {
        "what": "baseline",
        "data": name,
        "users": data.n_users,
        "accused": {
            label: round(float(accused(step, data).mean()), 5) for label, step in {**SHILLING, **AUTOMATA}.items()
        },
    }


def clean_worlds(worlds: int) -> Record:
    """In how many generated worlds without an attack the shilling detectors accuse somebody."""
    accusing = 0
    for seed in range(worlds):
        data = lt.datasets.synthetic(users=300, items=200, ratings=10_000, seed=1_000 + seed)
        accusing += bool(SHILLING["all three"].mark(data).suspects)
    return {"what": "worlds", "data": "synthetic", "worlds": worlds, "users": 300, "accusing": accusing}


def accused(step: Step, data: lt.Interactions) -> Any:
    """(n_users,) bool."""
    mask = np.zeros(data.n_users, dtype=bool)
    mask[[suspect.user for suspect in step.mark(data).suspects]] = True
    return mask


def planted(data: lt.Interactions, kind: Any, share: float, seed: int) -> attacks.Attack:
    if kind in BOTS:
        return attacks.plant_bots(data, kind, share=share, seed=seed)
    return attacks.plant(data, kind, share=share, intent="nuke" if kind in NUKES else "push", seed=seed)


def detected(name: str, kind: str, share: float, seed: int) -> Record:
    attack = planted(loaded(name), kind, share, seed)
    record: Record = {"what": "detection", "data": name, "kind": kind, "share": share, "seed": seed}
    for label, step in (AUTOMATA if kind in BOTS else SHILLING).items():
        found, guilty = accused(step, attack.data), attack.is_planted
        record[label] = {
            "recall": round(float(found[guilty].mean()), 4),
            "precision": round(float(guilty[found].mean()), 4) if found.any() else None,
            "false_alarms": round(float(found[~guilty].mean()), 5),
        }
    return record


def affected(name: str, kind: str, share: float, seed: int) -> Record:
    """Clean, attacked and cleaned, for every algorithm."""
    train, test = lt.splits.leave_one_out(loaded(name), seed=seed)
    attack = planted(train, kind, share, seed)
    cleaned = cleaning.clean(attack.data, [ShillingProfiles()])
    states = dict(zip(STATES, (train, attack.data, cleaned.data), strict=True))
    record: Record = {"what": "effect", "data": name, "kind": kind, "share": share, "seed": seed}
    for algorithm in ALGORITHMS:
        found = {}
        for state, data in states.items():
            model = untouched(algorithm, name, seed) if state == "clean" else fresh(algorithm).fit(data)
            found[state] = figures(model, train, test, attack.targets[0])
        if found["clean"]["predicted"] is not None:
            for state in ("attacked", "cleaned"):
                found[state]["shift"] = round(found[state]["predicted"] - found["clean"]["predicted"], 4)
        record[algorithm] = found
    return record


def fresh(spec: str) -> Any:
    name, given = registry.parse(spec)
    return lt.make(name, **given)


@cache
def untouched(algorithm: str, name: str, seed: int) -> Any:
    """The model of the clean training rows."""
    return fresh(algorithm).fit(lt.splits.leave_one_out(loaded(name), seed=seed)[0])


def figures(model: Any, train: lt.Interactions, test: lt.Interactions, target: Any) -> Record:
    """Lists for the genuine users who have rows left (the falsely accused are served from their history)."""
    users, histories = train.users_present(), train.by_user
    lists = listed(model, train, users)
    index = train.item_ids.index([target])[0]
    strangers = histories[:, [index]].toarray().ravel()[train.user_ids.index(users)] == 0
    hidden = dict(zip(test.user_ids[test.users].tolist(), test.item_ids[test.items].tolist(), strict=True))
    hits = [hidden[user] in items for user, items in zip(users, lists, strict=True) if user in hidden]
    pushed = [target in items for items, new in zip(lists, strangers, strict=True) if new]
    predicted = None
    if isinstance(model, PredictsRatings):
        asked = [user for user, new in zip(users, strangers, strict=True) if new]
        predicted = round(float(np.mean(model.predict(asked, [target] * len(asked)))), 4)
    return {
        "target": round(float(np.mean(pushed)), 5),
        "hit_rate": round(float(np.mean(hits)), 5),
        "predicted": predicted,
    }


def listed(model: Any, train: lt.Interactions, users: list[Any]) -> list[list[Any]]:
    """The lists of users by their own histories, whether or not their rows were learned from."""
    known = set(np.flatnonzero(np.diff(model.histories_.indptr)).tolist())
    inside = [user for user, index in zip(users, model.user_ids_.index(users).tolist(), strict=True) if index in known]
    outside = sorted(set(users) - set(inside))
    found = dict(zip(inside, _rows(model.recommend(inside, n=N)), strict=True))
    if outside:
        rows = train.by_user[train.user_ids.index(outside)]
        histories = [dict(zip(train.item_ids[row.indices].tolist(), row.data.tolist(), strict=True)) for row in rows]
        found |= dict(zip(outside, _rows(model.recommend_for(histories, n=N)), strict=True))
    return [found[user] for user in users]


def _rows(lists: lt.TopN) -> list[list[Any]]:
    return [lists.item_ids[row[row >= 0]].tolist() for row in lists.items]


# -- tables ------------------------------------------------------------------------------------------------------------


def baseline(records: list[Record]) -> str:
    """Who is accused where nobody was planted: the false-alarm rate of each step."""
    found = [record for record in records if record["what"] == "baseline"]
    lines = ["| step | " + " | ".join(f"{record['data']}, {record['users']:,} users" for record in found) + " |"]
    lines.append("|---" * (len(found) + 1) + "|")
    for label in {**SHILLING, **AUTOMATA}:
        name = f"shilling, {label}" if label in SHILLING else label
        lines.append(f"| {name} | " + " | ".join(f"{record['accused'][label]:.2%}" for record in found) + " |")
    for record in records:
        if record["what"] == "worlds":
            size = f"{record['worlds']} generated worlds of {record['users']} users without an attack"
            lines.append(
                f"\nOf {size}, the three shilling detectors together accused somebody in {record['accusing']}."
            )
    return "\n".join(lines)


def detection(records: list[Record]) -> str:
    """Recall by share, then precision and false alarms over all shares, of the detectors each kind is for."""
    lines = [
        "| data | planted | detector | "
        + " | ".join(f"{share:.0%}" for share in SHARES)
        + " | precision | false alarms |"
    ]
    lines.append("|---" * (len(SHARES) + 5) + "|")
    chosen = [record for record in records if record["what"] == "detection"]
    for name, kind in dict.fromkeys((record["data"], record["kind"]) for record in chosen):
        rows = [record for record in chosen if (record["data"], record["kind"]) == (name, kind)]
        labels = SHILLING if kind not in BOTS else AUTOMATA if kind == "many" else ("bots",)
        for label in labels:
            recalls = [_mean(row[label]["recall"] for row in rows if row["share"] == share) for share in SHARES]
            cells = [_percent(recall) for recall in recalls]
            cells.append(_percent(_mean(row[label]["precision"] for row in rows)))
            cells.append(f"{_mean(row[label]['false_alarms'] for row in rows):.2%}")
            lines.append(f"| {name} | {kind} | {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def effect(records: list[Record]) -> str:
    """What an attack does to the target and to everybody's hit rate: clean, attacked, cleaned."""
    sizes = " / ".join(f"{share:.0%}" for share in SHARES).replace("% /", " /")
    head = ["data", "attack", "algorithm", "target, clean", f"attacked, {sizes}", f"cleaned, {sizes}"]
    head += [f"hit rate, {SHARES[-1]:.0%}", f"shift, {SHARES[-1]:.0%}"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    chosen = [record for record in records if record["what"] == "effect"]
    for name, kind in dict.fromkeys((row["data"], row["kind"]) for row in chosen):
        rows = [row for row in chosen if (row["data"], row["kind"]) == (name, kind)]
        most = [row for row in rows if row["share"] == SHARES[-1]]
        for algorithm in ALGORITHMS:
            clean = _mean(row[algorithm]["clean"]["target"] for row in rows)
            attacked, cleaned = (_by_share(rows, algorithm, state) for state in ("attacked", "cleaned"))
            hits = " / ".join(f"{_mean(row[algorithm][state]['hit_rate'] for row in most):.1%}" for state in STATES)
            shifts = [_mean(row[algorithm][state].get("shift") for row in most) for state in STATES[1:]]
            shift = "" if shifts[0] is None else " / ".join(f"{value:+.2f}" for value in shifts)
            lines.append(f"| {name} | {kind} | {algorithm} | {clean:.1%} | {attacked} | {cleaned} | {hits} | {shift} |")
    return "\n".join(lines)


def _by_share(rows: list[Record], algorithm: str, state: str) -> str:
    """The share of users who get the target, at every size of the attack."""
    targets = [_mean(row[algorithm][state]["target"] for row in rows if row["share"] == share) for share in SHARES]
    return " / ".join("" if target is None else f"{target:.1%}" for target in targets)


def _mean(values: Iterable[float | None]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    sys.exit(main())
