/** When a phone says that it is ready, and what it does and says while something is still to come. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { ask } from "../../../static/js/marks/api.js";
import { Phone } from "../../../static/js/marcar/phone.js";
import { lacksInWords, shareHere } from "../../../static/js/marcar/screens/home.js";

const NOW = Date.parse("2027-03-06T13:00:00Z");
const words = { say: (key) => key, many: (key, n) => `${n} ${key}` };
const session = (id, version = "1") => ({ id, training: "t", starts: "2027-03-06T14:00:00Z", ends: "2027-03-06T18:00:00Z", roster_until: "2027-03-13T18:00:00Z", version });
const wait = globalThis.setTimeout;
/** What is asked again later, after so many milliseconds. */
let later = [];

beforeEach(() => {
  later = [];
  Date.now = () => NOW;
  globalThis.setTimeout = (act, ms) => (ms === 20_000 ? 0 : later.push({ act, ms }));
});
afterEach(() => (globalThis.setTimeout = wait));

/** The server as it is now: an answer for each address, a number where it fails with that, nothing where nobody answers. */
let server = {};
globalThis.fetch = async (address) => {
  const answer = server[address.replace("/marcar/api/", "")];
  if (answer === undefined) throw new TypeError("no line");
  const status = typeof answer === "number" ? answer : 200;
  return { status, json: async () => (status === 200 ? answer : {}), headers: new Headers() };
};
const estado = (...sessions) => ({ now: NOW, device: { id: "d", name: "", last_seq: 0, lacks: [[1, null]] }, sessions });
const lista = (id, version = "1") => ({ [`sesiones/${id}/lista`]: { v: 1, version, people: [], spares: [], sheets: [] } });

function phoneWith(meta = new Map()) {
  const lists = new Map();
  const store = {
    get: async (key) => meta.get(key),
    put: async (key, value) => void meta.set(key, structuredClone(value)),
    rosters: async () => [...lists.values()],
    roster: async (id) => lists.get(id),
    putRoster: async (roster) => void lists.set(roster.session, roster),
    dropRoster: async (id) => void lists.delete(id),
    everything: async () => [],
    forget: async () => undefined,
    numberFrom: async () => undefined,
    beginAs: async () => undefined,
  };
  const ignore = () => undefined;
  return new Phone(store, { app: "1", onChange: ignore, onRoster: ignore, onClosing: ignore, onToSend: ignore });
}

/** What the first screen shows of this phone, on which the program is whole. */
function shown(phone) {
  const shell = { isSupported: true, isComplete: true, done: 0, total: 0 };
  const isUnprepared = !phone.isPrepared && !phone.isUnknown;
  const isReady = phone.isTold && !phone.lacking.length;
  return { isUnprepared, isReady, lacks: lacksInWords({ shell, phone, words }), share: shareHere({ shell, phone }) };
}

const asked = async (phone, answers) => {
  server = answers;
  await phone.refresh();
  return shown(phone);
};

test("a phone that was let in is not ready before it was told its lists and has them", async () => {
  const phone = phoneWith();
  server = { alta: { now: NOW, device: { id: "d", name: "" } } };
  await phone.enrol("K7Q29XMDC");
  assert.deepEqual(shown(phone), { isUnprepared: false, isReady: false, lacks: "lacks_word", share: 0.5 });

  assert.deepEqual(await asked(phone, { estado: 500 }), { isUnprepared: false, isReady: false, lacks: "lacks_word_down", share: 0.5 });
  const partly = await asked(phone, { estado: estado(session("a"), session("b")), ...lista("a") });
  assert.deepEqual(partly, { isUnprepared: false, isReady: false, lacks: "1 lacks_list", share: 0.75 });
  const whole = await asked(phone, { estado: estado(session("a"), session("b")), ...lista("a"), ...lista("b") });
  assert.deepEqual(whole, { isUnprepared: false, isReady: true, lacks: "", share: 1 });
});

test("a code whose answer was lost is asked for once more, and nothing but its answer says that it was good", async (t) => {
  const [sent, before] = [[], globalThis.fetch];
  t.after(() => (globalThis.fetch = before));
  const answering = (...answers) => {
    globalThis.fetch = async (address, { body }) => {
      assert.ok(address.endsWith("alta"));
      sent.push(JSON.parse(body));
      const status = answers.shift();
      if (!status) throw new TypeError("no line");
      return { status, json: async () => ({ now: NOW, device: { id: "d", name: "" } }), headers: new Headers({ "Retry-After": "60" }) };
    };
  };
  for (const [answers, trouble] of [[[0, 200], ""], [[502, 200], ""], [[0, 0], "offline"], [[0, 410], "refused"], [[410], "refused"], [[429], "down"]]) {
    const phone = phoneWith();
    answering(...answers);
    assert.equal((await phone.enrol("K7Q29XMDC")).trouble, trouble, `${answers}`);
    assert.equal(phone.isPrepared, !trouble);
    assert.equal(sent.length, answers.length, `${answers}`);
    assert.equal(new Set(sent.splice(0).map(({ key }) => key)).size, 1);
  }
});

test("a server that fails is never green, and without any signal the last answer holds", async () => {
  const phone = phoneWith();
  const all = { estado: estado(session("a")), ...lista("a") };
  assert.equal((await asked(phone, all)).isReady, true);
  for (const status of [500, 503, 400, 403, 429]) {
    const { isReady, lacks } = await asked(phone, { estado: status });
    assert.deepEqual([isReady, lacks], [false, "lacks_word_down"], `${status}`);
  }
  assert.equal((await asked(phone, { estado: { sessions: "?" } })).isReady, false);
  assert.equal((await asked(phone, {})).isReady, true);
  assert.equal((await asked(phone, { estado: 401 })).isReady, false);
});

test("a session that was added, and a list that was printed anew, are lacking until they are here", async () => {
  const phone = phoneWith();
  await asked(phone, { estado: estado(session("a")), ...lista("a") });
  const [added, printed] = [estado(session("a"), session("b")), estado(session("a", "2"), session("b"))];
  assert.deepEqual((await asked(phone, { estado: added })).lacks, "1 lacks_list");
  assert.equal((await asked(phone, {})).isReady, false);
  assert.equal((await asked(phone, { estado: added, ...lista("b") })).isReady, true);
  assert.deepEqual((await asked(phone, { estado: printed })).lacks, "1 lacks_newer");
  const newest = await asked(phone, { estado: printed, ...lista("a", "3") });
  assert.equal(newest.isReady, true, "somebody signed up in between");
});

test("what is prepared once more by the panel's button is ready only with what it is told then", async () => {
  const meta = new Map();
  await asked(phoneWith(meta), { estado: estado(session("a")), ...lista("a") });
  const phone = phoneWith(meta);
  await phone.load();
  phone.rosters.set("a", "1");
  await phone.expectLists();
  assert.deepEqual((await asked(phone, {})).lacks, "lacks_word_offline");
  assert.equal((await asked(phone, { estado: estado(session("a")) })).isReady, true);
});

test("while nobody answers whether a phone is prepared it is not asked to be prepared", async () => {
  const phone = phoneWith();
  assert.equal(shown(phone).isUnprepared, false);
  for (const answers of [{}, { estado: 500 }]) assert.equal((await asked(phone, answers)).isUnprepared, false);
  assert.equal((await asked(phone, { estado: 204 })).isUnprepared, true);
  assert.equal(later.length, 2, "and who was never prepared asks no more");
});

test("what is lacking is asked for again by itself, and then no more", async () => {
  const phone = phoneWith();
  await asked(phone, {});
  await asked(phone, { estado: estado(session("a")) });
  assert.deepEqual(later.map(({ ms }) => ms), [3_000, 6_000]);
  server = { estado: estado(session("a")), ...lista("a") };
  await later[1].act();
  assert.deepEqual([shown(phone).isReady, later.length], [true, 2]);
});

test("an answer that comes slowly is waited for as long as something of it comes", async () => {
  const timers = [];
  globalThis.setTimeout = (act, ms) => timers.push({ act, ms });
  const parts = ["{\"v\"", ":1", "}"].map((part) => new TextEncoder().encode(part));
  const body = new ReadableStream({ pull: (stream) => (parts.length ? stream.enqueue(parts.shift()) : stream.close()) }, { highWaterMark: 0 });
  const before = globalThis.fetch;
  globalThis.fetch = async () => ({ status: 200, body, json: async () => assert.fail("all at once"), headers: new Headers() });
  const reply = await ask("sesiones/a/lista").finally(() => (globalThis.fetch = before));
  assert.deepEqual([reply.trouble, reply.body], ["", { v: 1 }]);
  assert.ok(timers.length >= 5, "each part begins the waiting anew");
});
