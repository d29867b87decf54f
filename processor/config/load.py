"""YAML and environment to Settings; every mistake becomes a ConfigError that says where and what is right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from processor.config.environment import overrides
from processor.config.mistakes import KeyPath, Source, dotted, sentence, shown, yaml_mistake
from processor.config.model import Settings
from processor.config.yaml_text import compose, parse
from processor.errors import ConfigError

_REQUIRED: Final = {
    "bootstrap_servers": "host:port of one or more brokers",
    "input_topics": "a list of the topics to read",
}
_KEY_TAGS: Final = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")
# Keys and list items in one file. Aliases of aliases make millions of a few lines.
_MOST: Final = 100_000


def load(path: Path | str | None, environ: Mapping[str, str], *, broker: bool = False) -> Settings:
    """The settings of a YAML file, overridden by `EVENTCLUSTER_` variables.

    path : None for the defaults alone
    environ : `EVENTCLUSTER_WEB__PORT=9090` sets web.port; `EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD` sets
        kafka.properties' sasl.password; with `_FILE` appended the value is read from the file named
    broker : the brokers and input topics must be given
    Raises ConfigError: one line per mistake, naming key, value, place and what would be right.
    """
    values, lines = _read(Path(path)) if path is not None else ({}, {})
    variables: dict[KeyPath, str] = {}
    for name, key, text in overrides(environ):
        _put(values, key, text, name)
        variables[key] = name
    source = Source(str(path) if path is not None else "", lines, variables)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(sentence(detail, source) for detail in error.errors())) from None
    if broker:
        _require_broker(settings, source)
    return settings


def _require_broker(settings: Settings, source: Source) -> None:
    missing = [
        f"{key} is required: give {what} ({source.of(('kafka', key))})"
        for key, what in _REQUIRED.items()
        if not getattr(settings.kafka, key)
    ]
    if missing:
        raise ConfigError("\n".join(missing))


def _read(path: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the config file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read the config file {path}: it is not UTF-8 text ({error})") from error
    lines: dict[KeyPath, int] = {}
    try:
        root = compose(text)
        if root is not None:
            _note_lines(root, (), lines, str(path))
        values = parse(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {yaml_mistake(error)}") from error
    except ValueError as error:
        raise ConfigError(f"{path} holds a value that cannot be read: {error}") from error
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply, or a part of it holds itself") from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must be a mapping of sections, such as `kafka:`, got {shown(values)}")
    # A section whose lines are all commented out is null to YAML.
    return {key: value for key, value in values.items() if value is not None}, lines


def _note_lines(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], file: str) -> None:
    """Record the line of every key and list item; a key given twice is a mistake, the first would be lost."""
    if len(lines) > _MOST:
        raise ConfigError(f"{file} holds more than {_MOST} keys and items, aliases counted where they stand")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag not in _KEY_TAGS:
                said = f"{file}, line {key.start_mark.line + 1}"
                raise ConfigError(f"a key must be text, got {shown(key.value)}: put it in quotes ({said})")
            where = (*path, str(key.value))
            line = key.start_mark.line + 1
            if where in lines:
                both = f"{file}, lines {lines[where]} and {line}"
                raise ConfigError(f"{dotted(where)} is given twice: keep one of the two ({both})")
            lines[where] = line
            _note_lines(value, where, lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*path, index)] = value.start_mark.line + 1
            _note_lines(value, (*path, index), lines, file)


def _put(values: dict[str, Any], path: KeyPath, value: object, variable: str) -> None:
    for key in path[:-1]:
        below = values.setdefault(str(key), {})
        if below is None:
            below = values[str(key)] = {}
        if not isinstance(below, dict):
            raise ConfigError(
                f"{key} must be a mapping, got {shown(below)}, so {variable} cannot be set in it"
            )
        values = below
    values[str(path[-1])] = value
