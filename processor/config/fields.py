"""What single values of the config may be: each check's message says what would be right."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from processor.detection.detector import FOLD_PARTS
from processor.events.event import ECS_FIELDS
from processor.events.formats import FORMATS
from processor.stream.librdkafka import why_refused

_TOPIC: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_BROKER: Final = re.compile(r"(\w+://)?(\[[0-9a-fA-F:.]+\]|[^\s:,\[\]/]+):(\d{1,5})")
_VISIBLE: Final = re.compile(r"[!-~]{16,500}")
_NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,200}")


def one_of(value: str, allowed: tuple[str, ...]) -> str:
    """`value` if it is allowed; raises ValueError listing what is."""
    if value not in allowed:
        raise ValueError(f"must be one of {', '.join(allowed)}")
    return value


def to_tuple(value: object) -> object:
    """YAML has lists, frozen settings hold tuples."""
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list, such as [a, b]")
    return tuple(value)


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """`values` if none is there twice; raises ValueError naming it."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"must name each once, {value} is there twice")
    return values


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value) or value in (".", ".."):
        raise ValueError("must be a Kafka topic name: 1 to 249 of letters, digits, '.', '_', '-'")
    return value


def _brokers(value: str) -> str:
    for broker in value.split(",") if value else ():
        match = _BROKER.fullmatch(broker.strip())
        if match is None or not 0 < int(match[3]) < 65_536:
            raise ValueError("must be host:port, several separated by commas")
    return value


def _identifier(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must be 1 to 200 of letters, digits, '.', '_', '-'")
    return value


def _token(value: str) -> str:
    if value and not _VISIBLE.fullmatch(value):
        raise ValueError("must be 16 to 500 characters of visible ASCII, without spaces")
    return value


def _formats(value: object) -> object:
    if value == "auto":
        return value
    if not isinstance(value, list | tuple) or not value or any(name not in FORMATS for name in value):
        raise ValueError(f"must be auto or a list of {', '.join(FORMATS)}")
    return distinct(tuple(value))


def _properties(value: object) -> object:
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping of librdkafka properties, such as {security.protocol: SSL}")
    return value


def _property_name(name: str) -> str:
    reason = why_refused(name)
    if reason is not None:
        raise ValueError(f"must not be set: {reason}")
    return name


def _property(value: object) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError("must be a plain value: text, a number, true or false")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scope_field(value: str) -> str:
    return one_of(value, (*ECS_FIELDS, "none"))


def _fold_part(value: str) -> str:
    return one_of(value, tuple(FOLD_PARTS))


def _ascending(values: tuple[int, ...]) -> tuple[int, ...]:
    if list(values) != sorted(values):
        raise ValueError("must be ascending, such as [70, 90]")
    return distinct(values)


Topic = Annotated[str, AfterValidator(_topic)]
Topics = Annotated[tuple[Topic, ...], BeforeValidator(to_tuple), AfterValidator(distinct)]
Brokers = Annotated[str, AfterValidator(_brokers)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Token = Annotated[str, AfterValidator(_token)]
Names = Annotated[tuple[str, ...], BeforeValidator(to_tuple), AfterValidator(distinct)]
Formats = Annotated[
    str | tuple[str, ...],
    BeforeValidator(_formats),
    WithJsonSchema(
        {"anyOf": [{"const": "auto"}, {"type": "array", "items": {"enum": list(FORMATS)}, "minItems": 1}]}
    ),
]
Properties = Annotated[
    dict[Annotated[str, AfterValidator(_property_name)], Annotated[str, BeforeValidator(_property)]],
    BeforeValidator(_properties),
]
ScopeField = Annotated[str, AfterValidator(_scope_field), WithJsonSchema({"enum": [*ECS_FIELDS, "none"]})]
FoldParts = Annotated[
    tuple[Annotated[str, AfterValidator(_fold_part)], ...],
    BeforeValidator(to_tuple),
    AfterValidator(distinct),
    WithJsonSchema({"type": "array", "items": {"enum": sorted(FOLD_PARTS)}}),
]
Score = Annotated[int, Field(ge=0, le=100)]
Scores = Annotated[tuple[Score, ...], BeforeValidator(to_tuple), AfterValidator(_ascending)]
