/** Marking by the row number of the printed sheet: no camera, three touches a person; or the whole sheet in one line. */

import { Answer } from "../../scan/answer.js";
import { redraw } from "../../scan/band.js";
import { Recent } from "../recent.js";
import { readRows, RowListError } from "../row-list.js";
import { leadOn, offerSlip } from "../screen.js";
import { holdMarking } from "../shell.js";
import { dayAndTime } from "../words.js";

/** @typedef {import("../marks.js").Said} Said */

/** @type {import("../router.js").Screen} */
export const rows = {
  name: "filas",
  async open(place, app, [id = ""]) {
    const session = app.phone.session(id);
    if (!session) return void (location.hash = "#/");
    return new Rows(place, app, await app.session(id)).listen();
  },
};

class Rows {
  /** @type {string[]} the marks that the last whole line made, to be taken back together */
  #line = [];
  /** The mark whose answer is on the screen. */
  #shown = "";
  #isBusy = false;
  /** The next digit begins a new number: the one that stands there was refused, and is only to be seen. */
  #isRefused = false;

  /**
   * @param {HTMLElement} place
   * @param {import("../app.js").App} app
   * @param {{book: import("../book.js").Book, marks: import("../marks.js").Marks}} session
   */
  constructor(place, app, { book, marks }) {
    this.place = place;
    this.app = app;
    this.book = book;
    this.marks = marks;
    this.answer = new Answer(this.part("[data-answer]"), this.part("template[data-answers]"));
    this.recent = new Recent(this.part("[data-recent]"), app, book, (event) => this.undo(event));
    this.field = this.part("[name=fila]");
    this.list = this.part("[name=filas]");
    this.chooser = this.part("[name=hoja]");
  }

  /** @returns {() => void} ends it */
  listen() {
    const { app, book } = this;
    this.part("[data-title]").textContent = book.session.title;
    this.part("[data-when]").textContent = dayAndTime(Date.parse(book.session.starts));
    leadOn(this.place, book.session.id);
    this.#listenToPad();
    this.part("[data-many]").addEventListener("submit", (/** @type {Event} */ event) => this.markList(event));
    this.list.addEventListener("input", () => this.drawList());
    this.part("[data-undo]").addEventListener("click", () => this.undo(this.#shown));
    this.part("[data-undo-line]").addEventListener("click", () => this.undoLine());
    this.chooser.addEventListener("change", () => this.draw());
    const draw = () => this.draw();
    app.addEventListener("change", draw);
    const held = holdMarking();
    this.answer.show("ready", { text: app.words.say("ready_row") });
    this.#fillChooser();
    this.draw();
    return () => {
      held.then((free) => free());
      app.removeEventListener("change", draw);
    };
  }

  #listenToPad() {
    this.part("[data-pad]").addEventListener("click", (/** @type {any} */ event) => {
      const key = event.target.closest("button")?.dataset.key;
      if (key === undefined) return;
      const typed = this.#isRefused ? "" : this.field.value;
      this.#isRefused = false;
      this.field.value = key === "" ? typed.slice(0, -1) : (typed + key).slice(0, 3);
      this.drawRow();
    });
    this.field.addEventListener("input", () => this.drawRow());
    this.part("[data-one]").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.mark();
    });
  }

  /** @returns {Map<number, string>} row to card, of the sheet in the hand */
  get sheet() {
    return this.book.roster.sheets.get(this.chooser.value) ?? new Map();
  }

  /** The last row with somebody's name; those after it are blank ones. */
  get named() {
    return this.book.roster.named.get(this.chooser.value) ?? 0;
  }

  get last() {
    return Math.max(0, ...this.sheet.keys());
  }

  #fillChooser() {
    const shown = (/** @type {string} */ code) => `${code.slice(0, 4)}-${code.slice(4)}`;
    const chosen = this.chooser.value;
    // The newest first: an older sheet may still be on the table.
    const codes = [...this.book.roster.sheets.keys()].reverse();
    this.chooser.replaceChildren(...codes.map((code) => new Option(shown(code), code)));
    if (codes.includes(chosen)) this.chooser.value = chosen;
    this.part("[data-no-sheet]").hidden = codes.length > 0;
    this.part("[data-with-sheet]").hidden = codes.length === 0;
  }

  async mark() {
    const row = Number(this.field.value);
    this.app.sound.unlock();
    if (this.#isBusy || !row) return;
    const h = this.sheet.get(row);
    if (!h) {
      this.#isRefused = true;
      if (document.activeElement === this.field) this.field.select();
      return this.tell({ ...NOT_A_ROW, text: this.app.words.say("no_such_row", { row, last: this.last }) });
    }
    this.#isBusy = true;
    const line = this.book.roster.line(h);
    const name = this.app.words.say("row", { row });
    const said = await this.marks.arrival({ how: "row", h, sheet: this.chooser.value, row }, { line, name });
    this.#isBusy = false;
    if (said.state !== "not_saved") this.field.value = "";
    this.tell(said);
  }

  /** @param {string} target */
  async undo(target) {
    if (target) this.tell(await this.marks.undo(target), target);
  }

  /** @param {Event} event */
  async markList(event) {
    event.preventDefault();
    const wanted = this.#wanted();
    if (!wanted?.length || this.#isBusy) return;
    this.#isBusy = true;
    const sheet = this.chooser.value;
    const drafts = wanted.map((row) => this.#draftOf(row, sheet));
    const kept = await this.app.store.keepAll(drafts).catch(() => null);
    this.#isBusy = false;
    if (!kept) return this.tell({ ...NOT_A_ROW, state: "not_saved", text: this.app.words.say("not_kept") });
    for (const one of kept) this.book.add(one);
    this.#line = kept.map(({ id }) => id);
    this.list.value = "";
    this.app.sender.count().then(() => this.app.sender.flush());
    this.tell({ ...NOT_A_ROW, state: "present", text: this.app.words.many("rows_marked", kept.length) });
  }

  /**
   * @param {number} row
   * @param {string} sheet
   */
  #draftOf(row, sheet) {
    const h = this.sheet.get(row) ?? "";
    const kind = this.book.roster.line(h)?.f === "s" ? "walkin" : "in";
    return this.marks.draft({ kind, how: "sheet", h, sheet, row, known: true });
  }

  async undoLine() {
    const drafts = this.#line.map((target) => this.marks.draft({ kind: "undo", how: "button", known: true, target }));
    this.#line = [];
    const kept = await this.app.store.keepAll(drafts).catch(() => null);
    if (!kept) return this.tell({ ...NOT_A_ROW, state: "not_saved", text: this.app.words.say("not_kept") });
    for (const one of kept) this.book.add(one);
    this.app.sender.count().then(() => this.app.sender.flush());
    this.tell({ ...NOT_A_ROW, state: "undone", text: "" });
  }

  /**
   * The rows that the line means; none where it cannot be read. Who came already is left out, also who has gone since:
   * a signature says that somebody came, not that they came back.
   */
  #wanted() {
    try {
      const meant = readRows(this.list.value, { named: this.named, last: this.last });
      return meant.filter((row) => !this.#stayIn(row).present);
    } catch (error) {
      if (error instanceof RowListError) return null;
      throw error;
    }
  }

  /** @param {number} row */
  #stayIn(row) {
    const h = this.sheet.get(row) ?? "";
    return this.book.stayOf(this.book.roster.line(h)?.who ?? h);
  }

  /** @param {number} row */
  #isHere(row) {
    const { present, left } = this.#stayIn(row);
    return present && left === null;
  }

  /**
   * @param {Said} said
   * @param {string} [undone]
   */
  tell(said, undone = "") {
    this.answer.show(said.state, { name: said.name, text: said.text });
    this.app.sound.play(said.state);
    this.#shown = said.event && !["undone", "already"].includes(said.state) ? said.event.id : "";
    this.part("[data-backup]").hidden = said.state !== "not_saved" || !this.app.backup;
    offerSlip(this.place, this.book.session.id, said);
    this.recent.tell(said, undone);
    this.draw();
  }

  draw() {
    this.#fillChooser();
    this.recent.draw();
    this.part("[data-undo]").hidden = !this.#shown;
    this.part("[data-undo-line]").hidden = !this.#line.length;
    const { n_present, n_expected } = this.book;
    put(this.part("[data-count-text]"), this.app.words.say("count", { present: n_present, expected: n_expected }));
    redraw(this.part(".band"), n_present, n_expected);
    this.drawRow();
    this.drawList();
  }

  /** What the number stands for, before it is marked. */
  drawRow() {
    const row = Number(this.field.value);
    const { words } = this.app;
    if (!row) return put(this.part("[data-row-text]"), words.say("rows_are", { named: this.named, last: this.last }));
    if (!this.sheet.has(row)) return put(this.part("[data-row-text]"), words.say("no_such_row", { row, last: this.last }));
    const key = this.#isHere(row) ? "row_here" : row > this.named ? "row_blank" : "row_named";
    put(this.part("[data-row-text]"), words.say(key, { row }));
  }

  drawList() {
    const { words } = this.app;
    const wanted = this.#wanted();
    const button = this.part("[data-many] button");
    button.disabled = !wanted?.length;
    const text = wanted === null ? this.#whyNot() : this.list.value.trim() ? words.many("rows_wanted", wanted.length) : "";
    put(this.part("[data-list-text]"), text);
    this.list.toggleAttribute("aria-invalid", wanted === null);
  }

  #whyNot() {
    try {
      readRows(this.list.value, { named: this.named, last: this.last });
      return "";
    } catch (error) {
      const { trouble, word = "", row = "", last = "" } = /** @type {any} */ (error);
      return this.app.words.say(trouble === "no_such_row" ? "no_such_row" : "unreadable_rows", { word, row, last });
    }
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.place.querySelector(selector);
  }
}

/** @type {Said} */
const NOT_A_ROW = { state: "not_ticket", name: "", text: "", event: null, line: null };

/**
 * Live regions speak when their text changes: say nothing twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
