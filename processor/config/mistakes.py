"""The texts of config errors: key, value, place, and what would be right."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from processor.config.model import Settings
from processor.config.units import Unit

KeyPath = tuple[str | int, ...]

_MAX_SHOWN: Final = 80
_SECRET: Final = ("password", "secret", "token", "ssl.key", "jaas", "oauthbearer.config")

# pydantic's error types and what we say instead; {} holds the error's context.
_WISHES: Final = {
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "finite_number": "must be a finite number",
    "literal_error": "must be one of {expected}",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list, such as [a, b]",
    "too_long": "must hold at most {max_length}",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where each value came from: the file's line or the variable, by the value's path."""

    file: str
    lines: Mapping[KeyPath, int]
    variables: Mapping[KeyPath, str]

    def of(self, path: KeyPath) -> str:
        """`window.pane in prod.yaml, line 7`; for what is not there, its nearest parent's line."""
        name = dotted(path) or "the whole config"
        for length in range(len(path), 0, -1):
            if path[:length] in self.variables:
                return f"{name} from {self.variables[path[:length]]}"
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{name} in {self.file}, line {self.lines[path[:length]]}"
        return f"{name} in {self.file}" if self.file else f"{name} in the defaults: no config file was given"


def sentence(detail: ErrorDetails, source: Source) -> str:
    """`eps must be > 0, got -1 (process.eps in prod.yaml, line 12)`."""
    path = _known_path(detail["loc"])
    place = source.of(path)
    if detail["type"] == "extra_forbidden":
        known = list(model_at(path[:-1]).model_fields)
        return f"unknown key {path[-1]}{did_you_mean(str(path[-1]), known)} ({place})"
    name = path[-1] if path else "config"
    if isinstance(name, int):
        name = f"{path[-2]}[{name}]"
    if detail["type"] == "missing":
        return f"{name} is required ({place})"
    # Bounds are compared with what was read, in its unit; any other mistake shows what is written.
    unit = _unit(path) if detail["type"] != "value_error" else None
    wish = _wish(detail, unit)
    hidden = _is_section(detail, path) or is_secret(str(name))
    got = "" if hidden else f", got {_as_written(detail['input'], unit)}"
    colon = "" if wish.startswith(("must", "cannot")) else ":"
    return f"{name}{colon} {wish}{got} ({place})"


def _wish(detail: ErrorDetails, unit: Unit | None) -> str:
    context: dict[str, Any] = {
        name: _as_written(value, unit) for name, value in detail.get("ctx", {}).items()
    }
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if detail["type"] == "literal_error":
        context = {"expected": context["expected"].replace("'", "").replace(" or ", ", ")}
    wish = _WISHES.get(detail["type"])
    return wish.format(**context) if wish is not None else f"cannot be used: {detail['msg']}"


def _unit(path: KeyPath) -> Unit | None:
    """The unit that the value at `path` is given in."""
    field = _field_at(path)
    return next((extra for extra in field.metadata if isinstance(extra, Unit)), None) if field else None


def _as_written(value: object, unit: Unit | None) -> str:
    """A number as people write it in a config: 0.0 is 0, 1000 ms are 1s."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shown(value)
    return unit.text(value) if unit is not None and isinstance(value, int) else f"{value:.12g}"


def _is_section(detail: ErrorDetails, path: KeyPath) -> bool:
    """A rule between several keys names them itself; showing the whole section would only hide the text."""
    field = _field_at(path)
    if field is not None:
        return detail["type"] == "value_error" and isinstance(field.default, BaseModel)
    return detail["type"] == "value_error" and isinstance(detail["input"], dict | BaseModel)


def _known_path(path: KeyPath) -> KeyPath:
    """`path` without what pydantic adds and is no key: the branches of a union, `[key]` of a mapping."""
    for length in range(1, len(path)):
        if _section_at(path[:length]) is None and not isinstance(path[length], int):
            return path[: length + 1] if _is_mapping(path[:length]) else path[:length]
    return path


def _is_mapping(path: KeyPath) -> bool:
    field = _field_at(path)
    return field is not None and any(get_origin(part) is dict for part in _parts(field.annotation))


def _field_at(path: KeyPath) -> FieldInfo | None:
    """The config field at `path`; None for a list's item, a mapping's key and the whole config."""
    section = _section_at(path[:-1]) if path else None
    last = path[-1] if path else 0
    return section.model_fields.get(last) if section is not None and isinstance(last, str) else None


def model_at(path: KeyPath) -> type[BaseModel]:
    """The model of the section, or of a list's items, that a path of config keys leads to."""
    section = _section_at(path)
    if section is None:
        raise KeyError(dotted(path))
    return section


def _section_at(path: KeyPath) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Settings
    for key in path:
        if model is not None and not isinstance(key, int):
            field = model.model_fields.get(key)
            parts = _parts(field.annotation) if field else ()
            model = next(
                (each for each in parts if isinstance(each, type) and issubclass(each, BaseModel)), None
            )
    return model


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(inner for part in get_args(annotation) for inner in _parts(part))]


def dotted(path: KeyPath) -> str:
    """`kafka.input_topics[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean eps?`, or all that there is where nothing is near."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"


def yaml_mistake(error: Exception) -> str:
    """What is wrong and where, without the text around it: that may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return (
            f"{error.problem} in line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
        )
    return str(error).splitlines()[0]


def is_secret(name: str) -> bool:
    """Whether the value of a key or librdkafka property must not be shown."""
    return any(part in name.lower() for part in _SECRET)


def shown(value: object) -> str:
    """A value for an error text: as YAML would write it, short, without the secrets in a mapping."""
    if isinstance(value, dict):
        value = {key: "***" if is_secret(str(key)) else inner for key, inner in value.items()}
    text = {None: "null", True: "true", False: "false"}.get(value) if isinstance(value, bool | None) else None
    text = text or (value if isinstance(value, str) and value and value.isprintable() else repr(value))
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
