"""A report in Markdown, short enough for a ticket."""

import re
from collections.abc import Sequence
from typing import Final

import processor
from processor.study.report.render import Report, newest_first
from processor.web.episodes import Episode, episodes
from processor.web.summaries import Summary

_MAX_EPISODES: Final = 50
_MAX_ANOMALIES: Final = 20
_MAX_TEXT: Final = 300

# What Markdown or the HTML in it would read as more than text.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|<>~&])")


def markdown(report: Report) -> bytes:
    """The episodes with the highest scores, each with its anomalies in a table; UTF-8."""
    everything = newest_first(report.records)
    found = sorted(episodes(everything), key=lambda each: (-each.max_score, each.number))
    lines = [f"# {_plain(report.title)}", ""]
    lines += [f"- {_plain(line)}" for line in report.lines]
    for episode in found[:_MAX_EPISODES]:
        lines += ["", *_episode(episode)]
    if len(found) > _MAX_EPISODES:
        lines += ["", f"{len(found) - _MAX_EPISODES} more episodes have lower scores."]
    lines += ["", f"eventcluster {processor.__version__}"]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _episode(episode: Episode) -> list[str]:
    times = f"{episode.started[:19].replace('T', ' ')} to {episode.last[:19].replace('T', ' ')} UTC"
    lines = [
        f"## {_plain(episode.scope or 'all hosts')}: score {episode.max_score}"
        + (", escalated" if episode.escalated else ""),
        "",
        f"{times}; {episode.count} published, {episode.folded} folded; episode `{episode.id}`",
        "",
        _plain(episode.headline),
        "",
        "| score | time | host | what | detail | user |",
        "|--:|---|---|---|---|---|",
    ]
    worst: Sequence[Summary] = sorted(episode.anomalies, key=lambda each: (-each.score, each.number))
    lines += [_line(each) for each in worst[:_MAX_ANOMALIES]]
    if len(worst) > _MAX_ANOMALIES:
        lines.append(f"| | | | {len(worst) - _MAX_ANOMALIES} more | | |")
    return lines


def _line(each: Summary) -> str:
    time = each.time[:19].replace("T", " ")
    cells = (str(each.score), time, each.host, each.title, each.detail, each.user)
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Untrusted text on one line, as text whatever it holds."""
    line = "".join(character if character.isprintable() else " " for character in text)
    cut = line if len(line) <= _MAX_TEXT else line[:_MAX_TEXT] + "..."
    return _SPECIAL.sub(r"\\\1", cut)
