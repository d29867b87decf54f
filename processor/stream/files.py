"""Records in files: JSONL and CSV, plain or compressed, read and written as a stream of bounded pieces."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

import msgspec
import zstandard

from processor.errors import OutputFailed, UsageError

if TYPE_CHECKING:
    from typing_extensions import Buffer as WriteableBuffer

_COMPRESSED: Final = (".gz", ".zst")
_JSONL: Final = (".jsonl", ".ndjson", ".json", "")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# Bytes decompressed at a time: a block of 4 can stand for 128 KiB, so this many make at most 16 MiB.
_ZSTD_PIECE: Final = 512
# Characters that a cell of a CSV may have at least.
_LEAST_CELL: Final = 131_072
_DAMAGED: Final = (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError)


class RecordFile(Protocol):
    """A file of records: its bytes on the disk, its time (ms since 1970 UTC), how far it has been read."""

    size: int
    modified: int

    @property
    def position(self) -> int:
        """Bytes read so far, of `size`."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Each record once; several passes read the file again."""
        ...


class InputFile:
    """The records of one file, in its order: lines of a .jsonl, rows of a .csv as JSON objects.

    Also .jsonl.gz, .jsonl.zst, .csv.gz, .csv.zst; a name without an ending is JSONL. A CSV's unnamed
    column (an index) and its empty cells are left out. Blank lines are no records. A line longer than
    `max_record_size` bytes is cut one byte after it, so that whoever decodes it sees that it is too long.

    size : bytes on the disk; modified : the file's time, ms since 1970 UTC
    Every fault is a UsageError that names the file, and the line where there is one.
    """

    def __init__(self, path: Path, max_record_size: int) -> None:
        """Refuse a file that is not there or cannot be read, before anything else is done."""
        self._path = path
        self._limit = max_record_size + 1
        self._raw: IO[bytes] | None = None
        self._line = 0
        endings = [ending.lower() for ending in path.suffixes[-2:]]
        self._compression = endings.pop() if endings and endings[-1] in _COMPRESSED else ""
        self._kind = endings[-1] if endings else ""
        if self._kind not in (*_JSONL, ".csv"):
            raise UsageError(
                f"{path}: a file of records ends in .jsonl or .csv, with .gz or .zst after it or not, "
                "in .evtx or in .parquet"
            )
        self.size, self.modified = file_facts(path)

    @property
    def position(self) -> int:
        """Bytes read so far, of `size`, as they are on the disk."""
        return 0 if self._raw is None or self._raw.closed else self._raw.tell()

    def __iter__(self) -> Iterator[bytes]:
        """Each record once; several passes read the file again."""
        self._line = 0
        try:
            with self._path.open("rb") as raw:
                self._raw = raw
                yield from (
                    self._csv(self._unpack(raw)) if self._kind == ".csv" else self._lines(self._unpack(raw))
                )
        except _DAMAGED as error:
            raise self._fault(f"damaged {self._compression} data ({error})") from error
        except UnicodeDecodeError as error:
            raise self._fault("not UTF-8") from error
        except csv.Error as error:
            raise self._fault(f"not CSV ({error})") from error
        except OSError as error:
            raise self._fault(_reason(error)) from error

    def _fault(self, what: str) -> UsageError:
        return UsageError(f"{self._path}, line {self._line + 1}: {what}")

    def _unpack(self, raw: IO[bytes]) -> IO[bytes]:
        if self._compression == ".gz":
            return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
        if self._compression == ".zst":
            return io.BufferedReader(_ZstdReader(raw))
        return raw

    def _lines(self, source: IO[bytes]) -> Iterator[bytes]:
        while line := source.readline(self._limit + 2):
            if self._line == 0:
                if line.startswith(_UTF_16):
                    raise self._fault("UTF-16, where UTF-8 is needed")
                line = line.removeprefix(_BYTE_ORDER_MARK)
            whole = line.endswith(b"\n")
            record = line.rstrip(b"\r\n")[: self._limit]
            while line and not whole:
                line = source.readline(self._limit)
                whole = line.endswith(b"\n")
            if record.strip():
                yield record
            self._line += 1

    def _csv(self, source: IO[bytes]) -> Iterator[bytes]:
        csv.field_size_limit(max(_LEAST_CELL, self._limit))
        text = io.TextIOWrapper(source, "utf-8-sig", newline="")
        try:
            rows = csv.reader(text)
            names = next(rows, [])
            self._line = rows.line_num
            for row in rows:
                yield from self._row(names, row)
                self._line = rows.line_num
        finally:
            # The wrapper would close what it did not open, with a warning.
            text.detach()

    def _row(self, names: list[str], row: list[str]) -> Iterator[bytes]:
        if len(row) > len(names):
            raise self._fault(f"{len(row)} cells under {len(names)} column names")
        record = {name: cell for name, cell in zip(names, row, strict=False) if name and cell}
        if record:
            yield msgspec.json.encode(record)


class _ZstdReader(io.RawIOBase):
    """Decompresses frame after frame; zstandard's own reader is silent when the last one is cut short."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._started = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        while not self._ready:
            piece = self._frame.unused_data if self._frame.eof else b""
            piece = piece or self._raw.read(_ZSTD_PIECE)
            if not piece:
                if self._started and not self._frame.eof:
                    raise EOFError("it ends within a frame")
                return 0
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._started = True
            self._ready = memoryview(self._frame.decompress(piece))
        target = memoryview(buffer).cast("B")
        size = min(len(target), len(self._ready))
        target[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def file_facts(path: Path) -> tuple[int, int]:
    """Bytes and time (ms since 1970 UTC) of a file that can be read. Raises UsageError naming it."""
    try:
        with path.open("rb"):
            status = path.stat()
    except OSError as error:
        raise UsageError(f"{path}: {_reason(error)}") from error
    return status.st_size, status.st_mtime_ns // 1_000_000


@contextmanager
def output(path: Path) -> Iterator[IO[bytes]]:
    """A file to write bytes to, compressed where its name ends in .gz or .zst; equal input gives equal bytes.

    Raises OutputFailed, naming the file, when it cannot be created or written (permission, full disk), also
    when that shows only while it is closed. An error of the body that is no OSError passes through.
    """
    try:
        raw = path.open("wb")
    except OSError as error:
        raise OutputFailed(f"{path}: {_reason(error)}") from error
    try:
        with raw, _pack(path, raw) as target:
            yield target
    except OSError as error:
        raise OutputFailed(f"{path}: {_reason(error)}") from error


def _pack(path: Path, raw: IO[bytes]) -> IO[bytes]:
    ending = path.suffix.lower()
    if ending == ".gz":
        # No name and no time in the header: they would make equal streams differ.
        return cast(IO[bytes], gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0))
    if ending == ".zst":
        return cast(IO[bytes], zstandard.ZstdCompressor().stream_writer(raw))
    return raw


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
