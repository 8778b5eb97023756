/**
 * Presses the button beside a list once something is chosen there: at once by mouse or finger, on leaving the list by
 * keyboard, where arrows pass over what nobody wants.
 */

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-fills]"))) {
  const list = document.getElementById(button.dataset.fills ?? "");
  let byKeys = false;
  let hasChanged = false;
  list?.addEventListener("keydown", () => { byKeys = true; });
  list?.addEventListener("pointerdown", () => { byKeys = false; });
  list?.addEventListener("change", () => {
    hasChanged = true;
    if (!byKeys) button.click();
  });
  list?.addEventListener("blur", () => {
    if (byKeys && hasChanged) button.click();
  });
}
