// SPDX-License-Identifier: MIT
// Makes elements of the page.

const SVG = "http://www.w3.org/2000/svg";

/** Return an HTML element. attributes: `text` is its content, `on...` a function. */
export function html(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** Return an SVG element. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Return a switch: a button that is on or off. `flip(on)` is called when a person changes it. */
export function toggle(label, flip, description = label) {
  const button = html("button", { class: "switch", role: "switch", "aria-checked": "false" });
  button.append(html("span", { class: "knob", "aria-hidden": "true" }), label);
  if (description !== label) button.setAttribute("aria-label", description);
  button.addEventListener("click", () => flip(button.getAttribute("aria-checked") !== "true"));
  return button;
}

/** Show a switch as on or off. */
export function setToggle(button, on) {
  button.setAttribute("aria-checked", String(Boolean(on)));
}
