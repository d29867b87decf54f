"""What a test needs and this machine has not."""

import os
from typing import NoReturn

import pytest


def absent(what: object) -> NoReturn:
    """Skip the test and say why; under CI=true fail: a run that proves nothing must not be green."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(what))
    pytest.skip(str(what))
