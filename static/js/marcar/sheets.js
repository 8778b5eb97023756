/**
 * Which printed sheet somebody marks from. With several, nobody is marked before one was chosen; then it stays chosen. One
 * that was printed since this phone had a signal is named by its code: the server knows its rows.
 */

import { checkCharacter, normalise } from "../marks/ticket.js";

const KEY = "hojas";
const TYPED = "hojas-escritas";
const CODE = /^[0-9A-HJKMNP-TV-Z]{5}$/;
/** The last row that a sheet may have of which nothing is known here. */
const LAST_OF_ANY = 999;

export class Sheets {
  /** @type {Record<string, string>} session to the code of the sheet in the hand */
  #chosen = {};
  /** @type {Record<string, string>} session to the code that somebody typed off a sheet that is not here */
  #typed = {};

  /** @param {Pick<import("../marks/store.js").Store, "get" | "put">} store */
  constructor(store) {
    this.store = store;
  }

  async load() {
    this.#chosen = (await this.store.get(KEY)) ?? {};
    this.#typed = (await this.store.get(TYPED)) ?? {};
    return this;
  }

  /** The code that was typed off a sheet; empty where none was. @param {string} session */
  typed(session) {
    return this.#typed[session] ?? "";
  }

  /**
   * Mark from the sheet with this code, whether it is here or not.
   * @param {string} session
   * @param {string} code
   */
  name(session, code) {
    this.#typed = { ...this.#typed, [session]: code };
    this.store.put(TYPED, this.#typed).catch(() => undefined);
    this.choose(session, code);
  }

  /**
   * @param {string} session
   * @param {string[]} codes those that were printed of it
   * @returns {string} empty while it is not known
   */
  of(session, codes) {
    const chosen = this.#chosen[session];
    if (codes.includes(chosen)) return chosen;
    // The only one is the one in the hand, also once others are printed.
    if (codes.length === 1) this.choose(session, codes[0]);
    return codes.length === 1 ? codes[0] : "";
  }

  /**
   * @param {string} session
   * @param {string} code
   */
  choose(session, code) {
    if (this.#chosen[session] === code) return;
    this.#chosen = { ...this.#chosen, [session]: code };
    // Kept for the next opening; for this one it holds all the same.
    this.store.put(KEY, this.#chosen).catch(() => undefined);
  }
}

/** One sheet in the hand: which row is whose card. */
export class SheetChoice {
  /**
   * @param {HTMLSelectElement} select with an option that says "choose"
   * @param {Sheets} sheets
   * @param {import("./book.js").Book} book
   */
  constructor(select, sheets, book) {
    this.select = select;
    this.sheets = sheets;
    this.book = book;
    this.unchosen = select.options[0];
    select.addEventListener("change", () => sheets.choose(book.session.id, select.value));
  }

  /** The codes of the printed sheets, in the order in which they were printed, and of the one that was typed. */
  get codes() {
    const { roster, session } = this.book;
    return [...new Set([...roster.sheets.keys(), this.sheets.typed(session.id)])].filter(Boolean);
  }

  /** The code of the sheet in the hand; empty while there is none, or nobody chose. */
  get code() {
    return this.sheets.of(this.book.session.id, this.codes);
  }

  /** @returns {Map<number, string>} row to card */
  get rows() {
    return this.book.roster.sheets.get(this.code) ?? new Map();
  }

  /** Is it one that this phone has not got? Then any row may stand on it. */
  get isElsewhere() {
    return Boolean(this.code) && !this.book.roster.sheets.has(this.code);
  }

  /** @param {number} row */
  has(row) {
    return this.isElsewhere ? row >= 1 && row <= LAST_OF_ANY : this.rows.has(row);
  }

  /**
   * What a mark of this row names: the row on its sheet, and its card where that is known here.
   * @param {number} row
   */
  namedBy(row) {
    const h = this.rows.get(row);
    return { ...(h ? { h } : {}), sheet: this.code, row };
  }

  /** The last row with somebody's name; those after it are blank ones. */
  get named() {
    return this.book.roster.named.get(this.code) ?? 0;
  }

  get last() {
    return this.isElsewhere ? LAST_OF_ANY : Math.max(0, ...this.rows.keys());
  }

  /**
   * What stands in the field after a key of the number pad: as many digits as the last row has, and one that makes it no
   * row. Were that one dropped, another row would be marked than was typed.
   * @param {string} typed
   * @param {string} key a digit; empty takes one away
   */
  pressed(typed, key) {
    return key === "" ? typed.slice(0, -1) : (typed + key).slice(0, String(this.last).length + 1);
  }

  draw() {
    const { code, codes } = this;
    const wanted = code ? codes : ["", ...codes];
    if (wanted.join() !== Array.from(this.select.options, ({ value }) => value).join()) {
      this.select.replaceChildren(...wanted.map((one) => (one ? new Option(shownSheet(one), one) : this.unchosen)));
    }
    this.select.value = code;
  }
}

/** The code of a sheet as it was typed; empty where it is none: its last character tells. @param {string} typed */
export function readSheetCode(typed) {
  const code = normalise(typed);
  return CODE.test(code) && checkCharacter(code.slice(0, -1)) === code.slice(-1) ? code : "";
}

/** `KDYDQ` as it is printed: `KDYD-Q`. @param {string} code */
export function shownSheet(code) {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/**
 * A row as people name it: with its sheet, where there are several, or it is not here.
 * @param {import("../marks/words.js").Words} words
 * @param {import("./book.js").Book} book
 * @param {number} row
 * @param {string} [sheet]
 */
export function rowInWords(words, book, row, sheet = "") {
  const { sheets } = book.roster;
  return sheet && (sheets.size > 1 || !sheets.has(sheet)) ? words.say("row_of", { row, sheet: shownSheet(sheet) }) : words.say("row", { row });
}
