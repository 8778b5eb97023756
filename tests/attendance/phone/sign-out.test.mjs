/** Signing out asks where marks wait in this browser, also on a line on which the program that counts them comes late. */

import assert from "node:assert/strict";
import { test } from "node:test";

/** A database in which two marks wait. */
const answered = (result) => {
  const request = { result };
  queueMicrotask(() => request.onsuccess());
  return request;
};
const queue = { index: () => queue, getAll: () => answered([{ id: "m1" }, { id: "m2" }]) };
const database = () => answered({ transaction: () => ({ objectStore: () => queue }), close: () => undefined });

const listeners = {};
const [asked, left] = [[], []];
const form = { addEventListener: (name, act) => (listeners[name] = act), submit: () => left.push("out") };
const words = { dataset: { one: "1 marca", many: "{n} marcas" } };
const dialog = { showModal: () => asked.push(words.textContent), close: () => undefined, querySelector: (part) => (part === "[data-one]" ? words : null) };
globalThis.document = { querySelector: (part) => (part.startsWith("form") ? form : dialog) };
await import("../../../static/js/sign-out.js");

test("the time in which the disk has to answer begins once the program that asks it is here", async () => {
  const [timers, begun] = [[], []];
  globalThis.setTimeout = (act) => timers.push(act);
  globalThis.indexedDB = { open: () => begun.push(timers.length) && database() };
  await listeners.submit({ preventDefault: () => undefined, submitter: null });
  assert.deepEqual([asked, left], [["2 marcas"], []]);
  assert.deepEqual([begun, timers.length], [[0], 1]);
});

test("a disk that does not answer keeps nobody signed in", async () => {
  globalThis.setTimeout = (act, _ms, value) => queueMicrotask(() => act(value));
  globalThis.indexedDB = { open: () => ({}) };
  await listeners.submit({ preventDefault: () => undefined, submitter: null });
  assert.deepEqual([asked.length, left], [1, ["out"]]);
});
