// SPDX-License-Identifier: MIT
// What a person does, sent in the order in which it was done.

let last = Promise.resolve();
let hiding = 0;

/** Show a line for a moment. */
export function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => (box.textContent = ""), 5000);
}

/** Send a request when those before have been answered, and not before `at`; a refusal is shown. */
export function send(method, path, body, at = 0) {
  last = last.then(() => until(at)).then(() => carryOut(method, path, body));
  return last;
}

function until(at) {
  const ms = at - performance.now();
  return ms > 0 ? new Promise((done) => setTimeout(done, ms)) : null;
}

async function carryOut(method, path, body) {
  try {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) toast((await answer.json()).error);
  } catch (error) {
    toast(`The desk does not answer: ${error.message}`);
  }
}

/** Publish a message through the broker. */
export function publish(topic, payload) {
  return send("POST", "/publish", { topic, payload });
}

/** Put text on the clipboard, or show it where that is not allowed. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast(text);
  }
}
