"""The service ends in time when it is asked to, whatever its brokers do."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def test_a_stop_while_no_broker_answers_is_a_stop_in_time(tmp_path: Path) -> None:
    """Nothing was judged yet, so nothing is left undone: exit code 0 within five seconds."""
    config = tmp_path / "c.yaml"
    # Nobody listens on port 1.
    config.write_text('kafka: {bootstrap_servers: "127.0.0.1:1", input_topics: [events]}\n', encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTCLUSTER_")}
    with subprocess.Popen(
        [sys.executable, "-m", "processor", "run", "--config", str(config)],
        stderr=subprocess.PIPE,
        env=environ,
        text=True,
    ) as service:
        assert service.stderr is not None
        for line in service.stderr:
            if '"starting"' in line:
                break
        service.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        code = service.wait(timeout=30)
        took = time.monotonic() - asked

    assert 0 == code
    assert took < 5
