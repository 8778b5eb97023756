/** The answer to the last mark: always in the same place, in words, colour and drawing. And the marks before it. */

/** @typedef {"ready" | "sending" | "kept" | "present" | "already" | "review" | "card" | "not_ticket" | "no_row" | "wrong_time" | "not_saved" | "undone" | "left"} State */

const ALERTS = new Set(["not_ticket", "no_row", "wrong_time", "not_saved"]);

export class Answer {
  /**
   * Three holders in one place: one that is announced politely, one at once, and one not at all ("Enviando…").
   * @param {HTMLElement} place
   * @param {HTMLTemplateElement} blocks one block for each state, with its icon and words
   */
  constructor(place, blocks) {
    this.blocks = blocks;
    this.polite = /** @type {HTMLElement} */ (place.querySelector("[role=status]"));
    this.urgent = /** @type {HTMLElement} */ (place.querySelector("[role=alert]"));
    this.silent = /** @type {HTMLElement} */ (place.querySelector("[data-silent]"));
  }

  /**
   * @param {State} state
   * @param {{name?: string, text?: string, link?: string}} [said] `link`: where a nameless card gets its name
   */
  show(state, { name = "", text = "", link = "" } = {}) {
    const block = /** @type {HTMLElement} */ (this.#block(state).cloneNode(true));
    fill(block, "[data-name]", name);
    if (text) fill(block, "[data-text]", text);
    block.querySelector("[data-link]")?.setAttribute("href", link);
    const holder = state === "sending" ? this.silent : ALERTS.has(state) ? this.urgent : this.polite;
    for (const other of [this.polite, this.urgent, this.silent]) if (other !== holder) other.replaceChildren();
    holder.replaceChildren(block);
    if (holder === this.urgent) block.scrollIntoView({ block: "nearest" });
  }

  /** @param {State} state */
  word(state) {
    return this.#block(state).querySelector(".word")?.textContent ?? "";
  }

  /** @param {State} state */
  #block(state) {
    return /** @type {HTMLElement} */ (this.blocks.content.querySelector(`[data-state=${state}]`));
  }
}

export const MOST = 10;

/** @typedef {{id: string, time: string, who: string, word: string, isUndone?: boolean}} Line */

/** The last ten marks of this browser, each on a line: an answer may come after the next person was marked. */
export class Recent {
  #drawn = "";

  /** @param {any} part a `details` with a list and the template of a line */
  constructor(part) {
    this.part = part;
  }

  /** @param {Line[]} lines the last one first */
  show(lines) {
    const drawn = JSON.stringify(lines);
    // A line under somebody's finger must not be another one because the queue went on.
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.part.hidden = !lines.length;
    this.part.querySelector("ol").replaceChildren(...lines.map((line) => this.line(line)));
  }

  /** @param {Line} told @returns {any} */
  line({ time, who, word }) {
    const line = this.part.querySelector("template").content.firstElementChild.cloneNode(true);
    for (const [part, text] of Object.entries({ at: time, who, word })) fill(line, `[data-${part}]`, text);
    return line;
  }
}

/**
 * @param {ParentNode} place
 * @param {string} selector
 * @param {string} text
 */
export function fill(place, selector, text) {
  for (const element of place.querySelectorAll(selector)) element.textContent = text;
}
