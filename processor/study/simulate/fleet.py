"""Hosts and users of the fleet: invented names, reserved domains (RFC 2606), reserved addresses."""

import random
from dataclasses import dataclass
from typing import Final

from processor.study.simulate.winlogbeat import Machine, Session
from processor.study.simulate.world import World

DOMAIN: Final = "BIRCHWOOD"
_DNS_SUFFIX: Final = "birchwood.example"
_GIVEN: Final = (
    "amber",
    "rowan",
    "linden",
    "hazel",
    "juniper",
    "clover",
    "sorrel",
    "tansy",
    "yarrow",
    "alder",
)
_FAMILY: Final = ("quill", "fen", "marsh", "tarn", "heath", "beck", "dell", "scarp", "holm", "weir")
_DOCUMENTATION: Final = ("192.0.2", "198.51.100", "203.0.113")
# Every third host is a server, the first one among them; every fourth ships Sysmon.
_SERVER_EVERY: Final = 3
_SYSMON_EVERY: Final = 4


@dataclass(frozen=True, slots=True)
class User:
    """A person's account: `start` and `end` are the hours between which this user works."""

    account: str
    sid: str
    start: float
    end: float
    administrator: bool


@dataclass(frozen=True, slots=True)
class Host:
    """A machine, what it is for, and who sits at it (servers: nobody)."""

    machine: Machine
    server: bool
    users: tuple[User, ...]

    def session(self, user: User, *, elevated: bool = False) -> Session:
        """A new logon session of `user` here."""
        return self.machine.session(user.account, DOMAIN, user.sid, elevated=elevated)


def build(world: World, hosts: int) -> tuple[Host, ...]:
    """`hosts` hosts, each depending on the seed and its own number alone."""
    return tuple(_host(world, number) for number in range(hosts))


def outside_address(rng: random.Random) -> str:
    """An address that is reserved for documentation (RFC 5737)."""
    return f"{rng.choice(_DOCUMENTATION)}.{rng.randrange(2, 254)}"


def _host(world: World, number: int) -> Host:
    rng = world.random(f"host/{number}")
    server = number % _SERVER_EVERY == 0
    netbios = f"{'srv' if server else 'ws'}-{number + 1:03d}"
    machine = Machine(
        world=world,
        name=f"{netbios}.{_DNS_SUFFIX}",
        netbios=netbios,
        domain=DOMAIN,
        address=f"10.{20 + number // 60_000}.{number // 240 % 250}.{10 + number % 240}",
        sysmon=number % _SYSMON_EVERY == 2,
        rng=world.random(f"machine/{number}"),
    )
    users = () if server else tuple(_user(rng, number, seat) for seat in range(rng.choice((1, 1, 2))))
    return Host(machine, server, users)


def _user(rng: random.Random, number: int, seat: int) -> User:
    start = rng.uniform(6.5, 9.5) + 3 * seat
    name = f"{rng.choice(_GIVEN)}.{rng.choice(_FAMILY)}{number % 100 or ''}"
    sid = f"S-1-5-21-3623811015-3361044348-30300820-{1100 + 10 * number + seat}"
    return User(name, sid, start, start + rng.uniform(7.5, 9.5), administrator=number % 5 == 1)
