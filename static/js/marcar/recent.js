/** The last ten marks of this phone at a session, each with its undo. Names are known only to this opening of the page. */

import { timeOfDay } from "./words.js";

const MOST = 10;
const SHOWN = new Set(["in", "walkin", "out", "left"]);

export class Recent {
  /** @type {Map<string, {name: string, word: string}>} what was said of a mark; never kept */
  #said = new Map();

  /**
   * @param {any} part a `details` with a list and the template of a line: names show only after a tap
   * @param {import("./app.js").App} app
   * @param {import("./book.js").Book} book
   * @param {(event: string) => void} onUndo
   */
  constructor(part, app, book, onUndo) {
    this.part = part;
    this.app = app;
    this.book = book;
    this.onUndo = onUndo;
  }

  /**
   * @param {import("./marks.js").Said} said
   * @param {string} undone the mark that was taken back
   */
  tell(said, undone) {
    if (said.event && !undone) this.#said.set(said.event.id, { name: said.name, word: said.state });
  }

  draw() {
    const shown = this.book.events.filter(({ kind }) => SHOWN.has(kind)).slice(-MOST).reverse();
    this.part.hidden = !shown.length;
    this.part.querySelector("ol").replaceChildren(...shown.map((event) => this.#line(event)));
  }

  /** @param {import("./store.js").ScanEvent} event */
  #line(event) {
    const { words } = this.app;
    const line = /** @type {any} */ (this.part.querySelector("template").content.firstElementChild.cloneNode(true));
    const isUndone = this.book.isUndone(event.id);
    const said = this.#said.get(event.id);
    line.dataset.event = event.id;
    line.querySelector("[data-at]").textContent = timeOfDay(event.at);
    line.querySelector("[data-who]").textContent = said?.name || words.say(event.row ? "row" : "ticket", { row: event.row ?? "" });
    line.querySelector("[data-word]").textContent = words.say(isUndone ? "was_undone" : `was_${said?.word ?? "kept"}`);
    const undo = line.querySelector("button");
    undo.hidden = isUndone;
    undo.addEventListener("click", () => this.onUndo(event.id));
    return line;
  }
}
