/**
 * Marks of the panel's page at the door: kept and sent as a prepared phone does it, by the word of who is signed in. What
 * both have in common is shown with the phone: `store.test.mjs`, `sending.test.mjs`, `tests/browser/wire.test.mjs`.
 */

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Sender } from "../../../static/js/marks/sender.js";
import { openStore } from "../../../static/js/marks/store.js";
import { NO_STORE, PanelSender } from "../../../static/js/marks/panel-sender.js";
import { Rearm } from "../../../static/js/marks/lens.js";
import { Disk } from "./parts/disk.mjs";

const ALL_SENT = [0, 0, ""];
mock.timers.enable({ apis: ["setTimeout"] });
Math.random = () => 0;

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
  return json(200, { results: events.map(({ id }) => ({ id, state: "stored", outcome: "present" })), n_present: stored.size, n_expected: 9 });
}

beforeEach(() => {
  [stored, line, asked] = [new Map(), null, []];
  disk = globalThis.indexedDB = new Disk();
  globalThis.fetch = async (url, { body, redirect }) => {
    const { events, ...more } = JSON.parse(body);
    asked.push({ url, events, redirect, more });
    return line ? line(events) : server(events);
  };
});

/** Until nothing is under way any more. */
async function quiet() {
  for (let n = 0; n < 50; n += 1) await new Promise((done) => setImmediate(done));
}

/** A window of the panel's page, and what it was answered. */
async function opened(store) {
  const window = { answered: [], n_tried: 0 };
  const told = {
    page: "p1",
    onChange: () => undefined,
    onUnprepared: () => undefined,
    onReply: ({ results }) => window.answered.push(...results.map(({ id, outcome }) => [id, outcome])),
    onTried: () => (window.n_tried += 1),
  };
  window.store = store ?? (await openStore({ onClosed: () => undefined, onDeleted: () => window.sender.lose() }));
  window.sender = new PanelSender(window.store, told);
  return window;
}

const mark = (id, session = "s") => ({ id, session, kind: "in", code: id, at: 1, how: "typed" });
const heads = (id) => ({ ...mark(id), session: undefined, activity: "f", kind: "count", sex: "mujer", age_band: "60+", number: 1 });
const queue = ({ sender: { n_waiting, n_unread, trouble } }) => [n_waiting, n_unread, trouble];

/** Mark one after another, and send. */
async function marked(window, ...ids) {
  const kept = [];
  for (const id of ids) kept.push(await window.sender.keep(mark(id)));
  await window.sender.flush();
  return kept;
}

test("a mark is answered by its id at the address of its session, and leaves the device only then", async () => {
  const window = await opened();
  assert.deepEqual(await marked(window, "b", "a"), [true, true]);
  assert.deepEqual([window.answered, queue(window), await window.store.ofPanel()], [[["a", "present"], ["b", "present"]], ALL_SENT, []]);
  const [{ url, events, redirect, more }] = asked;
  assert.deepEqual([url, events.map(({ id, seq }) => [id, seq]), redirect], ["/panel/sesiones/s/asistencia/marcas", [["a", 2], ["b", 1]], "error"]);
  assert.deepEqual([Object.keys(more).sort(), more.page], [["client_now", "page", "perf"], "p1"]);
});

test("marks of the panel and of a prepared phone wait in one store, and each is sent by its own", async () => {
  line = gone;
  const window = await opened();
  await marked(window, "a");
  await window.store.keepAll([{ ...mark("b"), how: "row" }]);
  const phone = new Sender(window.store, { app: "1", page: "p1", onChange: () => undefined, onReply: () => undefined, onUnprepared: () => undefined });
  await Promise.all([phone.count(), window.sender.count()]);
  assert.deepEqual([phone.n_waiting, phone.ofPanel.map(({ id, scope }) => [id, scope]), queue(window)], [1, [["a", "s"]], [1, 0, "offline"]]);
  const ids = (kept) => kept.map(({ id }) => id);
  assert.deepEqual([ids(await window.store.everything()), ids(await window.store.of("s")), ids(window.store.remembered())], [["b"], ["b"], ["b"]]);

  [line, asked] = [null, []];
  await phone.flush();
  await window.sender.flush();
  assert.deepEqual(asked.map(({ url, events }) => [url, events.map(({ id, seq }) => [id, seq])]), [
    ["/marcar/api/marcas", [["b", 1]]],
    ["/panel/sesiones/s/asistencia/marcas", [["a", 1]]],
  ]);
  await phone.count();
  assert.deepEqual([phone.n_waiting, phone.ofPanel, queue(window)], [0, [], ALL_SENT]);
});

test("heads that are counted in the panel wait with the marks of the door, and go to the address of their activity", async () => {
  line = gone;
  const window = await opened();
  await window.sender.keep(heads("b"));
  await marked(window, "a");
  assert.deepEqual([queue(window), (await window.store.ofPanel()).map(({ scope }) => scope).sort()], [[2, 0, "offline"], ["f", "s"]]);
  [line, asked] = [null, []];
  await window.sender.flush();
  assert.deepEqual(asked.map(({ url, events }) => [url, events.map(({ id }) => id)]), [
    ["/panel/sesiones/s/asistencia/marcas", ["a"]],
    ["/panel/actividades/f/toques", ["b"]],
  ]);
  assert.deepEqual(queue(window), ALL_SENT);
});

test("a mark that another window sent is answered here too, and counts once", async () => {
  line = gone;
  const first = await opened();
  await marked(first, "a");
  line = null;
  const second = await opened();
  await second.sender.flush();
  assert.deepEqual([second.answered, queue(second), stored.size], [[["a", "present"]], ALL_SENT, 1]);
  await first.sender.flush();
  assert.deepEqual([first.answered, queue(first), stored.size, first.n_tried], [[["a", "present"]], ALL_SENT, 1, 2]);
});

test("what an earlier visit kept is answered in each window that shows it", async () => {
  line = gone;
  await marked(await opened(), "a");
  const [first, second] = [await opened(), await opened()];
  for (const { sender } of [first, second]) for (const event of await sender.unsent()) sender.adopt(event);
  line = null;
  await first.sender.flush();
  await second.sender.flush();
  assert.deepEqual([first.answered, second.answered, stored.size], [[["a", "present"]], [["a", "present"]], 1]);
  assert.deepEqual([queue(first), queue(second)], [ALL_SENT, ALL_SENT]);
});

for (const [status, sick] of [[500, "s"], [429, "f"]]) {
  test(`an address at which the server is down (${status} at ${sick}) holds up no other, and is tried again later`, async () => {
    const window = await opened();
    line = (events) => ((events[0].session ?? events[0].activity) === sick ? json(status, {}) : server(events));
    const [first, second] = sick === "s" ? [mark, heads] : [heads, mark];
    await window.sender.keep(first("a"));
    await window.sender.keep(second("b"));
    await window.sender.flush();
    assert.deepEqual([asked.length, [...stored.keys()], queue(window)], [2, ["b"], [1, 0, "down"]]);
    line = null;
    mock.timers.tick(2_000);
    await quiet();
    assert.deepEqual([[...stored.keys()], queue(window)], [["b", "a"], ALL_SENT]);
  });
}

for (const [trouble, answer] of [["offline", gone], ["unprepared", () => json(401, { code: "sign_in_needed" })]]) {
  test(`who is ${trouble} at one address is so at all of them`, async () => {
    const window = await opened();
    line = answer;
    await window.sender.keep(mark("a"));
    await window.sender.keep(mark("b", "other"));
    await window.sender.flush();
    assert.deepEqual([asked.length, queue(window)], [1, [2, 0, trouble]]);
    line = null;
    await window.sender.flush();
    assert.deepEqual([stored.size, queue(window)], [2, ALL_SENT]);
  });
}

test("who is signed out, or meets a hotel's page, sends again by themselves later", async () => {
  const window = await opened();
  for (const [id, answer, trouble] of [["a", () => json(401, { code: "sign_in_needed" }), "unprepared"], ["b", () => json(200, "<h1>Wi-Fi</h1>"), "offline"], ["c", () => json(502, ""), "down"]]) {
    line = answer;
    await marked(window, id);
    assert.deepEqual(queue(window), [1, 0, trouble]);
    line = null;
    mock.timers.tick(2_000);
    await quiet();
    assert.deepEqual([queue(window), window.answered.at(-1)], [ALL_SENT, [id, "present"]]);
  }
});

test("a session that is not theirs to mark holds up no other, and is tried again when somebody asks", async () => {
  const window = await opened();
  for (const status of [403, 404]) {
    line = (events) => (events[0].session === "other" ? json(status, {}) : server(events));
    await window.sender.keep(mark(`a${status}`, "other"));
    await marked(window, `b${status}`);
  }
  assert.deepEqual([queue(window), [...stored.keys()]], [[0, 2, ""], ["b403", "b404"]]);
  line = null;
  await window.sender.flush();
  assert.equal(stored.size, 2);
  await window.sender.flush({ forced: true });
  assert.deepEqual([queue(window), stored.size], [ALL_SENT, 4]);
});

test("what the server does not understand stays here, and holds up no other", async () => {
  const window = await opened();
  line = (events) => json(200, { results: events.map(({ id }) => (id === "a" ? { id, state: "malformed" } : { id, state: "flagged", outcome: "review" })), n_present: 0, n_expected: 4 });
  await marked(window, "a", "b");
  assert.deepEqual([queue(window), window.sender.aside.has("a"), (await window.store.ofPanel()).map(({ id }) => id)], [[0, 1, ""], true, ["a"]]);
});

for (const trouble of ["full", "taken back", "none"]) {
  test(`a device that cannot keep a mark (${trouble}) sends it all the same, and says so until it did`, async () => {
    const window = await opened(trouble === "none" ? NO_STORE : undefined);
    disk.trouble = trouble;
    line = gone;
    assert.deepEqual(await marked(window, "a"), [false]);
    assert.deepEqual([queue(window), window.sender.hasLoose, window.sender.isLoose("a")], [[1, 0, "offline"], true, true]);
    line = null;
    await window.sender.flush({ forced: true });
    assert.deepEqual([queue(window), window.sender.hasLoose, window.answered], [ALL_SENT, false, [["a", "present"]]]);
  });
}

test("what the browser deletes under the page is sent from its memory", async () => {
  const window = await opened();
  line = gone;
  await marked(window, "a");
  disk.deleteDatabase("marcar");
  assert.equal(window.sender.hasLoose, true);
  line = null;
  await marked(window, "b");
  assert.deepEqual([queue(window), [...stored.keys()], window.sender.hasLoose], [ALL_SENT, ["a", "b"], false]);
});

test("a mark that the disk does not let go of is sent once by this page", async () => {
  const window = await opened();
  await window.sender.keep(mark("a"));
  window.store.forget = () => Promise.reject(new Error("broken"));
  await window.sender.flush();
  await window.sender.flush();
  assert.deepEqual([asked.length, queue(window)], [1, ALL_SENT]);
});

test("a card is another sight of it three seconds after it left the picture", () => {
  const rearm = new Rearm();
  const seen = [0, 125, 2_900, 5_800, 8_700, 11_700, 14_800].map((now) => rearm.isNew("A", now));
  assert.deepEqual([...seen, rearm.isNew("B", 14_800)], [true, false, false, false, false, true, true, true]);
});

test("a window that sleeps with the lock in its hand holds up the door half a minute, and no longer", async () => {
  const locks = {
    request: (_name, { signal }) => new Promise((_done, fail) => signal.addEventListener("abort", () => fail(signal.reason))),
  };
  Object.defineProperty(globalThis.navigator, "locks", { value: locks, configurable: true });
  try {
    const window = await opened();
    await window.sender.keep(mark("a"));

    window.sender.flush();
    await quiet();
    assert.equal(stored.size, 0);
    mock.timers.tick(30_000);
    await quiet();

    assert.deepEqual([...stored.keys()], ["a"]);
    assert.deepEqual(queue(window), ALL_SENT);
  } finally {
    delete globalThis.navigator.locks;
  }
});

test("the door sends though the scan app of the same browser is still sending its backlog", async () => {
  const held = new Map();
  const locks = {
    request: (name, _how, act) => {
      const turn = (held.get(name) ?? Promise.resolve()).then(act);
      held.set(name, turn.catch(() => undefined));
      return turn;
    },
  };
  Object.defineProperty(globalThis.navigator, "locks", { value: locks, configurable: true });
  try {
    const window = await opened();
    await window.store.keepAll([mark("b")]);
    const app = new Sender(window.store, { app: "1", page: "p1", onChange: () => undefined, onReply: () => undefined, onUnprepared: () => undefined });
    let arrive = () => undefined;
    const slow = new Promise((done) => (arrive = done));
    line = (events) => (events[0].id === "b" ? slow.then(() => server(events)) : server(events));

    const sending = app.flush();
    await window.sender.keep(mark("a"));
    window.sender.flush();
    await quiet();
    assert.deepEqual([...stored.keys()], ["a"]);

    arrive();
    await sending;
    assert.deepEqual([...stored.keys()], ["a", "b"]);
  } finally {
    delete globalThis.navigator.locks;
  }
});
