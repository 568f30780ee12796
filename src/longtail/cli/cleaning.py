"""The verb `data clean`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longtail.cli.options import BadRowsOption, Data, DuplicatesOption, Json, console, load_data, print_json
from longtail.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

    from longtail.data.cleaning import Cleaned
    from longtail.data.interactions import Interactions

__all__ = ["data_clean"]


def data_clean(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the rows that stay go (CSV).")],
    data: Data = None,
    step: Annotated[
        list[str] | None,
        typer.Option(
            "--step",
            "-s",
            metavar="NAME[:THRESHOLD=VALUE]",
            help="outliers, bots, shilling or minimum, such as minimum:users=5,items=5; several are done in order.",
        ),
    ] = None,
    removed: Annotated[
        Path | None, typer.Option("--removed", metavar="FILE", help="Where the rows taken out go (CSV), with the step.")
    ] = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Take outliers, bots, shilling profiles or users with few rows out of a data set, and say who and why."""
    from longtail.cli.data_pages import cleaning_page
    from longtail.data import cleaning
    from longtail.evaluation.export import replacing, require_writable

    if not step:
        raise ConfigError(f"say what to take out: --step {', --step '.join(cleaning.STEPS)}")
    if removed is not None and removed.resolve() == output.resolve():
        raise ConfigError(f"--removed and --output are the same file {output}; name two")
    steps = [cleaning.parse(spec) for spec in step]
    for path in filter(None, (output, removed)):
        require_writable(path)
    cleaned = cleaning.clean(load_data(data, duplicates, bad_rows), steps)
    with contextlib.ExitStack() as finishing:  # both files, or neither
        rows_of(cleaned.data).write_csv(finishing.enter_context(replacing(output)))
        if removed is not None:
            taken_out(cleaned).write_csv(finishing.enter_context(replacing(removed)))
    report = cleaned.report()
    if as_json:
        print_json(report.to_json())
    else:
        console().print(cleaning_page(report))
        typer.echo(f"\nWrote {output} ({len(cleaned.data):,} rows)")


def rows_of(part: Interactions) -> pl.DataFrame:
    """The rows as they are written: clicks without a column of ones, which would be read as ratings."""
    from longtail.data import columns

    rows = part.to_frame()
    return rows.drop(columns.RATING) if part.feedback == "implicit" and (part.values == 1).all() else rows


def taken_out(cleaned: Cleaned) -> pl.DataFrame:
    """The rows taken out, each with the step that did it."""
    import polars as pl

    parts = [rows_of(one.rows).with_columns(pl.lit(one.step).alias("step")) for one in cleaned.removals]
    return pl.concat(parts, how="vertical")
