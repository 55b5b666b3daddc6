# SPDX-License-Identifier: MIT
"""The page in a real browser, on a real board process, broker and node."""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from desk import MQTT, Desk, wait_until

HALL, CELLAR = "0x20", "0x21"
KITCHEN = (HALL, 0)  # a light, which the kitchen button toggles
STAIRS = (CELLAR, 0)  # a light, which follows the stairs button
KITCHEN_BUTTON, FRONT_DOOR, STAIRS_BUTTON, BLIND_BUTTON = ((HALL, n) for n in (8, 9, 10, 11))
PUMP = (HALL, 2)

# Notes when the next press came and when a pin was lit or went dark after it.
WATCH = """selector => {
  const pin = document.querySelector(selector);
  window.times = {};
  addEventListener("pointerdown", () => (times.pressed = performance.now()),
                   {capture: true, once: true});
  const was = pin.classList.contains("lit");
  const observer = new MutationObserver(() => {
    if (pin.classList.contains("lit") === was) return;
    observer.disconnect();
    times.changed = performance.now();
  });
  observer.observe(pin, {attributes: true, attributeFilter: ["class"]});
}"""


def selector(place: tuple[str, int]) -> str:
    return f"[data-chip='{place[0]}'] [data-pin='{place[1]}']"


def pin(page: Page, place: tuple[str, int]) -> Locator:
    return page.locator(selector(place))


def expect_lit(page: Page, place: tuple[str, int], lit: bool = True) -> None:
    expectation = expect(pin(page, place))
    has_class = expectation.to_contain_class if lit else expectation.not_to_contain_class
    has_class("lit")


def switch(page: Page, name: str) -> Locator:
    return page.get_by_role("switch", name=name)


def says(page: Page, chip: str) -> Locator:
    return page.locator(f"[data-chip='{chip}'] .says")


def hold(page: Page, place: tuple[str, int]) -> None:
    pin(page, place).hover()
    page.mouse.down()


def set_output(desk: Desk, mqtt: MQTT, entity: str, payload: str) -> None:
    """Switch by MQTT; returns when the node has said so."""
    mqtt.clear()
    mqtt.publish(f"{desk.base}{entity}/set", payload)
    mqtt.wait_for(f"{desk.base}{entity}/state", payload)


# -- pins ---------------------------------------------------------------------------------


def test_a_pressed_input_lights_the_bound_output_within_200_ms(page: Page) -> None:
    delays = []
    for _ in range(3):
        page.evaluate(WATCH, selector(KITCHEN))
        hold(page, KITCHEN_BUTTON)
        wait_until(lambda: page.evaluate("times.changed !== undefined"))
        page.mouse.up()
        delays.append(page.evaluate("times.changed - times.pressed"))
    assert statistics.median(delays) < 200, delays


def test_an_output_follows_an_input_as_long_as_it_is_held(page: Page) -> None:
    hold(page, STAIRS_BUTTON)
    expect_lit(page, STAIRS)
    page.mouse.up()
    expect_lit(page, STAIRS, False)


def test_switching_by_mqtt_is_seen_at_the_pin(page: Page, desk: Desk, mqtt: MQTT) -> None:
    set_output(desk, mqtt, "hall/dining_table", "ON")
    expect_lit(page, (HALL, 1))
    expect(pin(page, (HALL, 1))).to_contain_class("high")
    set_output(desk, mqtt, "hall/dining_table", "OFF")
    expect_lit(page, (HALL, 1), False)


def test_an_inverted_output_is_lit_when_its_level_is_low(
    page: Page, desk: Desk, mqtt: MQTT
) -> None:
    set_output(desk, mqtt, "cellar/freezer", "ON")
    expect_lit(page, (CELLAR, 3))
    expect(pin(page, (CELLAR, 3))).not_to_contain_class("high")
    set_output(desk, mqtt, "cellar/freezer", "OFF")


def test_a_click_switches_an_output_through_the_broker(page: Page, desk: Desk, mqtt: MQTT) -> None:
    pin(page, PUMP).click()
    mqtt.wait_for(desk.base + "hall/heating_pump/set", "TOGGLE")
    mqtt.wait_for(desk.base + "hall/heating_pump/state", "ON")
    expect_lit(page, PUMP)
    expect(page.locator("[data-fact=state]")).to_have_text("ON")
    page.get_by_role("button", name="OFF", exact=True).click()
    expect_lit(page, PUMP, False)


def test_the_keyboard_reaches_and_presses_every_pin(page: Page, desk: Desk) -> None:
    first = pin(page, (HALL, 7))
    first.focus()
    page.keyboard.press("ArrowLeft")
    expect(pin(page, KITCHEN_BUTTON)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(pin(page, FRONT_DOOR)).to_be_focused()
    page.keyboard.down(" ")
    wait_until(lambda: not desk.board.chip(0x20)["levels"] & 1 << 9)
    page.keyboard.up(" ")
    wait_until(lambda: desk.board.chip(0x20)["levels"] & 1 << 9)


def test_an_input_that_is_held_goes_back_when_the_page_loses_the_focus(
    page: Page, desk: Desk
) -> None:
    pin(page, FRONT_DOOR).focus()
    page.keyboard.down("Enter")
    wait_until(lambda: not desk.board.chip(0x20)["levels"] & 1 << 9)
    page.locator("#tab-try").focus()
    wait_until(lambda: desk.board.chip(0x20)["levels"] & 1 << 9)
    page.keyboard.up("Enter")


def test_a_switch_on_the_wall_can_be_kept_pressed(page: Page, desk: Desk, mqtt: MQTT) -> None:
    pin(page, FRONT_DOOR).focus()
    switch(page, "Keep pressed").click()
    mqtt.wait_for(desk.base + "hall/front_door/state", "ON")
    switch(page, "Keep pressed").click()
    mqtt.wait_for(desk.base + "hall/front_door/state", "OFF")


def test_the_kind_of_a_press_is_what_the_node_tells(page: Page) -> None:
    button = pin(page, BLIND_BUTTON)
    told = page.locator("#pin", has=page.locator("h2", has_text="Blind button"))

    def is_told(kind: str, act: Callable[[], None]) -> bool:
        act()  # again, if a busy computer made something else of it
        page.wait_for_timeout(700)
        return told.locator("dd", has_text=kind).count() == 1

    wait_until(lambda: is_told("single", button.click), 10)
    wait_until(lambda: is_told("double", button.dblclick), 10)


def test_the_command_of_a_pin_switches_it(page: Page, desk: Desk, mqtt: MQTT) -> None:
    pin(page, PUMP).focus()
    command = page.locator("#pin code").inner_text()
    program, _, port, _, topic, _, payload = shlex.split(command)
    assert (program, int(port)) == ("mosquitto_pub", desk.mqtt_port)
    mqtt.publish(topic, payload)
    expect_lit(page, PUMP)
    set_output(desk, mqtt, "hall/heating_pump", "OFF")


def test_a_pin_of_the_node_itself_is_pressed_and_lit(page: Page) -> None:
    doorbell, gong = page.locator("[data-gpio='27']"), page.locator("[data-gpio='23']")
    expect(doorbell).to_have_text("GPIO 27 Doorbell: input, high")
    doorbell.hover()
    page.mouse.down()
    expect(gong).to_contain_class("lit")
    expect(page.locator("#pin h2")).to_have_text("Doorbell")
    page.mouse.up()
    expect(gong).not_to_contain_class("lit")
    gong.click()
    expect(gong).to_contain_class("lit")
    gong.click()
    expect(gong).not_to_contain_class("lit")


# -- things -------------------------------------------------------------------------------


def test_a_lamp_dims(page: Page, desk: Desk) -> None:
    card = page.get_by_role("region", name="Sofa lamp")
    card.get_by_role("slider").fill("128")
    expect(card.locator(".state")).to_have_text("50 %")
    expect(card.locator(".bulb")).not_to_have_attribute("fill-opacity", "0.12")
    assert desk.board.get("/node")["pins"]["25"]["pwm"]["duty_u16"] == 128 * 257
    card.get_by_role("button", name="On or off").click()
    expect(card.locator(".state")).to_have_text("off")


def test_a_cover_moves(page: Page) -> None:
    card = page.get_by_role("region", name="Terrace blind")
    card.get_by_role("button", name="Close").click()
    expect(card.locator(".state")).to_contain_text("closing")
    expect_lit(page, (HALL, 7))
    card.get_by_role("button", name="Stop").click()
    expect_lit(page, (HALL, 7), False)


# -- several pages ------------------------------------------------------------------------


def test_two_browsers_see_the_same(open_page: Callable[..., Page]) -> None:
    one, other = open_page(), open_page()
    pin(one, PUMP).click()
    for page in (one, other):
        expect_lit(page, PUMP)
    pin(other, PUMP).click()
    for page in (one, other):
        expect_lit(page, PUMP, False)


def test_a_reload_keeps_nothing_that_is_no_longer_so(page: Page, desk: Desk, mqtt: MQTT) -> None:
    set_output(desk, mqtt, "hall/heating_pump", "ON")
    desk.board.bus(nack=["0x21"])
    expect_lit(page, PUMP)
    expect(switch(page, f"No acknowledge from {CELLAR}")).to_be_checked()
    page.goto("about:blank")
    set_output(desk, mqtt, "hall/heating_pump", "OFF")
    desk.board.bus(nack=[])
    page.goto(desk.board.url)
    expect(switch(page, f"No acknowledge from {CELLAR}")).not_to_be_checked()
    expect_lit(page, PUMP, False)
    expect(says(page, CELLAR)).to_have_text("online")


# -- views --------------------------------------------------------------------------------


def test_the_strip_of_messages_is_live_and_filtered(page: Page, desk: Desk, mqtt: MQTT) -> None:
    page.get_by_role("tab", name="MQTT").click()
    set_output(desk, mqtt, "cellar/alarm", "ON")
    set_output(desk, mqtt, "cellar/alarm", "OFF")
    page.locator("#filter-mqtt").fill("CELLAR/alarm/set")
    expect(page.locator("#list-mqtt li")).to_have_count(2)
    expect(page.locator("#list-mqtt li").first).to_contain_text("OFF")


def test_transfers_are_shown_in_words(page: Page, desk: Desk, mqtt: MQTT) -> None:
    page.get_by_role("tab", name="I²C").click()
    set_output(desk, mqtt, "cellar/alarm", "ON")
    written = page.locator("#list-i2c li", has_text="write OLATA=").first
    expect(written).to_contain_text("0x21")
    expect(written).to_contain_text("µs")
    set_output(desk, mqtt, "cellar/alarm", "OFF")


def test_latency_is_plotted(page: Page) -> None:
    page.get_by_role("tab", name="Latency").click()
    bars = page.locator("#latency-plot .bar").count()
    pin(page, PUMP).click()
    expect_lit(page, PUMP)
    pin(page, PUMP).click()
    expect_lit(page, PUMP, False)
    expect(page.locator("#latency-plot .bar")).to_have_count(bars + 2)
    expect(page.locator("#latency-text")).to_contain_text("hall/heating_pump")


def test_the_components_are_listed(page: Page) -> None:
    page.get_by_role("tab", name="Components").click()
    row = page.get_by_role("row").filter(has_text=".logic.bindings")
    expect(row).to_contain_text("wall")
    expect(row).to_contain_text("running")


# -- faults -------------------------------------------------------------------------------


def test_a_chip_without_power_is_unavailable_and_comes_back(
    page: Page, desk: Desk, mqtt: MQTT
) -> None:
    set_output(desk, mqtt, "cellar/washing_machine", "ON")
    expect_lit(page, (CELLAR, 8))
    plug = switch(page, f"No power for {CELLAR}")
    plug.click()
    expect(says(page, CELLAR)).to_have_text("offline")
    expect(says(page, HALL)).to_have_text("online")
    expect(page.locator("#badge-bus")).to_have_text("cellar offline")
    expect(page.locator("#says-text")).to_contain_text("cellar")
    plug.click()
    expect(says(page, CELLAR)).to_have_text("online")
    expect_lit(page, (CELLAR, 8))
    set_output(desk, mqtt, "cellar/washing_machine", "OFF")


def test_a_stuck_bus_takes_the_chips_away_until_it_is_free(page: Page) -> None:
    stuck = switch(page, "I²C bus stuck: SDA held low")
    stuck.click()
    expect(stuck).to_be_checked(timeout=500)
    expect(says(page, HALL)).to_have_text("offline")
    expect(says(page, CELLAR)).to_have_text("offline")
    stuck.click()
    expect(stuck).not_to_be_checked(timeout=500)
    expect(says(page, HALL)).to_have_text("online")
    expect(says(page, CELLAR)).to_have_text("online")


def test_inputs_work_with_a_cut_interrupt_line(page: Page, desk: Desk, mqtt: MQTT) -> None:
    cut = switch(page, "INT line cut (GPIO 4)")
    cut.click()
    expect(cut).to_be_checked()
    mqtt.clear()
    hold(page, FRONT_DOOR)
    mqtt.wait_for(desk.base + "hall/front_door/state", "ON", timeout=8)  # the safety poll
    page.mouse.up()
    mqtt.wait_for(desk.base + "hall/front_door/state", "OFF")
    cut.click()
    expect(cut).not_to_be_checked()


def test_without_a_broker_wall_buttons_work_and_the_node_comes_back(page: Page) -> None:
    expect_lit(page, STAIRS, False)
    switch(page, "No broker").click()
    expect(page.locator("#badge-broker")).to_have_text("no broker")
    expect(says(page, HALL)).to_have_text("not heard")
    hold(page, STAIRS_BUTTON)
    expect_lit(page, STAIRS)
    page.mouse.up()
    expect_lit(page, STAIRS, False)
    switch(page, "No broker").click()
    expect(page.locator("#badge-broker")).to_have_text("broker")
    expect(page.locator("#badge-node")).to_have_text("node online")


def test_without_wifi_the_node_says_so_and_joins_again(page: Page) -> None:
    page.get_by_role("tab", name="Log").click()
    joined = page.locator("#list-log li", has_text="wifi: joined")
    before = joined.count()
    switch(page, "No Wi-Fi").click()
    expect(page.locator("#badge-wifi")).to_have_text("no Wi-Fi")
    expect(page.locator("#list-log li", has_text="wifi: lost").first).to_contain_text("warn")
    switch(page, "No Wi-Fi").click()
    expect(page.locator("#badge-wifi")).to_have_text("Wi-Fi")
    expect(joined).to_have_count(before + 1, timeout=15_000)
    expect(page.locator("#badge-node")).to_have_text("node online")


# -- console ------------------------------------------------------------------------------


def test_the_console_leads_to_the_repl_and_to_the_first_boot_dialogue(
    page: Page, desk: Desk
) -> None:
    page.get_by_role("tab", name="Console").click()
    screen = page.locator("#screen")
    page.locator("#terminal").click()
    page.keyboard.press("Control+c")
    expect(screen).to_contain_text(">>>")
    page.keyboard.type("6*7")
    page.keyboard.press("Enter")
    expect(screen).to_contain_text("42")
    page.keyboard.type("import setup")
    page.keyboard.press("Enter")
    expect(screen).to_contain_text("Wi-Fi network (Enter for switchyard):")
    page.keyboard.press("Control+c")
    expect(screen).to_contain_text("KeyboardInterrupt")
    page.get_by_role("button", name="Reset node").click()
    wait_until(lambda: desk.log.count("online as home/desk") >= 2, 20)
    page.locator("#keys").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("tab", name="Console")).to_be_focused()
