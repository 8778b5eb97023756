/** What the browser does to the phone's store under an open page: takes it away, deletes it, fills up, fails to answer. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Book } from "../../../static/js/marcar/book.js";
import { openStore } from "../../../static/js/marks/store.js";
import { waitingHere } from "../../../static/js/marks/unsent.js";
import { Disk } from "./parts/disk.mjs";

const NAME = "marcar";
/** @type {Disk} */
let disk;
/** What the store told this window. @type {string[]} */
let told = [];
beforeEach(() => {
  disk = globalThis.indexedDB = new Disk();
  told = [];
});

const opened = (heard = told) => openStore({ onClosed: () => heard.push("closed"), onDeleted: () => heard.push("deleted") });
const mark = (id, more = {}) => ({ id, kind: "in", session: "s", at: 1, how: "typed", ...more });
const ids = (kept) => kept.map(({ id }) => id);
const numbered = async (store) => (await store.everything()).map(({ id, event }) => [id, event.seq]);
const nameOf = (error) => error.name;

test("marks are numbered one after another, over all windows and openings, and kept with their session or activity", async () => {
  const store = await opened();
  const [a, b] = await store.keepAll([mark("a"), mark("b")]);
  const other = await opened([]);
  const [c] = await other.keepAll([mark("c", { session: undefined, activity: "fair" })]);
  assert.deepEqual([a.seq, b.seq, c.seq, Object.isFrozen(a)], [1, 2, 3, true]);
  assert.deepEqual([ids(await store.of("s")), ids(await store.of("fair"))], [["a", "b"], ["c"]]);
  const again = await opened([]);
  assert.deepEqual((await again.keepAll([mark("d")])).map(({ seq }) => seq), [4]);
  assert.deepEqual(await numbered(again), [["a", 1], ["b", 2], ["c", 3], ["d", 4]]);
});

test("several marks are kept all or none", async () => {
  const store = await opened();
  await store.keepAll([mark("a"), mark("b")]);
  assert.equal(await store.keepAll([mark("c"), mark("a", { at: 2 })]).catch(nameOf), "ConstraintError");
  assert.deepEqual([ids(await store.everything()), await store.get("seq")], [["a", "b"], 2]);
});

test("a mark is on the disk when it is said to be kept, also through an empty battery", async () => {
  const store = await opened();
  const asked = [];
  const { base } = [...disk.bases.get(NAME).open][0];
  const push = base.queue.push;
  base.queue.push = (...made) => (asked.push(...made.map(({ durability }) => durability)), push.apply(base.queue, made));
  await store.keepAll([mark("a")]);
  assert.deepEqual(asked, ["strict"]);
});

test("what waits, what the server has and what it does not understand are told apart", async () => {
  const store = await opened();
  await store.keepAll(["a", "b", "c"].map((id) => mark(id)));
  const counts = async () => [ids(await store.waiting(9)), await store.countWaiting(), await store.countUnread()];
  assert.deepEqual([await counts(), ids(await store.waiting(2))], [[["a", "b", "c"], 3, 0], ["a", "b"]]);

  await store.receive([{ id: "a", state: "stored", flag: "clock", text: "so" }, { id: "b", state: "malformed" }, { id: "gone", state: "stored" }]);
  assert.deepEqual(await counts(), [["c"], 1, 1]);
  const kept = await store.everything();
  assert.deepEqual(kept.map(({ receipt }) => receipt), [{ state: "stored", flag: "clock", text: "so" }, { state: "malformed", flag: "", text: "" }, undefined]);
  assert.deepEqual([ids(kept), kept[0].event.id], [["a", "b", "c"], "a"]);

  await store.retryUnread();
  assert.deepEqual(await counts(), [["b", "c"], 2, 0]);
  await store.receive([{ id: "b", state: "stored" }]);
  await store.sendAgain(["a", "gone"]);
  assert.deepEqual(await counts(), [["a", "c"], 2, 0]);
  await store.forget(["a"]);
  assert.deepEqual([ids(await store.everything()), ids(store.remembered())], [["b", "c"], ["b", "c"]]);
});

test("numbers go on from what the server knows, never back, and where a phone began is noted once", async () => {
  const store = await opened();
  await store.numberFrom(7);
  await store.numberFrom(3);
  await store.beginAs("one");
  const [first] = await store.keepAll([mark("a")]);
  await store.beginAs("one");
  assert.deepEqual([first.seq, await store.get("first")], [8, { device: "one", number: 8 }]);
  await store.beginAs("two");
  assert.deepEqual(await store.get("first"), { device: "two", number: 9 });
});

test("lists and small things are kept under their names until they are dropped", async () => {
  const store = await opened();
  await store.putRoster({ session: "s", version: "1" });
  await store.putRoster({ session: "s", version: "2" });
  await store.put("muted", true);
  assert.deepEqual([await store.roster("s"), await store.rosters(), await store.get("muted")], [{ session: "s", version: "2" }, [{ session: "s", version: "2" }], true]);
  await store.dropRoster("s");
  assert.deepEqual([await store.roster("s"), await store.rosters(), await store.get("other")], [undefined, [], undefined]);
});

test("a store that the browser takes away is opened again, once for all that ask, and nobody is lost", async () => {
  const store = await opened();
  await store.keepAll([mark("a")]);
  const name = await store.get("name");
  disk.takeAway(NAME);
  const [[b]] = await Promise.all([store.keepAll([mark("b")]), store.countWaiting()]);
  assert.deepEqual([b.seq, await store.countWaiting(), await store.get("name"), disk.n_open(NAME), told], [2, 2, name, 1, []]);
  assert.ok(name);
});

test("a store that an older program left without a name is given one, and the first window's holds", async () => {
  await (await opened()).put("muted", true);
  disk.bases.get(NAME).stores.get("meta").rows.delete("name");
  const windows = await Promise.all([opened(), opened()]);
  const names = await Promise.all(windows.map((store) => store.get("name")));
  assert.equal(names[0], names[1]);
  assert.ok(names[0]);
  disk.takeAway(NAME);
  await windows[0].keepAll([mark("a")]);
  assert.deepEqual([await windows[0].get("name"), told], [names[0], []]);
});

for (const isMadeAnew of [false, true]) {
  test(`a store that is deleted under the page${isMadeAnew ? " and made anew by another" : ""} is never begun anew in green`, async () => {
    const store = await opened();
    await store.keepAll([mark("a")]);
    disk.deleteDatabase(NAME, { isTold: false });
    const other = isMadeAnew ? await opened([]) : null;

    const failing = [store.keepAll([mark("b")]), store.countWaiting()].map((one) => one.catch(nameOf));
    assert.deepEqual([await Promise.all(failing), told], [["InvalidStateError", "InvalidStateError"], ["deleted"]]);
    assert.equal(await store.keepAll([mark("c")]).catch(nameOf), "InvalidStateError");
    assert.deepEqual([told, ids(store.remembered())], [["deleted"], ["a"]]);
    assert.deepEqual(other ? await other.everything() : [...disk.bases.keys()], []);
    assert.equal(disk.n_open(NAME), isMadeAnew ? 1 : 0);
  });
}

test("a browser that says that it deletes the store, or has a newer program, is believed at once", async () => {
  const store = await opened();
  await store.keepAll([mark("b"), mark("a")]);
  disk.deleteDatabase(NAME);
  assert.deepEqual([told, ids(store.remembered())], [["deleted"], ["b", "a"]]);

  const heard = [];
  const old = await opened(heard);
  await new Promise((done) => (disk.open(NAME, 99).onsuccess = done));
  assert.deepEqual([heard, await old.keepAll([mark("a")]).catch(nameOf)], [["closed"], "InvalidStateError"]);
});

test("a mark that is on the disk although the browser failed to say so is kept once", async () => {
  const store = await opened();
  disk.trouble = "lost answer";
  assert.deepEqual((await store.keepAll([mark("a"), mark("b")])).map(({ id, seq }) => [id, seq]), [["a", 1], ["b", 2]]);
  assert.deepEqual([await numbered(store), told], [[["a", 1], ["b", 2]], []]);
});

test("a store that stays broken fails each time, and leaves no connection behind", async () => {
  const store = await opened();
  disk.trouble = "broken";
  for (const id of ["a", "b", "c"]) assert.equal(await store.keepAll([mark(id)]).catch(nameOf), "UnknownError");
  assert.ok(disk.n_open(NAME) <= 1);
  disk.trouble = "";
  assert.deepEqual((await store.keepAll([mark("d")])).map(({ seq }) => seq), [1]);
});

test("what the disk refuses or takes back was never kept, and says why", async () => {
  const store = await opened();
  for (const [trouble, why] of [["full", "QuotaExceededError"], ["refused", "ConstraintError"], ["taken back", "Error"]]) {
    disk.trouble = trouble;
    assert.equal(await store.keepAll([mark("a")]).catch(nameOf), why);
    disk.trouble = "";
    assert.deepEqual([await store.everything(), await store.get("seq"), store.remembered()], [[], undefined, []]);
  }
});

test("a mark that is made while the marks are read is not forgotten", async () => {
  const asked = Promise.withResolvers();
  const given = Promise.withResolvers();
  const store = { roster: async () => null, of: () => (asked.resolve(), given.promise) };
  const book = new Book({ id: "s", training: "t" });
  const reading = book.read(store);
  await asked.promise;
  book.add({ id: "made", kind: "in", h: "b", seq: 2 });
  given.resolve([{ event: { id: "read", kind: "in", h: "a", seq: 1 } }]);
  await reading;
  assert.deepEqual(ids(book.events), ["read", "made"]);
});

test("what waits in this browser is found, of the phone and of the panel, and a store that is none is not made", async () => {
  assert.deepEqual([await waitingHere(), [...disk.bases.keys()]], [[], []]);
  const store = await opened();
  await store.keepAll([mark("a"), mark("b")]);
  await store.keepOfPanel(mark("c"));
  await store.receive([{ id: "a", state: "stored" }]);
  assert.deepEqual([ids(await waitingHere()), disk.n_open(NAME)], [["b", "c"], 1]);
});
