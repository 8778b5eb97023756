/** What a door says before anybody is marked: that its session is not the one that is on, or does not take place. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { hintAtDoor } from "../../../static/js/marcar/door.js";

const NOW = Date.parse("2027-03-06T15:00:00Z");
const on = { id: "on", title: "Taller", starts: "2027-03-06T14:00:00Z", ends: "2027-03-06T18:00:00Z", state: "planned", closed: false };
const off = { ...on, id: "off", state: "cancelled" };
const later = { ...on, id: "later", starts: "2027-03-07T14:00:00Z", ends: "2027-03-07T18:00:00Z" };

beforeEach(() => (globalThis.document = { documentElement: { lang: "es-GT" } }));

/** @returns what is said at the door of `session`, and where its link leads; nothing where there is no hint */
function said(session, sessions) {
  const [text, link] = [{}, { hidden: true }];
  const hint = { querySelector: (part) => (part === "span" ? text : link) };
  const clock = { now: NOW, isBefore: (moment) => NOW < moment };
  const phone = { sessions, session: (id) => sessions.find((one) => one.id === id), clock };
  hintAtDoor({ querySelector: () => hint }, { phone, words: { say: (word) => word } }, session.id, "marcar");
  return hint.hidden ? "" : [text.textContent, link.hidden ? "" : link.href];
}

test("a session that is called off says so at its door, and leads to the one that is on", () => {
  assert.deepEqual(said(off, [off, on]), ["door_off", "#/marcar/on"]);
  assert.deepEqual(said(off, [off, later]), ["door_off", ""]);
});

test("a session of another day says when it is, and the one that is on says nothing", () => {
  assert.deepEqual(said(later, [on, later]), ["not_yet", "#/marcar/on"]);
  assert.equal(said(on, [on, later]), "");
});
