/** From a card, code or row to its answer: kept on this phone first, green only once it is on the disk. */

import { isSample, Marking, readToken, shownCode } from "../marks/ticket.js";
import { theTime, timeOfDay } from "../marks/words.js";

/** @typedef {import("../marks/store.js").ScanEvent} ScanEvent */
/** @typedef {import("./roster.js").Line} Line */

/**
 * @typedef {object} Said the answer to one mark
 * @property {"present" | "already" | "review" | "not_ticket" | "no_row" | "wrong_time" | "not_saved" | "undone" | "left"} state
 * @property {string} name only ever on the screen
 * @property {string} text
 * @property {ScanEvent | null} event none where nothing was kept
 * @property {Line | null} line
 */

/** Flags of which the person at the door need not know. */
const NOTHING_ODD = new Set(["", "clock", "after_close", "session_off", "unnamed"]);

export class Marks extends Marking {
  /**
   * @param {import("./app.js").App} app
   * @param {import("./book.js").Book} book
   */
  constructor(app, book) {
    super();
    this.app = app;
    this.book = book;
  }

  /**
   * @param {string} code
   * @param {"camera" | "typed"} how
   */
  async card(code, how) {
    const { roster } = this.book;
    const token = readToken(code);
    const line = token ? (await roster.byToken(token)).line : await roster.byShortCode(code);
    if (!line && this.#isElsewhere(code)) return this.#elsewhere();
    // Of a short code the name stays shut: it can be guessed.
    const seen = token ? { token } : { name: shownCode(code), text: this.app.words.say("code_accepted") };
    // A card that the list does not know travels whole: the server may know it, or will.
    return this.arrival(line ? { how, h: line.h } : { how, code }, { line, ...seen });
  }

  /**
   * @param {"not_ticket" | "not_saved"} state
   * @param {string} [key]
   */
  decline(state, key) {
    return said(state, { text: key ? this.app.words.say(key) : "" });
  }

  /**
   * A sample card at a door, or a ticket where somebody practises: kept there, the one would wait for a decision; "saved"
   * here, nobody would look for the other again.
   * @param {string} code that the list does not know
   */
  #isElsewhere(code) {
    return this.book.session.isPractice || isSample(code);
  }

  #elsewhere() {
    const { isPractice } = this.book.session;
    return isPractice ? this.decline("not_saved", "practice_real") : this.decline("not_ticket", "practice_card");
  }

  /**
   * Keep an arrival and say how it went. Rows of a sheet come here too (`how: "row"`, with `sheet` and `row`).
   * @param {Partial<ScanEvent> & {how: string}} mark
   * @param {{line: Line | null, token?: string, name?: string, text?: string}} seen `name`: what stands in its place
   * @returns {Promise<Said>}
   */
  arrival(mark, { line, token = "", name: shown = "", text = "" }) {
    return this.next(async () => {
      const { book, app } = this;
      const kind = line?.f === "s" ? "walkin" : "in";
      const draft = this.draft({ kind, known: line !== null, ...mark });
      const before = book.stayOf(book.whoOf(draft));
      const { offset } = app.phone;
      const flag = book.flagOf(line, draft.at, offset);
      // Both at once: whoever stands at the door waits for the slower of the two.
      const opening = line && token ? book.roster.name(line, token) : Promise.resolve(shown);
      const kept = await this.#keep(draft);
      const name = await opening;
      if (kept.error) return said("not_saved", { name, text: this.app.whyNotKept(kept.error), line });
      const { event } = kept;
      if (before.present && before.left === null) {
        return said("already", { name, text: app.words.say("already_at", { the_time: theTime((before.arrived ?? event.at) + offset) }), event, line });
      }
      if (!NOTHING_ODD.has(flag)) {
        return said("review", { name, text: app.words.say(this.#why(flag, event)), event, line });
      }
      const fact = line?.f === "s" ? app.words.say("spare") : text || timeOfDay(event.at + offset);
      return said("present", { name, text: fact, event, line });
    });
  }

  /**
   * The words for what is odd about a mark.
   * @param {string} flag
   * @param {ScanEvent} event
   */
  #why(flag, { sheet, row }) {
    if (flag === "unknown_code" && sheet && row) return "row_elsewhere";
    if (this.book.hasRoster) return `odd_${flag}`;
    return this.app.phone.isListOver(this.book.session) ? "list_over" : "no_list";
  }

  /**
   * Take back a mark of this phone. Whoever it marked twice is here by the other mark, and that is said.
   * @param {string} target
   * @returns {Promise<Said>}
   */
  undo(target) {
    return this.next(async () => {
      const draft = this.draft({ kind: "undo", how: "button", known: true, target });
      const kept = await this.#keep(draft);
      if (kept.error) return said("not_saved", { text: this.app.whyNotKept(kept.error) });
      const { arrived } = this.book.stayOf(this.book.whoOf(draft));
      const isHere = arrived !== null && this.book.isArrival(target);
      return said("undone", { event: kept.event, text: isHere ? this.app.words.say("still_here", { the_time: theTime(arrived + this.app.phone.offset) }) : "" });
    });
  }

  /**
   * Any other mark (departure, heads, consent, closing …): kept like the others, answered by the caller.
   * @param {Partial<ScanEvent> & {kind: string, how: string}} mark
   * @returns {Promise<{event: ScanEvent, error?: undefined} | {event: null, error: Error, text: string}>}
   */
  keep(mark) {
    return this.next(async () => {
      const kept = await this.#keep(this.draft({ known: true, ...mark }));
      return kept.error ? { ...kept, text: this.app.whyNotKept(kept.error) } : kept;
    });
  }

  /**
   * Several at once, all or none.
   * @param {Array<Partial<ScanEvent> & {kind: string, how: string}>} marks
   * @returns {Promise<{events: ScanEvent[], error?: undefined} | {events: [], error: Error, text: string}>}
   */
  keepAll(marks) {
    return this.next(async () => {
      try {
        const events = await this.app.keepAll(marks.map((mark) => this.draft({ known: true, ...mark })));
        for (const event of events) this.book.add(event);
        return { events };
      } catch (error) {
        return { events: [], error: /** @type {Error} */ (error), text: this.app.whyNotKept(/** @type {Error} */ (error)) };
      }
    });
  }

  /**
   * @param {Partial<ScanEvent> & {kind: string, how: string}} mark
   * @returns {import("../marks/store.js").Draft}
   */
  draft(mark) {
    const { session, roster } = this.book;
    return this.app.draft({ session: session.id, roster: roster.version, ...mark });
  }

  /**
   * @param {import("../marks/store.js").Draft} draft
   * @returns {Promise<{event: ScanEvent, error?: undefined} | {event: null, error: Error}>}
   */
  async #keep(draft) {
    try {
      const event = await this.app.keep(draft);
      this.book.add(event);
      return { event };
    } catch (error) {
      return { event: null, error: /** @type {Error} */ (error) };
    }
  }
}

/**
 * @param {Said["state"]} state
 * @param {Partial<Said>} [more]
 * @returns {Said}
 */
function said(state, more = {}) {
  return { state, name: "", text: "", event: null, line: null, ...more };
}
