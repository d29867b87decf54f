"""Scopes of events, where whoever writes the events names hosts as he likes."""

import re
import tracemalloc

from processor.detection.detector import Detector
from processor.detection.settings import ScopeSettings
from tests.unit.detection.test_detector import event, identify, settings

MIB = 1 << 20


def test_a_host_is_rewritten_alike_whenever_it_comes() -> None:
    """Remembered or not."""
    rewriting = ScopeSettings("host.name", ((re.compile(r"-\d+$"), ""),))
    scope_of = Detector(settings(scope=rewriting), identify).scope_of

    assert [scope_of(event(1, host=host)) for host in ("web-1", "web-2", "web-1", "")] == [
        "web",
        "web",
        "web",
        "",
    ]


def test_hosts_without_end_are_not_all_remembered() -> None:
    """40 million characters of them: two generations of 8 million stay at most."""
    scope_of = Detector(settings(), identify).scope_of
    tracemalloc.start()
    try:
        for number in range(40_000):
            scope_of(event(1, host=f"{number:01000d}"))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 24 * MIB
