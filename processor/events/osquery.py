"""osquery's results of process_events (audit), bpf_process_events, es_process_events, process_etw_events.

A result names the query, not the table, so its columns tell: `time` is an event table's (the `processes`
table has `start_time`), and `syscall`, `event_type` or `type` tell exec from fork and exit.
bpf_process_events has `exit_code` beside `syscall`; an exec that failed started nothing. Differential results
that say removed are no events. There is no logon id.
"""

from dataclasses import replace
from typing import Final

from processor.events.event import PROCESS
from processor.events.mapping import ANY, Source

FORMAT: Final = "osquery"

_FIELDS: Final = {
    "time": ("columns.time", "unixTime"),
    "host": ("decorations.hostname", "hostIdentifier"),
    "user_name": ("columns.username",),
    "user_id": ("columns.uid",),
    "executable": ("columns.path", "columns.binary_path"),
    "command_line": ("columns.cmdline",),
    "pid": ("columns.pid", "columns.process_id"),
    "parent_pid": ("columns.parent", "columns.ppid", "columns.parent_process_id"),
}
_EVENT: Final = frozenset({"added", "snapshot"})


_EXECS: Final = frozenset({"execve", "execveat", "exec"})


def _table(name: str, told_by: str, values: frozenset[str]) -> Source:
    return Source(
        name,
        FORMAT,
        PROCESS,
        when={"action": _EVENT, "columns.time": frozenset({ANY}), f"columns.{told_by}": values},
        fields=_FIELDS | {"code": (f"columns.{told_by}",)},
    )


SOURCES: Final = (
    Source(
        "bpf_process_events",
        FORMAT,
        PROCESS,
        when={"action": _EVENT, "columns.syscall": _EXECS, "columns.exit_code": frozenset({"0", ""})},
        fields=_FIELDS | {"code": ("columns.syscall",)},
    ),
    replace(_table("process_events", "syscall", _EXECS), unless={"columns.exit_code": frozenset({ANY})}),
    _table("es_process_events", "event_type", frozenset({"exec"})),
    _table("process_etw_events", "type", frozenset({"ProcessStart"})),
    Source(
        "process_events without syscall",
        FORMAT,
        PROCESS,
        when={
            "action": _EVENT,
            "columns.time": frozenset({ANY}),
            # user_events and socket_events have it too, but no command line.
            "columns.auid": frozenset({ANY}),
            "columns.cmdline": frozenset({ANY}),
        },
        unless={"columns.syscall": frozenset({ANY})},
        fields=_FIELDS,
        constants={"code": "process_events"},
    ),
)
