// SPDX-License-Identifier: MIT
// Presses by mouse, finger, keyboard and screen reader on what stands for a pin.

import { operate, pin, press } from "./pins.js";

const isKey = (event) => event.key === " " || event.key === "Enter";

/** Let people press a pin, or switch it if it is an output. onSelect(): they have turned to it. */
export function makePressable(element, chip, number, onSelect) {
  const isInput = () => pin(chip, number).isInput;
  const hold = (down) => press(chip, number, down);
  const on = (name, act) => element.addEventListener(name, act);
  on("focus", onSelect);
  on("pointerdown", (event) => {
    if (event.button !== 0) return;
    onSelect();
    if (!isInput()) return;
    element.setPointerCapture(event.pointerId);
    hold(true);
  });
  for (const name of ["pointerup", "pointercancel", "blur"]) on(name, () => hold(false));
  on("keydown", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    if (event.repeat) return;
    if (isInput()) hold(true);
    else operate(chip, number);
  });
  on("keyup", (event) => isKey(event) && hold(false));
  on("click", (event) => {
    if (!isInput()) operate(chip, number);
    else if (event.detail === 0) {
      hold(true); // by a screen reader, which has no way to hold
      hold(false);
    }
  });
  on("contextmenu", (event) => event.preventDefault());
}
