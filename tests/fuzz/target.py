"""What the fuzzer runs: bytes -> outcome through the whole pipeline, and what must hold of every outcome."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import processor.config
from processor.events.event import REASONS, Event
from processor.events.formats import Decoder
from processor.events.mapping import compile_mapping
from processor.pipeline import Ignored, Late, Pipeline, Rejected, Scored

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
GOLDEN = HERE.parent / "unit" / "events" / "golden"

MAX_RECORD_SIZE = 65_536
MAX_COMMAND_LINE = 512
MAX_TEXT = 1_024
# Small limits, so that evictions and refusals happen within a short run.
CONFIG = """
version: 1
input: {max_record_size: 64KiB, max_command_line: 512}
warmup: {span: 0s, events: 0}
limits: {max_vectors: 1000, max_scopes: 100}
output: {max_original: 1KiB}
"""
OWN_SOURCE = compile_mapping(
    name="fuzzed",
    kind="process",
    when={"kind": ["exec", 1, True]},
    fields={"@timestamp": "t", "process.executable": ["a.b", "exe"], "process.command_line": "args"},
)

# Values that a source never sends.
HOSTILE: tuple[Any, ...] = (
    *(None, "", "-", " ", [], {}, [[]], [None], {"": None}, True, False),
    *(0, -1, 1.5, -0.0, 1e308, 2**63, 2**64, 10**400),
    *("\x00", "\x1b[31m", "<script>alert(1)</script>", "\ufffd", "\u202e", "a" * 2000, "\n"),
    *("{", "\\", '"', "'", "0x", "0xg", "-1", "9" * 400, "NaN", "1e9", "0x" + "f" * 400, "\u0661"),
    *("1_0", " 7 ", "7.0", "7.5", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59"),
    *("2020-02-30", "1/1/0000, 0:00:00 AM", "0", "1e400"),
)


class Broken(AssertionError):
    """An outcome that must not be."""


def fresh_pipeline(folder: Path) -> Pipeline:
    """A pipeline with small limits that judges from the first event."""
    file = folder / "fuzz.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return Pipeline(processor.config.load(file, {}).pipeline(), "fuzz", 0)


def check_decoder(decode: Callable[[bytes], Event | None], value: bytes) -> None:
    """Whatever the bytes: an Event with bounded texts, None, or InvalidEvent, which `decode` counts."""
    event = decode(value)
    if event is None:
        return
    for name in event.__struct_fields__:
        text = getattr(event, name)
        limit = MAX_COMMAND_LINE if name.endswith("command_line") else MAX_TEXT
        if isinstance(text, str) and (len(text) > limit or _lone(text)):
            raise Broken(f"{name} has {len(text)} characters or half a surrogate pair")


def _lone(text: str) -> bool:
    return not text.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def check_pipeline(pipeline: Pipeline, value: bytes, offset: int, counts: Counter[str]) -> None:
    """Exactly one of four outcomes; a rejection has a known reason; what is published is JSON."""
    outcome = pipeline.process(value, offset, 1_600_000_000_000 + offset)
    match outcome:
        case Late():
            counts["late"] += 1
        case Scored():
            counts["scored"] += 1
            if outcome.published is not None:
                json.loads(outcome.published.value)
        case Ignored():
            counts["ignored"] += 1
        case Rejected():
            counts["rejected"] += 1
            if outcome.reason not in REASONS or len(outcome.message) > 1_000:
                raise Broken(f"rejected for {outcome.reason!r} with {len(outcome.message)} characters")
        case _:
            raise Broken(f"no outcome: {outcome!r}")


def own_decoder() -> Decoder:
    """A decoder of every format and a source of the config's."""
    return Decoder(
        formats=None,
        max_record_size=MAX_RECORD_SIZE,
        max_command_line=MAX_COMMAND_LINE,
        mappings=[OWN_SOURCE],
    )


def golden_records() -> Iterator[bytes]:
    """The record of every golden case: where the fuzzer begins."""
    for file in sorted(GOLDEN.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)["record"]
            yield record.encode() if isinstance(record, str) else json.dumps(record).encode()
    yield b'{"kind": "exec", "t": 1600000000, "a": {"b": "/bin/sh"}, "args": ["sh", "-c", "x"]}'


def kept_corpus() -> Iterator[bytes]:
    """Inputs that once went wrong, or that reach what others do not."""
    for file in sorted(CORPUS.iterdir()):
        yield file.read_bytes()


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key of a JSON value, in order."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        yield node, key
        yield from places(value)


def spoiled(record: bytes, place: int, hostile: int) -> bytes:
    """A JSON record with one of its values replaced by a hostile one; other records as they are."""
    try:
        root = json.loads(record)
    except ValueError:
        return record
    found = list(places(root))
    if found:
        node, key = found[place % len(found)]
        node[key] = HOSTILE[hostile % len(HOSTILE)]
    return json.dumps(root).encode()
