/** The sheet in the hand stays the one in the hand; and what a line of rows is going to mark. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkCharacter } from "../../../static/js/marks/ticket.js";
import { listedRows } from "../../../static/js/marcar/row-list.js";
import { Roster } from "../../../static/js/marcar/roster.js";
import * as parts from "../../../static/js/marcar/sheets.js";

const { rowInWords, SheetChoice, Sheets } = parts;

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

test("a row is named with its sheet where there are several, or it is not here", () => {
  const words = { say: (key, { row, sheet = "" }) => `${key} ${row} ${sheet}`.trim() };
  const book = (n) => ({ roster: { sheets: new Map(["KDYDQ", "NFWPF"].slice(0, n).map((code) => [code, new Map()])) } });
  assert.deepEqual([rowInWords(words, book(1), 4, "KDYDQ"), rowInWords(words, book(2), 4, "KDYDQ")], ["row 4", "row_of 4 KDYD-Q"]);
  assert.equal(rowInWords(words, book(1), 4, "NFWPF"), "row_of 4 NFWP-F");
});

test("rows are listed as they are read", () => {
  assert.deepEqual([listedRows([1, 2, 3, 5, 8, 9]), listedRows([7]), listedRows([])], ["1-3, 5, 8-9", "7", ""]);
});

/** The sheet in the hand of a session whose printed sheets have so many rows. */
async function choiceOf(lasts, store = storeOf()) {
  const sheets = Object.entries(lasts).map(([code, last]) => ({ code, named: last - 1, rows: Array.from({ length: last }, (_, n) => [n + 1, `h${n + 1}`]) }));
  const roster = new Roster({ version: "1", people: [], spares: [], sheets });
  const select = { options: [{ value: "", text: "choose" }], addEventListener: () => undefined };
  select.replaceChildren = (...options) => (select.options = options);
  const kept = await new Sheets(store).load();
  return { choice: new SheetChoice(select, kept, { roster, session: { id: "s" } }), kept };
}

test("one chooses among several sheets, and is not asked again once that is done", async () => {
  globalThis.Option = function (text, value) {
    Object.assign(this, { text, value });
  };
  const { choice, kept } = await choiceOf({ KDYDQ: 3, NFWPF: 4 });
  const shown = () => {
    choice.draw();
    return [choice.select.value, ...choice.select.options.map(({ text }) => text)];
  };
  assert.deepEqual(shown(), ["", "choose", "KDYD-Q", "NFWP-F"]);
  kept.choose("s", "NFWPF");
  assert.deepEqual(shown(), ["NFWPF", "KDYD-Q", "NFWP-F"]);
});

test("the number pad takes as many digits as the last row of the sheet has, and makes no other row of more", async () => {
  const press = (choice, keys) => [...keys].reduce((shown, key) => choice.pressed(shown, key), "");
  for (const last of [8, 61, 250, 1200]) {
    const { choice } = await choiceOf({ KDYDQ: last });
    assert.equal(press(choice, `${last}`), `${last}`);
    assert.equal(choice.has(Number(press(choice, "11111"))), false, `${last} rows`);
    assert.equal(choice.pressed(`${last}`, ""), `${last}`.slice(0, -1));
  }
});

test("a row of a sheet that is not here is named by the sheet's code, until the sheet comes", async () => {
  const store = storeOf();
  const { choice, kept } = await choiceOf({ KDYDQ: 3 }, store);
  assert.deepEqual([choice.has(4), choice.isElsewhere], [false, false]);

  kept.name("s", "7K2QN");
  assert.deepEqual([choice.codes, choice.code, choice.isElsewhere], [["KDYDQ", "7K2QN"], "7K2QN", true]);
  assert.deepEqual([choice.has(4), choice.has(0), choice.namedBy(4)], [true, false, { sheet: "7K2QN", row: 4 }]);

  const { choice: later } = await choiceOf({ KDYDQ: 3, "7K2QN": 2 }, store);
  assert.deepEqual([later.codes, later.code, later.isElsewhere], [["KDYDQ", "7K2QN"], "7K2QN", false]);
  assert.deepEqual([later.has(4), later.namedBy(2)], [false, { h: "h2", sheet: "7K2QN", row: 2 }]);
});

test("the code of a sheet is read however it is typed, and a wrong character is noticed", () => {
  const code = "7K2Q" + checkCharacter("7K2Q");
  for (const typed of [code, ` 7k2q-${code[4]} `, `7K2Q ${code[4]}`]) assert.equal(parts.readSheetCode(typed), code);
  for (const typed of ["", "7K2Q", `7K3Q${code[4]}`, "K7Q29XMDC", "17"]) assert.equal(parts.readSheetCode(typed), "");
});
