# ruff: noqa: E501 (command lines stay in one piece: they are read and searched for as they are)
"""What makes benign alerts many: a reboot, the .NET compiler's bursts, an update evening."""

import random
from typing import Final

from processor.study.simulate.catalog import SERVICES, SVCHOST, Command, fill
from processor.study.simulate.fleet import Host
from processor.study.simulate.habits import SERVICE_ACCOUNTS, start
from processor.study.simulate.winlogbeat import Logon, Session
from processor.study.simulate.world import DAY, HOUR, MINUTE, SECOND, Label, Routine, until

_SYS32: Final = r"C:\Windows\System32"
_NGEN: Final = r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319"
_BOOT: Final = (
    Command(rf"{_SYS32}\smss.exe", r"\SystemRoot\System32\smss.exe", "System"),
    Command(
        rf"{_SYS32}\csrss.exe",
        r"%SystemRoot%\system32\csrss.exe ObjectDirectory=\Windows SharedSection=1024,20480,768 Windows=On SubSystemType=Windows",
        rf"{_SYS32}\smss.exe",
    ),
    Command(rf"{_SYS32}\wininit.exe", "wininit.exe", rf"{_SYS32}\smss.exe"),
    Command(rf"{_SYS32}\winlogon.exe", "winlogon.exe", rf"{_SYS32}\smss.exe"),
    Command(SERVICES, r"C:\Windows\system32\services.exe", rf"{_SYS32}\wininit.exe"),
    Command(rf"{_SYS32}\lsass.exe", r"C:\Windows\system32\lsass.exe", rf"{_SYS32}\wininit.exe"),
    Command(rf"{_SYS32}\fontdrvhost.exe", '"fontdrvhost.exe"', rf"{_SYS32}\wininit.exe"),
    Command(rf"{_SYS32}\spoolsv.exe", r"C:\Windows\System32\spoolsv.exe"),
    Command(
        r"C:\Program Files\Kestrel Agent\kestrel-service.exe",
        r'"C:\Program Files\Kestrel Agent\kestrel-service.exe"',
    ),
    Command(
        r"C:\Program Files\Tidepool\Inventory\7.2.1841\tidepool-host.exe",
        r'"C:\Program Files\Tidepool\Inventory\7.2.1841\tidepool-host.exe" -service',
    ),
)
_SVCHOST_GROUPS: Final = (
    "DcomLaunch -p",
    "RPCSS -p",
    "netsvcs -p -s gpsvc",
    "netsvcs -p -s ProfSvc",
    "LocalServiceNetworkRestricted -p -s EventLog",
    "LocalService -p -s nsi",
    "NetworkService -p -s Dnscache",
    "netsvcs -p -s Schedule",
    "LocalSystemNetworkRestricted -p -s SysMain",
    "netsvcs -p -s Winmgmt",
    "NetworkService -p -s LanmanWorkstation",
    "LocalServiceNoNetwork -p -s DPS",
)
_WORKER: Final = Command(
    rf"{_NGEN}\mscorsvw.exe",
    rf'{_NGEN}\mscorsvw.exe -StartupEvent {{hex4}} -InterruptEvent 0 -NGENProcess {{hex4}} -Pipe {{hex4}} -Comment "NGen Worker Process"',
    rf"{_NGEN}\ngen.exe",
)
_ASSEMBLIES: Final = (
    "Ledgerline.Core",
    "Ledgerline.Storage",
    "Portal.Web",
    "Portal.Identity",
    "Tidepool.Agent",
    "Heron.Shell",
)
_INSTALLERS: Final = (
    Command(r"C:\Windows\servicing\TrustedInstaller.exe", r"C:\Windows\servicing\TrustedInstaller.exe"),
    Command(
        r"C:\Windows\System32\MoUsoCoreWorker.exe",
        r"C:\Windows\System32\mousocoreworker.exe -Embedding",
        SVCHOST,
    ),
    Command(
        r"C:\Windows\System32\wuauclt.exe",
        r'"C:\Windows\system32\wuauclt.exe" /UpdateDeploymentProvider UpdateDeploymentProvider.dll /ClassId {guid} /RunHandlerComServer',
        SVCHOST,
    ),
    Command(
        r"C:\Windows\WinSxS\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.20348.2031_none_{hex8}{hex8}\TiWorker.exe",
        r"C:\Windows\winsxs\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.20348.2031_none_{hex8}{hex8}\TiWorker.exe -Embedding",
        SVCHOST,
    ),
    Command(r"C:\Windows\System32\msiexec.exe", r"C:\Windows\system32\msiexec.exe /V"),
    Command(
        r"C:\Windows\System32\msiexec.exe",
        r"C:\Windows\syswow64\MsiExec.exe -Embedding {hex8}{hex8}{hex8}{hex8} E Global\MSI0000",
        rf"{_SYS32}\msiexec.exe",
    ),
)


def reboots(host: Host, rng: random.Random) -> Routine:
    """A reboot every few days at night; the boot takes a minute."""
    world = host.machine.world
    yield until(world.now, 3.5, world.start) + rng.randrange(2 * HOUR) + rng.randrange(5) * DAY
    while True:
        yield from reboot(host, rng)
        yield rng.randrange(4, 8) * DAY + rng.randrange(HOUR)


def reboot(host: Host, rng: random.Random) -> Routine:
    """One boot: the session manager, services, service logons, agents."""
    label = Label(cause="reboot")
    for command in _BOOT:
        start(host, host.machine.system, command, rng, label)
        yield rng.randrange(50, 3 * SECOND)
    for name, domain, sid, logon_id in (
        *SERVICE_ACCOUNTS,
        ("DWM-1", "Window Manager", "S-1-5-90-0-1", "0xd11a"),
    ):
        logon_type = 2 if name == "DWM-1" else 5
        host.machine.log_on(Logon(Session(name, domain, sid, logon_id), logon_type), label)
        yield rng.randrange(20, SECOND)
    for group in _SVCHOST_GROUPS:
        host.machine.run(
            host.machine.system, SVCHOST, rf"C:\Windows\system32\svchost.exe -k {group}", SERVICES, label
        )
        yield rng.randrange(20, SECOND)


def compilations(host: Host, rng: random.Random) -> Routine:
    """The .NET native image service, every night or so: one worker after another."""
    yield rng.randrange(DAY)
    while True:
        yield from compilation(host, rng)
        yield DAY + rng.randrange(-4 * HOUR, 4 * HOUR)


def compilation(host: Host, rng: random.Random) -> Routine:
    """One burst of ngen.exe and its workers."""
    label = Label(cause="ngen")
    assembly = rng.choice(_ASSEMBLIES)
    queue = Command(
        rf"{_NGEN}\ngen.exe",
        rf'"{_NGEN}\ngen.exe" install "{assembly}, Version=4.0.0.0, Culture=neutral" /queue:1',
        rf"{_SYS32}\taskhostw.exe",
        console=True,
    )
    start(host, host.machine.system, queue, rng, label)
    for _ in range(rng.randrange(10, 30)):
        yield rng.randrange(200, 6 * SECOND)
        start(host, host.machine.system, _WORKER, rng, label)


def update_evenings(host: Host, rng: random.Random) -> Routine:
    """Updates, one evening a week; then compilation, and mostly a reboot."""
    world = host.machine.world
    yield until(world.now, 19.0, world.start) + DAY + rng.randrange(2 * HOUR)
    while True:
        yield from update(host, rng)
        yield from compilation(host, rng)
        if rng.random() < 0.7:
            yield 5 * MINUTE
            yield from reboot(host, rng)
        yield 7 * DAY - world.now % MINUTE


def update(host: Host, rng: random.Random) -> Routine:
    """One update: the servicing stack, installers with names of their own, the installer's temporary folders."""
    label = Label(cause="update")
    for command in _INSTALLERS:
        start(host, host.machine.system, command, rng, label)
        yield rng.randrange(SECOND, MINUTE)
    package = fill(r"C:\Windows\Temp\{guid}", rng)
    for part in ("heron-setup.exe", "setup-stub.exe"):
        path = rf"{package}\{part}"
        host.machine.run(
            host.machine.system,
            path,
            rf'"{path}" /quiet /norestart /log C:\Windows\Logs\{part}.log',
            rf"{_SYS32}\svchost.exe",
            label,
        )
        yield rng.randrange(SECOND, MINUTE)


def disturb(host: Host) -> list[Routine]:
    """The bursts of `host`."""
    world = host.machine.world
    name = host.machine.netbios
    return [
        reboots(host, world.random(f"{name}/reboots")),
        compilations(host, world.random(f"{name}/compilations")),
        update_evenings(host, world.random(f"{name}/updates")),
    ]
