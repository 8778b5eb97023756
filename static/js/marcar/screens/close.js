/** Closing a session: what this phone has, one confirmation; it takes effect once all phones have sent. */

import { theTime } from "../../marks/words.js";
import { countInWords } from "../door.js";
import { headsOf } from "../rules.js";
import { ofSession, SessionScreen } from "../screen.js";
import { unsentInWords } from "../status.js";
import { TimeBack } from "../time-back.js";

export const close = ofSession("cierre", (place, app, opened) => new Close(place, app, opened).listen());

/** So long a closing waits for the server's word before it is taken back here all the same. */
const PATIENCE_MS = 4_000;
/** Closing so long before the planned end, or longer, asks for the true end, as the panel does. */
const CLOSED_EARLY_MS = 15 * 60_000;

class Close extends SessionScreen {
  isBusy = false;
  /** Somebody says that it has begun, whatever our clock shows. */
  hasBegun = false;

  /** When it really ended. */
  end = new TimeBack(this, Date.parse(this.book.session.starts));

  /** @returns {() => void} ends it */
  listen() {
    const leaveClock = this.end.listen();
    this.part("[data-close]").addEventListener("click", () => {
      const stated = this.endsEarly ? { stated_at: this.end.moment } : {};
      this.keep({ kind: "close", how: "button", ...stated });
    });
    this.part("[data-reopen]").addEventListener("click", () => this.reopen());
    this.part("[data-anyway]").addEventListener("click", () => {
      this.hasBegun = true;
      this.draw();
    });
    const leave = this.follow(() => this.draw());
    return () => {
      leaveClock();
      leave();
    };
  }

  /** Whether it is asked when it ended. What was answered holds, also where the planned end came near meanwhile. */
  get endsEarly() {
    return this.end.isBack || this.app.phone.clock.isBefore(Date.parse(this.session.ends) - CLOSED_EARLY_MS);
  }

  /** The closing of this phone that stands: not taken back, nor made before the panel opened the session again. */
  get closing() {
    const { clock } = this.app.phone;
    const reopened = this.session.reopened && !clock.isLost ? Date.parse(this.session.reopened) : -Infinity;
    const stands = ({ id, kind, at }) => kind === "close" && !this.book.isUndone(id) && at + clock.offset > reopened;
    return this.book.events.find(stands) ?? null;
  }

  /** @param {{kind: string, how: string, target?: string, stated_at?: number}} mark */
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

  /** What took effect is opened again in the panel alone: ask first, where somebody answers. */
  async reopen() {
    if (this.isBusy) return;
    this.isBusy = true;
    await Promise.race([this.app.phone.refresh(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    this.isBusy = false;
    const { closing } = this;
    if (!closing || this.session.closed) return this.draw();
    await this.keep({ kind: "undo", how: "button", target: closing.id });
    this.part("[data-taken-back]").hidden = this.closing !== null;
  }

  get session() {
    return this.app.phone.session(this.book.session.id) ?? this.book.session;
  }

  draw() {
    const { book, app, closing, session } = this;
    const isEarly = !this.hasBegun && app.phone.clock.isBefore(Date.parse(session.starts));
    this.put("[data-present]", countInWords(app.words, book, "close_present"));
    this.put("[data-heads]", String(headsOf(book.events)));
    this.put("[data-unsent]", unsentInWords(app));
    const isOff = session.state === "cancelled";
    this.part("[data-off]").hidden = !isOff;
    this.part("[data-early]").hidden = !isEarly || session.closed || isOff;
    this.part("[data-ask]").hidden = isEarly || session.closed || isOff || Boolean(closing);
    this.part("[data-ended]").hidden = !this.endsEarly;
    this.put("[data-planned]", app.words.say("planned_until", { the_time: theTime(Date.parse(session.ends)) }));
    this.end.draw();
    this.part("[data-waits]").hidden = !closing || session.closed || isOff;
    this.part("[data-over]").hidden = !session.closed;
    if (closing || session.closed) this.part("[data-taken-back]").hidden = true;
    const isReport = this.isReport(session);
    for (const line of this.parts("[data-report]")) line.hidden = !isReport;
    for (const line of this.parts("[data-takes-effect]")) line.hidden = isReport;
    if (closing) this.put("[data-closed-at]", app.words.say(isReport ? "reported_at" : "closed_at", { the_time: theTime(closing.at + app.phone.offset) }));
  }

  /**
   * Whether closing on this phone waits for somebody's word. Where the server never said so, it does not; nor does a
   * clock that is lost make a report of what may close from the start on.
   * @param {{starts: string, closes_from?: string | null}} session
   */
  isReport({ starts, closes_from: from = starts }) {
    const { clock } = this.app.phone;
    if (from === null) return true;
    if (clock.isLost) return Date.parse(from) > Date.parse(starts);
    return (this.closing ? this.closing.at + clock.offset : clock.now) < Date.parse(from);
  }
}
