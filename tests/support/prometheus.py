"""A real Prometheus that scrapes one target every second, with our rule files."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.tools import CHECKOUT, program
from tests.support.brokers import free_ports

START_WITHIN_S = 120.0


@dataclass(frozen=True)
class Series:
    """One series of an answer: its labels and its finite values, oldest first."""

    labels: Mapping[str, str]
    values: tuple[float, ...]


class Prometheus:
    """Runs until `stop`; `target` is host:port of /metrics, scraped as job eventcluster."""

    def __init__(self, folder: Path, target: str) -> None:
        binary = program("prometheus")
        [port] = free_ports(1)
        self._address = f"127.0.0.1:{port}"
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in (CHECKOUT / "deploy/prometheus").glob("*.rules.yml")],
            "scrape_configs": [{"job_name": "eventcluster", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        command = [
            binary,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
        ]
        command += [f"--web.listen-address={self._address}", "--log.level=warn"]
        tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        self._log = folder / "prometheus.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*tied, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self._wait_until_ready()

    def ask(self, expression: str, last_s: float) -> list[Series]:
        """The expression over the last seconds, a sample a second; NaN and infinities are left out."""
        now = time.time()
        given = {"query": expression, "start": now - last_s, "end": now, "step": "1"}
        answer = self._get(f"/api/v1/query_range?{urllib.parse.urlencode(given)}")
        return [
            Series(
                each["metric"],
                tuple(float(value) for _, value in each["values"] if value not in ("NaN", "+Inf", "-Inf")),
            )
            for each in answer["data"]["result"]
        ]

    def alerts(self) -> set[str]:
        """Names of the alerts that fire now."""
        found = self._get("/api/v1/alerts")["data"]["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(60)

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://{self._address}{path}", timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{urllib.parse.unquote_plus(path)}: {refused.read().decode()}") from None

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                self._get("/api/v1/status/buildinfo")
            except (OSError, AssertionError):
                assert self._process.poll() is None, self._log.read_text()
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.05)
            else:
                return
