/** Marking by the row number of the printed sheet: no camera, three touches a person; or the whole sheet in one line. */

import { countIn, hintAtDoor } from "../door.js";
import { RecentHere } from "../recent.js";
import { listedRows, readRows, RowListError } from "../row-list.js";
import { catchCode } from "../scanner-keys.js";
import { ofSession, offerSlip, SessionScreen } from "../screen.js";
import { readSheetCode, rowInWords, SheetChoice } from "../sheets.js";

const ROW = /^\d{1,5}$/;
const DIGITS = /^\d*$/;

/** @typedef {import("../marks.js").Said} Said */

/** @type {Said} */
const NOTHING = { state: "not_ticket", name: "", text: "", event: null, line: null };

export const rows = ofSession("filas", (place, app, opened) => new Rows(place, app, opened).listen());

class Rows extends SessionScreen {
  /** @type {string[]} the marks that the last whole line made, to be taken back together */
  #line = [];
  /** The answer that is on the screen, while the server may still say whose row that was. @type {Said} */
  #said = NOTHING;
  /** The mark whose answer is on the screen. */
  #shown = "";
  #isBusy = false;
  /** The next digit begins a new number: the one that stands there was refused, and is only to be seen. */
  #isRefused = false;

  /**
   * @param {HTMLElement} place
   * @param {import("../app.js").App} app
   * @param {import("../screen.js").Opened} opened
   */
  constructor(place, app, opened) {
    super(place, app, opened);
    this.recent = new RecentHere(this.part("[data-recent]"), app, this.book, (event) => this.undo(event));
    this.sheet = new SheetChoice(this.part("[name=hoja]"), app.sheets, this.book);
    this.field = this.part("[name=fila]");
    this.list = this.part("[name=filas]");
    this.other = this.part("[name=otra]");
  }

  /** @returns {() => void} ends it */
  listen() {
    this.#listenToPad();
    this.part("[data-many]").addEventListener("submit", (/** @type {Event} */ event) => this.markList(event));
    this.list.addEventListener("input", () => this.drawList());
    this.part("[data-undo]").addEventListener("click", () => this.undo(this.#shown));
    this.part("[data-undo-line]").addEventListener("click", () => this.undoLine());
    this.sheet.select.addEventListener("change", () => this.draw());
    this.part("[data-other]").addEventListener("submit", (/** @type {Event} */ event) => this.useOther(event));
    this.answer?.show("ready", { text: this.app.words.say("ready_row") });
    const end = this.follow(() => this.draw());
    const leaveKeys = catchCode(this.field, (code) => this.markCode(code));
    return () => {
      leaveKeys();
      end();
    };
  }

  #listenToPad() {
    this.part("[data-pad]").addEventListener("click", (/** @type {any} */ event) => {
      const key = event.target.closest("button")?.dataset.key;
      if (key === undefined) return;
      const typed = this.#isRefused ? "" : this.#typed;
      this.#isRefused = false;
      this.field.value = this.sheet.pressed(typed, key);
      this.drawRow();
    });
    this.field.addEventListener("input", () => this.drawRow());
    this.part("[data-one]").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.mark();
    });
  }

  /** A sheet that was printed since this phone had a signal. @param {Event} event */
  useOther(event) {
    event.preventDefault();
    const code = readSheetCode(this.other.value);
    this.other.toggleAttribute("aria-invalid", !code);
    this.put("[data-other-text]", code ? "" : this.app.words.say("sheet_mistyped"));
    if (!code) return this.other.focus();
    this.app.sheets.name(this.book.session.id, code);
    this.other.value = "";
    this.draw();
    this.part("details[data-other-sheet]").open = false;
    this.field.focus();
  }

  /** A card, read by a scanner with a cable. @param {string} code */
  async markCode(code) {
    this.app.sound.unlock();
    this.tell(await this.marks.typed(code));
  }

  /** A keyboard that completes words leaves a blank behind a number. */
  get #typed() {
    return this.field.value.trim();
  }

  /** The row that was typed; 0 where it is none. */
  get #row() {
    return ROW.test(this.#typed) ? Number(this.#typed) : 0;
  }

  async mark() {
    const row = this.#row;
    this.app.sound.unlock();
    if (this.#isBusy || !this.#typed) return;
    if (!this.sheet.has(row)) return this.#refuse(this.#whyNoRow(this.#typed));
    this.#isBusy = true;
    const named = this.sheet.namedBy(row);
    const line = this.book.roster.line(named.h);
    const name = rowInWords(this.app.words, this.book, row, named.sheet);
    const said = await this.marks.arrival({ how: "row", ...named }, { line, name });
    this.#isBusy = false;
    if (said.state !== "not_saved") this.field.value = "";
    this.tell(said);
  }

  /** @param {string} text why what was typed is no row */
  #refuse(text) {
    this.#isRefused = Boolean(this.sheet.code);
    if (document.activeElement === this.field) this.field.select();
    this.tell({ ...NOTHING, state: "no_row", text });
  }

  /** @param {string} row as it was typed */
  #whyNoRow(row) {
    const { code, last } = this.sheet;
    if (!DIGITS.test(row)) return this.app.words.say("row_is_number");
    return code ? this.app.words.say("no_such_row", { row, last }) : this.app.words.say("choose_sheet");
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
    const kept = await this.marks.keepAll(wanted.map((row) => this.#markOf(row)));
    this.#isBusy = false;
    if (kept.error) return this.tell({ ...NOTHING, state: "not_saved", text: kept.text });
    this.#line = kept.events.map(({ id }) => id);
    this.list.value = "";
    this.tell({ ...NOTHING, state: "present", text: this.app.words.many("rows_marked", kept.events.length) });
  }

  /** @param {number} row */
  #markOf(row) {
    const named = this.sheet.namedBy(row);
    const line = this.book.roster.line(named.h);
    return { kind: line?.f === "s" ? "walkin" : "in", how: "sheet", known: line !== null, ...named };
  }

  async undoLine() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const kept = await this.marks.keepAll(this.#line.map((target) => ({ kind: "undo", how: "button", target })));
    this.#isBusy = false;
    if (kept.error) return this.tell({ ...NOTHING, state: "not_saved", text: kept.text });
    this.#line = [];
    this.tell({ ...NOTHING, state: "undone", text: this.app.words.many("rows_undone", kept.events.length) });
  }

  /**
   * The rows that the line means; none where it cannot be read. Who came already is left out, also who has gone since:
   * a signature says that somebody came, not that they came back.
   */
  #wanted() {
    return this.#meant()?.filter((row) => !this.#stayIn(row).present) ?? null;
  }

  /** All rows that the line means; null where it cannot be read. */
  #meant() {
    try {
      const { named, last } = this.sheet;
      return readRows(this.list.value, { named, last });
    } catch (error) {
      if (error instanceof RowListError) return null;
      throw error;
    }
  }

  /** @param {number} row */
  #stayIn(row) {
    return this.book.stayOf(this.book.whoOf({ kind: "in", ...this.sheet.namedBy(row) }));
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
    this.say(said.state, { name: said.name, text: said.text });
    this.#said = said;
    this.#shown = said.event && !["undone", "already"].includes(said.state) ? said.event.id : "";
    offerSlip(this.place, this.book.session.id, said);
    this.recent.tell(said, undone);
    this.draw();
  }

  #showInitials() {
    const { event, state, name, text } = this.#said;
    const initials = this.book.initials.get(event?.id ?? "");
    if (!initials) return;
    this.#said = NOTHING;
    this.answer?.show(state, { name: this.app.words.say("row_initials", { row: name, initials }), text });
  }

  draw() {
    this.#showInitials();
    this.sheet.draw();
    const hasSheet = this.sheet.codes.length > 0;
    const hasList = hasSheet || this.book.hasRoster;
    const isOver = this.app.phone.isListOver(this.book.session);
    this.part("[data-no-list]").hidden = hasList || isOver;
    this.part("[data-list-over]").hidden = hasList || !isOver;
    this.part("[data-no-sheet]").hidden = hasSheet || !this.book.hasRoster;
    this.part("[data-with-sheet]").hidden = !hasSheet;
    this.part("details[data-other-sheet]").open ||= !hasSheet;
    this.recent.draw();
    this.part("[data-undo]").hidden = !this.#shown;
    this.part("[data-undo-line]").hidden = !this.#line.length;
    countIn(this.place, this.app.words, this.book);
    hintAtDoor(this.place, this.app, this.book.session.id, "filas");
    this.drawRow();
    this.drawList();
  }

  /** What the number stands for, before it is marked. */
  drawRow() {
    const row = this.#row;
    const { words } = this.app;
    const { code, named, last, isElsewhere } = this.sheet;
    if (!row && code && DIGITS.test(this.#typed)) return this.put("[data-row-text]", words.say(isElsewhere ? "sheet_elsewhere" : "rows_are", { named, last }));
    if (!this.sheet.has(row)) return this.put("[data-row-text]", this.#whyNoRow(this.#typed));
    const key = this.#isHere(row) ? "row_here" : row > named && !isElsewhere ? "row_blank" : "row_named";
    return this.put("[data-row-text]", words.say(key, { row }));
  }

  drawList() {
    const { words } = this.app;
    const wanted = this.sheet.code ? this.#wanted() : [];
    this.part("[data-many] button").disabled = !wanted?.length;
    const isAsked = Boolean(this.list.value.trim());
    const text = wanted === null ? this.#whyNot() : !isAsked ? "" : this.sheet.code ? this.#foretold(wanted) : words.say("choose_sheet");
    this.put("[data-list-text]", text);
    this.list.toggleAttribute("aria-invalid", wanted === null);
  }

  /** Which rows are going to be marked: a line is easily read otherwise than it was meant. @param {number[]} wanted */
  #foretold(wanted) {
    const { words } = this.app;
    if (wanted.length) return words.many("rows_wanted", wanted.length, { rows: listedRows(wanted) });
    return words.say(this.#meant()?.length ? "rows_none" : "rows_left_none");
  }

  #whyNot() {
    try {
      const { named, last } = this.sheet;
      readRows(this.list.value, { named, last });
      return "";
    } catch (error) {
      const { trouble, word = "", row = "", last = "" } = /** @type {any} */ (error);
      return this.app.words.say(trouble === "no_such_row" ? "no_such_row" : "unreadable_rows", { word, row, last });
    }
  }
}
