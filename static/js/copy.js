/** `<button hidden data-copy="https://…" data-done="Copiado">`: shown where the clipboard works, copies and says so. */

/** @param {HTMLButtonElement} button */
function enable(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    button.textContent = button.dataset.done ?? "";
    button.setAttribute("role", "status");
  });
}

if (navigator.clipboard) {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = document.querySelectorAll("button[data-copy]");
  buttons.forEach(enable);
}
