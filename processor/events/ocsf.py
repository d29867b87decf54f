"""OCSF 1.x: Process Activity (class 1007, activity Launch) and Authentication (class 3002, activity Logon).

The process's own user where the record names it, else the actor's, and never parts of both; the session
likewise. The actor's process is the parent where the process names none. Ids 0 (Unknown) and 99 (Other) of
logon types and of the status say nothing; logon type 1 is System, Windows' 0.
"""

from typing import Final

from processor.events.event import LOGON, PROCESS
from processor.events.mapping import ANY, Source

FORMAT: Final = "ocsf"

_LAUNCH: Final = {"class_uid": frozenset({"1007"}), "activity_id": frozenset({"1"})}
_NO_LAUNCH: Final = {"status_id": frozenset({"2"})}
_PROCESS: Final = {
    "time": ("time", "time_dt"),
    "code": ("metadata.event_code", "class_uid"),
    "host": ("device.hostname", "device.name", "device.uid"),
    "executable": ("process.file.path", "process.path", "process.file.name", "process.name"),
    "command_line": ("process.cmd_line",),
    "pid": ("process.pid",),
    "parent_executable": (
        "process.parent_process.file.path",
        "actor.process.file.path",
        "actor.process.file.name",
        "actor.process.name",
    ),
    "parent_command_line": ("process.parent_process.cmd_line", "actor.process.cmd_line"),
    "parent_pid": ("process.parent_process.pid", "actor.process.pid"),
    "logon_id": ("process.session.uid", "actor.session.uid"),
}
_UNKNOWN: Final[dict[str, object]] = {"0": None, "99": None, "unknown": None, "other": None}


def _user(owner: str) -> dict[str, tuple[str, ...]]:
    return {
        "user_name": (f"{owner}.user.name",),
        "user_domain": (f"{owner}.user.domain",),
        "user_id": (f"{owner}.user.uid",),
    }


SOURCES: Final = (
    Source(
        "1007 Process Activity: Launch, of the process's own user",
        FORMAT,
        PROCESS,
        when=_LAUNCH | {"process.user": frozenset({ANY})},
        unless=_NO_LAUNCH,
        fields=_PROCESS | _user("process"),
    ),
    Source(
        "1007 Process Activity: Launch",
        FORMAT,
        PROCESS,
        when=_LAUNCH,
        unless=_NO_LAUNCH,
        fields=_PROCESS | _user("actor"),
    ),
    Source(
        "3002 Authentication: Logon",
        FORMAT,
        LOGON,
        when={"class_uid": frozenset({"3002"}), "activity_id": frozenset({"1"})},
        fields={
            "time": ("time", "time_dt"),
            "code": ("metadata.event_code", "class_uid"),
            "host": (
                "device.hostname",
                "device.name",
                "dst_endpoint.hostname",
                "dst_endpoint.name",
                "device.uid",
            ),
            "user_name": ("user.name", "user.email_addr"),
            "user_domain": ("user.domain",),
            "user_id": ("user.uid",),
            "logon_id": ("session.uid",),
            "logon_type": ("logon_type_id", "logon_type"),
            "outcome": ("status_id", "status"),
            "source_ip": ("src_endpoint.ip",),
            "authentication_package": ("auth_protocol", "auth_protocol_id"),
        },
        values={
            "logon_type": _UNKNOWN | {"1": 0},
            "outcome": _UNKNOWN | {"1": "success", "2": "failure"},
        },
    ),
)
