/** One session on this phone: its list, its marks, and who is present by them. */

import { normalise, readToken } from "../marks/ticket.js";
import { Roster } from "./roster.js";
import { ARRIVALS, flagOf, isStatedOddly, stayOf } from "./rules.js";

/** @typedef {import("../marks/store.js").ScanEvent} ScanEvent */
/** @typedef {import("./roster.js").Line} Line */

/** What is listed as a mark of somebody. */
export const SHOWN = new Set(["in", "walkin", "out", "left"]);
const ROW = /^\d{1,5}$/;
const EMPTY = { version: "", people: [], spares: [], sheets: [] };

export class Book {
  /** @type {Map<string, ScanEvent[]>} marks by whom they are about */
  #marks = new Map();
  /** @type {Map<string, string>} mark to whom it is about */
  #about = new Map();
  /** @type {Set<string>} */
  #present = new Set();
  /** @type {Map<string, string>} code that an earlier list did not know to whom this one knows by it */
  #known = new Map();
  /** @type {Map<string, {name: string, word: string}>} what was said of each mark; never kept, gone with the page */
  told = new Map();
  /** @type {Map<string, string>} of whom the server says the row of a mark is; never kept, gone with the page */
  initials = new Map();

  /** @type {ScanEvent[]} in the order they were made */
  events = [];

  /** @param {any} session as the server last described it */
  constructor(session) {
    this.session = session;
    this.hasRoster = false;
    this.roster = new Roster({ ...EMPTY, session: session.id, training: session.training });
  }

  /**
   * Read everything anew: another window kept a mark, or a newer list came.
   * @param {import("../marks/store.js").Store} store
   * @param {any} session
   */
  async read(store, session = this.session) {
    const before = new Set(this.events);
    const [file, kept] = await Promise.all([store.roster(session.id), store.of(session.id)]);
    const read = new Map(kept.map(({ event }) => [event.id, event]));
    const roster = new Roster({ ...EMPTY, ...file, session: session.id, training: session.training });
    const known = await knownBy(roster, kept.map(({ event }) => event));
    // Somebody may have marked while we read.
    for (const event of this.events) if (!before.has(event)) read.set(event.id, event);
    this.session = session;
    this.hasRoster = Boolean(file);
    this.roster = roster;
    this.#known = known;
    this.events = [...read.values()].sort((a, b) => a.seq - b.seq);
    for (const old of [this.#marks, this.#about, this.#present]) old.clear();
    for (const event of this.events) this.#note(event);
    for (const who of this.#marks.keys()) this.#judge(who);
    return this;
  }

  /** A mark that was kept just now. @param {ScanEvent} event */
  add(event) {
    this.events.push(event);
    this.#judge(this.#note(event));
  }

  /** @param {ScanEvent} event @returns {string} under what it is counted */
  #note(event) {
    const who = this.whoOf(event);
    this.#about.set(event.id, who);
    const marks = this.#marks.get(who);
    if (marks) marks.push(event);
    else this.#marks.set(who, [event]);
    return who;
  }

  /** Whether they are here by all their marks: looked at once, however many were read. @param {string} who */
  #judge(who) {
    if (who && this.stayOf(who).present) this.#present.add(who);
    else this.#present.delete(who);
  }

  /**
   * Under what a mark is counted: the person's card, a card, code or row that the list does not know, or nothing.
   * @param {Pick<ScanEvent, "kind" | "target" | "h" | "code" | "sheet" | "row">} event
   */
  whoOf({ kind, target, h, code, sheet = "", row = 0 }) {
    if (kind === "undo") return this.#about.get(target ?? "") ?? "";
    // The sheet may have come since.
    const card = h ?? this.roster.sheets.get(sheet)?.get(row);
    if (card) return this.roster.line(card)?.who ?? card;
    if (code) return this.#known.get(code) ?? `code:${code}`;
    return sheet && row ? `row:${sheet}:${row}` : "";
  }

  /** @param {string} who */
  marksOf(who) {
    return this.#marks.get(who) ?? [];
  }

  /** @param {string} who */
  stayOf(who) {
    return stayOf(this.marksOf(who));
  }

  /** Was this mark taken back? @param {string} id */
  isUndone(id) {
    return this.marksOf(this.#about.get(id) ?? "").some((mark) => mark.kind === "undo" && mark.target === id);
  }

  /** Does this mark say that somebody came? @param {string} id */
  isArrival(id) {
    return this.marksOf(this.#about.get(id) ?? "").some((mark) => mark.id === id && ARRIVALS.has(mark.kind));
  }

  /**
   * The arrivals with cards without a name that stand, one for each card; `isDone` where its slip was filled in.
   * @returns {Array<{event: ScanEvent, isDone: boolean}>}
   */
  get nameless() {
    const done = new Set(this.events.filter(({ kind }) => kind === "slip").map(({ h }) => h));
    const arrivals = this.events.filter(({ id, kind, h }) => ARRIVALS.has(kind) && this.roster.line(h)?.f === "s" && !this.isUndone(id));
    return [...new Map(arrivals.map((event) => [event.h, event])).values()].map((event) => ({ event, isDone: done.has(event.h) }));
  }

  /** The card whose slip follows this one's; none where all are filled in. @param {string} h */
  slipAfter(h) {
    const { nameless } = this;
    const at = nameless.findIndex(({ event }) => event.h === h);
    return [...nameless.slice(at + 1), ...nameless.slice(0, at + 1)].find(({ isDone }) => !isDone)?.event ?? null;
  }

  /**
   * The arrivals and departures that this phone marked for a row of a sheet, or for a ticket's or card's code.
   * @param {string} typed
   * @returns {Promise<ScanEvent[]>} the last one first
   */
  async marksFor(typed) {
    const text = typed.trim();
    const row = ROW.test(text) ? Number(text) : 0;
    const code = normalise(text);
    const line = row || !code ? null : await this.roster.byCode(readToken(text) ?? code);
    const isMeant = (/** @type {ScanEvent} */ event) => {
      if (row) return (event.row ?? this.roster.placeOf(event.h)?.row) === row;
      return line ? this.whoOf(event) === line.who : Boolean(code) && event.code === code;
    };
    return this.events.filter((event) => SHOWN.has(event.kind) && isMeant(event)).reverse();
  }

  /** Distinct people who are here by the marks of this phone, of those who are expected. */
  get n_present() {
    return [...this.#present].filter((who) => this.roster.isExpected(who)).length;
  }

  /** The others who are here: without a place, without a name, or with a code that the list does not know. */
  get n_more() {
    return this.#present.size - this.n_present;
  }

  get n_expected() {
    return this.roster.n_expected;
  }

  /**
   * @param {Line | null} line
   * @param {number} at by this phone's clock
   * @param {number} offset the server's clock minus ours
   */
  flagOf(line, at, offset) {
    const { starts, ends, state, closed } = this.session;
    const session = { starts: Date.parse(starts), ends: Date.parse(ends), state, closed: Boolean(closed) };
    return flagOf(line, session, at + offset, offset, Date.now() + offset);
  }

  /**
   * Is that no time at which somebody leaves this session?
   * @param {number} stated by this phone's clock
   * @param {number} at
   * @param {number} offset
   */
  isStatedOddly(stated, at, offset) {
    return isStatedOddly(stated + offset, { starts: Date.parse(this.session.starts) }, at + offset);
  }
}

/**
 * Whom this list knows by codes that the list of their moment did not.
 * @param {Roster} roster
 * @param {ScanEvent[]} events
 */
async function knownBy(roster, events) {
  const known = new Map();
  for (const { h, code } of events) {
    if (h || !code || known.has(code)) continue;
    const line = await roster.byCode(code);
    if (line) known.set(code, line.who);
  }
  return known;
}
