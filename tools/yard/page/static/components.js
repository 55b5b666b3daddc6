// SPDX-License-Identifier: MIT
// The node's report of its components.

import { html } from "./elements.js";
import { get } from "./feed.js";

/** Show the table. */
export function updateComponents() {
  const rows = get("report/components");
  if (!Array.isArray(rows)) return;
  const cells = (row) => [row.name, row.package, row.version, row.phase, fault(row)];
  const lines = rows.map((row) => {
    const line = html("tr", {}, ...cells(row).map((text) => html("td", { text: text ?? "" })));
    line.classList.toggle("bad", Boolean(fault(row)));
    return line;
  });
  document.getElementById("components").replaceChildren(...lines);
}

function fault(row) {
  const errors = row.errors ?? row.error ?? "";
  return Array.isArray(errors) ? errors.join("; ") : errors;
}
