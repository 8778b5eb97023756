/**
 * The file of a certificate may be dropped anywhere on the page; one that is too large is refused before it is sent.
 * Without script it is chosen. Form: data-drop (most octets), data-too-large (the sentence).
 */

/** @type {HTMLFormElement | null} */
const form = document.querySelector("form[data-drop]");
/** @type {HTMLInputElement | null} */
const input = form?.querySelector("input[type=file]") ?? null;

/**
 * @param {HTMLFormElement} form
 * @param {string} words empty for no error
 */
function say(form, words) {
  const place = form.querySelector("[data-error]");
  if (place) place.textContent = words;
  place?.closest(".error")?.toggleAttribute("hidden", !words);
}

/**
 * Whether the chosen file may go; an error is shown where not.
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} input
 */
function mayGo(form, input) {
  const file = input.files?.[0];
  const isTooLarge = file !== undefined && file.size > Number(form.dataset.drop);
  say(form, isTooLarge ? (form.dataset.tooLarge ?? "") : "");
  if (isTooLarge) input.value = "";
  return file !== undefined && !isTooLarge;
}

/** @param {DragEvent} event */
const hasFile = (event) => event.dataTransfer?.types.includes("Files") ?? false;

if (form && input) {
  form.querySelector("[data-hint]")?.removeAttribute("hidden");
  input.addEventListener("change", () => mayGo(form, input));
  addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    form.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) form.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    if (!hasFile(event) || !event.dataTransfer) return;
    event.preventDefault();
    form.classList.remove("over");
    input.files = event.dataTransfer.files;
    if (mayGo(form, input)) form.requestSubmit();
  });
}
