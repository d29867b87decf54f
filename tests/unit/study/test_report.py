"""Reports: one file, bounded, complete where it can be, readable as a ticket."""

from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from processor.config import load
from processor.errors import UsageError
from processor.picture.picture import Picture, Row
from processor.study.replay import Request, replay
from processor.study.report.render import MAX_BYTES, Report, html
from processor.study.report.write import from_anomalies
from tests.support.anomalies import record


def values(count: int, **changes: object) -> list[bytes]:
    """Records of `count` anomalies."""
    return [msgspec.json.encode(record(number, **changes)) for number in range(count)]


class Addresses(HTMLParser):
    """What a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect src and href of any tag."""
        assert tag
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def test_a_report_loads_nothing() -> None:
    """Every script, style and datum is in the file."""
    page = Addresses()
    page.feed(html(Report("title", ["a line"], values(30), 30)).decode())

    assert [] == [address for address in page.found if not address.startswith("#")]


def test_a_report_of_any_size_stays_below_its_bound_and_shows_the_worst() -> None:
    """Ten thousand anomalies with long command lines: those with the highest scores are told."""
    told = html(Report("title", [], values(10_000, command_line="x" * 900), 10_000))
    page = told.decode()

    assert MAX_BYTES * 0.8 < len(told) <= MAX_BYTES
    assert "with the highest scores are shown here" in page
    assert f"id {100:032x}" in page


def test_events_cannot_end_the_elements_they_stand_in() -> None:
    """Text of an event is escaped in HTML, in JSON, and in Markdown."""
    hostile = "</script><img src=x onerror=alert(1)>`|<b>"
    row = Row("a", "logon", hostile, f"{hostile}1", 4, 9, 1, hostile, f"{hostile}\\{hostile}", hostile, 1, 2)
    records = values(1, command_line=hostile, host=hostile)
    page = html(Report(hostile, [hostile], records, 1, Picture(rows=(row,)))).decode()

    assert "<img" not in page
    assert "|&lt;b&gt;\\<wbr>&lt;/script&gt;" in page
    assert "\\u003c/script>\\u003cimg" in page


def test_anomalies_become_a_page_and_a_ticket(tmp_path: Path) -> None:
    """`report ANOMALIES.jsonl --out F` by the ending of F."""
    source = tmp_path / "anomalies.jsonl"
    source.write_bytes(b"\n".join(values(25, host="web<1>")))
    from_anomalies(source, [tmp_path / "r.html", tmp_path / "r.md"])
    ticket = (tmp_path / "r.md").read_text()

    assert "25 anomalies in 2 episodes" in (tmp_path / "r.html").read_text()
    assert "## web\\<1\\>: score 24, escalated" in ticket
    assert 25 == ticket.count("| tool.exe |")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"a": 1}\n', "record 1: no anomaly"),
        ("a.jsonl", b"no json\n", "record 1: no anomaly"),
        ("none.jsonl", None, "no such file"),
    ],
)
def test_a_file_that_holds_no_anomalies_is_refused(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    """With its name and the record at fault."""
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(UsageError, match=f"{name}.*{said}"):
        from_anomalies(tmp_path / name, [tmp_path / "out.html"])


def test_a_report_of_another_ending_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """Not after hours of replay."""
    with pytest.raises(UsageError, match=r"out\.pdf: a report ends in \.html or \.md"):
        from_anomalies(tmp_path / "none.jsonl", [tmp_path / "out.pdf"])


def test_a_replay_is_told_with_its_clusters_and_logons(
    shared: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Msticpy's host logons: three rows, each logon in words."""
    settings = load(pytestconfig.rootpath / "configs" / "msticpy.yaml", {})
    out = tmp_path / "out.html"
    files = [shared / "data" / "msticpy" / name for name in ("processes_on_host.csv", "host_logons.csv")]
    replay(Request(files=files, sort=True, report=[out]), settings, lambda _done, _all: None)
    page = out.read_text()

    assert 62 + 3 == page.count("<tr data-kind=")
    assert "31 clusters and 34 noise events" in page
    assert all(word in page for word in ("Service (5)", "S-1-5-18", "Negotiate", "NT AUTHORITY"))
