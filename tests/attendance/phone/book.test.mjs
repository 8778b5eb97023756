/** Who is here by the marks of a phone, as it is counted, listed and told to other windows. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Book } from "../../../static/js/marcar/book.js";
import { countInWords } from "../../../static/js/marcar/door.js";
import { hashOf, shortOf } from "../../../static/js/marcar/keys.js";
import { headsOf } from "../../../static/js/marcar/rules.js";
import { asOneHead } from "../../../static/js/marcar/screens/heads.js";
import { Marks } from "../../../static/js/marcar/marks.js";
import { RecentHere } from "../../../static/js/marcar/recent.js";
import { Disk } from "./parts/disk.mjs";
import { windowOn } from "./parts/phone.mjs";

const words = { say: (key, values = {}) => `${key} ${Object.values(values).join(" ")}`.trim(), many: (key, n) => `${key} ${n}` };
const SESSION = { id: "s", training: "t", starts: "2027-03-06T14:00:00Z", ends: "2027-03-06T18:00:00Z", state: "planned", closed: false };

function list(people, more = {}) {
  return { version: "1", people, spares: [["card", ""]], sheets: [], ...more };
}

const book = (file, events) => new Book(SESSION).read({ roster: async () => file, of: async () => events.map((event, n) => ({ event: { id: `${n}`, seq: n, at: n, kind: "in", ...event } })) });

test("those without a place, a name or a known code do not fill the count of who is expected", async () => {
  const people = [["a", "", "", "c"], ["b", "", "", "c"], ["w", "", "", "w"], ["old", "", "", "r", 0]];
  const marked = await book(list(people), [{ h: "old" }, { h: "w" }, { h: "card", kind: "walkin" }, { code: "7K2QM9XMD" }]);
  assert.deepEqual([marked.n_present, marked.n_more, marked.n_expected], [1, 3, 2]);
  assert.equal(countInWords(words, marked), "count_more 1 2 3");
  assert.equal(countInWords(words, await book(list(people), [{ h: "a" }])), "count 1 2 0");
  assert.equal(countInWords(words, await book(null, [{ h: "a" }])), "count_bare 1");
});

test("a code that a newer list knows is the person's, whichever of their codes it was", async () => {
  const [token, other, code, old] = ["0123456789ABCDEFGHJK", "KJHGFEDCBA9876543210", "7K2QM9XMD", "AAAAAAAAA"];
  const people = [[await hashOf(token), "", await shortOf(code, "t"), "c"], [await hashOf(other), "", await shortOf(old, "t"), "r", 0]];
  const marked = await book(list(people), [{ code: token }, { code }, { code: other }, { code: old }, { h: await hashOf(token) }]);
  assert.deepEqual([marked.n_present, marked.n_more], [1, 0]);
  assert.equal(marked.stayOf(await hashOf(token)).arrived, 0);
});

test("a row of a sheet that is not here is somebody, once, and whose it is as soon as the sheet comes", async () => {
  const row = { sheet: "7K2QN", row: 4 };
  const unknown = await book(list([["a", "", "", "c"]]), [row, row, { ...row, row: 5 }]);
  assert.deepEqual([unknown.n_present, unknown.n_more], [0, 2]);
  assert.equal(unknown.stayOf(unknown.whoOf({ kind: "in", ...row })).present, true);

  const sheets = [{ code: "7K2QN", named: 4, rows: [[4, "a"], [5, "card"]] }];
  const known = await book(list([["a", "", "", "c"]], { sheets }), [row, { h: "a" }, { ...row, row: 5 }]);
  assert.deepEqual([known.n_present, known.n_more], [1, 1]);
});

test("a row of a sheet that is not here is kept with the sheet's code, for the server to say whose it is", async () => {
  const kept = await book(list([["a", "", "", "c"]]), []);
  const app = { words, phone: { offset: 0, isListOver: () => false }, draft: (mark) => ({ id: "1", at: 0, ...mark }), keep: async (draft) => draft };
  const said = await new Marks(app, kept).arrival({ how: "row", sheet: "7K2QN", row: 4 }, { line: null, name: "row 4" });
  assert.deepEqual([said.state, said.text, said.name], ["review", "row_elsewhere", "row 4"]);
  assert.deepEqual([said.event.kind, said.event.sheet, said.event.row, said.event.known, "h" in said.event], ["in", "7K2QN", 4, false, false]);
});

test("a minor who was marked by card first and is then counted as a head is one person", async () => {
  const events = [{ h: "card", kind: "walkin" }, { h: "card", kind: "walkin" }, { h: "a" }, { kind: "heads", number: 2 }];
  const marked = await book(list([["a", "", "", "c"]]), events);
  const people = () => [marked.n_present, marked.n_more, headsOf(marked.events)];
  assert.deepEqual([people(), marked.nameless.map(({ event }) => event.h)], [[1, 1, 2], ["card"]]);

  asOneHead(marked, "card").forEach((mark, n) => marked.add({ id: `later${n}`, seq: 10 + n, at: 10 + n, ...mark }));
  assert.deepEqual([people(), marked.nameless], [[1, 0, 3], []]);
  asOneHead(marked, "").forEach((mark) => marked.add({ id: "last", seq: 20, at: 20, ...mark }));
  assert.deepEqual(people(), [1, 0, 4]);
});

test("several marks of one moment go where single ones go, so that other windows hear of them", async () => {
  const told = [];
  const kept = await book(list([["a", "", "", "c"]]), []);
  const app = { draft: (mark) => mark, whyNotKept: ({ name }) => `because of ${name}`, keepAll: async (drafts) => (told.push(drafts), drafts.map((draft, n) => ({ ...draft, id: `${n}`, seq: n, at: n }))) };
  const marks = new Marks(app, kept);
  const { events } = await marks.keepAll([{ kind: "in", how: "sheet", h: "a" }, { kind: "in", how: "sheet", h: "card" }]);
  assert.deepEqual([events.length, told.length, kept.n_present, kept.n_more], [2, 1, 1, 1]);
  app.keepAll = async () => Promise.reject(Object.assign(new Error(), { name: "QuotaExceededError" }));
  assert.equal((await marks.keepAll([{ kind: "in", how: "sheet", h: "a" }])).text, "because of QuotaExceededError");
  assert.equal(kept.events.length, 2);
});

test("a mark of one window counts in another of the same browser, and is taken back there too", async () => {
  const here = globalThis.BroadcastChannel;
  globalThis.BroadcastChannel = class extends here {
    constructor(name) {
      super(name);
      this.unref();
    }
  };
  try {
    const disk = new Disk();
    const [one, other] = [await windowOn(disk), await windowOn(disk)];
    for (const { phone, sender } of [one, other]) {
      phone.session = () => SESSION;
      sender.flush = () => undefined;
    }
    const { book: seen } = await other.session("s");
    const { marks } = await one.session("s");
    const counts = async (n) => {
      for (let looks = 0; seen.n_more !== n; looks += 1) {
        assert.ok(looks < 10_000, `${seen.n_more} of ${n}`);
        await new Promise((later) => setImmediate(later));
      }
    };
    const { events } = await marks.keepAll([4, 5].map((row) => ({ kind: "in", how: "sheet", sheet: "7K2QN", row })));
    await counts(2);
    await marks.undo(events[0].id);
    await counts(1);
  } finally {
    globalThis.BroadcastChannel = here;
  }
});

test("the last marks are told apart after another screen, and by their row after the page was opened anew", async () => {
  const sheets = [{ code: "KDYDQ", named: 2, rows: [[17, "a"], [18, "b"]] }];
  const marked = await book(list([["a", "", "", "c"], ["b", "", "", "c"], ["c", "", "", "c"]], { sheets }), [{ h: "a" }, { h: "b" }, { h: "c" }, { code: "7K2QM9XMD" }]);
  globalThis.document = { documentElement: { lang: "es" } };
  const lines = () => {
    const shown = [];
    recentOf(marked, shown).draw();
    return shown;
  };
  assert.deepEqual(lines(), ["3 7K2Q-M9XM-D: was_kept", "2 ticket: was_kept", "1 row 18: was_kept", "0 row 17: was_kept"]);
  recentOf(marked).tell({ event: { id: "0" }, name: "Ana C.", state: "present" }, "");
  assert.equal(lines()[3], "0 Ana C.: was_present");
});

/** The list of marks on a screen, its field empty. Lines go to `shown`. */
function recentOf(marked, shown = []) {
  const asked = { value: "", addEventListener: () => undefined };
  const parts = { "[name=buscada]": asked, "[data-found]": {}, ol: { replaceChildren: (...all) => shown.splice(0, shown.length, ...all) } };
  const recent = new RecentHere({ querySelector: (part) => parts[part] }, { words, phone: { offset: 0 } }, marked, () => undefined);
  recent.line = (line) => `${line.id} ${line.who}: ${line.word}`;
  return Object.assign(recent, { parts });
}

test("a mark that is not among the last ones is found by its row or its code, also once it is taken back", async () => {
  const [token, code] = ["0123456789ABCDEFGHJK", "7K2QM9XMD"];
  const h = await hashOf(token);
  const sheets = [{ code: "KDYDQ", named: 1, rows: [[17, h]] }];
  const many = Array.from({ length: 20 }, (_, n) => ({ h: `other${n}` }));
  const events = [{ h }, { sheet: "KDYDQ", row: 18 }, { code: "K7Q29XMDC" }, ...many, { kind: "undo", target: "0" }];
  const marked = await book(list([[h, "", await shortOf(code, "t"), "c"]], { sheets }), events);
  const shown = [];
  const recent = recentOf(marked, shown);
  const found = async (typed) => {
    recent.asked.value = typed;
    await recent.find();
    return [shown.map((line) => line.split(" ")[0]), recent.parts["[data-found]"].textContent];
  };

  assert.deepEqual(await found("17"), [["0"], "marks_found 1"]);
  assert.deepEqual(await found("7k2q-m9xm-d"), [["0"], "marks_found 1"]);
  assert.deepEqual(await found(token), [["0"], "marks_found 1"]);
  assert.equal(shown[0], "0 row 17: was_undone");
  assert.deepEqual(await found("18"), [["1"], "marks_found 1"]);
  assert.deepEqual(await found("K7Q2-9XMD-C"), [["2"], "marks_found 1"]);
  assert.deepEqual(await found("19"), [[], "marks_none"]);
  assert.equal((await found(" "))[0].length, 10);
});

test("slips are filled in one after another, until none is lacking", async () => {
  const spares = [["x", ""], ["y", ""], ["z", ""]];
  const marked = await book(list([], { spares }), [{ kind: "walkin", h: "x" }, { kind: "walkin", h: "y" }, { kind: "walkin", h: "z" }, { kind: "slip", h: "y" }]);
  assert.deepEqual(["x", "y", "z"].map((h) => marked.slipAfter(h)?.h), ["z", "z", "x"]);
  for (const h of ["x", "z"]) marked.add({ id: `slip-${h}`, kind: "slip", h });
  assert.equal(marked.slipAfter("x"), null);
});

test("of whom a row is the server says, and the phone keeps nothing of it", async () => {
  const others = globalThis.BroadcastChannel;
  delete globalThis.BroadcastChannel;
  const app = await windowOn().finally(() => (globalThis.BroadcastChannel = others));
  app.phone.session = () => SESSION;
  app.sender.flush = () => undefined;
  const { book: seen, marks } = await app.session("s");
  const { events } = await marks.keepAll([{ kind: "in", how: "row", sheet: "7K2QN", row: 4 }]);
  const results = [{ id: events[0].id, state: "stored", flag: "", text: "", initials: "M. E. C. T." }];

  await app.store.receive(results);
  await app.sender.told.onReply({ results, device: {} }, Date.now(), events);

  const shown = [];
  recentOf(seen, shown).draw();
  assert.equal(shown[0], `${events[0].id} row_initials row_of 4 7K2Q-N M. E. C. T.: was_kept`);
  assert.ok(!JSON.stringify(await app.store.everything()).includes("M. E."));
});
