"""What is kept of the event that stands for a vector: its text, and in short who it was."""

from typing import Final, NamedTuple

from processor.events.event import PROCESS, Event, program_name

# Ends the text. Redaction rules take it for white space, so that what they match as one word ends here too.
_END: Final = "\x1f"
# Before the host, likewise.
_HOST: Final = "\x1e"
# Characters of a program's, an account's and a host's name.
_NAME: Final = 64
# Bytes of an exemplar: with the object that holds it 300. There is one for each vector of each scope, and
# whoever writes command lines chooses how long they are.
_ROOM: Final = 224
_CUT: Final = "..."


class Exemplar(NamedTuple):
    """text : a command line, or an account and where it came from; program, account : "" where unknown.

    host : None where it is the scope, or not known; what is too long of the text ends in "..."
    """

    text: str
    program: str = ""
    account: str = ""
    host: str | None = None


def exemplar(event: Event, scope: str) -> str:
    """What an engine keeps of an event, at most 300 bytes of memory: see `read`."""
    if event.kind == PROCESS:
        text, program = event.command_line or event.executable, program_name(event.executable)
    else:
        text, program = f"{event.account or event.user_name} from {event.source_ip or 'this host'}", ""
    host = "" if event.host == scope else _HOST + _short(event.host)
    return _bounded(text, _short(program), _short(_account(event)), host)


def _bounded(text: str, program: str, account: str, host: str) -> str:
    head = text[: _ROOM + 1]
    whole = f"{head}{_END}{program}{_END}{account}{host}"
    if len(whole) <= _ROOM and whole.isascii():
        return whole
    room = _ROOM // _bytes_a_character(whole)
    if len(whole) <= room:
        return whole
    program, account, host = (name[: room // 4] for name in (program, account, host))
    names = f"{_END}{program}{_END}{account}{host}"
    return _cut(head, room - len(names)) + names


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
    if len(parts) < 3:
        return Exemplar(kept)
    text, program, rest = parts
    account, found, host = rest.partition(_HOST)
    return Exemplar(text, program, account, host if found else None)


def _account(event: Event) -> str:
    if event.kind == PROCESS or not event.account:
        return f"{event.user_domain}\\{event.user_name}" if event.user_domain else event.user_name
    return event.account


def _short(name: str) -> str:
    return name[:_NAME].replace(_END, " ").replace(_HOST, " ")
