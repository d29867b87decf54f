import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.detection.exemplars import exemplar, read
from processor.events.event import Event


def process(command_line: str, program: str = "cmd.exe", user: str = "ann") -> Event:
    """A process of a program at the root of C:."""
    path = f"C:\\{program}"
    return Event("process", "x", "1", 0, "h", user, "CORP", executable=path, command_line=command_line)


@given(text=st.text(min_size=1, max_size=20), program=st.text(max_size=12), user=st.text(max_size=12))
def test_what_is_kept_of_a_process_is_read_again(text: str, program: str, user: str) -> None:
    """Whole where it is short, whatever it holds."""
    program = program.replace("\\", "")
    told = read(exemplar(process(text, program, user)))

    assert (text, program.replace("\x1f", " "), f"CORP\\{user}".replace("\x1f", " ")) == told


@given(
    text=st.text(min_size=1, max_size=400) | st.text("ab \\é€😀", min_size=200, max_size=9_000),
    program=st.text(max_size=300),
    user=st.text(max_size=300),
)
def test_an_exemplar_takes_at_most_300_bytes(text: str, program: str, user: str) -> None:
    """Whoever writes the command lines does not decide how much memory a vector takes."""
    assert 300 >= sys.getsizeof(exemplar(process(text, program, user)))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (
            "certutil " + "a" * 180 + " -p hunter2hunter2hunter2hunter2hunter2",
            "certutil " + "a" * 180 + " -p ...",
        ),
        ("powershell -enc " + "QQBB" * 2_000, "powershell -enc ..."),
        ("C:\\" + "folder\\" * 60 + "x.exe", "C:\\" + "folder\\" * 28 + "..."),
        ("A" * 5_000, "..."),
    ],
)
def test_a_word_that_does_not_fit_is_left_out_whole(line: str, kept: str) -> None:
    """Half a secret would be one that redaction does not know."""
    assert kept == read(exemplar(process(line))).text


def test_a_logon_is_told_by_its_account_and_where_it_came_from() -> None:
    """As the source writes the account."""
    logon = Event("logon", "x", "4624", 0, "h", "ann", "CORP", account="CORP\\ann", source_ip="10.0.0.1")

    assert ("CORP\\ann from 10.0.0.1", "", "CORP\\ann") == read(exemplar(logon))


def test_a_text_that_an_older_state_kept_is_read_as_text() -> None:
    """State of before: neither program nor account."""
    assert ("cmd /c dir", "", "") == read("cmd /c dir")
