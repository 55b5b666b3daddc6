// SPDX-License-Identifier: MIT
// Everything about the selected pin, and its commands.

import { copy, publish } from "./act.js";
import { html, setToggle, toggle } from "./elements.js";
import { command, operate, pin, press, topic, word } from "./pins.js";

const WORDS = ["ON", "OFF", "TOGGLE", "PULSE"];
const SWITCHED = ["switch", "light", "siren", "fan", "sensed_switch"];

/** The panel in `element`. */
export class PinPanel {
  constructor(element) {
    this.element = element;
    this.place = null;
  }

  /** Turn to another pin. */
  select(chip, number) {
    this.place = [chip, number];
    this.shown = "";
    this.update();
  }

  /** Show what is known now. */
  update() {
    if (!this.place) return;
    const it = pin(...this.place);
    // The buttons stay the same elements, so that a press is not lost and the focus stays.
    const kind = [it.id, it.key, it.type, it.isInput].join();
    if (kind !== this.shown) this.rebuild(it);
    this.shown = kind;
    const rows = {
      direction: it.isInput ? "input" : "output",
      level: it.level ? "high" : "low",
      pull: it.pull ?? "none",
      entity: it.key ? `${it.key} (${it.type})` : it.type,
      state: it.state ?? "—",
    };
    if (it.latch !== undefined) rows.latch = it.latch;
    if (it.event) rows["last press"] = it.event[1];
    this.facts.replaceChildren(
      ...Object.entries(rows).flatMap(([name, value]) => [
        html("dt", { text: name }),
        html("dd", { text: value, "data-fact": name }),
      ]),
    );
    if (this.hold) setToggle(this.hold, it.pressed);
    this.command.textContent = command(it);
  }

  rebuild(it) {
    this.facts = html("dl");
    this.command = html("code", { tabindex: "0", "aria-label": "Command for a terminal" });
    const copying = html("button", { text: "Copy", onclick: () => copy(this.command.textContent) });
    this.element.replaceChildren(
      html("h2", { text: it.name || it.label }),
      html("p", { class: "where", text: `${it.label} ${it.component && `of ${it.component}`} ${it.where}` }),
      this.facts,
      html("div", { class: "buttons" }, ...this.buttons(it)),
      html("div", { class: "command" }, this.command, copying),
    );
  }

  buttons(it) {
    this.hold = null;
    if (it.isInput) {
      this.hold = toggle("Keep pressed", (on) => {
        press(it.chip, it.number, on);
        setToggle(this.hold, on);
      });
      return [this.hold];
    }
    if (!it.key) return [];
    if (SWITCHED.includes(it.type)) {
      const say = (text) => publish(topic(`${it.key}/set`), text);
      return WORDS.map((text) => html("button", { text, onclick: () => say(text) }));
    }
    const text = { cover: "Move or stop", button: "Press" }[it.type] ?? word(it);
    return [html("button", { text, onclick: () => operate(it.chip, it.number) })];
  }
}
