/** "Se fue antes": first when, then who: a row, a typed code, or the card before the camera. */

import { Lens } from "../../marks/lens.js";
import { Departures } from "../departures.js";
import { RecentHere } from "../recent.js";
import { typeInto } from "../scanner-keys.js";
import { ofSession, SessionScreen } from "../screen.js";
import { rowInWords, SheetChoice } from "../sheets.js";
import { TimeBack } from "../time-back.js";

const ROW = /^\d{1,5}$/;

export const left = ofSession("salida", (place, app, opened) => new Left(place, app, opened).listen());

class Left extends SessionScreen {
  /** The mark whose answer is on the screen. */
  shown = "";

  /**
   * @param {HTMLElement} place
   * @param {import("../app.js").App} app
   * @param {import("../screen.js").Opened} opened
   */
  constructor(place, app, opened) {
    super(place, app, opened);
    this.departures = new Departures(app, this.book);
    this.time = new TimeBack(this);
    this.recent = new RecentHere(this.part("[data-recent]"), app, this.book, (event) => this.undo(event));
    this.who = new RowField(this.part("[name=quien]"), new SheetChoice(this.part("[name=hoja]"), app.sheets, this.book));
  }

  /** @returns {() => void} ends it */
  listen() {
    const { app } = this;
    const lens = new Lens(this.part("[data-lens]"), app.words.lines, (text) => this.tell((marks) => marks.scanned(text)), () => app.sound.unlock());
    this.part("form").addEventListener("submit", (/** @type {Event} */ event) => this.typed(event));
    this.part("[data-undo]").addEventListener("click", () => this.undo(this.shown));
    this.answer?.show("ready", { text: app.words.say("left_ready") });
    const leaveClock = this.time.listen();
    const end = this.follow(() => this.draw());
    const leaveKeys = typeInto(this.who.field);
    return () => {
      leaveKeys();
      leaveClock();
      lens.rest("");
      end();
    };
  }

  /** @param {Event} event */
  async typed(event) {
    event.preventDefault();
    this.app.sound.unlock();
    const { row, text } = this.who;
    const telling = row ? this.tell((marks) => this.#row(marks, row)) : this.tell((marks) => marks.typed(text));
    // Empty at once: a scanner with a cable types the next card while this one is still being kept.
    this.who.clear();
    const { event: kept } = await telling;
    this.who.focus(kept ? "" : text);
  }

  /**
   * @param {Departures} marks
   * @param {number} row
   * @returns {Promise<import("../marks.js").Said>}
   */
  async #row(marks, row) {
    const { sheet } = this.who;
    const { words } = this.app;
    const text = sheet.code ? words.say("no_such_row", { row, last: sheet.last }) : words.say("choose_sheet");
    if (!sheet.has(row)) return { state: "no_row", name: "", text, event: null, line: null };
    const name = rowInWords(words, this.book, row, sheet.code);
    const named = sheet.namedBy(row);
    return marks.arrival({ how: "row", ...named }, { line: this.book.roster.line(named.h), name });
  }

  /** @param {(marks: Departures) => Promise<import("../marks.js").Said>} mark */
  async tell(mark) {
    this.departures.stated_at = this.time.moment;
    const said = await mark(this.departures);
    this.say(said.state, said);
    this.shown = said.event?.id ?? "";
    this.recent.tell(said, "");
    this.draw();
    return said;
  }

  /** @param {string} target */
  async undo(target) {
    if (!target) return;
    const said = await this.marks.undo(target);
    this.say(said.state, said);
    this.shown = "";
    this.recent.tell(said, target);
    this.draw();
  }

  draw() {
    this.who.draw();
    this.recent.draw();
    this.part("[data-undo]").hidden = !this.shown;
    this.time.draw();
  }
}

/** One field for "who": a few digits are a row of the printed sheet, anything longer is a code. */
class RowField {
  /**
   * @param {HTMLInputElement} field
   * @param {import("../sheets.js").SheetChoice} sheet
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
