"""What a scope's window knows of names and places, and what it forgets."""

from collections.abc import Iterable

from processor.detection.novelty import Gate, Known, Novelty, Place
from processor.events.event import LOGON, PROCESS, Event

SYSTEM = (r"c:\windows\system#\svchost.exe", True)


class Window:
    """Live gates by scope, as an engine tells them."""

    def __init__(self) -> None:
        self.live: dict[str, dict[Gate, int]] = {}

    def add(self, known: Known, scope: str, gate: Gate, events: int = 1) -> None:
        self.live.setdefault(scope, {})[gate] = events
        known.saw(scope, gate, self)

    def gate_events(self, scope: str, gate: Gate, limit: int) -> tuple[int, bool]:
        events = self.live.get(scope, {}).get(gate, 0)
        return (limit, True) if events >= limit else (events, False)

    def gate_exemplar(self, _scope: str, _gate: Gate) -> str:
        return ""

    def scope_live(self, scope: str) -> bool:
        return bool(self.live.get(scope))

    def live_gates(self) -> Iterable[tuple[str, Gate]]:
        return [(scope, gate) for scope, gates in self.live.items() for gate in gates]


def of_process(known: Known, window: Window, executable: str, gate: Gate, scope: str = "h") -> Novelty:
    """What is new about a run of `executable`."""
    event = Event(kind=PROCESS, format="test", code="1", time=0, host=scope, executable=executable)
    return known.of(event, scope, gate, window)


def processes() -> tuple[Known, Window]:
    """An index for the default gate, and an empty window."""
    return Known(PROCESS, ("executable_masked", "system_session")), Window()


def test_a_known_program_from_another_folder_is_told_with_its_usual_place() -> None:
    """`runs 412 times from System32, never before from here`: counts are the window's."""
    known, window = processes()
    window.add(known, "h", SYSTEM, 412)
    gate = (r"c:\users\public\svchost.exe", False)
    window.add(known, "h", gate)

    assert Novelty(new_place=True, elsewhere=True) == of_process(
        known, window, r"C:\Users\Public\svchost.exe", gate
    )
    assert (Place(r"c:\windows\system#", 412, False),) == known.places("h", gate, window)


def test_the_same_path_in_another_session_is_neither_new_nor_elsewhere() -> None:
    """Only the session differs."""
    known, window = processes()
    window.add(known, "h", SYSTEM, 3)
    window.add(known, "h", (r"c:\windows\system#\lsass.exe", True))
    gate = (SYSTEM[0], False)
    window.add(known, "h", gate)

    assert Novelty(same_place=True) == of_process(known, window, r"C:\Windows\System32\svchost.exe", gate)


def test_a_name_easily_taken_for_a_known_one_is_told() -> None:
    """One letter off, and digits for letters."""
    known, window = processes()
    window.add(known, "h", (r"c:\agent\monitoragent.exe", True), 9)
    for executable in (r"c:\agent\monitoragemt.exe", r"c:\agent\m0nitoragent.exe"):
        gate = (executable.replace("0", "#"), True)
        window.add(known, "h", gate)

        assert "monitoragent.exe" == of_process(known, window, executable, gate).alike

        del window.live["h"][gate]


def test_a_version_number_makes_no_look_alike() -> None:
    """python3.exe and python39.exe."""
    known, window = processes()
    window.add(known, "h", (r"c:\py\python#.exe", False), 9)
    gate = (r"c:\py\python.exe", False)
    window.add(known, "h", gate)

    assert "" == of_process(known, window, r"c:\py\python.exe", gate).alike


def test_what_has_left_the_window_is_not_known() -> None:
    """The index may still hold it: the engine is asked."""
    known, window = processes()
    window.add(known, "h", SYSTEM, 412)
    del window.live["h"][SYSTEM]
    gate = (r"c:\users\public\svchost.exe", False)
    window.add(known, "h", gate)

    assert Novelty(new_name=True, new_place=True) == of_process(
        known, window, r"C:\Users\Public\svchost.exe", gate
    )


def test_scopes_know_nothing_of_each_other() -> None:
    """Nor does a scope that was never seen know anything."""
    known, window = processes()
    window.add(known, "other", SYSTEM, 412)

    assert Novelty(new_name=True, new_place=True) == of_process(
        known, window, r"C:\Windows\System32\svchost.exe", SYSTEM
    )


def test_a_rebuilt_index_says_the_same() -> None:
    """After a restore the engine is full and nothing was seen."""
    known, window = processes()
    window.add(known, "h", SYSTEM, 5)
    gate = (r"c:\users\public\svchost.exe", False)
    window.add(known, "h", gate)
    rebuilt = Known(PROCESS, ("executable_masked", "system_session"))
    rebuilt.rebuild(window)
    path = r"C:\Users\Public\svchost.exe"

    assert of_process(known, window, path, gate) == of_process(rebuilt, window, path, gate)


def test_without_the_path_in_the_gate_nothing_is_said() -> None:
    """Counts by folder need it."""
    known, window = Known(PROCESS, ("system_session",)), Window()
    window.add(known, "h", (True,))

    assert Novelty() == of_process(known, window, r"C:\a.exe", (True,))


def test_an_accounts_places_are_its_source_addresses() -> None:
    """A look-alike account from a new address."""
    known, window = Known(LOGON, ("account", "source_address")), Window()
    window.add(known, "h", (r"corp\administrator", "10.0.0.1"), 7)
    gate = (r"corp\adm#nistrator", "10.0.0.9")
    window.add(known, "h", gate)
    event = Event(
        kind=LOGON,
        format="test",
        code="4624",
        time=0,
        host="h",
        account=r"CORP\adm1nistrator",
        source_ip="10.0.0.9",
    )

    assert Novelty(new_name=True, new_place=True, alike=r"corp\administrator") == known.of(
        event, "h", gate, window
    )


def test_a_place_is_crowded_by_the_other_accounts_that_use_it() -> None:
    """Whatever the order in which they came; many accounts are a crowd however little each does."""
    known, window = Known(LOGON, ("account", "source_address")), Window()
    gate = ("ann", "10.0.0.1")
    window.add(known, "h", gate, 50)
    assert 0 == known.crowd("h", gate, window)

    window.add(known, "h", ("bob", "10.0.0.1"), 3)
    window.add(known, "h", ("eve", "10.0.0.2"), 70)
    window.add(known, "h", ("", "10.0.0.1"), 4)
    assert 7 == known.crowd("h", gate, window)
    assert 0 == known.crowd("h", ("ann", ""), window)
    assert 0 == known.crowd("other", gate, window)

    window.live["h"].pop(("bob", "10.0.0.1"))
    assert 4 == known.crowd("h", gate, window)

    for number in range(16):
        window.add(known, "h", (f"user{number}", "10.0.0.1"))
    assert 1000 == known.crowd("h", gate, window)
    known.rebuild(window)
    assert 1000 == known.crowd("h", gate, window)


def test_what_has_left_is_forgotten_as_new_gates_come() -> None:
    """The index holds no more than twice what is live."""
    known, window = processes()
    for number in range(100):
        window.add(known, "h", (rf"c:\a{'x' * number}\p.exe", True))
    window.live["h"].clear()
    for number in range(100):
        window.add(known, "h", (rf"c:\b{'x' * number}\q.exe", True))

    assert 100 == known.size("h")
