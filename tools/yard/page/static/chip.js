// SPDX-License-Identifier: MIT
// A chip as it lies on the board: its package, seen from above.

import { send } from "./act.js";
import { html, setToggle, svg, toggle } from "./elements.js";
import { get } from "./feed.js";
import { makePressable } from "./hold.js";
import { packageOf } from "./packages.js";
import { pin } from "./pins.js";

const WIDTH = 360;
const ROW = 24;
const TOP = 12;
const BODY = { left: 138, right: 222 };
const NAME_AT = 37; // from the body
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Show as much of a name as there is room for. */
function fit(label, name) {
  label.dataset.name = name;
  label.textContent = name;
  for (let end = name.length; end > 1 && label.getComputedTextLength() > BODY.left - NAME_AT; end--) {
    label.textContent = `${name.slice(0, end - 1).trimEnd()}…`;
  }
}

/** The drawing of one chip. onSelect(chip, number): a person has turned to a pin. */
export class Chip {
  constructor(address, onSelect) {
    this.address = address;
    this.onSelect = onSelect;
    this.groups = [];
    this.model = get(`chip/${address}`).model;
    this.package = packageOf(this.model);
    // The I/O pins on both sides, from above.
    this.columns = [this.package.left, this.package.right].map((side) => side.filter(Number.isInteger));
    this.title = html("h2");
    this.says = html("span", { class: "says" });
    const path = `/chips/${address}/power`;
    this.power = toggle("No power", (on) => send("POST", path, { on: !on }), `No power for ${address}`);
    this.nack = toggle("No ACK", (on) => this.setNack(on), `No acknowledge from ${address}`);
    this.drawing = this.draw();
    const head = html("div", { class: "head" }, this.title, this.says);
    const faults = html("div", { class: "chip-faults" }, this.power, this.nack);
    this.element = html("section", { class: "chip", "data-chip": address }, head, faults, this.drawing);
    this.groups[this.columns[1][0]].setAttribute("tabindex", "0");
  }

  /** Show its state; all: names have changed, too. */
  update(all) {
    const state = get(`chip/${this.address}`);
    if (!state) return;
    const before = this.before ?? {};
    const parts = ["inputs", "pulled", "latch", "levels"];
    let changed = this.before ? 0 : 0xffff;
    for (const part of parts) changed |= (state[part] ?? 0) ^ (before[part] ?? 0);
    if (all || state.powered !== before.powered) changed = 0xffff;
    this.before = state;
    for (const number of this.groups.keys()) if (changed & (1 << number)) this.updatePin(number);
    this.element.classList.toggle("dead", !state.powered);
    setToggle(this.power, !state.powered);
    setToggle(this.nack, state.nack);
    this.package.int.forEach((name, i) => {
      const leg = this.drawing.querySelector(`[data-leg=${name}]`);
      leg.classList.toggle("high", state.int[i] === 1);
      leg.classList.toggle("low", state.int[i] === 0);
    });
  }

  /** Show its name and what the node says of it. */
  updateName() {
    const name = get("names")?.chips[this.address] ?? "";
    const said = get("node_id")?.online === false ? "node offline" : get(`component/${name}`);
    const says = get("broker")?.connected ? said : "not heard";
    this.title.textContent = `${name || this.model} `;
    const where = this.package.room ? this.address : `${this.model}, ${this.address}`;
    this.title.append(html("small", { text: where }));
    this.says.textContent = says ?? "unknown";
    this.says.dataset.says = says === "online" ? "good" : "bad";
    this.element.setAttribute("aria-label", `Chip ${name} at ${this.address}`);
    this.drawing.setAttribute("aria-label", `Pins of ${name || this.address}`);
  }

  updatePin(number) {
    const it = pin(this.address, number);
    const group = this.groups[number];
    const set = (name, on) => group.classList.toggle(name, Boolean(on));
    set("in", it.isInput);
    set("out", !it.isInput);
    set("high", it.powered && it.level);
    set("lit", it.lit);
    set("pulled", it.pull);
    set("latched", it.latch);
    set("closed", it.isInput && it.powered && it.pull && !it.level);
    set("free", !it.name);
    const name = it.name || (it.type === "free" ? "" : it.type);
    const label = group.querySelector(".name");
    if (label.dataset.name !== name) fit(label, name);
    const direction = it.isInput ? "input" : "output";
    const words = [it.label, it.name || it.type, direction, it.level ? "high" : "low"];
    group.setAttribute("aria-label", words.join(", "));
  }

  setNack(on) {
    const others = (get("faults")?.nack ?? []).filter((address) => address !== this.address);
    send("POST", "/bus", { nack: on ? [...others, this.address] : others });
  }

  draw() {
    const { left: onLeft, right: onRight } = this.package;
    const height = 2 * TOP + onLeft.length * ROW;
    const middle = WIDTH / 2;
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "group" });
    const { left, right } = BODY;
    drawing.append(
      svg("rect", { class: "body", x: left, y: 2, width: right - left, height: height - 4, rx: 5 }),
      svg("path", { class: "notch", d: `M${middle - 9} 2a9 9 0 0 0 18 0z` }),
      svg("circle", { class: "dot", cx: left + 9, cy: 10, r: 3 }),
    );
    if (this.package.room) {
      drawing.append(
        svg("text", {
          class: "part",
          x: middle,
          y: height - 76,
          transform: `rotate(-90 ${middle} ${height - 76})`,
          text: this.model,
        }),
      );
    }
    onLeft.forEach((what, row) => drawing.append(this.leg(what, row, -1)));
    onRight.forEach((what, row) => drawing.append(this.leg(what, row, 1)));
    drawing.addEventListener("keydown", (event) => this.move(event));
    return drawing;
  }

  /** Return one pin. side: -1 left, 1 right. */
  leg(what, row, side) {
    const edge = side < 0 ? BODY.left : BODY.right;
    const at = (distance, width = 0) => edge + side * distance - (side < 0 ? width : 0);
    const inside = side < 0 ? "start" : "end";
    const isPin = typeof what === "number";
    const text = isPin ? this.package.label(what) : what;
    const group = svg(
      "g",
      { transform: `translate(0 ${TOP + row * ROW})`, class: isPin ? "pin" : "leg-only" },
      svg("rect", { class: "leg", x: at(0, 10), y: 8, width: 10, height: 8 }),
      svg("text", { class: "label", x: edge - side * 4, y: 16, "text-anchor": inside, text }),
    );
    if (!isPin) {
      group.setAttribute("data-leg", what);
      return group;
    }
    const tip = at(12);
    const far = at(18);
    group.prepend(
      svg("rect", { class: "hit", x: side < 0 ? 0 : BODY.right, y: 0.5, width: BODY.left, height: ROW - 1, rx: 4 }),
    );
    group.append(
      svg("path", { class: "to-chip", d: `M${far} 8l${-side * 6} 4l${side * 6} 4z` }),
      svg("path", { class: "from-chip", d: `M${tip} 8l${side * 6} 4l${-side * 6} 4z` }),
      svg("circle", { class: "lamp", cx: at(27), cy: 12, r: 7 }),
      svg("rect", { class: "key", x: at(27) - 7, y: 5, width: 14, height: 14, rx: 3 }),
      svg("circle", { class: "cap", cx: at(27), cy: 12, r: 4 }),
      svg("text", { class: "name", x: at(NAME_AT), y: 16, "text-anchor": side < 0 ? "end" : "start" }),
      svg("path", { class: "pull", d: `M${edge - side * 37} 16v-8m-3 3l3 -3l3 3` }),
      svg("rect", { class: "latch", x: edge - side * 37 - 2.5, y: 9.5, width: 5, height: 5 }),
    );
    this.groups[what] = group;
    this.listen(group, what);
    return group;
  }

  listen(group, number) {
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "-1");
    group.setAttribute("data-pin", number);
    makePressable(group, this.address, number, () => this.select(number));
  }

  select(number) {
    this.groups.forEach((group, n) => group.setAttribute("tabindex", n === number ? "0" : "-1"));
    this.onSelect(this.address, number);
  }

  move(event) {
    const step = STEPS[event.key];
    const number = Number(event.target.dataset?.pin ?? NaN);
    if (!step || Number.isNaN(number)) return;
    event.preventDefault();
    const columns = this.columns;
    const column = columns.findIndex((pins) => pins.includes(number));
    const row = columns[column].indexOf(number) + step[0];
    const to = columns[Math.min(1, Math.max(0, column + step[1]))];
    if (to.length) this.groups[to[Math.min(to.length - 1, Math.max(0, row))]].focus();
  }
}
