/** The list of one session as it lies on the phone: cards without names, and rows of printed sheets. */

import { readToken } from "../marks/ticket.js";
import { hashOf, openName, shortOf } from "./keys.js";

const EXPECTED = new Set(["c", "o"]);

/**
 * @typedef {object} Line
 * @property {string} h the card that was shown
 * @property {string} who the card under which the person is counted: their new one
 * @property {string} n name, readable with the token of `h` only; empty for a card without a name
 * @property {string} f see `Person` in rules.js
 * @property {string} [of]
 */

export class Roster {
  /** @type {Map<string, Line>} */
  #lines = new Map();
  /** @type {Map<string, string>} short code to card */
  #shorts = new Map();
  /** @type {Map<string, Map<number, string>>} sheet to row to card */
  sheets = new Map();
  /** @type {Map<string, number>} sheet to its last row that was printed with a name */
  named = new Map();
  /** @type {Map<string, {sheet: string, row: number}>} card to where it was printed last */
  #places = new Map();

  /** @param {any} file as it was downloaded, with `training` added */
  constructor(file) {
    this.version = file.version;
    this.session = file.session;
    this.training = file.training;
    // A list of an earlier version has each name in its line.
    const names = file.names?.split(".") ?? [];
    for (const [place, [h, n, s, f, index]] of file.people.entries()) {
      // An old ticket, and that of somebody who signed up twice, count as the one they point to.
      const other = index === undefined ? null : file.people[index];
      this.#add({ h, who: other?.[0] ?? h, n: n || names[place] || "", f, of: other?.[3] }, s);
    }
    for (const [h, s] of file.spares) this.#add({ h, who: h, n: "", f: "s" }, s);
    for (const sheet of file.sheets) {
      this.sheets.set(sheet.code, new Map(sheet.rows));
      this.named.set(sheet.code, sheet.named);
      for (const [row, h] of sheet.rows) this.#places.set(h, { sheet: sheet.code, row });
    }
    /** How many are expected: neither waiting nor cancelled, each once. */
    this.n_expected = file.people.filter((/** @type {string[]} */ line) => EXPECTED.has(line[3]) && line.length < 5).length;
  }

  /**
   * @param {Line} line
   * @param {string} short
   */
  #add(line, short) {
    this.#lines.set(line.h, line);
    if (short) this.#shorts.set(short, line.h);
  }

  /** @param {string | undefined} h @returns {Line | null} */
  line(h) {
    return this.#lines.get(h ?? "") ?? null;
  }

  /** Is a place kept for whom this card is? @param {string} who */
  isExpected(who) {
    return EXPECTED.has(this.line(who)?.f ?? "");
  }

  /** The row of a printed sheet on which this card stands. @param {string | undefined} h */
  placeOf(h) {
    return this.#places.get(this.line(h)?.who ?? "") ?? null;
  }

  /** Whose card a mark names by its whole code, as it was kept. @param {string} code @returns {Promise<Line | null>} */
  async byCode(code) {
    return readToken(code) ? (await this.byToken(code)).line : this.byShortCode(code);
  }

  /** @param {string} token @returns {Promise<{h: string, line: Line | null}>} */
  async byToken(token) {
    const h = await hashOf(token);
    return { h, line: this.line(h) };
  }

  /** @param {string} code @returns {Promise<Line | null>} */
  async byShortCode(code) {
    return this.line(this.#shorts.get(await shortOf(code, this.training)));
  }

  /**
   * @param {Line} line
   * @param {string} token
   */
  name(line, token) {
    return line.n ? openName(line, token, this) : Promise.resolve("");
  }
}
