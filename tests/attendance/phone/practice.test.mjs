/** A practice of the hub on a phone: emptied there, it is gone here, sent or not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Disk } from "./parts/disk.mjs";
import { windowOn } from "./parts/phone.mjs";

const told = (sessions) => ({ now: "2027-03-06T15:00:00.000Z", device: { id: "d", last_seq: 0, lacks: [] }, key: {}, sessions });
const until = { starts: "2027-03-06T06:00:00Z", ends: "2027-03-06T23:00:00Z", roster_until: "2099-01-01T00:00:00Z", state: "planned", version: "" };

test("a practice that was emptied takes its marks with it, and those of real sessions stay", async () => {
  const others = globalThis.BroadcastChannel;
  delete globalThis.BroadcastChannel;
  const { phone, store } = await windowOn(new Disk()).finally(() => (globalThis.BroadcastChannel = others));
  const [real, practice] = [{ ...until, id: "r" }, { ...until, id: "p", practice: true }];
  let sessions = [real, practice];
  globalThis.fetch = async (url) => new Response(JSON.stringify(url.endsWith("estado") ? told(sessions) : {}));
  await phone.refresh();
  await store.keepAll(["r", "p", "p"].map((session, n) => ({ id: `${n}`, session, kind: "in", at: 1, how: "row" })));

  sessions = [real];
  await phone.refresh();

  assert.deepEqual((await store.everything()).map(({ id }) => id), ["0"]);
});
