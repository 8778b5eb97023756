/** Marks of the panel's list at the door: kept first, sent one batch after another, each until the server names it. */

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Sender } from "../../../static/js/scan/sender.js";
import { Rearm } from "../../../static/js/scan/sight.js";
import { openStore } from "../../../static/js/scan/store.js";
import { Disk } from "./parts/disk.mjs";

const HERE = "/panel/sesiones/s/asistencia/marcas";
const ALL_SENT = [0, ""];
mock.timers.enable({ apis: ["setTimeout"] });
Math.random = () => 0.5;

/** The server: what it stored, by id, and what lies on the line before it. */
let stored = new Map();
let line = null;
let asked = [];
/** @type {Disk} */
let disk;

const json = (status, body) => new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
const gone = () => Promise.reject(new TypeError("no line"));

function server(events) {
  for (const event of events) if (!stored.has(event.id)) stored.set(event.id, event);
  return json(200, { results: events.map(({ id }) => ({ id, stored: true, outcome: "present" })), n_present: stored.size, n_expected: 9 });
}

beforeEach(() => {
  [stored, line, asked] = [new Map(), null, []];
  disk = globalThis.indexedDB = new Disk();
  globalThis.fetch = async (url, { body, redirect }) => {
    const { events } = JSON.parse(body);
    asked.push({ url, events, redirect });
    return line ? line(events) : server(events);
  };
});

/** Until nothing is under way any more. */
async function quiet() {
  for (let n = 0; n < 50; n += 1) await new Promise((done) => setImmediate(done));
}

/** A window of the panel's page: what it was answered, and what it said last of what waits. */
async function opened(store = openStore()) {
  const window = { answered: [], said: null };
  const answered = ({ id }, { outcome }, { n_present }) => window.answered.push([id, outcome, n_present]);
  window.sender = new Sender(await store, answered, (...said) => (window.said = said));
  return window;
}

const mark = (id, url = HERE) => ({ id, url, kind: "in", code: id, registration: null, target: null, at: 1, how: "typed" });

/** Mark one after another, and send. */
async function marked(window, ...ids) {
  const kept = [];
  for (const id of ids) kept.push(await window.sender.keep(mark(id)));
  await window.sender.flush();
  return kept;
}

test("a mark is answered by its id, and what was kept is forgotten only then", async () => {
  const window = await opened();
  assert.deepEqual(await marked(window, "a", "b"), [true, true]);
  assert.deepEqual([window.answered, window.said, await window.sender.unsent()], [[["a", "present", 2], ["b", "present", 2]], ALL_SENT, []]);
  const [{ url, events, redirect }] = asked;
  assert.deepEqual([url, events.map(({ id, seq }) => [id, seq]), "url" in events[0], redirect], [HERE, [["a", 1], ["b", 2]], false, "manual"]);
});

test("an answer that is lost after the server stored counts once", async () => {
  const window = await opened();
  line = (events) => (server(events), gone());
  await marked(window, "a");
  assert.deepEqual([window.answered, window.said, stored.size], [[], [1, "offline"], 1]);
  line = null;
  await window.sender.flush();
  assert.deepEqual([window.answered, window.said, stored.size], [[["a", "present", 1]], ALL_SENT, 1]);
});

test("a server that fails is asked again by itself, later each time", async () => {
  const window = await opened();
  line = () => json(502, "bad gateway");
  await marked(window, "a");
  for (const [wait, n_asked] of [[1_999, 1], [1, 2], [3_999, 2], [1, 3], [8_000, 4], [16_000, 5], [30_000, 6], [30_000, 7]]) {
    mock.timers.tick(wait);
    await quiet();
    assert.equal(asked.length, n_asked, `${wait}`);
  }
  line = null;
  mock.timers.tick(30_000);
  await quiet();
  assert.deepEqual([asked.length, window.said], [8, ALL_SENT]);
  mock.timers.tick(60_000);
  await quiet();
  assert.equal(asked.length, 8);
});

test("what was marked without signal is sent by the next window, in its order", async () => {
  line = gone;
  const first = await opened();
  await marked(first, "c", "b", "a");
  assert.deepEqual([first.said, stored.size], [[3, "offline"], 0]);
  line = null;
  const second = await opened();
  await second.sender.flush();
  assert.deepEqual([asked.at(-1).events.map(({ id, seq }) => [id, seq]), second.said], [[["a", 3], ["b", 2], ["c", 1]], ALL_SENT]);
  await first.sender.flush();
  assert.deepEqual([stored.size, first.answered.length, first.said], [3, 3, ALL_SENT]);
  const [{ seq }] = [await (await openStore()).keep(mark("d"))];
  assert.equal(seq, 4);
});

test("what is no answer of ours keeps the mark here, and says why", async () => {
  const redirected = () => Object.defineProperty(json(200, {}), "type", { value: "opaqueredirect" });
  const cases = [[() => json(401, {}), "signed_out"], [redirected, "signed_out"], [() => json(200, "<h1>Wi-Fi</h1>"), "offline"], [() => json(200, {}), "offline"], [() => json(500, {}), "offline"], [gone, "offline"]];
  for (const [answer, trouble] of cases) {
    const window = await opened();
    line = answer;
    await marked(window, `m${stored.size}`);
    assert.deepEqual([window.said, window.answered], [[1, trouble], []]);
    line = null;
    await window.sender.flush();
    assert.deepEqual([window.said, window.answered.length], [ALL_SENT, 1]);
  }
});

test("one bad mark does not hold the others, and is tried again when somebody asks", async () => {
  for (const status of [400, 409, 413, 415, 422]) {
    const window = await opened();
    const [bad, ...good] = ["c", "a", "b", "d"].map((id) => `${id}${status}`);
    line = (events) => (events.some(({ id }) => id === bad) ? json(status, {}) : server(events));
    await marked(window, bad, ...good);
    assert.deepEqual([window.said, window.sender.isAside(bad), window.sender.isAside(good[0])], [[1, "refused"], true, false]);
    assert.deepEqual(window.answered.map(([id]) => id), [good[0], good[1], good[2]].sort());
    const n_asked = asked.length;
    await window.sender.flush();
    assert.deepEqual([asked.length, window.said], [n_asked, [1, "refused"]]);
    line = null;
    window.sender.forgive();
    await window.sender.flush();
    assert.deepEqual([window.said, stored.has(bad)], [ALL_SENT, true]);
  }
});

test("a line that breaks off while a bad mark is looked for keeps all of them", async () => {
  const window = await opened();
  line = (events) => (events.length > 1 ? json(422, {}) : gone());
  await marked(window, "a", "b");
  assert.deepEqual([window.said, asked.length, window.sender.isAside("a")], [[2, "offline"], 2, false]);
});

test("a session that is not ours to mark holds up no other session", async () => {
  const window = await opened();
  const other = "/panel/sesiones/o/asistencia/marcas";
  for (const status of [403, 404]) {
    line = (events) => (events[0].id.startsWith("x") ? json(status, {}) : server(events));
    await window.sender.keep(mark(`x${status}`, other));
    await marked(window, `y${status}`);
  }
  assert.deepEqual([window.said, [...stored.keys()]], [[2, "refused"], ["y403", "y404"]]);
});

test("what the server calls no ticket, or leaves out, is told apart", async () => {
  const window = await opened();
  line = ([{ id }]) => json(200, { results: id === "a" ? [{ id, stored: false, outcome: "not_a_ticket" }] : [], n_present: 0, n_expected: 4 });
  await marked(window, "a");
  assert.deepEqual([window.answered, window.said], [[["a", "not_a_ticket", 0]], ALL_SENT]);
  await marked(window, "b");
  assert.deepEqual([window.answered.length, window.said, window.sender.isAside("b")], [1, [1, "refused"], true]);
});

test("at most fifty of one session are sent at a time", async () => {
  const window = await opened();
  await marked(window, ...Array.from({ length: 120 }, (_, n) => `m${String(n).padStart(3, "0")}`));
  assert.deepEqual([asked.map(({ events }) => events.length), stored.size, window.said], [[50, 50, 20], 120, ALL_SENT]);
});

for (const store of ["full", "taken back", "none"]) {
  test(`a device that cannot keep a mark (${store}) sends it all the same, and says so until it did`, async () => {
    const window = await opened(store === "none" ? null : undefined);
    disk.trouble = store;
    line = gone;
    assert.deepEqual(await marked(window, "a"), [false]);
    assert.deepEqual([window.said, window.sender.hasLoose, window.sender.isLoose("a")], [[1, "offline"], true, true]);
    line = null;
    await window.sender.flush();
    assert.deepEqual([window.said, window.sender.hasLoose, window.answered], [ALL_SENT, false, [["a", "present", 1]]]);
  });
}

test("calls while one is under way are one more run", async () => {
  const window = await opened();
  const held = Promise.withResolvers();
  line = async (events) => (await held.promise, server(events));
  await window.sender.keep(mark("a"));
  const running = window.sender.flush();
  await window.sender.keep(mark("b"));
  const again = [window.sender.flush(), window.sender.flush()];
  held.resolve();
  await Promise.all([running, ...again]);
  assert.deepEqual([asked.map(({ events }) => events.map(({ id }) => id)), window.said], [[["a"], ["b"]], ALL_SENT]);
});

test("a newer page in another window is not held up by this one", async () => {
  const store = await openStore();
  await new Promise((done) => (disk.open("trainings-scan", 9).onsuccess = done));
  assert.equal(await store.keep(mark("a")).catch(({ name }) => name), "InvalidStateError");
});

test("a card is another sight of it three seconds after it left the picture", () => {
  const rearm = new Rearm();
  const seen = [0, 125, 2_900, 5_800, 8_700, 11_700, 14_800].map((now) => rearm.isNew("A", now));
  assert.deepEqual([...seen, rearm.isNew("B", 14_800)], [true, false, false, false, false, true, true, true]);
});
