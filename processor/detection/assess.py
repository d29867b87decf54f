"""How unusual an anomalous event is: what its score is made of, measured before anything is put into words.

Most anomalies of a burst are folded: only their score is needed, and words cost more than all the rest.
"""

from processor.clustering.engine import Engine
from processor.detection.masquerade import disguises
from processor.detection.novelty import Known
from processor.detection.verdict import Assessment, Case, Signs, is_systems_own
from processor.events.event import PROCESS, Event


def assess(case: Case, engine: Engine, known: Known) -> Assessment:
    """Measure one verdict on the window's rows alone.

    known : names and places of the kind's scopes
    """
    core = engine.nearest_cluster(case.scope, case.row, limit=1)
    return Assessment(
        distance=None if core is None else core.distance,
        distance_in_eps=None if core is None else core.distance / engine.eps,
        similar=engine.neighbours(case.scope, case.row, learned=not case.late),
        novelty=known.of(case.event, case.scope, case.gate, engine),
        signs=_signs(case.event),
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
