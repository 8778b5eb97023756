/** The button that prints this page; without script there is the browser's own menu. */

for (const button of document.querySelectorAll("[data-print]")) {
  /** @type {HTMLElement} */ (button).hidden = false;
  button.addEventListener("click", () => print());
}
