"""A seeded Windows fleet: repetitive agents, users with working days, update bursts, labelled attacks.

    world      time, routines, the ordered stream
    fleet      hosts, users, addresses: all invented or reserved for documentation
    winlogbeat what a host logs, as Winlogbeat ships it
    catalog    the commands of agents and people
    habits     agents, scheduled tasks, services, users
    bursts     reboots, .NET compilation, update evenings
    attacks    multi-step attacks, every event of them labelled
    output     `eventcluster simulate`
    score      what of the attacks was found

Same seed, same bytes; every routine draws from a generator of its own.
"""

from collections.abc import Iterator
from typing import Final

from processor.study.simulate import attacks, bursts, fleet, habits
from processor.study.simulate.world import HOUR, Label, Logged, World

__all__ = ["QUIET", "Label", "Logged", "stream"]

# No attack before: a detector needs a working day to know what is usual.
QUIET: Final = 30 * HOUR


def stream(*, seed: int, hosts: int, quiet: int = QUIET) -> Iterator[Logged]:
    """The fleet's records in the order of event time, without end.

    quiet : ms before the first attack
    """
    world = World(seed)
    machines = fleet.build(world, hosts)
    for host in machines:
        for routine in habits.live(host, machines) + bursts.disturb(host):
            world.spawn(routine)
    world.spawn(attacks.campaign(world, machines, quiet))
    return world.run()
