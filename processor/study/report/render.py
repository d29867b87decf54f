"""A report as one file: it opens offline, stays below MAX_BYTES, and shows the worst where not all fits."""

import base64
import gzip
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final, TypeVar

import jinja2
import msgspec
from markupsafe import Markup

import processor
from processor.picture.picture import NOISE, Picture
from processor.study.report.logons import LogonDetail
from processor.web.assets import plotly_js, plotly_style_ids, static
from processor.web.episodes import Episode, episodes
from processor.web.summaries import Listed, listed
from processor.web.views import plot_data

T = TypeVar("T")

MAX_BYTES: Final = 6_000_000
# Of what plotly and the plots leave, so much may be tables; the rest is for episodes.
_TABLE_SHARE: Final = 0.25
_MAX_TABLE_ROWS: Final = 2_000
# Episodes in the table above all others.
_OVERVIEW: Final = 50
# Bytes of the page around episodes and tables, the logons among them.
_AROUND: Final = 250_000
_HIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_NONE: Final = "\N{EN DASH}"
_SCRIPTS: Final = ("dom.js", "figures.js", "plots.js")


@dataclass(frozen=True, slots=True)
class Report:
    """What a report tells.

    lines : the summary, one sentence each
    records : anomalies as published, oldest first; published : how many there were in all
    picture : the window at the end; without one only the anomalies are shown
    """

    title: str
    lines: Sequence[str]
    records: Sequence[bytes]
    published: int
    picture: Picture = field(default_factory=Picture)
    logons: Sequence[LogonDetail] = ()


def html(report: Report) -> bytes:
    """The report as HTML, UTF-8, at most MAX_BYTES."""
    everything = newest_first(report.records)
    environment = _environment()
    macros: Any = environment.get_template("parts.html").module
    parts = _Parts(report, everything)
    room = MAX_BYTES - parts.size
    rows = _fitting(report.picture.rows[:_MAX_TABLE_ROWS], macros.row, int(room * _TABLE_SHARE))
    values = {each.summary.id: value for each, value in zip(everything[::-1], report.records, strict=True)}

    def drawn(episode: Episode) -> str:
        records = [msgspec.json.decode(values[each.id]) for each in reversed(episode.anomalies)]
        return str(macros.episode(episode, records))

    worst_first = sorted(episodes(everything), key=lambda each: (-each.max_score, each.number))
    shown = _fitting(worst_first, drawn, room - sum(len(text.encode()) for _, text in rows))
    page = environment.get_template("report.html").render(
        parts=parts,
        report=report,
        version=processor.__version__,
        rows=[text for _, text in rows],
        rows_missing=len(report.picture.rows) - len(rows),
        episodes=[text for _, text in sorted(shown, key=lambda each: each[0].number)],
        episode_count=len(worst_first),
        overview=[str(macros.overview(each)) for each, _ in shown[:_OVERVIEW]],
    )
    return page.encode("utf-8", "replace")


class _Parts:
    """What a report carries besides its text: style, scripts, plotly, data to draw, and the policy."""

    def __init__(self, report: Report, everything: Sequence[Listed]) -> None:
        plotly = plotly_js()
        self.style = static("style.css").decode() + _own("report.css")
        self.style_ids = plotly_style_ids(plotly)
        self.scripts = [*(static(name).decode() for name in _SCRIPTS), _own("report.js")]
        self.plotly = base64.b64encode(gzip.compress(plotly, 9, mtime=0)).decode()
        self.plots = _script_safe(msgspec.json.encode(plot_data(report.picture, everything)))
        self.policy = _policy(self.scripts, self.style)

    @property
    def size(self) -> int:
        """Bytes, with room for the page around it."""
        texts = (self.style, self.plotly, self.plots, self.policy, *self.scripts)
        return sum(len(text.encode()) for text in texts) + _AROUND


def newest_first(records: Iterable[bytes]) -> list[Listed]:
    """Records as lines of a list, the last one first."""
    return [listed(number, value) for number, value in enumerate(records)][::-1]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        # Records leave out what their source did not give: undefined is empty here.
        undefined=jinja2.Undefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(_own),
    )
    environment.filters["moment"] = moment
    environment.filters["measure"] = lambda value: _NONE if value is None else f"{value:.4g}"
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["pretty"] = _pretty
    environment.filters["breakable"] = _breakable
    environment.globals["NOISE"] = NOISE
    return environment


def _visible(value: object) -> object:
    """Text with characters that are not seen, or that turn the text around them, as escapes."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def _breakable(account: str) -> Markup:
    """An account that breaks after its domain where it is too long for its place."""
    return Markup("\\<wbr>").join(str(_visible(part)) for part in account.split("\\"))


def moment(time: int | None) -> str:
    """Ms since 1970 as `2019-01-15 05:15:03`, UTC."""
    if time is None:
        return _NONE
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _pretty(text: str) -> str:
    try:
        return msgspec.json.format(text.encode("utf-8", "replace"), indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return text


def _own(name: str) -> str:
    return files("processor.study.report").joinpath("templates", name).read_text(encoding="utf-8")


def _script_safe(data: bytes) -> str:
    """JSON that cannot end the script element it stands in."""
    return data.decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _policy(scripts: Sequence[str], style: str) -> str:
    """Only our own scripts and style run, whatever an event's text does."""
    hashes = " ".join(f"'sha256-{_hash(text)}'" for text in scripts)
    # Plotly adds its rules to the style element that the report has for them, and that is empty.
    styles = f"'sha256-{_hash(style)}' 'sha256-{_hash('')}'"
    return (
        f"default-src 'none'; script-src {hashes} blob:; style-src {styles}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _fitting(items: Iterable[T], render: Callable[[T], object], room: int) -> list[tuple[T, str]]:
    """Items in their order, with their HTML, until the room (bytes) is used up."""
    chosen = []
    for item in items:
        text = str(render(item))
        room -= len(text.encode("utf-8", "replace"))
        if room < 0:
            break
        chosen.append((item, text))
    return chosen
