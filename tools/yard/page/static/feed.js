// SPDX-License-Identifier: MIT
// What the server tells: values by key, entries of streams. After each connection it begins anew.

const values = new Map();
const watchers = []; // [beginning of the key, function (key, value)]
const listeners = new Map(); // stream -> function (entries, anew)
const RETRY_MS = 500;

/** Call `tell(key, value)` for each change of a key that begins so; value undefined: it is gone. */
export function watch(beginning, tell) {
  watchers.push([beginning, tell]);
}

/** Call `tell(entries, anew)` for new entries of a stream; anew: forget those before. */
export function listen(stream, tell) {
  listeners.set(stream, tell);
}

/** Return a value, or undefined. */
export function get(key) {
  return values.get(key);
}

/** Return [key, value] of every key that begins so, in order. */
export function all(beginning) {
  return [...values].filter(([key]) => key.startsWith(beginning)).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Stay connected; `onLink(connected)` is told. */
export function connect(onLink) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/feed`);
  let anew = true;
  socket.onopen = () => onLink(true);
  socket.onmessage = (event) => {
    take(JSON.parse(event.data), anew);
    anew = false;
  };
  socket.onclose = () => {
    onLink(false);
    setTimeout(() => connect(onLink), RETRY_MS);
  };
}

function take(news, anew) {
  if (anew) {
    const gone = [...values.keys()].filter((key) => !(key in news.set));
    gone.forEach((key) => change(key, null));
    listeners.forEach((tell, stream) => tell(news.add[stream] ?? [], true));
  } else {
    for (const [stream, entries] of Object.entries(news.add)) listeners.get(stream)?.(entries, false);
  }
  // All are known before the first is told, because what one means may depend on others.
  for (const [key, value] of Object.entries(news.set)) if (value !== null) values.set(key, value);
  for (const [key, value] of Object.entries(news.set)) change(key, value);
}

function change(key, value) {
  if (value === null) values.delete(key);
  for (const [beginning, tell] of watchers) if (key.startsWith(beginning)) tell(key, value ?? undefined);
}
