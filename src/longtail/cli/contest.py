"""The verb `bakeoff`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from longtail import registry
from longtail.cli.options import (
    Accept,
    BadRowsOption,
    Data,
    DuplicatesOption,
    Json,
    console,
    load_named,
    print_json,
)
from longtail.errors import ConfigError, LongtailError

if TYPE_CHECKING:
    from longtail.data.interactions import BadRows, Duplicates, Interactions

__all__ = ["bakeoff"]


def bakeoff(
    data: Data = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option(
            "--algorithm", "-a", metavar="NAME[:PARAM=VALUE]", help="An algorithm to compare; repeat it for more."
        ),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option("--user", "-u", help="Show what everyone recommends to this user; repeat it for more."),
    ] = None,
    sessions: Annotated[
        bool,
        typer.Option(
            "--sessions",
            help="Compare session models on a click log: short for --protocol every-click, --duplicates keep and a -a "
            "for each.",
        ),
    ] = False,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Add the networks to what is compared: an -a for each (they need pip install longtail[deep]).",
        ),
    ] = False,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            metavar="NAME[:PARAM=VALUE]",
            help="How to measure, such as temporal:fraction=0.1; 'longtail protocols' lists them.",
        ),
    ] = "classic",
    repeats: Annotated[
        int, typer.Option("--repeats", help="Run algorithms that draw at random so often, with other seeds.")
    ] = 1,
    folder: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="Keep the run in a folder; called again, it goes on from there."),
    ] = None,
    curve: Annotated[
        str | None,
        typer.Option("--curve", metavar="SHARES", help="Learning curves: shares of the training data, as .1,.25,.5,1"),
    ] = None,
    curve_order: Annotated[
        Literal["random", "earliest"], typer.Option("--curve-order", help="Which of each user's rows a curve keeps.")
    ] = "random",
    n: Annotated[
        int | None, typer.Option("-n", "--n", help="Places in a list.", show_default="the protocol's, 10 or 20")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Seed of every random choice.", show_default="the protocol's, 0"),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write a .html, .json or .csv file; may be repeated."),
    ] = None,
    accept: Accept = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Compare recommenders side by side: accuracy, hit rates, coverage, diversity, novelty, time and memory."""
    from longtail.evaluation.bakeoff import Bakeoff
    from longtail.evaluation.export import require_writable

    outputs = output or []
    for path in outputs:
        if path.suffix.lower() not in (".html", ".json", ".csv"):
            raise ConfigError(f"cannot write {path}: the name must end in .html, .json or .csv")
        require_writable(path)
    if sessions:
        algorithm = algorithm or list(registry.SESSIONS)
        protocol = "every-click" if protocol == "classic" else protocol
    if deep:
        of_sessions = sessions or protocol.partition(":")[0] in ("next-item", "every-click")
        algorithm = _with(algorithm or list(registry.LINEUP), registry.DEEP_SESSIONS if of_sessions else registry.DEEP)
    name, interactions = _loaded(data, duplicates, bad_rows, events=sessions)
    run = Bakeoff(
        interactions,
        algorithm or None,
        protocol=protocol,
        seed=seed,
        repeats=repeats,
        n=n,
        user=user,
        name=name,
        accept=accept or [],
        curve=_shares(curve),
        curve_order=curve_order,
    )
    result = run.run(progress=not as_json, folder=folder)
    if as_json:
        print_json(result.to_json())
    else:
        result.show(console())
    for path in outputs:  # after the tables, so that a full disk loses no result
        getattr(result, f"to_{path.suffix[1:].lower()}")(path)
        typer.echo(f"Wrote {path}", err=as_json)
    if folder is not None:
        then = ": the same command goes on from there" if result.interrupted else ", for longtail compare"
        typer.echo(f"The run is kept in {folder}{then}", err=as_json)
    if result.interrupted:
        raise typer.Exit(130)
    if all(outcome.error for outcome in result.outcomes):
        raise LongtailError(f"no algorithm finished; the first failed with: {result.outcomes[0].error}")


def _loaded(
    data: str | None, duplicates: Duplicates | None, bad_rows: BadRows, *, events: bool
) -> tuple[str, Interactions]:
    """The data; of a log of events every event, unless another policy is named, or they are ratings after all."""
    if events and duplicates is None:
        with contextlib.suppress(LongtailError):  # what is wrong with the file comes up again below
            return load_named(data, "keep", bad_rows)
    return load_named(data, duplicates, bad_rows)


def _with(algorithms: list[str], more: tuple[str, ...]) -> list[str]:
    """Algorithms, and those more that are not among them."""
    return [*algorithms, *(name for name in more if name not in algorithms)]


def _shares(text: str | None) -> list[float]:
    """Shares written with commas between them."""
    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise ConfigError(f"--curve takes shares with commas between them, such as .1,.25,.5,1, not {text!r}") from None
