// SPDX-License-Identifier: MIT
// The page: what the feed tells goes to its parts.

import { Chip } from "./chip.js";
import { updateComponents } from "./components.js";
import { makeFaults, updateBadges, updateFaults, updateLoad } from "./faults.js";
import { connect, listen, watch } from "./feed.js";
import { addLatency } from "./latency.js";
import { updateNative } from "./native.js";
import { PinPanel } from "./pin_panel.js";
import { clock, Strip } from "./strips.js";
import { updateSensor, updateSensors } from "./sensors.js";
import { makeTabs } from "./tabs.js";
import { Terminal } from "./terminal.js";
import { updateThing, updateThings } from "./things.js";

const byId = (id) => document.getElementById(id);
const chips = new Map(); // address -> Chip
const panel = new PinPanel(byId("pin"));
const things = byId("things");
const sensors = byId("sensors");
let linked = false;

function select(chip, number) {
  document.querySelectorAll(".selected").forEach((element) => element.classList.remove("selected"));
  chips.get(chip)?.groups[number].classList.add("selected");
  panel.select(chip, number);
}

/** Put the chips in order of their addresses. */
function arrange() {
  const elements = [...chips].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, chip]) => chip.element);
  byId("chips").replaceChildren(...elements);
  document.body.classList.toggle("many", chips.size > 3);
}

function updateChip(key, value) {
  const address = key.slice("chip/".length);
  if (value?.model !== chips.get(address)?.model) {
    chips.delete(address);
    arrange();
  }
  if (!value) return;
  if (!chips.has(address)) {
    chips.set(address, new Chip(address, select));
    arrange();
    chips.get(address).updateName();
    chips.get(address).update(true);
  }
  chips.get(address).update(false);
  panel.update();
}

function updateNames() {
  updateNative(byId("native"), select);
  for (const chip of chips.values()) {
    chip.updateName();
    chip.update(true);
  }
  panel.update();
}

function updateStates() {
  for (const chip of chips.values()) chip.updateName();
  updateBadges(linked);
}

const mqtt = new Strip(
  "mqtt",
  ([time, topic, payload, retained]) => [
    ["time", clock(time)],
    ["topic", topic],
    ["payload", payload],
    ["mark", retained ? "retained" : ""],
  ],
  byId("filter-mqtt"),
);
const i2c = new Strip(
  "i2c",
  ([time, address, words, us]) => [
    ["time", clock(time)],
    ["topic", address],
    ["payload", words],
    ["mark", us ? `${us} µs` : ""],
  ],
  byId("filter-i2c"),
);
const log = new Strip("log", ([time, level, text]) => [
  ["time", clock(time)],
  [`level ${level}`, level],
  ["payload", text],
]);
const terminal = new Terminal();

makeFaults(byId("switches"));
makeTabs(document.querySelector("[role=tablist]"), (id) => {
  ({ "tab-mqtt": mqtt, "tab-i2c": i2c, "tab-log": log, "tab-console": terminal })[id]?.showSoon();
});

watch("chip/", updateChip);
watch("names", updateNames);
watch("node", () => {
  updateNative(byId("native"), select);
  panel.update();
  updateFaults();
  updateStates();
});
watch("broker", () => {
  updateFaults();
  updateStates();
});
watch("faults", updateFaults);
watch("bus", updateLoad);
watch("component/", updateStates);
watch("report/alive", updateStates);
watch("report/components", updateComponents);
watch("chain/", () => updateNative(byId("native"), select));
watch("sensor/", () => updateSensors(sensors));
watch("entity/", () => updateThings(things));
watch("state/", (key) => {
  updateThing(key.slice("state/".length));
  updateSensor(key.slice("state/".length));
  panel.update();
});
watch("event/", () => panel.update());
watch("line/", () => terminal.showSoon());
watch("cursor", () => terminal.showSoon());
listen("mqtt", (entries, anew) => mqtt.add(entries, anew));
listen("i2c", (entries, anew) => i2c.add(entries, anew));
listen("scrolled", (entries, anew) => terminal.addScrolled(entries, anew));
listen("latency", addLatency);
listen("log", (entries, anew) => {
  log.add(entries, anew);
  const last = entries.at(-1);
  if (last) byId("says-text").textContent = `${clock(last[0])} ${last[1]}: ${last[2]}`;
});

connect((on) => {
  linked = on;
  document.body.classList.toggle("unlinked", !on);
  updateBadges(linked);
});
