/** One field for "who": a few digits are a row of the printed sheet, anything longer is a code. */

const ROW = /^\d{1,5}$/;

export class RowField {
  /**
   * @param {HTMLInputElement} field
   * @param {import("./sheets.js").SheetChoice} sheet
   */
  constructor(field, sheet) {
    this.field = field;
    this.sheet = sheet;
  }

  get text() {
    return this.field.value.trim();
  }

  /** The row that was typed; 0 where it is none. */
  get row() {
    return ROW.test(this.text) ? Number(this.text) : 0;
  }

  clear() {
    this.field.value = "";
  }

  /** The next one, unless it is being typed already. @param {string} text what is to be put right, if anything */
  focus(text) {
    this.field.focus({ preventScroll: true });
    if (!text || this.field.value) return;
    this.field.value = text;
    this.field.select();
  }

  /** With one sheet there is nothing to choose. */
  draw() {
    this.sheet.draw();
    /** @type {HTMLElement} */ (this.sheet.select.closest("label")).hidden = this.sheet.codes.length < 2;
  }
}
