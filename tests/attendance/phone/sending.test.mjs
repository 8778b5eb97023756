/** What a phone says of what is sent and what is not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Sender } from "../../../static/js/marks/sender.js";
import { openStore } from "../../../static/js/marks/store.js";
import { unsentInWords } from "../../../static/js/marcar/status.js";
import { Disk } from "./parts/disk.mjs";

const words = { say: (key) => key, many: (key, n) => `${n} ${key}` };

async function counted({ n_waiting = 0, n_unread = 0, ofPanel = [] }) {
  const store = { countWaiting: async () => n_waiting, countUnread: async () => n_unread, ofPanel: async () => ofPanel };
  const sender = new Sender(store, { onChange: () => undefined });
  await sender.count();
  return unsentInWords({ sender, words });
}

test("all is sent only where the panel's marks of this browser are sent too", async () => {
  const ofPanel = [{ id: "a", scope: "s" }, { id: "b", scope: "s" }];
  assert.equal(await counted({}), "all_sent");
  assert.equal(await counted({ ofPanel }), "2 of_panel");
  assert.equal(await counted({ n_waiting: 3, n_unread: 1, ofPanel }), "3 waiting · 1 unread · 2 of_panel");
});

test("a look that began before a mark was kept does not say that all is sent", async () => {
  let n_waiting = 0;
  let answer = () => undefined;
  const slow = new Promise((resolve) => (answer = resolve));
  const store = { countWaiting: async () => n_waiting, countUnread: async () => 0, ofPanel: () => slow.then(() => []) };
  const sender = new Sender(store, { onChange: () => undefined });
  sender.flush = () => undefined;

  const looking = sender.count();
  await null;
  n_waiting = 1;
  sender.added(1);
  assert.equal(unsentInWords({ sender, words }), "1 waiting");
  answer();
  await looking;

  assert.equal(unsentInWords({ sender, words }), "1 waiting");
});

test("two windows of one phone send each mark once", async () => {
  globalThis.indexedDB = new Disk();
  const sent = [];
  globalThis.fetch = async (_url, { body }) => {
    const { events } = JSON.parse(body);
    sent.push(...events.map(({ id }) => id));
    return new Response(JSON.stringify({ results: events.map(({ id }) => ({ id, state: "stored" })) }));
  };
  let turn = Promise.resolve();
  const locks = { request: (_name, _how, act) => (turn = turn.then(act)) };
  Object.defineProperty(globalThis.navigator, "locks", { value: locks, configurable: true });
  try {
    const windows = [];
    for (const id of ["a", "b"]) {
      const store = await openStore({ onClosed: () => undefined, onDeleted: () => undefined });
      await store.keepAll([{ id, session: "s", kind: "in", at: 1, how: "typed" }]);
      windows.push(new Sender(store, { app: "1", page: id, onChange: () => undefined, onReply: () => undefined }));
    }
    await Promise.all(windows.map((one) => one.flush()));
    assert.deepEqual([sent.sort(), windows.map((one) => one.n_waiting)], [["a", "b"], [0, 0]]);
  } finally {
    delete globalThis.navigator.locks;
  }
});
