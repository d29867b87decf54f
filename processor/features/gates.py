"""The categories that a gate can be made of: only events with an equal gate can be neighbours."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from processor.events.event import KINDS, LOGON, PROCESS, Event, Kind, folder
from processor.features.text import mask_path

# A gate is kept as long as its vectors are: a longer text is kept by its beginning and a digest.
MAX_LENGTH: Final = 512


@dataclass(frozen=True, slots=True)
class Category:
    """One part of a gate and the kinds of event that have it.

    version : raised when its values change
    sketched : whether events of equal sketches have the same value (events/sketches.py)
    """

    name: str
    kinds: tuple[Kind, ...]
    of: Callable[[Event], str | int | bool]
    version: int = 1
    sketched: bool = True


def bounded(text: str) -> str:
    """The text, or its beginning and a digest of all of it: at most MAX_LENGTH characters."""
    if len(text) <= MAX_LENGTH:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[: MAX_LENGTH - len(digest) - 1]}~{digest}"


def executable_masked(event: Event) -> str:
    """The executable's path in lower case without ids, numbers and user names."""
    return bounded(mask_path(event.executable))


def folder_masked(event: Event) -> str:
    """The executable's folder, masked as executable_masked."""
    return bounded(folder(mask_path(event.executable)))


def parent_masked(event: Event) -> str:
    """The parent's executable, masked as executable_masked."""
    return bounded(mask_path(event.parent_executable))


def system_session(event: Event) -> bool:
    """Whether the session is the operating system's own."""
    return event.system_session


def account(event: Event) -> str:
    """The account that logged on, in lower case: Windows does not tell cases apart and sources differ."""
    return bounded(event.account.lower())


def source_address(event: Event) -> str:
    """The address that a logon came from, empty for a local one."""
    return bounded(event.source_ip.lower())


CATEGORIES: Final = (
    Category("executable_masked", (PROCESS,), executable_masked),
    Category("folder", (PROCESS,), folder_masked),
    Category("parent", (PROCESS,), parent_masked, sketched=False),
    Category("system_session", KINDS, system_session),
    Category("account", (LOGON,), account),
    Category("source_address", (LOGON,), source_address),
)
