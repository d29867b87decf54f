"""Records of Windows processes and logons in every layout, made after their documented shapes."""

import json
from typing import Any

from processor.events.event import Event
from processor.events.formats import Decoder

PROCESS = {
    "SubjectUserSid": "S-1-5-21-1-2-3-1107",
    "SubjectUserName": "pbeesly",
    "SubjectDomainName": "DMEVALS",
    "SubjectLogonId": "0x3731F3",
    "NewProcessId": "0x214c",
    "NewProcessName": "C:\\Windows\\System32\\whoami.exe",
    "ProcessId": "0x1158",
    "CommandLine": "whoami /all",
    "ParentProcessName": "C:\\Windows\\System32\\cmd.exe",
    "TargetUserName": "-",
    "TargetLogonId": "0x0",
}
LOGON = {
    "SubjectUserName": "SCRANTON$",
    "SubjectLogonId": "0x3e7",
    "TargetUserSid": "S-1-5-21-1-2-3-1107",
    "TargetUserName": "pbeesly",
    "TargetDomainName": "DMEVALS",
    "TargetLogonId": "0x861a79",
    "LogonType": "10",
    "IpAddress": "10.0.1.4",
    "AuthenticationPackageName": "Negotiate",
}
SYSMON = {
    "UtcTime": "2020-05-02 02:55:56.157",
    "ProcessGuid": "{47ab858c-e13c-5eac-a903-000000000400}",
    "ProcessId": "8524",
    "Image": "C:\\Windows\\System32\\whoami.exe",
    "CommandLine": "whoami /all",
    "User": "DMEVALS\\pbeesly",
    "LogonId": "0x3731F3",
    "ParentProcessId": "4440",
    "ParentImage": "C:\\Windows\\explorer.exe",
    "ParentCommandLine": "explorer.exe",
}
TIME = 1_588_388_156_157
STAMP = "2020-05-02T02:55:56.157Z"


def flat(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As NXLog ships it: event data beside the header."""
    return {"EventID": event_id, "Hostname": "SCRANTON.dmevals.local", "@timestamp": STAMP, **data}


def sentinel(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As Microsoft Sentinel exports it to CSV: every value a text."""
    row = {
        "EventID": event_id,
        "Computer": "SCRANTON.dmevals.local",
        "TimeGenerated": "2020-05-02 02:55:56.157",
    }
    return {key: str(value) for key, value in (row | data).items()}


def beats6(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As Winlogbeat 6 ships it."""
    return {
        "@timestamp": STAMP,
        "event_id": event_id,
        "computer_name": "SCRANTON.dmevals.local",
        "event_data": data,
    }


def beats7(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As Winlogbeat 7 and later ships it, through a collector that is not the host."""
    return {
        "@timestamp": STAMP,
        "host": {"name": "collector"},
        "winlog": {"event_id": event_id, "computer_name": "SCRANTON.dmevals.local", "event_data": data},
    }


LAYOUTS = (flat, sentinel, beats6, beats7)


def decode(record: object, **limits: Any) -> Event | None:
    """One record decoded with the contract's limits, or those given."""
    limits = {"formats": None, "max_record_size": 1 << 20, "max_command_line": 8192} | limits
    return Decoder(**limits).decode(record if isinstance(record, bytes) else json.dumps(record).encode())
