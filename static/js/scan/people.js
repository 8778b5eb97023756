/** The list of people: rows that change without a reload, search as one types, the count above. */

import { fill } from "../marks/answer.js";
import { redraw } from "../marks/band.js";
import { uuid7 } from "../marks/uuid7.js";

/** @typedef {"missing" | "present" | "left" | "review" | "sending" | "kept"} RowState */

const HERE = new Set(["present", "left", "review"]);
const CELLS = [".when", ".how", ".do"];

export class People {
  /** @param {ParentNode} page holds the table, the tabs, the search and the count */
  constructor(page) {
    this.table = /** @type {HTMLTableElement} */ (page.querySelector("[data-roster]"));
    this.body = this.table.tBodies[0];
    this.parts = /** @type {HTMLTemplateElement} */ (page.querySelector("template[data-row-parts]")).content;
    this.count = /** @type {HTMLElement} */ (page.querySelector("[data-count]"));
    this.tabs = /** @type {HTMLElement} */ (page.querySelector("[data-tabs]"));
    this.search = /** @type {HTMLInputElement} */ (page.querySelector("[data-search]"));
    this.none = /** @type {HTMLElement} */ (page.querySelector("[data-none]"));
    this.search.addEventListener("input", () => this.narrow());
    this.search.form?.addEventListener("submit", (event) => this.isWhole && event.preventDefault());
    this.tabs.addEventListener("click", (event) => this.#choose(event));
  }

  /** False: the server searches, and shows a page of those who fit. */
  get isWhole() {
    return this.table.dataset.whole === "yes";
  }

  /** @param {string | null | undefined} registration */
  row(registration) {
    const rows = /** @type {NodeListOf<HTMLTableRowElement>} */ (this.body.querySelectorAll("tr"));
    return Array.from(rows).find((row) => row.dataset.registration === registration) ?? null;
  }

  /** @param {HTMLTableRowElement} row */
  name(row) {
    return row.dataset.name ?? "";
  }

  /**
   * What to call when a mark was not taken after all.
   * @param {HTMLTableRowElement} row
   * @returns {() => void}
   */
  snapshot(row) {
    const cells = Array.from(row.cells, (cell) => cell.cloneNode(true));
    const { state } = row.dataset;
    return () => {
      row.replaceChildren(...cells);
      row.dataset.state = state;
    };
  }

  /**
   * Show a row in another state. Whoever had its button under the finger keeps the focus in the row.
   * @param {HTMLTableRowElement} row
   * @param {RowState} state
   * @param {{time?: string, how?: string, event?: string | null}} [filled]
   */
  mark(row, state, { time = "", how = "", event = null } = {}) {
    const model = /** @type {HTMLElement} */ (this.parts.querySelector(`[data-state=${state}]`));
    const heading = /** @type {HTMLElement} */ (row.querySelector("th"));
    const hadFocus = row.contains(document.activeElement);
    const [wasMissing, wasHere] = [isMissing(row), isHere(row)];
    for (const cell of CELLS) row.querySelector(cell)?.replaceWith(/** @type {Node} */ (model.querySelector(cell)).cloneNode(true));
    fill(row, "[data-time]", time);
    fill(row, "[data-how]", how);
    fill(row, "[data-of]", this.name(row));
    for (const form of row.querySelectorAll("form")) fillForm(form, row.dataset.registration ?? "", event);
    row.dataset.state = state;
    row.classList.toggle("late", state === "review");
    if (hadFocus) /** @type {HTMLElement} */ (row.querySelector("button") ?? heading).focus();
    this.#tally();
    if (this.isWhole) return;
    this.#add("faltan", Number(isMissing(row)) - Number(wasMissing));
    this.#add("presentes", Number(isHere(row)) - Number(wasHere));
  }

  /**
   * @param {string} view
   * @param {number} n
   */
  #add(view, n) {
    const shown = this.tabs.querySelector(`[data-n=${view}]`);
    if (shown) shown.textContent = String(Number(shown.textContent) + n);
  }

  /**
   * @param {number} n_present
   * @param {number} n_expected
   */
  total(n_present, n_expected) {
    fill(this.count, "[data-present]", String(n_present));
    fill(this.count, "[data-expected]", String(n_expected));
    const band = this.count.querySelector(".band");
    if (band) redraw(band, n_present, n_expected);
  }

  /** Take the list as the server has it now: other phones mark too. @param {Document} fresh */
  replace(fresh) {
    const body = fresh.querySelector("[data-roster] tbody");
    if (!body) return false;
    const focused = document.activeElement?.closest("tr")?.dataset.registration;
    this.body.replaceChildren(...Array.from(body.children));
    this.table.dataset.whole = fresh.querySelector("[data-roster]")?.getAttribute("data-whole") ?? "yes";
    if (!this.isWhole) for (const part of ["[data-tabs]", "[data-paging]"]) this.#replacePart(part, fresh);
    this.count.replaceChildren(...Array.from(fresh.querySelector("[data-count]")?.childNodes ?? []));
    if (focused) this.row(focused)?.querySelector("button")?.focus();
    this.#tally();
    this.narrow();
    return true;
  }

  /**
   * @param {string} selector
   * @param {Document} fresh
   */
  #replacePart(selector, fresh) {
    const part = this.table.closest("[data-attendance]")?.querySelector(selector);
    part?.replaceChildren(...Array.from(fresh.querySelector(selector)?.childNodes ?? []));
  }

  /** Show the rows that fit the chosen tab and the words typed; accents and capitals do not matter. */
  narrow() {
    if (!this.isWhole) return;
    const words = folded(this.search.value).split(/\s+/).filter(Boolean);
    let n_shown = 0;
    for (const row of this.body.rows) {
      const text = folded(row.dataset.find ?? "");
      const fits = words.every((word) => text.includes(word) || text.replaceAll("-", "").includes(word.replaceAll("-", "")));
      row.hidden = !(fits && this.#isInView(row));
      if (!row.hidden) n_shown += 1;
    }
    this.none.hidden = n_shown > 0;
  }

  /** @param {HTMLTableRowElement} row */
  #isInView(row) {
    if (this.table.dataset.view === "todas") return true;
    return this.table.dataset.view === "presentes" ? isHere(row) : isMissing(row);
  }

  /** @param {Event} event */
  #choose(event) {
    const tab = /** @type {HTMLElement} */ (event.target).closest("a");
    if (!this.isWhole || !(tab instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    this.table.dataset.view = tab.dataset.view;
    for (const other of this.tabs.querySelectorAll("a")) other.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "page");
    history.replaceState(null, "", tab.href);
    this.narrow();
  }

  /** The numbers on the tabs. A row that is marked stays in sight until the next search: Undo must be at hand. */
  #tally() {
    if (!this.isWhole) return;
    const rows = Array.from(this.body.rows);
    fill(this.tabs, "[data-n=todas]", String(rows.length));
    fill(this.tabs, "[data-n=faltan]", String(rows.filter(isMissing).length));
    fill(this.tabs, "[data-n=presentes]", String(rows.filter(isHere).length));
  }
}

/** @param {HTMLTableRowElement} row */
function isHere(row) {
  return HERE.has(row.dataset.state ?? "");
}

/** Expected and not here: a waiting or cancelled person is not missed. @param {HTMLTableRowElement} row */
function isMissing(row) {
  return !isHere(row) && row.dataset.expected === "yes";
}

/**
 * @param {HTMLFormElement} form
 * @param {string} registration
 * @param {string | null} event
 */
function fillForm(form, registration, event) {
  // An arrival whose event we were not told can be taken back after the next refresh.
  if (form.elements.namedItem("event") && !event) return form.remove();
  for (const field of form.querySelectorAll("input")) {
    if (field.name === "id") field.value = uuid7();
    if (field.name === "registration") field.value = registration;
    if (field.name === "event") field.value = event ?? "";
  }
}

/** @param {string} text */
function folded(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f'\u2018\u2019\u02bc\ua78c]/g, "").toLowerCase();
}
