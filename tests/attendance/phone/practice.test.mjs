/** A practice of the hub on a phone: emptied there, it is gone here, sent or not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Disk } from "./parts/disk.mjs";
import { windowOn } from "./parts/phone.mjs";
import { hintAtDoor } from "../../../static/js/marcar/door.js";

const told = (sessions) => ({ now: "2027-03-06T15:00:00.000Z", device: { id: "d", last_seq: 0, lacks: [] }, key: {}, sessions });
const until = { starts: "2027-03-06T06:00:00Z", ends: "2027-03-06T23:00:00Z", roster_until: "2099-01-01T00:00:00Z", state: "planned", version: "" };

test("a practice that was emptied takes its marks with it, and those of real sessions stay", async () => {
  const others = globalThis.BroadcastChannel;
  delete globalThis.BroadcastChannel;
  const { phone, store } = await windowOn(new Disk()).finally(() => (globalThis.BroadcastChannel = others));
  const [real, practice] = [{ ...until, id: "r" }, { ...until, id: "p", starts: "2027-03-06T05:00:00Z", practice: true }];
  let sessions = [real, practice];
  globalThis.fetch = async (url) => new Response(JSON.stringify(url.endsWith("estado") ? told(sessions) : {}));
  await phone.refresh();
  assert.deepEqual(phone.sessions.map(({ id }) => id), ["r", "p"], "nobody in a hurry takes it for the real one");
  await store.keepAll(["r", "p", "p"].map((session, n) => ({ id: `${n}`, session, kind: "in", at: 1, how: "row" })));

  sessions = [real];
  await phone.refresh();

  assert.deepEqual((await store.everything()).map(({ id }) => id), ["0"]);
});

test("a session that begins later does not lead to the practice that is on", () => {
  const clock = { now: Date.parse("2027-03-06T15:00:00Z"), isBefore: (at) => Date.parse("2027-03-06T15:00:00Z") < at };
  const later = { ...until, id: "r", title: "Derechos", starts: "2027-03-06T20:00:00Z" };
  const sessions = [later, { ...until, id: "p", title: "Práctica", practice: true }];
  const link = {};
  const hint = { querySelector: (wanted) => (wanted === "a" ? link : {}) };

  hintAtDoor({ querySelector: () => hint }, { phone: { clock, sessions, session: () => later }, words: { say: (key) => key } }, "r", "marcar");

  assert.deepEqual([hint.hidden, link.hidden], [false, true]);
});
