import re
from pathlib import Path

import pytest

from processor.config import load
from processor.errors import ConfigError

# A line or more of YAML, and what the error must say; FILE stands for the config file's path.
MISTAKES = [
    # Keys
    ("kafak: {}", "unknown key kafak; did you mean kafka? (kafak in FILE, line 1)"),
    ("process: {epss: 1}", "unknown key epss; did you mean eps? (process.epss in FILE, line 1)"),
    ("window:\n  lenght: 7d", "unknown key lenght; did you mean length? (window.lenght in FILE, line 2)"),
    (
        "kafka: {batch: {max: 1}}",
        "unknown key max; there are max_records, max_wait (kafka.batch.max in FILE, line 1)",
    ),
    ("web: {zzz: 1}", "unknown key zzz; there are host, port, token (web.zzz in FILE, line 1)"),
    ("web: {port: 1}\nweb: {port: 2}", "web is given twice: keep one of the two (FILE, lines 1 and 2)"),
    ("web:\n  port: 1\n  port: 2", "web.port is given twice: keep one of the two (FILE, lines 2 and 3)"),
    # Shapes
    ("- a", "FILE must be a mapping of sections, such as `kafka:`, got ['a']"),
    ("kafka: 7", "kafka must be a mapping of keys to values, got 7 (kafka in FILE, line 1)"),
    ("kafka: {batch: 7}", "batch must be a mapping of keys to values, got 7 (kafka.batch in FILE, line 1)"),
    ("kafka: [", "FILE is not YAML: expected the node content, but found '<stream end>' in line 1, column 9"),
    ("suppress: &x [*x]", "FILE is nested too deeply, or a part of it holds itself"),
    ("window: &x {length: *x}", "FILE is nested too deeply, or a part of it holds itself"),
    ("[" * 5000, "FILE is nested too deeply, or a part of it holds itself"),
    (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 9)),
        "FILE holds more than 100000 keys and items, aliases counted where they stand",
    ),
    ("web: {port: 2026-99-99}", "FILE holds a value that cannot be read: month must be in 1..12"),
    ("0", "FILE must be a mapping of sections, such as `kafka:`, got 0"),
    ("version: 2", "version must be one of 1, got 2 (version in FILE, line 1)"),
    # Kafka
    (
        "kafka: {bootstrap_servers: kafka1}",
        "bootstrap_servers must be host:port, several separated by commas, got kafka1 (kafka.boot",
    ),
    ("kafka: {bootstrap_servers: 'a:1,b:99999'}", "bootstrap_servers must be host:port, several separated"),
    (
        "kafka: {input_topics: events}",
        "input_topics must be a list, such as [a, b], got events (kafka.input_topics in FILE, line 1)",
    ),
    (
        "kafka:\n  input_topics:\n    - events\n    - bad topic",
        "letters, digits, '.', '_', '-', got bad topic (kafka.input_topics[1] in FILE, line 4)",
    ),
    ("kafka: {input_topics: [a, a]}", "input_topics must name each once, a is there twice"),
    ("kafka: {input_topics: ['^ev.*']}", "input_topics[0] must be a Kafka topic name"),
    (
        "kafka: {input_topics: [events], anomalies_topic: events}",
        "kafka must name different topics for input and each output; events is there twice (kafka in FILE,",
    ),
    (
        "kafka: {group_protocol: eager}",
        "group_protocol must be one of classic, consumer, got eager (kafka.group_protocol in FILE, line 1)",
    ),
    (
        "kafka: {start: latest}",
        "start must be one of now, earliest, got latest (kafka.start in FILE, line 1)",
    ),
    (
        "kafka: {delivery: at_most_once}",
        "delivery must be one of exactly_once, at_least_once, got at_most_once",
    ),
    (
        "kafka: {create_topics: 1}",
        "create_topics must be true or false, got 1 (kafka.create_topics in FILE, line 1)",
    ),
    ("kafka: {instance: 'a b'}", "instance must be 1 to 200 of letters, digits, '.', '_', '-', got a b"),
    (
        "kafka: {batch: {max_records: 0}}",
        "max_records must be >= 1, got 0 (kafka.batch.max_records in FILE, line 1)",
    ),
    ("kafka: {batch: {max_records: true}}", "max_records must be a whole number, got true"),
    ("kafka: {batch: {max_records: 1.5}}", "max_records must be a whole number, got 1.5"),
    ("kafka: {transaction_timeout: 1ms}", "transaction_timeout must be >= 1s, got 1ms"),
    ("kafka: {transaction_timeout: 1d}", "transaction_timeout must be <= 15m, got 1d"),
    (
        "kafka: {properties: [a]}",
        "properties must be a mapping of librdkafka properties, such as {security.protocol: SSL}, got ['a']",
    ),
    (
        "kafka: {properties: {a: [1]}}",
        "a must be a plain value: text, a number, true or false, got [1] (kafka.properties.a in FILE,",
    ),
    # Input
    ("input: {formats: windows}", "formats must be auto or a list of windows_security, sysmon"),
    ("input: {formats: []}", "formats must be auto or a list of windows_security, sysmon"),
    ("input: {formats: [sysmom]}", "formats must be auto or a list of windows_security, sysmon"),
    ("input: {formats: [sysmon, sysmon]}", "formats must name each once, sysmon is there twice"),
    ("input: {max_record_size: 1MB}", "max_record_size must be a size such as 512B, 16KiB or 1MiB, got 1MB"),
    (
        "input: {max_record_size: 1048576}",
        "max_record_size must be a size such as 512B, 16KiB or 1MiB, got 1048576",
    ),
    ("input: {max_record_size: 1B}", "max_record_size must be >= 1KiB, got 1B"),
    ("input: {max_command_line: 8k}", "max_command_line must be a whole number, got 8k"),
    # Kinds
    ("process: {enabled: 'yes'}", "enabled must be true or false, got yes (process.enabled in FILE, line 1)"),
    ("process: {features: nope}", "features must be one of command_shape, msticpy, or a list of "),
    ("logon: {features: command_shape}", "features must be one of logon_shape, msticpy, or a list of "),
    ("process: {features: []}", "features must be one of command_shape, msticpy, or a list of "),
    ("process: {features: [entropy, nope]}", "features must be one of command_shape, msticpy, or a list of "),
    ("process: {features: 7}", "features must be one of command_shape, msticpy, or a list of "),
    (
        "process: {normalize: l1}",
        "normalize must be one of none, l2, got l1 (process.normalize in FILE, line 1)",
    ),
    ("process: {gate: [colour]}", "gate must be one of executable_masked, "),
    ("process: {gate: executable_masked}", "gate must be a list, such as [a, b], got executable_masked"),
    ("process: {eps: -1}", "eps must be > 0, got -1 (process.eps in FILE, line 1)"),
    ("process: {eps: 0}", "eps must be > 0, got 0 (process.eps in FILE, line 1)"),
    ("process: {eps: .inf}", "eps must be a finite number, got inf (process.eps in FILE, line 1)"),
    ("process: {eps: .nan}", "eps must be a finite number, got nan (process.eps in FILE, line 1)"),
    ("process: {eps: true}", "eps must be a number, got true (process.eps in FILE, line 1)"),
    ("process: {eps: '0.1'}", "eps must be a number, got 0.1 (process.eps in FILE, line 1)"),
    ("logon: {eps: null}", "eps must be a number, got null (logon.eps in FILE, line 1)"),
    ("process: {min_samples: 0}", "min_samples must be >= 1, got 0 (process.min_samples in FILE, line 1)"),
    ("process: {min_samples: 2.5}", "min_samples must be a whole number, got 2.5"),
    ("logon: {rare_cluster_size: -1}", "rare_cluster_size must be >= 0, got -1"),
    ("process: {engine: hdbscan}", "engine must be one of sliding_dbscan, dbstream, denstream, got hdbscan"),
    (
        "process: {enabled: false}\nlogon: {enabled: false}",
        "config must not disable both process and logon: nothing is left to read (the whole config in FILE)",
    ),
    # Scope
    ("scope: {by: host}", "by must be one of host.name, user.name, "),
    ("scope: {rewrite: [{match: '(', replace: ''}]}", "rewrite[0] must be a regular expression: missing )"),
    (
        "scope: {rewrite: [{match: '(a+)+', replace: ''}]}",
        "rewrite[0] must not repeat a repeat, as (a+)+ does",
    ),
    (
        "scope: {rewrite: [{match: 'a*b*c*d*', replace: ''}]}",
        "rewrite[0] must hold at most 3 open repeats (*, +, {n,}); use {1,63} instead",
    ),
    (
        "scope: {rewrite: [{match: 'a', replace: '\\1'}]}",
        "rewrite[0] must be a replacement for 'a': invalid group",
    ),
    ("scope: {rewrite: [{match: a}]}", "replace is required (scope.rewrite[0].replace in FILE, line 1)"),
    ("scope: {rewrite: {match: a, replace: b}}", "rewrite must be a list, such as [a, b]"),
    # Time
    ("window: {length: 7}", "length must be a duration such as 50ms, 10s, 5m, 1h or 7d, got 7"),
    ("window: {length: 7w}", "length must be a duration such as 50ms, 10s, 5m, 1h or 7d, got 7w"),
    ("window: {length: -7d}", "length must be a duration such as 50ms, 10s, 5m, 1h or 7d, got -7d"),
    ("window: {length: 1.5h}", "length must be a duration such as 50ms, 10s, 5m, 1h or 7d, got 1.5h"),
    ("window: {length: 0s}", "length must be >= 1ms, got 0ms"),
    (
        "window: {length: 999999d}",
        "length must be a duration such as 50ms, 10s, 5m, 1h or 7d, not that large",
    ),
    (
        "window: {length: 15m}",
        "window must have a length that is a multiple of pane, got length 15m, pane 10m (window in FILE,",
    ),
    ("window: {pane: 0ms}", "pane must be >= 1ms, got 0ms"),
    ("warmup: {span: soon}", "span must be a duration such as 50ms, 10s, 5m, 1h or 7d, got soon"),
    ("warmup: {events: -1}", "events must be >= 0, got -1 (warmup.events in FILE, line 1)"),
    ("5: 6", "a key must be text, got 5: put it in quotes (FILE, line 1)"),
    ("web: {1.5: x}", "a key must be text, got 1.5: put it in quotes (FILE, line 1)"),
    ("suppress: [{reason: x, 7: y}]", "a key must be text, got 7: put it in quotes (FILE, line 1)"),
    ("process: {features: [length, length]}", "features must name each once, length is there twice"),
    ("suppress: {}", "suppress must be a list, such as [a, b], got {} (suppress in FILE, line 1)"),
    # Episodes and output
    ("episode: {escalate_at: [90, 70]}", "escalate_at must be ascending, such as [70, 90], got [90, 70]"),
    ("episode: {escalate_at: [170]}", "escalate_at[0] must be <= 100, got 170"),
    ("episode: {escalate_at: 70}", "escalate_at must be a list, such as [a, b], got 70"),
    ("episode: {fold: {process: [colour]}}", "process[0] must be one of "),
    ("episode: {fold: {keep: -1}}", "keep must be >= 0, got -1 (episode.fold.keep in FILE, line 1)"),
    ("output: {format: cef}", "format must be one of ecs, got cef (output.format in FILE, line 1)"),
    ("output: {min_score: 101}", "min_score must be <= 100, got 101 (output.min_score in FILE, line 1)"),
    ("redact: {rules: [{match: '[', replace: ''}]}", "rules[0] must be a regular expression: unterminated"),
    ("limits: {max_vectors: 0}", "max_vectors must be >= 1, got 0 (limits.max_vectors in FILE, line 1)"),
    ("dead_letters: {max_ratio: 0}", "max_ratio must be > 0, got 0 (dead_letters.max_ratio in FILE, line 1)"),
    (
        "dead_letters: {max_ratio: 1.5}",
        "max_ratio must be <= 1, got 1.5 (dead_letters.max_ratio in FILE, line 1)",
    ),
    # Lists of entries
    ("suppress: {reason: x}", "suppress must be a list, such as [a, b]"),
    ("suppress: [7]", "suppress[0] must be a mapping of keys to values, got 7 (suppress[0] in FILE, line 1)"),
    ("suppress: [{reason: x}]", "suppress[0]: a suppression needs a field to match; fields: host.name, "),
    ("suppress: [{host.name: a}]", "reason is required (suppress[0].reason in FILE, line 1)"),
    (
        "suppress: [{reason: x, host.nam: a}]",
        "suppress[0]: 'host.nam' is no field of an event; fields: host.name",
    ),
    ("suppress: [{reason: x, host.name: '*'}]", "suppress[0]: '*' matches everything: name what is expected"),
    (
        "suppress: [{reason: x, host.name: [a]}]",
        "host.name must be text, got ['a'] (suppress[0].host.name in",
    ),
    (
        "suppress: [{reason: x, host.name: a, expires: soon}]",
        "expires must be a day such as 2027-01-31, got soon",
    ),
    ("suppress: [{reason: x, host.name: a, expires: 7}]", "expires must be a day such as 2027-01-31, got 7"),
    ("input: {mappings: [{name: x}]}", "kind is required (input.mappings[0].kind in FILE, line 1)"),
    (
        "input: {mappings: [{name: x, kind: logon, when: {}, fields: {user.name: u}}]}",
        "mappings[0]: when is empty: name at least one field that tells this source's records from others",
    ),
    (
        "input: {mappings: [{name: x, kind: process, when: {a: b}, fields: {user.name: u}}]}",
        "mappings[0]: fields must say where process.executable is: a process event cannot be without it",
    ),
    # Web and logging
    ("web: {port: 65536}", "port must be <= 65535, got 65536 (web.port in FILE, line 1)"),
    ("web: {port: '8080'}", "port must be a whole number, got 8080 (web.port in FILE, line 1)"),
    ("web: {host: ''}", "host must not be empty, got '' (web.host in FILE, line 1)"),
    ("web: {host: 7}", "host must be text, got 7 (web.host in FILE, line 1)"),
    ("logging: {level: verbose}", "level must be one of debug, info, warning, error, got verbose"),
    ("logging: {format: text}", "format must be one of json, console, got text"),
]


@pytest.mark.parametrize(("text", "sentence"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_each_mistake_names_key_value_place_and_remedy(text: str, sentence: str, tmp_path: Path) -> None:
    """Whatever is wrong with a line, the error says which key, where, what it is and what would be right."""
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=re.escape(sentence.replace("FILE", str(file)))):
        load(file, {})


@pytest.mark.parametrize("name", ["group.id", "enable.auto.commit", "error_cb"])
def test_properties_that_delivery_depends_on_are_refused(name: str, tmp_path: Path) -> None:
    """A librdkafka property that would break the protocol is refused by name, with what to do instead."""
    file = tmp_path / "c.yaml"
    file.write_text(f"kafka:\n  properties:\n    {name}: x\n", encoding="utf-8")

    with pytest.raises(
        ConfigError, match=rf"{re.escape(name)} must not be set: .+ \(kafka.properties.{name} in"
    ):
        load(file, {})


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Several mistakes are several lines of one error: nobody mends a config one run at a time."""
    file = tmp_path / "c.yaml"
    file.write_text("process: {eps: -1}\nweb: {port: x}\n", encoding="utf-8")

    with pytest.raises(ConfigError) as error:
        load(file, {})

    expected = [
        f"eps must be > 0, got -1 (process.eps in {file}, line 1)",
        f"port must be a whole number, got x (web.port in {file}, line 2)",
    ]
    assert expected == str(error.value).splitlines()


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """The path and the system's reason are in the error."""
    with pytest.raises(
        ConfigError, match=r"cannot read the config file .*/none.yaml: No such file or directory"
    ):
        load(tmp_path / "none.yaml", {})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 give an error, not a traceback."""
    file = tmp_path / "c.yaml"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        load(file, {})


@pytest.mark.parametrize("text", ["", "# nothing\n", "kafka:\n"])
def test_brokers_and_topics_are_required_where_a_broker_is_used(text: str, tmp_path: Path) -> None:
    """`run` needs both keys, told in one error; `replay` needs neither."""
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as error:
        load(file, {}, broker=True)

    first, second = str(error.value).splitlines()
    assert first.startswith("bootstrap_servers is required: give host:port of one or more brokers")
    assert second.startswith("input_topics is required: give a list of the topics to read")


def test_no_error_shows_a_secret(tmp_path: Path) -> None:
    """Passwords stay out of error texts, which end up in logs."""
    file = tmp_path / "c.yaml"
    file.write_text(
        "kafka: {properties: {sasl.password: hunter2, a: [1]}}\nweb: {token: hunter2}\n", encoding="utf-8"
    )

    with pytest.raises(ConfigError) as error:
        load(file, {})

    assert "hunter2" not in str(error.value)


def test_a_broken_line_of_yaml_shows_no_text_around_it(tmp_path: Path) -> None:
    """YAML's own message quotes the text, which may be a password; ours names line and column."""
    file = tmp_path / "c.yaml"
    file.write_text("kafka:\n  sasl.password: hunter2: x\n", encoding="utf-8")

    with pytest.raises(ConfigError) as error:
        load(file, {})

    expected = f"{file} is not YAML: mapping values are not allowed here in line 2, column 25"
    assert expected == str(error.value)
