# SPDX-License-Identifier: MIT
"""Takes the pictures of docs/images/ from the running product: `make screenshots`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser.conftest import LAPTOP, SHOWCASE, launch
from browser.recording import record
from desk import MQTT, Desk

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
PHONE = {"width": 390, "height": 844}


@contextmanager
def desk(*options: str) -> Iterator[tuple[Desk, MQTT]]:
    """Run a desk; give it and a client."""
    with tempfile.TemporaryDirectory() as folder:
        running = Desk(Path(folder), *options)
        try:
            client = MQTT(running.wait_ready().mqtt_port).connect()
            client.subscribe(f"{running.base}#")
            yield running, client
            client.close()
        finally:
            running.stop()


def switch(on: Desk, client: MQTT, *entities: str) -> None:
    for entity in entities:
        client.publish(f"{on.base}{entity}/set", "ON")
        client.wait_for(f"{on.base}{entity}/state", "ON")


def open_page(browser: Browser, on: Desk, **options: object) -> Page:
    page = browser.new_page(**options)  # type: ignore[arg-type]
    page.goto(on.board.url)
    page.wait_for_selector(".pin")
    expect(page.locator("#badge-bus")).to_have_text("field bus")
    return page


def take(page: Page, name: str) -> None:
    page.wait_for_timeout(700)  # until nothing moves any more
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()


def show_house(browser: Browser) -> None:
    """A small house, dark and light, on a laptop and on a telephone, and with a fault."""
    with desk("--components", str(SHOWCASE)) as (house, client):
        switch(house, client, "hall/kitchen", "hall/heating_pump", "cellar/freezer")
        client.publish(f"{house.base}lamp/light/set", "BRIGHTNESS:180")
        client.publish(f"{house.base}flap/angle/set", "ANGLE:60")
        client.publish(f"{house.base}hall/bathroom_fan/set", "SPEED:2")
        client.publish(f"{house.base}hall/terrace_blind/set", "OPEN")
        client.wait_for(f"{house.base}hall/terrace_blind/state", '{"state":"open","position":100}')
        client.publish(f"{house.base}hall/terrace_blind/set", "POSITION:40")
        client.wait_for(
            f"{house.base}hall/terrace_blind/state", '{"state":"stopped","position":40}'
        )
        for name, scheme in (("page", "light"), ("page-dark", "dark")):
            page = open_page(browser, house, viewport=LAPTOP, color_scheme=scheme)
            page.locator("[data-chip='0x20'] [data-pin='1']").click()
            page.get_by_role("tab", name="I²C" if scheme == "dark" else "MQTT").click()
            take(page, name)
        phone = open_page(browser, house, viewport=PHONE, device_scale_factor=2, is_mobile=True)
        take(phone, "page-telephone")
        page = open_page(browser, house, viewport=LAPTOP)
        page.get_by_role("tab", name="Log").click()
        page.get_by_role("switch", name="No power for 0x21").click()
        expect(page.locator("[data-chip='0x21'] .says")).to_have_text("offline")
        page.locator("[data-chip='0x21'] [data-pin='0']").click()
        expect(page.locator("#list-log li").first).to_contain_text("expired", timeout=10_000)
        take(page, "page-fault")


def show_eight_chips(browser: Browser) -> None:
    with desk("--chips", "8") as (full, client):
        for n in range(0, 128, 3):
            switch(full, client, f"chip{0x20 + n // 16:02x}/out{n % 16}")
        page = open_page(browser, full, viewport={"width": 1440, "height": 1440})
        page.get_by_role("tab", name="Latency").click()
        for n in range(0, 60, 2):
            page.locator(f"[data-chip='0x{0x20 + n // 16:02x}'] [data-pin='{n % 16}']").click()
        page.locator("[data-chip='0x21'] [data-pin='12']").click()
        take(page, "page-eight-chips")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        show_house(browser)
        show_eight_chips(browser)
        browser.close()
    record(IMAGES)


if __name__ == "__main__":
    main()
