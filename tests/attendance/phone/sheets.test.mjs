/** The sheet in the hand stays the one in the hand; and what a line of rows is going to mark. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { listedRows } from "../../../static/js/marcar/row-list.js";
import { rowInWords, Sheets } from "../../../static/js/marcar/sheets.js";

function storeOf(kept = new Map()) {
  return { kept, get: async (key) => kept.get(key), put: async (key, value) => void kept.set(key, value) };
}

test("a sheet that is printed later does not take the place of the one in the hand", async () => {
  const store = storeOf();
  const sheets = await new Sheets(store).load();
  assert.equal(sheets.of("s", ["KDYDQ"]), "KDYDQ");
  assert.equal(sheets.of("s", ["KDYDQ", "NFWPF"]), "KDYDQ");

  const opened = await new Sheets(store).load();
  assert.equal(opened.of("s", ["KDYDQ", "NFWPF"]), "KDYDQ");
  opened.choose("s", "NFWPF");
  assert.equal((await new Sheets(store).load()).of("s", ["KDYDQ", "NFWPF"]), "NFWPF");
});

test("of several that nobody chose from none is taken, nor one that is no more", async () => {
  const sheets = await new Sheets(storeOf(new Map([["hojas", { s: "GONE1" }]]))).load();
  assert.deepEqual([sheets.of("s", ["KDYDQ", "NFWPF"]), sheets.of("other", [])], ["", ""]);
});

test("a row is named with its sheet where there are several", () => {
  const words = { say: (key, { row, sheet = "" }) => `${key} ${row} ${sheet}`.trim() };
  const book = (n) => ({ roster: { sheets: { size: n } } });
  assert.deepEqual([rowInWords(words, book(1), 4, "KDYDQ"), rowInWords(words, book(2), 4, "KDYDQ")], ["row 4", "row_of 4 KDYD-Q"]);
});

test("rows are listed as they are read", () => {
  assert.deepEqual([listedRows([1, 2, 3, 5, 8, 9]), listedRows([7]), listedRows([])], ["1-3, 5, 8-9", "7", ""]);
});
