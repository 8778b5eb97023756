/** Closing a session: what this phone has, one confirmation; it takes effect once all phones have sent. */

import { headsOf } from "../rules.js";
import { ofSession, SessionScreen } from "../screen.js";
import { timeOfDay } from "../words.js";

export const close = ofSession("cierre", (place, app, opened) => new Close(place, app, opened).listen());

class Close extends SessionScreen {
  isBusy = false;

  /** @returns {() => void} ends it */
  listen() {
    this.part("[data-close]").addEventListener("click", () => this.keep({ kind: "close", how: "button" }));
    this.part("[data-reopen]").addEventListener("click", () => this.keep({ kind: "undo", how: "button", target: this.closing?.id }));
    return this.follow(() => this.draw());
  }

  /** The closing of this phone that stands. */
  get closing() {
    return this.book.events.find(({ id, kind }) => kind === "close" && !this.book.isUndone(id)) ?? null;
  }

  /** @param {{kind: string, how: string, target?: string}} mark */
  async keep(mark) {
    if (this.isBusy) return;
    this.isBusy = true;
    const kept = await this.marks.keep(mark);
    this.isBusy = false;
    this.part("[data-trouble]").hidden = !kept.error;
    if (kept.error) this.put("[data-why]", kept.text);
    this.draw();
    this.part("h1").focus();
  }

  draw() {
    const { book, app, closing } = this;
    const isOver = Boolean(app.phone.session(book.session.id)?.closed);
    const isEarly = Date.now() + app.phone.offset < Date.parse(book.session.starts);
    this.put("[data-present]", app.words.say("close_present", { present: book.n_present, expected: book.n_expected }));
    this.put("[data-heads]", String(headsOf(book.events)));
    this.put("[data-unsent]", app.sender.n_waiting ? app.words.many("waiting", app.sender.n_waiting) : app.words.say("all_sent"));
    this.part("[data-early]").hidden = !isEarly || isOver;
    this.part("[data-ask]").hidden = isEarly || isOver || Boolean(closing);
    this.part("[data-waits]").hidden = !closing || isOver;
    this.part("[data-over]").hidden = !isOver;
    if (closing) this.put("[data-closed-at]", app.words.say("closed_at", { time: timeOfDay(closing.at) }));
  }
}
