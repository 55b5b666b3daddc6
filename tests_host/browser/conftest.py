# SPDX-License-Identifier: MIT
"""What browser tests stand on: Chromium, a desk with everything on it, pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from desk import MQTT, Desk, let_commands_wait

LIMIT_MS = 30_000  # what is broken comes back after a back-off, and the computer may be busy
expect.set_options(timeout=LIMIT_MS)

SHOWCASE = Path(__file__).with_name("showcase.json")
LAPTOP = {"width": 1366, "height": 800}
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the browser's program; `make test` installs it where apt-get is."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    assert found, "no Chromium here: run tools/setup.sh chromium"
    return found


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a window."""
    # As root, as in a container, it has no sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=chromium(), args=arguments, timeout=2 * LIMIT_MS
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for the session: while it runs, no other test can have an event loop."""
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for all tests."""
    folder = tmp_path_factory.mktemp("desk")
    let_commands_wait(folder)
    running = Desk(folder, "--components", str(SHOWCASE))
    try:
        yield running.wait_ready()
    finally:
        running.stop()


class Window:
    """Opens pages of a desk and closes them; faults of the pages' own programs are a failure."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._pages: list[Page] = []
        self._faults: list[str] = []

    def open(self, url: str | None = None, **options: Any) -> Page:
        """Open the page in a browser window of its own."""
        options = {"viewport": LAPTOP, "reduced_motion": "reduce", **options}
        page = self._browser.new_context(**options).new_page()
        self._pages.append(page)
        page.set_default_timeout(LIMIT_MS)
        page.on("pageerror", lambda error: self._faults.append(str(error)))
        page.goto(url or self._url)
        page.wait_for_selector(".pin")
        return page

    def close(self) -> None:
        for page in self._pages:
            page.context.close()
        assert self._faults == []


@pytest.fixture(autouse=True)
def mended(desk: Desk) -> Iterator[None]:
    """Take back the faults of a test that has failed in between."""
    yield
    board = desk.board
    board.bus(nack=[], stuck_sda=False)
    board.wifi(True)
    board.post("/lines/4", {"cut": False})
    board.post("/broker", {"on": True})
    for address in (0x20, 0x21):
        board.power(address, True)


@pytest.fixture
def open_page(browser: Browser, desk: Desk) -> Iterator[Callable[..., Page]]:
    """Function that opens the page of the desk."""
    window = Window(browser, desk.board.url)
    yield window.open
    window.close()


@pytest.fixture(scope="module")
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    """The page of the desk, one for all tests of a module."""
    window = Window(browser, desk.board.url)
    yield window.open()
    window.close()


@pytest.fixture
def mqtt(desk: Desk) -> Iterator[MQTT]:
    """A client that has seen everything since its start."""
    client = MQTT(desk.mqtt_port).connect()
    client.subscribe("#")
    yield client
    client.close()
