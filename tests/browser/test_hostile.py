"""What an attacker puts into events stays text: on the page and in a report, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from processor.study.report.write import from_anomalies
from tests.browser.chromium import Browser
from tests.browser.conftest import running

# Each marks the window if it runs, and the document if it is ever parsed as markup.
CORPUS = (
    "<script data-pwned>window.pwned=1</script>",
    "</script><script data-pwned>window.pwned=1</script>",
    "<img data-pwned src=x onerror=window.pwned=1>",
    '"><svg data-pwned onload=window.pwned=1>',
    "' onmouseover='window.pwned=1' data-pwned='",
    "<iframe data-pwned srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<a data-pwned href='javascript:window.pwned=1'>go</a>",
    "<b data-pwned>bold</b><br>&lt;i&gt;&#x3c;script&#x3e;",
    "javascript:window.pwned=1//",
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>{% raw %}",
    "</textarea></title></style></pre><img data-pwned src=x onerror=window.pwned=1>",
    "<!--<img data-pwned src=x onerror=window.pwned=1>-->",
    "<style data-pwned>*{display:none}</style>",
    "<math><mtext><mglyph><style><img data-pwned src=x onerror=window.pwned=1>",
    "\u202e\u2028\u2029\u0000<svg/onload=window.pwned=1 data-pwned>",
    "%3Cscript%3Ewindow.pwned=1%3C/script%3E\\x3cscript\\x3e\\u003cscript\\u003e",
    '](javascript:window.pwned=1) ![x](x"onerror="window.pwned=1)',
    "<base data-pwned href=//example.org/><meta data-pwned http-equiv=refresh content=0>",
)


def hostile() -> Iterator[tuple[bytes, int]]:
    """The corpus in every text field of process creations and logons, each event unlike the others."""
    for number, text in enumerate(CORPUS):
        time = f"2026-01-05T{number:02d}:00:00.000Z"
        process = {
            "EventID": 4688,
            "TimeGenerated": time,
            "Computer": text,
            "SubjectUserName": text,
            "SubjectDomainName": text,
            "SubjectUserSid": text,
            "SubjectLogonId": "0x1",
            "NewProcessName": f"C:\\{text}\\{text}.exe",
            "CommandLine": text * (number + 1),
            "ParentProcessName": text,
        }
        logon = {
            "EventID": 4624,
            "TimeGenerated": time,
            "Computer": text,
            "Account": text,
            "TargetUserName": text,
            "TargetDomainName": text,
            "TargetUserSid": text,
            "TargetLogonId": "0x2",
            "LogonType": 3,
            "AuthenticationPackageName": text,
            "IpAddress": text,
        }
        for record in (process, logon):
            yield json.dumps(record).encode(), 1_767_571_200_000 + number * 3_600_000


def traces(browser: Browser) -> list[int]:
    """Whether anything ran, and how many elements were made of an event's text."""
    found: list[int] = browser.run(
        "return [window.pwned || 0, document.querySelectorAll('[data-pwned]').length]"
    )
    return found


@pytest.fixture(scope="module")
def published(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A service that has published the corpus: the page's address, and the topic's anomalies in a file."""
    folder = tmp_path_factory.mktemp("hostile")
    with running(kafka, folder, list(hostile()), warmup={"span": "0s", "events": 0}) as service:
        anomalies = folder / "anomalies.jsonl"
        anomalies.write_bytes(b"".join(value + b"\n" for value in service.published()))
        yield service.page, anomalies


def test_nothing_of_the_corpus_runs_on_the_page(browser: Browser, published: tuple[str, Path]) -> None:
    """Every anomaly opened, every view shown: 0 executions, 0 elements, a silent console."""
    page, _ = published
    browser.open(page)
    browser.one("details.anomaly")
    count = browser.run(
        "const all = [...document.querySelectorAll('details.anomaly')];"
        "all.forEach((each) => each.open = true); return all.length"
    )
    browser.until(lambda: len(browser.all(".explained .sentence")) == count, "all explanations")
    shown = browser.run("return document.getElementById('episodes').textContent")
    on_list = traces(browser)
    browser.one("#tab-clusters").click()
    browser.one("#clusters tbody tr")
    on_table = traces(browser)
    browser.one("#tab-plots").click()
    browser.until_drawn()
    browser.shoot("page-hostile-plots")
    on_plots = traces(browser)

    assert count >= len(CORPUS)
    assert [[0, 0]] * 3 == [on_list, on_table, on_plots]
    assert [] == [text for text in CORPUS[:4] if text not in shown]
    assert [] == browser.complaints()


def test_nothing_of_the_corpus_runs_in_a_report(
    browser: Browser, published: tuple[str, Path], tmp_path: Path
) -> None:
    """The same in one file that is opened from the disk."""
    _, anomalies = published
    report = tmp_path / "report.html"
    from_anomalies(anomalies, [report])
    browser.open(report.as_uri())
    browser.until_drawn()
    browser.run("document.querySelectorAll('details').forEach((d) => d.open = true)")
    shown = browser.run("return document.getElementById('main').textContent")
    browser.shoot("report-hostile")

    assert [0, 0] == traces(browser)
    assert [] == [text for text in CORPUS[:4] if text not in shown]
    assert [] == browser.complaints()
