# SPDX-License-Identifier: MIT
"""What browser tests stand on: Chromium, a desk with everything on it, pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from desk import MQTT, Desk

SHOWCASE = Path(__file__).with_name("showcase.json")
LAPTOP = {"width": 1366, "height": 800}
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the browser's program; `make test` installs it where apt-get is."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    assert found, "no Chromium here: run tools/setup.sh chromium"
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for the session: while it runs, no other test can have an event loop."""
    # As root, as in a container, Chromium has no sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for all tests of a module: each leaves it without faults."""
    running = Desk(tmp_path_factory.mktemp("desk"), "--components", str(SHOWCASE))
    try:
        yield running.wait_ready()
    finally:
        running.stop()


@pytest.fixture
def open_page(browser: Browser, desk: Desk) -> Iterator[Callable[..., Page]]:
    """Function that opens the page of the desk in a browser window of its own.

    Faults of the page's own programs fail the test.
    """
    faults: list[str] = []
    pages: list[Page] = []

    def open_one(url: str | None = None, **options: object) -> Page:
        options = {"viewport": LAPTOP, "reduced_motion": "reduce", **options}
        page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url or desk.board.url)
        page.wait_for_selector(".pin")
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.context.close()
    assert faults == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def mqtt(desk: Desk) -> Iterator[MQTT]:
    """A client that has seen everything since its start."""
    client = MQTT(desk.mqtt_port).connect()
    client.subscribe("#")
    yield client
    client.close()
