"""The command line: options in, a call, its result out. What commands do is in the modules that they call."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import processor
from processor import logs
from processor.cli import bench, operate, study
from processor.cli.options import group
from processor.errors import EventclusterError, UsageError

# Options of a command that take every file up to the next option.
_TAKE_MANY = {"replay": ("--history",), "evaluate": ("--labels",)}

app = group(
    "Find the unusual process and logon events in a Kafka topic by exact streaming DBSCAN.",
    "demo",
    "replay events.jsonl.gz --sort --report report.html",
    "config check prod.yaml --broker",
    "run --config prod.yaml",
)
app.add_typer(operate.commands)
app.add_typer(study.commands)
app.add_typer(operate.config_commands, name="config")
app.add_typer(operate.schema_commands, name="schema")
app.add_typer(bench.commands, name="bench")
app.add_typer(operate.dead_letters_commands, name="dead-letters")


def main() -> None:
    """Run the command line; exit code 0 good, 1 failed while running, 2 bad usage or config."""
    logs.quiet()
    try:
        try:
            app(_spread(sys.argv[1:]), prog_name="eventcluster")
        finally:
            sys.stdout.flush()
    except EventclusterError as error:
        _complain(str(error))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:
        # The interpreter flushes once more when it ends, and would say it all again with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain(f"{error.strerror}: {error.filename or 'standard output'}")
        sys.exit(1)


def _spread(arguments: Sequence[str]) -> list[str]:
    """`--labels a b` as click wants it: `--labels a --labels b`; the next option, or `--`, ends the list."""
    spread: list[str] = []
    option = ""
    takes_many = _TAKE_MANY.get(arguments[0], ()) if arguments else ()
    for argument in arguments:
        if argument.startswith("-"):
            option = argument if argument in takes_many else ""
        elif option and spread[-1] != option:
            spread.append(option)
        spread.append(argument)
    return spread


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"eventcluster {processor.__version__}")
        raise typer.Exit


def _complain(text: str) -> None:
    for line in text.splitlines():
        typer.echo(f"error: {line}", err=True)
