"""The verb `audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from longtail.cli.options import Accept, BadRowsOption, DuplicatesOption, Json, Model, load_data, print_json
from longtail.errors import ConfigError, DataError, LeakageError

if TYPE_CHECKING:
    from longtail.evaluation.leakage import Seen

__all__ = ["audit"]


def audit(
    train: Annotated[str, typer.Argument(metavar="TRAIN", help="A file of ratings to learn from.")],
    test: Annotated[str, typer.Argument(metavar="TEST", help="A file of held-out ratings.")],
    model: Model = None,
    tuned: Annotated[
        list[Path] | None,
        typer.Option("--tuned", metavar="FILE", help="What 'longtail tune -o FILE.json' wrote: did it see the test?"),
    ] = None,
    cold: Annotated[
        Literal["users", "items"] | None, typer.Option("--cold", help="What of the test is promised to be new.")
    ] = None,
    accept: Accept = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Look for leaks between training and test data; exit 2 where one is found that is not accepted."""
    from longtail.algorithms.base import load
    from longtail.evaluation import leakage

    models = {str(path): _seen(path) for path in tuned or []}
    fitted = {} if model is None else {str(model): load(model)}
    found = leakage.audit(
        load_data(train, duplicates, bad_rows),
        load_data(test, duplicates, bad_rows),
        cold=cold,
        models={**models, **fitted},
        accept=accept or [],
    )
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo("\n".join(found.sentences()))
    if found.failed and not as_json:  # what was found stands above
        names = sorted({finding.name for finding in found.failed})
        count = f"{len(names)} kind{'' if len(names) == 1 else 's'} of leak found"
        raise LeakageError(f"{count}: {', '.join(names)}; to go on all the same, accept={names}")
    found.raise_if_failed()


def _seen(path: Path) -> Seen:
    from longtail.evaluation.leakage import Seen

    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return Seen.from_dict(plain.get("seen") or {})
    except (OSError, ValueError, AttributeError, DataError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it does not say which rows the search saw"
        raise ConfigError(f"{path}: {reason}; write it with 'longtail tune -o {path}'") from error
