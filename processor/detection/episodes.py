"""Published anomalies of one scope, grouped by time, folded by likeness."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from processor.detection.settings import EpisodeSettings
from processor.features.gates import bounded

FoldKey = tuple[str | bool, ...]

# Fold keys counted per episode; beyond, everything is published: quiet is never bought with unbounded memory.
_MAX_FOLD_KEYS = 10_000
# From this score on a program is suspect, and what it starts as well.
_SUSPECT = 80
# Suspect programs remembered per episode; later ones start nothing suspicious.
_MAX_SUSPECTS = 100


@dataclass(frozen=True, slots=True)
class EpisodePlace:
    """Where one published anomaly stands in its episode.

    id : event.id of the episode's first anomaly
    index : 0 for the first
    started : stream time of the first, ms
    escalated : first record of the episode to cross one of escalate_at
    folded : anomalies of the episode not published since its previous record
    """

    id: str
    index: int
    started: int
    escalated: bool
    folded: int


class EpisodeState(NamedTuple):
    """One open episode as it stands; `seen` counts the published anomalies by fold key."""

    scope: str
    id: str
    started: int
    last: int
    published: int
    folded: int
    crossed: int
    seen: list[tuple[FoldKey, int]]


class _Open:
    """An episode that can still grow."""

    __slots__ = ("crossed", "folded", "id", "last", "published", "seen", "started", "suspects")

    def __init__(self, first_id: str, now: int) -> None:
        self.id = first_id
        self.started = now
        self.last = now
        self.published = 0
        self.folded = 0
        self.crossed = 0
        self.seen: dict[FoldKey, int] = {}
        self.suspects: dict[str, None] = {}


class Episodes:
    """The open episodes of one partition, by scope. Times are stream time, ms, and never fall."""

    def __init__(self, settings: EpisodeSettings) -> None:
        self._settings = settings
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def suspects(self, scope: str, now: int, program: str) -> bool:
        """Whether a program (its path) made an anomaly of a high score in the scope's open episode."""
        episode = self._open.get(scope)
        if episode is None or not episode.suspects or self._has_ended(episode, now):
            return False
        return bounded(program.lower()) in episode.suspects

    def place(
        self, scope: str, anomaly_id: str, now: int, score: int, fold_key: FoldKey, *, program: str = ""
    ) -> EpisodePlace | None:
        """The anomaly's place in the scope's episode; None if it is folded: counted there, not published.

        program : path of what was run, "" for a logon: suspect from now on where the score is high
        An anomaly that escalates is never folded. Only published anomalies keep an episode open.
        """
        self._close_ended(now)
        episode = self._open.get(scope)
        if episode is None or self._has_ended(episode, now):
            episode = _Open(anomaly_id, now)
        escalated = self._crosses(episode, score)
        if program and score >= _SUSPECT and len(episode.suspects) < _MAX_SUSPECTS:
            episode.suspects[bounded(program.lower())] = None
        if self._has_enough(episode, fold_key) and not escalated:
            episode.folded += 1
            return None
        if episode.published == 0:
            self._open[scope] = episode
        self._open.move_to_end(scope)
        episode.last = now
        place = EpisodePlace(episode.id, episode.published, episode.started, escalated, episode.folded)
        episode.published += 1
        episode.folded = 0
        return place

    def export(self) -> list[EpisodeState]:
        """The open episodes, in the order in which they are kept."""
        return [
            EpisodeState(
                scope,
                own.id,
                own.started,
                own.last,
                own.published,
                own.folded,
                own.crossed,
                list(own.seen.items()),
            )
            for scope, own in self._open.items()
        ]

    def export_suspects(self) -> list[tuple[str, list[str]]]:
        """Scope and suspect programs of the open episodes that have some."""
        return [(scope, list(own.suspects)) for scope, own in self._open.items() if own.suspects]

    def adopt_suspects(self, taken: Iterable[tuple[str, list[str]]]) -> None:
        """Suspect what others suspected, in episodes that were adopted."""
        for scope, programs in taken:
            self._open[scope].suspects = dict.fromkeys(programs)

    def adopt(self, taken: Iterable[EpisodeState]) -> None:
        """Go on where others stood."""
        for state in taken:
            own = self._open[state.scope] = _Open(state.id, state.started)
            own.last, own.published = state.last, state.published
            own.folded, own.crossed = state.folded, state.crossed
            own.seen = dict(state.seen)

    def _has_ended(self, episode: _Open, now: int) -> bool:
        return now - episode.last >= self._settings.gap or now - episode.started > self._settings.max_length

    def _close_ended(self, now: int) -> None:
        """Forget episodes that nothing can join any more: they are ordered by their last record."""
        while self._open:
            scope, episode = next(iter(self._open.items()))
            if now - episode.last < self._settings.gap:
                return
            del self._open[scope]

    def _crosses(self, episode: _Open, score: int) -> bool:
        crossed = sum(score >= threshold for threshold in self._settings.escalate_at)
        if crossed <= episode.crossed:
            return False
        episode.crossed = crossed
        return True

    def _has_enough(self, episode: _Open, fold_key: FoldKey) -> bool:
        """Whether the key was published often enough; counts this anomaly where it was not."""
        keep = self._settings.keep
        if keep == 0:
            return False
        seen = episode.seen.get(fold_key, 0)
        if seen >= keep:
            return True
        if seen or len(episode.seen) < _MAX_FOLD_KEYS:
            episode.seen[fold_key] = seen + 1
        return False
