# SPDX-License-Identifier: MIT
"""What tests of the host and of the system have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mosquitto import Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto on a free port."""
    running = Mosquitto(tmp_path)
    running.start()
    yield running
    running.stop()
