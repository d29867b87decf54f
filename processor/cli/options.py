"""What the commands' options have in common: their texts, their groups, and the settings behind --config."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from processor.errors import UsageError

if TYPE_CHECKING:
    from processor.config import Settings


def output(text: str, *names: str, metavar: str = "F.html") -> Any:
    """An option that names a file to be written after long work: refused before it where it cannot be."""
    return typer.Option(*names, help=text, metavar=metavar, callback=_writable)


def _writable(path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    if path is not None and path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    return path


_CONFIG = typer.Option("--config", help="YAML file; EVENTCLUSTER_ variables override it.", metavar="FILE")
ConfigFile = Annotated[Path | None, _CONFIG]
RequiredConfigFile = Annotated[Path, _CONFIG]
InputFiles = Annotated[
    list[Path] | None,
    typer.Argument(
        help=".jsonl or .csv, plain, .gz or .zst; .evtx, .parquet.", metavar="FILE...", show_default=False
    ),
]
JsonFile = Annotated[Path | None, output("Write the measurements here.", "--json", metavar="F")]
Seed = Annotated[int, typer.Option(help="Another seed gives other events.", metavar="N", min=0)]


def examples(*commands: str) -> str:
    """The end of a command's help: command lines as one would type them, without the program's name."""
    # \b keeps click from joining the lines.
    return "\b\nExamples:\n" + "\n".join(f"  eventcluster {command}" for command in commands)


def group(help_text: str, *commands: str) -> typer.Typer:
    """A command that only holds others; `commands` are the examples in its help."""
    return typer.Typer(
        help=help_text,
        epilog=examples(*commands),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def settings_of(path: Path | None, *, broker: bool = False) -> "Settings":
    """The configuration in the file and the environment; `broker`: it must name one, and topics."""
    from processor.config import load

    return load(path, os.environ, broker=broker)
