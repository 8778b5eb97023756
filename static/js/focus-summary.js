/** Puts the focus on the summary of errors, so that it is read first. Browsers that obey `autofocus` on a <div> need no help. */

/** @type {HTMLElement | null} */
const summary = document.querySelector("[data-focus]");
summary?.focus();
