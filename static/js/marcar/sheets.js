/** Which printed sheet somebody marks from. With several, nobody is marked before one was chosen; then it stays chosen. */

const KEY = "hojas";

export class Sheets {
  /** @type {Record<string, string>} session to the code of the sheet in the hand */
  #chosen = {};

  /** @param {Pick<import("./store.js").Store, "get" | "put">} store */
  constructor(store) {
    this.store = store;
  }

  async load() {
    this.#chosen = (await this.store.get(KEY)) ?? {};
    return this;
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

  /** The codes of the printed sheets, in the order in which they were printed. */
  get codes() {
    return [...this.book.roster.sheets.keys()];
  }

  /** The code of the sheet in the hand; empty while there is none, or nobody chose. */
  get code() {
    return this.sheets.of(this.book.session.id, this.codes);
  }

  /** @returns {Map<number, string>} row to card */
  get rows() {
    return this.book.roster.sheets.get(this.code) ?? new Map();
  }

  /** The last row with somebody's name; those after it are blank ones. */
  get named() {
    return this.book.roster.named.get(this.code) ?? 0;
  }

  get last() {
    return Math.max(0, ...this.rows.keys());
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

/** `KDYDQ` as it is printed: `KDYD-Q`. @param {string} code */
export function shownSheet(code) {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/**
 * A row as people name it: with its sheet, where there are several.
 * @param {import("./words.js").Words} words
 * @param {import("./book.js").Book} book
 * @param {number} row
 * @param {string} [sheet]
 */
export function rowInWords(words, book, row, sheet = "") {
  return sheet && book.roster.sheets.size > 1 ? words.say("row_of", { row, sheet: shownSheet(sheet) }) : words.say("row", { row });
}
