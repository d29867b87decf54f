"""What every format becomes: one process creation or one logon, in ECS meaning."""

from typing import Final, Literal

import msgspec

Kind = Literal["process", "logon"]
PROCESS: Final = "process"
LOGON: Final = "logon"
KINDS: Final[tuple[Kind, ...]] = (PROCESS, LOGON)

# Closed set: every InvalidEvent.reason is one of these (metric label of records_rejected_total).
REASONS: Final = ("not_json", "not_an_object", "too_large", "missing_field", "bad_field", "bad_time")


class Event(msgspec.Struct, frozen=True, gc=False):
    """One process creation or one logon.

    Text that the source does not give is the empty string, numbers are None. `time` is milliseconds since
    1970-01-01 UTC, None where the record has no usable time (the Kafka timestamp is taken then).
    docs/formats.md says, per format, which user and which logon id is meant.
    """

    kind: Kind
    format: str
    code: str
    time: int | None
    host: str
    user_name: str = ""
    user_domain: str = ""
    user_id: str = ""
    logon_id: str = ""
    system_session: bool = False
    # Process creation.
    executable: str = ""
    command_line: str = ""
    pid: int | None = None
    parent_executable: str = ""
    parent_command_line: str = ""
    parent_pid: int | None = None
    # Logon.
    account: str = ""
    logon_type: int | None = None
    outcome: Literal["success", "failure", ""] = ""
    source_ip: str = ""
    authentication_package: str = ""
    # The command line was cut at input.max_command_line characters.
    truncated: bool = False


# ECS field name -> attribute of Event: what scope.by, suppress and mappings may name.
ECS_FIELDS: Final[dict[str, str]] = {
    "host.name": "host",
    "user.name": "user_name",
    "user.domain": "user_domain",
    "user.id": "user_id",
    "event.code": "code",
    "event.outcome": "outcome",
    "process.executable": "executable",
    "process.command_line": "command_line",
    "process.pid": "pid",
    "process.parent.executable": "parent_executable",
    "process.parent.command_line": "parent_command_line",
    "process.parent.pid": "parent_pid",
    "source.ip": "source_ip",
}


def program_name(path: str) -> str:
    r"""Last part of a path; the separator is the event's own: a backslash where there is one, or a slash."""
    return path.rsplit("\\" if "\\" in path else "/", 1)[-1]


def folder(path: str) -> str:
    """All of a path before its last separator; empty where there is none."""
    head, separator, _ = path.rpartition("\\" if "\\" in path else "/")
    return head if separator else ""
