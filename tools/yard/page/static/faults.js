// SPDX-License-Identifier: MIT
// Switches that break the desk, and what the node says about it.

import { send } from "./act.js";
import { html, setToggle, toggle } from "./elements.js";
import { all, get } from "./feed.js";

const lines = new Map(); // GPIO -> switch

const wifi = toggle("No Wi-Fi", (on) => send("POST", "/node", { wifi: !on }));
const broker = toggle("No broker", (on) => send("POST", "/broker", { on: !on }));
const bus = toggle("Bus stuck", (on) => send("POST", "/bus", { stuck_sda: on }), "I²C bus stuck: SDA held low");
const reset = html("button", { text: "Reset node", onclick: () => send("POST", "/node", { reset: true }) });

/** Put the switches into `element`. */
export function makeFaults(element) {
  element.append(wifi, broker, bus, reset);
}

/** Show which faults there are. */
export function updateFaults() {
  const node = get("node");
  if (!node) return;
  setToggle(wifi, !node.wifi);
  setToggle(broker, !get("broker").on);
  setToggle(bus, get("faults")?.stuck_sda);
  for (const [gpio, line] of Object.entries(node.lines)) {
    if (!lines.has(gpio)) {
      const cut = (on) => send("POST", `/lines/${gpio}`, { cut: on });
      lines.set(gpio, toggle(`INT line cut (GPIO ${gpio})`, cut));
      reset.before(lines.get(gpio));
    }
    setToggle(lines.get(gpio), line.cut);
  }
}

/** Show what works. */
export function updateBadges(linked) {
  const node = get("node") ?? {};
  const link = get("broker") ?? {};
  const heard = linked && link.connected;
  const online = heard && get("node_id")?.online;
  const resets = { 1: "power-on", 2: "hard", 3: "watchdog", 5: "soft" };
  const cause = resets[node.reset_cause] ? `, last reset: ${resets[node.reset_cause]}` : "";
  const says = !linked ? "page not connected" : !heard ? "node not heard" : online ? "node online" : "node offline";
  badge("node", online, says, cause);
  badge("wifi", node.wifi, node.wifi ? "Wi-Fi" : "no Wi-Fi");
  badge("broker", heard, heard ? "broker" : "no broker");
  const alive = get("report/alive") === "ON";
  const lost = all("component/").filter(([, state]) => state === "offline");
  const names = lost.map(([key]) => key.slice("component/".length)).join(", ");
  const bus = lost.length ? `${names} offline` : alive ? "field bus" : "field bus lost";
  badge("bus", heard && alive && !lost.length, heard ? bus : "field bus not heard");
}

function badge(name, good, text, more = "") {
  const element = document.getElementById(`badge-${name}`);
  if (element.textContent !== text) element.textContent = text;
  element.dataset.says = good ? "good" : "bad";
  element.title = text + more;
}

let before = null;

/** Show how busy the bus is. */
export function updateLoad() {
  const now = { at: performance.now(), ...get("bus") };
  if (before && now.bus_us !== undefined) {
    const ms = now.at - before.at;
    const load = Math.max(0, (now.bus_us - before.bus_us) / ms / 10);
    const rate = Math.max(0, ((now.transactions - before.transactions) * 1000) / ms);
    const text = `I²C ${now.frequency / 1000} kHz, ${load.toFixed(1)} % busy, ${rate.toFixed(0)} transfers/s`;
    document.getElementById("bus-load").textContent = text;
  }
  before = now;
}
