// SPDX-License-Identifier: MIT
// How long the last commands took until the node had answered, as bars.

import { svg } from "./elements.js";

const KEPT = 60;
const WIDTH = 600;
const HEIGHT = 150;
const LEFT = 44;
const BOTTOM = 20;

let rows = []; // [key, ms]

/** Take new measurements; anew: forget those before. */
export function addLatency(entries, anew) {
  rows = (anew ? [] : rows).concat(entries).slice(-KEPT);
  draw();
}

function draw() {
  const text = document.getElementById("latency-text");
  const plot = document.getElementById("latency-plot");
  if (!rows.length) {
    text.textContent = "No command yet: switch something here.";
    plot.replaceChildren();
    return;
  }
  const times = rows.map(([, ms]) => ms).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  const [key, last] = rows.at(-1);
  const slowest = times.at(-1);
  text.textContent =
    `From a command of this page to the node's answer: last ${last} ms (${key}), ` +
    `median ${median} ms, slowest ${slowest} ms of ${rows.length}.`;
  plot.replaceChildren(bars(scale(slowest)));
}

/** Return the end of the axis: 1, 2 or 5 times a power of ten. */
function scale(highest) {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 1)));
  return [1, 2, 5, 10].map((n) => n * power).find((end) => end >= highest) ?? 10 * power;
}

function bars(end) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const y = (ms) => HEIGHT - BOTTOM - (ms / end) * (HEIGHT - BOTTOM - 10);
  for (const ms of [0, end / 2, end]) {
    drawing.append(
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(ms), y2: y(ms) }),
      svg("text", { class: "tick", x: LEFT - 5, y: y(ms) + 4, "text-anchor": "end", text: `${ms} ms` }),
    );
  }
  const step = (WIDTH - LEFT) / KEPT;
  rows.forEach(([key, ms], i) => {
    const height = Math.max(1, y(0) - y(ms));
    const title = svg("title", { text: `${key}: ${ms} ms` });
    const bar = { class: "bar", x: LEFT + i * step + 1, y: y(0) - height, width: step - 2, height };
    drawing.append(svg("rect", bar, title));
  });
  drawing.append(svg("text", { class: "tick", x: LEFT, y: HEIGHT - 5, text: "oldest" }));
  drawing.append(svg("text", { class: "tick", x: WIDTH, y: HEIGHT - 5, "text-anchor": "end", text: "newest" }));
  return drawing;
}
