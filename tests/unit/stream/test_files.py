import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from processor.errors import OutputFailed, UsageError
from processor.stream.files import InputFile, output

LINES = b'{"a": 1}\n{"b": "\xc3\xa9"}\n'
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def read(path: Path, limit: int = 1000) -> list[bytes]:
    """All records of a file."""
    return list(InputFile(path, limit))


@pytest.mark.parametrize("ending", PACK)
def test_json_lines_are_read_alike_whether_compressed_or_not(tmp_path: Path, ending: str) -> None:
    """The name's ending says how to unpack a file."""
    path = tmp_path / f"events.jsonl{ending}"
    path.write_bytes(PACK[ending](LINES))

    assert [b'{"a": 1}', b'{"b": "\xc3\xa9"}'] == read(path)


@pytest.mark.parametrize("ending", PACK)
def test_csv_rows_become_objects_without_the_index_and_empty_cells(tmp_path: Path, ending: str) -> None:
    """An unnamed column is an index; an empty cell is a missing value, as pandas writes it."""
    path = tmp_path / f"events.csv{ending}"
    path.write_bytes(PACK[ending](b'\xef\xbb\xbf,EventID,Text\n0,4688,"two\nlines, one ""cell"""\n1,,x\n'))

    assert [b'{"EventID":"4688","Text":"two\\nlines, one \\"cell\\""}', b'{"Text":"x"}'] == read(path)


def test_several_frames_of_zstd_are_one_file(tmp_path: Path) -> None:
    """Appended zstd files stay readable, as appended gzip files do."""
    path = tmp_path / "events.jsonl.zst"
    path.write_bytes(PACK[".zst"](b"1\n") + PACK[".zst"](b"2\n"))

    assert [b"1", b"2"] == read(path)


def test_byte_order_mark_carriage_returns_blank_lines_and_missing_last_line_end(tmp_path: Path) -> None:
    """Files that passed through Windows read like others."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\xef\xbb\xbf1\r\n\r\n2\r\n   \n3")

    assert [b"1", b"2", b"3"] == read(path)


@pytest.mark.parametrize("length", [9, 10, 11, 12, 13, 14, 25, 100])
def test_long_line_is_cut_one_byte_after_the_limit_and_the_next_is_whole(tmp_path: Path, length: int) -> None:
    """One huge line can neither fill the memory nor swallow its neighbours."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * length + b"\n" + b"y\n" + b"z" * length + b"\r\n")

    cut = min(length, 11)
    assert [b"x" * cut, b"y", b"z" * cut] == read(path, limit=10)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("e.jsonl.gz", gzip.compress(LINES, mtime=0)[:-12], "line 2: damaged .gz data"),
        ("e.jsonl.gz", LINES, "line 1: damaged .gz data"),
        ("e.jsonl.zst", PACK[".zst"](LINES)[:-3], "damaged .zst data (it ends within a frame)"),
        ("e.jsonl.zst", LINES, "line 1: damaged .zst data"),
        ("e.csv", b"a,b\n1,2\n1,\xff\n", "not UTF-8"),
        ("e.csv", b"a,b\n1,2\n1,2,3\n", "line 3: 3 cells under 2 column names"),
        ("e.csv", b"a,b\n1," + b"2" * 200_000 + b"\n", "line 2: not CSV (field larger than field limit"),
        ("e.jsonl", "{}\n".encode("utf-16"), "line 1: UTF-16, where UTF-8 is needed"),
        ("e.evtx", b"ElfFile", "ends in .jsonl or .csv"),
    ],
)
def test_fault_of_a_file_is_said_with_its_name_and_line(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """A broken file is the user's to mend: no traceback, and nothing lost in silence."""
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        read(path)

    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_missing_file_and_directory_are_refused_before_reading(tmp_path: Path) -> None:
    """A wrong name shows at once, not after an hour of other files."""
    for path, said in ((tmp_path / "none.jsonl", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(UsageError, match=said):
            InputFile(path, 1000)


@pytest.mark.parametrize("ending", PACK)
def test_what_was_written_reads_back_and_equal_input_gives_equal_bytes(tmp_path: Path, ending: str) -> None:
    """No time or name enters the compressed file."""
    paths = [tmp_path / f"{name}.jsonl{ending}" for name in "ab"]
    for path in paths:
        with output(path) as target:
            target.write(LINES)

    assert LINES.splitlines() == read(paths[0])
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("ending", PACK)
def test_full_disk_is_an_output_failure(tmp_path: Path, ending: str) -> None:
    """Also when it shows only as the file is closed."""
    path = tmp_path / f"full.jsonl{ending}"
    path.symlink_to("/dev/full")

    with pytest.raises(OutputFailed, match="no space left"), output(path) as target:
        target.write(LINES)


def test_output_in_a_missing_folder_is_an_output_failure(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "no" / "such.jsonl"

    with pytest.raises(OutputFailed, match=r"such\.jsonl"), output(path):
        pass
