"""Items of the config's lists: rewrites, suppressions and own sources."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from processor.config import fields
from processor.config.patterns import check_replacement, compiled
from processor.detection.suppress import FIELDS, Suppression, compile_rule
from processor.events.mapping import Source, compile_mapping


class Section(BaseModel):
    """A part of the config: frozen, no unknown keys, no guessing at types (yes is not 1, "1" is not 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=False)


class Rewrite(Section):
    r"""A regular expression and what replaces its matches, \1 being its first group."""

    match: str
    replace: str

    @model_validator(mode="after")
    def _usable(self) -> Self:
        check_replacement(compiled(self.match), self.replace)
        return self

    def pattern(self) -> re.Pattern[str]:
        """The compiled `match`."""
        return re.compile(self.match)


def _day(value: object) -> object:
    """YAML makes a date of 2027-01-31; a quoted one and the environment's are text."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if value is not None and (isinstance(value, datetime) or not isinstance(value, date)):
        raise ValueError("must be a day such as 2027-01-31")
    return value


Day = Annotated[
    date | None,
    BeforeValidator(_day),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}),
]
Text = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value)]


class Suppress(Section):
    """Expected anomalies: counted and learned, not published.

    Beside reason and expires stand ECS fields, at least one, each with a pattern: `*` is any text, `?` one
    character, case is ignored. All must match.
    """

    # The fields are the keys that are not named here.
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "additionalProperties": False,
            "minProperties": 2,
            "patternProperties": {
                f"^({'|'.join(map(re.escape, FIELDS))})$": {"type": ["string", "number"]},
            },
        },
    )
    __pydantic_extra__: dict[str, Text]

    reason: str
    expires: Day = Field(None, description="the last day it holds, to its end, UTC, by event time")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        self.rule()
        return self

    def rule(self) -> Suppression:
        """The compiled rule; raises ValueError saying what is wrong."""
        return compile_rule(self.reason, _end_of(self.expires), self.__pydantic_extra__)


def _end_of(day: date | None) -> int | None:
    if day is None:
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return int(midnight.timestamp() * 1000)


class OwnSource(Section):
    """Records of a source of one's own: how they are told from others, and where their values stand."""

    name: fields.Identifier
    kind: Literal["process", "logon"]
    when: dict[str, Any] = Field(description="path: value, or list of values; '*' for any")
    fields: dict[str, Any] = Field(description="target: path, or list of paths")
    constants: dict[str, Any] = Field({}, description="target: value for every event")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        self.source()
        return self

    def source(self) -> Source:
        """The compiled source; raises ValueError saying what is wrong."""
        return compile_mapping(
            name=self.name, kind=self.kind, when=self.when, fields=self.fields, constants=self.constants
        )


Rewrites = Annotated[tuple[Rewrite, ...], BeforeValidator(fields.to_tuple)]
Suppressions = Annotated[tuple[Suppress, ...], BeforeValidator(fields.to_tuple)]
OwnSources = Annotated[tuple[OwnSource, ...], BeforeValidator(fields.to_tuple)]
