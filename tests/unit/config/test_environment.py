from pathlib import Path

import pytest

from processor.config import load
from processor.errors import ConfigError


def test_a_variable_overrides_the_file(tmp_path: Path) -> None:
    """`__` stands between levels; the file's other values stay."""
    file = tmp_path / "c.yaml"
    file.write_text("web: {host: 10.0.0.1, port: 1}\n", encoding="utf-8")

    settings = load(file, {"EVENTCLUSTER_WEB__PORT": "9090"})

    assert (settings.web.host, settings.web.port) == ("10.0.0.1", 9090)


def test_variables_work_without_a_file() -> None:
    """Every type is read as the key wants it: text stays text, though it looks like a number."""
    settings = load(
        None,
        {
            "EVENTCLUSTER_KAFKA__GROUP_ID": "007",
            "EVENTCLUSTER_KAFKA__INPUT_TOPICS": "events, logons",
            "EVENTCLUSTER_EPISODE__ESCALATE_AT": "[50, 60]",
            "EVENTCLUSTER_WINDOW__LENGTH": "1d",
            "EVENTCLUSTER_PROCESS__EPS": "0.25",
            "EVENTCLUSTER_LOGON__EPS": "1e-4",
            "EVENTCLUSTER_PROCESS__FEATURES": "msticpy",
            "EVENTCLUSTER_OUTPUT__ORIGINAL": "false",
            "EVENTCLUSTER_LOGGING__LEVEL": "debug",
        },
        broker=False,
    )

    assert settings.kafka.group_id == "007"
    assert settings.kafka.input_topics == ("events", "logons")
    assert settings.episode.escalate_at == (50, 60)
    assert settings.window.length == 86_400_000
    assert (settings.process.eps, settings.logon.eps) == (0.25, 1e-4)
    assert settings.process.normalize == "l2"
    assert settings.output.original is False
    assert settings.logging.level == "debug"


def test_librdkafka_properties_are_dotted_and_their_values_text() -> None:
    """`EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD` is sasl.password, whatever its value looks like."""
    settings = load(None, {"EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD": "0123: [x"})

    assert settings.kafka.properties == {"sasl.password": "0123: [x"}


def test_a_value_can_come_from_a_file(tmp_path: Path) -> None:
    """With `_FILE` the variable names a file; the line end after a secret is not part of it."""
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n", encoding="utf-8")

    settings = load(
        None,
        {
            "EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD_FILE": str(secret),
            "EVENTCLUSTER_KAFKA__GROUP_ID_FILE": str(secret),
        },
    )

    assert settings.kafka.properties == {"sasl.password": "hunter2"}
    assert settings.kafka.group_id == "hunter2"


def test_what_kubernetes_puts_there_for_a_service_is_left_alone() -> None:
    """A service named eventcluster puts variables with our prefix into every pod of its namespace."""
    settings = load(
        None,
        {
            "EVENTCLUSTER_SERVICE_HOST": "10.1.2.3",
            "EVENTCLUSTER_SERVICE_PORT": "8080",
            "EVENTCLUSTER_SERVICE_PORT_HTTP": "8080",
            "EVENTCLUSTER_PORT": "tcp://10.1.2.3:8080",
            "EVENTCLUSTER_PORT_8080_TCP": "tcp://10.1.2.3:8080",
            "EVENTCLUSTER_PORT_8080_TCP_ADDR": "10.1.2.3",
        },
    )

    assert settings == load(None, {})


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "EVENTCLUSTER_WEB__PROT",
            "1",
            "EVENTCLUSTER_WEB__PROT sets no key of the config; did you mean EVENTCLUSTER_WEB__PORT?",
        ),
        (
            "EVENTCLUSTER_WEBB__PORT",
            "1",
            "EVENTCLUSTER_WEBB__PORT sets no key of the config; did you mean EVENT",
        ),
        (
            "EVENTCLUSTER_WEB__PORT__X",
            "1",
            "EVENTCLUSTER_WEB__PORT__X sets no key of the config: web.port has none",
        ),
        (
            "EVENTCLUSTER_WEB__PORT",
            "x",
            "port must be a whole number, got x (web.port from EVENTCLUSTER_WEB__PORT)",
        ),
        (
            "EVENTCLUSTER_WEB__PORT",
            "[",
            "EVENTCLUSTER_WEB__PORT must be YAML, got [: expected the node content",
        ),
        (
            "EVENTCLUSTER_WEB",
            "7",
            "web must be a mapping of keys to values, got 7 (web from EVENTCLUSTER_WEB)",
        ),
        (
            "EVENTCLUSTER_WINDOW__LENGTH",
            "7",
            "length must be a duration such as 50ms, 10s, 5m, 1h or 7d, got 7 (window.length from EVENT",
        ),
        ("EVENTCLUSTER_SUPPRESS", "[" * 5000, "EVENTCLUSTER_SUPPRESS is nested too deeply, got [[["),
        (
            "EVENTCLUSTER_WEB__HOST_FILE",
            "/none",
            "cannot read /none: No such file or directory (EVENTCLUSTER_WEB__",
        ),
        (
            "EVENTCLUSTER_KAFKA_PROPERTY_GROUP_ID",
            "x",
            "group.id must not be set: set kafka.group_id, got group.id (kafka.properties.group.id from EVE",
        ),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(variable: str, value: str, sentence: str) -> None:
    """Errors from the environment are as good as those from the file."""
    with pytest.raises(ConfigError) as error:
        load(None, {variable: value})

    assert str(error.value).startswith(sentence)


def test_a_variable_cannot_be_set_below_a_plain_value(tmp_path: Path) -> None:
    """A file that has a number where the variable needs a section is told so."""
    file = tmp_path / "c.yaml"
    file.write_text("web: 7\n", encoding="utf-8")

    with pytest.raises(
        ConfigError, match="web must be a mapping, got 7, so EVENTCLUSTER_WEB__PORT cannot be set"
    ):
        load(file, {"EVENTCLUSTER_WEB__PORT": "1"})
