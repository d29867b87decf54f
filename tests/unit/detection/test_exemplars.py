from hypothesis import given
from hypothesis import strategies as st

from processor.detection.exemplars import exemplar, read
from processor.events.event import Event


@given(text=st.text(min_size=1), program=st.text(max_size=80), user=st.text(max_size=80))
def test_what_is_kept_of_a_process_is_read_again(text: str, program: str, user: str) -> None:
    """The command line whole, whatever it holds; names on one piece, at most 64 characters of them."""
    path = "C:\\" + program.replace("\\", "")
    told = read(
        exemplar(Event("process", "x", "1", 0, "h", user, "CORP", executable=path, command_line=text))
    )

    assert (text, path[3:67].replace("\x1f", " "), f"CORP\\{user}"[:64].replace("\x1f", " ")) == told


def test_a_logon_is_told_by_its_account_and_where_it_came_from() -> None:
    """As the source writes the account."""
    logon = Event("logon", "x", "4624", 0, "h", "ann", "CORP", account="CORP\\ann", source_ip="10.0.0.1")

    assert ("CORP\\ann from 10.0.0.1", "", "CORP\\ann") == read(exemplar(logon))


def test_a_text_that_an_older_state_kept_is_read_as_text() -> None:
    """State of before: neither program nor account."""
    assert ("cmd /c dir", "", "") == read("cmd /c dir")
