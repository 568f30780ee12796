"""What the verbs share: their options, and how they come by data, models and items."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from longtail.errors import ConfigError, DownloadError

if TYPE_CHECKING:
    from rich.console import Console

    from longtail.algorithms.base import Recommender
    from longtail.data.interactions import BadRows, Duplicates, Interactions

__all__ = [
    "Accept",
    "BadRowsOption",
    "Data",
    "DuplicatesOption",
    "Json",
    "Model",
    "N",
    "Seed",
    "Spec",
    "bar_of",
    "console",
    "fit_watched",
    "fitted_model",
    "item_of",
    "load_data",
    "load_named",
    "make",
    "print_json",
    "ratings_of",
]

DEFAULT_DATA = "ml-latest-small"
DEFAULT_ALGORITHM = "svd"
GENERATED = "synthetic (made up)"

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="A data set's name (see 'longtail data list') or a file of ratings. Default: MovieLens latest-small, "
        "or a generated data set when it cannot be downloaded.",
        show_default=False,
    ),
]
Spec = Annotated[
    str | None,
    typer.Option(
        "--algorithm",
        "-a",
        metavar="NAME[:PARAM=VALUE]",
        help=f"An algorithm, such as svd:factors=64. Default: {DEFAULT_ALGORITHM}, or item-knn to compare items.",
    ),
]
Model = Annotated[
    Path | None,
    typer.Option("--model", "-m", metavar="DIR", help="A model saved by 'longtail fit', instead of fitting one now."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.")]
N = Annotated[int, typer.Option("-n", "--n", help="Places in a list.")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="LEAK", help="A leak that is no reason to stop, such as future; repeat it."),
]
DuplicatesOption = Annotated[
    Literal["error", "last", "mean", "sum", "keep"] | None,
    typer.Option(
        "--duplicates",
        help="What to do when a user rated an item twice; keep leaves clicks as they are.",
        show_default="error for ratings",
    ),
]
BadRowsOption = Annotated[
    Literal["error", "drop"], typer.Option("--bad-rows", help="What to do with rows that are not a rating.")
]


def console() -> Console:
    """The terminal, or plain text as wide as COLUMNS (else 80) where the output is redirected."""
    from rich.console import Console

    return Console()


def bar_of(terminal: Console) -> str:
    """What bars are made of in this terminal."""
    return "#" if terminal.options.ascii_only else "█"


def print_json(text: str) -> None:
    """JSON on standard output: in ASCII, with escapes, where it cannot take other letters."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text))
    typer.echo(text)


def load_data(source: str | None, duplicates: Duplicates | None, bad_rows: BadRows) -> Interactions:
    """The data a verb works on; without a name, MovieLens or, where it cannot be had, the generated data set."""
    return load_named(source, duplicates, bad_rows)[1]


def load_named(source: str | None, duplicates: Duplicates | None, bad_rows: BadRows) -> tuple[str, Interactions]:
    """The data as from `load_data`, behind what to call them."""
    from longtail.data import datasets

    if source is not None:
        policies = {"duplicates": duplicates, "bad_rows": bad_rows if bad_rows != "error" else None}
        data = datasets.load(source, **{name: policy for name, policy in policies.items() if policy is not None})
        if data.report is not None and (data.report.bad_rows or data.report.duplicates):
            typer.echo(f"{source}: {data.report}", err=True)
        return (GENERATED if source.startswith(GENERATED.split()[0]) else Path(source).name or source), data
    try:
        return DEFAULT_DATA, datasets.load(DEFAULT_DATA)
    except DownloadError as error:
        typer.echo(
            f"{DEFAULT_DATA} is not on this machine and could not be fetched: {error.__cause__ or error}", err=True
        )
        typer.echo(
            "Using generated data instead: its films, people and ratings are made up. For real ones, set", err=True
        )
        typer.echo(f"LONGTAIL_DATA to a folder that holds {DEFAULT_DATA}/, or name a file of ratings.", err=True)
        return GENERATED, datasets.load("synthetic")


def make(spec: str) -> Recommender:
    """An unfitted recommender as written after `-a`."""
    from longtail import registry

    name, hyperparameters = registry.parse(spec)
    model: Recommender = registry.make(name, **hyperparameters)
    return model


def fit_watched(model: Recommender, data: Interactions) -> Recommender:
    """Fit a model; on a terminal, how far a network is stands there while it learns."""
    from rich.console import Console
    from rich.markup import escape

    from longtail.evaluation.progress import training_told

    terminal = Console(stderr=True)
    status = terminal.status("")

    def told(record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            typer.echo(f"longtail: {record.getMessage()}", err=True)
        elif terminal.is_terminal:
            status.update(escape(record.getMessage()))
            status.start()

    try:
        with training_told(told):
            return model.fit(data)
    finally:
        status.stop()


def fitted_model(
    saved: Path | None,
    data: str | None,
    spec: str | None,
    duplicates: Duplicates | None,
    bad_rows: BadRows,
    *,
    default: str = DEFAULT_ALGORITHM,
    require: Callable[[Recommender], None] = lambda model: None,
) -> Recommender:
    """The model saved at a path or, without one, an algorithm fitted now; `require` looks at it before the work."""
    if saved is None:
        model = make(default if spec is None else spec)
        require(model)
        return fit_watched(model, load_data(data, duplicates, bad_rows))
    for what, given in (("DATA", data), ("--algorithm", spec)):
        if given is not None:
            raise ConfigError(f"--model {saved} and {what} {given} exclude each other: the model is fitted; drop one")
    from longtail.algorithms.base import load

    model = load(saved)
    require(model)
    return model


def item_of(model: Recommender, text: str) -> Any:
    """An item the model knows, by id or by title."""
    import polars as pl

    from longtail.data.catalog import Catalog

    as_id = model.item_ids_.parse(text)
    if as_id in model.item_ids_ or not model.titles_:
        model.item_ids_.index([as_id])
        return as_id
    return Catalog(pl.DataFrame({"item": model.item_ids_.values, "title": model.titles_})).find(text)


def ratings_of(model: Recommender, texts: list[str]) -> dict[Any, float]:
    """Items and their ratings, as written after each `--rated`."""
    found: dict[Any, float] = {}
    for text in texts:
        item, rating = _rating_of(model, text)
        if item in found:
            raise ConfigError(f"--rated {text!r}: this item stands there twice; drop one")
        found[item] = rating
    return found


def _rating_of(model: Recommender, text: str) -> tuple[Any, float]:
    title, _, number = text.rpartition("=")
    try:
        rating = float(number)
    except ValueError:
        title = ""
    if not title:
        raise ConfigError(f"--rated {text!r}: write it as 'TITLE=5'")
    low, high = model.scale_ or (-math.inf, math.inf)
    if not low <= rating <= high:
        raise ConfigError(f"--rated {text!r}: a rating lies between {low:g} and {high:g} here")
    return item_of(model, title), rating
