/** One field for "who": up to three digits are a row of the printed sheet, anything longer is a code. */

const ROW = /^\d{1,3}$/;

export class RowField {
  /**
   * @param {HTMLInputElement} field
   * @param {HTMLSelectElement} chooser which of several sheets
   * @param {import("./book.js").Book} book
   */
  constructor(field, chooser, book) {
    this.field = field;
    this.chooser = chooser;
    this.book = book;
  }

  get text() {
    return this.field.value.trim();
  }

  /** The row that was typed; 0 where it is none. */
  get row() {
    return ROW.test(this.text) ? Number(this.text) : 0;
  }

  get sheet() {
    return this.chooser.value;
  }

  /** Whose card the row stands for. */
  get h() {
    return this.#rows.get(this.row) ?? "";
  }

  get last() {
    return Math.max(0, ...this.#rows.keys());
  }

  /** @returns {Map<number, string>} */
  get #rows() {
    return this.book.roster.sheets.get(this.sheet) ?? new Map();
  }

  clear() {
    this.field.value = "";
  }

  select() {
    this.field.focus({ preventScroll: true });
    this.field.select();
  }

  /** The newest sheet first; with one there is nothing to choose. */
  draw() {
    const codes = [...this.book.roster.sheets.keys()].reverse();
    const chosen = this.chooser.value;
    this.chooser.replaceChildren(...codes.map((code) => new Option(`${code.slice(0, 4)}-${code.slice(4)}`, code)));
    if (codes.includes(chosen)) this.chooser.value = chosen;
    /** @type {HTMLElement} */ (this.chooser.closest("label")).hidden = codes.length < 2;
  }
}
