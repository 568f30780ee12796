"""The verb `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longtail.cli.options import Json, console, print_json
from longtail.errors import ConfigError, DataError

if TYPE_CHECKING:
    from longtail.evaluation.findings import Findings

__all__ = ["compare"]


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Files that 'longtail bakeoff -o run.json' wrote; the first is the measure."
        ),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write a .html or .json file; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare bake-offs: what changed between them, and how far each figure moved."""
    from longtail.evaluation import comparing
    from longtail.evaluation.export import require_writable

    outputs = output or []
    for path in outputs:
        if path.suffix.lower() not in (".html", ".json"):
            raise ConfigError(f"cannot write {path}: the name must end in .html or .json")
        require_writable(path)
    made = comparing.compare([_read(path) for path in runs], _names(runs))
    if as_json:
        print_json(made.to_json())
    else:
        made.show(console())
    for path in outputs:
        getattr(made, f"to_{path.suffix[1:].lower()}")(path)
        typer.echo(f"Wrote {path}", err=as_json)


def _read(path: Path) -> Findings:
    from longtail.evaluation.bakeoff import BakeoffResult
    from longtail.evaluation.findings import Findings

    if path.is_dir():
        return BakeoffResult.from_folder(path)
    try:
        return Findings.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _names(paths: list[Path]) -> list[str]:
    """What the files are called: as little of their paths as tells them apart, numbered where nothing does."""
    for parts in range(1, 1 + max(len(path.resolve().parts) for path in paths)):
        names = ["/".join(path.resolve().with_suffix("").parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{path.stem} ({number})" for number, path in enumerate(paths, start=1)]
