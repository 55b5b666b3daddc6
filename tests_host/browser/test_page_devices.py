# SPDX-License-Identifier: MIT
"""Expanders with 8 pins and sensors on the page: real browser, board, broker and node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from desk import MQTT, Desk, wait_until

pytestmark = pytest.mark.timeout(300)

DEVICES = Path(__file__).with_name("devices.json")
PORCH, SHED = "0x20", "0x21"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with an MCP23008, a PCF8574 and sensors."""
    running = Desk(tmp_path_factory.mktemp("devices"), "--components", str(DEVICES))
    try:
        yield running.wait_ready()
    finally:
        running.stop()


def pin(page: Page, label: str) -> Locator:
    return page.get_by_role("button", name=label)


@pytest.mark.parametrize(
    ("label", "key"),
    [("GP7, Porch door", "porch/porch_door"), ("P5, Shed door", "shed/shed_door")],
)
def test_an_input_of_a_chip_with_8_pins_is_pressed(
    page: Page, desk: Desk, mqtt: MQTT, label: str, key: str
) -> None:
    state = f"{desk.base}{key}/state"
    mqtt.wait_for(state, "OFF")
    pin(page, label).hover()
    page.mouse.down()
    pressed = mqtt.wait_for(state, "ON")
    expect(pin(page, label)).to_contain_class("closed")
    page.mouse.up()
    mqtt.wait_for(state, "OFF", after=pressed)
    expect(pin(page, label)).not_to_contain_class("closed")


@pytest.mark.parametrize("label", ["GP0, Porch light", "P0, Shed relay"])
def test_an_output_of_a_chip_with_8_pins_is_switched(page: Page, label: str) -> None:
    expect(pin(page, label)).not_to_contain_class("lit")
    pin(page, label).click()
    expect(pin(page, label)).to_contain_class("lit")
    pin(page, label).click()
    expect(pin(page, label)).not_to_contain_class("lit")


def test_each_chip_has_the_pins_of_its_package_and_arrows_lead_to_all_of_them(page: Page) -> None:
    for chip, first, last in ((PORCH, "GP7", "GP0"), (SHED, "P7", "P4")):
        drawing = page.locator(f"[data-chip='{chip}']")
        expect(drawing.locator("[data-pin]")).to_have_count(8)
        drawing.locator("[data-pin='7']").focus()
        expect(page.locator("#pin .where")).to_contain_text(f"{first} of")
        for _ in range(8):
            page.keyboard.press("ArrowDown")
        expect(page.locator("#pin .where")).to_contain_text(f"{last} of")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#pin .where")).to_contain_text("P3 of")


def test_a_chip_with_8_pins_loses_its_power_and_its_int_line(page: Page, desk: Desk) -> None:
    says = page.locator(f"[data-chip='{SHED}'] .says")
    plug = page.get_by_role("switch", name=f"No power for {SHED}")
    plug.click()
    expect(says).to_have_text("offline")
    expect(plug).to_be_checked()
    plug.click()
    expect(says).to_have_text("online")
    cut = page.get_by_role("switch", name="INT line cut (GPIO 4)")
    cut.click()
    expect(cut).to_be_checked()
    assert desk.board.get("/node")["lines"]["4"]["outputs"] == [[PORCH, "INT"]]
    cut.click()
    expect(cut).not_to_be_checked()


@pytest.mark.parametrize(
    ("label", "levels"),
    [("chain.3 Fountain", ("low", "high")), ("chain.12 Pergola", ("high", "low"))],
)
def test_an_output_of_shift_registers_is_switched(
    page: Page, label: str, levels: tuple[str, str]
) -> None:
    button = page.get_by_role("button", name=label)
    for level, lit in zip((*levels, levels[0]), (False, True, False), strict=True):
        expect(button).to_have_text(f"{label}: output, {level}")
        (expect(button).to_contain_class if lit else expect(button).not_to_contain_class)("lit")
        button.click()
    expect(page.locator("#pin h2")).to_have_text(label.split()[1])
    expect(button).to_contain_class("lit")
    button.click()
    expect(button).not_to_contain_class("lit")


def sensor(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_the_weather_is_changed_and_the_node_tells_it(page: Page, desk: Desk, mqtt: MQTT) -> None:
    temperature = sensor(page, "garden").get_by_label("Temperature")
    expect(temperature).to_have_value("20")
    temperature.fill("31.5")
    temperature.press("Enter")
    mqtt.wait_for(desk.base + "garden/temperature/state", "31.5")
    expect(sensor(page, "garden")).to_contain_text("node: 31.5")
    sensor(page, "tank").get_by_label("Voltage").fill("12.5")
    page.keyboard.press("Tab")
    mqtt.wait_for(desk.base + "tank/battery/state", "75")


def test_every_quantity_of_a_sensor_can_be_changed(page: Page, desk: Desk) -> None:
    mast = sensor(page, "mast")
    for label, value in (("Temperature", "-12.25"), ("Humidity", "81"), ("Pressure", "987.5")):
        mast.get_by_label(label).fill(value)
        mast.get_by_label(label).press("Tab")
    wanted = {"temperature": -12.25, "humidity": 81, "pressure": 987.5}
    wait_until(lambda: wanted.items() <= desk.board.get("/sensors")["sensors"]["mast"].items())
    page.reload()
    expect(sensor(page, "mast").get_by_label("Pressure")).to_have_value("987.5")


def test_what_somebody_else_changes_is_seen_and_what_cannot_be_changes_nothing(
    page: Page, desk: Desk
) -> None:
    humidity = sensor(page, "garden").get_by_label("Humidity")
    humidity.fill("101")
    humidity.press("Tab")
    expect(page.locator("#toast")).to_have_text("humidity: must be from 0 to 100")
    expect(humidity).to_have_value("50")
    desk.board.put("/sensors/garden", {"temperature": -3})
    expect(sensor(page, "garden").get_by_label("Temperature")).to_have_value("-3")
    assert desk.board.get("/sensors")["sensors"]["garden"]["humidity"] == 50


def test_a_sensor_without_power_is_offline_and_comes_back(
    page: Page, desk: Desk, mqtt: MQTT
) -> None:
    plug = page.get_by_role("switch", name="No power for garden")
    plug.click()
    expect(plug).to_be_checked()
    lost = mqtt.wait_for(desk.base + "garden/available", "offline")
    plug.click()
    mqtt.wait_for(desk.base + "garden/available", "online", after=lost)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    expect(page.get_by_role("spinbutton")).to_have_count(6)
    found = Axe().run(page).response["violations"]
    assert [one for one in found if one["impact"] in ("serious", "critical")] == []
