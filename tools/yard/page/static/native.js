// SPDX-License-Identifier: MIT
// The GPIOs of the node itself that are entities.

import { html } from "./elements.js";
import { get } from "./feed.js";
import { makePressable } from "./hold.js";
import { NATIVE, pin } from "./pins.js";

const buttons = new Map(); // GPIO -> button

/** Show a button for each GPIO in `element`. onSelect(chip, number): a person has turned to one. */
export function updateNative(element, onSelect) {
  const pins = get("node")?.pins ?? {};
  const known = get("names")?.pins ?? {};
  const wanted = Object.keys(pins).filter((gpio) => known[`${NATIVE}/${gpio}`]?.key);
  for (const [gpio, button] of buttons) {
    if (wanted.includes(gpio)) continue;
    button.remove();
    buttons.delete(gpio);
  }
  for (const gpio of wanted) {
    if (!buttons.has(gpio)) {
      buttons.set(gpio, make(Number(gpio), onSelect));
      element.append(buttons.get(gpio));
    }
    update(buttons.get(gpio), pin(NATIVE, Number(gpio)));
  }
  element.hidden = !wanted.length;
}

function make(gpio, onSelect) {
  const button = html("button", { class: "gpio", "data-gpio": gpio });
  button.append(html("span", { class: "bulb", "aria-hidden": "true" }), html("span", { class: "what" }));
  makePressable(button, NATIVE, gpio, () => onSelect(NATIVE, gpio));
  return button;
}

function update(button, it) {
  const direction = it.isInput ? "input" : "output";
  const text = `${it.label} ${it.name}: ${direction}, ${it.level ? "high" : "low"}`;
  const what = button.querySelector(".what");
  if (what.textContent !== text) what.textContent = text;
  button.classList.toggle("lit", it.lit);
}
