"""What happens on a healthy host all day: agents, scheduled tasks, services, users, network logons."""

import math
import random
from collections.abc import Sequence
from typing import Final

from processor.study.simulate.catalog import (
    ADMIN_TOOLS,
    APPS,
    BROWSER,
    CONHOST,
    EXPLORER,
    RENDERER,
    SERVER_TASKS,
    SVCHOST,
    SYSTEM32,
    TASKS,
    Command,
    Task,
    fill,
)
from processor.study.simulate.fleet import DOMAIN, Host, User
from processor.study.simulate.winlogbeat import Logon, Session
from processor.study.simulate.world import HOUR, MINUTE, SECOND, Label, Routine, hour_of, until, weekday

# NTSTATUS: the account exists, the password is wrong.
BAD_CREDENTIALS: Final = "0xc000006a"


def start(host: Host, session: Session, command: Command, rng: random.Random, label: Label) -> None:
    """`session` starts `command`, and conhost with it where the program has a console."""
    user = session.account
    path = fill(command.path, rng, user=user)
    host.machine.run(session, path, fill(command.line, rng, user=user), command.parent, label)
    if command.console:
        host.machine.run(session, *CONHOST, path, label)


def agent(host: Host, task: Task, rng: random.Random) -> Routine:
    """A task that the system runs again and again."""
    yield rng.randrange(task.every)
    label = Label(cause="agent")
    while True:
        start(host, host.machine.system, task.command, rng, label)
        yield max(SECOND, task.every + rng.randrange(-task.jitter, task.jitter))


def service_logons(host: Host, rng: random.Random) -> Routine:
    """Type 5 logons of the service accounts, all day."""
    accounts = [Session(*account) for account in SERVICE_ACCOUNTS]
    while True:
        yield round(rng.expovariate(1 / (12 * MINUTE)))
        host.machine.log_on(Logon(rng.choices(accounts, (8, 1, 1))[0], 5), Label(cause="service logon"))


SERVICE_ACCOUNTS: Final = (
    ("SYSTEM", "NT AUTHORITY", "S-1-5-18", "0x3e7"),
    ("NETWORK SERVICE", "NT AUTHORITY", "S-1-5-20", "0x3e4"),
    ("LOCAL SERVICE", "NT AUTHORITY", "S-1-5-19", "0x3e5"),
)


def network_logons(host: Host, clients: Sequence[Host], rng: random.Random) -> Routine:
    """Type 3 logons on a server: the machines and the people of the fleet, from their own addresses."""
    while True:
        busy = 1.0 if weekday(host.machine.world.now) < 5 else 0.2
        yield round(rng.expovariate(busy / (6 * MINUTE)))
        client = rng.choice(clients)
        if client.users and 6 < hour_of(host.machine.world.now) < 19 and rng.random() < 0.6:
            session = host.session(rng.choice(client.users))
        else:
            machine = client.machine
            session = host.machine.session(f"{machine.netbios.upper()}$", DOMAIN, "S-1-5-18")
        logon = Logon(session, 3, client.machine.address, client.machine.netbios.upper(), "Kerberos")
        host.machine.log_on(logon, Label(cause="network logon"))


def working_days(host: Host, user: User, rng: random.Random) -> Routine:
    """A user: logs on, works with a mix that drifts through the day, locks, comes back, goes home."""
    world = host.machine.world
    while True:
        yield until(world.now, user.start % 24) + round(rng.uniform(0, 25) * MINUTE)
        if weekday(world.now) >= 5:
            continue
        session = host.session(user)
        yield from _log_on(host, session, rng)
        end = world.now + round((user.end - user.start) * HOUR)
        while world.now < end:
            yield round(rng.expovariate(_pace(hour_of(world.now)) / (6 * MINUTE)))
            if rng.random() < 0.03:
                yield from _lock(host, session, rng)
            else:
                yield from _use(host, user, session, rng)


def _pace(hour: float) -> float:
    """Relative activity: full at mid-morning and mid-afternoon, half at lunch and at the edges."""
    return 0.4 + 0.6 * abs(math.sin(math.pi * (hour - 7.5) / 5))


def _log_on(host: Host, session: Session, rng: random.Random) -> Routine:
    label = Label(cause="user logon")
    if rng.random() < 0.06:
        host.machine.log_on(
            Logon(session, 2, "127.0.0.1", host.machine.netbios.upper(), status=BAD_CREDENTIALS), label
        )
        yield round(rng.uniform(3, 9) * SECOND)
    host.machine.log_on(Logon(session, 2, "127.0.0.1", host.machine.netbios.upper()), label)
    yield 800
    host.machine.run(
        session,
        rf"{SYSTEM32}\userinit.exe",
        r"C:\Windows\system32\userinit.exe",
        rf"{SYSTEM32}\winlogon.exe",
        label,
    )
    yield 350
    host.machine.run(session, EXPLORER, r"C:\Windows\Explorer.EXE", rf"{SYSTEM32}\userinit.exe", label)
    yield 2 * SECOND
    host.machine.run(session, rf"{SYSTEM32}\sihost.exe", "sihost.exe", SVCHOST, label)
    for app in (APPS[5], APPS[0]):
        yield round(rng.uniform(2, 15) * SECOND)
        start(host, session, app, rng, label)


def _lock(host: Host, session: Session, rng: random.Random) -> Routine:
    label = Label(cause="user unlock")
    host.machine.run(
        host.machine.system,
        rf"{SYSTEM32}\LogonUI.exe",
        r'"LogonUI.exe" /flags:0x0 /state0:0xa3a49055 /state1:0x41c64e6d',
        rf"{SYSTEM32}\winlogon.exe",
        label,
    )
    yield round(rng.uniform(2, 20) * MINUTE)
    host.machine.log_on(Logon(session, 7, "127.0.0.1", host.machine.netbios.upper()), label)


def _use(host: Host, user: User, session: Session, rng: random.Random) -> Routine:
    label = Label(cause="user")
    if user.administrator and rng.random() < 0.08:
        tool = _choose(ADMIN_TOOLS, rng, hour_of(host.machine.world.now))
        start(host, session, tool, rng, label)
        return
    app = _choose(APPS, rng, hour_of(host.machine.world.now))
    start(host, session, app, rng, label)
    if app.path == BROWSER:
        for _ in range(rng.randrange(1, 5)):
            yield round(rng.uniform(0.2, 30) * SECOND)
            start(host, session, RENDERER, rng, label)


def _choose(commands: Sequence[Command], rng: random.Random, hour: float) -> Command:
    weights = [c.weight * (1 + 0.7 * math.cos(2 * math.pi * (hour - c.peak) / 24)) for c in commands]
    return rng.choices(commands, weights)[0]


def live(host: Host, fleet: Sequence[Host]) -> list[Routine]:
    """Everything that goes on at `host` on a quiet day."""
    world = host.machine.world
    name = host.machine.netbios
    tasks = TASKS + (SERVER_TASKS if host.server else ())
    routines = [agent(host, task, world.random(f"{name}/task/{i}")) for i, task in enumerate(tasks)]
    routines.append(service_logons(host, world.random(f"{name}/services")))
    if host.server:
        routines.append(network_logons(host, fleet, world.random(f"{name}/network")))
    routines.extend(
        working_days(host, user, world.random(f"{name}/user/{i}")) for i, user in enumerate(host.users)
    )
    return routines
