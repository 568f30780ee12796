"""The verbs `sheet` and `answers`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longtail.cli.options import (
    BadRowsOption,
    Data,
    DuplicatesOption,
    Json,
    Seed,
    console,
    load_data,
    make,
    print_json,
)
from longtail.errors import ConfigError, DataError

if TYPE_CHECKING:
    from rich.table import Table

    from longtail.data.interactions import Interactions
    from longtail.evaluation.perceived import Alpha, Answers, Key, Perceived, Tie

__all__ = ["answers", "sheet"]

ENOUGH = 20


def sheet(
    output: Annotated[
        list[Path],
        typer.Option("--output", "-o", metavar="FILE", help="The sheet, .html or .csv; repeat it for both."),
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="Where the key goes (.json); keep it from the raters.")
    ],
    data: Data = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option("--algorithm", "-a", metavar="NAME[:PARAM=VALUE]", help="An algorithm; repeat it for more."),
    ] = None,
    users: Annotated[int, typer.Option("--users", min=1, help="People for whom things are recommended.")] = 5,
    user: Annotated[
        list[str] | None, typer.Option("--user", "-u", help="These people instead; may be repeated.")
    ] = None,
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="Recommendations of each algorithm to each person.")] = 5,
    own: Annotated[bool, typer.Option("--own", help="The raters are these people: address them as 'you'.")] = False,
    seed: Seed = 0,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Make a blind sheet on which people rate the recommendations of several algorithms."""
    from longtail.algorithms.base import whole
    from longtail.evaluation.export import require_writable
    from longtail.evaluation.perceived import make_sheet

    for path in output:
        if path.suffix.lower() not in (".html", ".csv"):
            raise ConfigError(f"cannot write {path}: the name of a sheet must end in .html or .csv")
    if key.suffix.lower() != ".json":
        raise ConfigError(f"cannot write {key}: the name of a key must end in .json")
    for path in (*output, key):
        require_writable(path)
    names = algorithm or ["popular", "item-knn", "svd"]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ConfigError(f"--algorithm {twice} stands there twice; drop one")
    models = {name: make(name) for name in names}
    interactions = load_data(data, duplicates, bad_rows)
    chosen = [interactions.user_ids.parse(one) for one in user] if user else _some_users(interactions, users, seed)
    lists = {name: whole(model.fit(interactions)).recommend(chosen, n) for name, model in models.items()}
    made, behind = make_sheet(lists, interactions, chosen, n=n, own=own, seed=seed)
    behind.to_json(key)
    for path in output:
        getattr(made, f"to_{path.suffix[1:].lower()}")(path)
    if as_json:
        print_json(
            json.dumps(
                {
                    "sheet": made.sheet,
                    "rows": len(made.rows),
                    "people": len(made.people),
                    "key": str(key),
                    "files": [str(path) for path in output],
                }
            )
        )
    else:
        files = " and ".join(str(path) for path in output)
        typer.echo(f"Wrote {files}: {len(made.rows)} recommendations to {len(made.people)} people (sheet {made.sheet})")
        typer.echo(f"The key is {key}: it says who recommended what, so keep it from the raters")
        typer.echo(f"When raters have sent their answers back: longtail answers ANSWERS.csv --key {key}")


def answers(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sheets that were filled in (.csv).")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The key of the sheet.")],
    bakeoff: Annotated[
        Path | None,
        typer.Option("--bakeoff", metavar="FILE", help="A bake-off's .json: do its metrics say the same?"),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Only this metric of the bake-off; repeat it for more."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show whether raters agree, which algorithm they prefer, and whether offline metrics say the same."""
    from longtail.evaluation.perceived import Answers, Key, krippendorff_alpha, perceived, relation, row_relation

    behind = Key.from_json(key)
    given = Answers.from_csv(list(files), behind)
    if not len(given):
        raise DataError("nothing is answered in " + ", ".join(str(path) for path in files))
    offline = _offline(bakeoff, behind.algorithms, metric) if bakeoff else {}
    asked = [question.name for question in behind.questions]
    alphas = {name: krippendorff_alpha(given.matrix(name)[0]) for name in asked}
    rated = {name: perceived(given, behind, name) for name in asked}
    ties = {name: relation(given, behind, name, offline).ties if offline else [] for name in asked}
    rows = {name: row_relation(given, behind, name) for name in asked}
    if as_json:
        print_json(json.dumps(_plain(_facts(given, alphas, rated, ties, rows)), ensure_ascii=False))
        return
    show = console().print
    show(f"{len(given.raters)} raters, {len(given)} answers to sheet {given.sheet}", highlight=False)
    show(_agreement(alphas))
    show(_ratings(behind, rated))
    if offline:
        taus = {name: [tie for tie in found if tie.kind == "tau"] for name, found in ties.items()}
        show(_ties("\nWith offline metrics: Kendall's tau over algorithms", taus))
    show(_ties("\nRecommendation by recommendation: correlation within raters", rows))
    show(_conclusion(ties, rows), style="dim", highlight=False)


def _some_users(data: Interactions, users: int, seed: int) -> list[Any]:
    """People with enough of a history to judge by; where there are not enough of them, those with the most."""
    import numpy as np

    from longtail.rng import generator

    order = generator(seed, "sheet", "users").permutation(data.n_users)
    order = order[np.argsort(-np.minimum(data.user_counts[order], ENOUGH), kind="stable")]
    chosen: list[Any] = data.user_ids[order[data.user_counts[order] > 0][:users]].tolist()
    return chosen


def _asked_for(label: str) -> str:
    """A label of a bake-off as a sheet has it: "svd:epochs=5" for "svd (epochs=5)"."""
    name, _, parameters = label.partition(" (")
    return f"{name}:{parameters.removesuffix(')').replace(', ', ',')}" if parameters else name


def _offline(path: Path, algorithms: list[str], wanted: list[str] | None) -> dict[str, dict[str, float | None]]:
    """Metric -> algorithm -> value, of a bake-off saved as JSON."""
    from longtail.evaluation.metrics.value import METRICS

    try:
        outcomes = json.loads(path.read_text(encoding="utf-8"))["outcomes"]
        by_label = {outcome["label"]: outcome["values"] for outcome in outcomes}
        by_label |= {_asked_for(label): values for label, values in by_label.items()}
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not the .json of a bake-off") from error
    known = [name for name in algorithms if name in by_label]
    if not known:
        raise DataError(f"{path} has none of the algorithms of the key: {', '.join(algorithms)}")
    measured = list(dict.fromkeys(metric for name in known for metric in by_label[name] if metric in METRICS))
    unknown = next((name for name in wanted or [] if name not in measured), None)
    if unknown:
        raise ConfigError(f"--metric {unknown}: {path} holds {', '.join(measured)}")
    return {metric: {name: by_label[name].get(metric) for name in known} for metric in wanted or measured}


def _facts(
    given: Answers,
    alphas: dict[str, Alpha],
    rated: dict[str, list[Perceived]],
    ties: dict[str, list[Tie]],
    rows: dict[str, list[Tie]],
) -> dict[str, Any]:
    questions = {
        name: {
            "agreement": vars(alpha) | {"words": alpha.words},
            "algorithms": [vars(one) for one in rated[name]],
            "offline": [vars(tie) for tie in ties[name]],
            "recommendations": [vars(tie) for tie in rows[name]],
        }
        for name, alpha in alphas.items()
    }
    return {"sheet": given.sheet, "raters": given.raters, "answers": len(given), "questions": questions}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _agreement(alphas: dict[str, Alpha]) -> Table:
    table = _table("\nAgreement (Krippendorff's alpha, ordinal)", "question", "alpha", "rows", "in words")
    for name, alpha in alphas.items():
        table.add_row(name, _range(alpha.value, alpha.low, alpha.high, "{:.2f}"), str(alpha.units), alpha.words)
    return table


def _ratings(key: Key, rated: dict[str, list[Perceived]]) -> Table:
    table = _table("\nMean answer, 95 % interval over raters and people", "algorithm", *rated)
    for place, name in enumerate(key.algorithms):
        means = [found[place] for found in rated.values()]
        table.add_row(name, *(_range(one.mean, one.low, one.high, "{:.2f}") for one in means))
    return table


def _ties(title: str, ties: dict[str, list[Tie]]) -> Table:
    """One row a metric or fact, one column a question; a star where it can be told from chance."""
    from longtail.evaluation.metrics.value import METRICS

    table = _table(title, "against", *ties)
    for found in zip(*ties.values(), strict=True):
        cells = [_range(tie.value, tie.low, tie.high, "{:+.2f}") + (" *" if _told(tie) else "") for tie in found]
        name = found[0].name
        table.add_row(METRICS[name].short if name in METRICS else name, *cells)
    return table


def _told(tie: Tie) -> bool:
    return tie.words.startswith("rated better")


def _conclusion(ties: dict[str, list[Tie]], rows: dict[str, list[Tie]]) -> str:
    """What the stars mean, and why there may be none."""
    words = ["* can be told from chance"]
    over = [tie for found in ties.values() for tie in found if tie.kind == "tau"]
    few = next((tie.words for tie in over if "too few" in tie.words), None)
    if few:
        words.append(few)
    elif over and not any(map(_told, over)):
        asked = len({tie.name for tie in over})
        words.append(f"none of {asked} metrics can; of many, chance favours some: name the one you mean with --metric")
    return "\n" + "; ".join(words) + "."


def _range(value: float, low: float, high: float, form: str) -> str:
    if math.isnan(value):
        return "-"
    return form.format(value) + ("" if math.isnan(low) else f" [{form.format(low)}, {form.format(high)}]")


def _table(title: str, *headings: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
