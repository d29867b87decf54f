"""Apache Kafka's command-line tools, by the names that its distribution gives them."""

import shutil
from pathlib import Path
from typing import Final

from tests.support.brokers import VERSION, Unavailable, fetched

_POM: Final = Path(__file__).parent / "tools-pom.xml"
_CLASSES: Final = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}


def install(folder: Path) -> None:
    """Write the scripts into `folder`; raises Unavailable without Java or Maven."""
    if shutil.which("java") is None:
        raise Unavailable("java is not installed")
    libraries = fetched(f"kafka-tools-{VERSION}", _POM)
    for name, main_class in _CLASSES.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec java -cp "{libraries}/*" {main_class} "$@"\n')
        script.chmod(0o755)
