"""Records to measure with: mixed sources of 1 KB, repetitive as real logs are, and a real stream tiled."""

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from processor.events.event import program_name

# The real stream, where the checkout has the recorded data beside it.
RECORDED: Final = Path("../shared/data/events/mstic_win1.jsonl.gz")
START: Final = 1_767_225_600_000  # 2026-01-01 UTC, ms
# Two days of a fleet, in which every scope leaves its warm-up.
HISTORY_END: Final = START + 2 * 86_400_000
_PROGRAMS: Final = 200
# Hosts of one role run the same programs.
_ROLES: Final = 5
_TEMPLATES: Final = 100
_HOSTS: Final = 50
_USERS: Final = 4
# What a full window has shown of each template on each host: it twice, and so many variants.
_SHOWN: Final = 4
# Of each user's logons on each host: enough for the host's logons to leave their warm-up.
_LOGONS: Final = 6
HISTORY: Final = _HOSTS * (2 * _TEMPLATES * _SHOWN + _LOGONS * _USERS)
# More (host, command line) pairs than the memory of repeats holds.
FLEET_HOSTS: Final = 1_500
_FLEET_TEMPLATES: Final = 60
FLEET_HISTORY: Final = 2 * FLEET_HOSTS * _FLEET_TEMPLATES
_GUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_STAMP: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")
_WORDS: Final = (
    "update",
    "scan",
    "sync",
    "report",
    "backup",
    "queue",
    "Service",
    "Policy",
    "Agent",
    "Monitor",
)


class Raw(NamedTuple):
    """One record as it is read: key (the host), value, Kafka timestamp in ms."""

    key: bytes
    value: bytes
    timestamp: int


def mixed(
    count: int,
    new_share: float,
    seed: int = 1,
    *,
    lap: int = 0,
    begin: int = START,
    step: float = 5.0,
    strange: float = 0.0,
) -> Iterator[Raw]:
    """Sysmon 1 and 4688 of NXLog, 4624 of Winlogbeat, ECS execve; about 1 KB each.

    new_share : of process creations whose command line was never seen before: another run's id, and one in
        ten another length too; the others repeat the templates of their host's role by Zipf's law
    lap : another lap has the same hosts and templates and other events
    begin, step : event time of the first record and from each to the next, ms
    strange : share of Windows' process creations whose program and folder were never seen before
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose, no secret
    roles = [[_template(rng, number) for number in range(_TEMPLATES)] for _ in range(_ROLES)]
    weights = [1.0 / (rank + 1) for rank in range(_TEMPLATES)]
    if lap:
        rng = random.Random(f"{seed}/{lap}")  # noqa: S311 - as above
    for number in range(count):
        time = begin + round(number * step)
        machine = rng.randrange(_HOSTS)
        host = _host(machine)
        program, command_line = rng.choices(roles[machine % _ROLES], weights)[0]
        if rng.random() < new_share:
            command_line = _variant(rng, command_line)
        source = rng.choices((_sysmon if machine % 2 else _security, _logon, _execve), (70, 15, 15))[0]
        if strange and source in (_sysmon, _security) and rng.random() < strange:
            program = f"C:\\ProgramData\\{_word(rng)}\\{_word(rng)}.exe"
            command_line = f'"{program}" --{_word(rng)}'
        document = source(rng, _iso(time), host, program, command_line)
        yield Raw(host.encode(), _written(document), time)


def history() -> Iterator[Raw]:
    """What a model has seen before it is measured: HISTORY records, for the hosts and templates of `mixed`.

    Two days that tell as much as a week: of each template on each host what a week's repetition leaves.
    """
    rng = random.Random(1)  # noqa: S311 - repeatable on purpose, no secret
    roles = [[_template(rng, number) for number in range(_TEMPLATES)] for _ in range(_ROLES)]
    events: list[tuple[int, Any, str, str]] = []
    for machine in range(_HOSTS):
        windows = _sysmon if machine % 2 else _security
        for program, command_line in roles[machine % _ROLES]:
            for source in (windows, _execve):
                events += [(machine, source, program, command_line)] * 2
                events += [(machine, source, program, _variant(rng, command_line)) for _ in range(_SHOWN - 2)]
        events += [(machine, _logon, "", "")] * (_LOGONS * _USERS)
    rng.shuffle(events)
    for number, (machine, source, program, command_line) in enumerate(events):
        time = START + number * (HISTORY_END - START) // HISTORY
        host = _host(machine)
        yield Raw(host.encode(), _written(source(rng, _iso(time), host, program, command_line)), time)


def fleet_history() -> Iterator[Raw]:
    """What a model has seen before `fleet`: two days, each command twice on each host."""
    rng = random.Random(2)  # noqa: S311 - repeatable on purpose, no secret
    pairs = [(host, number) for host in range(FLEET_HOSTS) for number in range(_FLEET_TEMPLATES)]
    yield from _on_hosts(rng, pairs + pairs, START, (HISTORY_END - START) / FLEET_HISTORY)


def fleet(count: int) -> Iterator[Raw]:
    """Process creations of many hosts behind their history: nothing new, commands by Zipf's law."""
    rng = random.Random(3)  # noqa: S311 - repeatable on purpose, no secret
    weights = [1.0 / (rank + 1) for rank in range(_FLEET_TEMPLATES)]
    numbers = rng.choices(range(_FLEET_TEMPLATES), weights, k=count)
    yield from _on_hosts(rng, [(rng.randrange(FLEET_HOSTS), each) for each in numbers], HISTORY_END, 5.0)


def _on_hosts(rng: random.Random, pairs: list[tuple[int, int]], begin: int, step: float) -> Iterator[Raw]:
    """A record of each (host, template), Sysmon's or Windows' own by the host; step in ms."""
    chosen = random.Random(1)  # noqa: S311 - as above
    templates = [_template(chosen, number) for number in range(_FLEET_TEMPLATES)]
    for number, (machine, template) in enumerate(pairs):
        time, host = begin + round(number * step), _host(machine)
        source = _sysmon if machine % 2 else _security
        yield Raw(host.encode(), _written(source(rng, _iso(time), host, *templates[template])), time)


def tiled(path: Path, count: int) -> Iterator[Raw]:
    """A recorded stream over and over, each lap an hour later, with fresh GUIDs and its own times."""
    with gzip.open(path, "rb") as lines:
        records = lines.read().splitlines()
    for number in range(count):
        lap, place = divmod(number, len(records))
        time = START + lap * 3_600_000 + place * 3_600_000 // len(records)
        tile = f"{lap:08x}-{place % 65536:04x}-4000-8000-{number:012x}".encode()
        value = _STAMP.sub(_iso(time)[:-1].encode(), _GUID.sub(tile, records[place]))
        yield Raw(b"host", value, time)


def _written(document: dict[str, Any]) -> bytes:
    """As shippers write it: without blanks between the tokens."""
    return json.dumps(document, separators=(",", ":")).encode()


def say_skipped(name: str) -> None:
    """Tell of a workload that is left out because the recorded stream is not there."""
    print(f"skipped: {name} ({RECORDED} is not there)")  # noqa: T201


def _host(machine: int) -> str:
    return f"ws-{machine:03d}.corp.example"


def _variant(rng: random.Random, command_line: str) -> str:
    """Another run of a command: a new id, one time in ten something longer."""
    longer = f" {'x' * rng.randrange(40)}" if rng.random() < 0.1 else ""
    return f"{command_line} --run {rng.getrandbits(64):016x}{longer}"


def _template(rng: random.Random, number: int) -> tuple[str, str]:
    program = f"C:\\Program Files\\{_WORDS[number % 10]}\\bin\\tool{number % _PROGRAMS}.exe"
    words = " ".join(
        f"--{rng.choice(_WORDS)}={rng.choice(_WORDS)}{rng.randrange(100)}" for _ in range(rng.randrange(1, 6))
    )
    return program, f'"{program}" {words}'


def _word(rng: random.Random) -> str:
    """Letters that no mask takes for a number in hex."""
    return "".join(rng.choices("ghijklmnopqrstuvwxyz", k=10))


def _iso(time: int) -> str:
    seconds, ms = divmod(time - START, 1000)
    days, seconds = divmod(seconds, 86_400)
    return (
        f"2026-{days // 28 % 12 + 1:02d}-{days % 28 + 1:02d}"
        f"T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}Z"
    )


def _guid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{{{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}}}"


def _sysmon(rng: random.Random, time: str, host: str, program: str, command_line: str) -> dict[str, Any]:
    return {
        "EventTime": time.replace("T", " ")[:19],
        "Hostname": host,
        "Keywords": -9223372036854775808,
        "EventType": "INFO",
        "SeverityValue": 2,
        "EventID": 1,
        "SourceName": "Microsoft-Windows-Sysmon",
        "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
        "Version": 5,
        "RecordNumber": rng.randrange(10**6),
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "UtcTime": time.replace("T", " ")[:-1],
        "ProcessGuid": _guid(rng),
        "ProcessId": str(rng.randrange(10_000)),
        "Image": program,
        "FileVersion": "10.0.1",
        "CommandLine": command_line,
        "CurrentDirectory": "C:\\Windows\\system32\\",
        "User": "NT AUTHORITY\\SYSTEM",
        "LogonGuid": _guid(rng),
        "LogonId": "0x3e7",
        "TerminalSessionId": "0",
        "IntegrityLevel": "System",
        "Hashes": f"SHA256={rng.getrandbits(256):064X}",
        "ParentProcessGuid": _guid(rng),
        "ParentProcessId": "640",
        "ParentImage": "C:\\Windows\\System32\\services.exe",
        "ParentCommandLine": "C:\\Windows\\System32\\services.exe",
        "@timestamp": time,
    }


def _security(rng: random.Random, time: str, host: str, program: str, command_line: str) -> dict[str, Any]:
    return {
        "TenantId": "52b1ab41-869e-4138-9e40-2a4457f09bf0",
        "TimeGenerated": time,
        "SourceSystem": "OpsManager",
        "Account": f"CORP\\{host.split('.', maxsplit=1)[0]}$",
        "AccountType": "Machine",
        "Computer": host,
        "EventSourceName": "Microsoft-Windows-Security-Auditing",
        "Channel": "Security",
        "Task": 13312,
        "Level": "8",
        "EventID": 4688,
        "Activity": "4688 - A new process has been created.",
        "SourceComputerId": _guid(rng),
        "EventOriginId": _guid(rng),
        "MG": "00000000-0000-0000-0000-000000000001",
        "TimeCollected": time,
        "ManagementGroupName": "AOI-52b1ab41",
        "CommandLine": command_line,
        "MandatoryLabel": "S-1-16-16384",
        "NewProcessId": hex(rng.randrange(65536)),
        "NewProcessName": program,
        "ParentProcessName": "C:\\Windows\\System32\\svchost.exe",
        "Process": program_name(program),
        "ProcessId": "0x284",
        "SubjectDomainName": "CORP",
        "SubjectLogonId": "0x3e7",
        "SubjectUserName": f"{host.split('.', maxsplit=1)[0]}$",
        "SubjectUserSid": "S-1-5-18",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "TargetUserName": "-",
        "TargetUserSid": "S-1-0-0",
        "TokenElevationType": "%%1936",
        "Type": "SecurityEvent",
    }


def _logon(rng: random.Random, time: str, host: str, _program: str, _command_line: str) -> dict[str, Any]:
    number = rng.randrange(_USERS)
    user = f"user{number}.{host[:6]}"
    return {
        "@timestamp": time,
        "event": {"code": "4624", "kind": "event", "provider": "Microsoft-Windows-Security-Auditing"},
        "host": {"name": host, "os": {"family": "windows", "platform": "windows", "version": "10.0"}},
        "agent": {"type": "winlogbeat", "version": "8.11.1", "id": "5c1f3a52-6f43-4d3c-9a2c-1f4b8f6e2a10"},
        "winlog": {
            "event_id": "4624",
            "provider_name": "Microsoft-Windows-Security-Auditing",
            "computer_name": host,
            "channel": "Security",
            "record_id": rng.randrange(10**6),
            "event_data": {
                "SubjectUserSid": "S-1-0-0",
                "SubjectUserName": "-",
                "SubjectDomainName": "-",
                "SubjectLogonId": "0x0",
                "TargetUserSid": f"S-1-5-21-1004336348-1177238915-682003330-{1000 + rng.randrange(80)}",
                "TargetUserName": user,
                "TargetDomainName": "CORP",
                "TargetLogonId": hex(rng.getrandbits(32)),
                "LogonType": "3",
                "LogonProcessName": "Kerberos",
                "AuthenticationPackageName": "Kerberos",
                "WorkstationName": "-",
                "LogonGuid": _guid(rng),
                "IpAddress": f"10.0.0.{number}",
                "IpPort": str(rng.randrange(1024, 65535)),
            },
        },
    }


def _execve(rng: random.Random, time: str, host: str, program: str, command_line: str) -> dict[str, Any]:
    executable = "/usr/bin/" + program_name(program).removesuffix(".exe")
    arguments = command_line.replace(program, executable).replace('"', "").split()
    return {
        "@timestamp": time,
        "agent": {"type": "auditbeat", "version": "8.11.1", "id": "5c1f3a52-6f43-4d3c-9a2c-1f4b8f6e2a11"},
        "ecs": {"version": "8.0.0"},
        "event": {
            "category": ["process"],
            "type": ["start"],
            "action": "executed",
            "kind": "event",
            "outcome": "success",
        },
        "host": {
            "name": host,
            "hostname": host,
            "architecture": "x86_64",
            "os": {"platform": "debian", "type": "linux"},
        },
        "user": {"id": "0", "name": "root", "group": {"id": "0", "name": "root"}, "effective": {"id": "0"}},
        "auditd": {"session": "unset", "result": "success", "data": {"syscall": "execve", "tty": "(none)"}},
        "process": {
            "pid": rng.randrange(65536),
            "name": executable.rsplit("/", 1)[-1],
            "executable": executable,
            "title": " ".join(arguments),
            "args": arguments,
            "args_count": len(arguments),
            "command_line": " ".join(arguments),
            "working_directory": "/",
            "parent": {"pid": 1},
            "hash": {"sha1": f"{rng.getrandbits(160):040x}"},
        },
        "service": {"type": "auditd"},
    }
