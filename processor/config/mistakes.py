"""The texts of config errors: key, value, place, and what would be right."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from processor.config.model import Settings

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
    wish = _wish(detail)
    hidden = _is_section(detail) or is_secret(str(name))
    got = "" if hidden else f", got {shown(detail['input'])}"
    return f"{name} {wish}{got} ({place})"


def _wish(detail: ErrorDetails) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context["error"])
    if detail["type"] == "literal_error":
        context = {"expected": context["expected"].replace("'", "").replace(" or ", ", ")}
    wish = _WISHES.get(detail["type"])
    return wish.format(**context) if wish is not None else f"cannot be used: {detail['msg']}"


def _is_section(detail: ErrorDetails) -> bool:
    """A rule between several keys names them itself; showing the whole section would only hide the text."""
    return detail["type"] == "value_error" and isinstance(detail["input"], dict | BaseModel)


def _known_path(path: KeyPath) -> KeyPath:
    """`path` without the names that pydantic adds for the branches of a union."""
    return tuple(part for part in path if isinstance(part, int) or not set(part) & set("[](),- "))


def model_at(path: Iterable[str | int]) -> type[BaseModel]:
    """The section's model that a path of config keys leads to."""
    model: type[BaseModel] = Settings
    for key in path:
        if isinstance(key, int):
            continue
        annotation = model.model_fields[key].annotation
        model = next(
            part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, BaseModel)
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
