/** The answer to the last scan: always in the same place, in words, colour and drawing. */

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

/**
 * @param {HTMLElement} block
 * @param {string} selector
 * @param {string} text
 */
function fill(block, selector, text) {
  const element = block.querySelector(selector);
  if (element) element.textContent = text;
}
