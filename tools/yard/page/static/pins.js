// SPDX-License-Identifier: MIT
// What is known of a pin of a chip, and what a person can do to it.

import { publish, send, toast } from "./act.js";
import { get } from "./feed.js";
import { packageOf } from "./packages.js";

export const NATIVE = "native";
const PRESSED = new Set(); // "0x20/3" of the inputs that are held from this page
const CHANGED = new Map(); // "0x20/3" -> when it was pressed or let go last, or will be
const SHORTEST_MS = 80; // of a press and of a pause: what is shorter is a bounce for the node

const INPUT_TYPES = ["binary_sensor", "event", "input"];
const INPUT_ROLES = ["open_end", "closed_end", "feedback"];

function isMeantAsInput(about) {
  return INPUT_TYPES.includes(about.type) || INPUT_ROLES.includes(about.role);
}

/** Return everything about a pin. chip: address as "0x20", "native" for the node's own, or the name
 * of a chain of shift registers. */
export function pin(chip, number) {
  const id = `${chip}/${number}`;
  const names = get("names") ?? { chips: {}, pins: {} };
  const about = names.pins[id];
  const key = about?.key ?? "";
  const chain = get(`chain/${chip}`);
  const it = chain ? chainPin(chain, chip, number) : chip === NATIVE ? nativePin(number) : chipPin(chip, number, about);
  return {
    ...it,
    chip,
    number,
    id,
    component: chip === NATIVE || chain ? key.split("/")[0] : (names.chips[chip] ?? ""),
    name: about?.name ?? "",
    key,
    type: about?.type ?? "free",
    role: about?.role ?? "pin",
    lit: !it.isInput && it.powered && Boolean(it.level) !== Boolean(about?.invert),
    pressed: PRESSED.has(id),
    state: key ? get(`state/${key}`) : undefined,
    event: key ? (get(`event/${key}`) ?? get(`event/${key}_presses`)) : undefined,
  };
}

function chipPin(chip, number, about) {
  const state = get(`chip/${chip}`) ?? {};
  const has = (mask) => Boolean(mask & (1 << number));
  return {
    label: packageOf(state.model).label(number),
    where: `at ${chip}`,
    // A chip without power knows nothing; people still want to switch what it switched. A PCF8574
    // has no directions.
    isInput: state.powered && "inputs" in state ? has(state.inputs) : !about || isMeantAsInput(about),
    level: has(state.levels) ? 1 : 0,
    pull: has(state.pulled) ? "up" : null,
    latch: has(state.latch) ? 1 : 0,
    powered: Boolean(state.powered),
  };
}

function nativePin(gpio) {
  const state = get("node")?.pins[gpio] ?? {};
  return {
    label: `GPIO ${gpio}`,
    where: "of the node itself",
    isInput: state.mode !== "out" && !state.pwm,
    level: state.level ? 1 : 0,
    pull: state.pull,
    powered: true,
  };
}

function chainPin(chain, name, number) {
  return {
    label: `${name}.${number}`,
    where: "by shift registers",
    isInput: false,
    level: chain.levels?.[number] === "1" ? 1 : 0,
    pull: null,
    powered: chain.levels !== null, // OE is low
  };
}

/** Return the topic of a leaf of the node, such as `chip20/out0/set`. */
export function topic(leaf) {
  return (get("node_id")?.base ?? "home/desk/") + leaf;
}

/** Close the contact at an input, or open it again. */
export function press(chip, number, down) {
  const { id, pull } = pin(chip, number);
  if (down === PRESSED.has(id)) return;
  if (down) PRESSED.add(id);
  else PRESSED.delete(id);
  const at = Math.max(performance.now(), (CHANGED.get(id) ?? -SHORTEST_MS) + SHORTEST_MS);
  CHANGED.set(id, at);
  // A button goes to ground where the pin is pulled up, else to the supply.
  const level = down ? (pull === "up" ? 0 : 1) : null;
  const path = chip === NATIVE ? `/pins/${number}` : `/chips/${chip}/pins/${number}`;
  send("PUT", path, { level }, at);
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
  else toast(`${it.label} is no entity: no topic switches it`);
}

/** Return the command for a terminal that switches a pin, or follows or reads it. */
export function command(it, payload = word(it)) {
  const port = get("broker")?.port ?? 1883;
  const head = `mosquitto_pub -p ${port} -t `;
  if (it.key && !it.isInput) return `${head}${topic(it.key)}/set -m ${payload}`;
  if (it.key) return `mosquitto_sub -p ${port} -t ${topic(it.key)}/state`;
  const request = JSON.stringify({ id: 1, command: "GETPIN", board: it.chip, pin: it.number });
  return `${head}${topic("rpc/request")} -m '${request}'`;
}
