import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from processor.detection.exemplars import exemplar, read
from processor.events.event import Event


def process(command_line: str, program: str = "cmd.exe", user: str = "ann") -> Event:
    """A process of a program at the root of C:."""
    path = f"C:\\{program}"
    return Event("process", "x", "1", 0, "h", user, "CORP", executable=path, command_line=command_line)


def spaced(name: str) -> str:
    """A name without the characters that part what is kept."""
    return name.replace("\x1f", " ").replace("\x1e", " ")


@given(
    text=st.text(min_size=1, max_size=20),
    program=st.text(max_size=12),
    user=st.text(max_size=12),
    scope=st.sampled_from(["h", "role"]),
)
def test_what_is_kept_of_a_process_is_read_again(text: str, program: str, user: str, scope: str) -> None:
    """Whole where it is short, whatever it holds; the host where the scope is another."""
    program = program.replace("\\", "")
    told = read(exemplar(process(text, program, user), scope))

    assert (text, spaced(program), spaced(f"CORP\\{user}"), None if scope == "h" else "h") == told


def test_the_host_is_kept_where_the_scope_is_a_role_a_user_or_nothing() -> None:
    """Empty where the event has none: the scope's name would be no host."""
    event = process("cmd /c dir")

    assert ["h", "h", None] == [read(exemplar(event, scope)).host for scope in ("web", "", "h")]
    assert "" == read(exemplar(structs.replace(event, host=""), "CORP\\ann")).host


@given(
    text=st.text(min_size=1, max_size=400) | st.text("ab \\é€😀", min_size=200, max_size=9_000),
    program=st.text(max_size=300),
    user=st.text(max_size=300),
    host=st.text(max_size=300),
)
def test_an_exemplar_takes_at_most_300_bytes(text: str, program: str, user: str, host: str) -> None:
    """Whoever writes the command lines does not decide how much memory a vector takes."""
    event = structs.replace(process(text, program, user), host=host)

    assert 300 >= sys.getsizeof(exemplar(event, "role"))


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
    assert kept == read(exemplar(process(line), "h")).text


def test_a_logon_is_told_by_its_account_and_where_it_came_from() -> None:
    """As the source writes the account."""
    logon = Event("logon", "x", "4624", 0, "h", "ann", "CORP", account="CORP\\ann", source_ip="10.0.0.1")

    assert ("CORP\\ann from 10.0.0.1", "", "CORP\\ann", None) == read(exemplar(logon, "h"))


def test_a_text_that_an_older_state_kept_is_read_as_text() -> None:
    """State of before: neither program nor account."""
    assert ("cmd /c dir", "", "", None) == read("cmd /c dir")
