"""Records in files that are no text: Windows event logs (.evtx) and Parquet, each by an optional library."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from math import isnan
from pathlib import Path
from typing import Any, Final

import msgspec

from processor.errors import UsageError
from processor.stream.files import InputFile, RecordFile, file_facts

_ROWS_AT_A_TIME: Final = 1_024


def open_input(path: Path, max_record_size: int) -> RecordFile:
    """The records of a file, read as its name's ending says.

    Raises UsageError, naming the file, for one that cannot be read or whose extra is not installed.
    """
    match path.suffix.lower():
        case ".evtx":
            return EvtxFile(path)
        case ".parquet":
            return ParquetFile(path)
        case _:
            return InputFile(path, max_record_size)


class EvtxFile:
    """A Windows event log: each event as the JSON object {"Event": {"System": ..., "EventData": ...}}.

    An event that is damaged is given as a text that is no JSON, so that it is counted as rejected.
    """

    def __init__(self, path: Path) -> None:
        """Refuse a file that is not there, before anything else is done."""
        self._path = path
        self._library = _extra("evtx", path)
        self.size, self.modified = file_facts(path)
        self.position = 0

    def __iter__(self) -> Iterator[bytes]:
        """Each event, in the order of the log."""
        self.position = 0
        try:
            records = iter(self._library.PyEvtxParser(str(self._path)).records_json())
        except (OSError, RuntimeError) as error:
            raise UsageError(f"{self._path}: no Windows event log ({error})") from error
        while True:
            try:
                record = next(records)
            except StopIteration:
                break
            except RuntimeError as error:
                yield f"damaged event: {error}".encode()
                continue
            yield record["data"].encode("utf-8", "surrogatepass")
        self.position = self.size


class ParquetFile:
    """A Parquet table: each row as a JSON object, without its nulls; times without a zone are UTC."""

    def __init__(self, path: Path) -> None:
        """Refuse a file that is not there, before anything else is done."""
        self._path = path
        _extra("pyarrow", path)
        self._library = import_module("pyarrow.parquet")
        self.size, self.modified = file_facts(path)
        self.position = 0

    def __iter__(self) -> Iterator[bytes]:
        """Each row, in the order of the table."""
        self.position = 0
        # Every error of pyarrow is one of these.
        try:
            with self._library.ParquetFile(self._path) as table:
                rows, read = table.metadata.num_rows, 0
                for batch in table.iter_batches(batch_size=_ROWS_AT_A_TIME):
                    for row in batch.to_pylist():
                        yield msgspec.json.encode(
                            {key: _plain(cell) for key, cell in row.items() if _is(cell)}
                        )
                    read += batch.num_rows
                    self.position = self.size * read // max(rows, 1)
        except (OSError, ValueError, KeyError, NotImplementedError) as error:
            raise UsageError(f"{self._path}: no Parquet table that can be read ({error})") from error


def _extra(package: str, path: Path) -> Any:
    extra = path.suffix.lower().removeprefix(".")
    try:
        return import_module(package)
    except ImportError:
        raise UsageError(
            f"{path}: reading .{extra} needs an extra: pip install 'eventcluster[{extra}]'"
        ) from None


def _is(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, float) and isnan(cell))


def _plain(cell: object) -> object:
    """A cell as JSON has it."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).isoformat()
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, dict):
        return {str(key): _plain(value) for key, value in cell.items() if _is(value)}
    if isinstance(cell, list):
        return [_plain(value) for value in cell]
    if isinstance(cell, Decimal) or (isinstance(cell, date) and not isinstance(cell, datetime)):
        return str(cell)
    return cell if isinstance(cell, bool | int | float | str) else str(cell)
