/**
 * Asks before signing out where marks of attendance wait in this browser. They are only counted: what is kept stays as it
 * is, whoever signs out. Without script, or where the browser tells nothing, signing out goes on as it always does.
 */

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

/**
 * Fetched only now: every page of the panel has this script, and nearly none is where somebody signs out. A slow line takes
 * as long for the page that comes after; only the disk's time is limited.
 * @returns {Promise<number>}
 */
async function countWaiting() {
  const unsent = await import("./marks/unsent.js").catch(() => null);
  if (!unsent) return 0;
  const waiting = unsent.waitingHere().catch(() => []);
  const late = new Promise((resolve) => setTimeout(resolve, LONGEST_MS, []));
  return (await Promise.race([waiting, late])).length;
}
