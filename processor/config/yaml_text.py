"""YAML as people mean it: 1e-4 is a number, as in YAML 1.2; PyYAML alone takes it for text."""

import re
from typing import Any

import yaml


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader, and numbers with an exponent but without a point."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def parse(text: str) -> Any:
    """The value that a YAML text holds. Raises yaml.YAMLError, ValueError."""
    return yaml.load(text, Loader=Loader)  # noqa: S506  # the loader is the safe one


def compose(text: str) -> yaml.Node | None:
    """The same with the places of its parts; None for an empty text. Raises yaml.YAMLError."""
    return yaml.compose(text, Loader=Loader)
