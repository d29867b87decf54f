"""Files that the page is made of: our own, and plotly's JavaScript as its package ships it."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from processor.web.answers import Body, body

STYLES: Final = ("style.css",)
# In the order in which they are loaded.
SCRIPTS: Final = ("dom.js", "figures.js", "session.js", "anomalies.js", "clusters.js", "plots.js", "app.js")
PLOTLY: Final = "plotly.min.js"
_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def plotly_js() -> bytes:
    """plotly.js, minified, from the installed plotly package; the package itself is not imported."""
    return Path(str(files("plotly").joinpath("package_data", PLOTLY))).read_bytes()


def plotly_style_ids(script: bytes) -> list[str]:
    """Ids of the style elements that plotly.js adds for maps unless they are there.

    The page has elements of these ids: it draws no maps, and its policy lets nobody add a style element.
    """
    return sorted({found.decode() for found in re.findall(rb'getElementById\("([0-9a-f]{64})"\)', script)})


def static(name: str) -> bytes:
    """One of our own files."""
    return files("processor.web").joinpath("static", name).read_bytes()


def template(name: str) -> str:
    """One of our own templates."""
    return files("processor.web").joinpath("templates", name).read_text(encoding="utf-8")


class Assets:
    """Every file that is served, each read once, when it is first asked for."""

    names: Final = (*STYLES, "plotly.css", *SCRIPTS, "icon.svg", PLOTLY)

    def __init__(self) -> None:
        self._read: dict[str, Body] = {}

    def get(self, name: str) -> Body | None:
        """The file, None where there is none of that name."""
        if name not in self.names:
            return None
        if name not in self._read:
            content = plotly_js() if name == PLOTLY else static(name)
            media_type = _TYPES[name.rpartition(".")[2]] + "; charset=utf-8"
            self._read[name] = body(content, media_type)
        return self._read[name]
