"""Calls into a library that may never return."""

import threading
from collections.abc import Callable
from typing import Final, TypeVar

Answer = TypeVar("Answer")

_SLICE_S: Final = 1.0


class Overdue(Exception):
    """The call has not returned; the thread that made it is left behind, with all that it holds."""


def within(slices: int, call: Callable[[], Answer], meanwhile: Callable[[], None]) -> Answer:
    """What `call` returns or raises; raises Overdue after `slices` seconds.

    meanwhile : called each second; what it raises ends the wait too
    A process that was stopped for a while has its full patience left when it is continued.
    """
    done = threading.Event()
    returned: list[Answer] = []
    raised: list[BaseException] = []

    def make() -> None:
        try:
            returned.append(call())
        except BaseException as failure:  # noqa: BLE001 - raised again where the call was asked for
            raised.append(failure)
        finally:
            done.set()

    threading.Thread(target=make, name="overdue?", daemon=True).start()
    for _ in range(slices):
        if done.wait(_SLICE_S):
            break
        meanwhile()
    else:
        raise Overdue
    if raised:
        raise raised[0]
    return returned[0]
