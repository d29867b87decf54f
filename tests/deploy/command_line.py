"""Whether a command line that is written down somewhere is one that `eventcluster` takes."""

from collections.abc import Sequence

import typer

from processor.cli import app


def unknown_words(words: Sequence[str]) -> list[str]:
    """Which words of a command line name no command or option."""
    command = typer.main.get_command(app)
    unknown = []
    for word in words:
        if isinstance(command, typer.core.TyperGroup) and not word.startswith("-"):
            known = command.commands.get(word)
            if known is None:
                return [word]
            command = known
        elif word.startswith("--"):
            options = {each for parameter in command.params for each in parameter.opts}
            unknown += [word] if word not in options | {"--help"} else []
    return unknown
