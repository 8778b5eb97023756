/** Companions without a card, as a number; and what to do with a minor who came without the family. */

import { longDate, timeOfDay } from "../../marks/words.js";
import { ARRIVALS, headsOf } from "../rules.js";
import { ofSession, SessionScreen } from "../screen.js";

export const heads = ofSession("acompanantes", (place, app, opened, [h = ""]) => new Heads(place, app, opened, h).listen());

/**
 * The marks by which somebody is counted as a head, and no more as who came with this card: one person either way.
 * @param {import("../book.js").Book} book
 * @param {string} card empty where none was marked
 */
export function asOneHead(book, card) {
  const came = book.marksOf(card).filter(({ id, kind }) => ARRIVALS.has(kind) && !book.isUndone(id));
  return [...came.map(({ id }) => ({ kind: "undo", how: "button", target: id })), { kind: "heads", how: "button", number: 1 }];
}

class Heads extends SessionScreen {
  /**
   * @param {HTMLElement} place
   * @param {import("../app.js").App} app
   * @param {import("../screen.js").Opened} opened
   * @param {string} h the card that was given to a minor, where that is known
   */
  constructor(place, app, opened, h) {
    super(place, app, opened);
    this.card = this.part("[name=tarjeta]");
    this.none = this.card.options[0];
    this.#offerCards();
    this.card.value = this.book.nameless.some(({ event }) => event.h === h) ? h : "";
    this.part("details").open = Boolean(h);
  }

  /** @returns {() => void} ends it */
  listen() {
    this.part("[data-more]").addEventListener("click", () => this.count(1));
    this.part("[data-less]").addEventListener("click", () => this.count(-1));
    this.part("[data-minor]").addEventListener("click", () => this.countMinor());
    this.part("[data-alone]").addEventListener("click", () => this.showProtection());
    this.#fillSlip();
    return this.follow(() => this.draw());
  }

  get number() {
    return headsOf(this.book.events);
  }

  /** @param {1 | -1} number */
  async count(number) {
    if (number < 0 && !this.number) return false;
    return this.keep([{ kind: "heads", how: "button", number }]);
  }

  /** @param {Parameters<import("../marks.js").Marks["keepAll"]>[0]} marks */
  async keep(marks) {
    const kept = await this.marks.keepAll(marks);
    this.part("[data-trouble]").hidden = !kept.error;
    if (kept.error) this.put("[data-why]", kept.text);
    navigator.vibrate?.(20);
    this.draw();
    return !kept.error;
  }

  /** The cards that this phone marked and of which nobody wrote down whose they are. */
  #offerCards() {
    const { phone, words } = this.app;
    const cards = this.book.nameless.filter(({ isDone }) => !isDone).map(({ event: { h = "", at, row } }) => {
      const which = row ? words.say("row", { row }) : words.say("slip_card");
      return new Option(`${timeOfDay(at + phone.offset)} · ${which}`, h);
    });
    this.card.replaceChildren(this.none, ...cards.reverse());
    this.card.closest("p").hidden = !cards.length;
  }

  /** A head like any other: that it was a minor's is written nowhere. Who was marked by card is not counted twice. */
  async countMinor() {
    if (!(await this.keep(asOneHead(this.book, this.card.value)))) return;
    this.#offerCards();
    const advice = this.part("[data-advice]");
    advice.hidden = false;
    advice.querySelector("h2").focus();
  }

  #fillSlip() {
    const { session } = this.book;
    this.put("[data-slip-title]", session.title);
    this.put("[data-slip-day]", longDate(Date.parse(session.starts)));
    this.put("[data-slip-phone]", phoneInWords(session.hub_phone ?? ""));
    const ages = !session.admits_minors ? "slip_adults" : session.minimum_age > 12 ? "slip_from" : "";
    this.part("[data-slip-ages]").hidden = !ages;
    if (ages) this.put("[data-slip-ages]", this.app.words.say(ages, { years: session.minimum_age }));
  }

  /** The contacts come onto the screen now, and go with it. Nothing notes that somebody asked. */
  showProtection() {
    const { hubs = [], urgent = [] } = this.app.phone.said?.protection ?? {};
    const list = this.part("[data-protection]");
    const calls = [...hubs, ...urgent].map((/** @type {any} */ one) => this.#call(one));
    list.querySelector("[data-calls]").replaceChildren(...calls);
    list.hidden = false;
    this.part("[data-alone]").hidden = true;
    list.querySelector("h3").focus();
  }

  /** @param {{name: string, phone?: string, number?: string, href?: string, hours?: string}} contact */
  #call({ name, phone = "", number = phone, href = `tel:${phone}`, hours = "" }) {
    const line = /** @type {any} */ (this.part("template[data-call]").content.firstElementChild.cloneNode(true));
    line.querySelector("[data-name]").textContent = name;
    line.querySelector("[data-hours]").textContent = hours;
    line.querySelector("a").href = href;
    line.querySelector("[data-number]").textContent = phoneInWords(number);
    return line;
  }

  draw() {
    const n = this.number;
    this.put("[data-number-of-heads]", String(n));
    this.put("[data-heads-text]", this.app.words.many("heads", n));
    this.part("[data-less]").disabled = n === 0;
  }
}

/** "5555 1234" of a Guatemalan number. @param {string} number */
function phoneInWords(number) {
  const digits = number.replace(/^\+?502/, "").replace(/\D/g, "");
  return digits.length === 8 ? `${digits.slice(0, 4)} ${digits.slice(4)}` : number;
}
