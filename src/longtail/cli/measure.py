"""The verbs `split` and `evaluate`."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from longtail.cli.options import BadRowsOption, Data, DuplicatesOption, Json, Model, N, Seed, console, load_data
from longtail.errors import ConfigError

if TYPE_CHECKING:
    from longtail.algorithms.base import Recommender
    from longtail.data.interactions import Interactions

__all__ = ["evaluate", "split"]


def evaluate(
    test: Annotated[str, typer.Argument(metavar="TEST", help="A file of held-out ratings, or a data set's name.")],
    model: Model = None,
    lists: Annotated[
        Path | None,
        typer.Option("--lists", metavar="FILE", help="Saved lists (user, item and rank or score) to score instead."),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option("--train", metavar="DATA", help="What was learned from: measures novelty and its kin, too."),
    ] = None,
    n: N = 10,
    min_rating: Annotated[
        float | None, typer.Option("--min-rating", help="Test ratings from here on count as relevant.")
    ] = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Score a saved model, or saved lists, on held-out ratings."""
    from longtail.algorithms.base import load
    from longtail.algorithms.powers import PredictsRatings
    from longtail.cli.pages import scores_table
    from longtail.evaluation.scoring import read_lists, score

    if (model is None) == (lists is None):
        raise ConfigError("say what to score: --model DIR, or --lists FILE")
    held_out = load_data(test, duplicates, bad_rows)
    predictions = None
    if model is None:
        found = read_lists(str(lists)).head(n)
    else:
        fitted = load(model)
        found = fitted.recommend([user for user in held_out.users_present() if user in fitted.user_ids_], n)
        if isinstance(fitted, PredictsRatings) and held_out.feedback == "explicit":
            predictions = fitted.predict_ratings(held_out)
    learned = None if train is None else load_data(train, duplicates, bad_rows)
    scores = score(held_out, lists=found, predictions=predictions, train=learned, min_rating=min_rating)
    known = 0 if model is None else _known_pairs(fitted, held_out)
    if known:
        typer.echo(
            f"{known:,} of the {len(held_out):,} test rows are among the model's training data: their ratings were no "
            "secret, and its lists leave them out; fit on other rows (longtail split), and see longtail audit",
            err=True,
        )
    if as_json:
        plain = {name: None if math.isnan(value) else float(value) for name, value in scores.items()}
        typer.echo(json.dumps(plain, allow_nan=False))
    else:
        console().print(scores_table(scores))


def _known_pairs(model: Recommender, held_out: Interactions) -> int:
    """How many pairs of user and item the model was fitted on."""
    import numpy as np
    from scipy import sparse

    tested = held_out.by_user.tocoo()
    users = model.user_ids_.index(held_out.user_ids.values, missing=-1)[tested.row]
    items = model.item_ids_.index(held_out.item_ids.values, missing=-1)[tested.col]
    both = (users >= 0) & (items >= 0)
    met, shape = model.histories_, model.histories_.shape
    pairs = sparse.csr_array((np.ones(int(both.sum())), (users[both], items[both])), shape=shape)
    return int(pairs.multiply(sparse.csr_array((np.ones(met.nnz), met.indices, met.indptr), shape=shape)).nnz)


def split(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where train.csv and test.csv go.")],
    data: Data = None,
    how: Annotated[
        Literal["random", "leave-one-out", "last", "time"], typer.Option("--how", help="What is held out.")
    ] = "random",
    fraction: Annotated[float, typer.Option("--fraction", help="Share held out, for random and time.")] = 0.25,
    seed: Seed = 0,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Split a data set into train.csv and test.csv."""
    from longtail.data import columns, splits
    from longtail.evaluation.export import replacing

    if output.exists() and not output.is_dir():
        raise ConfigError(f"cannot write to {output}: it is a file; name a folder")
    interactions = load_data(data, duplicates, bad_rows)
    if how == "random":
        parts = splits.random_holdout(interactions, fraction, seed=seed)
    elif how == "time":
        parts = splits.by_time(interactions, fraction=fraction)
    else:
        which: Literal["random", "last"] = "last" if how == "last" else "random"
        parts = splits.leave_one_out(interactions, which=which, seed=seed)
    output.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as finishing:  # both files, or neither
        for name, part in zip(("train", "test"), parts, strict=True):
            rows = part.to_frame()
            if part.feedback == "implicit" and (part.values == 1).all():
                rows = rows.drop(columns.RATING)  # with it, the file would be read as one of ratings
            rows.write_csv(finishing.enter_context(replacing(output / f"{name}.csv")))
    counts = dict(zip(("train", "test"), map(len, parts), strict=True))
    if as_json:
        typer.echo(json.dumps({"folder": str(output), **counts}))
    else:
        typer.echo(f"Wrote {output}/train.csv ({counts['train']:,} rows) and test.csv ({counts['test']:,} rows)")
