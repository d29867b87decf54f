"""Per scope and kind: how much has been seen since its window was last empty, and whether that is enough."""

from collections import OrderedDict
from collections.abc import Iterator

from processor.detection.settings import WarmupSettings

# Expired histories looked at when a scope enters a new part: many, so that the backlog of a jump shrinks.
_RECLAIM_PER_PART = 16


class _History:
    """Of one scope: events seen, stream time (ms) of its first, the last part it was seen in, its format."""

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
        """window : the window's length, ms: a scope seen for so long is live however few its events are."""
        self._settings = settings
        self._window = window
        self._max_scopes = max_scopes
        self._scopes: OrderedDict[str, _History] = OrderedDict()
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
            history = scopes[scope] = _History(stream_time, part, source)
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

    def _is_enough(self, history: _History, stream_time: int) -> bool:
        # A window that is full will never know more: waiting on would silence what is rare by nature for ever.
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
        if history.live:
            self.live -= 1
        else:
            self.expired_in_warmup += 1
        if history.two_sources:
            self.two_sources -= 1
