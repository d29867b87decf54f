"""The report of the notebook's own data, opened from the disk."""

import subprocess
import sys
from pathlib import Path

from tests.browser.chromium import Browser
from tests.browser.test_page import PLOTS

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "msticpy.yaml"


def test_the_report_of_the_notebooks_data_shows_each_of_its_views_offline(
    browser: Browser, shared: Path, tmp_path: Path
) -> None:
    """Every plot drawn, every anomaly there, logons in words; whole at 360 pixels; no server is asked."""
    report = tmp_path / "out.html"
    data = [shared / "data" / "msticpy" / name for name in ("processes_on_host.csv", "host_logons.csv")]
    command = ["replay", *map(str, data), "--config", str(CONFIG), "--report", str(report)]
    subprocess.run([sys.executable, "-m", "processor", *command], check=True, capture_output=True)
    browser.open(report.as_uri())
    browser.until_drawn()
    browser.shoot("report")
    marks = {plot: len(browser.all(f"#plot-{plot} .main-svg path")) for plot in PLOTS}
    asked = browser.run("return performance.getEntriesByType('resource').map((each) => each.name)")
    text = browser.run("return document.getElementById('main').textContent")
    browser.open(report.as_uri(), width=360, height=740)
    browser.until_drawn()
    browser.run("for (const each of document.querySelectorAll('details.anomaly')) each.open = true")
    overflow = browser.run("return document.documentElement.scrollWidth - innerWidth")
    cut_off = browser.run(
        "return [...document.querySelectorAll('table.features')].filter((each) =>"
        " each.getBoundingClientRect().right > each.closest('.episode').getBoundingClientRect().right).length"
    )

    assert report.stat().st_size <= 6_000_000
    assert [] == [plot for plot, count in marks.items() if count < 3]
    assert [] == [address for address in asked if not address.startswith(("blob:", "data:"))]
    assert (0, 0) == (overflow, cut_off)
    assert "Service (5)" in text
    assert "S-1-5-18" in text
    assert [] == browser.complaints()
