"""Keys whose feature is not there yet: they are known, and refused with anything but their default."""

from collections.abc import Callable
from typing import Final

from processor.config.mistakes import KeyPath, shown
from processor.config.model import Settings
from processor.errors import ConfigError

# One line a key; a feature that arrives takes its line away.
PENDING: Final[tuple[KeyPath, ...]] = (
)


def refuse_pending(settings: Settings, place: Callable[[KeyPath], str]) -> None:
    """Raise ConfigError where a key asks for a feature that is not there yet.

    place : where a key was given, for the error's text
    """
    default = Settings()
    mistakes = []
    for path in PENDING:
        value, usual = _at(settings, path), _at(default, path)
        if value != usual:
            mistakes.append(
                f"{path[-1]} can only be {_plain(usual)} in this version, others are not yet possible, "
                f"got {_plain(value)} ({place(path)})"
            )
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _at(settings: Settings, path: KeyPath) -> object:
    value: object = settings
    for key in path:
        value = getattr(value, str(key))
    return value


def _plain(value: object) -> str:
    return shown(list(value) if isinstance(value, tuple) else value)
