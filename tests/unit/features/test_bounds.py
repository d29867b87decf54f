"""Whatever the event: counts fit into 64 bits, vectors are finite, gates bounded; numeric5's reference."""

import csv
import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from processor.events.event import KINDS, Event, Kind
from processor.events.formats import Decoder
from processor.features.sets import build, feature_names, gate_names

TEXT = st.text(st.characters(), max_size=200)


@st.composite
def events(draw: st.DrawFn, kind: Kind) -> Event:
    """An event with any texts, as long as a decoder lets through."""
    return Event(
        kind=kind,
        format="ecs",
        code="",
        time=draw(st.none() | st.integers(-(10**14), 10**15)),
        host=draw(TEXT),
        system_session=draw(st.booleans()),
        executable=draw(TEXT) + "\U0010ffff" * draw(st.integers(0, 800)),
        command_line=draw(TEXT) * draw(st.integers(0, 40)),
        parent_executable=draw(TEXT),
        account=draw(TEXT),
        logon_type=draw(st.none() | st.integers(0, 2**16 - 1)),
        source_ip=draw(TEXT),
        authentication_package=draw(TEXT),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_counts_fit_into_64_bits_and_vectors_are_finite(kind: Kind) -> None:
    """All features and gates of a kind at once, for any event: the engine refuses anything else."""
    features = build(kind, feature_names(kind), "none", gate_names(kind))
    unit = build(kind, feature_names(kind), "l2", ())

    @given(events(kind))
    @settings(max_examples=50)
    def holds(event: Event) -> None:
        gate, counts = features.measure(event)

        assert all(0 <= count < 2**63 for count in counts)
        assert all(math.isfinite(value) for value in (*features.vector(counts), *unit.vector(counts)))
        assert (gate, counts) == features.measure(event)
        assert all(len(str(part)) <= 512 for part in gate)

    holds()


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_surrogate_pair_in_any_text_is_measured(kind: Kind) -> None:
    """JSON may hold one: no UTF-8 stands for it."""
    features = build(kind, feature_names(kind), "none", gate_names(kind))
    text = "\ud800" * 600
    event = Event(
        kind=kind,
        format="ecs",
        code="",
        time=0,
        host=text,
        executable=text,
        command_line=text,
        parent_executable=text,
        account=text,
        source_ip=text,
        authentication_package=text,
    )

    gate, counts = features.measure(event)

    assert all(0 <= count < 2**63 for count in counts)
    assert all(len(str(part)) <= 512 for part in gate)


def test_numeric5_leaves_the_events_alone_that_the_reference_leaves_alone(shared: Path) -> None:
    """surfaced_vs_hidden.csv, numeric5_path_session at eps 0.1: the same 129 of 363 events are noise."""
    folder = shared / "data" / "msticpy"
    decoder = Decoder(formats=None, max_record_size=1 << 20, max_command_line=8192)
    columns = ("delimiters", "length", "entropy", "special_share", "case_flips")
    features = build("process", columns, "none", ("executable_masked", "system_session"))
    gates: dict[object, list[int]] = defaultdict(list)
    vectors = []
    with (folder / "processes_on_host.csv").open(newline="", encoding="utf-8") as rows:
        for row, fields in enumerate(csv.DictReader(rows)):
            event = decoder.decode(json.dumps(fields).encode())
            assert event is not None
            gate, counts = features.measure(event)
            gates[gate].append(row)
            vectors.append(features.vector(counts))
    noise = {
        row
        for members in gates.values()
        for row, label in zip(
            members,
            DBSCAN(eps=0.1, min_samples=2).fit(np.array([vectors[row] for row in members])).labels_,
            strict=True,
        )
        if label == -1
    }
    with (folder / "processes_on_host.surfaced_vs_hidden.csv").open(newline="", encoding="utf-8") as rows:
        expected = {
            int(row["row"]) for row in csv.DictReader(rows) if row["numeric5_path_session_eps0.1"] == "noise"
        }

    assert expected == noise
