from collections import Counter

import pytest

from processor.config import Settings
from processor.pipeline import Pipeline, Scored
from processor.study.simulate import bursts, fleet, habits
from processor.study.simulate.world import DAY, HOUR, START, Routine, World

BURST_DAY = START + 2 * DAY
BURSTS = ("reboot", "ngen", "update")


def eventful_day(host: fleet.Host) -> Routine:
    """A reboot in the morning, a .NET compilation after noon, an update evening; none was there before."""
    rng = host.machine.world.random("eventful day")
    yield 2 * DAY + 7 * HOUR
    yield from bursts.reboot(host, rng)
    yield 6 * HOUR
    yield from bursts.compilation(host, rng)
    yield 6 * HOUR
    yield from bursts.update(host, rng)
    yield from bursts.compilation(host, rng)
    yield from bursts.reboot(host, rng)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("number", [0, 1])
def test_reboot_compilation_and_update_evening_of_a_host_are_few_alerts_in_few_episodes(
    seed: int, number: int
) -> None:
    """Default config, on a server and a workstation: under 25 alerts a day, under 4 episodes by bursts."""
    world = World(seed)
    machines = fleet.build(world, 4)
    host = machines[number]
    for routine in [*habits.live(host, machines), eventful_day(host)]:
        world.spawn(routine)
    pipeline = Pipeline(Settings().pipeline(), "events", 0)
    alerts: Counter[str] = Counter()
    episodes = 0
    bursting: Counter[str] = Counter()
    for offset, logged in enumerate(world.run()):
        if logged.time >= BURST_DAY + DAY:
            break
        outcome = pipeline.process(logged.value, offset, logged.time)
        if logged.time >= BURST_DAY:
            bursting[logged.label.cause] += 1
            if isinstance(outcome, Scored) and outcome.published is not None:
                alerts[logged.label.cause] += 1
                episodes += outcome.published.opens_episode and logged.label.cause in BURSTS

    assert alerts.total() < 25, alerts
    assert episodes < 4
    assert sum(bursting[cause] for cause in BURSTS) > 80
