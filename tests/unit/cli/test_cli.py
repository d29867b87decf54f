import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import processor

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
COMMANDS = [
    [],
    ["run"],
    ["demo"],
    ["replay"],
    ["report"],
    ["evaluate"],
    ["tune"],
    ["simulate"],
    ["config"],
    ["config", "check"],
    ["config", "show"],
    ["config", "reference"],
    ["config", "schema"],
    ["schema"],
    ["schema", "anomaly"],
    ["dead-letters"],
    ["dead-letters", "show"],
    ["bench"],
    ["bench", "clusterer"],
    ["bench", "pipeline"],
    ["bench", "kafka"],
]


def eventcluster(
    *arguments: str | Path, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, without our own variables around it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EVENTCLUSTER_")}
    return subprocess.run(
        [sys.executable, "-m", "processor", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=clean | (environ or {}),
    )


def in_error(result: subprocess.CompletedProcess[str], code: int) -> str:
    """What a failed command said, which is never a traceback."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    """`--help` of each command is there, says what it does, and shows examples; so do the groups."""
    result = eventcluster(*command, "--help")

    assert result.returncode == 0
    assert f"Usage: eventcluster {' '.join(command)}".rstrip() in result.stdout
    assert f"Examples:\n    eventcluster {' '.join(command)}".rstrip() in result.stdout


@pytest.mark.parametrize(
    ("command", "option"),
    [(["replay", "--history", "a", "b"], "--history"), (["evaluate", "--labels", "a", "b"], "--labels")],
)
def test_files_that_an_option_took_are_missed_in_a_sentence(command: list[str], option: str) -> None:
    """`--history a b` leaves nothing to judge: said, with what to write."""
    said = in_error(eventcluster(*command), 2)

    assert f"error: no FILE to judge: name it before {option}" in said


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "s.jsonl", "--labels", "l.csv", "--json"],
        ["evaluate", "s.jsonl", "--labels", "l.csv", "--report"],
        ["tune", "s.jsonl", "--alerts-per-host-day", "1", "--out"],
        ["tune", "s.jsonl", "--alerts-per-host-day", "1", "--report"],
        ["bench", "clusterer", "--json"],
        ["bench", "pipeline", "--plot"],
        ["bench", "kafka", "--bootstrap", "127.0.0.1:1", "--profile"],
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)
def test_what_cannot_be_written_is_refused_before_the_work(command: list[str], tmp_path: Path) -> None:
    """Not after an hour of it; nor does it matter then that the files to read are missing."""
    nowhere = tmp_path / "none" / "out.html"

    assert f"there is no folder {nowhere.parent}" in in_error(eventcluster(*command, nowhere), 2)
    assert f"{tmp_path} is a folder: name a file in it" in in_error(eventcluster(*command, tmp_path), 2)


def test_help_answers_without_loading_the_service() -> None:
    """Numpy, Kafka and the model are imported by the commands that need them, so help is instant."""
    heavy = "{'numpy', 'confluent_kafka', 'pydantic'}"
    program = f"import sys, processor.cli; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120
    )

    assert result.stdout == "[]\n"


def test_the_version_is_the_packages() -> None:
    """--version is what pip and the metrics say."""
    assert eventcluster("--version").stdout == f"eventcluster {processor.__version__}\n"


def test_an_unknown_option_is_bad_usage() -> None:
    """Exit code 2 and the option's name."""
    assert "No such option: --nope" in in_error(eventcluster("run", "--nope"), 2)


def test_run_needs_a_config() -> None:
    """There is no default for where the brokers are."""
    assert "Missing option '--config'" in in_error(eventcluster("run"), 2)


def test_a_missing_config_file_is_named() -> None:
    """One line, exit code 2."""
    assert in_error(eventcluster("run", "--config", "none.yaml"), 2) == (
        "error: cannot read the config file none.yaml: No such file or directory\n"
    )


def test_run_refuses_a_config_without_brokers() -> None:
    """The reference alone is not enough: both required keys are named."""
    said = in_error(eventcluster("run", "--config", CONFIGS / "reference.yaml"), 2)

    assert "error: bootstrap_servers is required" in said
    assert "error: input_topics is required" in said


def test_config_check_is_content_with_a_good_file() -> None:
    """Exit code 0 and one line."""
    result = eventcluster("config", "check", CONFIGS / "msticpy.yaml")

    assert (result.returncode, result.stdout) == (0, f"{CONFIGS / 'msticpy.yaml'}: good\n")


def test_config_check_tells_every_mistake(tmp_path: Path) -> None:
    """One line each: key, value, file, line and what would be right; exit code 2."""
    file = tmp_path / "c.yaml"
    file.write_text("process: {eps: -1}\nweb: {prt: 1}\n", encoding="utf-8")

    assert in_error(eventcluster("config", "check", file), 2).splitlines() == [
        f"error: eps must be > 0, got -1 (process.eps in {file}, line 1)",
        f"error: unknown key prt; did you mean port? (web.prt in {file}, line 2)",
    ]


def test_config_check_advises_to_clean_up(tmp_path: Path) -> None:
    """A suppression whose last day is over is good, and said; so is one that has none."""
    file = tmp_path / "c.yaml"
    file.write_text(
        "kafka: {bootstrap_servers: 'a:1', input_topics: [x]}\n"
        "suppress: [{reason: backup, expires: 2020-01-31, host.name: a}, {reason: scan, host.name: b}]\n",
        encoding="utf-8",
    )

    assert eventcluster("config", "check", file).stdout.splitlines() == [
        f"{file}: good",
        "advice: suppress[0] (backup) ended on 2020-01-31: take it out, or set a later day",
        "advice: suppress[1] (scan) never ends: set expires, the day after which somebody looks at it again",
    ]


def test_config_show_takes_the_environment_in() -> None:
    """What is in force is the file, the environment and the defaults together; secrets are hidden."""
    result = eventcluster(
        "config",
        "show",
        CONFIGS / "eventcluster.yaml",
        environ={"EVENTCLUSTER_WEB__PORT": "9", "EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD": "hunter2"},
    )

    assert "  port: 9\n" in result.stdout
    assert "sasl.password: '***'" in result.stdout
    assert "hunter2" not in result.stdout


def test_config_reference_is_the_file_in_the_repository() -> None:
    """The reference that ships is the one of this version."""
    assert eventcluster("config", "reference").stdout == (CONFIGS / "reference.yaml").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("command", [("config", "schema"), ("schema", "anomaly")], ids=" ".join)
def test_schemas_are_json_schemas(command: tuple[str, str]) -> None:
    """What is printed is a valid JSON Schema of draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(json.loads(eventcluster(*command).stdout))


def test_a_full_disk_is_told_without_a_traceback() -> None:
    """Output that cannot be written is exit code 1 and the system's reason."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = subprocess.run(
            [sys.executable, "-m", "processor", "config", "reference"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )

    assert in_error(result, 1) == "error: No space left on device: standard output\n"


def test_replay_names_a_file_that_is_not_there() -> None:
    """Exit code 2: the command line is wrong."""
    assert "none.jsonl" in in_error(eventcluster("replay", "none.jsonl"), 2)


def test_replay_names_a_time_that_is_none(tmp_path: Path) -> None:
    """A broken --since says what a time looks like."""
    assert "is no time" in in_error(eventcluster("replay", tmp_path / "x.jsonl", "--since", "yesterday"), 2)


def test_replay_onto_a_full_disk_fails_while_running(tmp_path: Path) -> None:
    """Anomalies that cannot be written are exit code 1, and the file is named."""
    events = tmp_path / "x.jsonl"
    made = eventcluster("simulate", "--out", events, "--hosts", "1", "--rate", "100", "--seconds", "20")
    assert made.returncode == 0, made.stderr

    said = in_error(
        eventcluster("replay", events, "--config", CONFIGS / "msticpy.yaml", "--anomalies", "/dev/full"), 1
    )

    assert "/dev/full" in said
    assert "no space left on device" in said.lower()


def test_replay_prints_outcomes_that_add_up(tmp_path: Path) -> None:
    """Every record is scored, late, ignored or rejected; in a pipe there are no terminal escapes."""
    events = tmp_path / "x.jsonl"
    events.write_text('{"a": 1}\nnot json\n', encoding="utf-8")

    result = eventcluster("replay", events)

    assert result.returncode == 0, result.stderr
    assert "records 2: scored 0, late 0, ignored 1, rejected 1" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr


def test_history_takes_every_file_up_to_the_next_option(tmp_path: Path) -> None:
    """`FILE --history a b --sort` learns from a and b, as the usage says, and judges FILE alone."""
    files = [tmp_path / name for name in ("new.jsonl", "a.jsonl", "b.jsonl")]
    for file in files:
        file.write_text('{"a": 1}\n', encoding="utf-8")

    result = eventcluster("replay", files[0], "--history", files[1], files[2], "--sort")

    assert "records 1:" in result.stdout
    assert "history 2 records" in result.stdout


def test_simulate_wants_exactly_one_target(tmp_path: Path) -> None:
    """Neither or both of --out and --config is bad usage."""
    assert "give either --out FILE or --config FILE" in in_error(eventcluster("simulate"), 2)
    both = eventcluster("simulate", "--out", tmp_path / "x.jsonl", "--config", CONFIGS / "eventcluster.yaml")
    assert "give either --out FILE or --config FILE" in in_error(both, 2)


def test_brokers_that_do_not_answer_are_told(tmp_path: Path) -> None:
    """An address where nobody listens ends `run` with exit code 1 and the address."""
    file = tmp_path / "c.yaml"
    file.write_text(
        "kafka: {bootstrap_servers: '127.0.0.1:1', input_topics: [events]}\nweb: {port: 0}\n",
        encoding="utf-8",
    )

    assert "127.0.0.1:1" in in_error(eventcluster("run", "--config", file), 1)
