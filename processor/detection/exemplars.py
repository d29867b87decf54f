"""What is kept of the event that stands for a vector: its text, and in short who it was."""

from typing import Final, NamedTuple

from processor.events.event import PROCESS, Event, program_name

# Ends the text. Redaction rules take it for white space, so that what they match as one word ends here too.
_END: Final = "\x1f"
# Characters of a program's and an account's name.
_NAME: Final = 64


class Exemplar(NamedTuple):
    """text : a command line, or an account and where it came from; program, account : "" where unknown."""

    text: str
    program: str = ""
    account: str = ""


def exemplar(event: Event) -> str:
    """What an engine keeps of an event: see `read`."""
    if event.kind == PROCESS:
        text, program = event.command_line or event.executable, program_name(event.executable)
    else:
        text, program = f"{event.account or event.user_name} from {event.source_ip or 'this host'}", ""
    return f"{text}{_END}{_short(program)}{_END}{_short(_account(event))}"


def read(kept: str) -> Exemplar:
    """What `exemplar` wrote; text alone is also read."""
    parts = kept.rsplit(_END, 2)
    return Exemplar(*parts) if len(parts) == 3 else Exemplar(kept)


def _account(event: Event) -> str:
    if event.kind == PROCESS or not event.account:
        return f"{event.user_domain}\\{event.user_name}" if event.user_domain else event.user_name
    return event.account


def _short(name: str) -> str:
    return name[:_NAME].replace(_END, " ")
