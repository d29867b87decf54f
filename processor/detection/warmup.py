"""Per scope and kind: how much has been seen since its window was last empty, and whether that is enough."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from processor.detection.settings import WarmupSettings

# Expired histories looked at when a scope enters a new part: many, so that the backlog of a jump shrinks.
_RECLAIM_PER_PART = 16


class HistoryState(NamedTuple):
    """One scope's history as it stands: events seen; `start` is stream time, ms."""

    scope: str
    events: int
    start: int
    last_part: int
    live: bool
    format: str
    two_sources: bool


class History:
    """Of one scope: events seen, stream time (ms) of its first, the last part it was seen in, its format.

    last_part is -1 once the history is forgotten.
    """

    __slots__ = ("count", "format", "last_part", "live", "start", "two_sources")

    def __init__(self, start: int, part: int, source: str) -> None:
        self.count = 0
        self.start = start
        self.last_part = part
        self.live = False
        self.format = source
        self.two_sources = False


class Histories:
    """The scopes of one kind, least recently seen first.

    in_warmup, live : scopes in each state
    two_sources : scopes that were fed by more than one format
    expired_in_warmup : scopes, so far, whose window emptied before they were live
    """

    def __init__(self, settings: WarmupSettings, max_scopes: int, window: int) -> None:
        """Start empty.

        window : its length, ms: a scope seen for so long is live however few its events are
        """
        self._settings = settings
        self._window = window
        self._max_scopes = max_scopes
        self._scopes: OrderedDict[str, History] = OrderedDict()
        self.live = 0
        self.two_sources = 0
        self.expired_in_warmup = 0

    @property
    def in_warmup(self) -> int:
        """Scopes whose verdicts are not published yet."""
        return len(self._scopes) - self.live

    def __contains__(self, scope: str) -> bool:
        return scope in self._scopes

    def __iter__(self) -> Iterator[str]:
        return iter(self._scopes)

    def is_live(self, scope: str, horizon: int) -> bool:
        """Whether the scope's verdicts are published, seen from an event that is not learned (a late one)."""
        history = self._scopes.get(scope)
        return history is not None and history.last_part >= horizon and history.live

    def saw(
        self, scope: str, stream_time: int, part: int, horizon: int, source: str
    ) -> tuple[bool, str | None]:
        """Count one learned event; whether the scope is live, and the scope that had to make room, if any.

        A history begins with the first event since the scope's window was last empty.
        """
        scopes = self._scopes
        history = scopes.get(scope)
        forgotten = None
        if history is None or history.last_part < horizon:
            if history is not None:
                self._forget(scope)
            history = scopes[scope] = History(stream_time, part, source)
            self._reclaim(horizon)
            if len(scopes) > self._max_scopes:
                forgotten = next(iter(scopes))
                self._forget(forgotten)
        elif history.last_part != part:
            scopes.move_to_end(scope)
            self._reclaim(horizon)
        history.last_part = part
        history.count += 1
        if history.format != source and not history.two_sources:
            history.two_sources = True
            self.two_sources += 1
        if not history.live and self._is_enough(history, stream_time):
            history.live = True
            self.live += 1
        return history.live, forgotten

    def of(self, scope: str) -> History:
        """The history of a scope that was just seen; for `again`."""
        return self._scopes[scope]

    def again(self, history: History, stream_time: int, part: int, source: str) -> bool:
        """Count one learned event of a scope that this part has seen; False where `saw` has to."""
        if history.last_part != part or (history.format != source and not history.two_sources):
            return False
        if not history.live:
            settings, seen = self._settings, stream_time - history.start
            if seen >= self._window or (seen >= settings.span and history.count + 1 >= settings.events):
                return False
        history.count += 1
        return True

    def export(self, part: int) -> list[HistoryState]:
        """Scopes seen in `part` or later, in the order in which they are kept."""
        found = []
        for scope in reversed(self._scopes):
            own = self._scopes[scope]
            if own.last_part < part:
                break
            found.append(
                HistoryState(
                    scope, own.count, own.start, own.last_part, own.live, own.format, own.two_sources
                )
            )
        return found[::-1]

    def adopt(self, taken: Iterable[HistoryState], size: int) -> None:
        """Go on where others stood: what `export` gave at some time, after what it gave before.

        size : how many scopes there were; those before them, the least recently seen, were forgotten
        """
        for state in taken:
            if state.scope in self._scopes:
                self._forget(state.scope)
            own = self._scopes[state.scope] = History(state.start, state.last_part, state.format)
            own.count, own.live, own.two_sources = state.events, state.live, state.two_sources
            self.live += own.live
            self.two_sources += own.two_sources
        while len(self._scopes) > size:
            self._forget(next(iter(self._scopes)))
        self.expired_in_warmup = 0

    def __len__(self) -> int:
        return len(self._scopes)

    def _is_enough(self, history: History, stream_time: int) -> bool:
        # A full window will never know more: waiting on would silence for ever what is rare by nature.
        seen = stream_time - history.start
        settings = self._settings
        return (history.count >= settings.events and seen >= settings.span) or seen >= self._window

    def _reclaim(self, horizon: int) -> None:
        for _ in range(_RECLAIM_PER_PART):
            oldest = next(iter(self._scopes))
            if self._scopes[oldest].last_part >= horizon:
                return
            self._forget(oldest)

    def _forget(self, scope: str) -> None:
        history = self._scopes.pop(scope)
        history.last_part = -1
        if history.live:
            self.live -= 1
        else:
            self.expired_in_warmup += 1
        if history.two_sources:
            self.two_sources -= 1
