"""What is kept of the event that stands for a vector: its text, and in short who it was."""

from typing import Final, NamedTuple

from processor.events.event import PROCESS, Event, program_name

# Ends the text. Redaction rules take it for white space, so that what they match as one word ends here too.
_END: Final = "\x1f"
# Characters of a program's and an account's name.
_NAME: Final = 64
# Bytes of an exemplar: with the object that holds it 300. There is one for each vector of each scope, and
# whoever writes command lines chooses how long they are.
_ROOM: Final = 224
_CUT: Final = "..."


class Exemplar(NamedTuple):
    """text : a command line, or an account and where it came from; program, account : "" where unknown.

    What is too long ends in "...".
    """

    text: str
    program: str = ""
    account: str = ""


def exemplar(event: Event) -> str:
    """What an engine keeps of an event, at most 300 bytes of memory: see `read`."""
    if event.kind == PROCESS:
        text, program = event.command_line or event.executable, program_name(event.executable)
    else:
        text, program = f"{event.account or event.user_name} from {event.source_ip or 'this host'}", ""
    return _bounded(text, _short(program), _short(_account(event)))


def _bounded(text: str, program: str, account: str) -> str:
    head = text[: _ROOM + 1]
    whole = f"{head}{_END}{program}{_END}{account}"
    if len(whole) <= _ROOM and whole.isascii():
        return whole
    room = _ROOM // _bytes_a_character(whole)
    if len(whole) <= room:
        return whole
    program, account = program[: room // 4], account[: room // 4]
    return f"{_cut(head, room - 2 - len(program) - len(account))}{_END}{program}{_END}{account}"


def _bytes_a_character(text: str) -> int:
    """What a character of it takes in memory: the widest decides."""
    widest = max(text)
    return 1 if widest <= "\xff" else 2 if widest <= "\uffff" else 4


def _cut(text: str, room: int) -> str:
    """Without the word that does not fit whole: half a secret is one that redaction may not know."""
    if len(text) <= room:
        return text
    head = text[: room - len(_CUT)]
    end = head.rfind(" ") + 1 or max(head.rfind("\\"), head.rfind("/")) + 1
    return head[:end] + _CUT


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
