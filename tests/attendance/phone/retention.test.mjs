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
async function asked(phone, days, { sessions = [SESSION], activities = [FAIR], lacks = [[4, null]], revoked = false } = {}) {
  wall = NOW + days * DAY;
  const body = { now: wall, device: { id: "d", last_seq: 3, lacks, revoked }, sessions, activities };
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

test("a phone that learns from its marks that it is out of use lets go of its lists, whatever was asked before", async () => {
  const { phone } = phoneWith(marks());
  await asked(phone, 0);
  const answers = [{ revoked: false, sessions: [SESSION] }, { revoked: true, sessions: [] }];
  let answer = () => undefined;
  globalThis.fetch = async () => {
    const { revoked, sessions } = answers.shift();
    if (sessions.length) await new Promise((resolve) => (answer = resolve));
    return { status: 200, json: async () => ({ now: wall, device: { id: "d", last_seq: 3, revoked }, sessions }), headers: new Headers() };
  };

  const older = phone.refresh();
  await phone.heard({ device: { revoked: true } }, wall);
  await phone.answered({ device: { revoked: true } }, []);
  while (answers.length > 1) await Promise.resolve();
  answer();
  await older;
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setTimeout(resolve));

  assert.deepEqual([phone.account, phone.sessions, answers], ["revoked", [], []]);
});

const waiting = (kept) => [...kept.values()].filter((one) => one.waiting).map(({ id }) => id);

test("marks that a restored server lacks are sent again also where a later one came to it first", async () => {
  const kept = marks();
  const { phone, flushed } = phoneWith(kept);
  const later = { id: "m4", seq: 4 };
  for (const seq of [4, 5]) kept.set(`m${seq}`, { id: `m${seq}`, scope: "s", receipt: { state: "stored" }, event: { id: `m${seq}`, seq } });
  // Number 5 was on its way when the server answered number 4.
  await phone.answered({ device: { lacks: [[5, null]] } }, [later]);
  await phone.answered({ device: {} }, [later]);
  await phone.answered({ device: { lacks: [[1, null]] } }, []);
  assert.deepEqual(flushed, []);

  for (let n = 0; n < 2; n += 1) await phone.answered({ device: { lacks: [[1, 3], [5, null]] } }, [later]);
  assert.deepEqual([waiting(kept), flushed], [["m1", "m2", "m3"], ["again"]]);
});

test("what a restored server does not know any more is sent again, and nothing else is", async () => {
  const kept = marks();
  const { phone, flushed } = phoneWith(kept);
  await asked(phone, 0);
  assert.deepEqual([waiting(kept), flushed], [["m2"], []]);

  await asked(phone, 1, { lacks: [[1, 1], [4, null]] });
  assert.deepEqual([waiting(kept), flushed], [["m1", "m2"], ["again"]]);
  await asked(phone, 1, { lacks: [[2, null]] });
  assert.deepEqual([waiting(kept), flushed], [["m1", "m2", "m3"], ["again", "again"]]);
});
