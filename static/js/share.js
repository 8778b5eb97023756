/**
 * `<a href="https://wa.me/?text=…" data-share="https://…" data-title="…">`: opens the telephone's own sharing sheet
 * where there is one; without it, or without script, the link goes to WhatsApp.
 */

document.addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-share]") : null;
  if (!(link instanceof HTMLAnchorElement) || !navigator.share) return;
  event.preventDefault();
  try {
    await navigator.share({ title: link.dataset.title, url: link.dataset.share });
  } catch (problem) {
    // Closing the sheet is an answer; anything else falls back to WhatsApp.
    if (!(problem instanceof DOMException && problem.name === "AbortError")) location.href = link.href;
  }
});
