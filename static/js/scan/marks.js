/** From a mark to its answer: keep it here, send it, and tell in the answer, the list and the row what became of it. */

import { MOST } from "../marks/answer.js";
import { isSample, Marking, shownCode } from "../marks/ticket.js";
import { factsOf } from "../marks/uuid7.js";
import { timeOfDay } from "../marks/words.js";

/** @typedef {import("../marks/store.js").ScanEvent} ScanEvent */
/** @typedef {import("../marks/panel-sender.js").Result} Result */
/** @typedef {import("../marks/answer.js").State} State */
/** @typedef {Pick<ScanEvent, "kind" | "how"> & Partial<ScanEvent>} Made */

/**
 * @typedef {object} Pending a mark of this visit that waits for the server's answer
 * @property {import("../marks/store.js").Draft} event
 * @property {string | undefined} registration its row, where known
 * @property {(() => void) | undefined} restore puts its row back as it was
 * @property {boolean} isKept
 * @property {boolean} isTold has the person heard that it waits?
 */

/**
 * @typedef {object} Parts
 * @property {import("../marks/panel-sender.js").PanelSender} sender
 * @property {import("../marks/answer.js").Answer} answer
 * @property {import("../marks/answer.js").Recent} recent
 * @property {import("./people.js").People} people
 * @property {import("../marks/sound.js").Sound} sound
 * @property {import("../marks/words.js").Words} words
 * @property {HTMLFormElement} undoLast
 * @property {string} session
 * @property {() => void} refresh
 */

/** After this long without an answer the person may pass: the mark is safe here. */
const PATIENCE_MS = 4_000;
/** What the server calls an answer too. All else (an unknown code, a word of a newer server) is kept, and somebody looks at it. */
const SAID = new Set(["present", "already", "left", "undone", "card"]);
const LOCAL = { present: "present", already: "present", review: "review", undone: "missing", left: "left" };

export class Marks extends Marking {
  /** @type {Map<string, Pending>} */
  #pending = new Map();
  /** The event whose answer is on the screen. */
  #shown = "";
  /** What became of the marks of this visit, in their order. @type {Map<string, import("../marks/answer.js").Line>} */
  #lines = new Map();

  /** @param {Parts} parts */
  constructor(parts) {
    super();
    this.parts = parts;
  }

  /**
   * @param {Made} mark
   * @param {string} [registration] the row it shows in, where the event itself does not say
   */
  add(mark, registration = mark.registration ?? undefined) {
    this.next(() => this.#record(mark, registration));
  }

  /**
   * @param {string} code
   * @param {"camera" | "typed"} how
   * @returns {boolean} whether a mark was made, as `decline` says too
   */
  card(code, how) {
    if (isSample(code)) return this.decline("not_ticket", "practice_card");
    this.add({ kind: "in", code, how });
    return true;
  }

  /** Before the first mark. @param {string} text */
  invite(text) {
    this.parts.answer.show("ready", { text });
  }

  /**
   * @param {"not_ticket" | "not_saved"} state
   * @param {string} [key]
   */
  decline(state, key) {
    this.#shown = "";
    this.parts.undoLast.hidden = true;
    this.parts.answer.show(state, { text: key && this.parts.words.say(key) });
    this.parts.sound.play(state);
    return false;
  }

  /**
   * A line of the last marks, new or changed.
   * @param {import("../marks/store.js").Draft} event
   * @param {string} who empty where that stays
   * @param {State} state
   */
  #note({ id, at }, who, state) {
    const line = this.#lines.get(id) ?? { id, time: timeOfDay(at), who };
    this.#lines.set(id, { ...line, who: who || line.who, word: this.parts.answer.word(state) });
    this.parts.recent.show([...this.#lines.values()].slice(-MOST).reverse());
  }

  /**
   * @param {Made} mark
   * @param {string | undefined} registration
   */
  async #record(mark, registration) {
    const { sender, answer, people, words, undoLast, session } = this.parts;
    const event = { ...mark, session, ...factsOf(sender.told.page) };
    const row = people.row(registration);
    const name = row ? people.name(row) : "";
    const restore = row ? people.snapshot(row) : undefined;
    this.#shown = event.id;
    undoLast.hidden = true;
    answer.show("sending", { name });
    if (row) people.mark(row, "sending");
    const isKept = await sender.keep(event);
    this.#pending.set(event.id, { event, registration, restore, isKept, isTold: false });
    this.#note(event, name || shownCode(event.code ?? null) || words.say("ticket"), "sending");
    setTimeout(() => isKept && this.#wait(event.id), PATIENCE_MS);
    sender.flush();
  }

  /**
   * The server acknowledged an event, of this visit or an earlier one.
   * @param {ScanEvent} event
   * @param {Result} result
   */
  answered(event, result) {
    const { answer, sound, undoLast } = this.parts;
    const waited = this.#pending.get(event.id);
    this.#pending.delete(event.id);
    const state = /** @type {State} */ (SAID.has(result.outcome) ? result.outcome : "review");
    this.#note(event, result.name ?? "", state);
    this.#updateRow(event, result, state, result.registration ?? event.registration ?? waited?.registration);
    if (this.#shown !== event.id) return;
    answer.show(state, { name: result.name, text: result.text || (state === "present" ? result.arrived : ""), link: result.link ?? "" });
    // A sound long after the card was shown would belong to nobody.
    if (!waited?.isTold) sound.play(state);
    const target = state === "present" ? (result.event ?? event.id) : result.event;
    undoLast.hidden = event.kind !== "in" || !target;
    /** @type {HTMLInputElement} */ (undoLast.elements.namedItem("event")).value = target ?? "";
    undoLast.dataset.registration = result.registration ?? waited?.registration ?? "";
  }

  /** It was tried to send all that waits: whoever stands at the door must know now what did not go. */
  tried() {
    const { trouble, aside } = this.parts.sender;
    for (const id of this.#pending.keys()) if (trouble || aside.has(id)) this.#wait(id);
  }

  /** Rows whose mark still waits here, from this visit or an earlier one. */
  async showWaiting() {
    const { sender, people, session } = this.parts;
    for (const event of await sender.unsent()) {
      const row = event.session === session ? people.row(event.registration ?? this.#pending.get(event.id)?.registration) : null;
      if (row && !sender.isLoose(event.id)) people.mark(row, "kept");
    }
  }

  /** @param {string} id */
  #wait(id) {
    const waiting = this.#pending.get(id);
    if (!waiting || waiting.isTold) return;
    waiting.isTold = true;
    const { answer, people, sound } = this.parts;
    const state = waiting.isKept ? "kept" : "not_saved";
    const row = people.row(waiting.registration);
    this.#note(waiting.event, "", state);
    if (row && waiting.isKept) people.mark(row, "kept");
    if (!waiting.isKept) waiting.restore?.();
    if (this.#shown !== id) return;
    answer.show(state, { name: row ? people.name(row) : "" });
    sound.play(state);
  }

  /**
   * @param {ScanEvent} event
   * @param {Result} result
   * @param {State} state
   * @param {string | undefined} registration
   */
  #updateRow(event, result, state, registration) {
    const { people, words, refresh } = this.parts;
    const row = people.row(registration);
    const local = /** @type {Record<string, import("./people.js").RowState>} */ (LOCAL)[state];
    // Of a long list most rows are on other pages: the list would be asked for again at each scan.
    const isArrival = state === "present" && (row !== null || !people.isWhole);
    if (row && local) {
      const event_id = isArrival ? (result.event ?? event.id) : null;
      people.mark(row, local, { time: result.arrived, how: isArrival ? words.say(`how_${event.how}`) : "", event: event_id });
    }
    // Everything but a plain arrival depends on what other phones did: ask for the list.
    if (!isArrival) refresh();
  }
}
