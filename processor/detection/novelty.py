"""What a scope's window knows: which names occur in it, and at which places. For explanation and score.

A name is a program (its places are folders) or an account (its places are source addresses). Everything is
read from the live gates of the window, so that a restored model says the same: this index only remembers
where to look, may hold gates that have left, and asks the engine about each before it is believed.
"""

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from processor.detection import exemplars
from processor.detection.masquerade import (
    bare_account,
    fold,
    has_near,
    in_system_folder,
    is_system_program,
    one_off,
)
from processor.events.event import PROCESS, Event, Kind, folder, program_name
from processor.features.text import mask_path

Gate = tuple[Hashable, ...]

# Live gates of one name that are looked at; a name with more has no usual place.
_MAX_PLACES: Final = 16
# Events counted per place; more are "at least" so many.
_MAX_EVENTS: Final = 1000
# Index entries looked at per new gate: more than one, so that what has left is found.
_RECLAIM: Final = 2
# Names of the system's folders below so many letters may be equal but for look-alike letters.
_SHORT: Final = 5


class LiveGates(Protocol):
    """What is asked of an engine."""

    def gate_events(self, scope: str, gate: Gate, limit: int) -> tuple[int, bool]:
        """Live events of a scope's gate, and whether the count stopped at `limit`."""
        ...

    def gate_exemplar(self, scope: str, gate: Gate) -> str:
        """What is kept of a live event of a scope's gate; "" where there is none."""
        ...

    def scope_live(self, scope: str) -> bool:
        """Whether the scope has an event in the window."""
        ...

    def live_gates(self) -> Iterable[tuple[str, Gate]]:
        """Scope and gate wherever there is an event in the window."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name occurs in the window; `at_least` when there are more events."""

    place: str
    events: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class Novelty:
    """What is new about an event's name and place in its scope. All False and empty: nothing can be said.

    new_name : no other gate of the window has the name
    new_place : no other gate of the window has the place
    same_place : another gate has name and place both (another session, another part of the gate)
    elsewhere : another gate has the name at another place (Known.places tells which)
    alike : a name of the window that this one looks like or is one letter away from
    """

    new_name: bool = False
    new_place: bool = False
    same_place: bool = False
    elsewhere: bool = False
    alike: str = ""


class _Scope:
    """One scope's gates by folded name and by place, and in the order in which they are looked after."""

    __slots__ = ("names", "places", "queue")

    def __init__(self) -> None:
        self.names: dict[str, dict[Gate, None]] = {}
        self.places: dict[str, dict[Gate, None]] = {}
        self.queue: deque[Gate] = deque()


class Known:
    """The names and places of one kind's scopes."""

    def __init__(self, kind: Kind, gate_parts: tuple[str, ...]) -> None:
        """gate_parts : names of the gate's parts; without the one that carries the name, nothing is known."""
        self._kind = kind
        name = "executable_masked" if kind == PROCESS else "account"
        self._name_at = gate_parts.index(name) if name in gate_parts else None
        self._place_at = gate_parts.index("source_address") if "source_address" in gate_parts else None
        self._scopes: dict[str, _Scope] = {}
        self._rota: deque[str] = deque()

    def saw(self, scope: str, gate: Gate, engine: LiveGates) -> None:
        """Remember a gate that had no event in the scope's window."""
        if self._name_at is None:
            return
        own = self._scopes.get(scope)
        if own is None:
            own = self._scopes[scope] = _Scope()
            self._rota.append(scope)
        name, place = self._read(gate)
        gates = own.names.setdefault(self._fold(name), {})
        if gate not in gates:
            gates[gate] = None
            own.places.setdefault(place, {})[gate] = None
            own.queue.append(gate)
        for _ in range(min(_RECLAIM, len(own.queue))):
            oldest = own.queue.popleft()
            if _is_live(engine, scope, oldest):
                own.queue.append(oldest)
            else:
                self._drop(own, oldest)
        self._reclaim_scope(engine)

    def rebuild(self, engine: LiveGates) -> None:
        """Know the gates of an engine that was filled without `saw`: after a restore."""
        self._scopes.clear()
        self._rota.clear()
        for scope, gate in engine.live_gates():
            self.saw(scope, gate, engine)

    def size(self, scope: str) -> int:
        """Gates remembered of a scope, those that have left and are not yet forgotten included."""
        own = self._scopes.get(scope)
        return 0 if own is None else len(own.queue)

    def of(self, event: Event, scope: str, gate: Gate, engine: LiveGates) -> Novelty:
        """What is new about an event, compared with the rest of its scope's window."""
        if self._name_at is None:
            return Novelty()
        own = self._scopes.get(scope) or _Scope()
        name, place = self._read(gate)
        folded = self._fold(name)
        namesakes = self._live(own, scope, folded, gate, engine)
        alike = (
            self._alike(own, scope, event, gate, engine) if namesakes is not None and not namesakes else ""
        )
        return Novelty(
            new_name=namesakes is not None and not namesakes,
            new_place=not self._has_other(own, scope, place, gate, engine),
            same_place=any(self._read(other)[1] == place for other in namesakes or ()),
            elsewhere=any(self._read(other)[1] != place for other in namesakes or ()),
            alike=alike,
        )

    def places(self, scope: str, gate: Gate, engine: LiveGates) -> tuple[Place, ...]:
        """The other places of a gate's name, most events first; none where they are more than 16."""
        own = self._scopes.get(scope)
        if self._name_at is None or own is None:
            return ()
        name, place = self._read(gate)
        counts: dict[str, tuple[int, bool]] = {}
        for other in self._live(own, scope, self._fold(name), gate, engine) or ():
            where = self._read(other)[1]
            if where != place:
                events, more = engine.gate_events(scope, other, _MAX_EVENTS)
                before, before_more = counts.get(where, (0, False))
                counts[where] = (before + events, more or before_more)
        found = [Place(where, events, more) for where, (events, more) in counts.items()]
        return tuple(sorted(found, key=lambda known: (-known.events, known.place)))

    def crowd(self, scope: str, gate: Gate, engine: LiveGates) -> int:
        """Live events of other names at a gate's place, at most 1,000; as many where the names are over 16.

        0 where the gate has no place.
        """
        own = self._scopes.get(scope)
        place = "" if self._name_at is None else self._read(gate)[1]
        if own is None or not place:
            return 0
        events = gates = 0
        for other in own.places.get(place, ()):
            here = 0 if other == gate else engine.gate_events(scope, other, _MAX_EVENTS)[0]
            events += here
            gates += here > 0
            if events >= _MAX_EVENTS or gates > _MAX_PLACES:
                return _MAX_EVENTS
        return events

    def _fold(self, name: str) -> str:
        return fold(name, account=self._kind != PROCESS)

    def _read(self, gate: Gate) -> tuple[str, str]:
        """Name and place of a gate, lower case."""
        text = str(gate[self._name_at or 0])
        if self._kind == PROCESS:
            return _program_and_folder(text)
        return text, "" if self._place_at is None else str(gate[self._place_at])

    def _live(
        self, own: _Scope, scope: str, folded: str, gate: Gate, engine: LiveGates
    ) -> tuple[Gate, ...] | None:
        """The other live gates of exactly this name; None where they are too many."""
        name = self._read(gate)[0]
        found: list[Gate] = []
        for other in tuple(own.names.get(folded, ())):
            if other == gate or self._read(other)[0] != name:
                continue
            if not _is_live(engine, scope, other):
                continue
            if len(found) == _MAX_PLACES:
                return None
            found.append(other)
        return tuple(found)

    def _has_other(self, own: _Scope, scope: str, place: str, gate: Gate, engine: LiveGates) -> bool:
        """Whether another live gate has the place."""
        gone = []
        found = False
        for other in own.places.get(place, ()):
            if other == gate:
                continue
            if _is_live(engine, scope, other):
                found = True
                break
            gone.append(other)
        for other in gone:
            self._drop(own, other)
        return found

    def _alike(self, own: _Scope, scope: str, event: Event, gate: Gate, engine: LiveGates) -> str:
        """A name of the window that the event's own imitates; of several the one with most events."""
        account = self._kind != PROCESS
        raw = event.account if account else program_name(event.executable)
        if not account and is_system_program(raw.lower()):
            return ""
        own_place = self._read(gate)[1]
        # In lower case as disguises asks for them: they are remembered.
        neighbours = (
            one_off(raw.lower(), account=account) if has_near(raw, own.names, account=account) else ()
        )
        near_names = () if own.names.keys().isdisjoint(neighbours) else neighbours
        shared = not account and in_system_folder(own_place)
        for near in (self._fold(raw), *near_names):
            # icacls beside cacls, fgrep beside egrep, id beside ld: a system's programs are that near.
            relatives = shared and (near in near_names or len(near) < _SHORT)
            counts: dict[str, int] = {}
            for other in tuple(own.names.get(near, ())):
                name, place = self._read(other)
                before = counts.get(name, 0)
                if other == gate or before >= _MAX_EVENTS or (relatives and in_system_folder(place)):
                    continue
                if self._is_imitated(name, gate):
                    counts[name] = before + engine.gate_events(scope, other, _MAX_EVENTS)[0]
            found = [(-events, name) for name, events in counts.items() if events]
            if found:
                return self._shown(scope, min(found)[1], own.names[near], engine)
        return ""

    def _shown(self, scope: str, name: str, gates: Iterable[Gate], engine: LiveGates) -> str:
        """A name of the window as one of its events had it: gates hold "#" for the numbers of a program."""
        if "#" not in name or self._kind != PROCESS:
            return name
        for gate in sorted(gates, key=str):
            if self._read(gate)[0] == name:
                program = exemplars.read(engine.gate_exemplar(scope, gate)).program.lower()
                if mask_path(program) == name:
                    return program
        return name

    def _is_imitated(self, name: str, gate: Gate) -> bool:
        """Whether a name of about the same letters is another's: not the same but for number or domain."""
        own_name = self._read(gate)[0]
        if self._kind == PROCESS:
            return _differ(name, own_name)
        # Computers are numbered and lettered in rows: WEB-A$, WEB-B$.
        if name.endswith("$") and own_name.endswith("$"):
            return False
        return _differ(bare_account(name), bare_account(own_name))

    def _drop(self, own: _Scope, gate: Gate) -> None:
        name, place = self._read(gate)
        for index, key in ((own.names, self._fold(name)), (own.places, place)):
            gates = index.get(key)
            if gates is not None:
                gates.pop(gate, None)
                if not gates:
                    del index[key]

    def _reclaim_scope(self, engine: LiveGates) -> None:
        scope = self._rota.popleft()
        if engine.scope_live(scope):
            self._rota.append(scope)
        else:
            del self._scopes[scope]


@lru_cache(maxsize=4096)
def _program_and_folder(path: str) -> tuple[str, str]:
    """Of a path in a gate: such paths are short."""
    return program_name(path), folder(path)


def _is_live(engine: LiveGates, scope: str, gate: Gate) -> bool:
    return engine.gate_events(scope, gate, 1)[0] > 0


def _differ(name: str, other: str) -> bool:
    """Whether two names differ by more than their numbers."""
    return mask_path(name).replace("#", "") != mask_path(other).replace("#", "")
