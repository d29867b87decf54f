"""Settings from `EVENTCLUSTER_` variables: which key each sets and to what."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from processor.config.mistakes import KeyPath, did_you_mean, dotted, shown, yaml_mistake
from processor.config.model import Settings
from processor.config.units import Unit
from processor.config.yaml_text import parse
from processor.errors import ConfigError

PREFIX: Final = "EVENTCLUSTER_"
_PROPERTY: Final = "KAFKA_PROPERTY_"
_FROM_FILE: Final = "_FILE"

# A Kubernetes service named eventcluster puts its address into every pod's environment under our prefix.
_SERVICE_LINK: Final = re.compile(
    r"EVENTCLUSTER_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)


def overrides(environ: Mapping[str, str]) -> Iterator[tuple[str, KeyPath, object]]:
    """Variable, path and value of each setting in the environment; names in any case, sorted."""
    for name in sorted(environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or _SERVICE_LINK.fullmatch(upper):
            continue
        rest, text = upper.removeprefix(PREFIX), environ[name]
        if rest.endswith(_FROM_FILE):
            rest, text = rest.removesuffix(_FROM_FILE), _secret(name, text)
        if rest.startswith(_PROPERTY):
            yield name, ("kafka", "properties", rest.removeprefix(_PROPERTY).lower().replace("_", ".")), text
            continue
        path = tuple(rest.lower().split("__"))
        yield name, path, _typed(_field(path, name), text, name)


def _secret(variable: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read {file}: {reason} ({variable})") from error


def _field(path: KeyPath, variable: str) -> FieldInfo:
    """The config field that a variable names; raises ConfigError suggesting the nearest name."""
    model: type[BaseModel] = Settings
    for index, key in enumerate(path):
        field = model.model_fields.get(str(key))
        if field is None:
            known = [
                PREFIX + "__".join(map(str, (*path[:index], name))).upper() for name in model.model_fields
            ]
            raise ConfigError(f"{variable} sets no key of the config{did_you_mean(variable.upper(), known)}")
        if index == len(path) - 1:
            return field
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            break
        model = field.annotation
    raise ConfigError(f"{variable} sets no key of the config: {dotted(path[:-1])} has none below it")


def _typed(field: FieldInfo, text: str, variable: str) -> object:
    """A variable's text as the field wants it: text stays text, everything else is read as YAML."""
    annotation = field.annotation
    if (
        annotation is str
        or _is_text_choice(annotation)
        or any(isinstance(extra, Unit) for extra in field.metadata)
    ):
        return text
    try:
        value = parse(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{variable} must be YAML, got {shown(text)}: {yaml_mistake(error)}") from error
    except RecursionError:
        raise ConfigError(f"{variable} is nested too deeply, got {shown(text)}") from None
    wants_list = str(annotation).startswith("tuple")
    return [part.strip() for part in text.split(",")] if wants_list and isinstance(value, str) else value


def _is_text_choice(annotation: Any) -> bool:
    return bool(get_args(annotation)) and all(isinstance(choice, str) for choice in get_args(annotation))
