"""The command line: each verb a few lines that call the library, with the same names.

Heavy modules are imported inside the verbs, so that `longtail --help` is instant. Every error Longtail raises is one
line on standard error, and the exit code is 2.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Annotated

import typer

from longtail.cli.behavior import behavior
from longtail.cli.cleaning import data_clean
from longtail.cli.comparing import compare
from longtail.cli.contest import bakeoff
from longtail.cli.leaks import audit
from longtail.cli.listing import algorithms, data_fetch, data_info, data_list
from longtail.cli.measure import evaluate, split
from longtail.cli.models import fit, recommend, similar
from longtail.cli.perceived import answers, sheet
from longtail.cli.protocols import protocols
from longtail.cli.tuning import tune
from longtail.cli.words import in_options
from longtail.errors import LongtailError

__all__ = ["app", "main"]

app = typer.Typer(
    name="longtail",
    help="Recommender systems from a ratings file to a measured, served top-N list.",
    epilog="Start with: longtail bakeoff",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
)
VERBS = (
    *(bakeoff, compare, tune),
    *(recommend, similar, fit),
    *(split, audit, evaluate, behavior, sheet, answers),
    *(algorithms, protocols),
)
for verb in VERBS:
    app.command()(verb)
data_app = typer.Typer(help="List, fetch, look at and clean data sets.", no_args_is_help=True)
for name, listing in (("list", data_list), ("fetch", data_fetch), ("info", data_info), ("clean", data_clean)):
    data_app.command(name)(listing)
app.add_typer(data_app, name="data")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from longtail import __version__

        typer.echo(f"longtail {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; the entry point `longtail`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal lacks is no reason to fail
            stream.reconfigure(errors="replace")
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
        _fail(f"{error.filename or 'the output'}: {error.strerror or error}")
    except MemoryError:
        _fail("out of memory; use fewer ratings or a sparser algorithm")
    except Exception as error:  # a wrong option or argument: the parser's own errors can say what was wrong
        if not hasattr(error, "format_message"):
            raise
        message = error.format_message()
        if not message:  # no arguments at all: the parser has shown the help
            raise SystemExit(2) from None
        _fail(message)
    raise SystemExit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    typer.echo(f"longtail: {in_options(message)}", err=True)
    raise SystemExit(2)
