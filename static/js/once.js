/**
 * One click, one form: `<form data-once="Enviando…">` shows that it is on its way and ignores further clicks.
 * The server refuses doubles by itself; this only spares people the doubt.
 */

/** Slow lines are the rule here: after this long the button may be pressed again. */
const GIVE_UP_AFTER_MS = 30_000;

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} button the one that was pressed; it is not `disabled`, or its value would not be sent
 */
function waitIn(form, button) {
  form.dataset.sent = "yes";
  if (!button) return;
  const words = button.innerHTML;
  button.setAttribute("aria-disabled", "true");
  button.textContent = form.dataset.once || button.textContent;
  const restore = () => {
    delete form.dataset.sent;
    button.removeAttribute("aria-disabled");
    button.innerHTML = words;
  };
  setTimeout(restore, GIVE_UP_AFTER_MS);
  // A page fetched from the back-forward cache would still say "Enviando…".
  addEventListener("pageshow", (event) => event.persisted && restore(), { once: true });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.once === undefined) return;
  if (form.dataset.sent) event.preventDefault();
  else waitIn(form, event.submitter);
});
