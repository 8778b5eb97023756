/**
 * The last marks of this phone at a session, each with its undo, and any other by its row or code. Names are known only to
 * this opening of the page.
 */

import { MOST, Recent } from "../marks/answer.js";
import { shownCode } from "../marks/ticket.js";
import { timeOfDay } from "../marks/words.js";
import { SHOWN } from "./book.js";
import { rowInWords } from "./sheets.js";

/** @typedef {import("../marks/answer.js").Line} Line */
/** @typedef {import("../marks/store.js").ScanEvent} ScanEvent */

export class RecentHere extends Recent {
  /** The marks that were asked for; null while nobody asks. @type {ScanEvent[] | null} */
  #found = null;

  /**
   * @param {any} part names show only after a tap
   * @param {import("./app.js").App} app
   * @param {import("./book.js").Book} book
   * @param {(event: string) => void} onUndo
   */
  constructor(part, app, book, onUndo) {
    super(part);
    this.app = app;
    this.book = book;
    this.onUndo = onUndo;
    this.asked = part.querySelector("[name=buscada]");
    this.asked.addEventListener("input", () => this.find());
  }

  /** What was typed: a row of a sheet, or the code of a ticket or card. */
  async find() {
    const typed = this.asked.value;
    const found = typed.trim() ? await this.book.marksFor(typed) : null;
    // Somebody may have typed on meanwhile.
    if (typed !== this.asked.value) return;
    this.#found = found;
    const { words } = this.app;
    this.part.querySelector("[data-found]").textContent = found?.length ? words.many("marks_found", found.length) : found ? words.say("marks_none") : "";
    this.draw();
  }

  /**
   * @param {import("./marks.js").Said} said
   * @param {string} undone the mark that was taken back
   */
  tell(said, undone) {
    if (said.event && !undone) this.book.told.set(said.event.id, { name: said.name, word: said.state });
  }

  draw() {
    const { events } = this.book;
    const last = events.filter(({ kind }) => SHOWN.has(kind)).slice(-MOST).reverse();
    this.show((this.#found ?? last).map((event) => this.#told(event)));
    this.part.hidden = !last.length;
  }

  /**
   * @param {ScanEvent} event
   * @returns {Line}
   */
  #told({ id, at, h, row, sheet, code }) {
    const { app, book } = this;
    const isUndone = book.isUndone(id);
    const said = book.told.get(id);
    const place = row ? { row, sheet } : book.roster.placeOf(h);
    const card = book.roster.line(h)?.f === "s" ? "slip_card" : "ticket";
    const initials = book.initials.get(id);
    const named = said?.name || (place ? rowInWords(app.words, book, place.row, place.sheet) : shownCode(code ?? "") || app.words.say(card));
    const who = initials ? app.words.say("row_initials", { row: named, initials }) : named;
    return { id, time: timeOfDay(at + app.phone.offset), who, word: app.words.say(isUndone ? "was_undone" : `was_${said?.word ?? "kept"}`), isUndone };
  }

  /** @param {Line} told */
  line(told) {
    const { id, time, who, isUndone } = told;
    const line = super.line(told);
    const undo = line.querySelector("button");
    undo.hidden = isUndone;
    undo.setAttribute("aria-label", this.app.words.say("undo_of", { who, time }));
    undo.addEventListener("click", () => this.onUndo(id));
    return line;
  }
}
