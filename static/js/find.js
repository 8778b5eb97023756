/**
 * The search in the panel's head: answers while somebody types. Arrows go through the people, Escape closes, Enter in the
 * field opens the page with all of them. Where `data-slash` says so, the key `/` leads to the field.
 */

const WAIT_MS = 200;
const FEWEST = 2;

/** @type {HTMLFormElement | null} */
const form = document.querySelector("form[data-find]");
const field = form?.querySelector("input");
/** @type {HTMLElement | null | undefined} */
const list = form?.querySelector("[data-found]");
const status = form?.querySelector("[role=status]");

if (form && field && list && status) enable(form, field, list, status);

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} field
 * @param {HTMLElement} list
 * @param {Element} status
 */
function enable(form, field, list, status) {
  let waiting = 0;
  let asked = "";
  let shown = "";

  const close = () => {
    list.hidden = true;
    status.textContent = "";
  };

  /** @param {string} typed */
  const ask = async (typed) => {
    asked = typed;
    const address = `${form.action}?${new URLSearchParams({ q: typed, parte: "lista" })}`;
    const answer = await fetch(address, { redirect: "error" }).catch(() => null);
    // Without a signal, or signed out: Enter opens the page, which says so.
    if (!answer || ![200, 422].includes(answer.status)) return close();
    const text = await answer.text();
    if (typed !== asked || typed !== field.value.trim()) return;
    shown = typed;
    list.innerHTML = text;
    list.hidden = false;
    status.textContent = list.querySelector("ul")?.dataset.n ?? list.textContent?.trim() ?? "";
  };

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    const typed = field.value.trim();
    if (typed.length < FEWEST) return close();
    waiting = setTimeout(ask, WAIT_MS, typed);
  });
  field.addEventListener("focus", () => {
    if (shown && shown === field.value.trim()) list.hidden = false;
  });
  form.addEventListener("submit", () => clearTimeout(waiting));
  form.addEventListener("focusout", (event) => {
    if (!form.contains(/** @type {Node | null} */ (event.relatedTarget))) close();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      field.focus();
      return close();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || list.hidden) return;
    event.preventDefault();
    go(step);
  });

  /** @param {number} step */
  const go = (step) => {
    /** @type {HTMLElement[]} */
    const stops = [field, ...list.querySelectorAll("a")];
    const here = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    stops[(here + step + stops.length) % stops.length].focus();
  };

  if (form.hasAttribute("data-slash")) document.addEventListener("keydown", (event) => toField(event, field));
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLInputElement} field
 */
function toField(event, field) {
  const writing = document.activeElement?.matches("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || writing) return;
  event.preventDefault();
  field.focus();
  field.select();
}
