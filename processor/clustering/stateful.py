"""Objects that pickle and copy alike whether their class was compiled or not."""

from typing import Any


class Stateful:
    """Its state is the attributes named in STATE; all others are made anew from them."""

    STATE: tuple[str, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.STATE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
