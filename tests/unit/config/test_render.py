import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from processor import demo
from processor.config import load, render
from processor.config.model import Settings

CONFIGS = Path(__file__).resolve().parents[3] / "configs"


def test_the_reference_in_the_repository_is_current() -> None:
    """configs/reference.yaml is what `eventcluster config reference` prints."""
    assert render.reference() == (CONFIGS / "reference.yaml").read_text(encoding="utf-8")


def test_the_reference_holds_every_default() -> None:
    """Loading the reference gives the defaults, so it lists every key and every value right."""
    assert Settings() == load(CONFIGS / "reference.yaml", {})


@pytest.mark.parametrize("name", ["eventcluster.yaml", "msticpy.yaml", "demo.yaml"])
def test_configs_that_ship_are_good_and_complete(name: str) -> None:
    """Each shipped config loads with broker and builds a pipeline's settings."""
    settings = load(CONFIGS / name, {}, broker=True)

    assert len(settings.pipeline().detector.kinds) == 2


def test_the_effective_config_is_a_config(tmp_path: Path) -> None:
    """What `config show` prints can be loaded again and means the same."""
    given = tmp_path / "given.yaml"
    given.write_text(
        r"""
kafka: {bootstrap_servers: 'a:1,b:2', input_topics: [x], properties: {client.rack: "1"}}
process: {features: [entropy, length], gate: []}
scope: {rewrite: [{match: '^(a)\d', replace: '\1'}]}
suppress: [{reason: 'it''s: fine', expires: 2027-01-31, process.executable: 'D:\*'}]
window: {length: 90m, pane: 1ms}
output: {max_original: 1KiB}
""",
        encoding="utf-8",
    )
    shown = tmp_path / "shown.yaml"
    shown.write_text(render.effective(load(given, {})), encoding="utf-8")

    assert load(given, {}) == load(shown, {})


def test_the_effective_config_hides_secrets() -> None:
    """Passwords, private keys and the token are shown as asterisks, other properties as they are."""
    shown = render.effective(
        load(
            None,
            {
                "EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD": "hunter2",
                "EVENTCLUSTER_KAFKA_PROPERTY_SSL_KEY_PEM": "hunter2",
                "EVENTCLUSTER_KAFKA_PROPERTY_SASL_USERNAME": "reader",
                "EVENTCLUSTER_WEB__TOKEN": "hunter2hunter2hunter2",
            },
        )
    )

    assert "hunter2" not in shown
    assert {"sasl.password": "***", "ssl.key.pem": "***", "sasl.username": "reader"} == yaml.safe_load(shown)[
        "kafka"
    ]["properties"]


@pytest.mark.parametrize("name", ["reference.yaml", "eventcluster.yaml", "msticpy.yaml", "demo.yaml"])
def test_the_json_schema_accepts_what_load_accepts(name: str) -> None:
    """Editors that check against the schema are content with the shipped configs."""
    schema = json.loads(json.dumps(render.json_schema()))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    "text",
    ["webb: {}", "window: {length: 7}", "process: {eps: 0}", "kafka: {start: latest}", "web: {port: -1}"],
)
def test_the_json_schema_refuses_what_load_refuses(text: str) -> None:
    """A mistake shows in the editor already."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), render.json_schema())


def test_durations_and_sizes_are_shown_in_their_units() -> None:
    """Defaults in the schema read as people write them."""
    window = render.json_schema()["$defs"]["Window"]["properties"]

    assert ["7d", "10m", "5m"] == [window[name]["default"] for name in ("length", "pane", "max_future_skew")]


def test_the_demo_runs_with_the_config_that_is_shown() -> None:
    """configs/demo.yaml is what `eventcluster demo` runs with, its broker's address apart."""
    assert demo.configuration("localhost:9092", 8080) == load(CONFIGS / "demo.yaml", {})
