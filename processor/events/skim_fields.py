"""Which fields of a record decide its sketch (sketches.py), and how: tables for skim.py."""

from typing import Final

# What is done with a field. The types are those of the readers' records: another type is not usual.
SKIP: Final = 0
ODD: Final = 1  # give up
FREE: Final = 2  # text that decides nothing
FREE_WORDS: Final = 3  # a list of texts that decides nothing
MARK: Final = 4  # text that decides by being there
TIME: Final = 5
SID: Final = 6  # text that decides by whether it is the system's
TEXT: Final = 7  # text that decides
WORDS: Final = 8  # texts that decide, one or a list
CODE: Final = 9  # text or number that decides
EVENT_ID: Final = 10  # so does this
SESSION: Final = 11  # text or number that decides by whether it is the system's
AUDIT_SESSION: Final = 12  # so does this
NUMBER: Final = 13  # text or number that only has to be a number
OBJECT: Final = 16  # + its node

# Where an object is in a record.
ROOT, EVENT_DATA, WINLOG, WINLOG_DATA, EVENT, HOST, PROCESS, PARENT, USER, AUDITD = range(10)
_WINDOWS: Final = {
    "Computer": TEXT,
    "Hostname": TEXT,
    "computer_name": TEXT,
    "SourceName": TEXT,
    "source_name": TEXT,
    "provider_name": TEXT,
    "Channel": TEXT,
    "log_name": TEXT,
    "NewProcessName": TEXT,
    "Image": TEXT,
    "CommandLine": TEXT,
    "Account": TEXT,
    "TargetUserName": TEXT,
    "TargetDomainName": TEXT,
    "IpAddress": TEXT,
    "AuthenticationPackageName": TEXT,
    "LogonType": CODE,
    "ProcessGuid": MARK,
    "User": FREE,
    "SubjectUserName": FREE,
    "SubjectDomainName": FREE,
    "ParentProcessName": FREE,
    "ParentImage": FREE,
    "ParentCommandLine": FREE,
    "SubjectUserSid": SID,
    "TargetUserSid": SID,
    "SubjectLogonId": SESSION,
    "TargetLogonId": SESSION,
    "LogonId": SESSION,
    "NewProcessId": NUMBER,
    "ProcessId": NUMBER,
    "ParentProcessId": NUMBER,
    "UtcTime": TIME,
}
# In the order of windows.recorded_at; before them the event's own.
TIMES: Final = (
    "UtcTime",
    "SystemTime",
    "TimeCreated",
    "TimeGenerated",
    "TimeGenerated [UTC]",
    "EventTime",
    "@timestamp",
)
UTC_TIME, EVENT_TIME, TIMESTAMP, SLOTS = 0, 5, 6, 7
_NO_ID: Final = dict.fromkeys(("EventID", "event_id"), ODD)
_ONE_TIME: Final = dict.fromkeys(TIMES[1:], ODD)
_NO_NEST: Final = {"winlog": ODD, "event_data": ODD}
_HAS_ID: Final = dict.fromkeys(("EventID", "event_id"), EVENT_ID)
FIELDS: Final[dict[int, dict[str, int]]] = {
    ROOT: _WINDOWS
    | _HAS_ID
    | dict.fromkeys(TIMES, TIME)
    | {
        "winlog": OBJECT + WINLOG,
        "event_data": OBJECT + EVENT_DATA,
        "event": OBJECT + EVENT,
        "host": OBJECT + HOST,
        "process": OBJECT + PROCESS,
        "user": OBJECT + USER,
        "auditd": OBJECT + AUDITD,
    },
    EVENT_DATA: _WINDOWS | _NO_ID | _ONE_TIME | _NO_NEST,
    WINLOG: _WINDOWS | _HAS_ID | _ONE_TIME | {"winlog": ODD, "event_data": OBJECT + WINLOG_DATA},
    WINLOG_DATA: _WINDOWS | _NO_ID | _ONE_TIME | _NO_NEST,
    EVENT: {
        "kind": TEXT,
        "category": WORDS,
        "type": WORDS,
        "code": FREE,
        "action": TEXT,
        "outcome": TEXT,
    },
    HOST: {"name": TEXT},
    PROCESS: {
        "executable": TEXT,
        "command_line": TEXT,
        "args": WORDS,
        "title": TEXT,
        "pid": NUMBER,
        "ppid": NUMBER,
        "parent": OBJECT + PARENT,
        "Ext": ODD,
    },
    PARENT: {
        "executable": FREE,
        "name": FREE,
        "command_line": FREE,
        "args": FREE_WORDS,
        "pid": NUMBER,
    },
    USER: {"name": TEXT, "domain": FREE, "id": TEXT},
    AUDITD: {"session": AUDIT_SESSION},
}
NAMES: Final = tuple(dict.fromkeys(name for fields in FIELDS.values() for name in fields))
WIDTH: Final = 80
BUCKETS: Final = 1_024
# Weights of a name's characters and length that give each name a bucket of its own.
FIRST, MIDDLE, LAST, LENGTH = 457, 273, 739, 822
WINLOG_NAME: Final = NAMES.index("winlog")
EVENT_DATA_NAME: Final = NAMES.index("event_data")


def _buckets() -> bytes:
    """Number + 1 of the name in each bucket, 0 where there is none."""
    table = bytearray(BUCKETS)
    for number, name in enumerate(NAMES):
        length = len(name)
        marks = ord(name[0]) * FIRST + ord(name[length // 2]) * MIDDLE + ord(name[-1]) * LAST
        place = (marks + length * LENGTH) & (BUCKETS - 1)
        if table[place]:
            raise ValueError(f"{name} and {NAMES[table[place] - 1]} share a bucket")
        table[place] = number + 1
    return bytes(table)


def _actions() -> bytes:
    """What is done with each field, by node and the name's number."""
    table = bytearray(WIDTH * len(FIELDS))
    for node, fields in FIELDS.items():
        for name, action in fields.items():
            table[node * WIDTH + NAMES.index(name)] = action
    return bytes(table)


TABLE: Final = _buckets()
ACTIONS: Final = _actions()
TEXTS: Final = b"".join(name.encode().ljust(32, b"\0") for name in NAMES)
TIME_SLOTS: Final = bytes(TIMES.index(name) if name in TIMES else 255 for name in NAMES)
