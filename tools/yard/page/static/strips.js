// SPDX-License-Identifier: MIT
// Lists of what happens, newest first: MQTT, I²C, log.

import { html } from "./elements.js";

const KEPT = 300;
const SHOWN = 120;
const PAUSE_MS = 100; // nobody reads faster

/** A list. row(entry): its cells as [class, text]; filter: an input element, or null. */
export class Strip {
  constructor(name, row, filter = null) {
    this.list = document.getElementById(`list-${name}`);
    this.count = document.getElementById(`count-${name}`);
    this.view = document.getElementById(`view-${name}`);
    this.row = row;
    this.filter = filter;
    this.entries = [];
    this.fresh = null; // entries that are not shown yet; null: all are to be shown anew
    this.waiting = false;
    filter?.addEventListener("input", () => this.showAll());
    filter?.form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Take new entries; anew: forget those before. */
  add(entries, anew) {
    this.entries = (anew ? [] : this.entries).concat(entries).slice(-KEPT);
    if (anew || this.view.hidden) this.fresh = null;
    else this.fresh?.push(...entries);
    this.showSoon();
  }

  /** Show everything anew. */
  showAll() {
    this.fresh = null;
    this.showSoon();
  }

  /** Show what is new with one of the next frames, if anybody can see it. */
  showSoon() {
    if (this.waiting || this.view.hidden) return;
    this.waiting = true;
    setTimeout(() => requestAnimationFrame(() => this.show()), this.fresh ? PAUSE_MS : 0);
  }

  show() {
    this.waiting = false;
    const words = this.filter?.value.toLowerCase() ?? "";
    const fits = (entry) => entry.join(" ").toLowerCase().includes(words);
    const choose = (entries) => (words ? entries.filter(fits) : entries).slice(-SHOWN).reverse();
    const lines = choose(this.fresh ?? this.entries).map((entry) => this.line(entry));
    if (this.fresh) this.list.prepend(...lines);
    else this.list.replaceChildren(...lines);
    while (this.list.childElementCount > SHOWN) this.list.lastElementChild.remove();
    this.fresh = [];
    if (this.count) {
      const found = words ? this.entries.filter(fits).length : 0;
      this.count.textContent = words ? `${found} of ${this.entries.length}` : "";
    }
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
