"""Settings as YAML: the reference with every option, and the effective config with its secrets hidden."""

from collections.abc import Iterator
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from processor.config.mistakes import is_secret
from processor.config.model import Settings
from processor.config.units import Unit

_HEADER: Final = """\
# Every option of eventcluster with its default; made by `eventcluster config reference`.
# Only kafka.bootstrap_servers and kafka.input_topics have to be set. Durations: ms s m h d. Sizes: B KiB MiB.
# EVENTCLUSTER_WEB__PORT=9090 overrides web.port, EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD the property
# sasl.password; with _FILE appended to its name, a variable names a file that holds the value.
"""
_COMMENT_COLUMN: Final = 44
_HIDDEN: Final = "***"


def reference() -> str:
    """reference.yaml: every option, its default and its meaning on one line."""
    return _HEADER + "\n".join(_lines(Settings(), "", comments=True)) + "\n"


def effective(settings: Settings) -> str:
    """The settings as a config file would give them, passwords and keys replaced by asterisks."""
    return "\n".join(_lines(settings, "", comments=False)) + "\n"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a config file, for editors and checks."""
    schema = Settings.model_json_schema()
    for model in _models(Settings):
        properties = schema if model is Settings else schema["$defs"][model.__name__]
        for name, field in model.model_fields.items():
            for extra in field.metadata:
                if isinstance(extra, Unit):
                    # pydantic shows what is inside, people write 7d.
                    properties["properties"][name]["default"] = extra.text(field.default)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "eventcluster"}


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        if isinstance(field.default, BaseModel):
            yield from _models(type(field.default))


def _lines(section: BaseModel, indent: str, *, comments: bool) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            heading = f"{indent}{name}:"
            yield _with(heading, type(value).__doc__ or "", comments=comments and not indent)
            yield from _lines(value, indent + "  ", comments=comments)
        else:
            line = f"{indent}{name}: {_flow(_HIDDEN if value and is_secret(name) else _plain(value, field))}"
            yield _with(line, field.description or "", comments=comments)


def _with(line: str, comment: str, *, comments: bool) -> str:
    return f"{line:<{_COMMENT_COLUMN}} # {comment}" if comments and comment else line


def _plain(value: Any, field: FieldInfo) -> Any:
    """A value as it stands in a config file."""
    for extra in field.metadata:
        if isinstance(extra, Unit):
            return extra.text(value)
    if isinstance(value, tuple):
        return [item.model_dump() if isinstance(item, BaseModel) else item for item in value]
    if isinstance(value, dict):
        return {key: _HIDDEN if is_secret(key) else item for key, item in value.items()}
    return value


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return text.strip().removesuffix("...").strip()
