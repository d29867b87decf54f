"""Record bytes to Event: which format a record has, and what becomes of one that cannot be read.

A format is recognised in two steps: a few bytes that only its records have, mostly a field's name, found
without parsing, choose the reader; the reader then decides from the parsed record. So a command line that
quotes such a name costs a second look and no wrong answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from processor.errors import InvalidEvent
from processor.events import (
    auditd,
    defender,
    ecs,
    mapping,
    ocsf,
    osquery,
    sshd,
    sysmon,
    windows_security,
    windows_xml,
)
from processor.events.event import Event
from processor.events.mapping import Source, json_object, reader_of
from processor.events.unreadable import RECORD, UNREADABLE, invalid, repair
from processor.events.windows import event_codes

FORMATS: Final[tuple[str, ...]] = (
    windows_security.FORMAT,
    sysmon.FORMAT,
    auditd.FORMAT,
    sshd.FORMAT,
    ecs.FORMAT,
    ocsf.FORMAT,
    osquery.FORMAT,
    defender.FORMAT,
    mapping.MAPPED,
)

Read = Callable[[bytes, int], Event | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of record of a format is found and read.

    needle : bytes that its records contain
    read : (record, max_command_line) -> Event, None if the record is another event
    codes : the Windows event ids that claim a record, though it cannot be read; empty for other formats
    lines : whether a record may be a text line that is no JSON
    """

    format: str
    needle: bytes
    read: Read
    codes: frozenset[str] = frozenset()
    lines: bool = False


EVENT_DATA: Final = b"EventData"
ECS_MARK: Final = b'"category'
# The key under which Azure's Event Hubs and Log Analytics put several events into one record.
BATCH: Final = "records"
_MAX_BATCH: Final = 1_000
_BATCH_KEY: Final = b'"records"'

# The most frequent first: a needle that is not there costs 0.5 us in 1 KB.
READERS: Final = (
    Reader(
        windows_security.FORMAT,
        b"NewProcessName",
        windows_security.read_process,
        windows_security.PROCESS_CODES,
    ),
    Reader(sysmon.FORMAT, b"ProcessGuid", sysmon.read_process, sysmon.CODES),
    Reader(
        windows_security.FORMAT,
        b"LogonType",
        windows_security.read_logon,
        windows_security.LOGON_CODES,
    ),
    Reader(ecs.FORMAT, ECS_MARK, ecs.read),
    Reader(ecs.FORMAT, b"event.category", reader_of(ecs.SOURCES)),
    Reader(auditd.FORMAT, b"SYSCALL_EXECVE", auditd.read_columns),
    Reader(auditd.FORMAT, b"type=EXECVE", auditd.read_raw, lines=True),
    Reader(defender.FORMAT, b"ActionType", reader_of(defender.SOURCES)),
    Reader(ocsf.FORMAT, b"class_uid", reader_of(ocsf.SOURCES)),
    Reader(osquery.FORMAT, b'"columns', reader_of(osquery.SOURCES)),
    Reader(windows_security.FORMAT, EVENT_DATA, windows_xml.read_security, lines=True),
    Reader(sysmon.FORMAT, EVENT_DATA, windows_xml.read_sysmon, lines=True),
    Reader(sshd.FORMAT, b"sshd", sshd.read, lines=True),
    Reader(sshd.FORMAT, b"pam_", sshd.read, lines=True),
    Reader(auditd.FORMAT, b"type=1309", auditd.read_raw, lines=True),
)


class Decoder:
    """Reads records of the formats asked for.

    formats : those read, None = all; events of others are ignored; own sources are always read
    max_record_size : bytes; a longer record is rejected
    max_command_line : characters kept of a command line
    mappings : own sources (`compile_mapping`); they come before the formats
    """

    def __init__(
        self,
        *,
        formats: frozenset[str] | None,
        max_record_size: int,
        max_command_line: int,
        mappings: Sequence[Source] = (),
    ) -> None:
        asked_for = [reader for reader in READERS if formats is None or reader.format in formats]
        self._readers = (*(_own(source) for source in mappings), *asked_for)
        self._hot = tuple((reader.needle, reader.read, reader) for reader in self._readers)
        self._max_record_size = max_record_size
        self._max_command_line = max_command_line

    def decode(self, value: bytes | None) -> Event | None:
        """The event in a record; None if it is neither a process creation nor a logon of a format asked for.

        Raises InvalidEvent where it should be one and is broken, or is neither a JSON object nor a log line.
        """
        if value is None:
            return None
        if len(value) > self._max_record_size:
            raise InvalidEvent(
                "too_large",
                RECORD,
                f"{len(value)} bytes, more than input.max_record_size = {self._max_record_size}",
            )
        try:
            return self._read(value)
        except UNREADABLE as error:
            repaired = repair(value)
            if repaired == value:
                raise invalid(error, value) from None
        try:
            return self._read(repaired)
        except UNREADABLE as error:
            raise invalid(error, value) from None

    def _read(self, value: bytes) -> Event | None:
        if value[:1] != b"{":
            value = value.lstrip()
            if value[:1] != b"{":
                return self._read_line(value)
        lacking: InvalidEvent | None = None
        for needle, read, reader in self._hot:
            if needle in value:
                try:
                    event = read(value, self._max_command_line)
                except msgspec.ValidationError:
                    if self._is_meant(reader, value):
                        raise
                    continue
                except InvalidEvent as error:
                    # A Windows header in columns may have its event data one level deeper.
                    if not reader.codes or EVENT_DATA not in value:
                        raise
                    lacking = error
                    continue
                if event is not None:
                    return event
        if lacking is not None:
            raise lacking
        return self._read_batch(value) if _BATCH_KEY in value else self._read_unmarked(value)

    def _read_batch(self, value: bytes) -> Event | None:
        """The event of a record that wraps several under `records`; more than one event is refused.

        One Kafka record is one event: the collector must split batches, and a dead letter shows it missing.
        """
        batch = json_object(value).get(BATCH)
        if not isinstance(batch, list):
            return self._read_unmarked(value)
        if len(batch) > _MAX_BATCH:
            raise InvalidEvent("bad_field", BATCH, f"{len(batch)} in one record: split them before Kafka")
        found = None
        for number, each in enumerate(batch):
            if not isinstance(each, dict) or BATCH in each:
                continue
            try:
                event = self._read(msgspec.json.encode(each))
            except InvalidEvent as error:
                raise error.inside(f"{BATCH}[{number}]") from None
            if event is not None and found is not None:
                raise InvalidEvent(
                    "bad_field",
                    BATCH,
                    f"several events of {len(batch)} in one record: split them before Kafka",
                )
            found = found or event
        return found

    def _read_line(self, value: bytes) -> Event | None:
        """A record that is no JSON object: a log line, or broken."""
        for reader in self._readers:
            if reader.lines and reader.needle in value:
                event = reader.read(value, self._max_command_line)
                if event is not None:
                    return event
        if not (auditd.is_line(value) or sshd.is_line(value) or windows_xml.is_xml(value)):
            event_codes(value)
        return None

    def _is_meant(self, reader: Reader, value: bytes) -> bool:
        """Whether a record with a field of the wrong type was to be one of the reader's."""
        codes = event_codes(value)
        return codes is None or not codes.isdisjoint(reader.codes)

    def _read_unmarked(self, value: bytes) -> Event | None:
        """A record that no needle led to: another event, or one whose distinctive field is missing."""
        codes = event_codes(value)
        # In Winlogbeat's own modules the event data went into ECS fields: nothing is missing there.
        if codes is not None and ECS_MARK not in value:
            for reader in self._readers:
                if not codes.isdisjoint(reader.codes) and reader.needle not in value:
                    return reader.read(value, self._max_command_line)
        return None


def _own(source: Source) -> Reader:
    """A source of the config: its needle is a key that its records must have."""
    keys = [path.rpartition(".")[2] for path in source.when]
    needle = max((key.encode() for key in keys if key.isascii() and key.isprintable()), key=len, default=b"")
    plain = not any(byte in b'"\\/' for byte in needle)
    return Reader(source.format, needle if plain else b"", reader_of([source]))
