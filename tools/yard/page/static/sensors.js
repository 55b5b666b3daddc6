// SPDX-License-Identifier: MIT
// What the sensors of the board measure: a person changes the weather.

import { send } from "./act.js";
import { html, setToggle, toggle } from "./elements.js";
import { all, get } from "./feed.js";

// What can be measured: [name, unit].
const QUANTITIES = {
  temperature: ["Temperature", "°C"],
  humidity: ["Humidity", "%"],
  pressure: ["Pressure", "hPa"],
  co2: ["CO₂", "ppm"],
  tvoc: ["TVOC", "ppb"],
  distance: ["Distance", "cm"],
  voltage: ["Voltage", "V"],
};
const cards = new Map(); // name -> card

/** Show a card for each sensor in `element`. */
export function updateSensors(element) {
  const sensors = new Map(all("sensor/").map(([key, row]) => [key.slice("sensor/".length), row]));
  for (const [name, card] of cards) {
    if (sensors.has(name)) continue;
    card.element.remove();
    cards.delete(name);
  }
  for (const [name, row] of sensors) {
    if (!cards.has(name)) {
      cards.set(name, make(name, row, () => updateSensors(element)));
      element.append(cards.get(name).element);
    }
    update(cards.get(name), name, row);
  }
}

/** Show the state of an entity, if it is a quantity of a sensor. */
export function updateSensor(key) {
  const name = key.slice(0, key.lastIndexOf("/"));
  if (cards.has(name)) update(cards.get(name), name, get(`sensor/${name}`));
}

function make(name, row, show) {
  const path = `/sensors/${encodeURIComponent(name)}`;
  const change = (fields) => send("PUT", path, fields).then(show); // again as before when refused
  const lines = Object.keys(row).filter((key) => key in QUANTITIES).map((key) => line(key, change));
  const element = html("section", { class: "thing sensor", "aria-label": name }, html("h2", { text: name }));
  element.append(...lines.map((one) => one.element));
  let power = null;
  if ("powered" in row) {
    power = toggle("No power", (on) => change({ powered: !on }), `No power for ${name}`);
    element.append(power);
  }
  return { element, lines, power };
}

function line(key, change) {
  const [text, unit] = QUANTITIES[key];
  const input = html("input", { type: "number", step: "any" });
  const said = html("span", { class: "said" });
  // Without a number there is nothing, which only a distance can be.
  input.addEventListener("change", () => change({ [key]: input.value === "" ? null : Number(input.value) }));
  return { key, input, said, element: html("label", {}, html("span", { text }), input, unit, said) };
}

function update(card, name, row) {
  for (const { key, input, said } of card.lines) {
    if (document.activeElement !== input) input.value = row[key] ?? "";
    const state = get(`state/${name}/${key}`) ?? get(`state/${name}/value`); // of an ADC
    said.textContent = state === undefined ? "" : `node: ${state}`;
  }
  if (card.power) setToggle(card.power, !row.powered);
}
