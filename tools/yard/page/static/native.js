// SPDX-License-Identifier: MIT
// The GPIOs of the node itself, and the outputs of shift registers, that are entities.

import { html } from "./elements.js";
import { all, get } from "./feed.js";
import { makePressable } from "./hold.js";
import { NATIVE, pin } from "./pins.js";

const buttons = new Map(); // "native/4" or "chain/12" -> button

/** Show a button for each in `element`. onSelect(chip, number): a person has turned to one. */
export function updateNative(element, onSelect) {
  const known = get("names")?.pins ?? {};
  const places = Object.keys(get("node")?.pins ?? {}).map((gpio) => [NATIVE, Number(gpio)]);
  for (const [key, { count }] of all("chain/")) {
    for (let number = 0; number < count; number++) places.push([key.slice("chain/".length), number]);
  }
  const wanted = new Map(places.map((place) => [place.join("/"), place]).filter(([id]) => known[id]?.key));
  for (const [id, button] of buttons) {
    if (wanted.has(id)) continue;
    button.remove();
    buttons.delete(id);
  }
  for (const [id, place] of wanted) {
    if (!buttons.has(id)) {
      buttons.set(id, make(...place, onSelect));
      element.append(buttons.get(id));
    }
    update(buttons.get(id), pin(...place));
  }
  element.hidden = !wanted.size;
}

function make(chip, number, onSelect) {
  const button = html("button", { class: "gpio", [chip === NATIVE ? "data-gpio" : "data-output"]: number });
  button.append(html("span", { class: "bulb", "aria-hidden": "true" }), html("span", { class: "what" }));
  makePressable(button, chip, number, () => onSelect(chip, number));
  return button;
}

function update(button, it) {
  const direction = it.isInput ? "input" : "output";
  const text = `${it.label} ${it.name}: ${direction}, ${it.level ? "high" : "low"}`;
  const what = button.querySelector(".what");
  if (what.textContent !== text) what.textContent = text;
  button.classList.toggle("lit", it.lit);
}
