// SPDX-License-Identifier: MIT
// Lists of what happens, newest first: MQTT, I²C, log.

import { html } from "./elements.js";

const KEPT = 300;
const SHOWN = 150;

/** A list. row(entry): its cells as [class, text]; filter: an input element, or null. */
export class Strip {
  constructor(name, row, filter = null) {
    this.list = document.getElementById(`list-${name}`);
    this.count = document.getElementById(`count-${name}`);
    this.view = document.getElementById(`view-${name}`);
    this.row = row;
    this.filter = filter;
    this.entries = [];
    this.waiting = false;
    filter?.addEventListener("input", () => this.showSoon());
    filter?.form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Take new entries; anew: forget those before. */
  add(entries, anew) {
    this.entries = (anew ? [] : this.entries).concat(entries).slice(-KEPT);
    this.showSoon();
  }

  /** Show them with the next frame, if anybody can see them. */
  showSoon() {
    if (this.waiting || this.view.hidden) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.show();
    });
  }

  show() {
    const words = this.filter?.value.toLowerCase() ?? "";
    const fits = (entry) => entry.join(" ").toLowerCase().includes(words);
    const found = words ? this.entries.filter(fits) : this.entries;
    // Filtered again for each frame: lines that stay are kept, so only what is new costs.
    const shown = found.slice(-SHOWN).reverse();
    const known = this.known ?? new Map();
    this.known = new Map(shown.map((entry) => [entry, known.get(entry) ?? this.line(entry)]));
    this.list.replaceChildren(...this.known.values());
    if (this.count) this.count.textContent = words ? `${found.length} of ${this.entries.length}` : "";
  }

  line(entry) {
    const cells = this.row(entry).map(([kind, text]) => html("span", { class: kind, text }));
    return html("li", {}, ...cells);
  }
}

/** Return the time of day of a UNIX time, to the millisecond. */
export function clock(seconds) {
  const time = new Date(seconds * 1000);
  return `${time.toTimeString().slice(0, 8)}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}
