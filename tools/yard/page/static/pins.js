// SPDX-License-Identifier: MIT
// What is known of a pin of a chip, and what a person can do to it.

import { publish, send, toast } from "./act.js";
import { get } from "./feed.js";

const PRESSED = new Set(); // "0x20/3" of the inputs that are held from this page
const CHANGED = new Map(); // "0x20/3" -> when it was pressed or let go last, or will be
const SHORTEST_MS = 60; // of a press and of a pause: what is shorter is a bounce for the node

/** Return everything about a pin. chip: address as "0x20"; number: 0 to 15. */
export function pin(chip, number) {
  const state = get(`chip/${chip}`) ?? {};
  const bit = 1 << number;
  const has = (mask) => Boolean(mask & bit);
  const names = get("names") ?? { chips: {}, pins: {} };
  const about = names.pins[`${chip}/${number}`];
  const isInput = has(state.inputs);
  const level = has(state.levels) ? 1 : 0;
  return {
    chip,
    number,
    id: `${chip}/${number}`,
    label: `GP${number < 8 ? "A" : "B"}${number % 8}`,
    component: names.chips[chip] ?? "",
    name: about?.name ?? "",
    key: about?.key ?? "",
    type: about?.type ?? "free",
    role: about?.role ?? "pin",
    isInput,
    level,
    lit: !isInput && Boolean(state.powered) && Boolean(level) !== Boolean(about?.invert),
    pulled: has(state.pulled),
    latch: has(state.latch),
    powered: state.powered,
    pressed: PRESSED.has(`${chip}/${number}`),
    state: about?.key ? get(`state/${about.key}`) : undefined,
    event: about?.key ? (get(`event/${about.key}`) ?? get(`event/${about.key}_presses`)) : undefined,
  };
}

/** Return the topic of a leaf of the node, such as `chip20/out0/set`. */
export function topic(leaf) {
  return (get("node_id")?.base ?? "home/desk/") + leaf;
}

/** Close the contact at an input, or open it again. */
export function press(chip, number, down) {
  const { id, pulled } = pin(chip, number);
  if (down === PRESSED.has(id)) return;
  if (down) PRESSED.add(id);
  else PRESSED.delete(id);
  const at = Math.max(performance.now(), (CHANGED.get(id) ?? -SHORTEST_MS) + SHORTEST_MS);
  CHANGED.set(id, at);
  // A button goes to ground where the pin is pulled up, else to the supply.
  const level = down ? (pulled ? 0 : 1) : null;
  send("PUT", `/chips/${chip}/pins/${number}`, { level }, at);
}

/** Return the word that switches what an output belongs to. */
export function word(it) {
  if (it.type === "button") return "PRESS";
  if (it.type === "cover") {
    const moving = /"(opening|closing)"/.test(it.state ?? "");
    return moving ? "STOP" : it.role === "pin" ? "OPEN" : "CLOSE";
  }
  if (it.type === "lock") return it.state === "LOCKED" ? "UNLOCK" : "LOCK";
  if (it.type === "valve") return it.state === "open" ? "CLOSE" : "OPEN";
  return "TOGGLE";
}

/** Switch what an output belongs to, through the broker. */
export function operate(chip, number) {
  const it = pin(chip, number);
  if (it.key) publish(topic(`${it.key}/set`), word(it));
  else toast(`${it.label} of ${it.component || chip} is no entity: no topic switches it`);
}

/** Return the command for a terminal that switches or reads a pin. */
export function command(it, payload = word(it)) {
  const port = get("broker")?.port ?? 1883;
  const head = `mosquitto_pub -p ${port} -t `;
  if (it.key && !it.isInput) return `${head}${topic(it.key)}/set -m ${payload}`;
  const request = JSON.stringify({ id: 1, command: "GETPIN", board: it.chip, pin: it.number });
  return `${head}${topic("rpc/request")} -m '${request}'`;
}
