/**
 * Asks before signing out where marks of attendance wait in this browser. They are only counted: what is kept stays as it
 * is, whoever signs out. Without script, or where the browser tells nothing, signing out goes on as it always does.
 */

/** @type {Array<{name: string, store: string, index?: string}>} where the scan app and the list at the door keep them */
const QUEUES = [
  { name: "marcar", store: "events", index: "waiting" },
  { name: "trainings-scan", store: "unsent" },
];
/** Nobody waits for a disk to be let out of a shared computer. */
const LONGEST_MS = 2_000;

const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-sign-out]"));
const dialog = /** @type {HTMLDialogElement} */ (document.querySelector("[data-sign-out-unsent]"));
const words = /** @type {HTMLElement} */ (dialog.querySelector("[data-one]"));

form.addEventListener("submit", async (event) => {
  if (!dialog.showModal || event.submitter?.hasAttribute("data-anyway")) return;
  event.preventDefault();
  const n = await countWaiting();
  if (n) ask(n);
  else form.submit();
});
dialog.querySelector("[data-stay]")?.addEventListener("click", () => dialog.close());

/** @param {number} n */
function ask(n) {
  words.textContent = ((n === 1 ? words.dataset.one : words.dataset.many) ?? "").replace("{n}", String(n));
  // Hidden from browsers that would show what they do not know as a part of the page.
  dialog.hidden = false;
  dialog.showModal();
}

/** @returns {Promise<number>} */
async function countWaiting() {
  const late = new Promise((resolve) => setTimeout(resolve, LONGEST_MS, 0));
  const counts = QUEUES.map((queue) => Promise.race([count(queue).catch(() => 0), late]));
  return (await Promise.all(counts)).reduce((sum, n) => sum + n, 0);
}

/**
 * @param {{name: string, store: string, index?: string}} queue
 * @returns {Promise<number>}
 */
async function count({ name, store, index }) {
  const opening = indexedDB.open(name);
  // There is none: it must not be made here, empty, in place of the one that the app would make.
  opening.onupgradeneeded = () => opening.transaction?.abort();
  const db = await asked(opening);
  try {
    const kept = db.transaction(store).objectStore(store);
    return await asked((index ? kept.index(index) : kept).count());
  } finally {
    db.close();
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
