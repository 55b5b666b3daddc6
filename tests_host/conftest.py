# SPDX-License-Identifier: MIT
"""What tests of the host and of the system have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mosquitto import Mosquitto

# A computer that stalls for a moment is no fault of what is tested, and what one run has found the
# next one finds, too. `--hypothesis-profile default` looks for what no run has found yet.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Let a test fail with what has ended one of its threads."""
    kind = "error::pytest.PytestUnhandledThreadExceptionWarning"
    config.addinivalue_line("filterwarnings", kind)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto on a free port."""
    with Mosquitto(tmp_path) as running:
        yield running
