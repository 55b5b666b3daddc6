# SPDX-License-Identifier: MIT
"""The page in a real browser, on a real board process, broker and node."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from desk import MQTT, RESTART_S, Desk, Message, wait_until

pytestmark = pytest.mark.timeout(300)

HALL, CELLAR = "0x20", "0x21"
KITCHEN = (HALL, 0)  # a light, which the kitchen button toggles
STAIRS = (CELLAR, 0)  # a light, which follows the stairs button
KITCHEN_BUTTON, FRONT_DOOR, STAIRS_BUTTON, BLIND_BUTTON = ((HALL, n) for n in (8, 9, 10, 11))
PUMP = (HALL, 2)

# Notes when the next press came and when what an element shows was another state after it.
WATCH = """([selector, state]) => {
  const element = document.querySelector(selector);
  window.times = {};
  addEventListener("pointerdown", () => (times.pressed = performance.now()),
                   {capture: true, once: true});
  const was = element.matches(state);
  const observer = new MutationObserver(() => {
    if (element.matches(state) === was) return;
    observer.disconnect();
    times.changed = performance.now();
  });
  observer.observe(element, {attributes: true});
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


def shown_after(page: Page, selector: str, state: str, act: Callable[[], None]) -> float:
    """Return the milliseconds from the press in `act` until the element shows it."""
    page.evaluate(WATCH, [selector, state])
    act()
    wait_until(lambda: page.evaluate("times.changed !== undefined"))
    return float(page.evaluate("times.changed - times.pressed"))


def set_output(desk: Desk, mqtt: MQTT, entity: str, payload: str) -> None:
    """Switch by MQTT; returns when the node has said so."""
    mqtt.clear()
    mqtt.publish(f"{desk.base}{entity}/set", payload)
    mqtt.wait_for(f"{desk.base}{entity}/state", payload)


def front_door_is(desk: Desk, mqtt: MQTT, state: str, after: Message | None = None) -> Message:
    """Wait until board and node tell it; the next press is one of its own then."""
    level = 0 if state == "ON" else 1 << 9
    wait_until(lambda: desk.board.chip(0x20)["levels"] & 1 << 9 == level)
    return mqtt.wait_for(f"{desk.base}hall/front_door/state", state, after=after)


# -- pins ---------------------------------------------------------------------------------


def test_a_pressed_input_lights_the_bound_output_within_200_ms(page: Page) -> None:
    def press() -> None:
        hold(page, STAIRS_BUTTON)

    # The quickest of some: a busy computer makes it slower, nothing makes it quicker than it is.
    delays = [shown_after(page, selector(STAIRS), ".lit", press)]
    while min(delays) >= 200 and len(delays) < 10:
        page.mouse.up()
        expect_lit(page, STAIRS, False)  # the node has seen that it was let go
        delays.append(shown_after(page, selector(STAIRS), ".lit", press))
    page.mouse.up()
    expect_lit(page, STAIRS, False)
    assert min(delays) < 200, delays


def test_a_press_toggles_the_bound_output(page: Page) -> None:
    hold(page, KITCHEN_BUTTON)
    expect_lit(page, KITCHEN)
    page.mouse.up()


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


def test_the_keyboard_reaches_and_presses_every_pin(page: Page, desk: Desk, mqtt: MQTT) -> None:
    first = pin(page, (HALL, 7))
    first.focus()
    page.keyboard.press("ArrowLeft")
    expect(pin(page, KITCHEN_BUTTON)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(pin(page, FRONT_DOOR)).to_be_focused()
    page.keyboard.down(" ")
    closed = front_door_is(desk, mqtt, "ON")
    page.keyboard.up(" ")
    front_door_is(desk, mqtt, "OFF", after=closed)


def test_an_input_that_is_held_goes_back_when_the_page_loses_the_focus(
    page: Page, desk: Desk, mqtt: MQTT
) -> None:
    pin(page, FRONT_DOOR).focus()
    page.keyboard.down("Enter")
    closed = front_door_is(desk, mqtt, "ON")
    page.locator("#tab-try").focus()
    front_door_is(desk, mqtt, "OFF", after=closed)
    page.keyboard.up("Enter")


def test_a_switch_on_the_wall_can_be_kept_pressed(page: Page, desk: Desk, mqtt: MQTT) -> None:
    pin(page, FRONT_DOOR).focus()
    switch(page, "Keep pressed").click()
    closed = front_door_is(desk, mqtt, "ON")
    switch(page, "Keep pressed").click()
    front_door_is(desk, mqtt, "OFF", after=closed)


def test_an_input_is_held_with_a_finger(
    open_page: Callable[..., Page], desk: Desk, mqtt: MQTT
) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    door = pin(page, FRONT_DOOR)
    door.scroll_into_view_if_needed()
    box = door.bounding_box()
    assert box
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    screen = page.context.new_cdp_session(page)
    touch = "Input.dispatchTouchEvent"
    screen.send(touch, {"type": "touchStart", "touchPoints": [point]})
    closed = front_door_is(desk, mqtt, "ON")
    screen.send(touch, {"type": "touchEnd", "touchPoints": []})
    front_door_is(desk, mqtt, "OFF", after=closed)


def test_the_kind_of_a_press_is_what_the_node_tells(page: Page) -> None:
    button = pin(page, BLIND_BUTTON)
    told = page.locator("#pin", has=page.locator("h2", has_text="Blind button"))

    def is_told(kind: str, act: Callable[[], None]) -> bool:
        act()  # again, if a busy computer made something else of it
        try:
            expect(told.locator("dd", has_text=kind)).to_have_count(1, timeout=3_000)
        except AssertionError:
            return False
        return True

    wait_until(lambda: is_told("single", button.click))
    wait_until(lambda: is_told("double", button.dblclick))


def test_the_command_of_a_pin_switches_it(page: Page, desk: Desk, mqtt: MQTT) -> None:
    pin(page, PUMP).focus()
    command = page.locator("#pin code").inner_text()
    program, _, port, _, topic, _, payload = shlex.split(command)
    assert (program, int(port)) == ("mosquitto_pub", desk.mqtt_port)
    mqtt.publish(topic, payload)
    expect_lit(page, PUMP)
    set_output(desk, mqtt, "hall/heating_pump", "OFF")


def test_the_command_of_a_pin_is_copied_to_the_clipboard(open_page: Callable[..., Page]) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    pin(page, PUMP).focus()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#toast")).to_have_text("Copied")
    command = page.locator("#pin code").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_a_chip_has_28_legs_and_its_pins_are_drawn_as_its_registers_say(
    page: Page, desk: Desk, mqtt: MQTT
) -> None:
    expect(page.locator(f"[data-chip='{HALL}'] .leg")).to_have_count(28)
    set_output(desk, mqtt, "hall/heating_pump", "ON")
    registers = desk.board.chip(0x20)["registers"]
    for name, drawn in (("IODIR", "in"), ("GPPU", "pulled"), ("OLAT", "latched")):
        value = registers[name + "A"] | registers[name + "B"] << 8
        for number in range(16):
            expectation = expect(pin(page, (HALL, number)))
            if value >> number & 1:
                expectation.to_contain_class(drawn)
            else:
                expectation.not_to_contain_class(drawn)
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
    card.get_by_role("button", name="Open").click()
    expect(card.locator(".state")).to_contain_text("100 %")  # the way down takes a while
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
    expect(plug).to_be_checked()
    plug.click()
    expect(says(page, CELLAR)).to_have_text("online")
    expect_lit(page, (CELLAR, 8))
    set_output(desk, mqtt, "cellar/washing_machine", "OFF")


def test_a_stuck_bus_takes_the_chips_away_until_it_is_free(page: Page) -> None:
    label = "I²C bus stuck: SDA held low"
    stuck = switch(page, label)
    shown = (page, f"[aria-label='{label}']", "[aria-checked=true]", stuck.click)
    delays = [shown_after(*shown)]
    expect(stuck).to_be_checked()
    expect(says(page, HALL)).to_have_text("offline")
    expect(says(page, CELLAR)).to_have_text("offline")
    delays.append(shown_after(*shown))
    expect(stuck).not_to_be_checked()
    expect(says(page, HALL)).to_have_text("online")
    expect(says(page, CELLAR)).to_have_text("online")
    assert min(delays) < 500, delays  # ms; a busy computer may be late once


def test_inputs_work_with_a_cut_interrupt_line_and_the_node_says_so(
    page: Page, desk: Desk, mqtt: MQTT
) -> None:
    cut = switch(page, "INT line cut (GPIO 4)")
    cut.click()
    expect(cut).to_be_checked()
    hold(page, FRONT_DOOR)
    closed = front_door_is(desk, mqtt, "ON")  # by the safety poll
    expect(page.locator("#says-text")).to_contain_text("an interrupt did not come")
    page.mouse.up()
    front_door_is(desk, mqtt, "OFF", after=closed)
    cut.click()
    expect(cut).not_to_be_checked()


def test_a_chip_that_does_not_acknowledge_is_unavailable_and_its_int_low_until_it_is_read(
    page: Page, desk: Desk, mqtt: MQTT
) -> None:
    low = page.locator(f"[data-chip='{HALL}'] [data-leg^='INT'].low")
    expect(low).to_have_count(0)
    silent = switch(page, f"No acknowledge from {HALL}")
    silent.click()
    expect(silent).to_be_checked()
    expect(says(page, HALL)).to_have_text("offline")
    expect(says(page, CELLAR)).to_have_text("online")
    desk.board.drive(0x20, 9, 0)
    expect(low).not_to_have_count(0)
    silent.click()
    expect(says(page, HALL)).to_have_text("online")
    closed = front_door_is(desk, mqtt, "ON")
    expect(low).to_have_count(0)
    desk.board.drive(0x20, 9, None)
    front_door_is(desk, mqtt, "OFF", after=closed)


def test_without_a_broker_wall_buttons_work_and_the_node_comes_back(page: Page) -> None:
    expect_lit(page, STAIRS, False)
    no_broker = switch(page, "No broker")
    no_broker.click()
    expect(page.locator("#badge-broker")).to_have_text("no broker")
    expect(says(page, HALL)).to_have_text("not heard")
    hold(page, STAIRS_BUTTON)
    expect_lit(page, STAIRS)
    page.mouse.up()
    expect_lit(page, STAIRS, False)
    expect(no_broker).to_be_checked()
    no_broker.click()
    expect(page.locator("#badge-broker")).to_have_text("broker")
    expect(page.locator("#badge-node")).to_have_text("node online")


def test_without_wifi_the_node_says_so_and_joins_again(page: Page) -> None:
    page.get_by_role("tab", name="Log").click()
    latest = page.locator("#list-log li", has_text=re.compile("wifi: (lost|joined)")).first
    no_wifi = switch(page, "No Wi-Fi")
    no_wifi.click()
    expect(page.locator("#badge-wifi")).to_have_text("no Wi-Fi")
    expect(latest).to_contain_text("wifi: lost")
    expect(latest).to_contain_text("warn")
    expect(no_wifi).to_be_checked()
    no_wifi.click()
    expect(page.locator("#badge-wifi")).to_have_text("Wi-Fi")
    expect(latest).to_contain_text("wifi: joined")
    expect(page.locator("#badge-node")).to_have_text("node online")


def test_a_reset_of_the_node_is_seen_and_its_cause_told(page: Page) -> None:
    badge = page.locator("#badge-node")
    expect(badge).to_have_text("node online")
    reset = page.get_by_role("button", name="Reset node")
    shown_after(page, "#badge-node", "[data-says=good]", reset.click)
    expect(badge).to_have_attribute("title", "node online, last reset: hard")


# -- console ------------------------------------------------------------------------------


def test_the_console_leads_to_the_repl_and_to_the_first_boot_dialogue(
    page: Page, desk: Desk
) -> None:
    page.get_by_role("tab", name="Console").click()
    screen = page.locator("#screen")
    page.locator("#terminal").click()
    page.keyboard.press("Control+c")
    expect(screen).to_contain_text(">>>")
    page.keyboard.type("123*457")
    page.keyboard.press("Enter")
    expect(screen).to_contain_text("56211")
    page.keyboard.type("import setup")
    page.keyboard.press("Enter")
    expect(screen).to_contain_text("Wi-Fi network (Enter for switchyard):")
    page.keyboard.press("Control+c")
    expect(screen).to_contain_text("KeyboardInterrupt")
    starts = desk.log.count("online as home/desk")
    page.get_by_role("button", name="Reset node").click()
    wait_until(lambda: desk.log.count("online as home/desk") > starts, RESTART_S)
    page.locator("#keys").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("tab", name="Console")).to_be_focused()
