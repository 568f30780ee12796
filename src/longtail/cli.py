"""The command line: each verb a few lines that call the library, with the same names.

Heavy modules are imported inside the verbs, so that `longtail --help` is instant. Every error Longtail raises is one
line on standard error, and the exit code is 2.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from longtail.errors import ConfigError, DownloadError, LongtailError

if TYPE_CHECKING:
    from rich.console import Console

    from longtail.algorithms.base import Recommender
    from longtail.data.interactions import BadRows, Duplicates, Interactions

__all__ = ["app", "main"]

DEFAULT_DATA = "ml-latest-small"
DEFAULT_ALGORITHM = "svd"

app = typer.Typer(
    name="longtail",
    help="Recommender systems from a ratings file to a measured, served top-N list.",
    epilog="Start with: longtail bakeoff",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
)
data_app = typer.Typer(help="List, fetch and look at data sets.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]",
        help="A data set's name (see 'longtail data list') or a file of ratings. Default: MovieLens latest-small, "
        "or a generated data set when it cannot be downloaded.",
        show_default=False,
    ),
]
Spec = Annotated[
    str, typer.Option("--algorithm", "-a", metavar="NAME[:PARAM=VALUE]", help="An algorithm, such as svd:factors=64.")
]
Model = Annotated[
    Path | None,
    typer.Option("--model", "-m", metavar="DIR", help="A model saved by 'longtail fit', instead of fitting one now."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.")]
N = Annotated[int, typer.Option("-n", "--n", help="Places in a list.")]
DuplicatesOption = Annotated[
    Literal["error", "last", "mean", "sum"] | None,
    typer.Option("--duplicates", help="What to do when a user rated an item twice.", show_default="error for ratings"),
]
BadRowsOption = Annotated[
    Literal["error", "drop"], typer.Option("--bad-rows", help="What to do with rows that are not a rating.")
]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from longtail import __version__

        typer.echo(f"longtail {__version__}")
        raise typer.Exit


@app.command()
def bakeoff(
    data: Data = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option(
            "--algorithm", "-a", metavar="NAME[:PARAM=VALUE]", help="An algorithm to compare; repeat it for more."
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Show what everyone recommends to this user.")
    ] = None,
    protocol: Annotated[str, typer.Option("--protocol", help="How to measure.")] = "classic",
    n: N = 10,
    seed: Seed = 0,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write a .html, .json or .csv file; may be repeated."),
    ] = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Compare recommenders side by side: accuracy, hit rates, coverage, diversity, novelty, time and memory."""
    from longtail.evaluation.bakeoff import Bakeoff

    outputs = output or []
    for path in outputs:
        if path.suffix not in (".html", ".json", ".csv"):
            raise ConfigError(f"cannot write {path}: the name must end in .html, .json or .csv")
        _require_folder(path)
    interactions = _load(data, duplicates, bad_rows)
    run = Bakeoff(
        interactions,
        algorithm or None,
        protocol=protocol,
        seed=seed,
        n=n,
        user=None if user is None else interactions.user_ids.parse(user),
    )
    result = run.run(progress=not as_json)
    for path in outputs:
        getattr(result, f"to_{path.suffix[1:]}")(path)
    if as_json:
        typer.echo(result.to_json())
    else:
        result.show(_console())
        for path in outputs:
            typer.echo(f"Wrote {path}")
    if result.interrupted:
        raise typer.Exit(130)


@app.command()
def fit(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to save the model.")],
    data: Data = None,
    algorithm: Spec = DEFAULT_ALGORITHM,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Fit a model on all the data and save it."""
    interactions = _load(data, duplicates, bad_rows)
    model = _make(algorithm).fit(interactions)
    model.save(output)
    if as_json:
        typer.echo(json.dumps({"model": str(output), "algorithm": repr(model), "data": interactions.fingerprint}))
    else:
        typer.echo(f"Fitted {model!r} on {interactions!r}\nSaved to {output}")


@app.command()
def recommend(
    data: Data = None,
    user: Annotated[list[str] | None, typer.Option("--user", "-u", help="A user of the data; may be repeated.")] = None,
    rated: Annotated[
        list[str] | None,
        typer.Option("--rated", metavar="ITEM=RATING", help="For somebody new: a title or id they rated; repeat it."),
    ] = None,
    algorithm: Spec = DEFAULT_ALGORITHM,
    model: Model = None,
    n: N = 10,
    min_rating: Annotated[
        float | None, typer.Option("--min-rating", help="Leave out items with a lower predicted rating.")
    ] = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Recommend items to a user, or to somebody new who rated a few; first what they loved and hated, then the list."""
    from longtail.presentation import UserPage

    if bool(user) == bool(rated):
        raise ConfigError("say for whom: --user ID, or --rated 'TITLE=5' for somebody new")
    fitted = _fitted(model, data, algorithm, duplicates, bad_rows)
    if rated:
        pages = [UserPage.of_history(fitted, dict(_rating(fitted, text) for text in rated), n, min_rating)]
    else:
        pages = [UserPage.of_user(fitted, fitted.user_ids_.parse(one), n, min_rating) for one in user or []]
    if as_json:
        found = [page.to_dict() for page in pages]
        typer.echo(json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False))
    else:
        for page in pages:
            _console().print(page)


@app.command()
def similar(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="A title, such as 'Toy Story (1995)', or an item id.")],
    data: Data = None,
    algorithm: Spec = "item-knn",
    model: Model = None,
    n: N = 10,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Show the items most like one item."""
    from longtail.algorithms.powers import SimilarItems
    from longtail.presentation import list_table, title_of

    fitted = _fitted(model, data, algorithm, duplicates, bad_rows)
    if not isinstance(fitted, SimilarItems):
        raise ConfigError(f"{type(fitted).__name__} does not compare items; try -a item-knn or -a svd")
    wanted = _item(fitted, item)
    lists = fitted.similar_items([wanted], n=n)
    if as_json:
        typer.echo(lists.to_json())
    else:
        _console().print(list_table(lists, f"Most like {title_of(fitted, wanted)}", score="similarity"))


@app.command()
def evaluate(
    test: Annotated[str, typer.Argument(metavar="TEST", help="A file of held-out ratings, or a data set's name.")],
    model: Model = None,
    lists: Annotated[
        Path | None,
        typer.Option("--lists", metavar="FILE", help="Saved lists (user, item and rank or score) to score instead."),
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
    from longtail.evaluation.scoring import read_lists, score
    from longtail.presentation import scores_table

    if (model is None) == (lists is None):
        raise ConfigError("say what to score: --model DIR, or --lists FILE")
    held_out = _load(test, duplicates, bad_rows)
    predictions = None
    if model is None:
        found = read_lists(str(lists)).head(n)
    else:
        fitted = load(model)
        found = fitted.recommend([user for user in held_out.users_present() if user in fitted.user_ids_], n)
        if isinstance(fitted, PredictsRatings) and held_out.feedback == "explicit":
            predictions = fitted.predict_ratings(held_out)
    scores = score(held_out, lists=found, predictions=predictions, min_rating=min_rating)
    if as_json:
        typer.echo(json.dumps({name: float(value) for name, value in scores.items()}))
    else:
        _console().print(scores_table(scores))


@app.command()
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
    from longtail.data import splits

    interactions = _load(data, duplicates, bad_rows)
    if how == "random":
        parts = splits.random_holdout(interactions, fraction, seed=seed)
    elif how == "time":
        parts = splits.by_time(interactions, fraction=fraction)
    else:
        which: Literal["random", "last"] = "last" if how == "last" else "random"
        parts = splits.leave_one_out(interactions, which=which, seed=seed)
    output.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name, part in zip(("train", "test"), parts, strict=True):
        part.to_frame().write_csv(output / f"{name}.csv")
        counts[name] = len(part)
    if as_json:
        typer.echo(json.dumps({"folder": str(output), **counts}))
    else:
        typer.echo(f"Wrote {output}/train.csv ({counts['train']:,} rows) and test.csv ({counts['test']:,} rows)")


@app.command()
def algorithms(as_json: Json = False) -> None:
    """List the algorithms with their parameters and defaults."""
    from longtail import registry
    from longtail.presentation import algorithms_table, describe_algorithm

    described = [describe_algorithm(name) for name in registry.names()]
    if as_json:
        typer.echo(json.dumps(described))
    else:
        _console().print(algorithms_table(described))


@data_app.command("list")
def data_list(as_json: Json = False) -> None:
    """List the data sets Longtail knows by name."""
    from longtail.data.datasets import DATASETS
    from longtail.presentation import datasets_table

    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(entry) for entry in DATASETS.values()]))
    else:
        _console().print(datasets_table(DATASETS))


@data_app.command("fetch")
def data_fetch(
    name: Annotated[str, typer.Argument(help="A data set's name, such as ml-100k.")], as_json: Json = False
) -> None:
    """Download a data set into the cache (nothing to do when it is there already)."""
    from longtail.data import datasets

    data = datasets.movielens(name)
    facts = {"name": name, "ratings": len(data), "users": data.n_users, "items": data.n_items}
    typer.echo(json.dumps(facts) if as_json else f"{name} is here: {data!r}")


@data_app.command("info")
def data_info(
    data: Data = None, duplicates: DuplicatesOption = None, bad_rows: BadRowsOption = "error", as_json: Json = False
) -> None:
    """Show what a data set holds: counts, density, ratings, popularity, time span."""
    from longtail.data.summary import summarize
    from longtail.presentation import summary_table

    summary = summarize(_load(data, duplicates, bad_rows))
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        _console().print(summary_table(summary))


def main() -> None:
    """Run the command line; the entry point `longtail`."""
    try:
        code = app(standalone_mode=False)
    except LongtailError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise SystemExit(130) from None
    except OSError as error:
        if error.errno == errno.EPIPE:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}")
    except MemoryError:
        _fail("out of memory; use fewer ratings or a sparser algorithm")
    except Exception as error:  # a wrong option or argument: the parser's own errors can say what was wrong
        if not hasattr(error, "format_message"):
            raise
        _fail(error.format_message())
    raise SystemExit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    typer.echo(f"longtail: {' '.join(message.split())}", err=True)
    raise SystemExit(2)


def _console() -> Console:
    from rich.console import Console

    return Console()


def _load(source: str | None, duplicates: Duplicates | None, bad_rows: BadRows) -> Interactions:
    """The data a verb works on; without a name, MovieLens or, where it cannot be had, the generated data set."""
    from longtail.data import datasets

    if source is not None:
        policies = {"duplicates": duplicates, "bad_rows": bad_rows if bad_rows != "error" else None}
        data = datasets.load(source, **{name: policy for name, policy in policies.items() if policy is not None})
        if data.report is not None and (data.report.bad_rows or data.report.duplicates):
            typer.echo(f"{source}: {data.report}", err=True)
        return data
    try:
        return datasets.load(DEFAULT_DATA)
    except DownloadError as error:
        typer.echo(f"MovieLens could not be fetched ({error})", err=True)
        typer.echo("Using the generated data set instead: its films and ratings are made up.", err=True)
        return datasets.load("synthetic")


def _make(spec: str) -> Recommender:
    from longtail import registry

    name, hyperparameters = registry.parse(spec)
    model: Recommender = registry.make(name, **hyperparameters)
    return model


def _fitted(
    saved: Path | None, data: str | None, spec: str, duplicates: Duplicates | None, bad_rows: BadRows
) -> Recommender:
    if saved is not None:
        from longtail.algorithms.base import load

        return load(saved)
    return _make(spec).fit(_load(data, duplicates, bad_rows))


def _item(model: Recommender, text: str) -> Any:
    """An item the model knows, by id or by title."""
    import polars as pl

    from longtail.data.catalog import Catalog

    as_id = model.item_ids_.parse(text)
    if as_id in model.item_ids_ or not model.titles_:
        model.item_ids_.index([as_id])
        return as_id
    return Catalog(pl.DataFrame({"item": model.item_ids_.values, "title": model.titles_})).find(text)


def _rating(model: Recommender, text: str) -> tuple[Any, float]:
    item, equals, rating = text.rpartition("=")
    try:
        return _item(model, item if equals else text), float(rating)
    except ValueError as error:
        if isinstance(error, LongtailError):
            raise
        raise ConfigError(f"--rated {text!r}: write it as 'TITLE=5'") from None


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise ConfigError(f"cannot write {path}: the folder {path.parent} does not exist")


if __name__ == "__main__":
    main()
