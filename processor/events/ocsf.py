"""OCSF 1.x: Process Activity (class 1007, activity Launch) and Authentication (class 3002, activity Logon).

The process's own user and session where they are given, else the actor's; the actor's process is the parent
where the process names none. logon_type_id has Windows' numbers.
"""

from typing import Final

from processor.events.event import LOGON, PROCESS
from processor.events.mapping import Source

FORMAT: Final = "ocsf"

SOURCES: Final = (
    Source(
        "1007 Process Activity: Launch",
        FORMAT,
        PROCESS,
        when={"class_uid": frozenset({"1007"}), "activity_id": frozenset({"1"})},
        unless={"status_id": frozenset({"2"})},
        fields={
            "time": ("time", "time_dt"),
            "code": ("metadata.event_code", "class_uid"),
            "host": ("device.hostname", "device.name", "device.uid"),
            "user_name": ("process.user.name", "actor.user.name"),
            "user_domain": ("process.user.domain", "actor.user.domain"),
            "user_id": ("process.user.uid", "actor.user.uid"),
            "logon_id": ("process.session.uid", "actor.session.uid"),
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
        },
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
    ),
)
