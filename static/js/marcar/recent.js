/** The last marks of this phone at a session, each with its undo. Names are known only to this opening of the page. */

import { MOST, Recent } from "../marks/answer.js";
import { shownCode } from "../marks/ticket.js";
import { timeOfDay } from "../marks/words.js";
import { rowInWords } from "./sheets.js";

const SHOWN = new Set(["in", "walkin", "out", "left"]);

/** @typedef {import("../marks/answer.js").Line} Line */

export class RecentHere extends Recent {
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
  }

  /**
   * @param {import("./marks.js").Said} said
   * @param {string} undone the mark that was taken back
   */
  tell(said, undone) {
    if (said.event && !undone) this.book.told.set(said.event.id, { name: said.name, word: said.state });
  }

  draw() {
    const shown = this.book.events.filter(({ kind }) => SHOWN.has(kind)).slice(-MOST).reverse();
    this.show(shown.map((event) => this.#told(event)));
  }

  /**
   * @param {import("../marks/store.js").ScanEvent} event
   * @returns {Line}
   */
  #told({ id, at, h, row, sheet, code }) {
    const { app, book } = this;
    const isUndone = book.isUndone(id);
    const said = book.told.get(id);
    const place = row ? { row, sheet } : book.roster.placeOf(h);
    const card = book.roster.line(h)?.f === "s" ? "slip_card" : "ticket";
    const who = said?.name || (place ? rowInWords(app.words, book, place.row, place.sheet) : shownCode(code ?? "") || app.words.say(card));
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
