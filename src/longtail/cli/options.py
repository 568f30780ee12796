"""What the verbs share: their options, and how they come by data, models and items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from longtail.errors import ConfigError, DownloadError, LongtailError

if TYPE_CHECKING:
    from rich.console import Console

    from longtail.algorithms.base import Recommender
    from longtail.data.interactions import BadRows, Duplicates, Interactions

__all__ = [
    "BadRowsOption",
    "Data",
    "DuplicatesOption",
    "Json",
    "Model",
    "N",
    "Seed",
    "Spec",
    "console",
    "fitted_model",
    "item_of",
    "load_data",
    "make",
    "rating_of",
    "require_folder",
]

DEFAULT_DATA = "ml-latest-small"
DEFAULT_ALGORITHM = "svd"

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


def console() -> Console:
    """The terminal, or a plain file of 80 columns where the output is redirected."""
    from rich.console import Console

    return Console()


def load_data(source: str | None, duplicates: Duplicates | None, bad_rows: BadRows) -> Interactions:
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


def make(spec: str) -> Recommender:
    """An unfitted recommender as written after `-a`."""
    from longtail import registry

    name, hyperparameters = registry.parse(spec)
    model: Recommender = registry.make(name, **hyperparameters)
    return model


def fitted_model(
    saved: Path | None, data: str | None, spec: str, duplicates: Duplicates | None, bad_rows: BadRows
) -> Recommender:
    """The model saved at a path or, without one, an algorithm fitted now."""
    if saved is not None:
        from longtail.algorithms.base import load

        return load(saved)
    return make(spec).fit(load_data(data, duplicates, bad_rows))


def item_of(model: Recommender, text: str) -> Any:
    """An item the model knows, by id or by title."""
    import polars as pl

    from longtail.data.catalog import Catalog

    as_id = model.item_ids_.parse(text)
    if as_id in model.item_ids_ or not model.titles_:
        model.item_ids_.index([as_id])
        return as_id
    return Catalog(pl.DataFrame({"item": model.item_ids_.values, "title": model.titles_})).find(text)


def rating_of(model: Recommender, text: str) -> tuple[Any, float]:
    """An item and its rating, as written after `--rated`."""
    item, equals, rating = text.rpartition("=")
    try:
        return item_of(model, item if equals else text), float(rating)
    except ValueError as error:
        if isinstance(error, LongtailError):
            raise
        raise ConfigError(f"--rated {text!r}: write it as 'TITLE=5'") from None


def require_folder(path: Path) -> None:
    """Say now, and not after an hour, that a file cannot be written."""
    if not path.parent.is_dir():
        raise ConfigError(f"cannot write {path}: the folder {path.parent} does not exist")
