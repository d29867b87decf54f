"""The service ends in time when it is asked to, whatever its brokers do."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from processor.service import END_WITHIN_S


def test_a_stop_while_no_broker_answers_is_a_stop_in_time(tmp_path: Path) -> None:
    """Nothing was judged yet, so nothing is left undone: exit code 0, without waiting for an answer.

    What waits for one would say "stopped" in the end.
    """
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
        told = service.stderr.read()
        code = service.wait(timeout=60)

    assert (0, False) == (code, '"stopped"' in told), told
    assert END_WITHIN_S < 5
