"""Process and authentication events in the Elastic Common Schema, from any agent.

Auditbeat's auditd module, Elastic Defend, Filebeat's system module, Elastic Agent. A process event is one
with event.category process and event.type start; a logon one with event.category authentication and an
outcome, which is no logoff (event.type end). `user.*` is the process's own or the one that logs on.
"""

from typing import Final

from processor.events.event import LOGON, PROCESS
from processor.events.mapping import Source

FORMAT: Final = "ecs"

_HOST: Final = ("host.name", "host.hostname", "agent.hostname", "agent.name")
_USER: Final = {
    "user_name": ("user.name",),
    "user_domain": ("user.domain",),
    "user_id": ("user.id",),
}
_TIME: Final = ("@timestamp",)

SOURCES: Final = (
    Source(
        "process start",
        FORMAT,
        PROCESS,
        when={
            "event.category": frozenset({"process"}),
            "event.type": frozenset({"start", "process_start", "process_started"}),
        },
        unless={"event.outcome": frozenset({"failure"})},
        fields={
            "time": _TIME,
            "code": ("event.code", "event.action"),
            "host": _HOST,
            **_USER,
            "logon_id": ("winlog.logon.id", "auditd.session"),
            "executable": ("process.executable", "process.name"),
            "command_line": ("process.command_line", "process.args", "process.title"),
            "pid": ("process.pid",),
            "parent_executable": ("process.parent.executable", "process.parent.name"),
            "parent_command_line": ("process.parent.command_line", "process.parent.args"),
            "parent_pid": ("process.parent.pid", "process.ppid"),
        },
    ),
    Source(
        "authentication",
        FORMAT,
        LOGON,
        when={
            "event.category": frozenset({"authentication"}),
            "event.outcome": frozenset({"success", "failure"}),
        },
        unless={"event.type": frozenset({"end"})},
        fields={
            "time": _TIME,
            "code": ("event.code", "event.action"),
            "host": _HOST,
            **_USER,
            "logon_id": ("winlog.logon.id", "auditd.session"),
            "logon_type": ("winlog.event_data.LogonType", "winlog.logon.type"),
            "outcome": ("event.outcome",),
            "source_ip": ("source.ip", "source.address"),
            "authentication_package": (
                "winlog.event_data.AuthenticationPackageName",
                "system.auth.ssh.method",
                "auditd.data.op",
            ),
        },
    ),
)
