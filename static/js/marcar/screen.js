/** What screens about one session have in common: their parts, the way to their neighbours, what they say. */

import { Answer } from "../marks/answer.js";
import { dayAndTime, put } from "../marks/words.js";
import { holdMarking } from "./shell.js";

/** @typedef {{book: import("./book.js").Book, marks: import("./marks.js").Marks}} Opened */

export class SessionScreen {
  /**
   * @param {HTMLElement} place
   * @param {import("./app.js").App} app
   * @param {Opened} opened
   */
  constructor(place, app, { book, marks }) {
    this.place = place;
    this.app = app;
    this.book = book;
    this.marks = marks;
    const holder = this.part("[data-answer]");
    this.answer = holder ? new Answer(holder, this.part("template[data-answers]")) : null;
    const { session } = book;
    for (const title of this.parts("[data-title]")) title.textContent = session.title;
    for (const when of this.parts("[data-when]")) when.textContent = dayAndTime(Date.parse(session.starts));
    leadOn(place, session.id);
    for (const button of this.parts("[data-backup]")) button.addEventListener("click", () => app.backup?.());
  }

  /**
   * Draw now and whenever something changed.
   * @param {() => void} draw
   * @returns {() => void} ends it
   */
  follow(draw) {
    const held = holdMarking();
    this.app.addEventListener("change", draw);
    draw();
    return () => {
      held.then((free) => free());
      this.app.removeEventListener("change", draw);
    };
  }

  /**
   * @param {import("../marks/answer.js").State} state
   * @param {{name?: string, text?: string}} [said]
   */
  say(state, said = {}) {
    this.answer?.show(state, said);
    this.app.sound.play(state);
    for (const button of this.parts(".keys [data-backup]")) button.hidden = state !== "not_saved" || !this.app.backup;
  }

  /**
   * @param {string} selector
   * @param {string} text
   */
  put(selector, text) {
    put(this.part(selector), text);
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.place.querySelector(selector);
  }

  /** @param {string} selector @returns {any[]} */
  parts(selector) {
    return [...this.place.querySelectorAll(selector)];
  }
}

/**
 * Where the links of a screen about a session lead: `data-to` names the screen, `data-then` what comes behind the session.
 * @param {HTMLElement} place
 * @param {string} id
 */
export function leadOn(place, id) {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (place.querySelectorAll("[data-to]"))) {
    const { to, then } = link.dataset;
    link.href = `#/${[to, id, then].filter(Boolean).join("/")}`;
  }
}

/**
 * Where a card without a name was just marked, the way to its slip.
 * @param {HTMLElement} place
 * @param {string} session
 * @param {import("./marks.js").Said} said
 */
export function offerSlip(place, session, { state, event, line }) {
  const link = /** @type {HTMLAnchorElement} */ (place.querySelector("[data-slip]"));
  link.hidden = !event || line?.f !== "s" || state === "left";
  if (line) link.href = `#/ficha/${session}/${line.h}`;
}

/**
 * A screen about one session. Where this phone has no such session it leads home.
 * @param {string} name
 * @param {(place: HTMLElement, app: import("./app.js").App, opened: Opened, params: string[]) => void | (() => void)} begin
 * @returns {import("./router.js").Screen}
 */
export function ofSession(name, begin) {
  return {
    name,
    async open(place, app, [id = "", ...params]) {
      if (!app.phone.session(id)) return void (location.hash = "#/");
      return begin(place, app, await app.session(id), params);
    },
  };
}
