"""The verb `tune`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from longtail.cli.options import BadRowsOption, Data, DuplicatesOption, Json, N, Seed, console, load_named, print_json
from longtail.errors import ConfigError

__all__ = ["tune"]

Pairs = list[str] | None


def tune(
    algorithm: Annotated[
        str, typer.Argument(metavar="ALGO[:PARAM=VALUE]", help="What to tune, such as svd; what is given stays fixed.")
    ],
    data: Data = None,
    metric: Annotated[
        str, typer.Option("--metric", help="rmse, mae, ndcg, precision, recall, map, mrr, hit_rate or arhr.")
    ] = "ndcg",
    trials: Annotated[int, typer.Option("--trials", min=1, help="Trials in all, with those of a resumed study.")] = 50,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Trials at the same time, each a process.")] = 1,
    minutes: Annotated[float | None, typer.Option("--minutes", help="Begin nothing new after so long.")] = None,
    n: N = 10,
    min_rating: Annotated[
        float | None, typer.Option("--min-rating", help="Held-out ratings from here on count as relevant.")
    ] = None,
    validation: Annotated[
        Literal["holdout", "folds", "leave-one-out", "last", "time"],
        typer.Option("--validation", help="How the training data are divided inside."),
    ] = "holdout",
    fraction: Annotated[float, typer.Option("--fraction", help="Share held out, for holdout and time.")] = 0.2,
    folds: Annotated[int, typer.Option("--folds", help="How many, for folds.")] = 5,
    space: Annotated[
        Pairs, typer.Option("--space", metavar="NAME=LOW:HIGH[:log]|A,B", help="What a parameter may be; repeat it.")
    ] = None,
    fixed: Annotated[
        Pairs, typer.Option("--fixed", metavar="NAME=VALUE", help="A parameter not to search; repeat it.")
    ] = None,
    grid: Annotated[
        Pairs,
        typer.Option("--grid", metavar="NAME=A,B,C", help="Try every combination instead; repeat it for more."),
    ] = None,
    sampler: Annotated[Literal["tpe", "random"], typer.Option("--sampler", help="Who proposes the trials.")] = "tpe",
    prune: Annotated[
        str, typer.Option("--prune", metavar="median|none|MARGIN", help="When to give a trial up between two folds.")
    ] = "median",
    study: Annotated[
        Path | None,
        typer.Option(
            "--study", metavar="FILE", help="Keep the study here, to resume it: .db is SQLite, else a journal."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the study in --study.")] = False,
    seed: Seed = 0,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write a .json or .html file; may be repeated."),
    ] = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Search an algorithm's parameters, judged on data held out of DATA; keep your test data elsewhere."""
    from longtail import params, registry
    from longtail.evaluation.export import require_writable
    from longtail.evaluation.tuning import Tuner

    outputs = output or []
    for path in outputs:
        if path.suffix.lower() not in (".json", ".html"):
            raise ConfigError(f"cannot write {path}: the name must end in .json or .html")
        require_writable(path)
    if minutes is not None and not minutes > 0:
        raise ConfigError(f"--minutes must be above 0, not {minutes:g}")
    cls = registry.get(algorithm.partition(":")[0])
    constants = params.parse(cls, _pairs(fixed, "--fixed"))
    name, train = load_named(data, duplicates, bad_rows)
    tuner = Tuner(
        algorithm,
        train,
        metric=metric,
        n=n,
        min_rating=min_rating,
        validation=validation,
        fraction=fraction,
        folds=folds,
        space=_pairs(space, "--space"),
        fixed=constants,
        grid=_pairs(grid, "--grid"),
        sampler=sampler,
        prune=_rule(prune),
        seed=seed,
        study=study,
        resume=resume,
        name=name,
    )
    result = tuner.run(trials, jobs=jobs, seconds=None if minutes is None else minutes * 60, progress=not as_json)
    if as_json:
        print_json(result.to_json())
    else:
        result.show(console())
    for path in outputs:  # after the table, so that a full disk loses no result
        getattr(result, f"to_{path.suffix[1:].lower()}")(path)
        typer.echo(f"Wrote {path}", err=as_json)
    if result.interrupted:
        raise typer.Exit(130)


def _pairs(texts: Pairs, flag: str) -> dict[str, str]:
    found = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise ConfigError(f"{flag} {text!r}: write it as {flag} name=value")
        key = name.strip().replace("-", "_")
        if key in found:
            raise ConfigError(f"{flag} {text!r}: {key} stands there twice; drop one")
        found[key] = value
    return found


def _rule(text: str) -> str | float | None:
    if text in ("median", "none"):
        return None if text == "none" else text
    try:
        margin = float(text)
    except ValueError:
        margin = math.nan
    if not margin >= 0:
        raise ConfigError(f"--prune {text!r}: write median, none or a margin such as 0.005")
    return margin
