"""Apache Kafka's command-line tools, by the names that its distribution gives them."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.brokers import VERSION, Unavailable

_POM: Final = Path(__file__).parent / "tools-pom.xml"
_CLASSES: Final = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}


def install(folder: Path) -> None:
    """Write the scripts into `folder`; raises Unavailable without Java or Maven."""
    if shutil.which("java") is None or shutil.which("mvn") is None:
        raise Unavailable("java or mvn is not installed")
    libraries = _libraries()
    for name, main_class in _CLASSES.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec java -cp "{libraries}/*" {main_class} "$@"\n')
        script.chmod(0o755)


def _libraries() -> Path:
    """The tools' jars: fetched by Maven once, kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eventcluster"
    target = cache / f"kafka-tools-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            partial = target.with_name(f"{target.name}.part")
            shutil.rmtree(partial, ignore_errors=True)
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
            command = ["mvn", "-q", "-B", "-f", str(_POM), *goal]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
            if done.returncode != 0:
                raise Unavailable(f"Maven could not fetch Kafka's tools: {done.stdout[-500:]}")
            partial.rename(target)
    return target
