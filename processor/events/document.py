"""docs/formats.md, made from what the decoders map."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from processor.events import (
    auditd,
    defender,
    ecs,
    ocsf,
    osquery,
    sshd,
    sysmon,
    windows,
    windows_security,
    windows_xml,
)
from processor.events.mapping import ANY, MAPPED, TARGETS, Source

# Format, its sources, and the docstrings that say what is taken and why.
DOCUMENTED: Final[tuple[tuple[str, tuple[Source, ...], tuple[str | None, ...]], ...]] = (
    (
        windows_security.FORMAT,
        windows_security.SOURCES,
        (windows_security.__doc__, windows.__doc__, windows_xml.__doc__),
    ),
    (sysmon.FORMAT, sysmon.SOURCES, (sysmon.__doc__,)),
    (auditd.FORMAT, (auditd.COLUMNS, auditd.RAW), (auditd.__doc__,)),
    (sshd.FORMAT, (sshd.LINE,), (sshd.__doc__,)),
    (ecs.FORMAT, ecs.SOURCES, (ecs.__doc__,)),
    (ocsf.FORMAT, ocsf.SOURCES, (ocsf.__doc__,)),
    (osquery.FORMAT, osquery.SOURCES, (osquery.__doc__,)),
    (defender.FORMAT, defender.SOURCES, (defender.__doc__,)),
)
_ECS_NAMES: Final = {attribute: name for name, attribute in TARGETS.items()}

_INTRODUCTION: Final = """# Formats

Made from the code: `EVENTCLUSTER_WRITE_DOCS=1 pytest tests/unit/events/test_document.py` writes it anew.

A record is recognised by the fields it has (`input.formats: auto`), or only the formats named are read. What
is neither a process creation nor a logon is ignored. What should be one and is broken becomes a dead letter
that names the field, or `value` where the record as such is at fault. Of several fields the first that holds
something is taken.

One Kafka record is one event. Azure's Event Hubs and Log Analytics wrap events into `{"records": [...]}`:
such a record is read where it holds one event, and is a dead letter where it holds several. Split them
before: Logstash's azure_event_hubs input does, Vector with `unnest`, Stream Analytics with a query.

Times are UTC; a time without a zone is UTC. A record without a usable time takes the Kafka timestamp. Logon
ids are compared as numbers: `0x3e7`, `0x3E7`, `999` and `"999"` are one. The *system session* is logon id
0x3e7, SID S-1-5-18, or root, and on Linux a process without a session. Texts are kept up to 1,024
characters, command lines up to `input.max_command_line`. What is no text (half a surrogate pair, bytes that
are not UTF-8) becomes U+FFFD.

## Whose user, which logon id, which time
"""

_OWN: Final = """## Own sources (`input.mappings`)

A source that is none of these is described in the config; its events have the format `{mapped}`.

```yaml
input:
  mappings:
    - name: my_edr
      kind: process                     # process | logon
      when:                             # which records: all must hold; a value, a list, or "*" for any
        event_simpleName: ProcessRollup2
      fields:                           # what -> where: a path a.b.c, or a list of which the first is taken
        "@timestamp": timestamp         # ISO 8601, or Unix time in s, ms, us or ns
        host.name: ComputerName
        process.executable: [ImageFileName, FilePath]
        process.command_line: CommandLine
      constants:                        # where no path holds one
        event.code: ProcessRollup2
```

What can be filled: {targets}.
A process needs `process.executable`, a logon `user.name` or `logon.account`. Try it with
`eventcluster replay FILE --config CONFIG --show-events 5`.
"""


def page() -> str:
    """The text of docs/formats.md."""
    parts = [_INTRODUCTION, _overview()]
    for name, sources, texts in DOCUMENTED:
        parts.append(f"\n## {name}\n\n{_prose(texts)}\n")
        parts.extend(_details(source) for source in sources)
    targets = ", ".join(f"`{target}`" for target in TARGETS)
    parts.append("\n" + _OWN.format(mapped=MAPPED, targets=targets))
    return "\n".join(parts)


def _overview() -> str:
    rows = [
        [
            name,
            source.name,
            *(_paths(source.fields.get(attribute, ())) or "Kafka's" for attribute in ("time",)),
            *(_paths(source.fields.get(attribute, ())) for attribute in ("host",)),
            _paths(source.fields.get("user_name", source.fields.get("user_id", ()))),
            _paths(source.fields.get("logon_id", ())) or "none",
        ]
        for name, sources, _ in DOCUMENTED
        for source in sources
    ]
    return _table(["format", "records", "time", "host", "user", "logon id"], rows)


def _prose(texts: Sequence[str | None]) -> str:
    return "\n\n".join(text.strip() for text in texts if text)


def _details(source: Source) -> str:
    conditions = " and ".join(
        f"`{path}` is there" if ANY in values else f"`{path}` is {' or '.join(sorted(values))}"
        for path, values in source.when.items()
    )
    exceptions = " or ".join(
        f"`{path}` is {' or '.join(sorted(values))}" for path, values in source.unless.items()
    )
    rule = f"{conditions}{f', unless {exceptions}' if exceptions else ''}.".replace(ANY, "there")
    rows = [[f"`{_ECS_NAMES[attribute]}`", _paths(paths)] for attribute, paths in source.fields.items()]
    rows += [
        [f"`{_ECS_NAMES[attribute]}`", f"always {value}"] for attribute, value in source.constants.items()
    ]
    rows += [[f"`{_ECS_NAMES[attribute]}`", _meanings(values)] for attribute, values in source.values.items()]
    return f"### {source.name} ({source.kind})\n\n{rule}\n\n{_table(['what', 'taken from'], rows)}"


def _meanings(values: Mapping[str, object]) -> str:
    return ", ".join(
        f"{value} is {'unknown' if stands_for is None else stands_for}"
        for value, stands_for in values.items()
    )


def _paths(paths: Iterable[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
