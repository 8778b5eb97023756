/**
 * Counting heads: a touch counts on the screen at once and goes to the server behind it, from the store and by the sender
 * of all marks of this browser. Without script each button is a form.
 */

import { NO_STORE, PanelSender } from "./marks/panel-sender.js";
import { openStore } from "./marks/store.js";
import { factsOf, pageName } from "./marks/uuid7.js";

/** @typedef {import("./marks/store.js").ScanEvent} ScanEvent */

const SLOW_MS = 1_500;

const page = /** @type {HTMLElement} */ (document.querySelector("[data-count]"));
const activity = page.dataset.count ?? "";
const note = /** @type {HTMLElement} */ (page.querySelector("[data-unsent]"));
const opening = pageName();

/** @type {Map<string, HTMLElement>} by square */
const shown = new Map();
/** @type {Record<string, number>} what the server has, by square; also those squares that have no button */
let counts = {};
/** @type {Map<string, import("./marks/store.js").Draft>} touches of here that the server has not answered yet */
const unsent = new Map();
/** @type {string[]} squares of the touches made on this page that still stand, for Undo */
const mine = [];
/** @type {Record<string, number>} heads by sex that have no button: of unknown age */
const others = {};
/** What the server said of what it has: some of it may not have counted. */
let told = "";
let slow = 0;
let isSlow = false;

read();
const opened = openStore({ onClosed: () => undefined, onDeleted: () => opened.then((sender) => sender.lose()) })
  .catch(() => NO_STORE)
  .then((store) => new PanelSender(store, { page: opening, onChange: () => undefined, onUnprepared: () => undefined, onReply: heard, onTried: tried }));
listen();
const sender = await opened;
for (const event of await sender.unsent()) if (event.activity === activity) recall(event);
addEventListener("beforeunload", (event) => sender.hasLoose && event.preventDefault());
show();
sender.flush();

/** What the page came with. */
function read() {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-cell]"))) {
    const cell = place.dataset.cell ?? "";
    shown.set(cell, place);
    counts[cell] = Number(place.textContent);
  }
  for (const place of placesOfSexes()) {
    const sex = place.dataset.sex ?? "";
    others[sex] = Number(place.textContent) - squaresOf(sex).reduce((sum, cell) => sum + counts[cell], 0);
  }
}

function listen() {
  page.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {SubmitEvent} */ (event).submitter;
    if (button instanceof HTMLButtonElement && button.name === "cell") {
      event.preventDefault();
      mine.push(button.value);
      touch(button.value, 1);
      navigator.vibrate?.(20);
    } else if (form.dataset.undo !== undefined) {
      const last = mine.pop();
      // Touches of an earlier visit are taken back by the server, which knows whose they are, once it has them all.
      if (last === undefined && !unsent.size) return;
      event.preventDefault();
      if (last !== undefined) touch(last, -1);
    }
  });
  const sendAll = () => opened.then((sender) => sender.flush({ forced: true }));
  addEventListener("online", sendAll);
  document.addEventListener("visibilitychange", sendAll);
}

/**
 * @param {string} cell
 * @param {1 | -1} number
 */
async function touch(cell, number) {
  const [sex, age_band] = cell.split(":");
  const draft = { kind: "count", how: "button", known: true, activity, sex, age_band, number, ...factsOf(opening) };
  told = "";
  unsent.set(draft.id, draft);
  clearTimeout(slow);
  slow = setTimeout(() => {
    isSlow = true;
    showUnsent();
  }, SLOW_MS);
  show();
  const sender = await opened;
  await sender.keep(draft);
  sender.flush();
}

/** What an earlier visit could not send. @param {ScanEvent} event */
function recall(event) {
  const cell = cellOf(event);
  if (!unsent.has(event.id) && (event.number ?? 0) > 0) mine.push(cell);
  else if (!unsent.has(event.id) && mine.includes(cell)) mine.splice(mine.lastIndexOf(cell), 1);
  unsent.set(event.id, event);
  sender.adopt(event);
}

/**
 * @param {{results: {id: string, state: string}[], counts: Record<string, number>, told: string}} body
 * @param {number} _asked_at
 * @param {ScanEvent[]} events of one session or activity
 */
function heard(body, _asked_at, events) {
  if (events[0].activity !== activity) return;
  const { results, counts: fresh } = body;
  for (const { id } of results) unsent.delete(id);
  told = (results.some(({ state }) => state === "refused") ? page.dataset.below : body.told) ?? "";
  counts = fresh;
  for (const sex of Object.keys(others)) others[sex] = 0;
  for (const [cell, n] of Object.entries(fresh)) {
    const sex = cell.split(":")[0];
    if (!shown.has(cell)) others[sex] = (others[sex] ?? 0) + n;
  }
  show();
}

function tried() {
  clearTimeout(slow);
  isSlow = false;
  showUnsent();
}

function show() {
  for (const [cell, place] of shown) place.textContent = String(number(cell));
  let total = 0;
  for (const place of placesOfSexes()) {
    const sex = place.dataset.sex ?? "";
    const sum = squaresOf(sex).reduce((all, cell) => all + number(cell), others[sex] ?? 0);
    place.textContent = String(sum);
    total += sum;
  }
  /** @type {HTMLElement} */ (page.querySelector("[data-total]")).textContent = String(total);
  const heads = /** @type {HTMLElement} */ (page.querySelector("[data-heads]"));
  heads.textContent = (total === 1 ? heads.dataset.one : heads.dataset.many) ?? "";
  showUnsent();
}

async function showUnsent() {
  const { trouble, aside } = await opened;
  const words = page.dataset;
  const n = unsent.size;
  const isRefused = [...unsent.keys()].some((id) => aside.has(id));
  const why = !n ? "" : trouble === "unprepared" ? "signedOut" : isRefused ? "refused" : trouble ? "offline" : "";
  note.hidden = !((n && (why || isSlow)) || told);
  const many = (words.many ?? "").replace("{n}", String(n));
  /** @type {HTMLElement} */ (note.querySelector("[data-n]")).textContent = n === 0 ? "" : n === 1 ? (words.one ?? "") : many;
  /** @type {HTMLElement} */ (note.querySelector("[data-why]")).textContent = (why ? words[why] : told) ?? "";
}

/** @param {string} cell */
function number(cell) {
  let sum = counts[cell] ?? 0;
  for (const touch of unsent.values()) if (cellOf(touch) === cell) sum += touch.number ?? 0;
  return Math.max(sum, 0);
}

/** @param {Partial<ScanEvent>} touch */
function cellOf({ sex, age_band }) {
  return `${sex}:${age_band}`;
}

/** @param {string} sex */
function squaresOf(sex) {
  return [...shown.keys()].filter((cell) => cell.startsWith(`${sex}:`));
}

/** @returns {NodeListOf<HTMLElement>} */
function placesOfSexes() {
  return page.querySelectorAll("[data-sex]");
}
