"""What a simulated host logs, laid out as Winlogbeat 8 ships it: Security 4688, 4624, 4625 and Sysmon 1."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from processor.study.simulate.world import Label, World

SYSTEM_LOGON: Final = "0x3e7"
_AUDITING: Final = (
    "Microsoft-Windows-Security-Auditing",
    "{54849625-5478-4994-a5ba-3e3b0328c30d}",
    "Security",
)
_SYSMON: Final = (
    "Microsoft-Windows-Sysmon",
    "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
    "Microsoft-Windows-Sysmon/Operational",
)
_TASKS: Final = {
    "4688": "Process Creation",
    "4624": "Logon",
    "4625": "Logon",
    "1": "Process Create (rule: ProcessCreate)",
}
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Session:
    """Who runs something: an account in one of its logon sessions."""

    account: str
    domain: str
    sid: str
    logon_id: str
    elevated: bool = False


@dataclass(frozen=True, slots=True)
class Logon:
    """One attempt to log on; `status` is empty for a success, else the NTSTATUS of 4625."""

    session: Session
    logon_type: int
    source_ip: str = "-"
    workstation: str = "-"
    package: str = "Negotiate"
    status: str = ""


def guid(rng: random.Random) -> str:
    """A random GUID without braces."""
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@dataclass(slots=True)
class Machine:
    """A host that logs. `sysmon` hosts ship Sysmon 1 instead of 4688: no process is shipped twice."""

    world: World
    name: str
    netbios: str
    domain: str
    address: str
    sysmon: bool
    rng: random.Random
    record_number: int = 0
    agent_id: str = field(init=False)
    system: Session = field(init=False)

    def __post_init__(self) -> None:
        self.agent_id = guid(self.rng)
        self.record_number = self.rng.randrange(10_000, 900_000)
        self.system = Session(
            f"{self.netbios.upper()}$", self.domain, "S-1-5-18", SYSTEM_LOGON, elevated=True
        )

    def run(self, session: Session, path: str, command_line: str, parent: str, label: Label) -> None:
        """Log that `session` started `path`; `parent` is the parent's path."""
        started = _Started(session, path, command_line, parent, self._pid(), self._pid())
        if self.sysmon:
            data = self._sysmon_process(started)
            self._ship("1", _SYSMON, "Process Create", data, label)
        else:
            data = _security_process(started)
            self._ship("4688", _AUDITING, "created-process", data, label)

    def log_on(self, logon: Logon, label: Label) -> None:
        """Log a logon to this host, or a failed one."""
        data = self._logon_data(logon)
        if logon.status:
            self._ship("4625", _AUDITING, "logon-failed", data, label)
        else:
            self._ship("4624", _AUDITING, "logged-in", data, label)

    def session(self, account: str, domain: str, sid: str, *, elevated: bool = False) -> Session:
        """A new logon session of an account on this host."""
        return Session(account, domain, sid, hex(self.rng.randrange(0x10000, 0x7FFFFFFF)), elevated)

    def _pid(self) -> int:
        return self.rng.randrange(300, 20_000) * 4

    def _logon_data(self, logon: Logon) -> dict[str, str]:
        by_service = logon.logon_type in {2, 4, 5, 7, 10, 11}
        subject = self.system if by_service else Session("-", "-", "S-1-0-0", "0x0")
        data = {
            "SubjectUserSid": subject.sid,
            "SubjectUserName": subject.account,
            "SubjectDomainName": subject.domain,
            "SubjectLogonId": subject.logon_id,
            "TargetUserSid": "S-1-0-0" if logon.status else logon.session.sid,
            "TargetUserName": logon.session.account,
            "TargetDomainName": logon.session.domain,
            "LogonType": str(logon.logon_type),
            "LogonProcessName": "Kerberos" if logon.package == "Kerberos" else "Advapi  ",
            "AuthenticationPackageName": logon.package,
            "WorkstationName": logon.workstation,
            "ProcessId": hex(self._pid()) if by_service else "0x0",
            "ProcessName": r"C:\Windows\System32\services.exe" if logon.logon_type == 5 else "-",
            "IpAddress": logon.source_ip,
            "IpPort": "-" if logon.source_ip == "-" else str(self.rng.randrange(49152, 65535)),
        }
        if logon.status:
            return data | {"Status": "0xc000006d", "SubStatus": logon.status, "FailureReason": "%%2313"}
        return data | {
            "TargetLogonId": logon.session.logon_id,
            "LogonGuid": f"{{{guid(self.rng)}}}",
            "ImpersonationLevel": "%%1833",
            "ElevatedToken": "%%1842" if logon.session.elevated else "%%1843",
        }

    def _sysmon_process(self, started: "_Started") -> dict[str, str]:
        session = started.session
        return {
            "RuleName": "-",
            "UtcTime": _stamp(self.world.now).replace("T", " ").rstrip("Z"),
            "ProcessGuid": f"{{{guid(self.rng)}}}",
            "ProcessId": str(started.pid),
            "Image": started.path,
            "CommandLine": started.command_line,
            "CurrentDirectory": "C:\\Windows\\system32\\",
            "User": f"{session.domain}\\{session.account}",
            "LogonGuid": f"{{{guid(self.rng)}}}",
            "LogonId": session.logon_id,
            "TerminalSessionId": "0" if session.logon_id == SYSTEM_LOGON else "1",
            "IntegrityLevel": "System" if session.logon_id == SYSTEM_LOGON else "Medium",
            "Hashes": f"SHA256={self.rng.getrandbits(256):064X}",
            "ParentProcessGuid": f"{{{guid(self.rng)}}}",
            "ParentProcessId": str(started.parent_pid),
            "ParentImage": started.parent,
            "ParentCommandLine": started.parent,
        }

    def _ship(
        self, code: str, source: tuple[str, str, str], action: str, data: dict[str, str], label: Label
    ) -> None:
        provider, provider_guid, channel = source
        self.record_number += 1
        winlog = {
            "channel": channel,
            "provider_name": provider,
            "provider_guid": provider_guid,
            "event_id": code,
            "record_id": self.record_number,
            "computer_name": self.name,
            "task": _TASKS[code],
            "opcode": "Info",
            "event_data": data,
        }
        self.world.log(self.name, label, lambda now: self._render(now, code, action, winlog))

    def _render(self, now: int, code: str, action: str, winlog: dict[str, object]) -> bytes:
        return _encode(
            {
                "@timestamp": _stamp(now),
                "event": {
                    "code": code,
                    "kind": "event",
                    "provider": winlog["provider_name"],
                    "action": action,
                },
                "winlog": winlog,
                "host": {"name": self.name},
                "agent": {"type": "winlogbeat", "version": "8.17.0", "id": self.agent_id},
                "ecs": {"version": "8.0.0"},
                "log": {"level": "information"},
            }
        )


@dataclass(frozen=True, slots=True)
class _Started:
    session: Session
    path: str
    command_line: str
    parent: str
    pid: int
    parent_pid: int


def _security_process(started: _Started) -> dict[str, str]:
    session = started.session
    return {
        "SubjectUserSid": session.sid,
        "SubjectUserName": session.account,
        "SubjectDomainName": session.domain,
        "SubjectLogonId": session.logon_id,
        "NewProcessId": hex(started.pid),
        "NewProcessName": started.path,
        "TokenElevationType": "%%1937" if session.elevated else "%%1938",
        "ProcessId": hex(started.parent_pid),
        "CommandLine": started.command_line,
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "ParentProcessName": started.parent,
        "MandatoryLabel": "S-1-16-16384" if session.logon_id == SYSTEM_LOGON else "S-1-16-8192",
    }


def _stamp(time: int) -> str:
    seconds, milliseconds = divmod(time, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
