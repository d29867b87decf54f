# ruff: noqa: E501 (command lines stay in one piece: they are read and searched for as they are)
"""What runs on a healthy host: its agents' and tasks' commands, and the programs people start. Products are invented."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from processor.study.simulate.winlogbeat import guid
from processor.study.simulate.world import HOUR, MINUTE, SECOND

SERVICES: Final = r"C:\Windows\System32\services.exe"
SVCHOST: Final = r"C:\Windows\System32\svchost.exe"
EXPLORER: Final = r"C:\Windows\explorer.exe"
CONHOST: Final = (
    r"C:\Windows\System32\conhost.exe",
    r"\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1",
)

_TOPICS: Final = (
    "budget",
    "roadmap",
    "minutes",
    "rota",
    "survey",
    "invoice",
    "plan",
    "notes",
    "figures",
    "review",
)
_PLACEHOLDERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "guid": guid,
    "hex4": lambda rng: f"{rng.getrandbits(16):04x}",
    "hex8": lambda rng: f"{rng.getrandbits(32):08x}",
    "n3": lambda rng: str(rng.randrange(100, 1000)),
    "n5": lambda rng: str(rng.randrange(10_000, 100_000)),
    "n9": lambda rng: str(rng.randrange(100_000_000, 1_000_000_000)),
    "doc": lambda rng: f"{rng.choice(_TOPICS)}-{rng.choice(_TOPICS)}-{rng.randrange(1, 60):02d}",
}
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def fill(template: str, rng: random.Random, **given: str) -> str:
    """`template` with each {name} replaced: by `given`, else by something random of that shape."""

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        return given[name] if name in given else _PLACEHOLDERS[name](rng)

    return _PLACEHOLDER.sub(one, template)


@dataclass(frozen=True, slots=True)
class Command:
    """One program and its usual command line. `console` programs start conhost as their child.

    weight : how often it is chosen among its like; peak : the hour of day at which it is chosen most
    """

    path: str
    line: str
    parent: str = SERVICES
    weight: float = 1.0
    peak: float = 12.0
    console: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A command that recurs every `every` ms, give or take `jitter` ms."""

    command: Command
    every: int
    jitter: int = 20 * SECOND


SYSTEM32: Final = r"C:\Windows\System32"
_KESTREL: Final = r"C:\Program Files\Kestrel Agent"
_TIDEPOOL: Final = r"C:\Program Files\Tidepool\Inventory\7.2.1841"

# Agents and scheduled tasks of every host, all in the system session. Product names are invented.
TASKS: Final = (
    Task(
        Command(
            rf"{_KESTREL}\kestrel-probe.exe",
            rf'"{_KESTREL}\kestrel-probe.exe" --job {{guid}} --state "{_KESTREL}\State\CT_{{n9}}" --format mof',
            rf"{_KESTREL}\kestrel-service.exe",
            console=True,
        ),
        5 * MINUTE,
    ),
    Task(
        Command(
            rf"{_KESTREL}\kestrel-ship.exe",
            rf'"{_KESTREL}\kestrel-ship.exe" -q --batch {{hex8}}',
            rf"{_KESTREL}\kestrel-service.exe",
        ),
        7 * MINUTE,
    ),
    Task(
        Command(
            rf"{_TIDEPOOL}\tidepool-scan.exe",
            rf'"{_TIDEPOOL}\tidepool-scan.exe" /quick /run:{{guid}} /out:C:\ProgramData\Tidepool\{{n9}}.cab',
            rf"{_TIDEPOOL}\tidepool-host.exe",
            console=True,
        ),
        30 * MINUTE,
        2 * MINUTE,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\backgroundTaskHost.exe",
            rf'"{SYSTEM32}\backgroundTaskHost.exe" -ServerName:App.AppX{{hex8}}{{hex8}}.mca',
            SVCHOST,
        ),
        17 * MINUTE,
        5 * MINUTE,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\wbem\WmiPrvSE.exe",
            r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
            SVCHOST,
        ),
        11 * MINUTE,
        3 * MINUTE,
    ),
    Task(
        Command(rf"{SYSTEM32}\svchost.exe", r"C:\Windows\system32\svchost.exe -k netsvcs -p -s wlidsvc"),
        25 * MINUTE,
        8 * MINUTE,
    ),
    Task(
        Command(rf"{SYSTEM32}\svchost.exe", r"C:\Windows\system32\svchost.exe -k wsappx -p -s ClipSVC"),
        40 * MINUTE,
        10 * MINUTE,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\dllhost.exe",
            rf"{SYSTEM32}\DllHost.exe /Processid:{{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}}",
            SVCHOST,
        ),
        35 * MINUTE,
        9 * MINUTE,
    ),
    Task(Command(rf"{SYSTEM32}\taskhostw.exe", "taskhostw.exe", SVCHOST), 45 * MINUTE, 12 * MINUTE),
    Task(Command(rf"{SYSTEM32}\taskhostw.exe", "taskhostw.exe SYSTEM", SVCHOST), 55 * MINUTE, 12 * MINUTE),
    Task(
        Command(rf"{SYSTEM32}\wermgr.exe", r"C:\Windows\system32\wermgr.exe -upload", SVCHOST),
        2 * HOUR,
        30 * MINUTE,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\schtasks.exe",
            r'schtasks.exe /run /tn "\Birchwood\Housekeeping"',
            SVCHOST,
            console=True,
        ),
        3 * HOUR,
        MINUTE,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\WindowsPowerShell\v1.0\powershell.exe",
            r"powershell.exe -NoProfile -ExecutionPolicy Bypass -File C:\Ops\rotate-logs.ps1 -Keep 14",
            SVCHOST,
            console=True,
        ),
        2 * HOUR,
        MINUTE,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\cmd.exe",
            r"C:\Windows\system32\cmd.exe /c C:\Ops\disk-report.cmd > C:\Ops\logs\disk.txt",
            SVCHOST,
            console=True,
        ),
        HOUR,
        MINUTE,
    ),
)

# Servers alone.
SERVER_TASKS: Final = (
    Task(
        Command(
            r"C:\Program Files\Ledgerline\bin\ledger-worker.exe",
            r'"C:\Program Files\Ledgerline\bin\ledger-worker.exe" --queue settle --job {n9}',
            r"C:\Program Files\Ledgerline\bin\ledgerd.exe",
        ),
        4 * MINUTE,
        90 * SECOND,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\inetsrv\w3wp.exe",
            r'c:\windows\system32\inetsrv\w3wp.exe -ap "Portal" -v "v4.0" -l "webengine4.dll" -a \\.\pipe\iisipm{guid} -h "C:\inetpub\temp\apppools\Portal\Portal.config" -w "" -m 0 -t 20',
            SVCHOST,
        ),
        90 * MINUTE,
        20 * MINUTE,
    ),
    Task(
        Command(
            r"C:\Program Files\Strongroom\vault-backup.exe",
            r'"C:\Program Files\Strongroom\vault-backup.exe" incremental --set nightly --snapshot {guid}',
            r"C:\Program Files\Strongroom\vaultd.exe",
            console=True,
        ),
        6 * HOUR,
        5 * MINUTE,
    ),
    Task(
        Command(
            rf"{SYSTEM32}\cscript.exe",
            r"cscript.exe //nologo C:\Ops\check-shares.vbs /threshold:85",
            SVCHOST,
            console=True,
        ),
        20 * MINUTE,
        MINUTE,
    ),
)

# What people start; `peak` is what makes the mix drift through the day.
_OFFICE: Final = r"C:\Program Files\Microsoft Office\root\Office16"
BROWSER: Final = r"C:\Program Files\Heron\Browser\heron.exe"
APPS: Final = (
    Command(rf"{_OFFICE}\OUTLOOK.EXE", rf'"{_OFFICE}\OUTLOOK.EXE"', EXPLORER, 2.0, 8.5),
    Command(
        rf"{_OFFICE}\WINWORD.EXE",
        rf'"{_OFFICE}\WINWORD.EXE" /n "C:\Users\{{user}}\Documents\{{doc}}.docx" /o ""',
        EXPLORER,
        3.0,
        10.5,
    ),
    Command(
        rf"{_OFFICE}\EXCEL.EXE",
        rf'"{_OFFICE}\EXCEL.EXE" "C:\Users\{{user}}\Documents\{{doc}}.xlsx"',
        EXPLORER,
        3.0,
        15.0,
    ),
    Command(BROWSER, rf'"{BROWSER}"', EXPLORER, 3.0, 12.5),
    Command(
        r"C:\Windows\System32\notepad.exe",
        r'"C:\Windows\system32\NOTEPAD.EXE" C:\Users\{user}\Documents\{doc}.txt',
        EXPLORER,
        1.5,
        14.0,
    ),
    Command(
        r"C:\Users\{user}\AppData\Local\Chatter\app-3.8.2\chatter.exe",
        r'"C:\Users\{user}\AppData\Local\Chatter\app-3.8.2\chatter.exe"',
        EXPLORER,
        1.5,
        9.0,
    ),
    Command(
        r"C:\Windows\System32\SnippingTool.exe",
        r'"C:\Windows\system32\SnippingTool.exe"',
        EXPLORER,
        0.7,
        15.5,
    ),
    Command(
        r"C:\Windows\System32\rundll32.exe",
        r"C:\Windows\system32\rundll32.exe C:\Windows\system32\shell32.dll,Control_RunDLL mmsys.cpl,,sounds",
        EXPLORER,
        0.5,
        9.0,
    ),
)
RENDERER: Final = Command(
    BROWSER,
    rf'"{BROWSER}" --type=renderer --lang=en-GB --device-scale-factor=1 --renderer-client-id={{n3}} --mojo-platform-channel-handle={{n5}} /prefetch:1',
    BROWSER,
)
ADMIN_TOOLS: Final = (
    Command(rf"{SYSTEM32}\cmd.exe", r'"C:\Windows\system32\cmd.exe"', EXPLORER, 2.0, console=True),
    Command(rf"{SYSTEM32}\ipconfig.exe", "ipconfig  /all", rf"{SYSTEM32}\cmd.exe", 2.0),
    Command(rf"{SYSTEM32}\PING.EXE", "ping  srv-001.birchwood.example", rf"{SYSTEM32}\cmd.exe", 3.0),
    Command(
        rf"{SYSTEM32}\mmc.exe", r'"C:\Windows\system32\mmc.exe" "C:\Windows\system32\dsa.msc"', EXPLORER, 2.0
    ),
)
