"""`make audit`, through pip-audit, against a service that answers as OSV does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest

from deploy.image.audit import REQUIREMENTS, audited, main

# As https://google.github.io/osv.dev/post-v1-query/ answers, cut to what is read of it.
ADVISORY: Final = {
    "id": "GHSA-test-0001",
    "summary": "a made-up advisory",
    "schema_version": "1.6.0",
    "published": "2026-01-02T03:04:05Z",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}


class Osv(ThreadingHTTPServer):
    """Answers every query; jinja2 has the advisory where `vulnerable`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.vulnerable = False
        self.status = 200
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """For --osv-url."""
        return f"http://127.0.0.1:{self.server_port}/v1/query"


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        osv = self.server
        assert isinstance(osv, Osv)
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        osv.asked.append(name)
        answer: dict[str, Any] = {"vulns": [ADVISORY]} if osv.vulnerable and name == "jinja2" else {}
        body = json.dumps(answer).encode()
        self.send_response(osv.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def osv() -> Iterator[Osv]:
    """A running one."""
    server = Osv()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pinned() -> int:
    """How many packages the image installs."""
    lines = REQUIREMENTS.read_text().splitlines()
    return sum("==" in line and not line.startswith((" ", "#")) for line in lines)


def test_clean_packages_are_audited_one_and_all(
    osv: Osv, pinned: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every pinned package is asked for, and the line says how many."""
    assert main(["--osv-url", osv.url]) == 0

    assert len(osv.asked) == pinned
    assert f"audited {pinned} packages, 0 known vulnerabilities\n" == capsys.readouterr().out


def test_a_known_vulnerability_fails_and_is_told_with_its_remedy(
    osv: Osv, capsys: pytest.CaptureFixture[str]
) -> None:
    """Package, version, advisory and the release that mends it."""
    osv.vulnerable = True

    assert main(["--osv-url", osv.url]) == 1

    told, summary = capsys.readouterr().out.splitlines()
    assert told.startswith("jinja2 ")
    assert told.endswith(": GHSA-test-0001, fixed in 99.1")
    assert "1 known vulnerabilities" in summary


def test_a_service_that_does_not_answer_is_no_audit(osv: Osv, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is called clean."""
    osv.status = 503

    assert main(["--osv-url", osv.url]) == 0

    assert capsys.readouterr().out.startswith("NOT AUDITED: http://127.0.0.1:")


def test_an_answer_in_which_every_package_was_skipped_is_no_audit() -> None:
    """pip-audit calls it "no known vulnerabilities", though the service knew none of the packages."""
    skipped = {"dependencies": [{"name": "jinja2", "skip_reason": "Dependency not found on PyPI"}]}

    assert not audited(skipped)
