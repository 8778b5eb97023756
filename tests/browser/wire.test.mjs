/** The phone's store, sender and rules before the real application: what arrives there, and what it makes of it. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { after, beforeEach, mock, test } from "node:test";

import { Disk } from "../attendance/phone/parts/disk.mjs";
import { windowOn } from "../attendance/phone/parts/phone.mjs";

const village = JSON.parse(process.env.VILLAGE);
const MARKS = "/marcar/api/marcas";
const DAY = 86_400_000;
const MINUTE = 60_000;
// Pauses pass when a test says so.
mock.timers.enable({ apis: ["setTimeout"] });
const machines = Date.now;
const AHEAD = Number(process.env.TESTS_AHEAD_S ?? 0) * 1_000;
const truly = () => machines() + AHEAD;
/** By how much the clock of the phone lies. */
let ahead = 0;
Date.now = () => truly() + ahead;
delete globalThis.BroadcastChannel;

const database = new DatabaseSync(`${village.folder}/trainings.db`, { timeout: 60_000 });
after(() => database.close());
const asked = (question, ...values) => database.prepare(question).all(...values).map((row) => Object.values(row));
const scans = ({ registration_id }) => asked("SELECT id FROM scan_event WHERE registration_id = ?", registration_id).length;
const present = ({ registration_id }) => asked("SELECT id FROM attendance WHERE registration_id = ? AND is_present", registration_id).length;
const timeOf = (at) => Date.parse(`${at.replace(" ", "T").replace(/(\+00:00|Z)?$/, "")}Z`);
const sha = (purpose, text) => createHash("sha256").update(`${purpose}:${text}`).digest("hex");

beforeEach(() => (ahead = 0));

const people = (n) => village.people.splice(0, n);
/** As fetch does it, which counts its own pauses by the clock that stands still. */
function ask(path, { method, headers, body }, cookie) {
  return new Promise((resolve, reject) => {
    const asking = request(village.origin + path, { method, headers: { ...headers, Cookie: `${village.cookie}=${cookie}` } }, async (answer) => {
      const parts = await answer.toArray();
      const { statusCode: status } = answer;
      resolve(new Response(parts.length ? Buffer.concat(parts) : null, { status, headers: answer.headers }));
    });
    asking.on("error", reject).end(body);
  });
}
const gone = () => Promise.reject(new TypeError("no line"));
const json = (status, body) => new Response(typeof body === "string" ? body : JSON.stringify(body), { status });

/** A prepared phone at the door: `line` is what happens to what it asks; without it, it reaches the server. */
class Phone {
  line = null;
  sent = [];

  constructor(disk, cookie, session) {
    Object.assign(this, { disk, cookie, session });
  }

  static async arrive(disk = new Disk(), cookie = village.phones.pop(), session = village.session) {
    return new Phone(disk, cookie, session).open();
  }

  /** The page, opened anew: it asks and sends as it does then. */
  async open() {
    this.use();
    this.app = await windowOn(this.disk);
    await this.app.phone.refresh();
    await this.app.sender.flush({ forced: true });
    this.at = this.app.phone.session(this.session) && (await this.app.session(this.session));
    return this;
  }

  /** One browser at a time is looked at. */
  use() {
    globalThis.indexedDB = this.disk;
    globalThis.fetch = (path, init) => {
      const go = () => ask(path, init, this.cookie);
      if (path === MARKS) this.sent.push(JSON.parse(init.body));
      return this.line ? this.line(path, go, init) : go();
    };
    return this;
  }

  /** @returns {Promise<any>} the answer at the door, after what is sent by itself was sent */
  async type(code) {
    // No two marks of one thousandth: they are sent in the order of their ids.
    ahead += 1;
    const said = await this.at.marks.typed(code);
    await this.app.sender.flush();
    return said;
  }

  async send() {
    await this.app.sender.flush({ forced: true });
    return this;
  }

  get queue() {
    const { n_waiting, n_unread, trouble } = this.app.sender;
    return { n_waiting, n_unread, trouble };
  }

  get count() {
    return this.at.book.n_present + this.at.book.n_more;
  }
}

/** What comes by itself, comes soon. */
async function until(isSo) {
  const giveUpAt = machines() + 20_000;
  while (!isSo()) {
    assert.ok(machines() < giveUpAt, String(isSo));
    await new Promise((done) => setImmediate(done));
  }
}

const ALL_SENT = { n_waiting: 0, n_unread: 0, trouble: "" };
const onMarks = (act) => (path, go, init) => (path === MARKS ? act(go, init) : go());

test("what was marked without signal is sent once it is back, and was there all along", async () => {
  const [ana] = people(1);
  const phone = await Phone.arrive();
  phone.line = gone;
  assert.deepEqual([(await phone.type(ana.token)).state, phone.queue], ["present", { n_waiting: 1, n_unread: 0, trouble: "offline" }]);
  await phone.open();
  const again = await phone.type(ana.token);
  assert.deepEqual([again.state, again.name, phone.count, phone.queue.n_waiting, scans(ana)], ["already", ana.name, 1, 2, 0]);
  phone.line = null;
  await phone.send();
  assert.deepEqual([phone.queue, scans(ana), present(ana)], [ALL_SENT, 2, 1]);
});

test("a browser that takes itself for offline sends all the same", async () => {
  const [ana] = people(1);
  Object.defineProperty(globalThis.navigator, "onLine", { configurable: true, get: () => false });
  const phone = await Phone.arrive();
  await phone.type(ana.token);
  assert.deepEqual([phone.queue, present(ana)], [ALL_SENT, 1]);
  delete globalThis.navigator.onLine;
});

test("a server that is restored from a backup gets back the marks that it lost", async () => {
  const three = people(3);
  const phone = await Phone.arrive();
  for (const { short_code } of three.slice(0, 2)) assert.equal((await phone.type(short_code)).state, "present");
  for (const { registration_id } of three.slice(0, 2)) {
    asked("DELETE FROM scan_event WHERE registration_id = ?", registration_id);
    asked("DELETE FROM attendance WHERE registration_id = ?", registration_id);
  }
  assert.deepEqual([three.map(present), phone.queue], [[0, 0, 0], ALL_SENT]);

  assert.equal((await phone.type(three[2].short_code)).state, "present");
  await until(() => three.every(scans) && !phone.queue.n_waiting);
  assert.deepEqual([three.map(scans), three.map(present), phone.queue], [[1, 1, 1], [1, 1, 1], ALL_SENT]);
});

test("an answer that is lost after the server stored counts once", async () => {
  const [ana] = people(1);
  const phone = await Phone.arrive();
  for (const lost of [async (go) => (await go(), json(502, "")), async (go) => (await go(), gone())]) {
    phone.line = onMarks(lost);
    if (!scans(ana)) assert.equal((await phone.type(ana.short_code)).state, "present");
    else await phone.send();
    assert.deepEqual([phone.queue.n_waiting, scans(ana), present(ana)], [1, 1, 1]);
  }
  phone.line = null;
  await phone.send();
  assert.deepEqual([phone.queue, scans(ana), present(ana)], [ALL_SENT, 1, 1]);
});

test("two phones without signal count a person once, and a code that is typed opens no name", async () => {
  const [ana] = people(1);
  const [one, two] = [await Phone.arrive(), await Phone.arrive()];
  one.use().line = two.line = gone;
  assert.equal((await one.type(ana.token)).name, ana.name);
  const shown = ana.short_code.replace(/^(.{4})(.{4})/, "$1-$2-");
  const typed = await two.use().type(` ${shown.toLowerCase().replaceAll("0", "o").replaceAll("1", "l")} `);
  assert.deepEqual([typed.state, typed.name, typed.text], ["present", shown, "code_accepted"]);
  const { event } = typed;
  const fields = ["id", "kind", "session", "at", "perf", "page", "seq", "how", "h", "known", "roster", "app"];
  assert.deepEqual([Object.keys(event).sort(), event.h, event.how], [fields.sort(), sha("qr", ana.token).slice(0, 24), "typed"]);
  for (const phone of [one, two]) {
    phone.use().line = null;
    assert.deepEqual((await phone.send()).queue, ALL_SENT);
  }
  assert.deepEqual([scans(ana), present(ana)], [2, 1]);
});

test("a phone that the server does not know any more goes on marking, and sends once it does", async () => {
  const [ana, byron] = people(2);
  const phone = await Phone.arrive();
  await phone.type(ana.token);
  const { cookie } = phone;
  phone.cookie = "";
  assert.deepEqual([(await phone.type(byron.token)).state, phone.app.phone.account], ["present", "unprepared"]);
  await phone.open();
  assert.deepEqual([(await phone.type(byron.token)).state, phone.queue], ["already", { n_waiting: 2, n_unread: 0, trouble: "unprepared" }]);
  phone.cookie = cookie;
  await phone.send();
  assert.deepEqual([phone.queue, phone.app.phone.account, scans(byron), present(byron)], [ALL_SENT, "", 2, 1]);
});

test("a mark that the server cannot take holds up no other, and is tried again", async () => {
  const three = people(3);
  const phone = await Phone.arrive();
  phone.line = gone;
  for (const { token } of three) await phone.type(token);
  const sizes = [];
  phone.line = onMarks((go, { body }) => {
    sizes.push(JSON.parse(body).events.length);
    return body.includes(sha("qr", three[0].token).slice(0, 24)) ? json(400, { code: "unreadable_request" }) : go();
  });
  await phone.send();
  assert.deepEqual([phone.queue, three.map(present), sizes], [{ n_waiting: 0, n_unread: 1, trouble: "" }, [0, 1, 1], [3, 2, 1, 1, 1]]);
  const [dora] = people(1);
  await phone.type(dora.token);
  assert.deepEqual([present(dora), phone.queue.n_unread, phone.sent.at(-1).n_unsent], [1, 1, 1]);

  phone.line = null;
  await phone.send();
  assert.deepEqual([phone.queue, present(three[0])], [ALL_SENT, 1]);
});

test("where only single marks pass, all pass", async () => {
  const three = people(3);
  const phone = await Phone.arrive();
  phone.line = gone;
  for (const { short_code } of three) await phone.type(short_code);
  phone.line = onMarks((go, { body }) => (JSON.parse(body).events.length > 1 ? json(413, "") : go()));
  await phone.send();
  assert.deepEqual([phone.queue, three.map(present)], [ALL_SENT, [1, 1, 1]]);
});

test("what others answer for the server puts no mark aside, and it is tried again by itself", async () => {
  const phone = await Phone.arrive();
  const answers = [403, 404, 500].map((status) => [() => json(status, "<h1>Proxy</h1>"), "down"]);
  for (const [answer, trouble] of [...answers, [() => json(200, "<h1>Wi-Fi</h1>"), "offline"], [() => json(200, {}), "offline"]]) {
    const [one] = people(1);
    phone.line = onMarks(answer);
    assert.equal((await phone.type(one.token)).name, one.name);
    assert.deepEqual(phone.queue, { n_waiting: 1, n_unread: 0, trouble });
    phone.line = null;
    mock.timers.tick(2_000);
    await phone.app.sender.flush();
    assert.deepEqual([phone.queue, present(one)], [ALL_SENT, 1]);
  }
});

test("a phone whose storage was emptied goes on numbering where it was, and says as which phone it began where", async () => {
  const four = people(4);
  const first = await Phone.arrive();
  const emptied = new Disk();
  const [second, third] = [village.phones.pop(), village.phones.pop()];
  await first.type(four[0].token);
  await (await Phone.arrive(emptied, first.cookie)).type(four[1].token);
  await (await Phone.arrive(emptied, second)).type(four[2].token);
  // Prepared by a program that did not note where it began, it says nothing: what came before would not be missed.
  const updated = new Phone(emptied, third, village.session);
  updated.line = onMarks(gone);
  await updated.open();
  emptied.bases.get("marcar").stores.get("meta").rows.delete("first");
  updated.line = null;
  await (await updated.open()).type(four[3].token);
  const question = "SELECT e.seq, d.first_seq FROM scan_event e JOIN device d ON d.id = e.phone_id WHERE e.registration_id = ?";
  assert.deepEqual(four.map(({ registration_id }) => asked(question, registration_id)), [[[1, 1]], [[2, 1]], [[3, 3]], [[4, null]]]);
});

test("at whatever time a phone takes it to be, a mark is kept at the true one", async () => {
  const away = [30, 1, -40, 40].map((days) => days * DAY);
  for (const [n, one] of people(4).entries()) {
    ahead = n ? 0 : away[n];
    const phone = await Phone.arrive();
    if (n) {
      phone.line = gone;
      ahead = away[n];
      await phone.open();
    }
    assert.equal((await phone.type(one.token)).name, one.name);
    phone.line = null;
    await phone.send();
    const question = "SELECT a.arrived_at, e.flag FROM attendance a JOIN scan_event e ON e.registration_id = a.registration_id WHERE a.is_present AND a.registration_id = ?";
    const [[arrived, flag]] = asked(question, one.registration_id);
    assert.ok(Math.abs(timeOf(arrived) - truly()) < 5 * MINUTE, arrived);
    assert.equal(flag, "clock");
  }
});

test("marks of a clock that fell back are at their time by the page that sends, else at the session", async () => {
  const [early, open, right] = people(3);
  const phone = await Phone.arrive();
  phone.line = gone;
  ahead = Date.UTC(2015) - truly();
  assert.equal((await phone.type(early.token)).state, "present");
  await phone.open();
  const before = truly();
  assert.equal((await phone.type(open.token)).state, "present");
  ahead = 0;
  assert.equal((await phone.type(right.token)).state, "present");
  phone.line = null;
  await phone.send();

  const told = ({ registration_id }) => asked("SELECT dated_by, flag, at FROM scan_event WHERE registration_id = ?", registration_id)[0];
  const [[starts_at]] = asked("SELECT starts_at FROM training_session WHERE id = ?", village.session);
  const [first, second, third] = [early, open, right].map(told);
  assert.deepEqual([first, second.slice(0, 2), third.slice(0, 2)], [["session", "clock", starts_at], ["page", "clock"], ["clock", ""]]);
  const [one, two] = [second, third].map(([, , at]) => timeOf(at));
  assert.ok(before - MINUTE < one && one < two && two < truly() + MINUTE);
});

test("a ticket that the list does not know travels whole, and what is no ticket stays here", async () => {
  const phone = await Phone.arrive();
  for (const other of ["WIFI:S:Casa;T:WPA;P:secreto;;", "K7Q2", "K7Q2-9XMD-D"]) {
    const said = await phone.at.marks[other.startsWith("W") ? "scanned" : "typed"](other);
    assert.deepEqual([said.state, said.text], ["not_ticket", other.startsWith("W") ? "" : "mistyped"]);
  }
  assert.deepEqual(await phone.app.store.everything(), []);

  const torn = sha("a torn", "card").slice(0, 20).toUpperCase();
  for (const code of [village.stranger, torn]) {
    const said = await phone.at.marks.scanned(code === torn ? torn : `HTTPS://CAPACITA.EXAMPLE/C/${code}`);
    assert.deepEqual([said.state, said.text, said.event.known, said.event.code, said.event.how], ["review", "odd_unknown_code", false, code, "camera"]);
  }
  assert.deepEqual([phone.at.book.n_present, phone.at.book.n_more], [0, 2]);
  await phone.send();
  const flags = asked("SELECT flag FROM scan_event WHERE flag IN ('other_training', 'unknown_code') AND session_id = ? ORDER BY flag", village.session);
  assert.deepEqual([phone.queue, flags], [ALL_SENT, [["other_training"], ["unknown_code"]]]);
});

test("a mark that the server does not understand stays here until it does, tried again when somebody asks", async () => {
  const [ana, byron] = people(2);
  const phone = await Phone.arrive();
  const puzzled = onMarks((_go, { body }) => {
    const results = JSON.parse(body).events.map(({ id }) => ({ id, state: "malformed", flag: "", text: "" }));
    return json(200, { now: new Date(truly()).toISOString(), results, device: { revoked: false } });
  });
  phone.line = puzzled;
  const { event } = await phone.type(ana.token);
  const one = { n_waiting: 0, n_unread: 1, trouble: "" };
  assert.deepEqual(phone.queue, one);
  phone.line = null;
  await phone.type(byron.token);
  assert.deepEqual([phone.queue, phone.sent.at(-1).n_unsent, [ana, byron].map(present)], [one, 1, [0, 1]]);

  phone.line = puzzled;
  for (const act of ["send", "open"]) {
    await phone[act]();
    assert.deepEqual([phone.queue, phone.sent.at(-1).events.map(({ id }) => id)], [one, [event.id]]);
  }
  phone.line = null;
  await phone.send();
  assert.deepEqual([phone.queue, [ana, byron].map(present)], [ALL_SENT, [1, 1]]);
});

test("a door whose list is lacking, or over by the server, says which, and keeps the mark", async () => {
  const [ana, byron] = people(2);
  const phone = new Phone(new Disk(), village.phones.pop(), village.session);
  phone.line = (path, go) => (path.endsWith("/lista") ? gone() : go());
  await phone.open();
  const lacking = await phone.type(ana.token);
  const past = new Date(truly() - MINUTE).toISOString();
  phone.line = async (path, go) => {
    if (!path.endsWith("/estado")) return go();
    const body = await (await go()).json();
    return json(200, { ...body, sessions: body.sessions.map((one) => ({ ...one, roster_until: past, version: "" })) });
  };
  await phone.open();
  const over = await phone.type(byron.token);
  assert.deepEqual([lacking, over].map(({ state, text }) => [state, text]), [["review", "no_list"], ["review", "list_over"]]);
  phone.line = null;
  await phone.open();
  // What had been sent left the phone with its list.
  assert.deepEqual([phone.queue, phone.count, [ana, byron].map(present)], [ALL_SENT, 1, [1, 1]]);
});

test("what a phone that was taken out of use sends waits, and its lists leave it", async () => {
  const [ana] = people(1);
  const phone = await Phone.arrive();
  phone.line = gone;
  await phone.type(ana.token);
  asked("UPDATE device SET revoked_at = ? WHERE token_hash = ?", new Date(truly()).toISOString().replace("T", " ").slice(0, 19), sha("device", phone.cookie));
  phone.line = null;
  await phone.send();
  assert.deepEqual([phone.queue, phone.app.phone.account, present(ana)], [ALL_SENT, "revoked", 0]);
  assert.deepEqual(asked("SELECT flag FROM scan_event WHERE registration_id = ?", ana.registration_id), [["revoked"]]);
  await phone.open();
  assert.deepEqual([phone.app.phone.sessions, await phone.app.store.rosters()], [[], []]);
});

test("a mark that was made twice is taken back once, and the person is still here by the other", async () => {
  const [ana] = people(1);
  const phone = await Phone.arrive();
  const [first, second] = [await phone.type(ana.token), await phone.type(ana.token)];
  assert.deepEqual([first.state, second.state], ["present", "already"]);
  assert.match(second.text, /^already_at las? \d/);
  const { marks } = phone.at;
  const [one, two] = [await marks.undo(first.event.id), await marks.undo(second.event.id)];
  assert.match(one.text, /^still_here las? \d/);
  assert.deepEqual([one.state, two.state, two.text, phone.count], ["undone", "undone", "", 0]);
  await phone.send();
  assert.deepEqual([scans(ana), present(ana)], [4, 0]);
});

const OF_YOUTH = "SELECT number, state FROM head_count WHERE age_band = '12-17' ORDER BY counted_at";
const STANDING = `SELECT sex, SUM(number) FROM head_count AS c WHERE age_band = ?
  AND NOT EXISTS (SELECT 1 FROM head_count AS u WHERE u.target_id = c.id) GROUP BY sex`;

/** One touch at the fair. */
function touch(phone, mark) {
  const { app } = phone;
  return app.keep(app.draft({ kind: "count", how: "button", number: 1, activity: village.activity, ...mark }));
}

test("heads that are not understood are sent once the phone is prepared again, and out of use they wait", async () => {
  const phone = await Phone.arrive();
  const girl = { sex: "mujer", age_band: "12-17" };
  phone.line = gone;
  for (let n = 0; n < 3; n += 1) await touch(phone, girl);
  // Whoever answers so does not say how things stand.
  phone.line = (path, _go, init) => {
    if (path !== MARKS) return gone();
    const results = JSON.parse(init.body).events.map(({ id }) => ({ id, state: "malformed", flag: "", text: "" }));
    return json(200, { now: new Date(truly()).toISOString(), results, device: { revoked: true } });
  };
  await phone.send();
  assert.deepEqual([phone.queue, phone.app.phone.account], [{ n_waiting: 0, n_unread: 3, trouble: "" }, "revoked"]);
  phone.line = null;
  await phone.app.phone.refresh();
  await phone.app.sender.flush();
  assert.deepEqual([phone.queue, asked(OF_YOUTH)], [ALL_SENT, [[1, ""], [1, ""], [1, ""]]]);

  asked("UPDATE device SET revoked_at = ? WHERE token_hash = ?", new Date(truly()).toISOString().replace("T", " ").slice(0, 19), sha("device", phone.cookie));
  await touch(phone, girl);
  await phone.app.sender.flush();
  assert.deepEqual([phone.queue, phone.app.phone.account, asked(OF_YOUTH).at(-1)], [ALL_SENT, "revoked", [1, "waiting"]]);
});

test("heads taken back by a clock that was set back are taken back", async () => {
  const phone = await Phone.arrive();
  phone.line = gone;
  const counted = await touch(phone, { sex: "hombre", age_band: "60+" });
  ahead = -60 * MINUTE;
  const undo = await touch(phone, { kind: "undo", target: counted.id, number: undefined });
  assert.ok(undo.id < counted.id, "it is sent first");
  const said = [];
  phone.line = onMarks(async (go) => {
    const answer = await go();
    said.push(...(await answer.clone().json()).results.map(({ state }) => state));
    return answer;
  });
  await phone.send();
  assert.deepEqual([said, asked(STANDING, "60+")], [["stored", "stored"], []]);
});

test("a closing is asked after anew where an older answer is still under way", async () => {
  const phone = await Phone.arrive();
  const before = await (await ask("/marcar/api/estado", { method: "GET", headers: { "X-Marcar": "1" } }, phone.cookie)).json();
  const late = Promise.withResolvers();
  let n_asked = 0;
  phone.line = (path, go) => {
    if (!path.endsWith("/estado")) return go();
    n_asked += 1;
    return n_asked === 1 ? late.promise : json(200, { ...before, sessions: before.sessions.map((one) => ({ ...one, closed: true })) });
  };
  const asking = phone.app.phone.refresh();
  await phone.at.marks.keep({ kind: "close", how: "button" });
  await phone.app.sender.flush();
  late.resolve(json(200, before));
  await asking;
  await until(() => phone.app.phone.session(village.session).closed);
  assert.equal(n_asked, 2);
});

test("a session is closed by itself once the other phones said that they have nothing to send", async () => {
  const { session, phones } = village.of_three;
  const all = [];
  for (const cookie of phones) all.push(await Phone.arrive(new Disk(), cookie, session));
  const [first, ...others] = all;
  const closed = () => asked("SELECT id FROM training_session WHERE closed_at IS NOT NULL AND id = ?", session).length;
  await first.use().at.marks.keep({ kind: "close", how: "button" });
  await first.send();
  assert.equal(closed(), 0);
  for (const other of others) {
    const n_sent = other.sent.length;
    await other.open();
    await other.app.sender.flush();
    assert.ok(other.sent.length > n_sent);
  }
  assert.equal(closed(), 1);
});
