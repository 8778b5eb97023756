/** What a phone says of the time, and which lists it keeps, while its clock lies. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Clock } from "../../../static/js/marcar/clock.js";
import { Phone } from "../../../static/js/marcar/phone.js";

const DAY = 86_400_000;
const NOW = Date.parse("2027-03-06T14:00:00Z");
let wall = NOW;
let counter = 1_000;
Date.now = () => wall;
performance.now = () => counter;

beforeEach(() => {
  [wall, counter] = [NOW, 1_000];
});

test("a clock that fell back is lost, and says of nothing that it is still to come", () => {
  const clock = new Clock();
  clock.hear(NOW, NOW);
  assert.equal(clock.isBefore(NOW + 1), true);

  wall = Date.parse("2015-01-01T00:00:00Z");
  counter += 60_000;
  assert.deepEqual([clock.isLost, clock.isBefore(NOW + DAY), clock.now], [true, false, NOW + 60_000]);
  const opened = new Clock();
  counter = 500;
  opened.restore({ offset: 0, seen: NOW });
  assert.deepEqual([opened.isLost, opened.isBefore(NOW + DAY), opened.now], [true, false, NOW + 500]);
});

test("a clock that is an hour wrong, and corrected, is not lost", () => {
  const clock = new Clock();
  clock.hear(NOW - 3_600_000, NOW);
  counter += 60_000;
  wall += 60_000;
  assert.deepEqual([clock.isLost, clock.now, clock.isBefore(NOW)], [false, NOW - 3_540_000, true]);
});

/** A phone with the list of one session that ended, as it opens. */
function phoneWith(kept) {
  const lists = new Map([["s", { session: "s", version: "1" }]]);
  const store = {
    get: async (key) => kept.get(key),
    put: async (key, value) => void kept.set(key, value),
    rosters: async () => [...lists.values()],
    dropRoster: async (id) => void lists.delete(id),
    everything: async () => [],
    of: async () => [],
    numberFrom: async () => undefined,
    forget: async () => undefined,
  };
  const told = { app: "1", onChange: () => undefined, onRoster: () => undefined, onClosing: () => undefined, onToSend: () => undefined };
  return { phone: new Phone(store, told), lists };
}

const SESSION = { id: "s", training: "t", starts: "2027-03-06T14:00:00Z", ends: "2027-03-06T18:00:00Z", roster_until: "2027-03-13T18:00:00Z", version: "1" };
const said = () => new Map([["estado", { sessions: [SESSION], offset: 0, seen: NOW }]]);

test("a clock that jumps a month ahead takes no list, and nothing is left of the jump once it is right again", async () => {
  const kept = said();
  for (const days of [30, 0, 58, 0]) {
    wall = NOW + days * DAY;
    const { phone, lists } = phoneWith(kept);
    await phone.load();
    assert.deepEqual([lists.size, phone.hasRoster("s")], [1, true], `${days} days`);
  }
});

test("a list that is over by our own clock for a month is let go, and at once where the phone is out of use", async () => {
  const kept = said();
  wall = NOW + 8 * DAY;
  await phoneWith(kept).phone.load();
  wall = NOW + 39 * DAY;
  const { phone, lists } = phoneWith(kept);
  await phone.load();
  assert.deepEqual([lists.size, phone.hasRoster("s")], [0, false]);

  wall = NOW;
  const revoked = phoneWith(new Map([...said(), ["account", "revoked"]]));
  await revoked.phone.load();
  assert.equal(revoked.lists.size, 0);
});

test("a list that is over by the server's clock leaves when the server is heard", async () => {
  const { phone, lists } = phoneWith(said());
  await phone.load();
  const body = { now: NOW + 8 * DAY, device: {}, sessions: [{ ...SESSION, version: "" }] };
  globalThis.fetch = async () => ({ status: 200, json: async () => body, headers: new Headers() });
  await phone.refresh();
  assert.equal(lists.size, 0);
});

test("a list is over only once its time has passed by the clock that the server set right", async () => {
  const { phone } = phoneWith(said());
  for (const [days, isOver] of [[6, false], [8, true]]) {
    wall = NOW + days * DAY;
    await phone.load();
    assert.equal(phone.isListOver(SESSION), isOver, `${days} days`);
  }
});
