"""Microsoft Defender for Endpoint: DeviceProcessEvents and DeviceLogonEvents, as tables and as streamed.

Columns beside each other (advanced hunting, Sentinel, CSV) or under `properties` (streaming API; its batches
are under `records`, see the top of this page). Account and
LogonId are the new process's own, InitiatingProcess* is the parent. LogonAttempted is no logon.
"""

from typing import Final

from processor.events.event import LOGON, PROCESS
from processor.events.mapping import Source

FORMAT: Final = "defender"


def _columns(*names: str) -> tuple[str, ...]:
    return (*names, *(f"properties.{name}" for name in names))


_COMMON: Final = {
    "time": _columns("Timestamp", "TimeGenerated", "TimeGenerated [UTC]"),
    "code": _columns("ActionType"),
    "host": _columns("DeviceName", "DeviceId"),
    "user_name": _columns("AccountName"),
    "user_domain": _columns("AccountDomain"),
    "user_id": _columns("AccountSid"),
    "logon_id": _columns("LogonId"),
}
_PROCESS: Final = _COMMON | {
    "executable": _columns("FolderPath", "FileName"),
    "command_line": _columns("ProcessCommandLine"),
    "pid": _columns("ProcessId"),
    "parent_executable": _columns("InitiatingProcessFolderPath", "InitiatingProcessFileName"),
    "parent_command_line": _columns("InitiatingProcessCommandLine"),
    "parent_pid": _columns("InitiatingProcessId"),
}
_LOGON: Final = _COMMON | {
    "logon_type": _columns("LogonType"),
    "source_ip": _columns("RemoteIP"),
    "authentication_package": _columns("Protocol"),
}


def _logon(name: str, place: str, action: str, outcome: str) -> Source:
    return Source(
        name, FORMAT, LOGON, when={f"{place}ActionType": frozenset({action})}, fields=_LOGON,
        constants={"outcome": outcome},
    )  # fmt: skip


SOURCES: Final = tuple(
    source
    for place, how in (("", ""), ("properties.", ", streamed"))
    for source in (
        Source(
            f"DeviceProcessEvents{how}",
            FORMAT,
            PROCESS,
            when={f"{place}ActionType": frozenset({"ProcessCreated"})},
            fields=_PROCESS,
        ),
        _logon(f"DeviceLogonEvents LogonSuccess{how}", place, "LogonSuccess", "success"),
        _logon(f"DeviceLogonEvents LogonFailed{how}", place, "LogonFailed", "failure"),
    )
)
