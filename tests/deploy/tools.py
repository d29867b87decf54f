"""Programs that the tests of deploy/ run: found beside the interpreter or on PATH."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.support.absent import absent

CHECKOUT: Final = Path(__file__).resolve().parents[2]


def program(name: str) -> str:
    """Path of an installed program; without it the test skips, under CI=true it fails."""
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        absent(f"{name} is not installed: `make ops-setup` installs it")
    return found


def run(name: str, *arguments: str, cwd: Path = CHECKOUT, timeout: float = 250) -> str:
    """What a program says on both streams; a test failure with that text where it exits non-zero."""
    command = [program(name), *arguments]
    done = subprocess.run(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}"
    return done.stdout


def without_ours() -> dict[str, str]:
    """The environment less every EVENTCLUSTER_ variable: the service would take each for a setting."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EVENTCLUSTER_")}
