"""A bounded memory of texts that repeat, for callers whose keys an attacker can choose."""

from typing import Final, Generic, TypeVar

# Of one generation; two are held. Texts take up to four bytes a character.
MAX_ENTRIES: Final = 65_536
MAX_CHARACTERS: Final = 8 << 20

Value = TypeVar("Value")
Key = bytes | tuple[object, ...]


class Generations(Generic[Value]):
    """Values by key, bounded in number and in characters of the keys.

    Two generations: a full young one becomes the old one, and what is asked for again returns to the young,
    so nothing is counted or sorted and no single event pays for a clearing.

    young : to be asked first, `recall` is for what is not in it
    """

    __slots__ = ("_characters", "_max_characters", "_max_entries", "_old", "young")

    def __init__(self, max_entries: int = MAX_ENTRIES, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_entries = max_entries
        self._max_characters = max_characters
        self._characters = 0
        self.young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def recall(self, key: Key) -> Value | None:
        """The value of a key that the young generation does not have; it has it from now on."""
        value = self._old.get(key)
        if value is not None:
            self.remember(key, value)
        return value

    def remember(self, key: Key, value: Value) -> None:
        """Keep a value, which is not None, or replace it."""
        if key not in self.young:
            if isinstance(key, bytes):
                self._characters += len(key)
            else:
                self._characters += sum([len(part) for part in key if type(part) is str])
        self.young[key] = value
        if len(self.young) > self._max_entries or self._characters > self._max_characters:
            self._old, self.young, self._characters = self.young, {}, 0
