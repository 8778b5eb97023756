/** How long a phone keeps what it sent: a server that is restored from a backup may not have it any more. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Phone } from "../../../static/js/marcar/phone.js";

const DAY = 86_400_000;
const NOW = Date.parse("2027-03-06T18:00:00Z");
const SESSION = { id: "s", training: "t", starts: "2027-03-06T14:00:00Z", ends: "2027-03-06T18:00:00Z", roster_until: "2027-03-13T18:00:00Z", version: "" };
const FAIR = { id: "a", ends: "2027-03-06T18:00:00Z" };
let wall = NOW;
Date.now = () => wall;

/** Marks 1 and 2 of the session, of which the second was never sent, and a head counted at the fair. */
const marks = () => new Map([
  ["m1", { id: "m1", scope: "s", receipt: { state: "stored" }, event: { id: "m1", seq: 1 } }],
  ["m2", { id: "m2", scope: "s", waiting: 1, event: { id: "m2", seq: 2 } }],
  ["m3", { id: "m3", scope: "a", receipt: { state: "stored" }, event: { id: "m3", seq: 3 } }],
]);

function phoneWith(kept) {
  const [meta, flushed] = [new Map(), []];
  const store = {
    get: async (key) => meta.get(key),
    put: async (key, value) => void meta.set(key, value),
    rosters: async () => [],
    of: async (scope) => [...kept.values()].filter((one) => one.scope === scope),
    everything: async () => [...kept.values()],
    sendAgain: async (ids) => ids.forEach((id) => kept.set(id, { ...kept.get(id), waiting: 1 })),
    forget: async (ids) => ids.forEach((id) => kept.delete(id)),
    numberFrom: async () => undefined,
    beginAs: async () => undefined,
  };
  const ignore = () => undefined;
  const told = { app: "1", onChange: ignore, onRoster: ignore, onClosing: ignore, onToSend: () => flushed.push("again") };
  return { phone: new Phone(store, told), flushed };
}

/** The server answers as it does on that day. */
async function asked(phone, days, { sessions = [SESSION], activities = [FAIR], last_seq = 3, revoked = false } = {}) {
  wall = NOW + days * DAY;
  const body = { now: wall, device: { id: "d", last_seq, revoked }, sessions, activities };
  globalThis.fetch = async () => ({ status: 200, json: async () => body, headers: new Headers() });
  await phone.refresh();
}

beforeEach(() => (wall = NOW));

test("what was sent stays until the list expires, and what was not sent stays for ever", async () => {
  const kept = marks();
  const { phone } = phoneWith(kept);
  await asked(phone, 0);
  await asked(phone, 6);
  assert.deepEqual([...kept.keys()], ["m1", "m2", "m3"]);

  await asked(phone, 8);
  assert.deepEqual([...kept.keys()], ["m2"]);
});

test("what was sent stays as long where the phone is taken out of use, or the session is not named any more", async () => {
  const kept = marks();
  const { phone } = phoneWith(kept);
  await asked(phone, 0);
  await asked(phone, 1, { sessions: [], activities: [], revoked: true });
  assert.deepEqual([...kept.keys()], ["m1", "m2", "m3"]);

  await asked(phone, 8, { sessions: [], activities: [], revoked: true });
  assert.deepEqual([...kept.keys()], ["m2"]);
});

test("marks that a restored server lacks are sent again also where a later one came to it first", async () => {
  const kept = marks();
  const { phone, flushed } = phoneWith(kept);
  const later = { id: "m4", seq: 4 };
  kept.set("m4", { id: "m4", scope: "s", receipt: { state: "stored" }, event: later });
  await phone.answered({ device: { last_seq: 3 } }, [later]);
  await phone.answered({ device: {} }, [later]);
  assert.deepEqual(flushed, []);

  await phone.answered({ device: { last_seq: 0 } }, [later]);
  await phone.answered({ device: { last_seq: 0 } }, [later]);
  assert.deepEqual([[...kept.values()].filter(({ waiting }) => waiting).map(({ id }) => id), flushed], [["m1", "m2", "m3"], ["again"]]);
});

test("what a restored server does not know any more is sent again, and nothing else is", async () => {
  const kept = marks();
  const { phone, flushed } = phoneWith(kept);
  await asked(phone, 0);
  assert.deepEqual([[...kept.values()].filter(({ waiting }) => waiting).length, flushed], [1, []]);

  await asked(phone, 1, { last_seq: 1 });
  assert.deepEqual([[...kept.values()].filter(({ waiting }) => waiting).map(({ id }) => id), flushed], [["m2", "m3"], ["again"]]);
});
