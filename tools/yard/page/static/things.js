// SPDX-License-Identifier: MIT
// What is more than one level on one pin: covers move, lamps dim.

import { publish } from "./act.js";
import { html, svg } from "./elements.js";
import { all, get } from "./feed.js";
import { topic } from "./pins.js";

const cards = new Map(); // key -> card

/** Show a card for each entity that has something to show. */
export function updateThings(element) {
  const wanted = all("entity/").filter(([, about]) => makerOf(about));
  const keys = new Set(wanted.map(([key]) => key.slice("entity/".length)));
  for (const [key, card] of cards) {
    if (keys.has(key)) continue;
    card.element.remove();
    cards.delete(key);
  }
  for (const [longKey, about] of wanted) {
    const key = longKey.slice("entity/".length);
    if (!cards.has(key)) {
      cards.set(key, makerOf(about)(key, about));
      element.append(cards.get(key).element);
    }
    cards.get(key).show(read(get(`state/${key}`)));
  }
}

/** Show the state of one entity. */
export function updateThing(key) {
  cards.get(key)?.show(read(get(`state/${key}`)));
}

function read(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value ? value : { state: text };
  } catch {
    return { state: text };
  }
}

function makerOf(about) {
  if (about.platform === "cover") return cover;
  if (about.platform === "light" && about.brightness) return lamp;
  if (about.platform === "number") return number;
  if (about.platform === "fan" && about.speeds) return fan;
  return null;
}

function card(key, about, picture, controls) {
  const name = about.name || key;
  const state = html("p", { class: "state" });
  const row = html("div", { class: "buttons" }, ...controls);
  const parts = [html("h2", { text: name }), state, picture, row];
  return { element: html("section", { class: "thing", "aria-label": name }, ...parts), state };
}

function says(key, ...words) {
  const say = (word) => publish(topic(`${key}/set`), word);
  return words.map(([text, word, label]) =>
    html("button", { text, "aria-label": label, onclick: () => say(word) }),
  );
}

function slider(key, label, highest, payload) {
  const range = html("input", { type: "range", min: 0, max: highest, "aria-label": label });
  range.addEventListener("change", () => publish(topic(`${key}/set`), payload(Number(range.value))));
  return range;
}

function move(range, value) {
  if (value !== undefined && document.activeElement !== range) range.value = value;
}

function cover(key, about) {
  const blind = svg("rect", { class: "blind", x: 8, y: 8, width: 104, height: 0 });
  const window_ = svg("rect", { class: "window", x: 8, y: 8, width: 104, height: 64 });
  const frame = svg("rect", { class: "frame", x: 8, y: 8, width: 104, height: 64 });
  const picture = svg("svg", { viewBox: "0 0 120 80", "aria-hidden": "true" }, window_, blind, frame);
  const words = [["▲", "OPEN", "Open"], ["■", "STOP", "Stop"], ["▼", "CLOSE", "Close"]];
  const range = slider(key, "Position in percent", 100, (value) => `POSITION:${value}`);
  const made = card(key, about, picture, [...says(key, ...words), range]);
  made.show = ({ state, position }) => {
    const known = position === undefined ? "" : ` ${position} %`;
    made.state.textContent = `${state ?? "unknown"}${known}`;
    blind.setAttribute("height", (64 * (100 - (position ?? 50))) / 100);
    move(range, position);
  };
  return made;
}

function lamp(key, about) {
  const glow = svg("circle", { class: "glow", cx: 60, cy: 40, r: 30 });
  const bulb = svg("circle", { class: "bulb", cx: 60, cy: 40, r: 18 });
  const picture = svg("svg", { viewBox: "0 0 120 80", "aria-hidden": "true" }, glow, bulb);
  const range = slider(key, "Brightness", 255, (value) => `BRIGHTNESS:${value}`);
  const made = card(key, about, picture, [...says(key, ["On/off", "TOGGLE", "On or off"]), range]);
  made.show = ({ state, brightness = 0 }) => {
    const on = state === "ON" ? brightness / 255 : 0;
    made.state.textContent = on ? `${Math.round(on * 100)} %` : "off";
    glow.setAttribute("opacity", on * 0.55);
    bulb.setAttribute("fill-opacity", 0.12 + on * 0.88);
    move(range, brightness);
  };
  return made;
}

function number(key, about) {
  const hand = svg("path", { class: "hand", d: "M60 66L60 18" });
  const dial = svg("path", { class: "dial", d: "M12 66a48 48 0 0 1 96 0" });
  const picture = svg("svg", { viewBox: "0 0 120 80", "aria-hidden": "true" }, dial, hand);
  const highest = about.max ?? 180;
  const range = slider(key, about.name || key, highest, (value) => `ANGLE:${value}`);
  const made = card(key, about, picture, [range]);
  made.show = ({ state }) => {
    const known = state !== undefined && state !== "None";
    made.state.textContent = known ? `${state}${about.unit ?? ""}` : "unknown";
    hand.setAttribute("transform", `rotate(${known ? (Number(state) / highest) * 180 - 90 : 0} 60 66)`);
    if (known) move(range, state);
  };
  return made;
}

function fan(key, about) {
  const blades = svg("g", { class: "blades" });
  for (const angle of [0, 120, 240]) {
    blades.append(svg("ellipse", { cx: 60, cy: 24, rx: 9, ry: 16, transform: `rotate(${angle} 60 40)` }));
  }
  const picture = svg("svg", { viewBox: "0 0 120 80", "aria-hidden": "true" }, blades);
  const range = slider(key, "Speed", about.speeds, (value) => `SPEED:${value}`);
  const made = card(key, about, picture, [...says(key, ["On/off", "TOGGLE", "On or off"]), range]);
  made.show = ({ state, speed }) => {
    const on = state === "ON";
    made.state.textContent = on ? `speed ${speed}` : "off";
    blades.classList.toggle("turning", on);
    blades.style.animationDuration = `${1.6 / (speed || 1)}s`;
    move(range, on ? speed : 0);
  };
  return made;
}
