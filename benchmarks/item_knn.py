"""Item neighborhoods of clicks beside `implicit`: the same data, in turns, each run a process of its own.

```
python benchmarks/item_knn.py --peer PYTHON               # PYTHON has implicit; 1 million interactions, three rounds
python benchmarks/item_knn.py --peer PYTHON --size 0.1 --rounds 1 --tasks cosine-20
```

A task is a weighting and K: fit on four fifths of synthetic interactions (6,900 users to a million, 27,000 items), then
top-20 lists for everyone. The peer counts an item itself among its K neighbors, we do not. Ratios are medians over the
rounds of peer / ours, above 1 we are faster; `recall` is recall@20 on the hidden fifth; `apart` is the largest relative
difference between a similarity of ours and the peer's, over all items and their K - 1 nearest others.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "item-knn.json"
TASKS = ["cosine-20", "cosine-50", "tfidf-50", "bm25-50"]
MILLION = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, required=True, help="a Python with implicit")
    parser.add_argument("--size", type=float, default=1.0, help="millions of interactions (default 1)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each task is run (default 3)")
    parser.add_argument("--tasks", nargs="*", default=TASKS, choices=TASKS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(round(chosen.size * MILLION), folder / "data.npz")
        rows = [compare(task, chosen.peer, folder, chosen.rounds) for task in chosen.tasks]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"interactions": round(chosen.size * MILLION), "tasks": rows}, indent=1) + "\n")


def write_data(interactions: int, path: Path) -> None:
    """Training and hidden interactions, the same for both sides."""
    import longtail as lt
    from longtail.data.synthetic import World

    data = World(users=max(1, 6_900 * interactions // MILLION), items=27_000).ratings(interactions)
    train, test = lt.splits.random_holdout(data, 0.2, seed=0)
    parts = {
        f"{name}_{what}": getattr(part, what)
        for name, part in (("train", train), ("test", test))
        for what in ("users", "items", "values")
    }
    np.savez(path, shape=(data.n_users, data.n_items), **parts)


def compare(task: str, peer: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Run a task in turns and print a line."""
    sides = {"ours": [sys.executable, __file__, "--child"], "peer": [str(peer), str(HERE / "item_knn_peer.py")]}
    runs: dict[str, list[dict[str, Any]]] = {"ours": [], "peer": []}
    for _ in range(rounds):
        for side, command in sides.items():
            runs[side].append(run([*command, task, str(folder / "data.npz"), str(folder / f"{side}.npz")]))
    row: dict[str, Any] = {"task": task, "apart": apart(folder), "runs": runs}
    said = [f"{task:10}"]
    for phase in ("fit", "lists"):
        for clock in ("cpu", "wall"):
            pairs = [(p[clock][phase], o[clock][phase]) for p, o in zip(runs["peer"], runs["ours"], strict=True)]
            row[f"{phase}_{clock}"] = ratio = statistics.median(a / b for a, b in pairs)
            theirs, ours = (statistics.median(pair[k] for pair in pairs) for k in (0, 1))
            said.append(f"{phase} {clock} {theirs:.2f} / {ours:.2f} s = {ratio:.1f}x")
    said.append(f"recall {runs['peer'][0]['recall']:.4f} / {runs['ours'][0]['recall']:.4f}")
    print(", ".join([*said, f"apart {row['apart']:.1e}"]), flush=True)
    return row


def run(command: list[str]) -> dict[str, Any]:
    """The JSON a side prints; its own words when it fails."""
    path = os.pathsep.join([str(HERE.parent / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path if "--child" in command else ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def apart(folder: Path) -> float:
    """The largest relative difference of a similarity among the K - 1 nearest of an item."""
    ours, theirs = (load(folder / f"{side}.npz") for side in ("ours", "peer"))
    theirs.setdiag(0)
    theirs.eliminate_zeros()
    worst = 0.0
    for item in range(theirs.shape[0]):
        near = np.sort(theirs.data[theirs.indptr[item] : theirs.indptr[item + 1]])[::-1]
        mine = np.sort(ours.data[ours.indptr[item] : ours.indptr[item + 1]])[::-1][: len(near)]
        near = near[: len(mine)] if len(near) > len(mine) and np.all(near[len(mine) :] <= 1e-9) else near
        if len(near):
            worst = max(worst, float(np.abs(mine / near - 1.0).max()) if len(mine) == len(near) else np.inf)
    return worst


def load(path: Path) -> sparse.csr_array:
    with np.load(path) as stored:
        return sparse.csr_array((stored["data"], stored["indices"], stored["indptr"]), shape=tuple(stored["shape"]))


# -- our side ----------------------------------------------------------------------------------------------------------


def child(task: str, data_path: str, out: str) -> None:
    """One task; prints one line of JSON."""
    import longtail as lt
    from measure import Meter

    with np.load(data_path) as stored:
        shape = tuple(stored["shape"])
        parts = {name: stored[name] for name in stored.files}
    train = lt.Interactions(
        users=parts["train_users"],
        items=parts["train_items"],
        values=parts["train_values"],
        user_ids=lt.Ids(np.arange(shape[0]), kind="user"),
        item_ids=lt.Ids(np.arange(shape[1]), kind="item"),
        feedback="implicit",
    )
    few = train.take(np.arange(1000))
    model_of(task).fit(few).recommend(n=20)  # loads the compiled kernels
    train.by_user  # noqa: B018  the peer, too, is handed its rows
    meter, model = Meter(), model_of(task)
    with meter.phase("fit"):
        model.fit(train)
    with meter.phase("lists"):
        lists = model.recommend(n=20)
    similar = model.similarities_
    np.savez(out, data=similar.data, indices=similar.indices, indptr=similar.indptr, shape=similar.shape)
    meter.report(recall=recall(lists.users, lists.items, parts))


def model_of(task: str) -> Any:
    import longtail as lt

    weighting, k = task.split("-")
    chosen: dict[str, Any] = {"cosine": {"weighting": "none"}, "tfidf": {"weighting": "tfidf"}}.get(
        weighting, {"similarity": "dot", "weighting": "bm25", "k1": 1.2, "b": 0.75}
    )
    return lt.make("implicit-item-knn", shrinkage=0.0, neighbors=int(k), preference="value", normalize=False, **chosen)


def recall(users: Any, items: Any, parts: Any) -> float:
    """Mean over users with something hidden of the share of it in their list."""
    n = int(parts["shape"][1])
    hidden = np.sort(parts["test_users"].astype(np.int64) * n + parts["test_items"])
    listed = users[:, None].astype(np.int64) * n + items
    place = np.minimum(np.searchsorted(hidden, listed), len(hidden) - 1)
    hits = ((hidden[place] == listed) & (items >= 0)).sum(axis=1)
    wanted = np.bincount(parts["test_users"], minlength=int(parts["shape"][0]))[users]
    return float((hits[wanted > 0] / wanted[wanted > 0]).mean())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main()
