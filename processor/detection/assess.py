"""How unusual an event is: what its score is made of, measured before anything is put into words.

Most anomalies of a burst are folded: only their score is needed, and words cost more than all the rest.
"""

from processor.clustering.engine import Engine
from processor.detection.masquerade import disguises
from processor.detection.novelty import Gate, Known
from processor.detection.verdict import Assessment, Signs, is_systems_own
from processor.events.event import LOGON, PROCESS, Event


def assess(
    event: Event,
    scope: str,
    row: int,
    engine: Engine,
    known: Known,
    *,
    gate: Gate,
    learned: bool,
    suspect: bool,
) -> Assessment:
    """Measure one event on the window's rows alone, an anomaly or not.

    row : stands for it in the engine; gate : the row's
    learned : False for a late event, which is not in the window
    known : names and places of the kind's scopes
    suspect : what the open episode says of the program that started it (Episodes.suspects)
    """
    # At a window's limit the event itself may have left with its part.
    similar = max(0, engine.neighbours(scope, row, learned=learned))
    core = apart = engine.nearest_cluster(scope, row, limit=1)
    if similar:
        apart = engine.nearest_cluster(scope, row, limit=1, apart=True)
    in_cluster = core is not None and core.distance <= engine.eps
    like = learned + (similar if in_cluster else 0)
    return Assessment(
        distance=None if core is None else core.distance,
        apart=None if apart is None else apart.distance / engine.eps,
        similar=similar,
        company=engine.gate_events(scope, gate, like + 1)[0] > like,
        novelty=known.of(event, scope, gate, engine),
        signs=_signs(event),
        suspect=suspect,
        crowd=known.crowd(scope, gate, engine) if similar and event.kind == LOGON else 0,
        core=core,
    )


def _signs(event: Event) -> Signs:
    length = len(event.executable)
    process = event.kind == PROCESS
    return Signs(
        process=process,
        service=is_systems_own(event),
        disguised=disguises(event.executable) if process else (),
        told=len(event.command_line) / length if length else 0.0,
    )
