/** "Salir rápido": leaves at once, and this page is replaced, so that going back does not show it. */

for (const found of document.querySelectorAll("[data-exit]")) {
  const link = /** @type {HTMLAnchorElement} */ (found);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    // The next page may take its time; this one is gone before it comes.
    document.body.hidden = true;
    location.replace(link.href);
  });
}
