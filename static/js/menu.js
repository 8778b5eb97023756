/** The head of the panel: Escape, or a press beside it, closes one's own menu; the place one is at comes into sight. */

const menu = /** @type {HTMLDetailsElement} */ (document.querySelector("details[data-menu]"));
const ways = /** @type {HTMLElement} */ (document.querySelector(".ways"));
const here = /** @type {HTMLElement | null} */ (ways.querySelector("[aria-current]"));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
});
if (here) ways.scrollLeft = here.offsetLeft - ways.offsetLeft - (ways.clientWidth - here.offsetWidth) / 2;
