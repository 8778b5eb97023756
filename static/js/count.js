/**
 * Counting heads: a touch counts on the screen at once and goes to the server behind it. Each has a name made here, so
 * that sending it again never counts it twice; what is not sent is kept on this device, shown, and tried again.
 * Without script each button is a form.
 */

import { uuid7 } from "./marks/uuid7.js";

/** @typedef {{id: string, cell: string, number: 1 | -1}} Touch */
/** @typedef {"" | "offline" | "signedOut" | "refused"} Trouble */

const BATCH = 100;
const TIMEOUT_MS = 20_000;
const SLOW_MS = 1_500;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;

const page = /** @type {HTMLElement} */ (document.querySelector("[data-count]"));
const prefix = `conteo:${page.dataset.count}:`;
const note = /** @type {HTMLElement} */ (page.querySelector("[data-unsent]"));

/** @type {Map<string, HTMLElement>} by square */
const shown = new Map();
/** @type {Record<string, number>} what the server has, by square; also those squares that have no button */
let counts = {};
/** @type {Map<string, Touch>} not answered yet, in the order in which they were made */
const unsent = new Map();
/** @type {Set<string>} those that this device could not keep */
const loose = new Set();
/** @type {string[]} squares of the touches made on this page that still stand, for Undo */
const mine = [];
/** @type {Record<string, number>} heads by sex that have no button: of unknown age */
const others = {};

/** @type {Trouble} */
let trouble = "";
let isBelow = false;
let isSending = false;
let isSlow = false;
let nFailures = 0;
let timer = 0;

// -- what is kept on this device

/** @param {Touch} touch */
function keep(touch) {
  unsent.set(touch.id, touch);
  try {
    localStorage.setItem(prefix + touch.id, JSON.stringify(touch));
  } catch {
    loose.add(touch.id);
  }
}

/** @param {string} id */
function forget(id) {
  unsent.delete(id);
  loose.delete(id);
  try {
    localStorage.removeItem(prefix + id);
  } catch {
    // Sent again another time, it still counts once.
  }
}

/** What an earlier visit could not send, oldest first. */
function recall() {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    for (const key of keys.sort()) {
      /** @type {Touch} */
      const touch = JSON.parse(localStorage.getItem(key) ?? "null");
      if (touch?.id) unsent.set(touch.id, touch);
    }
  } catch {
    // Nothing was kept then.
  }
}

// -- what is on the screen

/** @param {string} cell */
function number(cell) {
  let sum = counts[cell] ?? 0;
  for (const touch of unsent.values()) if (touch.cell === cell) sum += touch.number;
  return Math.max(sum, 0);
}

function show() {
  for (const [cell, place] of shown) place.textContent = String(number(cell));
  let total = 0;
  /** @type {NodeListOf<HTMLElement>} */
  const places = page.querySelectorAll("[data-sex]");
  for (const place of places) {
    const sex = place.dataset.sex ?? "";
    const cells = [...shown.keys()].filter((cell) => cell.startsWith(`${sex}:`));
    const sum = cells.reduce((all, cell) => all + number(cell), others[sex] ?? 0);
    place.textContent = String(sum);
    total += sum;
  }
  /** @type {HTMLElement} */ (page.querySelector("[data-total]")).textContent = String(total);
  const heads = /** @type {HTMLElement} */ (page.querySelector("[data-heads]"));
  heads.textContent = (total === 1 ? heads.dataset.one : heads.dataset.many) ?? "";
  showUnsent();
}

function showUnsent() {
  const n = unsent.size;
  const words = page.dataset;
  note.hidden = !((n > 0 && (trouble || isSlow)) || isBelow);
  const many = (words.many ?? "").replace("{n}", String(n));
  /** @type {HTMLElement} */ (note.querySelector("[data-n]")).textContent = n === 0 ? "" : n === 1 ? (words.one ?? "") : many;
  const why = trouble && n ? words[trouble] : isBelow ? words.below : "";
  /** @type {HTMLElement} */ (note.querySelector("[data-why]")).textContent = why ?? "";
}

// -- sending

async function send() {
  clearTimeout(timer);
  if (isSending) return;
  isSending = true;
  const slow = setTimeout(() => {
    isSlow = true;
    showUnsent();
  }, SLOW_MS);
  do {
    trouble = await sendSome([...unsent.values()].slice(0, BATCH));
  } while (!trouble && unsent.size);
  clearTimeout(slow);
  isSending = isSlow = false;
  nFailures = trouble ? nFailures + 1 : 0;
  if (trouble) timer = setTimeout(send, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (nFailures - 1)));
  show();
}

/**
 * @param {Touch[]} touches
 * @returns {Promise<Trouble>}
 */
async function sendSome(touches) {
  if (!touches.length) return "";
  const answer = await post(touches);
  if (typeof answer === "string") return answer;
  for (const touch of touches) forget(touch.id);
  isBelow = answer.refused.length > 0;
  takeIn(answer.counts);
  show();
  return "";
}

/** @param {Record<string, number>} fresh */
function takeIn(fresh) {
  counts = fresh;
  for (const sex of Object.keys(others)) others[sex] = 0;
  for (const [cell, n] of Object.entries(fresh)) {
    const sex = cell.split(":")[0];
    if (!shown.has(cell)) others[sex] = (others[sex] ?? 0) + n;
  }
}

/**
 * @param {Touch[]} touches
 * @returns {Promise<{counts: Record<string, number>, refused: string[]} | Trouble>}
 */
async function post(touches) {
  const control = new AbortController();
  const limit = setTimeout(() => control.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(page.dataset.touches ?? "", {
      method: "POST",
      credentials: "same-origin",
      // A redirect leads to the sign-in page; following it would look like an answer.
      redirect: "manual",
      cache: "no-store",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ touches }),
      signal: control.signal,
    });
    if (response.type === "opaqueredirect" || response.status === 401) return "signedOut";
    if (response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429) return "refused";
    if (!response.ok) return "offline";
    const body = await response.json();
    // A hotel's "accept our terms" page also answers 200.
    return body?.counts && Array.isArray(body.refused) ? body : "offline";
  } catch {
    return "offline";
  } finally {
    clearTimeout(limit);
  }
}

// -- touches

/**
 * @param {string} cell
 * @param {1 | -1} step
 */
function touch(cell, step) {
  isBelow = false;
  keep({ id: uuid7(), cell, number: step });
  show();
  send();
}

/** @type {NodeListOf<HTMLElement>} */
const cells = page.querySelectorAll("[data-cell]");
for (const place of cells) {
  const cell = place.dataset.cell ?? "";
  shown.set(cell, place);
  counts[cell] = Number(place.textContent);
}
/** @type {NodeListOf<HTMLElement>} */
const sexes = page.querySelectorAll("[data-sex]");
for (const place of sexes) {
  const sex = place.dataset.sex ?? "";
  const seen = [...shown.keys()].filter((cell) => cell.startsWith(`${sex}:`));
  others[sex] = Number(place.textContent) - seen.reduce((sum, cell) => sum + counts[cell], 0);
}

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
addEventListener("online", () => send());
addEventListener("beforeunload", (event) => {
  if (loose.size) event.preventDefault();
});

recall();
for (const { cell, number: step } of unsent.values()) {
  if (step > 0) mine.push(cell);
  else if (mine.includes(cell)) mine.splice(mine.lastIndexOf(cell), 1);
}
if (unsent.size) {
  show();
  send();
}
