"""osquery's results of process_events (audit), bpf_process_events, es_process_events, process_etw_events.

A result names the query, not the table, so its columns tell: `time` is an event table's (the `processes`
table has `start_time`), and `syscall`, `event_type` or `type` tell exec from fork and exit.
Differential results that say removed are no events. There is no logon id.
"""

from typing import Final

from processor.events.event import PROCESS
from processor.events.mapping import ANY, Source

FORMAT: Final = "osquery"

_FIELDS: Final = {
    "time": ("columns.time", "unixTime"),
    "host": ("decorations.hostname", "hostIdentifier"),
    "user_name": ("columns.username",),
    "user_id": ("columns.uid",),
    "executable": ("columns.path",),
    "command_line": ("columns.cmdline",),
    "pid": ("columns.pid",),
    "parent_pid": ("columns.parent", "columns.ppid"),
}
_EVENT: Final = frozenset({"added", "snapshot"})


def _table(name: str, told_by: str, values: frozenset[str]) -> Source:
    return Source(
        name,
        FORMAT,
        PROCESS,
        when={"action": _EVENT, "columns.time": frozenset({ANY}), f"columns.{told_by}": values},
        fields=_FIELDS | {"code": (f"columns.{told_by}",)},
    )


SOURCES: Final = (
    _table("process_events, bpf_process_events", "syscall", frozenset({"execve", "execveat", "exec"})),
    _table("es_process_events", "event_type", frozenset({"exec"})),
    _table("process_etw_events", "type", frozenset({"ProcessStart"})),
    Source(
        "process_events without syscall",
        FORMAT,
        PROCESS,
        when={"action": _EVENT, "columns.time": frozenset({ANY}), "columns.auid": frozenset({ANY})},
        unless={"columns.syscall": frozenset({ANY})},
        fields=_FIELDS,
        constants={"code": "process_events"},
    ),
)
