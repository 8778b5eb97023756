/** Closing a session on a phone: the end that somebody chose is sent, also where the planned end came near meanwhile. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Book } from "../../../static/js/marcar/book.js";
import { close } from "../../../static/js/marcar/screens/close.js";

const MINUTE = 60_000;
const STARTS = Date.parse("2027-03-06T14:00:00Z");
const SESSION = { id: "s", training: "t", title: "Taller", starts: "2027-03-06T14:00:00Z", ends: "2027-03-06T18:00:00Z", roster_until: "2027-03-13T18:00:00Z" };
let minutes = 0;
Date.now = () => STARTS + minutes * MINUTE;
globalThis.setInterval = () => 0;
globalThis.document = { documentElement: { lang: "es-GT" } };
Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });

/** The screen's parts, each found by its selector, and what is kept when one of them is touched. */
async function opened() {
  const [parts, kept] = [new Map(), []];
  const part = (selector) => {
    const made = { dataset: {}, focus: () => undefined, addEventListener: (_name, act) => (made.touch = act) };
    if (!parts.has(selector)) parts.set(selector, made);
    return parts.get(selector);
  };
  const place = { querySelector: (selector) => (selector.includes("answer") ? null : part(selector)), querySelectorAll: () => [] };
  const marks = { keep: async (mark) => kept.push(mark) && {} };
  const clock = { offset: 0, isLost: false, isBefore: (moment) => Date.now() < moment, now: 0 };
  const phone = { clock, offset: 0, session: () => SESSION };
  const words = { say: (key) => key, many: (key) => key };
  const app = { phone, words, sender: { ofPanel: [], n_waiting: 0, n_unread: 0 }, session: async () => ({ book: new Book(SESSION), marks }), addEventListener: () => undefined };
  await close.open(place, app, ["s"]);
  return { part, kept };
}

test("a session that is called off is not asked to be closed, nor said to be closed once all have sent", async () => {
  minutes = 224;
  for (const [state, isOff] of [["planned", false], ["cancelled", true]]) {
    SESSION.state = state;
    const { part } = await opened();
    assert.deepEqual([part("[data-ask]").hidden, part("[data-off]").hidden], [isOff, !isOff]);
  }
  SESSION.state = "planned";
});

for (const [name, quarters, said] of [["chosen", 2, 195], ["not chosen", 0, undefined]]) {
  test(`an end that was ${name} before the last quarter of an hour`, async () => {
    minutes = 224;
    const { part, kept } = await opened();
    for (let n = 0; n < quarters; n += 1) part("[data-earlier]").touch();
    minutes = 225;
    part("[data-close]").touch();
    assert.deepEqual(kept.map(({ stated_at }) => stated_at && (stated_at - STARTS) / MINUTE), [said]);
  });
}
