// SPDX-License-Identifier: MIT
// The serial console: the server keeps its screen (pyte), this shows it and sends keys.

import { send } from "./act.js";
import { html } from "./elements.js";
import { get } from "./feed.js";

const LINES = 24;
const KEPT = 300; // lines that have left the screen
const PIECE = 1000; // characters of one request
const KEYS = {
  Enter: "\r",
  Backspace: "\x7f",
  Tab: "\t",
  Delete: "\x1b[3~",
  ArrowUp: "\x1b[A",
  ArrowDown: "\x1b[B",
  ArrowRight: "\x1b[C",
  ArrowLeft: "\x1b[D",
  Home: "\x1b[H",
  End: "\x1b[F",
};

/** The console of the page. */
export class Terminal {
  constructor() {
    this.screen = document.getElementById("screen");
    this.keys = document.getElementById("keys");
    this.view = document.getElementById("view-console");
    this.scrolled = [];
    this.waiting = false;
    this.keys.addEventListener("keydown", (event) => this.keydown(event));
    this.keys.addEventListener("input", () => this.input());
    document.getElementById("terminal").addEventListener("click", () => {
      if (getSelection().isCollapsed) this.keys.focus({ preventScroll: true });
    });
  }

  /** Take lines that have left the screen. */
  addScrolled(entries, anew) {
    this.scrolled = (anew ? [] : this.scrolled).concat(entries).slice(-KEPT);
    this.showSoon();
  }

  /** Show the screen with the next frame, if anybody can see it. */
  showSoon() {
    if (this.waiting || this.view.hidden) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.show();
    });
  }

  show() {
    const [x, y] = get("cursor") ?? [0, 0];
    const lines = Array.from({ length: LINES }, (_, n) => get(`line/${n}`) ?? "");
    const above = [...this.scrolled, ...lines.slice(0, y)].map((line) => `${line}\n`).join("");
    const line = lines[y].padEnd(x + 1);
    const below = lines.slice(y + 1).join("\n").trimEnd();
    const cursor = html("span", { class: "cursor", text: line[x] });
    const rest = `${line.slice(x + 1)}${below ? `\n${below}` : ""}`;
    this.screen.replaceChildren(above + line.slice(0, x), cursor, rest);
    this.screen.scrollTop = this.screen.scrollHeight;
  }

  keydown(event) {
    if (event.key === "Escape") {
      document.getElementById("tab-console").focus();
      return;
    }
    // Shift-Tab leaves the console, too.
    if ((event.key === "Tab" && event.shiftKey) || event.altKey || event.metaKey) return;
    let text = KEYS[event.key];
    if (event.ctrlKey && /^[a-z]$/i.test(event.key) && !(event.key === "v" || event.shiftKey)) {
      text = String.fromCharCode(event.key.toUpperCase().charCodeAt(0) - 64);
    }
    if (text === undefined) return;
    event.preventDefault();
    this.type(text);
  }

  /** What was typed or pasted, also by a telephone's keyboard. */
  input() {
    const text = this.keys.value.replaceAll("\n", "\r");
    this.keys.value = "";
    this.type(text);
  }

  type(text) {
    for (let at = 0; at < text.length; at += PIECE) {
      send("POST", "/console", { text: text.slice(at, at + PIECE) });
    }
  }
}
