"""`eventcluster demo` as it is typed: the page of the real service, embedded broker and all."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Browser
from tests.support.brokers import free_ports


@pytest.fixture
def demo(browser: Browser) -> Iterator[str]:
    """Address of the page of a demo that runs until the test has seen enough."""
    [port] = free_ports(1)
    page = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "processor", "demo", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            browser.until(lambda: _answers(page + "readyz"), "the demo to be ready")
            yield page
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address):  # noqa: S310 - an address of this test
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def test_anomalies_appear_on_the_page_of_the_demo_while_it_is_open(browser: Browser, demo: str) -> None:
    """Opened before there is any anomaly, the page shows them as they come, and the clusters when counted."""
    browser.open(demo)
    browser.one("details.anomaly")
    browser.until(lambda: browser.text("#count-clusters") != "0", "clusters")
    browser.shoot("page-demo")

    assert "live" == browser.text("#state")
    assert [] == browser.complaints()
