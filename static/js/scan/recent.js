/** The last ten marks of this device, with what became of each: an answer may come after the next person was scanned. */

import { timeOfDay } from "../marks/words.js";

const MOST = 10;

export class Recent {
  /**
   * @param {HTMLElement} part a `details` with a list
   * @param {HTMLTemplateElement} model one line
   */
  constructor(part, model) {
    this.part = part;
    this.list = /** @type {HTMLElement} */ (part.querySelector("ol"));
    this.model = model;
  }

  /**
   * @param {import("../marks/store.js").Draft} event
   * @param {{who: string, word: string}} said
   */
  tell(event, { who, word }) {
    const line = this.#line(event.id) ?? this.#added(event);
    if (who) line.querySelector("[data-who]").textContent = who;
    line.querySelector("[data-word]").textContent = word;
  }

  /** @param {string} id */
  #line(id) {
    return /** @type {any} */ (Array.from(this.list.children).find((line) => /** @type {HTMLElement} */ (line).dataset.event === id));
  }

  /** @param {{id: string, at: number}} event */
  #added(event) {
    const line = /** @type {any} */ (this.model.content.firstElementChild?.cloneNode(true));
    line.dataset.event = event.id;
    line.querySelector("[data-at]").textContent = timeOfDay(event.at);
    this.list.prepend(line);
    while (this.list.children.length > MOST) this.list.lastElementChild?.remove();
    this.part.hidden = false;
    return line;
  }
}
