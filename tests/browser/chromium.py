"""Debian's Chromium, headless: what a test sees and does in it."""

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-GB"),
)
# Of a wait that a condition ends: it only bounds a failure.
WAIT_S = 120


class Browser:
    """One window of one browser; used for many pages."""

    def __init__(self, artefacts: Path) -> None:
        binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if binary is None or driver is None:
            raise FileNotFoundError("chromium and chromium-driver are not installed")
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        for flag in _FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._artefacts = artefacts
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.set_script_timeout(WAIT_S)

    def open(self, address: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load a page afresh, in a window of this size and scheme; forgets what was logged before."""
        self.driver.get("about:blank")
        self._logged()
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        self.driver.get(address)

    def run(self, script: str, *arguments: object) -> Any:
        """The value of a script's `return`."""
        return self.driver.execute_script(script, *arguments)

    def all(self, css: str) -> list[WebElement]:
        """Elements that match."""
        return self.driver.find_elements("css selector", css)

    def one(self, css: str) -> WebElement:
        """The first element that matches, as soon as there is one."""
        found: WebElement = self.until(lambda: next(iter(self.all(css)), None), f"an element {css}")
        return found

    def text(self, css: str) -> str:
        """The text of the first element that matches, at once; "" without one."""
        return str(self.run("return (document.querySelector(arguments[0]) || {}).textContent || ''", css))

    def texts(self, css: str) -> list[str]:
        """The texts of all elements that match, of one moment: the page may replace them in the next."""
        read = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
        return [str(each) for each in self.run(read, css)]

    def press_tab(self) -> None:
        """Move the focus on, from wherever it is."""
        for kind in ("rawKeyDown", "keyUp"):
            key = {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", key)

    def painted_ms(self) -> dict[str, float]:
        """When the browser painted first, and the largest element, by its own clock from the request on."""
        script = (
            "const done = arguments[0], found = {};"
            "for (const each of performance.getEntriesByType('paint')) found[each.name] = each.startTime;"
            "new PerformanceObserver((list) => {"
            "  found['largest-contentful-paint'] = list.getEntries().at(-1).startTime; done(found);"
            "}).observe({ type: 'largest-contentful-paint', buffered: true });"
        )
        found: dict[str, float] = self.driver.execute_async_script(script)
        return found

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """What the condition returns as soon as it is true."""
        wait = WebDriverWait(self.driver, WAIT_S, poll_frequency=0.05)
        return wait.until(lambda _: condition(), f"waited {WAIT_S} s for {what}")

    def until_drawn(self) -> None:
        """Until every plot has been drawn."""
        self.until(lambda: self.run("return document.documentElement.dataset.drawn === 'yes'"), "the plots")

    def shoot(self, name: str, css: str = "") -> Path:
        """A picture of the whole page, or of one element, kept as a test artefact."""
        area = (
            "const r = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [r.x + scrollX, r.y + scrollY, r.width, r.height]"
        )
        whole = "return [0, 0, innerWidth, Math.min(document.documentElement.scrollHeight, 6000)]"
        x, y, width, height = self.run(area, css) if css else self.run(whole)
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
        )
        path = self._artefacts / f"{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def busy_s(self) -> float:
        """Seconds of processor time that the page's own thread has used: no other load counts."""
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        metrics = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    def complaints(self) -> list[str]:
        """Errors and warnings that the console has shown since the page was opened."""
        return [entry["message"] for entry in self._logged() if entry["level"] in ("SEVERE", "WARNING")]

    def _logged(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return entries
