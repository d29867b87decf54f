"""Memory for what is copied while the stream waits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SLACK = 8  # a part of so many more is room for what comes until it is used

# What a snapshot copies of each slot: 24 bytes.
COPIED = {"row": "I", "place": "I", "events": "I", "newest": "I", "first": "q"}


class Room:
    """Where one snapshot of a table is copied to: touched when it is made, in any thread.

    Memory that was never touched costs several times what the copying does, page by page, and now and then
    tens of milliseconds, where the system has to tidy up for large pages.
    """

    def __init__(self, size: int) -> None:
        """For `size` slots and some more."""
        self._free = {name: np.full(size + size // SLACK, 1, kind) for name, kind in COPIED.items()}

    def copy(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        """A copy of a field; in fresh memory where it is too long, or was copied here before."""
        held = self._free.pop(name, None)
        if held is None or len(held) < len(values):
            return values.copy()
        copied = held[: len(values)]
        copied[:] = values
        return copied
